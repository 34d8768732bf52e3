"""A new certificate in place of another: made first, never doubled, and undone if it was a mistake."""

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState, Move
from flask_certify.core.errors import HostUnavailable
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.credentials.models import IssuerKey
from flask_certify.eligibility import events
from flask_certify.host.ports import HostAway
from flask_certify.issuing import excepting, happenings, lifecycle, people, previews, printing, reissuing, undoing
from flask_certify.issuing.kinds import BatchKind
from flask_certify.issuing.lifecycle import DeclaredInvalid
from flask_certify.issuing.many import LearnerOutcome
from flask_certify.issuing.reissuing import ReplacedAlready
from flask_certify.issuing.undoing import Erased, NothingToUndo, TooLateToUndo, UndoneAlready
from flask_certify.notifications.models import Message
from tests.support.life import WHY, Life, heard, meanwhile, names
from tests.support.story import COMPLETED, RUN, TOM

MISTAKE = Why(Cause.MISTAKEN_REISSUE, "wrong learner")
ISSUED, REVOKED = AwardState.ISSUED, AwardState.REVOKED


def test_a_corrected_name_is_on_the_new_certificate_and_the_old_code_says_replaced(life: Life) -> None:
    """R-098, R-100, R-180: a new code, the predecessor named, the count as before."""
    [old] = life.issue("ada")
    life.host.change_learner(RUN, "ada", display_name="Ada King")
    life.clock.forward(days=3)
    [outcome] = life.reissue("ada")
    new = life.award(outcome.award_id)
    assert outcome.result == "reissued"
    assert (new.replaces_id, new.frozen.recipient_name, new.state) == (old.id, "Ada King", ISSUED)
    assert new.code != old.code
    assert (life.says(old), life.says(new)) == ("superseded", "valid")
    assert (life.is_bit_set(old), life.is_bit_set(new)) == (True, False)
    assert life.issued_count() == 1
    assert life.record("ada").award_id == new.id
    assert life.record("ada").display_name == "Ada King"


def test_the_date_of_completion_is_kept_and_the_date_of_issue_is_new(life: Life) -> None:
    """R-097."""
    [old] = life.issue("ada")
    life.host.change_learner(RUN, "ada", completed_on=None)
    life.clock.forward(days=3)
    life.reissue("ada")
    assert life.states("ada") == [ISSUED]  # who did not complete in time as far as the host knows is refused
    life.host.change_learner(RUN, "ada", completed_on=COMPLETED.replace(day=21))
    life.reissue("ada")
    new = life.awards("ada")[-1]
    assert new.frozen.completed_on == old.frozen.completed_on == COMPLETED
    assert new.frozen.issued_at == life.clock.now() != old.frozen.issued_at


def test_a_corrected_score_may_give_the_other_kind(life: Life) -> None:
    """R-047."""
    from flask_certify.host.records import Attempt

    [old] = life.issue("ada")
    life.host.change_learner(RUN, "ada", attempts=(Attempt("quiz", 60), Attempt("essay", 60)))
    assert life.states("ada") == [ISSUED]
    [outcome] = life.reissue("ada", why=Why(Cause.RESULT_CORRECTED))
    assert (old.frozen.achievement_key, outcome.achievement_key) == ("achievement", "completion")
    assert life.record("ada").type == "completion"


def test_a_refused_reissue_leaves_all_as_it_was_and_is_noted_with_its_reason(life: Life) -> None:
    """R-098, R-101, R-183."""
    [old] = life.issue("ada")
    before = life.record("ada")
    life.host.change_learner(RUN, "ada", progress=60.0)
    [outcome] = life.reissue("ada")
    assert (outcome.result, outcome.reasons[0].code) == ("declined", "progress_below")
    assert life.award(old.id) == old and life.history(old) == [] and life.says(old) == "valid"
    after = life.record("ada")
    assert (after.status, after.label, after.award_id, after.decided_at) == (
        before.status,
        before.label,
        before.award_id,
        before.decided_at,
    )
    assert life.failures("ada") == [("reissue", "progress_below")]
    life.host.change_learner(RUN, "ada", progress=100.0)
    life.reissue("ada")
    assert life.failures("ada") == []


