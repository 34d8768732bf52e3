"""The PDF behind a link that its holder made (R-137)."""

import pytest

from flask_certify.awards.states import AwardState
from flask_certify.issuing import printing
from flask_certify.verification import sharing
from flask_certify.verification.disclosure import Level
from tests.support.certificates import Issued
from tests.support.story import NOW, TOM


@pytest.fixture
def code(campus: Issued) -> str:
    """Ada's certificate."""
    return campus.issue("ada")


def link(campus: Issued, code: str, level: Level = Level.FULL, days: int | None = None) -> sharing.ShareView:
    ends_at = None if days is None else NOW.replace(day=NOW.day + days)
    return sharing.make_link(campus.rt, campus.award(code).id, level, ends_at, actor="ada")


def pdf(made: sharing.ShareView) -> str:
    return f"/certify/share/{made.token}/certificate.pdf"


def test_a_live_link_leads_to_the_very_pdf_that_its_learner_downloads(campus: Issued, code: str) -> None:
    """R-137"""
    made = link(campus, code)
    page = campus.client.get(f"/certify/share/{made.token}")
    told = campus.client.get(f"/certify/share/{made.token}", headers={"Accept": "application/json"}).get_json()

    answer = campus.client.get(pdf(made))

    assert f'href="{pdf(made)}"' in page.text and told["document_url"] == pdf(made)
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    with campus.app.app_context():
        assert answer.data == printing.get_document(campus.rt, campus.award(code).id).data
    assert "lovelace" not in str(answer.headers).lower()
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"


def test_the_pdf_behind_a_link_is_sent_once_and_from_where_it_broke_off(campus: Issued, code: str) -> None:
    """R-133, R-137"""
    made = link(campus, code)
    whole = campus.client.get(pdf(made))
    etag = whole.headers["ETag"]

    again = campus.client.get(pdf(made), headers={"If-None-Match": etag})
    rest = campus.client.get(pdf(made), headers={"Range": "bytes=1000-", "If-Range": etag})

    assert (again.status_code, again.data) == (304, b"")
    assert rest.status_code == 206 and whole.data[:1000] + rest.data == whole.data
    assert campus.client.get(pdf(made), headers={"Range": "bytes=99999999-"}).status_code == 416
    assert "private" in whole.headers["Cache-Control"] and "no-cache" in whole.headers["Cache-Control"]


def test_a_link_that_was_withdrawn_or_is_over_leads_to_no_pdf_not_even_to_who_has_it(campus: Issued, code: str) -> None:
    """R-135, R-137"""
    withdrawn, over = link(campus, code), link(campus, code, days=7)
    etag = campus.client.get(pdf(over)).headers["ETag"]

    sharing.withdraw_link(campus.rt, withdrawn.award_id, withdrawn.id, actor="ada")
    campus.clock.forward(days=7, seconds=1)

    for made in (withdrawn, over):
        assert campus.client.get(pdf(made), headers={"If-None-Match": etag}).status_code == 404


@pytest.mark.parametrize("level", [Level.STATUS, Level.INITIALS])
def test_a_link_that_shows_less_than_everything_leads_to_no_pdf(campus: Issued, code: str, level: Level) -> None:
    """R-137, R-148"""
    chosen, full = link(campus, code, level), link(campus, code)
    assert campus.client.get(pdf(chosen)).status_code == 404
    assert "certificate.pdf" not in campus.client.get(f"/certify/share/{chosen.token}").text

    sharing.set_limit(campus.rt, "wales", level, actor=TOM)

    assert campus.client.get(pdf(full)).status_code == 404


def test_a_certificate_that_was_revoked_or_altered_has_no_pdf_behind_its_link(campus: Issued, code: str) -> None:
    """R-137"""
    made = link(campus, code)
    campus.change(code, state=AwardState.REVOKED)
    assert campus.client.get(pdf(made)).status_code == 409
    assert "certificate.pdf" not in campus.client.get(f"/certify/share/{made.token}").text

    campus.change(code, state=AwardState.ISSUED)
    assert campus.client.get(pdf(made)).status_code == 200
    campus.freeze(code, recipient_name="Eve")
    assert campus.client.get(pdf(made)).status_code == 404


def test_an_outage_is_told_as_one_behind_a_link_too(campus: Issued, code: str) -> None:
    """R-143"""
    made = link(campus, code)
    campus.lose_database()

    page = campus.client.get(f"/certify/share/{made.token}")

    assert (page.status_code, page.headers["Retry-After"]) == (503, "120")
    assert 'data-cf-answer="cannot_check"' in page.text
    assert campus.client.get(pdf(made)).status_code == 503
