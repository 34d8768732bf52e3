"""To exist, to be visible and the date that is shown, at every door: the public page, the learner's page, messages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.states import Move
from flask_certify.core.clock import FixedClock
from flask_certify.credentials import service as credentials
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Display, Pacing
from flask_certify.issuing import changes, excepting, lifecycle, night
from flask_certify.issuing.many import issue_many
from flask_certify.notifications.models import Message
from flask_certify.verification.commands import ENDS_WITH
from flask_certify.verification.service import report
from tests.support import story

from .conftest import Place, make_place

AFTER = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
HIDDEN: dict[str, Any] = {"display": Display.END_WITH_DATE, "available_on": date(2026, 7, 1)}
NOT_YET = "not_yet_visible"
WHY = Why(Cause.RESULT_CORRECTED)


@pytest.fixture
def place(tmp_path: Path, host: MemoryHost) -> Iterator[Place]:
    yield from make_place(tmp_path, host, CERTIFY_AUTOMATIC=True)


def run_is(place: Place, **changed: Any) -> None:
    """The host changes its run, and says so."""
    place.host.add_run(replace(place.host.runs[story.RUN], **changed))
    with place.app.app_context():
        changes.run_changed(place.rt, story.RUN)


def issue_ada(place: Place) -> str:
    with place.app.app_context():
        issue_many(place.rt, place.run.id, ["ada"], actor=story.TOM)
    return place.award_of("ada").code


def said(place: Place, code: str) -> dict[str, Any]:
    with place.app.app_context():
        return report(place.rt, code)


def told(place: Place) -> int:
    with place.app.app_context(), place.rt.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Message)) or 0


def let_time_pass(place: Place) -> None:
    assert isinstance(place.rt.clock, FixedClock)
    place.rt.clock.at = AFTER


def test_an_award_that_is_not_to_be_seen_yet_is_told_as_that_and_nothing_else_of_it(place: Place) -> None:
    """R-086, R-087, R-143: by page, JSON and command alike."""
    run_is(place, **HIDDEN)
    code = issue_ada(place)
    page = place.get(f"/certify/v/{code}", None)
    assert page.status_code == 200 and f'data-cf-answer="{NOT_YET}"' in page.text
    assert "Lovelace" not in page.text and "Physics" not in page.text
    plain = place.get(f"/certify/v/{code}.json", None, headers={"Accept": "application/json"}).json
    assert plain["answer"] == said(place, code)["answer"] == NOT_YET and "recipient_name" not in plain
    assert ENDS_WITH.get(NOT_YET, 1) == 1
    with place.app.app_context():
        let_time_pass(place)
    assert said(place, code)["answer"] == "valid"


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"end": None},
        {"end": AFTER},
        {"display": Display.EARLY_NO_INFO, "available_on": date(2026, 7, 1)},
        {"display": Display.END},
        {"display": Display.END, "end": None, "pacing": Pacing.SELF},
    ],
)
def test_a_certificate_is_seen_at_once_unless_the_host_says_otherwise(place: Place, shown: dict[str, Any]) -> None:
    """D-06, R-086: a host that says nothing about it hides nothing, with and without an end of the run."""
    code = issue_ada(place)
    run_is(place, **shown)
    assert said(place, code)["answer"] == "valid"


def test_what_the_host_changes_about_it_counts_from_then_on(place: Place) -> None:
    """R-086."""
    code = issue_ada(place)
    run_is(place, display=Display.END, end=AFTER)
    assert said(place, code)["answer"] == NOT_YET
    run_is(place, display=Display.EARLY_NO_INFO)
    assert said(place, code)["answer"] == "valid"


def test_one_that_was_revoked_before_it_was_seen_says_so_and_shows_nothing(place: Place) -> None:
    """R-142, R-143."""
    run_is(place, **HIDDEN)
    code = issue_ada(place)
    with place.app.app_context():
        report_ = lifecycle.revoke(place.rt, [place.award_of("ada").id], Why(Cause.ISSUED_IN_ERROR), actor=story.TOM)
        assert lifecycle.only(report_, Move.REVOKE).code == code
    assert said(place, code)["answer"] == "revoked" and "recipient_name" not in said(place, code)


def test_a_learner_reads_from_when_on_it_can_be_seen_and_downloads_nothing_before(place: Place) -> None:
    """R-086, R-129, R-137: staff of the run print it before, for the day on which it is handed over."""
    run_is(place, **HIDDEN)
    code = issue_ada(place)
    page = place.get("/certify/me", "ada").text
    assert "Issued, not visible yet" in page and "July 1, 2026, 00:00 (BST)" in page
    assert code not in page and "certificate.pdf" not in page and "linkedin" not in page
    address = f"/certify/awards/{place.award_of('ada').id}"
    for form in ("certificate.pdf", "certificate.png", "credential/open-badge.json"):
        refused = place.get(f"{address}/{form}", "ada", headers={"Accept": "application/json"})
        assert refused.status_code == 409 and refused.json["error"]["code"] == "award.not_yet_visible"
    assert place.get(f"{address}/certificate.pdf", story.MIA).status_code == 200
    with place.app.app_context():
        let_time_pass(place)
    assert place.get(f"{address}/certificate.pdf", "ada").status_code == 200


def test_a_run_that_never_ends_says_that_the_day_is_not_known(place: Place) -> None:
    """R-086: only where the host itself says that the end decides."""
    issue_ada(place)
    run_is(place, display=Display.END, end=None)
    assert "It cannot be said yet when it will be visible." in place.get("/certify/me", "ada").text


def test_learners_are_told_as_soon_as_they_can_see_it_and_once(place: Place) -> None:
    """R-086, R-155, R-161: a message that a certificate can be downloaded is never false."""
    run_is(place, **HIDDEN)
    issue_ada(place)
    with place.app.app_context():
        night.start(place.rt)
        assert told(place) == 0
        let_time_pass(place)
        night.start(place.rt)
        assert told(place) == 2
        night.start(place.rt)
    assert told(place) == 2


def test_learners_are_told_when_the_host_shows_it_earlier(place: Place) -> None:
    """R-086, R-155."""
    run_is(place, **HIDDEN)
    issue_ada(place)
    run_is(place, display=None, available_on=None)
    assert told(place) == 2


def test_another_date_is_shown_everywhere_at_once_and_nothing_that_was_signed_changes(place: Place) -> None:
    """R-088, R-089, R-097: day of issue, completion and the date that it shows are told apart, each by its name."""
    code = issue_ada(place)
    award_id = place.award_of("ada").id
    with place.app.app_context():
        signed = credentials.get_document(place.rt, award_id)
        excepting.set_date(place.rt, place.run.id, "ada", date(2026, 4, 1), WHY, actor=story.TOM)
    plain = said(place, code)
    assert (plain["shown_on"], plain["issued_on"], plain["completed_in"]) == ("2026-04-01", "2026-06-15", "2026-05")
    for page in (place.get(f"/certify/v/{code}", None).text, place.get("/certify/me", "ada").text):
        assert "Date of the certificate" in page and "April 1, 2026" in page and "June 15, 2026" in page
    with place.app.app_context():
        assert credentials.get_document(place.rt, award_id) == signed
        excepting.clear_date(place.rt, place.run.id, "ada", WHY, actor=story.TOM)
    assert said(place, code)["shown_on"] == "2026-06-15"
    assert "Date of the certificate" not in place.get(f"/certify/v/{code}", None).text


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        ({"display": Display.END}, "2026-05-31"),
        ({"available_on": date(2026, 6, 10)}, "2026-06-10"),
        ({"display": Display.END, "pacing": Pacing.SELF}, "2026-06-15"),
        ({}, "2026-06-15"),
    ],
)
def test_the_date_that_a_certificate_shows_follows_from_the_run(
    place: Place, changed: dict[str, Any], shown: str
) -> None:
    """R-088: the available date once it has passed, else the end of the run, else when it was last changed."""
    run_is(place, **changed)
    assert said(place, issue_ada(place))["shown_on"] == shown
