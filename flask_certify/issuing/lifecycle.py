"""Withdraw, restore and revoke awards, one or many: each move with an actor and a reason (R-102, R-111).

What follows a move is the same everywhere: the status list is published anew when next asked for, the record of the
learner is refreshed, the host is told by signals, and the learner if somebody chose so.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import RunView
from ..awards import exceptions, moves
from ..awards.causes import Cause, Why
from ..awards.exceptions import Kind
from ..awards.models import Award, Record
from ..awards.moves import Moved
from ..awards.service import AwardView, UnknownAward, find_by_code
from ..awards.states import AwardState, IllegalMove, Move, before
from ..core import audit
from ..core.errors import BadInput, Conflict
from ..core.i18n import N_
from ..core.ids import parse_code
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..credentials.service import mark_dirty
from ..notifications import service as notifications
from ..notifications.service import Telling
from .keeping import ask_fresh

UNKNOWN, ILLEGAL, LISTED, INVALID = "award.unknown", "award.illegal_move", "exception.listed", "exception.invalid"

EVENTS = {Move.WITHDRAW: "withdrawn", Move.RESTORE: "restored", Move.REVOKE: "revoked", Move.UNDO: "restored"}
"""What the learner is told of, if anything."""


class OnAllowlist(Conflict):
    code = LISTED
    sentence = N_(
        "The learner is on the list of exceptions of this course run, so nothing can be declared invalid. "
        "Remove the entry first, or let the learner earn the certificate again."
    )


class DeclaredInvalid(Conflict):
    code = INVALID
    sentence = N_("The learner's certificate is declared invalid in this course run. Lift that first.")


class WrongGrade(BadInput):
    code = "record.grade"
    sentence = N_("%(grade)s is no grade. Write a percentage with at most two decimals, for example 82.5.")


@dataclass(frozen=True, slots=True)
class Left:
    """An award that was left as it is, and why: a code."""

    award_id: UUID
    code: str
    state: AwardState | None  # None: there is no such award


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the awards that were to be moved."""

    moved: tuple[Moved, ...]
    left: tuple[Left, ...]


# ---- one by its code -------------------------------------------------------------------------------


def get_by_code(rt: Runtime, typed: str) -> AwardView:
    """The award with this code. Raises UnknownAward."""
    code = parse_code(typed)
    with rt.reading() as session:
        award = find_by_code(session, code) if code else None
    if award is None:
        raise UnknownAward()
    return award


def only(report: Report, move: Move) -> Moved:
    """The one award that was to be moved. Raises what forbids it: UnknownAward, OnAllowlist, IllegalMove, …"""
    if report.moved:
        return report.moved[0]
    [left] = report.left
    match left.code:
        case "award.unknown":
            raise UnknownAward()
        case "exception.listed":
            raise OnAllowlist()
        case "exception.invalid":
            raise DeclaredInvalid()
        case _:
            assert left.state is not None
            raise IllegalMove(state=left.state.value, move=move.value)


# ---- one or many -----------------------------------------------------------------------------------


def preview(rt: Runtime, award_ids: Collection[UUID], move: Move, *, bar: bool = True) -> Report:
    """What withdrawing, restoring or revoking these would do. Writes nothing."""
    with rt.reading() as session:
        return plan_moves(session, award_ids, move, bar=bar)


def withdraw(
    rt: Runtime, award_ids: Collection[UUID], why: Why, *, actor: str, tell: bool = False, grade: str | None = None
) -> Report:
    """Takes them back for now. They return by `restore` and by nothing else, with the same codes (R-076).

    The recorded grade becomes this one, or blank (R-080). Raises WrongGrade.
    """
    return _move(rt, award_ids, Move.WITHDRAW, why, actor=actor, tell=tell, grade=grade)


def restore(rt: Runtime, award_ids: Collection[UUID], why: Why, *, actor: str, tell: bool = False) -> Report:
    """Brings back what was withdrawn. Where an invalidation holds, that has to be lifted instead."""
    return _move(rt, award_ids, Move.RESTORE, why, actor=actor, tell=tell)


