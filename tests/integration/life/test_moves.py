"""Withdraw, restore and revoke: every move has an actor and a reason, and everybody who should know is told."""

import threading
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.causes import LONGEST_NOTE, WORDS, Cause, NoteTooLong, UnknownCause, Why, public
from flask_certify.awards.states import AwardState, IllegalMove, Move
from flask_certify.core.audit import AuditEntry, first_broken
from flask_certify.issuing import lifecycle
from flask_certify.issuing.lifecycle import DeclaredInvalid, Left, OnAllowlist, Report
from flask_certify.issuing.many import issue_many
from flask_certify.notifications.models import Message
from tests.support.life import Life, counting, heard, names
from tests.support.story import TOM, learner

REVIEW = Why(Cause.UNDER_REVIEW, "somebody wrote to us")
WRONG = Why(Cause.ISSUED_IN_ERROR)


def test_a_withdrawn_certificate_comes_back_with_its_code(life: Life) -> None:
    """R-076, R-113: the page, the status list and the record say so, both times."""
    [ada] = life.issue("ada")
    lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM)
    assert (life.says(ada), life.is_bit_set(ada)) == ("revoked", True)
    record = life.record("ada")
    assert (record.status, record.label, record.type, record.award_id) == ("unavailable", "", None, None)
    lifecycle.restore(life.rt, [ada.id], Why(Cause.REVIEW_ENDED), actor=TOM)
    assert (life.says(ada), life.is_bit_set(ada)) == ("valid", False)
    record = life.record("ada")
    assert (record.status, record.label, record.type, record.award_id) == (
        "downloadable",
        "Issued",
        "achievement",
        ada.id,
    )
    assert life.award(ada.id).code == ada.code


def test_every_move_is_recorded_with_actor_reason_note_and_time(life: Life) -> None:
    """R-102, R-253: the note stands beside the award, and in no entry of the audit log."""
    [ada] = life.issue("ada")
    life.clock.forward(hours=1)
    lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM)
    [move] = life.history(ada)
    assert (move.at, move.actor_ref, move.move) == (life.clock.now(), TOM, Move.WITHDRAW)
    assert (move.was, move.now) == (AwardState.ISSUED, AwardState.WITHDRAWN)
    assert (move.cause, move.by_person, move.note) == (Cause.UNDER_REVIEW, True, "somebody wrote to us")
    assert life.audited(f"award:{ada.id}") == [
        ("award.issue", None, TOM),
        ("award.withdraw", "under_review", TOM),
    ]
    with life.rt.reading() as session:
        assert "somebody wrote" not in str([each.details for each in session.scalars(sa.select(AuditEntry))])
        assert first_broken(session, "wales") is None


def test_a_reason_of_a_known_class_is_required() -> None:
    """R-102."""
    for given in (None, "", "because", Cause.CONTENT_ADDED):
        with pytest.raises(UnknownCause, match="one of: name_corrected, "):
            Why.given(given)
    with pytest.raises(NoteTooLong):
        Why.given("other", "x" * (LONGEST_NOTE + 1))
    assert Why.given("other", "  ") == Why(Cause.OTHER, None)
    assert Why.given("other", "by\0hand\ud800").note == "by\ufffdhand\ufffd"  # as every database takes it


def test_the_public_never_reads_of_misconduct() -> None:
    """R-102."""
    assert public(Cause.MISCONDUCT) is public(Cause.EXAM_REJECTED) is Cause.OTHER
    assert public(Cause.NAME_CORRECTED) is Cause.NAME_CORRECTED
    assert set(WORDS) == set(Cause)


def test_a_revoked_certificate_is_gone_for_good_and_still_answers(life: Life) -> None:
    """R-112, R-113."""
    [ada] = life.issue("ada")
    lifecycle.revoke(life.rt, [ada.id], WRONG, actor=TOM)
    assert (life.says(ada), life.is_bit_set(ada), life.states("ada")) == ("revoked", True, [AwardState.REVOKED])
    report = lifecycle.restore(life.rt, [ada.id], WRONG, actor=TOM)
    with pytest.raises(IllegalMove, match="is revoked cannot be changed by: restore"):
        lifecycle.only(report, Move.RESTORE)


def test_what_a_person_revoked_is_not_issued_again_until_that_is_lifted(life: Life) -> None:
    """R-061, R-074: unless they say that it may be earned again; the new one then names the old (R-110)."""
    ada, cy = life.issue("ada", "cy")
    lifecycle.revoke(life.rt, [ada.id], WRONG, actor=TOM)
    lifecycle.revoke(life.rt, [cy.id], WRONG, actor=TOM, bar=False)
    outcomes = issue_many(life.rt, life.run.id, ["ada", "cy"], actor=TOM)
    assert [(each.result, each.reasons[0].code) for each in outcomes] == [
        ("declined", "invalidated"),
        ("issued", "progress"),
    ]
    assert life.record("ada").status == "unavailable"
    new = life.awards("cy")[-1]
    assert new.code != cy.code and new.replaces_id is None and life.says(cy) == "revoked"
    with life.rt.reading() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM certify_award WHERE follows_id IS NOT NULL")) == 1


