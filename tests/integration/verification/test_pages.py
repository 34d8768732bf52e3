"""What the public page, its JSON and the form show, and to whom they lead."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flask_certify.awards.states import AwardState
from flask_certify.core.ids import spaced
from tests.support.certificates import Issued, issued_in
from tests.support.public_page import Page, look
from tests.support.story import NOW, RUN

MONTHLY_ZONE = "Asia/Kolkata"


# ---- what is shown ---------------------------------------------------------------------------------


def test_the_page_shows_what_was_frozen_at_issue(issued: Issued) -> None:
    """R-141"""
    code = issued.issue("ada")
    issued.host.runs[RUN] = replace(issued.host.runs[RUN], title="Something Else")
    issued.host.change_learner(RUN, "ada", display_name="Ada King")

    page = look(issued, code)

    assert page.fact("Recipient") == "Ada Lovelace"
    assert page.fact("Certificate") == "Certificate of Achievement"
    assert page.fact("Course") == "Physics for Teachers"
    assert page.fact("Issuer") == "Academy of Wales"
    assert page.fact("Completed") == "May 2026"
    assert page.fact("Issued on") == "June 15, 2026"
    assert page.fact("Score") == "90%"
    assert page.fact("Code") == spaced(code)


def test_the_page_says_what_was_checked_and_asks_to_compare_it_with_the_paper(campus: Issued) -> None:
    words = " ".join(look(campus, campus.issue("ada")).words)

    assert "Signature: intact." in words
    assert "Status: neither revoked nor replaced." in words
    assert "Dates: valid since June 15, 2026, without an end date." in words
    assert "Compare this with the paper or file in front of you." in words
    assert "Checked: June 15, 2026, 10:30 (BST)" in words


def test_a_revoked_certificate_is_not_asked_to_be_compared_with_the_paper(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.change(code, state=AwardState.REVOKED)

    words = " ".join(look(campus, code).words)

    assert "Status: revoked by its issuer." in words and "Compare this" not in words


def test_days_and_months_are_those_of_the_tenants_zone(tmp_path: Path) -> None:
    almost_midnight = datetime(2026, 6, 30, 18, 45, tzinfo=UTC)  # a quarter past midnight of 1 July in India
    with issued_in(f"sqlite:///{tmp_path}/host.db", at=almost_midnight) as campus:
        campus.host.tenants["wales"] = replace(campus.host.tenants["wales"], zone=MONTHLY_ZONE)
        campus.host.change_learner(RUN, "ada", completed_on=datetime(2026, 4, 30, 18, 45, tzinfo=UTC))
        code = campus.issue("ada")

        page, told = look(campus, code), campus.client.get(f"/certify/v/{code}.json").get_json()

    assert (page.fact("Completed"), page.fact("Issued on")) == ("May 2026", "July 1, 2026")
    assert (told["completed_in"], told["issued_on"]) == ("2026-05", "2026-07-01")


def test_an_expired_certificate_shows_both_its_days(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.sign_again(code, valid_until=NOW + timedelta(days=1))
    campus.clock.forward(days=2)

    page = look(campus, code)

    assert page.fact("Valid until") == "June 16, 2026"
    assert "Dates: it was valid from June 15, 2026 until June 16, 2026." in page.words


def test_a_name_has_a_direction_of_its_own(campus: Issued) -> None:
    campus.host.change_learner(RUN, "ada", display_name="عائشہ صدیقی")

    text = campus.client.get(f"/certify/v/{campus.issue('ada')}").text

    assert "<bdi>عائشہ صدیقی</bdi>" in text


def test_names_and_titles_cannot_become_part_of_the_page(campus: Issued) -> None:
    name, title = "<script>alert('name')</script>", '"><img src=x onerror=alert("title")>'
    campus.host.change_learner(RUN, "ada", display_name=name)
    campus.host.runs[RUN] = replace(campus.host.runs[RUN], title=title)

    page = look(campus, campus.issue("ada"))

    assert (page.fact("Recipient"), page.fact("Course")) == (name, title)
    assert not [tag for tag, attrs in page.tags if tag == "img" and attrs.get("src") == "x"]
    assert [attrs.get("src") for tag, attrs in page.tags if tag == "script"] == ["/certify/static/certify.js"]


@pytest.mark.parametrize("typed", ['"><script>alert(1)</script>', "\u202edrowssap", "a\x00b\x07c", "x" * 5000])
def test_what_was_typed_is_shown_again_harmlessly(campus: Issued, typed: str) -> None:
    page = Page(campus.client.get("/certify/verify", query_string={"code": typed}).text)

    (value,) = [attrs["value"] or "" for tag, attrs in page.tags if tag == "input"]

    assert value in typed.replace("\x00", "").replace("\x07", "") and len(value) <= 64 and value.isprintable()
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 1


def test_each_answer_has_a_picture_and_a_heading_besides_its_colour(campus: Issued) -> None:
    valid, revoked = campus.issue("ada"), campus.issue("cy")
    campus.change(revoked, state=AwardState.REVOKED)

    drawings = []
    for code in (valid, revoked, "0123456789AB"):
        page = look(campus, code)
        drawings.append(next(attrs["d"] for tag, attrs in page.tags if tag == "path"))
        assert len([tag for tag, _ in page.tags if tag == "h1"]) == 1

    assert len(set(drawings)) == 3


# ---- readers and programs --------------------------------------------------------------------------


def test_json_tells_the_same_facts_as_the_page(issued: Issued) -> None:
    """R-149"""
    code = issued.issue("ada")

    told = issued.client.get(f"/certify/v/{code}", headers={"Accept": "application/json"}).get_json()

    key = told.pop("key")
    assert told == {
        "answer": "valid",
        "sentence": "This certificate is valid. "
        "It is genuine, nothing on it has been changed, and it has not been revoked.",
        "code": code,
        "checked_at": "2026-06-15T09:30:00+00:00",
        "recipient_name": "Ada Lovelace",
        "achievement_title": "Certificate of Achievement",
        "course_title": "Physics for Teachers",
        "issuer_name": "Academy of Wales",
        "completed_in": "2026-05",
        "issued_on": "2026-06-15",
        "shown_on": "2026-06-15",
        "valid_until": None,
        "score": "90",
        "location": None,
        "completed_at": None,
        "zone": "Europe/London",
        "language": "en",
        "issuer": "did:web:certs.example.org:certify:wales",
        "video_url": None,
        "courses_url": "/courses",
    }
    assert re.fullmatch(r"did:web:certs\.example\.org:certify:wales#z6Mk\w+", key)


def test_a_program_that_asks_for_json_gets_no_facts_of_a_certificate_that_is_not_shown(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.erase(code)

    told = campus.client.get(f"/certify/v/{code}.json").get_json()

    assert told.keys() == {"answer", "sentence", "code", "checked_at", "video_url", "courses_url"}


@pytest.mark.parametrize("path", ["/certify/v/{}", "/certify/v/{}.json", "/certify/v/0123456789AB", "/certify/verify"])
def test_no_search_engine_and_no_cache_keeps_an_answer(campus: Issued, path: str) -> None:
    response = campus.client.get(path.format(campus.issue("ada")))

    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_an_outage_asks_to_come_back_later(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.lose_database()

    response = campus.client.get(f"/certify/v/{code}")

    assert (response.status_code, response.headers["Retry-After"]) == (503, "120")
    assert "The fault is ours and says nothing about the certificate." in response.text
    assert f"/certify/v/{code}" in Page(response.text).links()


def test_a_certificate_can_be_checked_without_a_master_key(tmp_path: Path) -> None:
    with issued_in(f"sqlite:///{tmp_path}/host.db") as campus:
        code = campus.issue("ada")
        settings = replace(campus.rt.settings, master_key="")
        campus.app.extensions["certify"] = replace(campus.rt, settings=settings)

        assert campus.client.get(f"/certify/v/{code}.json").get_json()["answer"] == "valid"


def test_a_certificate_outlives_its_learner_and_its_course(campus: Issued) -> None:
    """R-150"""
    code = campus.issue("ada")
    campus.host.runs.clear()
    campus.host.records.clear()
    campus.host.tenants.clear()

    page = look(campus, code)

    assert page.fact("Recipient") == "Ada Lovelace" and "This certificate is valid" in page.words


# ---- codes -----------------------------------------------------------------------------------------


def test_a_code_is_read_in_any_case_with_spaces_and_dashes_and_with_look_alikes(campus: Issued) -> None:
    """R-144"""
    code = campus.issue("ada")
    campus.change(code, code="0123456789AB")
    campus.sign_again("0123456789AB")

    for typed in ("0123456789AB", "0123456789ab", "0123-4567-89AB", "OL23 4567 89ab", "oi234567-89AB"):
        assert campus.client.get(f"/certify/v/{typed}.json").get_json()["answer"] == "valid", typed
    assert campus.client.get("/certify/V/0123456789AB").status_code == 200
    assert campus.client.get("/certify/v/%200123%20456789AB").status_code == 200
    assert campus.client.get("/certify/v/0123456789AB/").status_code == 200
    assert campus.client.get("/certify/verify/?code=0123456789AB").location == "/certify/v/0123456789AB"


def test_the_form_leads_to_the_page_of_the_code(campus: Issued) -> None:
    code = campus.issue("ada")
    form = Page(campus.client.get("/certify/verify").text)

    assert "Enter the certificate code here" in form.words and "Verify" in form.words
    response = campus.client.get("/certify/verify", query_string={"code": f" {spaced(code).lower()} "})
    assert (response.status_code, response.location) == (303, f"/certify/v/{code}")


@pytest.mark.parametrize(
    "path", ["/v/a%00b", "/share/" + "x" * 42 + "%00", "/wa%00les/did.json", "/wales%00/status/1", "/verify?code=%00"]
)
def test_a_zero_byte_in_an_address_is_no_question_to_a_database(issued: Issued, path: str) -> None:
    assert issued.client.get(f"/certify{path}").status_code in (200, 404, 422)


def test_an_empty_field_shows_the_form_again(campus: Issued) -> None:
    response = campus.client.get("/certify/verify?code=+")

    assert response.status_code == 200 and "data-cf-answer" not in response.text


def test_an_unknown_code_can_be_corrected_where_it_is_told(campus: Issued) -> None:
    page = look(campus, "0123-4567-89AB")

    assert [attrs["value"] for tag, attrs in page.tags if tag == "input"] == ["0123-4567-89AB"]
