"""What follows from an event: group B3, one sentence each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility import events
from flask_certify.eligibility.engine import KNOWN_STATUSES, Status
from flask_certify.eligibility.events import (
    Evaluate,
    Event,
    Invalidate,
    LetLearnersStart,
    Nothing,
    SetStatus,
    respond,
)
from flask_certify.eligibility.facts import Entry, Kept
from flask_certify.eligibility.reasons import WORDS, Reason

HELD = Kept("downloadable", "verified")
LISTED = Kept("downloadable", "verified", allowlist=Entry.ACTIVE)
NOT_PASSING = ("notpassing", "unavailable", "unverified", "error")

all_events: st.SearchStrategy[Event] = st.sampled_from(
    [
        events.Passed(),
        events.Failed(),
        events.ExamRejected(),
        events.IdentityApproved(),
        events.ModeChanged("verified"),
        events.ModeChanged("audit"),
        events.AllowlistSaved(),
        events.AllowlistRemoved(),
        events.InvalidationMade(),
        events.InvalidationLifted(),
        events.PacingChanged(True),
        events.ProgressSaid(None),
        events.ProgressSaid(60),
        events.ProgressSaid(100),
    ]
)
kept = st.builds(
    Kept,
    status=st.sampled_from([None, *sorted(KNOWN_STATUSES)]),
    allowlist=st.sampled_from(Entry),
    invalidation=st.sampled_from(Entry),
)


def test_passing_is_heard_unless_there_is_a_certificate() -> None:
    """R-067."""
    assert respond(events.Passed(), Kept()).action == Evaluate()
    for status in NOT_PASSING:
        assert respond(events.Passed(), Kept(status)).action == Evaluate()
    for status in ("downloadable", "generating"):
        assert respond(events.Passed(), Kept(status)).action == Nothing()


@pytest.mark.parametrize("event", [events.IdentityApproved(), events.AllowlistSaved()])
def test_an_approved_identity_and_an_exception_saved_are_evaluated(event: Event) -> None:
    """R-067."""
    assert respond(event, HELD).action == Evaluate()


@pytest.mark.parametrize("event", [events.Passed(), events.IdentityApproved(), events.AllowlistSaved()])
def test_what_generates_by_itself_waits_while_that_is_switched_off(event: Event) -> None:
    """R-068."""
    response = respond(event, Kept(), automatic=False)
    assert response.action == Nothing()
    assert response.reasons == (Reason("not_automatic"),)


@given(all_events, kept)
def test_no_other_event_asks_whether_generating_is_automatic(event: Event, kept: Kept) -> None:
    """R-068: mode, exam and failing are not gated; nor is whatever else people do."""
    if not isinstance(event, events.Passed | events.IdentityApproved | events.AllowlistSaved):
        assert respond(event, kept, automatic=False) == respond(event, kept)


def test_a_mode_that_earns_is_evaluated_and_one_that_does_not_takes_nothing_away() -> None:
    """R-069."""
    assert respond(events.ModeChanged("verified"), HELD).action == Evaluate()
    assert respond(events.ModeChanged("audit"), HELD).action == Nothing()
    assert respond(events.ModeChanged("honor", frozenset({"honor"})), HELD).action == Nothing()


def test_failing_withdraws_a_certificate_unless_its_holder_is_listed() -> None:
    """R-070."""
    assert respond(events.Failed(), HELD).action == SetStatus(Status.NOTPASSING)
    assert respond(events.Failed(), Kept("generating")).action == SetStatus(Status.NOTPASSING)
    assert respond(events.Failed(), LISTED).action == Nothing()
    assert respond(events.Failed(), Kept("downloadable", allowlist=Entry.INACTIVE)).action != Nothing()


@pytest.mark.parametrize("status", [None, *NOT_PASSING])
def test_failing_is_ignored_where_there_is_no_certificate(status: str | None) -> None:
    """R-070."""
    assert respond(events.Failed(), Kept(status)).action == Nothing()


def test_a_rejected_exam_invalidates_unless_the_learner_is_listed() -> None:
    """R-071."""
    assert respond(events.ExamRejected(), HELD).action == Invalidate(Status.UNAVAILABLE)
    assert respond(events.ExamRejected(), Kept("notpassing")).action == Invalidate()
    assert respond(events.ExamRejected(), LISTED).action == Nothing()
    assert respond(events.ExamRejected(), Kept()).action == Nothing()


def test_who_is_taken_off_the_list_loses_the_certificate_and_is_not_evaluated() -> None:
    """R-072."""
    assert respond(events.AllowlistRemoved(), LISTED).action == SetStatus(Status.UNAVAILABLE)
    assert respond(events.AllowlistRemoved(), Kept(allowlist=Entry.ACTIVE)).action == Nothing()


def test_learners_start_by_themselves_only_where_they_set_the_pace() -> None:
    """R-073."""
    assert respond(events.PacingChanged(True), Kept()).action == LetLearnersStart(True)
    assert respond(events.PacingChanged(False), HELD).action == LetLearnersStart(False)


@pytest.mark.parametrize("said", [None, Reason("progress.not_a_percentage")])
def test_silence_and_nonsense_about_progress_are_no_drop(said: Reason | None) -> None:
    """R-075."""
    response = respond(events.ProgressSaid(said), HELD)
    assert response.action == Nothing()
    assert response.reasons == (Reason("progress_unknown"),)


def test_a_drop_below_what_is_asked_is_final() -> None:
    """R-075, R-108, D-11."""
    assert respond(events.ProgressSaid(99), HELD).action == SetStatus(Status.NOTPASSING, final=True)
    assert respond(events.ProgressSaid(0), HELD).action == SetStatus(Status.NOTPASSING, final=True)
    assert respond(events.ProgressSaid(100), HELD).action == Nothing()
    assert respond(events.ProgressSaid(99), LISTED).action == Nothing()
    assert respond(events.ProgressSaid(99), Kept("notpassing")).action == Nothing()


def test_who_was_never_asked_for_all_of_the_course_loses_nothing_by_not_having_done_all() -> None:
    """R-075: the attachment asks for 80 %."""
    assert respond(events.ProgressSaid(90, asked=80), HELD).action == Nothing()
    assert respond(events.ProgressSaid(79, asked=80), HELD).action == SetStatus(Status.NOTPASSING, final=True)


def test_an_invalidation_counts_from_the_moment_it_is_made_and_lifting_it_evaluates() -> None:
    """R-077, R-078."""
    assert respond(events.InvalidationMade(), HELD).action == SetStatus(Status.UNAVAILABLE)
    assert respond(events.InvalidationMade(), Kept()).action == Nothing()
    assert respond(events.InvalidationLifted(), Kept("unavailable")).action == Evaluate()


def test_the_world_hears_revoked_only_of_what_it_could_see() -> None:
    """R-080."""
    assert events.is_told_as_revoked(HELD)
    assert not events.is_told_as_revoked(Kept("notpassing"))
    assert not events.is_told_as_revoked(Kept())


@given(all_events, kept, st.booleans())
def test_every_event_has_an_answer_and_only_some_take_a_certificate_away(
    event: Event, kept: Kept, automatic: bool
) -> None:
    """R-074."""
    response = respond(event, kept, automatic=automatic)
    assert all(each.code in WORDS for each in response.reasons)
    if isinstance(response.action, SetStatus | Invalidate):
        assert response.action.status is not Status.DOWNLOADABLE
        assert isinstance(
            event,
            events.Failed
            | events.ExamRejected
            | events.AllowlistRemoved
            | events.InvalidationMade
            | events.ProgressSaid,
        )
        assert kept.status is not None
    if isinstance(response.action, Nothing):
        assert response.reasons
