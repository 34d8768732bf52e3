"""Exceptions and events: each a record of its own, and nothing is taken away but by those that say so."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards import exceptions
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.exceptions import Kind, LearnerException
from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState, Move
from flask_certify.core.errors import HostUnavailable
from flask_certify.credentials.models import IssuerKey
from flask_certify.eligibility import events
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact, Enrolment
from flask_certify.issuing import excepting, happenings, importing, lifecycle, many
from flask_certify.issuing.excepting import (
    AlreadyInvalid,
    AlreadyListed,
    NoOtherDate,
    NotEnrolled,
    NothingToInvalidate,
    NotInvalid,
    NotListed,
    UnknownLearner,
)
from flask_certify.issuing.happenings import Change
from flask_certify.issuing.importing import UnreadableFile
from flask_certify.issuing.lifecycle import DeclaredInvalid, OnAllowlist
from flask_certify.issuing.many import issue_many
from tests.support.life import Life, heard, meanwhile, names
from tests.support.story import NOW, RUN, TOM, learner

WHY = Why(Cause.EXCEPTION, "was in hospital")
ISSUED, WITHDRAWN, REVOKED = AwardState.ISSUED, AwardState.WITHDRAWN, AwardState.REVOKED


def allow(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.allow(life.rt, life.run.id, dict.fromkeys(refs, WHY), actor=TOM)


def invalidate(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.invalidate(life.rt, life.run.id, refs, Why(Cause.MISCONDUCT), actor=TOM)


def lift(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.lift(life.rt, life.run.id, refs, Why(Cause.REVIEW_ENDED), actor=TOM)


def disallow(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.disallow(life.rt, life.run.id, refs, Why(Cause.OTHER), actor=TOM)


def history(life: Life, ref: str) -> list[exceptions.ExceptionView]:
    with life.rt.reading() as session:
        return exceptions.history(session, life.run.id, ref)


# ---- the allowlist ---------------------------------------------------------------------------------


def test_a_listed_learner_who_does_not_pass_gets_a_certificate(life: Life) -> None:
    """R-056, R-067, R-082."""
    followed = excepting.only(allow(life, "ben"))
    assert [each.result for each in followed.outcomes] == ["issued"]
    assert life.states("ben") == [ISSUED]
    [entry] = history(life, "ben")
    assert (entry.kind, entry.made_by, entry.note, entry.ended_at) == (Kind.ALLOW, TOM, "was in hospital", None)
    assert life.audited(f"exception:{entry.id}") == [("exception.allow", "exception", TOM)]


def test_with_automatic_generation_off_an_entry_evaluates_nothing(life: Life) -> None:
    """R-068."""
    excepting.allow(life.rt, life.run.id, {"ben": WHY}, actor=TOM, automatic=False)
    assert life.awards("ben") == []
    [outcome] = issue_many(life.rt, life.run.id, ["ben"], actor=TOM)
    assert outcome.result == "issued"


def test_who_may_not_be_listed_is_refused_with_the_reason(life: Life) -> None:
    """R-082: an active enrolment, no invalidation, not listed yet."""
    life.issue("ada")
    invalidate(life, "ada")
    allow(life, "ben")
    life.host.change_learner(RUN, "cy", enrolment=Enrolment(active=False))
    life.host.change_learner(RUN, "dev", enrolment=None)
    report = allow(life, "ada", "ben", "cy", "dev", "nobody")
    assert report.done == ()
    assert report.refused == {
        "ada": DeclaredInvalid,
        "ben": AlreadyListed,
        "cy": NotEnrolled,
        "dev": NotEnrolled,
        "nobody": UnknownLearner,
    }
    with pytest.raises(NotEnrolled):
        excepting.only(allow(life, "cy"))


def test_taking_an_entry_away_withdraws_first_and_evaluates_nothing(life: Life) -> None:
    """R-072: even if the learner passes by now; no invalidation is made."""
    allow(life, "ben")
    life.host.change_learner(RUN, "ben", progress=100.0, completed_on=NOW - timedelta(days=30))
    [ben] = life.awards("ben")
    followed = excepting.only(disallow(life, "ben"))
    assert followed.outcomes == () and life.states("ben") == [WITHDRAWN]
    assert life.record("ben").status == "unavailable"
    assert [each.kind for each in history(life, "ben")] == [Kind.ALLOW]
    [outcome] = happenings.reconsider(life.rt, life.run.id, ["ben"], actor=TOM)
    assert (outcome.result, life.award(ben.id).code, life.states("ben")) == ("restored", ben.code, [ISSUED])
    with pytest.raises(NotListed):
        excepting.only(disallow(life, "ben"))


# ---- invalidations ---------------------------------------------------------------------------------


def test_an_invalidation_withdraws_at_once_and_lifting_brings_the_same_code_back(life: Life) -> None:
    """R-077, R-078."""
    [ada] = life.issue("ada")
    invalidate(life, "ada")
    assert (life.says(ada), life.is_bit_set(ada), life.record("ada").status) == ("revoked", True, "unavailable")
    assert issue_many(life.rt, life.run.id, ["ada"], actor=TOM)[0].result == "already"
    followed = excepting.only(lift(life, "ada"))
    assert [each.result for each in followed.outcomes] == ["restored"]
    assert (life.says(ada), life.states("ada"), life.record("ada").status) == ("valid", [ISSUED], "downloadable")
    [entry] = history(life, "ada")
    assert (entry.kind, entry.cause, entry.ended_by, entry.ended_cause) == (
        Kind.INVALID,
        "misconduct",
        TOM,
        "review_ended",
    )
    assert [act for act, _, _ in life.audited(f"exception:{entry.id}")] == [
        "exception.invalid",
        "exception.invalid.end",
    ]


def test_lifting_brings_nothing_back_that_is_not_earned_any_more(life: Life) -> None:
    """R-078: lifting evaluates."""
    life.issue("ada")
    invalidate(life, "ada")
    life.host.change_learner(RUN, "ada", passing=False)
    followed = excepting.only(lift(life, "ada"))
    assert followed.outcomes[0].reasons[0].code == "not_passing"
    assert (life.states("ada"), life.record("ada").status) == ([WITHDRAWN], "notpassing")


def test_an_invalidation_is_made_even_where_evaluation_would_skip_it(life: Life) -> None:
    """R-077: evaluating a beta tester keeps the certificate, making the invalidation does not."""
    [ada] = life.issue("ada")
    life.host.change_learner(RUN, "ada", beta_tester=True)
    invalidate(life, "ada")
    assert life.says(ada) == "revoked"


def test_a_person_is_asked_to_lift_instead_of_restoring(life: Life) -> None:
    """R-053."""
    [ada] = life.issue("ada")
    invalidate(life, "ada")
    report = lifecycle.restore(life.rt, [ada.id], WHY, actor=TOM)
    with pytest.raises(DeclaredInvalid):
        lifecycle.only(report, Move.RESTORE)


def test_what_a_person_withdrew_no_evaluation_brings_back(life: Life) -> None:
    """R-074."""
    [ada] = life.issue("ada")
    lifecycle.withdraw(life.rt, [ada.id], Why(Cause.UNDER_REVIEW), actor=TOM)
    [outcome] = happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (outcome.result, life.states("ada")) == ("already", [WITHDRAWN])


def test_nobody_is_listed_and_invalid_at_once(life: Life) -> None:
    """R-079: refused in words, and by the database."""
    allow(life, "ben")
    with pytest.raises(OnAllowlist):
        excepting.only(invalidate(life, "ben"))
    with life.rt.transaction() as tx:
        made = exceptions.begin_many(tx, life.run.id, Kind.INVALID, {"ben": WHY}, actor=TOM, now=NOW)
    assert made == {}
    [ben] = life.awards("ben")
    report = lifecycle.revoke(life.rt, [ben.id], WHY, actor=TOM)
    with pytest.raises(OnAllowlist):
        lifecycle.only(report, Move.REVOKE)
    assert lifecycle.revoke(life.rt, [ben.id], WHY, actor=TOM, bar=False).moved


def test_what_cannot_be_declared_invalid_or_lifted_is_refused(life: Life) -> None:
    with pytest.raises(NothingToInvalidate):
        excepting.only(invalidate(life, "ben"))
    life.issue("ada")
    invalidate(life, "ada")
    with pytest.raises(AlreadyInvalid):
        excepting.only(invalidate(life, "ada"))
    with pytest.raises(NotInvalid):
        excepting.only(lift(life, "ben"))


# ---- the date shown --------------------------------------------------------------------------------


def test_another_date_has_a_reason_an_author_and_a_history_of_its_own(life: Life) -> None:
    """R-089."""
    [ada] = life.issue("ada")
    for day in (29, 28):
        excepting.set_date(life.rt, life.run.id, "ada", date(2024, 2, day), WHY, actor=TOM)
    with life.rt.reading() as session:
        assert exceptions.of_learners(session, life.run.id, ["ada"])["ada"].shown_on == date(2024, 2, 28)
    first, second = history(life, "ada")
    assert (first.shown_on, first.ended_by, second.ended_at) == (date(2024, 2, 29), TOM, None)
    excepting.clear_date(life.rt, life.run.id, "ada", WHY, actor=TOM)
    with pytest.raises(NoOtherDate):
        excepting.clear_date(life.rt, life.run.id, "ada", WHY, actor=TOM)
    assert life.says(ada) == "valid" and life.award(ada.id) == ada
    invalidate(life, "ada")  # the date is no obstacle to other exceptions


# ---- events ----------------------------------------------------------------------------------------


def test_a_failing_event_withdraws_and_passing_again_brings_the_same_code_back(life: Life) -> None:
    """R-063, R-067, R-070, R-076."""
    [ada] = life.issue("ada")
    done = happenings.happen(life.rt, life.run.id, {"ada": events.Failed(), "ben": events.Failed()}, actor="host")
    assert [each.award_id for each in done.moved] == [ada.id]
    assert (life.says(ada), life.record("ada").status) == ("revoked", "notpassing")
    happenings.happen(life.rt, life.run.id, {"ada": events.Passed()}, actor="host", automatic=False)
    assert life.states("ada") == [WITHDRAWN]
    happenings.happen(life.rt, life.run.id, {"ada": events.Passed()}, actor="host")
    assert (life.says(ada), life.states("ada")) == ("valid", [ISSUED])
    [withdrawn, restored] = life.history(ada)
    assert (withdrawn.cause, withdrawn.by_person) == (Cause.NOT_PASSING, False)
    assert (restored.cause, restored.actor_ref) == (Cause.PASSING_AGAIN, "host")


def test_a_rejected_exam_declares_invalid_but_not_for_the_listed(life: Life) -> None:
    """R-070, R-071."""
    [ada] = life.issue("ada")
    allow(life, "ben")
    rejected = dict.fromkeys(["ada", "ben", "cy"], events.ExamRejected())
    happenings.happen(life.rt, life.run.id, rejected, actor="host")
    happenings.happen(life.rt, life.run.id, dict.fromkeys(["ben"], events.Failed()), actor="host")
    assert (life.says(ada), life.states("ben")) == ("revoked", [ISSUED])
    assert [each.kind for each in history(life, "ada")] == [Kind.INVALID]
    assert history(life, "cy") == []
    assert life.history(ada)[0].cause is Cause.EXAM_REJECTED


def test_a_drop_of_progress_is_final_and_names_its_event(life: Life, host_app: Flask) -> None:
    """R-075, R-108, R-110."""
    [ada] = life.issue("ada")
    life.host.change_learner(RUN, "ada", progress=92.5)
    change = Change(by="mia", at=NOW)
    with heard(host_app) as told:
        happenings.look_for_drops(life.rt, life.run.id, ["ada", "ben"], actor="host", change=change)
    assert (life.states("ada"), life.says(ada), life.record("ada").status) == ([REVOKED], "revoked", "notpassing")
    [move] = life.history(ada)
    assert (move.cause, move.details) == (
        Cause.CONTENT_ADDED,
        {"changed_by": "mia", "changed_at": NOW.isoformat()},
    )
    assert names(told) == {"award_revoked": 1, "record_changed": 1}
    assert life.issued_count() == 0


def test_who_is_complete_again_gets_a_new_certificate_that_names_the_old(life: Life) -> None:
    """R-061, R-109, R-110."""
    [ada] = life.issue("ada")
    life.host.change_learner(RUN, "ada", progress=92.5)
    happenings.look_for_drops(life.rt, life.run.id, ["ada"], actor="host")
    assert issue_many(life.rt, life.run.id, ["ada"], actor=TOM)[0].reasons[0].code == "progress_below"
    life.host.change_learner(RUN, "ada", progress=100.0)
    [outcome] = issue_many(life.rt, life.run.id, ["ada"], actor=TOM)
    new = life.award(outcome.award_id)
    assert (outcome.result, life.says(new), life.says(ada)) == ("issued", "valid", "revoked")
    with life.rt.reading() as session:
        assert session.scalar(sa.select(Award.follows_id).where(Award.id == new.id)) == ada.id


@pytest.mark.parametrize("said", [None, 100.0, float("nan"), -1.0])
def test_silence_and_nonsense_are_no_drop(life: Life, said: float | None) -> None:
    """R-033, R-075."""
    life.issue("ada")
    life.host.change_learner(RUN, "ada", progress=said)
    happenings.look_for_drops(life.rt, life.run.id, ["ada"], actor="host")
    assert life.states("ada") == [ISSUED]


def test_an_absent_host_or_an_unknown_learner_is_no_drop(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-075, R-255."""
    life.issue("ada")
    record = life.host.records[RUN].pop("ada")
    happenings.look_for_drops(life.rt, life.run.id, ["ada"], actor="host")
    life.host.records[RUN]["ada"] = record

    def away(*args: object) -> None:
        raise HostAway

    monkeypatch.setattr(life.host, "learner_records", away)
    with pytest.raises(HostUnavailable):
        happenings.look_for_drops(life.rt, life.run.id, ["ada"], actor="host")
    assert life.states("ada") == [ISSUED]


