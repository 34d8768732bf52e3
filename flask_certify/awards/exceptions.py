"""Exceptions for one learner in one run: listed in their favour, declared invalid, or another date to be shown.

Each is a record of its own, made and ended by somebody for a reason (R-077, R-089). An ended one stays and counts
as none (R-054). Nobody is listed and invalid at once: the database forbids it (R-079).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from ..achievements.models import Run
from ..core.db import Base, UtcDateTime, insert_or_ignore
from ..core.ids import new_id
from ..core.transaction import Transaction
from .causes import Why

NOT_BOTH = "ended_at IS NULL AND kind <> 'date'"
ONE_DATE = "ended_at IS NULL AND kind = 'date'"


class Kind(StrEnum):
    ALLOW = "allow"  # on the allowlist: excuses some rules
    INVALID = "invalid"  # no certificate, whatever was earned
    DATE = "date"  # the date to be shown; never changes who may see it


class LearnerException(Base):
    """One exception. Ended, it is history."""

    __tablename__ = "certify_exception"
    __table_args__ = (
        sa.Index(
            "uq_certify_exception_not_both",
            "run_id",
            "learner_ref",
            unique=True,
            sqlite_where=sa.text(NOT_BOTH),
            postgresql_where=sa.text(NOT_BOTH),
        ),
        sa.Index(
            "uq_certify_exception_one_date",
            "run_id",
            "learner_ref",
            unique=True,
            sqlite_where=sa.text(ONE_DATE),
            postgresql_where=sa.text(ONE_DATE),
        ),
        sa.Index(None, "learner_ref"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    learner_ref: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(7))
    shown_on: Mapped[date | None]  # of kind `date` only
    cause: Mapped[str] = mapped_column(sa.String(40))
    note: Mapped[str | None] = mapped_column(sa.Text, info={"personal": "until the learner asks for erasure"})
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str] = mapped_column(sa.String(100))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it holds
    ended_by: Mapped[str | None] = mapped_column(sa.String(100))
    ended_cause: Mapped[str | None] = mapped_column(sa.String(40))
    ended_note: Mapped[str | None] = mapped_column(sa.Text, info={"personal": "until the learner asks for erasure"})


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What holds for a learner in a run now."""

    listed: bool = False
    listed_disabled: bool = False  # was on the allowlist once, and is not any more
    invalid: bool = False
    was_invalid: bool = False
    shown_on: date | None = None


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """One exception, with its beginning and its end."""

    id: UUID
    learner_ref: str
    kind: Kind
    shown_on: date | None
    cause: str
    note: str | None
    made_at: datetime
    made_by: str
    ended_at: datetime | None
    ended_by: str | None
    ended_cause: str | None


NONE = Exceptions()


def of_learners(session: orm.Session, run_id: UUID, learner_refs: Collection[str]) -> dict[str, Exceptions]:
    """What holds for each of these learners of whom there is anything to say. One query."""
    rows: dict[str, list[tuple[str, datetime | None, date | None]]] = {}
    for ref, kind, ended_at, shown_on in session.execute(
        sa.select(
            LearnerException.learner_ref, LearnerException.kind, LearnerException.ended_at, LearnerException.shown_on
        ).where(LearnerException.run_id == run_id, LearnerException.learner_ref.in_(learner_refs))
    ):
        rows.setdefault(ref, []).append((kind, ended_at, shown_on))
    return {ref: _summed_up(found) for ref, found in rows.items()}


def of_learner(session: orm.Session, learner_ref: str) -> dict[UUID, Exceptions]:
    """What holds for this learner, by run. One query."""
    rows: dict[UUID, list[tuple[str, datetime | None, date | None]]] = {}
    for run_id, kind, ended_at, shown_on in session.execute(
        sa.select(
            LearnerException.run_id, LearnerException.kind, LearnerException.ended_at, LearnerException.shown_on
        ).where(LearnerException.learner_ref == learner_ref)
    ):
        rows.setdefault(run_id, []).append((kind, ended_at, shown_on))
    return {run_id: _summed_up(found) for run_id, found in rows.items()}


def _summed_up(rows: Iterable[tuple[str, datetime | None, date | None]]) -> Exceptions:
    now = {kind: shown_on for kind, ended_at, shown_on in rows if ended_at is None}
    ended = {kind for kind, ended_at, _ in rows if ended_at is not None}
    return Exceptions(
        listed=Kind.ALLOW in now,
        listed_disabled=Kind.ALLOW in ended and Kind.ALLOW not in now,
        invalid=Kind.INVALID in now,
        was_invalid=Kind.INVALID in ended and Kind.INVALID not in now,
        shown_on=now.get(Kind.DATE),
    )


def history(session: orm.Session, run_id: UUID, learner_ref: str) -> list[ExceptionView]:
    """All there ever were, oldest first."""
    found = session.scalars(
        sa.select(LearnerException)
        .where(LearnerException.run_id == run_id, LearnerException.learner_ref == learner_ref)
        .order_by(LearnerException.made_at, LearnerException.id)
    )
    return [view(each) for each in found]


def view(row: LearnerException) -> ExceptionView:
    return ExceptionView(
        row.id,
        row.learner_ref,
        Kind(row.kind),
        row.shown_on,
        row.cause,
        row.note,
        row.made_at,
        row.made_by,
        row.ended_at,
        row.ended_by,
        row.ended_cause,
    )


def begin_many(
    tx: Transaction,
    run_id: UUID,
    kind: Kind,
    whys: Mapping[str, Why],
    *,
    actor: str,
    now: datetime,
    shown_on: date | None = None,
) -> dict[str, UUID]:
    """Makes an exception for each of these learners who has none that excludes it: the ids of those now made."""
    rows = [
        {
            "id": new_id(),
            "run_id": run_id,
            "learner_ref": ref,
            "kind": kind,
            "shown_on": shown_on,
            "cause": why.cause,
            "note": why.note,
            "made_at": now,
            "made_by": actor,
        }
        for ref, why in whys.items()
    ]
    where = ONE_DATE if kind is Kind.DATE else NOT_BOTH
    insert_or_ignore(tx.session, LearnerException, rows, keys=("run_id", "learner_ref"), where=where)
    ids = [row["id"] for row in rows]
    found = tx.session.execute(
        sa.select(LearnerException.learner_ref, LearnerException.id).where(LearnerException.id.in_(ids))
    )
    return {row[0]: row[1] for row in found}


def end_many(
    tx: Transaction, run_id: UUID, kind: Kind, learner_refs: Sequence[str], why: Why, *, actor: str, now: datetime
) -> dict[str, UUID]:
    """Ends the exceptions of this kind that these learners have: the ids of those that held until now."""
    found = tx.session.execute(
        sa.update(LearnerException)
        .where(
            LearnerException.run_id == run_id,
            LearnerException.learner_ref.in_(learner_refs),
            LearnerException.kind == kind,
            LearnerException.ended_at.is_(None),
        )
        .values(ended_at=now, ended_by=actor, ended_cause=why.cause, ended_note=why.note)
        .returning(LearnerException.learner_ref, LearnerException.id)
        .execution_options(synchronize_session=False)
    )
    return {row[0]: row[1] for row in found}
