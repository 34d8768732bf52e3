"""Exceptions: each a record of its own, and what counts while a certificate is being made."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from flask_certify.awards import exceptions
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.exceptions import Kind
from flask_certify.awards.states import AwardState, Move
from flask_certify.credentials.models import IssuerKey
from flask_certify.host.records import Enrolment
from flask_certify.issuing import excepting, happenings, lifecycle, many
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
from flask_certify.issuing.lifecycle import DeclaredInvalid, OnAllowlist
from flask_certify.issuing.many import issue_many
from tests.support.excepting import WHY, allow, disallow, history, invalidate, lift
from tests.support.life import Life, meanwhile
from tests.support.story import NOW, RUN, TOM

ISSUED, WITHDRAWN, REVOKED = AwardState.ISSUED, AwardState.WITHDRAWN, AwardState.REVOKED


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