def revoke(
    rt: Runtime,
    award_ids: Collection[UUID],
    why: Why,
    *,
    actor: str,
    tell: bool = False,
    bar: bool = True,
    grade: str | None = None,
) -> Report:
    """Takes them back for good; the grade as `withdraw` does.

    With `bar` an invalidation is made as well, or the next night would issue again. An award of somebody on the
    allowlist is left as it is then, since nobody is listed and invalid at once (R-079).
    """
    return _move(rt, award_ids, Move.REVOKE, why, actor=actor, tell=tell, bar=bar, grade=grade)


def _move(
    rt: Runtime,
    award_ids: Collection[UUID],
    move: Move,
    why: Why,
    *,
    actor: str,
    tell: bool,
    bar: bool = False,
    grade: str | None = None,
) -> Report:
    grade = _checked(grade)
    fresh = fresh_for(rt, award_ids, move, bar=bar)
    with rt.transaction() as tx:
        return move_in(rt, tx, award_ids, move, why, actor=actor, tell=tell, bar=bar, grade=grade, fresh=fresh)


def fresh_for(rt: Runtime, award_ids: Collection[UUID], move: Move, *, bar: bool) -> Any:
    """What the host says now of those whose awards are to be moved: asked before the transaction."""
    if move is Move.RESTORE:
        return {}
    looked = preview(rt, award_ids, move, bar=bar)
    return ask_fresh(rt, [(each.run_id, each.run_ref, each.learner_ref) for each in looked.moved])


def move_in(
    rt: Runtime,
    tx: Transaction,
    award_ids: Collection[UUID],
    move: Move,
    why: Why,
    *,
    actor: str,
    tell: bool,
    bar: bool,
    grade: str | None = None,
    fresh: Any = None,
) -> Report:
    """The same in a transaction of the caller's. `fresh` is what `fresh_for` gave."""
    now = rt.clock.now()
    plan = plan_moves(tx.session, award_ids, move, bar=bar)
    ids = [each.award_id for each in plan.moved]
    grades = dict.fromkeys([each.learner_ref for each in plan.moved], grade)
    moved = moves.move_many(tx, ids, move, why, actor=actor, now=now, grades=grades, fresh=fresh or {})
    if bar and move is Move.REVOKE:
        _bar(tx, moved, why, actor=actor, now=now)
    after_moves(rt, tx, moved, move, why.cause, tell=tell)
    done = {each.award_id for each in moved}
    lost = tuple(Left(each.award_id, ILLEGAL, each.was) for each in plan.moved if each.award_id not in done)
    return Report(tuple(moved), plan.left + lost)


def _checked(grade: str | None) -> str | None:
    """A percentage as text, or nothing. Raises WrongGrade."""
    if grade is None or not grade.strip():
        return None
    if not re.fullmatch(r"(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)", grade.strip(), re.ASCII):
        raise WrongGrade(grade=grade[:20])
    return grade.strip()


def plan_moves(session: orm.Session, award_ids: Collection[UUID], move: Move, *, bar: bool) -> Report:
    """Which of these may be moved now, and why the others not."""
    rows = [
        row
        for some in moves.in_parts(dict.fromkeys(award_ids))
        for row in session.execute(
            sa.select(
                Award.id, Award.run_id, Award.tenant_ref, Award.run_ref, Award.learner_ref, Award.code, Award.state
            ).where(Award.id.in_(some))
        )
    ]
    special = _exceptions(session, rows)
    known = {row.id for row in rows}
    may: list[Moved] = []
    left = [Left(each, UNKNOWN, None) for each in dict.fromkeys(award_ids) if each not in known]
    for row in rows:
        state = AwardState(row.state)
        found = special.get((row.run_id, row.learner_ref), exceptions.NONE)
        if state not in before(move):
            left.append(Left(row.id, ILLEGAL, state))
        elif move is Move.RESTORE and found.invalid:
            left.append(Left(row.id, INVALID, state))
        elif move is Move.REVOKE and bar and found.listed:
            left.append(Left(row.id, LISTED, state))
        else:
            may.append(Moved(*row[:6], state, state))
    return Report(tuple(may), tuple(left))


def _exceptions(session: orm.Session, rows: Sequence[Any]) -> Mapping[tuple[UUID, str], exceptions.Exceptions]:
    found = {}
    for run_id, same in groupby(sorted(rows, key=lambda row: row.run_id), lambda row: row.run_id):
        for refs in moves.in_parts([row.learner_ref for row in same]):
            for ref, each in exceptions.of_learners(session, run_id, refs).items():
                found[run_id, ref] = each
    return found


