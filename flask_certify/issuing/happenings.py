"""Carries out what follows from an event about a learner's certificate, and from evaluating anew (group B3).

`eligibility.events` says what follows; here it is done to awards, records and exceptions, many at a time. What an
event withdrew, an evaluation may bring back under the same code (R-076, R-078); what a person withdrew, it may not.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Attachment
from ..achievements.service import RunView, get_run
from ..awards import exceptions, moves
from ..awards import service as awards
from ..awards.causes import Cause, Why
from ..awards.exceptions import Kind
from ..awards.models import Award, Record
from ..awards.moves import Fresh, Moved
from ..awards.service import Standing
from ..awards.states import AwardState, Move
from ..core import audit
from ..core.runtime import Runtime
from ..core.texts import storable
from ..core.transaction import Transaction
from ..eligibility import events, notation, rules
from ..eligibility.engine import Act, Outcome, Status
from ..eligibility.events import Evaluate, Event, Invalidate, ProgressSaid, Response, SetStatus, respond
from ..eligibility.facts import NOTHING_KEPT
from ..eligibility.reasons import Reason
from ..eligibility.scores import exact
from ..eligibility.service import Decided, ask_records
from . import vetoes
from .keeping import ask_fresh, fresh_of, kept_of, mode_of, turned
from .lifecycle import after_moves, signal_status
from .many import ALREADY, LearnerOutcome, issue_many, open_order

RESTORED, WITHDRAWN, REFRESHED = "restored", "withdrawn", "refreshed"

CAUSES: Mapping[type[Event], Cause] = {
    events.Failed: Cause.NOT_PASSING,
    events.ExamRejected: Cause.EXAM_REJECTED,
    events.AllowlistRemoved: Cause.EXCEPTION_REMOVED,
    events.InvalidationMade: Cause.INVALIDATED,
    events.ProgressSaid: Cause.CONTENT_ADDED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """What the host says has happened, so that "why is it revoked?" has an answer (R-110)."""

    by: str | None = None  # the host's reference of who did it
    at: datetime | None = None

    @classmethod
    def said(cls, by: str | None, at: datetime | None) -> "Change":
        """As the tables take it. A moment without a zone is taken for one in UTC."""
        return cls(storable(by, 100), at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at)

    def details(self) -> dict[str, str]:
        said = {"changed_by": self.by, "changed_at": self.at.isoformat() if self.at else None}
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True)
class Happened:
    """What came of an event: a response for each learner, what was moved, and what evaluating led to."""

    responses: Mapping[str, Response]
    moved: tuple[Moved, ...] = ()
    outcomes: Sequence[LearnerOutcome] = field(default=())


@dataclass(frozen=True)
class Taking:
    """What is noted with everything that an event takes away."""

    actor: str
    change: Change | None
    grades: Mapping[str, str | None]
    fresh: Mapping[tuple[UUID, str], Fresh]


# ---- events ----------------------------------------------------------------------------------------


def happen(
    rt: Runtime,
    run_id: UUID,
    happened: Mapping[str, Event],
    *,
    actor: str,
    automatic: bool = True,
    why: Why | None = None,
    change: Change | None = None,
    grades: Mapping[str, str | None] | None = None,
    within: Callable[[Transaction], Collection[str]] | None = None,
) -> Happened:
    """What follows for each of these learners is done, and recorded. Doing it again changes nothing.

    `within` makes or ends the exception that the event is about, in the same transaction, and says for whom it did: the
    others are left alone.

    `grades`: what is recorded in place of the grade of whoever loses a certificate by it; else that is blank (R-080).

    Raises UnknownRun, and what evaluating raises; what follows at once is done by then.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
        kept = kept_of(session, run_id, happened)
    responses = {
        ref: respond(event, kept.get(ref, NOTHING_KEPT), automatic=automatic) for ref, event in happened.items()
    }
    losing = [ref for ref, each in responses.items() if isinstance(each.action, SetStatus | Invalidate)]
    fresh = ask_fresh(rt, [(run_id, run.run_ref, ref) for ref in losing])
    taking = Taking(actor, change, grades or {}, fresh)
    moved: list[Moved] = []
    with rt.transaction() as tx:
        concerned = within(tx) if within else happened.keys()
        happened = {ref: event for ref, event in happened.items() if ref in concerned}
        # While the host was asked, somebody may have been put on the allowlist: what is taken away is asked about anew.
        kept = kept_of(tx.session, run_id, losing) if losing else {}
        responses = {ref: responses[ref] for ref in happened} | {
            ref: respond(happened[ref], kept.get(ref, NOTHING_KEPT), automatic=automatic)
            for ref in losing
            if ref in happened
        }
        for kind in dict.fromkeys(type(event) for event in happened.values()):
            refs = [ref for ref, event in happened.items() if type(event) is kind]
            moved += _carry_out(rt, tx, run, kind, {ref: responses[ref] for ref in refs}, why, taking)
    wanted = [ref for ref, response in responses.items() if isinstance(response.action, Evaluate)]
    return Happened(responses, tuple(moved), reconsider(rt, run_id, wanted, actor=actor) if wanted else ())