@pytest.mark.parametrize("trouble", ["name", "key"])
def test_a_failed_reissue_leaves_all_as_it_was(life: Life, trouble: str) -> None:
    """R-101: nothing is granted that could not be signed."""
    [old] = life.issue("ada")
    if trouble == "name":
        life.host.change_learner(RUN, "ada", display_name="null")
    else:
        with life.rt.transaction() as tx:
            tx.session.execute(sa.update(IssuerKey).values(state="retired"))
    [outcome] = life.reissue("ada")
    assert outcome.result == "failed"
    assert life.award(old.id) == old and life.says(old) == "valid" and len(life.awards("ada")) == 1
    assert [step for step, _ in life.failures("ada")] == ["reissue"]


def test_an_absent_host_means_later(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-101, R-255."""
    [old] = life.issue("ada")

    def away(*args: object) -> None:
        raise HostAway

    monkeypatch.setattr(life.host, "learner_records", away)
    with pytest.raises(HostUnavailable):
        life.reissue("ada")
    assert life.award(old.id) == old and life.failures("ada") == []


def test_who_never_had_one_gets_a_first_certificate_and_the_count_rises(life: Life) -> None:
    """R-099."""
    [old] = life.issue("ada")
    outcomes = life.reissue("cy", "ben", "ada")
    assert [(each.learner_ref, each.result) for each in outcomes] == [
        ("cy", "issued"),
        ("ben", "declined"),
        ("ada", "reissued"),
    ]
    assert life.issued_count() == 2
    assert life.awards("cy")[0].replaces_id is None
    assert life.says(old) == "superseded"


def test_two_reissues_at_once_give_one_successor(life: Life, host_app: Flask) -> None:
    """R-094, R-100: the index, not a look beforehand."""
    life.issue("ada")
    start, results = threading.Barrier(2), list[LearnerOutcome]()

    def act() -> None:
        with host_app.app_context():
            start.wait()
            results.extend(life.reissue("ada"))

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = life.states("ada")
    assert states.count(ISSUED) == 1 and states.count(REVOKED) == len(states) - 1
    assert [each.result for each in results].count("reissued") == len(states) - 1
    assert life.issued_count() == 1


def test_the_database_itself_refuses_a_second_successor(life: Life) -> None:
    """R-094."""
    life.issue("ada")
    [outcome] = life.reissue("ada")
    with life.rt.reading() as session:
        row = session.get(Award, outcome.award_id)
        assert row is not None
        copy = {column.name: getattr(row, column.name) for column in Award.__table__.columns}
    from flask_certify.core.ids import new_code, new_id

    copy |= {"id": new_id(), "code": new_code(), "state": "granted"}
    with pytest.raises(sa.exc.IntegrityError), life.rt.transaction() as tx:
        tx.session.execute(sa.insert(Award).values(copy))
    assert len(life.awards("ada")) == 2


def test_the_learner_and_the_host_are_told_once(life: Life, host_app: Flask) -> None:
    """R-081, R-098, R-161."""
    life.issue("ada")
    with heard(host_app) as told:
        [outcome] = life.reissue("ada")
    assert names(told) == {"award_reissued": 1, "record_changed": 1}
    with life.rt.reading() as session:
        found = session.scalars(sa.select(Message).where(Message.award_id == outcome.award_id)).all()
    assert {(each.event, each.channel) for each in found} == {("reissued", "email"), ("reissued", "sms")}


def test_both_certificates_have_their_trail(life: Life) -> None:
    """R-102, R-253."""
    [old] = life.issue("ada")
    [outcome] = life.reissue("ada")
    [move] = life.history(old)
    assert (move.move, move.cause, move.note) == (Move.SUPERSEDE, WHY.cause, WHY.note)
    assert move.details == {"by": str(outcome.award_id)}
    assert life.audited(f"award:{outcome.award_id}") == [("award.issue", "name_corrected", TOM)]


def test_staff_see_old_and_new_name_before(life: Life) -> None:
    """R-183."""
    life.issue("ada")
    life.host.change_learner(RUN, "ada", display_name="Ada King")
    ada, ben = reissuing.compare(life.rt, life.run.id, ["ada", "ben"])
    assert ada.old is not None
    assert (ada.old.frozen.recipient_name, ada.new_name, ada.refused) == ("Ada Lovelace", "Ada King", ())
    assert (ben.old, ben.new_name, ben.refused[0].code) == (None, None, "progress_below")
    assert len(life.awards("ada")) == 1


def test_a_withdrawn_certificate_may_be_replaced_as_well(life: Life) -> None:
    [old] = life.issue("ada")
    lifecycle.withdraw(life.rt, [old.id], WHY, actor=TOM)
    [outcome] = life.reissue("ada")
    assert (outcome.result, life.states("ada")) == ("reissued", [REVOKED, ISSUED])


# ---- undo ------------------------------------------------------------------------------------------


def test_a_mistaken_reissue_is_undone_and_both_are_recorded(life: Life, host_app: Flask) -> None:
    """R-103: the new one is revoked, the old one counts again under its code; bits and bytes as before."""
    [old] = life.issue("ada")
    before = printing.get_document(life.rt, old.id)
    [outcome] = life.reissue("ada")
    new = life.award(outcome.award_id)
    life.clock.forward(days=14)
    with heard(host_app) as told:
        back = undoing.undo(life.rt, new.id, MISTAKE, actor=TOM)
    assert (back.id, back.state) == (old.id, ISSUED)
    assert (life.says(old), life.says(new)) == ("valid", "revoked")
    assert (life.is_bit_set(old), life.is_bit_set(new)) == (False, True)
    assert printing.get_document(life.rt, old.id) == before
    assert life.record("ada").award_id == old.id and life.issued_count() == 1
    assert [each.move for each in life.history(old)] == [Move.SUPERSEDE, Move.UNDO]
    assert [each.move for each in life.history(new)] == [Move.REVOKE]
    assert names(told)["award_revoked"] == names(told)["award_restored"] == 1
    [again] = life.reissue("ada")
    assert again.result == "reissued"


def test_after_the_set_time_it_cannot_be_undone(life: Life) -> None:
    """R-103."""
    life.issue("ada")
    [outcome] = life.reissue("ada")
    life.clock.forward(days=14, seconds=1)
    assert outcome.award_id is not None
    with pytest.raises(TooLateToUndo, match="14 days"):
        undoing.undo(life.rt, outcome.award_id, MISTAKE, actor=TOM)
    assert life.states("ada") == [REVOKED, ISSUED]


def test_what_was_withdrawn_before_is_withdrawn_after_the_undoing(life: Life) -> None:
    [old] = life.issue("ada")
    lifecycle.withdraw(life.rt, [old.id], WHY, actor=TOM)
    [outcome] = life.reissue("ada")
    assert outcome.award_id is not None
    back = undoing.undo(life.rt, outcome.award_id, MISTAKE, actor=TOM)
    assert (back.id, back.state) == (old.id, AwardState.WITHDRAWN)
    assert life.is_bit_set(old) and life.record("ada").status == "unavailable"


def test_undoing_gives_nothing_back_while_the_certificate_is_declared_invalid(life: Life) -> None:
    """R-077, R-103: an invalidation outranks everything; once it is lifted, the way back is open again."""
    [old] = life.issue("ada")
    [outcome] = life.reissue("ada")
    excepting.invalidate(life.rt, life.run.id, ["ada"], WHY, actor=TOM)
    assert outcome.award_id is not None
    with pytest.raises(DeclaredInvalid):
        undoing.undo(life.rt, outcome.award_id, MISTAKE, actor=TOM)
    assert life.states("ada") == [REVOKED, AwardState.WITHDRAWN]
    excepting.lift(life.rt, life.run.id, ["ada"], WHY, actor=TOM)
    assert undoing.undo(life.rt, outcome.award_id, MISTAKE, actor=TOM).id == old.id


@pytest.mark.parametrize("which", ["before", "since"])
def test_what_an_event_withdrew_comes_back_withdrawn_and_returns_when_passed_again(life: Life, which: str) -> None:
    """R-076, R-103: undoing decides on the re-issue, and not on the withdrawal."""
    failed = {"ada": events.Failed()}
    [old] = life.issue("ada")
    if which == "before":
        happenings.happen(life.rt, life.run.id, failed, actor="host")
    [outcome] = life.reissue("ada")
    if which == "since":
        happenings.happen(life.rt, life.run.id, failed, actor="host")
    assert outcome.award_id is not None
    back = undoing.undo(life.rt, outcome.award_id, MISTAKE, actor=TOM)
    assert (back.id, back.state, life.record("ada").status) == (old.id, AwardState.WITHDRAWN, "notpassing")
    [again] = happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (again.result, life.says(old)) == ("restored", "valid")


def test_a_code_that_was_replaced_cannot_be_replaced_again_by_saying_it_twice(life: Life) -> None:
    """R-100: saying it again names what counts now, and makes no third certificate."""
    [old] = life.issue("ada")
    [outcome] = life.reissue("ada")
    new = life.award(outcome.award_id)
    with pytest.raises(ReplacedAlready, match=new.code[:4]):
        reissuing.check_counts(life.rt, life.award(old.id))
    reissuing.check_counts(life.rt, new)
    lifecycle.revoke(life.rt, [new.id], WHY, actor=TOM)
    reissuing.check_counts(life.rt, life.award(new.id))  # nothing took its place: a first one may be asked for


def test_an_invalidation_made_while_a_reissue_is_prepared_counts(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-077: whatever was decided before it, nothing is issued after it."""
    [old] = life.issue("ada")
    lifecycle.withdraw(life.rt, [old.id], WHY, actor=TOM)
    meanwhile(monkeypatch, reissuing, lambda: excepting.invalidate(life.rt, life.run.id, ["ada"], WHY, actor=TOM))
    [outcome] = life.reissue("ada")
    assert (outcome.result, outcome.reasons[0].code) == ("declined", "invalidated")
    assert life.states("ada") == [AwardState.WITHDRAWN]


def test_what_replaced_nothing_or_counts_no_more_cannot_be_undone(life: Life) -> None:
    [first] = life.issue("ada")
    with pytest.raises(NothingToUndo):
        undoing.undo(life.rt, first.id, MISTAKE, actor=TOM)
    with pytest.raises(NothingToUndo):
        undoing.find_undoable(life.rt, first)
    [outcome] = life.reissue("ada")
    new = life.award(outcome.award_id)
    assert undoing.find_undoable(life.rt, life.award(first.id)) == undoing.find_undoable(life.rt, new) == new.id
    undoing.undo(life.rt, new.id, MISTAKE, actor=TOM)
    with pytest.raises(NothingToUndo):
        undoing.undo(life.rt, new.id, MISTAKE, actor=TOM)


def test_who_says_undo_twice_means_one_step_back_and_may_name_the_one_before_for_another(life: Life) -> None:
    """R-103: a command that is given again takes no second certificate away."""
    [first] = life.issue("ada")
    second, third = (life.award(life.reissue("ada")[0].award_id) for _ in range(2))
    assert undoing.find_undoable(life.rt, life.award(second.id)) == third.id
    undoing.undo(life.rt, third.id, MISTAKE, actor=TOM)
    with pytest.raises(UndoneAlready):
        undoing.find_undoable(life.rt, life.award(second.id))
    assert undoing.find_undoable(life.rt, life.award(first.id)) == second.id
    assert [life.award(each.id).state for each in (first, second, third)] == [REVOKED, ISSUED, REVOKED]


def test_an_erased_certificate_does_not_come_back(life: Life) -> None:
    """R-254."""
    life.issue("ada")
    [outcome] = life.reissue("ada")
    people.erase(life.rt, "ada", Why(Cause.HOLDER_REQUEST), actor=TOM)
    assert outcome.award_id is not None
    with pytest.raises(Erased):
        undoing.undo(life.rt, outcome.award_id, MISTAKE, actor=TOM)


def test_nothing_is_issued_again_for_whom_was_erased_though_the_platform_still_knows_them(life: Life) -> None:
    """R-254: neither one by one nor in a batch for all, and the preview says so."""
    [first] = life.issue("ada")
    people.erase(life.rt, "ada", Why(Cause.HOLDER_REQUEST), actor=TOM)
    [outcome] = life.reissue("ada")
    assert (outcome.result, [each.code for each in outcome.reasons]) == ("declined", ["erased"])
    batch = previews.look(life.rt, life.award(first.id).run_id, BatchKind.REISSUE, TOM)
    seen = previews.get(life.rt, batch)
    assert seen is not None and (seen.to_do, dict(seen.declined)) == (0, {"erased": 1})
    assert life.award(first.id).state is ISSUED


def test_the_set_time_is_a_setting(life: Life) -> None:
    """R-103."""
    life.issue("ada")
    [outcome] = life.reissue("ada")
    settings: Settings = replace(life.rt.settings, undo_days=0)
    rt: Runtime = replace(life.rt, settings=settings)
    life.clock.forward(seconds=1)
    assert outcome.award_id is not None
    with pytest.raises(TooLateToUndo):
        undoing.undo(rt, outcome.award_id, MISTAKE, actor=TOM)