def test_many_are_revoked_at_once_after_a_preview_and_the_others_are_named(life: Life) -> None:
    """R-111."""
    ada, cy, dev = life.issue("ada", "cy", "dev")
    lifecycle.revoke(life.rt, [dev.id], WRONG, actor=TOM)
    nobody = uuid4()
    ids = [ada.id, cy.id, dev.id, nobody, ada.id]
    seen = lifecycle.preview(life.rt, ids, Move.REVOKE)
    assert {each.award_id for each in seen.moved} == {ada.id, cy.id}
    assert life.states("ada") == [AwardState.ISSUED]
    done = lifecycle.revoke(life.rt, ids, WRONG, actor=TOM)
    assert {each.award_id for each in done.moved} == {ada.id, cy.id}
    assert set(done.left) == {
        Left(dev.id, "award.illegal_move", AwardState.REVOKED),
        Left(nobody, "award.unknown", None),
    }
    assert life.issued_count() == 0


def test_one_that_cannot_be_moved_says_why(life: Life) -> None:
    for code, error in (("exception.listed", OnAllowlist), ("exception.invalid", DeclaredInvalid)):
        with pytest.raises(error):
            lifecycle.only(Report((), (Left(uuid4(), code, AwardState.ISSUED),)), Move.REVOKE)


def test_the_host_hears_revoked_only_of_what_could_be_downloaded(life: Life, host_app: Flask) -> None:
    """R-080, R-081."""
    [ada] = life.issue("ada")
    with heard(host_app) as told:
        lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM)
    assert names(told) == {"award_withdrawn": 1, "award_revoked": 1, "record_changed": 1}
    assert dict(told)["award_revoked"] | {} == {
        "award_id": ada.id,
        "run_ref": "physics-1",
        "learner_ref": "ada",
        "code": ada.code,
        "cause": "under_review",
        "final": False,
    }
    assert dict(told)["record_changed"]["status"] == "unavailable"
    with heard(host_app) as told:
        lifecycle.revoke(life.rt, [ada.id], WRONG, actor=TOM)
    assert names(told) == {"record_changed": 1}


def test_an_issue_and_a_return_are_signalled_with_status_and_date(life: Life, host_app: Flask) -> None:
    """R-081."""
    with heard(host_app) as told:
        [ada] = life.issue("ada")
    assert names(told) == {"award_issued": 1, "record_changed": 1}
    assert dict(told)["record_changed"] == {
        "run_ref": "physics-1",
        "learner_ref": "ada",
        "status": "downloadable",
        "awarded_at": ada.issued_at,
    }
    lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM)
    with heard(host_app) as told:
        lifecycle.restore(life.rt, [ada.id], REVIEW, actor=TOM)
    assert names(told) == {"award_restored": 1, "record_changed": 1}
    assert dict(told)["record_changed"]["awarded_at"] == ada.issued_at


def test_the_learner_is_told_if_somebody_chose_so_and_each_time_anew(life: Life) -> None:
    """R-111."""
    [ada] = life.issue("ada")
    for tell in (True, False, True):
        lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM, tell=tell)
        lifecycle.restore(life.rt, [ada.id], REVIEW, actor=TOM)
    with life.rt.reading() as session:
        events = set(session.scalars(sa.select(Message.event)))
    assert events == {"issued", "withdrawn", "withdrawn.3"}


def test_of_two_who_move_one_certificate_at_once_one_moves_it(life: Life, host_app: Flask) -> None:
    """R-094."""
    [ada] = life.issue("ada")
    start, reports = threading.Barrier(2), list[Report]()

    def act() -> None:
        start.wait()
        with host_app.app_context():
            reports.append(lifecycle.withdraw(life.rt, [ada.id], REVIEW, actor=TOM))

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(each.moved) for each in reports) == [0, 1]
    assert len(life.history(ada)) == 1


def test_many_are_moved_by_as_many_statements_as_a_few(life: Life, host_app: Flask) -> None:
    """R-249."""
    for number in range(30):
        life.host.add_learner("physics-1", learner(f"y{number:02}", f"Learner {number}"))
    refs = sorted(ref for ref in life.host.records["physics-1"] if ref.startswith("y"))
    awards = life.issue(*refs)
    few, many = ([each.id for each in awards[:3]], [each.id for each in awards[3:]])
    counts = []
    for ids in (few, many):
        with counting() as statements:
            lifecycle.revoke(life.rt, ids, WRONG, actor=TOM)
        counts.append(len(statements))
    assert counts[0] == counts[1]
