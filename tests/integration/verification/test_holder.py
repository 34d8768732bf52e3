"""The holder's own page: what others see, links to it, and what networks ask for; and the issuer's limit."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from flask_certify.core.audit import AuditEntry
from flask_certify.core.ids import spaced
from flask_certify.verification import sharing
from flask_certify.verification.disclosure import Level
from tests.support.certificates import Issued
from tests.support.story import NOW, TOM


@pytest.fixture
def code(campus: Issued) -> str:
    """Ada's certificate."""
    campus.app.config["WTF_CSRF_ENABLED"] = False  # its forms are tested with their tokens elsewhere
    return campus.issue("ada")


def page(campus: Issued, code: str, who: str = "ada") -> TestResponse:
    campus.host.acting = campus.host.actors[who]
    return campus.client.get(f"/certify/awards/{campus.award(code).id}/sharing")


def send(campus: Issued, code: str, where: str, who: str = "ada", **data: str) -> TestResponse:
    campus.host.acting = campus.host.actors[who]
    return campus.client.post(f"/certify/awards/{campus.award(code).id}/sharing/{where}", data=data)


def links(campus: Issued, code: str) -> list[str]:
    return re.findall(r'href="https://certs.example.org(/certify/share/[\w-]{43})"', page(campus, code).text)


def acts(campus: Issued) -> list[str]:
    with campus.rt.reading() as session:
        return list(session.scalars(sa.select(AuditEntry.act).where(AuditEntry.tenant_ref == "wales")))


def test_a_holder_chooses_how_much_the_page_of_the_code_shows(campus: Issued, code: str) -> None:
    """R-148"""
    assert 'value="full" checked' in page(campus, code).text

    chosen = send(campus, code, "level", level="initials")

    assert (chosen.status_code, chosen.location) == (303, f"/certify/awards/{campus.award(code).id}/sharing#cf-level")
    assert 'value="initials" checked' in page(campus, code).text
    public = campus.client.get(f"/certify/v/{code}").text
    assert "A. L." in public and "Lovelace" not in public


def test_a_holder_cannot_choose_more_than_the_issuer_allows(campus: Issued, code: str) -> None:
    """R-148"""
    sharing.set_limit(campus.rt, "wales", Level.INITIALS, actor=TOM)

    text = page(campus, code).text
    send(campus, code, "level", level="full")
    made = send(campus, code, "links", level="full", days="0")

    assert 'value="full" disabled' in text and "The issuer allows no more than this." in text
    assert made.status_code == 303
    assert "<span>Also the initials of your name" in page(campus, code).text.split('id="cf-links"')[1]
    for address in (f"/certify/v/{code}", *links(campus, code)):
        shown = campus.client.get(address).text
        assert "A. L." in shown and "Lovelace" not in shown


def test_a_holder_makes_sees_and_withdraws_links(campus: Issued, code: str) -> None:
    """R-135"""
    send(campus, code, "links", level="full", days="0")
    [link] = links(campus, code)
    assert "Ada Lovelace" in campus.client.get(link).text

    [share] = sharing.sharing_of(campus.rt, campus.award(code).id).shares
    assert send(campus, code, f"links/{share.id}/withdraw").status_code == 303

    assert links(campus, code) == []
    assert ">Withdrawn<" in page(campus, code).text
    assert campus.client.get(link).status_code == 404
    assert {"award.share", "award.unshare"} <= set(acts(campus))


def test_a_link_that_was_limited_in_time_ends_and_is_told_as_over(campus: Issued, code: str) -> None:
    """R-135"""
    send(campus, code, "links", level="status", days="7")
    [link] = links(campus, code)
    assert "Ends on June 22, 2026" in page(campus, code).text

    campus.clock.forward(days=7, seconds=1)

    assert campus.client.get(link).status_code == 404
    assert ">Over<" in page(campus, code).text and links(campus, code) == []


@pytest.mark.parametrize("level", Level)
def test_a_link_does_not_give_away_the_code_which_shows_more_and_for_longer(
    campus: Issued, code: str, level: Level
) -> None:
    """R-135, R-148"""
    send(campus, code, "links", level=level.value, days="7")
    [link] = links(campus, code)

    for answer in (campus.client.get(link), campus.client.get(link, headers={"Accept": "application/json"})):
        assert answer.status_code == 200
        assert code not in answer.text and spaced(code) not in answer.text