def test_the_listed_are_exempt_from_a_drop(life: Life) -> None:
    """R-075."""
    allow(life, "ben")
    happenings.look_for_drops(life.rt, life.run.id, ["ben"], actor="host")
    assert life.states("ben") == [ISSUED]


def test_evaluating_takes_nothing_away(life: Life) -> None:
    """R-074."""
    [ada] = life.issue("ada")
    for changes in ({"progress": 10.0}, {"passing": False}, {"enrolment": None}, {"account_active": False}):
        life.host.change_learner(RUN, "ada", **changes)
        happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
        assert life.award(ada.id) == ada


def test_an_invalidation_that_evaluation_finds_withdraws(life: Life) -> None:
    """R-074: the one thing that evaluation takes away for."""
    [ada] = life.issue("ada")
    with life.rt.transaction() as tx:
        exceptions.begin_many(tx, life.run.id, Kind.INVALID, {"ada": WHY}, actor=TOM, now=NOW)
    [outcome] = happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (outcome.result, life.says(ada)) == ("withdrawn", "revoked")


# ---- many from a file ------------------------------------------------------------------------------


@pytest.fixture
def listed(life: Life) -> Life:
    for ref in ("ben", "cy", "dev"):
        life.host.change_learner(RUN, ref, user_name=f"{ref}42")
    life.host.people["dev"] = Contact("dev@example.org")
    life.host.change_learner(RUN, "dev", enrolment=Enrolment(active=False))
    life.issue("ada")
    invalidate(life, "ada")
    life.host.change_learner(RUN, "ada", user_name="ada42")
    return life


