"""Moves of awards, many at a time: each is recorded beside the award and in the audit log (R-102, R-253)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Achievement
from ..core import audit
from ..core.ids import new_id
from ..core.transaction import Transaction
from .causes import Cause, Why
from .labels import ISSUED as ISSUED_LABEL
from .labels import NONE_YET
from .models import Award, AwardMove, Record
from .states import AwardState, Move, after, before

T = TypeVar("T")

AT_ONCE = 500  # ids in one statement

DOWNLOADABLE, NOT_PASSING, UNAVAILABLE = "downloadable", "notpassing", "unavailable"

_STATUS = {Cause.NOT_PASSING: NOT_PASSING, Cause.CONTENT_ADDED: NOT_PASSING}


@dataclass(frozen=True, slots=True)
class Moved:
    """An award that was moved, and from where."""

    award_id: UUID
    run_id: UUID
    tenant_ref: str
    run_ref: str
    learner_ref: str
    code: str
    was: AwardState
    now: AwardState

    @property
    def was_downloadable(self) -> bool:
        return self.was is AwardState.ISSUED


@dataclass(frozen=True, slots=True)
class Fresh:
    """What the host says about a learner at the moment of a withdrawal."""

    mode: str | None
    display_name: str | None
    external_id: str | None


@dataclass(frozen=True, slots=True)
class MoveView:
    """A line of an award's history. `note` is for staff only."""

    at: datetime
    actor_ref: str
    move: Move
    was: AwardState
    now: AwardState
    cause: Cause
    by_person: bool
    details: Mapping[str, Any]
    note: str | None


def move_many(
    tx: Transaction,
    award_ids: Collection[UUID],
    move: Move,
    why: Why,
    *,
    actor: str,
    now: datetime,
    by_person: bool = True,
    details: Mapping[UUID, Mapping[str, Any]] | None = None,
    grades: Mapping[str, str | None] | None = None,
    fresh: Mapping[tuple[UUID, str], Fresh] | None = None,
) -> list[Moved]:
    """Moves those of the awards from whose state the table knows this move, and records each: those that moved.

    Of what counts no longer, the recorded grade becomes that of `grades` (by learner), or blank; mode and names become
    those of `fresh` (by run and learner), where the host said any (R-080).

    The rows are locked first, in one order, so that of two who move one award the second finds it moved.
    """
    moved = [each for some in in_parts(award_ids) for each in _move(tx.session, some, move)]
    if not moved:
        return []
    said = details or {}
    rows = [
        {
            "id": new_id(),
            "award_id": each.award_id,
            "at": now,
            "actor_ref": actor,
            "move": move,
            "from_state": each.was,
            "to_state": each.now,
            "cause": why.cause,
            "by_person": by_person,
            "details": dict(said.get(each.award_id, {})),
            "note": why.note,
        }
        for each in moved
    ]
    tx.session.execute(sa.insert(AwardMove), rows)
    for tenant_ref, same in groupby(sorted(moved, key=lambda each: each.tenant_ref), lambda each: each.tenant_ref):
        audit.record_many(
            tx,
            tenant_ref=tenant_ref,
            actor_ref=actor,
            at=now,
            acts=[
                audit.Act(
                    f"award.{move}",
                    f"award:{each.award_id}",
                    why.cause,
                    {"from": each.was.value, **said.get(each.award_id, {})},
                )
                for each in same
            ],
        )
    _refresh(tx.session, moved, why.cause, now)
    _replace_grades(tx.session, moved, grades or {}, fresh or {})
    return moved


def _move(session: orm.Session, award_ids: Sequence[UUID], move: Move) -> list[Moved]:
    found = session.execute(
        sa.select(Award.id, Award.run_id, Award.tenant_ref, Award.run_ref, Award.learner_ref, Award.code, Award.state)
        .where(Award.id.in_(award_ids), Award.state.in_(before(move)))
        .order_by(Award.id)
        .with_for_update()
    ).all()
    for state in before(move):
        ids = [row.id for row in found if row.state == state]
        if ids:
            session.execute(
                sa.update(Award)
                .where(Award.id.in_(ids))
                .values(state=after(state, move))
                .execution_options(synchronize_session=False)
            )
    return [Moved(*row[:6], AwardState(row.state), after(AwardState(row.state), move)) for row in found]


def _refresh(session: orm.Session, moved: Sequence[Moved], cause: Cause, now: datetime) -> None:
    """The records that screens and reports read, of awards that came to life or ceased to count."""
    for run_id, same in groupby(sorted(moved, key=lambda each: each.run_id), lambda each: each.run_id):
        every = list(same)
        live = [each.learner_ref for each in every if each.now is AwardState.ISSUED]
        gone = [each.award_id for each in every if each.now is not AwardState.ISSUED]
        for some in in_parts(live):
            session.execute(_back(run_id, some, now))
        for ids in in_parts(gone):
            session.execute(
                sa.update(Record)
                .where(Record.run_id == run_id, Record.award_id.in_(ids))
                .values(
                    status=_STATUS.get(cause, UNAVAILABLE),
                    label=NONE_YET,
                    type=None,
                    award_id=None,
                    reasons=[{"code": cause.value, "values": {}}],
                    decided_at=now,
                )
                .execution_options(synchronize_session=False)
            )