def _bar(tx: Transaction, moved: Sequence[Moved], why: Why, *, actor: str, now: Any) -> None:
    for run_id, same in groupby(sorted(moved, key=lambda each: each.run_id), lambda each: each.run_id):
        every = list(same)
        made = exceptions.begin_many(
            tx, run_id, Kind.INVALID, {each.learner_ref: why for each in every}, actor=actor, now=now
        )
        audit.record_many(
            tx,
            tenant_ref=every[0].tenant_ref,
            actor_ref=actor,
            at=now,
            acts=[
                audit.Act("exception.invalid", f"exception:{made[each.learner_ref]}", why.cause, {"run": str(run_id)})
                for each in every
                if each.learner_ref in made
            ],
        )


# ---- what follows ----------------------------------------------------------------------------------


def after_moves(
    rt: Runtime, tx: Transaction, moved: Sequence[Moved], move: Move, cause: Cause, *, tell: bool = False
) -> None:
    """Status lists, messages and signals, after the commit where they leave the database."""
    if not moved:
        return
    mark_dirty(tx, [each.award_id for each in moved])
    if tell and rt.settings.notify:
        tell_learners(rt, tx, moved, EVENTS[move], move)
    for each in moved:
        signal_move(rt, tx, each, move, cause)
    signal_records(rt, tx, moved)


def signal_move(rt: Runtime, tx: Transaction, each: Moved, move: Move, cause: Cause) -> None:
    """R-080: that it is revoked is told in public only if it could be downloaded until now."""
    values = {
        "award_id": each.award_id,
        "run_ref": each.run_ref,
        "learner_ref": each.learner_ref,
        "code": each.code,
        "cause": cause.value,
    }
    if move is Move.WITHDRAW:
        tx.then(rt.send_signal, "award_withdrawn", values)
    elif each.now is AwardState.ISSUED:
        tx.then(rt.send_signal, "award_restored", values)
    if each.was_downloadable and each.now is not AwardState.ISSUED:
        tx.then(rt.send_signal, "award_revoked", {**values, "final": each.now is AwardState.REVOKED})


def signal_records(rt: Runtime, tx: Transaction, moved: Sequence[Moved]) -> None:
    """R-081: every change of status or date of award, so that what depends on either can be checked again."""
    refs = {(each.run_id, each.learner_ref): each.run_ref for each in moved}
    for run_id, same in groupby(sorted(refs, key=lambda key: key[0]), lambda key: key[0]):
        for some in moves.in_parts([ref for _, ref in same]):
            rows = tx.session.execute(
                sa.select(Record.learner_ref, Record.status, Award.issued_at)
                .outerjoin(Award, Award.id == Record.award_id)
                .where(Record.run_id == run_id, Record.learner_ref.in_(some))
            )
            for ref, status, awarded_at in rows:
                changed = {
                    "run_ref": refs[run_id, ref],
                    "learner_ref": ref,
                    "status": status,
                    "awarded_at": awarded_at,
                }
                tx.then(rt.send_signal, "record_changed", changed)


def signal_status(rt: Runtime, tx: Transaction, run: RunView, learner_ref: str, status: str | None) -> None:
    """The same for who has no certificate that counts."""
    changed = {"run_ref": run.run_ref, "learner_ref": learner_ref, "status": status, "awarded_at": None}
    tx.then(rt.send_signal, "record_changed", changed)


def tell_learners(rt: Runtime, tx: Transaction, moved: Sequence[Moved], event: str, move: Move) -> None:
    """Writes the messages into the ledger; who sends them asks for the address then.

    What may happen again has a number, since the ledger says a thing once.
    """
    turns = moves.count_moves(tx.session, [each.award_id for each in moved], move)
    for run_id, same in groupby(sorted(moved, key=lambda each: each.run_id), lambda each: each.run_id):
        every = list(same)
        for turn in sorted({turns[each.award_id] for each in every}):
            these = [each for each in every if turns[each.award_id] == turn]
            tellings = [
                Telling(each.award_id, each.learner_ref, None, notifications.Channels(email=True, sms=True))
                for each in these
            ]
            named = event if turn == 1 else f"{event}.{turn}"
            chunk_ids = notifications.write_ledger(
                tx, run_id, these[0].tenant_ref, named, tellings, rt.clock.now(), batch_id=None
            )
            tx.then(rt.wake, chunk_ids)