def read_in(life: Life, text: str) -> importing.Imported:
    return importing.import_allowlist(life.rt, life.run.id, text.encode(), actor=TOM)


def test_a_file_lists_whom_it_can_and_groups_the_others_by_line(listed: Life) -> None:
    """R-083: a byte-order mark is fine, user name or e-mail, partial success is normal."""
    done = read_in(
        listed,
        '\ufeffBEN42,"was ill,\nlong"\n\ncy42,\nben@example.org,again\nnobody,x\ndev@example.org,x\nada42,x\n'
        "one cell\nthree,cells,here\n",
    )
    assert done.added == 2
    assert done.errors == {
        "data_format_error": [9, 10],
        "user_not_exist": [6],
        "user_already_allowlisted": [5],
        "user_not_enrolled": [7],
        "user_on_certificate_invalidation_list": [8],
    }
    assert history(listed, "ben")[0].note == "was ill,\nlong"
    assert listed.states("ben") == [ISSUED]
    assert read_in(listed, "ben42,x").errors["user_already_allowlisted"] == [1]


def test_a_file_that_names_nobody_changes_nothing(listed: Life) -> None:
    for text in ("", "\n \n", "nobody,x\n"):
        assert read_in(listed, text).added == 0
    with listed.rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LearnerException)) == 1