def _replace_grades(
    session: orm.Session,
    moved: Sequence[Moved],
    grades: Mapping[str, str | None],
    fresh: Mapping[tuple[UUID, str], Fresh],
) -> None:
    """Two statements at most: with what the host said, and without."""
    known, silent = list[dict[str, Any]](), list[dict[str, Any]]()
    for each in moved:
        if each.now is not AwardState.ISSUED:
            row = {"of_run": each.run_id, "of_learner": each.learner_ref, "new_grade": grades.get(each.learner_ref)}
            said = fresh.get((each.run_id, each.learner_ref))
            if said is None:
                silent.append(row)
            else:
                names = {"new_name": said.display_name, "new_external_id": said.external_id}
                known.append({**row, "new_mode": said.mode, **names})
    # Statements of the table, not of the class: with a list of values the latter would look for whole keys.
    records = Record.metadata.tables[Record.__tablename__]
    statement = sa.update(records).where(
        records.c.run_id == sa.bindparam("of_run"), records.c.learner_ref == sa.bindparam("of_learner")
    )
    if silent:
        session.execute(statement.values(grade=sa.bindparam("new_grade")), silent)
    if known:
        values: dict[str, Any] = {
            "grade": sa.bindparam("new_grade"),
            "mode": sa.bindparam("new_mode"),
            "display_name": sa.bindparam("new_name"),
            "external_id": sa.bindparam("new_external_id"),
        }
        session.execute(statement.values(values), known)


def _back(run_id: UUID, learner_refs: Sequence[str], now: datetime) -> sa.Update:
    """Each of these learners has one award that is issued: the index of live awards sees to that."""
    own = (Award.run_id == Record.run_id, Award.learner_ref == Record.learner_ref, Award.state == AwardState.ISSUED)
    award_id = sa.select(Award.id).where(*own).correlate(Record).scalar_subquery()
    grade = sa.select(Award.grade).where(*own).correlate(Record).scalar_subquery()
    key = (
        sa.select(Achievement.key)
        .join(Award, Award.achievement_id == Achievement.id)
        .where(*own)
        .correlate(Record)
        .scalar_subquery()
    )
    return (
        sa.update(Record)
        .where(Record.run_id == run_id, Record.learner_ref.in_(learner_refs))
        .values(
            status=DOWNLOADABLE,
            label=ISSUED_LABEL,
            type=key,
            grade=grade,
            award_id=award_id,
            reasons=[{"code": "already_issued", "values": {}}],
            decided_at=now,
        )
        .execution_options(synchronize_session=False)
    )


# ---- looking back ----------------------------------------------------------------------------------


def history(session: orm.Session, award_id: UUID) -> list[MoveView]:
    """Every move after the issue, oldest first."""
    found = session.scalars(
        sa.select(AwardMove).where(AwardMove.award_id == award_id).order_by(AwardMove.at, AwardMove.id)
    )
    return [
        MoveView(
            each.at,
            each.actor_ref,
            Move(each.move),
            AwardState(each.from_state),
            AwardState(each.to_state),
            Cause(each.cause),
            each.by_person,
            each.details,
            each.note,
        )
        for each in found
    ]


def last_moves(session: orm.Session, award_ids: Collection[UUID], move: Move) -> dict[UUID, AwardMove]:
    """The last move of this kind of each of these awards that was ever moved so. One query for each 500."""
    found: dict[UUID, AwardMove] = {}
    for some in in_parts(award_ids):
        for each in session.scalars(
            sa.select(AwardMove)
            .where(AwardMove.award_id.in_(some), AwardMove.move == move)
            .order_by(AwardMove.at, AwardMove.id)
        ):
            found[each.award_id] = each
    return found


def last_move(session: orm.Session, award_id: UUID) -> AwardMove | None:
    """The last move of this award, whichever it was; None: it was never moved."""
    return session.scalar(
        sa.select(AwardMove)
        .where(AwardMove.award_id == award_id)
        .order_by(AwardMove.at.desc(), AwardMove.id.desc())
        .limit(1)
    )


def count_moves(session: orm.Session, award_ids: Collection[UUID], move: Move) -> dict[UUID, int]:
    """How often each of these awards was moved so, this time included."""
    found: dict[UUID, int] = {}
    for some in in_parts(award_ids):
        rows = session.execute(
            sa.select(AwardMove.award_id, sa.func.count())
            .where(AwardMove.award_id.in_(some), AwardMove.move == move)
            .group_by(AwardMove.award_id)
        )
        found |= {row[0]: row[1] for row in rows}
    return found


def in_parts(ids: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as one statement takes."""
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        yield some
