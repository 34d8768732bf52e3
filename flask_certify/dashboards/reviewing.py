"""The review queue: eligible and not issued, issued and no longer eligible. Information only.

It reads what the last look at each learner said, so it costs one question, however large the run. Who was declared
invalid since then is not eligible.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.exceptions import Kind, LearnerException
from ..awards.models import Record
from .queries import LearnerRow, row_of


class Queue(StrEnum):
    NOT_ISSUED = "eligible_not_issued"
    NOT_ELIGIBLE = "issued_not_eligible"


_is_invalid = sa.exists().where(
    LearnerException.run_id == Record.run_id,
    LearnerException.learner_ref == Record.learner_ref,
    LearnerException.kind == Kind.INVALID,
    LearnerException.ended_at.is_(None),
)
CONDITIONS: Mapping[Queue, sa.ColumnElement[bool]] = {
    Queue.NOT_ISSUED: sa.and_(Record.eligible.is_(sa.true()), Record.award_id.is_(None), sa.not_(_is_invalid)),
    Queue.NOT_ELIGIBLE: sa.and_(Record.eligible.is_(sa.false()), Record.award_id.is_not(None)),
}


@dataclass(frozen=True, slots=True)
class Review:
    """How many learners wait in each queue of a run."""

    counts: Mapping[Queue, int]


def count(session: orm.Session, run_id: UUID) -> Review:
    """One question."""
    sums = [sa.func.sum(sa.case((each, 1), else_=0)) for each in CONDITIONS.values()]
    row = session.execute(sa.select(*sums).where(Record.run_id == run_id)).one()
    return Review({queue: number or 0 for queue, number in zip(CONDITIONS, row, strict=True)})


def learners(
    session: orm.Session, run_id: UUID, queue: Queue, *, after: str = "", limit: int = 1000
) -> list[LearnerRow]:
    """The learners of a queue by their reference, a page at a time. One question."""
    found = session.scalars(
        sa.select(Record)
        .where(Record.run_id == run_id, CONDITIONS[queue], Record.learner_ref > after)
        .order_by(Record.learner_ref)
        .limit(limit)
    )
    return [row_of(each) for each in found]