def _carry_out(
    rt: Runtime,
    tx: Transaction,
    run: RunView,
    kind: type[Event],
    responses: Mapping[str, Response],
    why: Why | None,
    taking: "Taking",
) -> list[Moved]:
    moved: list[Moved] = []
    said = Why(CAUSES.get(kind, Cause.OTHER), why.note if why else None)
    for status, final in ((Status.NOTPASSING, False), (Status.UNAVAILABLE, False), (Status.NOTPASSING, True)):
        refs = [ref for ref, each in responses.items() if each.action == SetStatus(status, final)]
        if refs:
            move = Move.REVOKE if final else Move.WITHDRAW
            moved += _take(rt, tx, run, refs, move, said, status, taking)
    barred = [ref for ref, each in responses.items() if isinstance(each.action, Invalidate)]
    if barred:
        invalidate(rt, tx, run, dict.fromkeys(barred, said), actor=taking.actor)
        moved += _take(rt, tx, run, barred, Move.WITHDRAW, said, Status.UNAVAILABLE, taking)
    return moved


def _take(
    rt: Runtime,
    tx: Transaction,
    run: RunView,
    refs: Sequence[str],
    move: Move,
    why: Why,
    status: Status,
    taking: "Taking",
) -> list[Moved]:
    """Withdraws or revokes what these learners have, and writes the status of those who have a record."""
    standing = awards.standing_of(tx.session, run.tenant_ref, run.run_ref, refs)
    ids = [each.award_id for each in standing.values() if each.state is not AwardState.GRANTED]
    details = dict.fromkeys(ids, taking.change.details()) if taking.change else None
    _write_status(rt, tx, run, refs, status)  # of those without a certificate; the others follow from the move
    moved = moves.move_many(
        tx,
        ids,
        move,
        why,
        actor=taking.actor,
        now=rt.clock.now(),
        by_person=False,
        details=details,
        grades=taking.grades,
        fresh=taking.fresh,
    )
    after_moves(rt, tx, moved, move, why.cause)
    return moved


def invalidate(rt: Runtime, tx: Transaction, run: RunView, whys: Mapping[str, Why], *, actor: str) -> dict[str, UUID]:
    """Makes an invalidation for each of these learners who has none, and is not on the allowlist (R-079)."""
    now = rt.clock.now()
    made = exceptions.begin_many(tx, run.id, Kind.INVALID, whys, actor=actor, now=now)
    acts = [
        audit.Act("exception.invalid", f"exception:{made_id}", whys[ref].cause, {"run": str(run.id)})
        for ref, made_id in made.items()
    ]
    audit.record_many(tx, tenant_ref=run.tenant_ref, actor_ref=actor, at=now, acts=acts)
    return made


