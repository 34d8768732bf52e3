"""What a withdrawal writes beside the status: the grade, the mode and the name; and when the mode is refreshed."""

from dataclasses import replace
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Record
from flask_certify.awards.states import AwardState
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Enrolment
from flask_certify.issuing import excepting, happenings, lifecycle
from flask_certify.issuing.changes import learner_changed
from flask_certify.issuing.happenings import REFRESHED
from flask_certify.issuing.lifecycle import WrongGrade
from tests.support.life import Life, heard, names
from tests.support.story import RUN, TOM

REVIEW = Why(Cause.UNDER_REVIEW)


def change(life: Life, ref: str, **changes: object) -> None:
    """From now on the host says this of the learner."""
    life.host.add_learner(RUN, replace(life.host.records[RUN][ref], **changes))  # type: ignore[arg-type]


def graded(life: Life, ref: str = "ada") -> tuple[str | None, str | None, str | None, str | None]:
    record = life.record(ref)
    return record.status, record.grade, record.mode, record.display_name


def test_mode_and_grade_are_kept_as_they_were_evaluated(life: Life) -> None:
    """R-061: whatever the certificate carries."""
    life.issue("ada")
    change(life, "ada", enrolment=Enrolment(mode="verified"), display_name="Ada King")
    assert graded(life) == ("downloadable", "90", Enrolment().mode, "Ada Lovelace")


@pytest.mark.parametrize("grade", [None, "41.5"])
@pytest.mark.parametrize("act", [lifecycle.withdraw, lifecycle.revoke])
def test_a_withdrawal_replaces_the_grade_and_refreshes_mode_and_name(
    life: Life, act: object, grade: str | None
) -> None:
    """R-080: blank unless a grade is given."""
    [ada] = life.issue("ada")
    change(life, "ada", enrolment=Enrolment(mode="verified"), display_name="Ada King")
    act(life.rt, [ada.id], REVIEW, actor=TOM, grade=grade)  # type: ignore[operator]
    assert graded(life) == ("unavailable", grade, "verified", "Ada King")


def test_every_event_that_takes_a_certificate_away_blanks_the_grade(life: Life, host_app: Flask) -> None:
    """R-080: an invalidation, an exam that was rejected, a drop of progress; and the host hears of it."""
    life.issue("ada", "cy", "dev")
    for ref in ("ada", "cy", "dev"):
        change(life, ref, enrolment=Enrolment(mode="verified"), display_name=f"New {ref}")
    with heard(host_app) as told:
        excepting.invalidate(life.rt, life.run.id, ["ada"], REVIEW, actor=TOM)
        learner_changed(life.rt, RUN, "cy", "exam_rejected")
        change(life, "dev", progress=60)
        learner_changed(life.rt, RUN, "dev")
    assert graded(life) == ("unavailable", None, "verified", "New ada")
    assert graded(life, "cy") == ("unavailable", None, "verified", "New cy")
    assert graded(life, "dev") == ("notpassing", None, "verified", "New dev")
    assert names(told)["award_revoked"] == 3


def test_a_failing_event_gives_the_grade_that_failed(life: Life) -> None:
    """R-070, R-080."""
    life.issue("ada")
    change(life, "ada", passing=False, attempts=())
    learner_changed(life.rt, RUN, "ada")
    assert graded(life)[:2] == ("notpassing", "0")


def test_what_was_withdrawn_returns_with_the_grade_of_its_evaluation(life: Life) -> None:
    """R-078, R-080."""
    [ada] = life.issue("ada")
    lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM, grade="12")
    lifecycle.restore(life.rt, [ada.id], Why(Cause.REVIEW_ENDED), actor=TOM)
    assert graded(life)[:2] == ("downloadable", "90")


def test_a_host_that_is_away_holds_no_withdrawal_up(life: Life) -> None:
    """R-080, R-255: mode and name stay as they were known last; the grade is blanked all the same."""
    [ada] = life.issue("ada")
    with patch.object(type(life.host), "learner_records", side_effect=HostAway()):
        lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM)
    assert life.states("ada") == [AwardState.WITHDRAWN]
    assert graded(life) == ("unavailable", None, Enrolment().mode, "Ada Lovelace")


@pytest.mark.parametrize("grade", ["101", "-1", "good", "82.555", "१०"])
def test_a_grade_that_is_no_percentage_is_refused_and_nothing_is_withdrawn(life: Life, grade: str) -> None:
    """R-080."""
    [ada] = life.issue("ada")
    with pytest.raises(WrongGrade):
        lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM, grade=grade)
    assert life.states("ada") == [AwardState.ISSUED]


def test_a_certificate_made_in_audit_takes_over_the_mode_that_now_earns(life: Life) -> None:
    """R-059: the certificate and its code stay; only the record is refreshed, and who did it is known."""
    [ada] = life.issue("ada")
    _made_in(life, "audit")
    [same] = happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
    assert same.result == REFRESHED and same.award_id == ada.id
    assert graded(life)[:3] == ("downloadable", "90", Enrolment().mode)
    assert life.awards("ada") == [life.award(ada.id)] == [ada]
    assert life.audited("learner:ada") == [("record.mode", None, TOM)]
    [again] = happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
    assert again.result == "already" and [each.code for each in again.reasons] == ["already_final"]


def test_while_the_mode_does_not_earn_a_certificate_made_in_audit_stays_as_it_is(life: Life) -> None:
    """R-059, R-069, R-074."""
    [ada] = life.issue("ada")
    _made_in(life, "audit")
    change(life, "ada", enrolment=Enrolment(mode="audit"))
    learner_changed(life.rt, RUN, "ada", "mode_changed")
    assert graded(life)[:3] == ("downloadable", "90", "audit")
    assert life.award(ada.id) == ada
    change(life, "ada", enrolment=Enrolment(mode="verified"))
    learner_changed(life.rt, RUN, "ada", "mode_changed")
    assert graded(life)[:3] == ("downloadable", "90", "verified")


def _made_in(life: Life, mode: str) -> None:
    """As a host hook or another system may have made it."""

    with life.rt.transaction() as tx:
        tx.session.execute(sa.update(Record).where(Record.learner_ref == "ada").values(mode=mode))