@pytest.mark.parametrize(
    ("where", "data"),
    [
        ("level", {}),
        ("level", {"level": "everything"}),
        ("links", {"level": "full"}),
        ("links", {"level": "full", "days": "10000000000"}),
        ("links", {"level": "", "days": "7"}),
    ],
)
def test_what_the_page_does_not_offer_changes_nothing(
    campus: Issued, code: str, where: str, data: dict[str, str]
) -> None:
    assert send(campus, code, where, **data).status_code == 422

    shared = sharing.sharing_of(campus.rt, campus.award(code).id)
    assert (shared.level, shared.shares) == (Level.FULL, ())


def test_links_are_not_made_without_end(campus: Issued, code: str) -> None:
    award_id = campus.award(code).id
    for _ in range(sharing.MOST):
        sharing.make_link(campus.rt, award_id, Level.STATUS, NOW + timedelta(days=1), actor="ada")

    assert send(campus, code, "links", level="full", days="7").status_code == 409


def test_what_networks_ask_for_is_there_as_a_link_and_as_text_to_copy(campus: Issued, code: str) -> None:
    """R-138"""
    campus.sign_again(code, valid_until=NOW + timedelta(days=365))

    text = page(campus, code).text

    copied = re.findall(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)[0].split("\n")
    assert copied == [
        "Title: Certificate of Achievement: Physics for Teachers",
        "Organisation: Academy of Wales",
        "Issued: June 2026",
        "Expires: June 2027",
        f"Certificate code: {spaced(code)}",
        f"Link: https://certs.example.org/certify/v/{code}",
    ]
    [address] = re.findall(r'href="(https://www.linkedin.com[^"]*)"', text)
    asked = parse_qs(urlsplit(address.replace("&amp;", "&")).query)
    assert (asked["organizationName"], asked["certId"]) == (["Academy of Wales"], [code])
    assert (asked["issueYear"], asked["issueMonth"]) == (["2026"], ["6"])
    assert (asked["expirationYear"], asked["expirationMonth"]) == (["2027"], ["6"])


def test_a_revoked_certificate_is_not_offered_to_networks_but_its_links_can_still_be_withdrawn(
    campus: Issued, code: str
) -> None:
    send(campus, code, "links", level="full", days="0")
    campus.change(code, state="revoked")

    text = page(campus, code).text

    assert "linkedin" not in text and "Withdraw this link" in text


@pytest.mark.parametrize("level", [each.value for each in Level])
def test_an_issuer_sets_the_limit_by_program_and_by_command(campus: Issued, code: str, level: str) -> None:
    """R-148"""
    campus.host.acting = campus.host.actors[TOM]
    where = "/certify/api/v1/issuers/wales/disclosure"
    run = campus.app.test_cli_runner().invoke

    assert campus.client.put(where, json={"level": level}).get_json() == {"level": level}
    assert campus.client.get(where).get_json() == {"level": level}
    assert run(args=["certify", "disclosure", "--tenant", "wales"]).output == f"{level}\n"
    assert ("Ada Lovelace" in campus.client.get(f"/certify/v/{code}").text) is (level == "full")
    assert run(args=["certify", "disclosure", "--tenant", "wales", "full"]).output == "full\n"
    assert "Ada Lovelace" in campus.client.get(f"/certify/v/{code}").text
    assert acts(campus).count("issuer.disclose") == (0 if level == "full" else 2)


def test_a_limit_for_an_unknown_issuer_or_of_an_unknown_kind_is_refused(campus: Issued, code: str) -> None:
    campus.host.acting = campus.host.actors[TOM]

    assert campus.client.put("/certify/api/v1/issuers/wales/disclosure", json={"level": "most"}).status_code == 422
    assert campus.client.get("/certify/api/v1/issuers/nowhere/disclosure").status_code == 404
    refused = campus.app.test_cli_runner().invoke(args=["certify", "disclosure", "--tenant", "nowhere"])
    assert refused.exit_code == 2