def _write_status(rt: Runtime, tx: Transaction, run: RunView, refs: Sequence[str], status: Status) -> None:
    """Of learners who have a record of their own, and no certificate that counts; no record is made (R-066).

    The same status is not written, and every change of it is signalled (R-065, R-081).
    """
    for some in moves.in_parts(refs):
        changing = sa.and_(
            Record.run_id == run.id,
            Record.learner_ref.in_(some),
            Record.status != status.value,
            Record.award_id.is_(None),
        )
        changed = tx.session.scalars(sa.select(Record.learner_ref).where(changing).order_by(Record.learner_ref)).all()
        tx.session.execute(
            sa.update(Record)
            .where(changing)
            .values(status=status.value, grade=None)
            .execution_options(synchronize_session=False)
        )
        for ref in changed:
            signal_status(rt, tx, run, ref, status.value)


# ---- a drop of progress ----------------------------------------------------------------------------


def look_for_drops(
    rt: Runtime, run_id: UUID, learner_refs: Collection[str], *, actor: str, change: Change | None = None
) -> Happened:
    """Revokes the certificates of those of whom the host now states a progress below what was asked (R-075, R-108).

    Silence, nonsense and an absent host take nothing away. Raises UnknownRun, HostUnavailable.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
        asked = {
            ref: rules.progress_asked(notation.from_json(rule))
            for some in moves.in_parts(learner_refs)
            for ref, rule in session.execute(
                sa.select(Award.learner_ref, Attachment.rule)
                .join(Attachment, Attachment.id == Award.attachment_id)
                .where(Award.run_id == run_id, Award.learner_ref.in_(some), Award.state == AwardState.ISSUED)
            )
        }
    holders = sorted(asked)
    if not holders:
        return Happened({})
    records, _ = ask_records(rt, run.run_ref, holders)
    said = {ref: ProgressSaid(_progress(records[ref].progress), asked[ref]) for ref in holders if ref in records}
    return happen(rt, run_id, said, actor=actor, change=change or Change())


def _progress(said: float | None) -> Any:
    """A number from 0 to 100, or nothing: what cannot be a percentage is no statement."""
    return exact(said) if said is not None and 0 <= said <= 100 else None


# ---- evaluating anew -------------------------------------------------------------------------------


def reconsider(
    rt: Runtime, run_id: UUID, learner_refs: Sequence[str], *, actor: str, notify: bool = True
) -> list[LearnerOutcome]:
    """Decides anew for these learners: issues what is due, and brings back what an event had withdrawn (R-078).

    Takes nothing away but what an active invalidation stands against (R-074). Raises what `issue_many` raises.
    """
    refs = list(dict.fromkeys(learner_refs))
    order = open_order(rt, run_id, actor=actor, notify=notify)
    with rt.reading() as session:
        standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, refs)
        held = {ref: each for ref, each in standing.items() if each.state is not AwardState.GRANTED}
        kept = kept_of(session, run_id, list(held))
        withdrawals = moves.last_moves(session, [each.award_id for each in held.values()], Move.WITHDRAW)
    outcomes = {
        ref: LearnerOutcome(ref, ALREADY, (), each.achievement_key, each.award_id) for ref, each in held.items()
    }
    found = vetoes.decide_and_ask(rt, order.course_run, order.attachments, list(held), kept) if held else []
    back, gone = list[UUID](), list[UUID]()
    set_to: dict[str, Status] = {}
    earning_now = list[Decided]()
    for each in found:
        own, verdict = held[each.learner_ref], each.decision.verdict
        result, reasons = ALREADY, each.decision.reasons
        if own.state is AwardState.WITHDRAWN:
            if not withdrawals[own.award_id].by_person:
                if each.decision.granted:
                    back.append(own.award_id)
                    result = RESTORED
                elif verdict is not None and verdict.act is Act.SET_STATUS and verdict.status_after:
                    set_to[each.learner_ref] = Status(verdict.status_after)
        elif verdict is not None and verdict.act is Act.SET_STATUS and verdict.status_after == Status.UNAVAILABLE:
            gone.append(own.award_id)
            result = WITHDRAWN
        elif each.decision.granted:  # it was made in a mode that does not earn, and the enrolment's mode now does
            earning_now.append(each)
            result = REFRESHED
        outcomes[each.learner_ref] = _outcome(own, each.learner_ref, result, reasons)
    fresh = fresh_of(run_id, {each.learner_ref: each.record for each in found if each.record is not None})
    with rt.transaction() as tx:
        now = rt.clock.now()
        since = turned(tx.session, run_id, kept, [ref for ref, each in held.items() if each.award_id in back])
        back = [each for each in back if each not in {held[ref].award_id for ref in since}]
        outcomes |= {ref: _outcome(held[ref], ref, ALREADY, (reason,)) for ref, reason in since.items()}
        lifted = _not_invalid(tx, run_id, [ref for ref, each in held.items() if each.award_id in gone])
        gone = [each for each in gone if each not in {held[ref].award_id for ref in lifted}]
        outcomes |= {ref: _outcome(held[ref], ref, ALREADY, (Reason("already_issued"),)) for ref in lifted}
        _refresh_modes(tx, order.run, earning_now, actor, now)
        for ids, move, cause in (
            (back, Move.RESTORE, Cause.PASSING_AGAIN),
            (gone, Move.WITHDRAW, Cause.INVALIDATED),
        ):
            moved = moves.move_many(tx, ids, move, Why(cause), actor=actor, now=now, by_person=False, fresh=fresh)
            after_moves(rt, tx, moved, move, cause)
        _note_eligible(tx, run_id, [each for each in found if held[each.learner_ref].state is AwardState.WITHDRAWN])
        for status in sorted(set(set_to.values())):
            _write_status(rt, tx, order.run, [ref for ref, each in set_to.items() if each is status], status)
    first = [ref for ref in refs if ref not in held]
    if first:
        outcomes |= {each.learner_ref: each for each in issue_many(rt, run_id, first, actor=actor, notify=notify)}
    return [outcomes[ref] for ref in refs]


def _note_eligible(tx: Transaction, run_id: UUID, found: Sequence[Decided]) -> None:
    """What was decided about those whose certificate is withdrawn, for the review queue."""
    for outcome, is_granted in ((Outcome.GRANTED, True), (Outcome.DECLINED, False)):
        refs = [each.learner_ref for each in found if each.decision.outcome is outcome]
        for some in moves.in_parts(refs):
            tx.session.execute(
                sa.update(Record)
                .where(Record.run_id == run_id, Record.learner_ref.in_(some))
                .values(eligible=is_granted)
                .execution_options(synchronize_session=False)
            )


def _not_invalid(tx: Transaction, run_id: UUID, refs: Sequence[str]) -> list[str]:
    """Of these, whose certificate is not declared invalid any more: that was lifted after it was decided."""
    found = exceptions.of_learners(tx.session, run_id, refs)
    return [ref for ref in refs if not found.get(ref, exceptions.NONE).invalid]


def _refresh_modes(tx: Transaction, run: RunView, found: Sequence[Decided], actor: str, now: datetime) -> None:
    """The record takes over mode and grade as evaluated; the certificate stays as it is (R-059)."""
    for each in found:
        tx.session.execute(
            sa.update(Record)
            .where(Record.run_id == run.id, Record.learner_ref == each.learner_ref)
            .values(mode=mode_of(each.record), grade=each.score)
            .execution_options(synchronize_session=False)
        )
    acts = [audit.Act("record.mode", f"learner:{each.learner_ref}", None, {"run": str(run.id)}) for each in found]
    if acts:
        audit.record_many(tx, tenant_ref=run.tenant_ref, actor_ref=actor, at=now, acts=acts)


def _outcome(own: Standing, ref: str, result: str, reasons: tuple[Reason, ...]) -> LearnerOutcome:
    return LearnerOutcome(ref, result, reasons, own.achievement_key, own.award_id)
