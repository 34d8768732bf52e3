"""What the public may see, by which codes and by which links (R-148, R-150)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.models import Issuer
from flask_certify.verification import service, sharing
from flask_certify.verification.answers import Answer
from flask_certify.verification.disclosure import Level, initials
from tests.support.certificates import Issued
from tests.support.story import NOW


def limit(campus: Issued, level: str | None) -> None:
    with campus.rt.transaction() as tx:
        tx.session.execute(sa.update(Issuer).values(disclosure=level))


@pytest.mark.parametrize(
    ("of_issuer", "of_holder", "name", "letters"),
    [
        (None, None, True, False),
        (None, Level.INITIALS, False, True),
        (None, Level.STATUS, False, False),
        ("initials", Level.FULL, False, True),
        ("status", Level.FULL, False, False),
        ("initials", None, False, True),
    ],
)
def test_a_page_shows_no_more_than_issuer_and_holder_allow(
    campus: Issued, of_issuer: str | None, of_holder: Level | None, name: bool, letters: bool
) -> None:
    """R-148"""
    code = campus.issue("ada")
    limit(campus, of_issuer)
    if of_holder:
        sharing.choose_level(campus.rt, campus.award(code).id, of_holder, actor="ada")

    page = campus.client.get(f"/certify/v/{code}")
    told = campus.client.get(f"/certify/v/{code}.json")

    assert page.status_code == 200 and told.get_json()["answer"] == "valid"
    for text in (page.text, told.text):
        assert ("Ada Lovelace" in text) is name
        assert ("A. L." in text) is letters
        assert ("Physics for Teachers" in text) is name
        assert ("Certificate of Achievement" in text) is (name or letters)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Lovelace", "A. L."),
        ("  Ada   King  Lovelace ", "A. K. L."),
        ("क्षमा देवी", "क्ष. दे."),
        ("ಕ್\u200dಷಮಾ ರಾವ್", "ಕ್\u200dಷ. ರಾ."),
        ("عائشہ صدیقی", "ع. ص."),
        ("E\u0301mile", "E\u0301."),
    ],
)
def test_initials_are_letters_as_their_readers_write_them(name: str, expected: str) -> None:
    assert initials(name) == expected


@pytest.mark.parametrize("level", Level)
def test_a_link_opens_what_its_level_allows_until_it_is_withdrawn(campus: Issued, level: Level) -> None:
    award_id = campus.award(campus.issue("ada")).id
    link = sharing.make_link(campus.rt, award_id, level, None, actor="ada")

    page = campus.client.get(f"/certify/share/{link.token}")
    assert page.status_code == 200 and 'data-cf-answer="valid"' in page.text
    assert ("Ada Lovelace" in page.text) is (level is Level.FULL)

    sharing.withdraw_link(campus.rt, award_id, link.id, actor="ada")
    assert campus.client.get(f"/certify/share/{link.token}").status_code == 404


def test_a_link_ends_at_its_end(campus: Issued) -> None:
    award_id = campus.award(campus.issue("ada")).id
    link = sharing.make_link(campus.rt, award_id, Level.FULL, NOW + timedelta(days=7), actor="ada")

    campus.clock.forward(days=7)
    assert campus.client.get(f"/certify/share/{link.token}").status_code == 200
    campus.clock.forward(seconds=1)
    assert campus.client.get(f"/certify/share/{link.token}").status_code == 404


def test_a_link_is_withdrawn_only_with_its_own_certificate(campus: Issued) -> None:
    of_ada, of_cy = (campus.award(campus.issue(who)).id for who in ("ada", "cy"))
    link = sharing.make_link(campus.rt, of_ada, Level.FULL, None, actor="ada")

    with pytest.raises(sharing.NoSuchLink):
        sharing.withdraw_link(campus.rt, of_cy, link.id, actor="cy")
    assert [each.id for each in sharing.sharing_of(campus.rt, of_ada).shares] == [link.id]


# ---- old codes ---------------------------------------------------------------------------------------------------


def imported(campus: Issued, folder: Path, *lines: str) -> Any:
    (folder / "codes.csv").write_text("\n".join(lines))
    return campus.app.test_cli_runner().invoke(args=["certify", "legacy-codes", "import", str(folder / "codes.csv")])


def test_an_imported_old_code_answers_as_its_certificate(issued: Issued, tmp_path: Path) -> None:
    """R-150"""
    code = issued.issue("ada")
    assert "1 old codes answer" in imported(issued, tmp_path, f"wb-2019/0042,{code}").output
    assert "0 old codes answer from now on; 1 did" in imported(issued, tmp_path, f"WB2019/0042,{code}").output

    verdict = service.check_code(issued.rt, "WB 2019/0042")
    assert (verdict.answer, verdict.code) == (Answer.VALID, code)
    page = issued.client.get("/certify/verify", query_string={"code": "wb-2019/0042"})
    assert page.status_code == 200 and "Ada Lovelace" in page.text
    for address in ("/certify/v/WB-2019/0042", "/certify/v/wb2019%2F0042", "/certify/V/WB2019/0042/"):
        assert "Ada Lovelace" in issued.client.get(address).text, address
    told = issued.client.get("/certify/api/v1/verify", query_string={"code": "WB2019/0042"}).get_json()
    assert told["answer"] == "valid"
    for what in ("wb-2019/0042", "https://old.example.org/v/WB-2019/0042", "https://old.example.org/v/WB-2019%2F0042"):
        command = issued.app.test_cli_runner().invoke(args=["certify", "verify", what])
        assert command.exit_code == 0 and "None" not in command.output, what


@pytest.mark.parametrize("line", ["short,{}", "OLD-0001,000000000000", "OLD-0001,nonsense", "OLD-0001"])
def test_an_import_with_a_wrong_line_imports_nothing_and_names_the_line(
    campus: Issued, tmp_path: Path, line: str
) -> None:
    code = campus.issue("ada")
    refused = imported(campus, tmp_path, f"FIRST-01,{code}", line.format(code))

    assert refused.exit_code == 2 and "Line 2" in refused.stderr
    assert service.check_code(campus.rt, "FIRST-01").answer is Answer.MALFORMED


@pytest.mark.parametrize(
    ("address", "status"),
    [("/verify?code={}", 422), ("/v/{}", 422), ("/V/{}.json", 422), ("/api/v1/verify?code={}", 200)],
)
def test_guessing_old_codes_is_limited_like_guessing_codes_at_every_door(
    campus: Issued, address: str, status: int
) -> None:
    """R-145, R-150: they are shorter than ours."""
    tried = [campus.client.get("/certify" + address.format(f"OLD{number:04}")).status_code for number in range(31)]

    assert tried == [status] * 30 + [429]
