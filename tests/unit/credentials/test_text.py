"""The last gate before signing: characters and addresses."""

import pytest

from flask_certify.credentials.text import (
    EmptyText,
    UnfitAddress,
    UnfitCharacter,
    checked,
    require_iri,
    require_one_line,
    require_part_of_iri,
    require_signable,
    require_some_lines,
)
from tests.support.credentials import NAMES


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_people_may_be_called_what_they_are_called(name: str):
    assert require_one_line(name) == name


@pytest.mark.parametrize(
    "name",
    ["Asha\nDevi", "Asha\tDevi", "Asha\rDevi", "a\x85b", "a\x9fb", "a\u2028b", "a\u2029b", "a\ud800b", "a\ufffeb"],
)
def test_a_name_has_one_line_and_no_control_characters(name: str):
    with pytest.raises(UnfitCharacter):
        require_one_line(name)


@pytest.mark.parametrize("override", [*"\u202a\u202b\u202c\u202d\u202e", *"\u2066\u2067\u2068\u2069"])
def test_a_name_that_would_turn_the_direction_of_reading_is_refused(override: str):
    with pytest.raises(UnfitCharacter) as caught:
        require_one_line(f"Asha {override}iveD")

    assert caught.value.values()["character"] == f"U+{ord(override):04X}"


@pytest.mark.parametrize("joined", ["क\u200dष", "می\u200cخواهم"])
def test_joiners_stay_because_scripts_are_misspelt_without_them(joined: str):
    assert require_one_line(joined) == joined


@pytest.mark.parametrize("empty", ["", " ", "\u00a0\u2003"])
def test_a_name_says_something(empty: str):
    with pytest.raises(EmptyText):
        require_one_line(empty)


def test_a_description_may_have_lines_and_tabs():
    assert require_some_lines("one\n\ttwo") == "one\n\ttwo"
    with pytest.raises(EmptyText):
        require_some_lines("\n\t")


@pytest.mark.parametrize("code", [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xFFFE, 0xFFFF, 0xD800, 0xDFFF])
def test_characters_on_which_implementations_disagree_are_never_signed(code: int):
    with pytest.raises(UnfitCharacter):
        require_signable(f"a{chr(code)}b")


@pytest.mark.parametrize(
    "address",
    [
        "https://certs.example.org/certify/ka",
        "http://127.0.0.1:8080/certify",
        "http://[::1]:8080/certify",
        "did:web:localhost%3A18443:certify:wales",
        "urn:uuid:01900000-0000-7000-8000-000000000001",
        "https://xn--i1b6b1a6a2e.example/%E0%A4%95",
    ],
)
def test_addresses_that_everybody_reads_alike_are_taken(address: str):
    assert require_iri(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "certs.example.org",
        "/ka",
        "schema:x",
        "javascript:alert(1)",
        "https://",
        "https://é.example",
        "https://a b",
        "https://a\n",
        'https://a"',
        "https://a<b>",
        "urn:uuid:01900000-0000-7000-8000-00000000000G",
        "urn:x:y",
        "did:key",
    ],
)
def test_addresses_that_somebody_would_change_or_drop_are_refused(address: str):
    with pytest.raises(UnfitAddress):
        require_iri(address)


@pytest.mark.parametrize("part", ["", ".", "..", ".x", "a/b", "a#b", "a?b", "a%b", "a b", "a\n"])
def test_a_part_of_an_address_cannot_leave_its_place(part: str):
    with pytest.raises(UnfitAddress):
        require_part_of_iri(part)


def test_the_field_at_fault_is_named_and_its_text_is_not():
    with pytest.raises(UnfitCharacter) as caught:
        checked("recipient_name", "Asha\x07", require_one_line)

    assert caught.value.values() == {"field": "recipient_name", "character": "U+0007"}
    assert str(caught.value) == "credential.unfit_character recipient_name U+0007"
