"""Ids and codes."""

from uuid import RFC_4122

import pytest

from flask_certify.core.ids import CODE_ALPHABET, new_code, new_id, new_ids, parse_code, spaced


def test_ids_are_of_version_7_and_differ() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {each.version for each in made} == {7}
    assert sorted(each.int >> 80 for each in made) == [each.int >> 80 for each in made]


def test_ids_that_are_made_together_are_of_version_7_and_differ() -> None:
    made = new_ids(1000)
    assert len(set(made)) == 1000
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}
    assert len({each.int >> 64 & 0xFFF for each in made}) > 500  # twelve bits of chance before the variant
    assert len({each.int & 0xFFFFFFFF for each in made}) > 990


def test_codes_have_twelve_characters_without_look_alikes() -> None:
    """R-145."""
    codes = [new_code() for _ in range(2000)]
    assert len(set(codes)) == 2000
    assert set("".join(codes)) == set(CODE_ALPHABET)
    assert {len(code) for code in codes} == {12}
    assert not set(CODE_ALPHABET) & set("ILOU")


@pytest.mark.parametrize(
    "typed", ["7G4K9QXM2TPD", "7g4k-9qxm-2tpd", " 7G4K 9QXM 2TPD ", "7G4K–9QXM–2TPD", "7g4k9qxm2tpd"]
)
def test_case_spaces_and_dashes_are_ignored(typed: str) -> None:
    """R-144."""
    assert parse_code(typed) == "7G4K9QXM2TPD"


def test_look_alikes_are_read_as_what_they_look_like() -> None:
    assert parse_code("OIL0-0000-0000") == "011000000000"


@pytest.mark.parametrize(
    "typed", ["", "7G4K9QXM2TP", "7G4K9QXM2TPDD", "7G4K9QXM2TP!", "UUUUUUUUUUUU", "-" * 60, "x" * 9999]
)
def test_what_cannot_be_a_code_is_told_apart(typed: str) -> None:
    assert parse_code(typed) is None


def test_a_code_is_shown_in_groups_of_four() -> None:
    assert spaced("7G4K9QXM2TPD") == "7G4K-9QXM-2TPD"