@pytest.mark.parametrize("data", [b"\xff\xfe", b'"never closed', b"x" * (importing.MOST_BYTES + 1), b"a,b\n" * 50_001])
def test_a_file_that_cannot_be_read_is_refused_whole(listed: Life, data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        importing.import_allowlist(listed.rt, listed.run.id, data, actor=TOM)


def test_a_host_without_logins_is_asked_by_reference_and_external_id(life: Life) -> None:
    """R-083: never by a part of a name."""
    life.host.add_learner(RUN, replace(learner("eva", "WA-ben"), external_id=None))
    life.host.find_logins = None  # type: ignore[assignment, method-assign]
    done = read_in(life, "ben,\nWA-cy,\nWales,\nev,\n")
    assert (done.added, done.errors["user_not_exist"]) == (2, [3, 4])
    assert history(life, "ben") and history(life, "cy") and not history(life, "eva")


@pytest.mark.parametrize("event", ["invalidated", "unlisted"])
def test_what_happens_while_an_issue_is_prepared_counts(
    life: Life, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    """R-072, R-077: who is declared invalid, or taken off the list, after it was decided gets nothing by it."""
    run_id = life.run.id
    [ada] = life.issue("ada")
    if event == "invalidated":
        happenings.look_for_drops(life.rt, run_id, ["ada"], actor="host")
        lifecycle.revoke(life.rt, [ada.id], WHY, actor=TOM, bar=False)
        meanwhile(monkeypatch, many, lambda: excepting.invalidate(life.rt, run_id, ["ada"], WHY, actor=TOM))
        [outcome] = issue_many(life.rt, run_id, ["ada"], actor=TOM)
        assert (outcome.result, outcome.reasons[0].code) == ("declined", "invalidated")
        assert (life.states("ada"), life.record("ada").status) == ([REVOKED], "unavailable")
    else:
        excepting.allow(life.rt, run_id, {"ben": WHY}, actor=TOM, automatic=False)
        meanwhile(monkeypatch, many, lambda: excepting.disallow(life.rt, run_id, ["ben"], WHY, actor=TOM))
        [outcome] = issue_many(life.rt, run_id, ["ben"], actor=TOM)
        assert (outcome.result, outcome.reasons[0].code) == ("declined", "allowlist_removed")
        assert life.states("ben") == []


def test_an_award_that_waits_for_its_signature_is_not_signed_while_it_is_declared_invalid(life: Life) -> None:
    """R-077, R-095: it is finished later, under the same code, once that is lifted."""
    with life.rt.transaction() as tx:
        tx.session.execute(sa.update(IssuerKey).values(state="retired"))
    [outcome] = issue_many(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (outcome.result, life.states("ada")) == ("failed", [AwardState.GRANTED])
    excepting.invalidate(life.rt, life.run.id, ["ada"], WHY, actor=TOM)
    with life.rt.transaction() as tx:
        tx.session.execute(sa.update(IssuerKey).values(state="active"))
    [outcome] = issue_many(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (outcome.result, outcome.reasons[0].code) == ("declined", "invalidated")
    assert life.states("ada") == [AwardState.GRANTED]
    excepting.lift(life.rt, life.run.id, ["ada"], WHY, actor=TOM)
    assert life.states("ada") == [ISSUED]
