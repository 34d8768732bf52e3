"""What happens to learners, and what it does to their certificates: nothing is taken away but by what says so."""

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards import exceptions
from flask_certify.awards.causes import Cause
from flask_certify.awards.exceptions import Kind
from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState
from flask_certify.core.errors import HostUnavailable
from flask_certify.eligibility import events
from flask_certify.host.ports import HostAway
from flask_certify.issuing import happenings
from flask_certify.issuing.happenings import Change
from flask_certify.issuing.many import issue_many
from tests.support.excepting import WHY, allow, history
from tests.support.life import Life, heard, names
from tests.support.story import NOW, RUN, TOM

ISSUED, WITHDRAWN, REVOKED = AwardState.ISSUED, AwardState.WITHDRAWN, AwardState.REVOKED


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
