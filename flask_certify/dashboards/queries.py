"""What is known about a run and its learners, read from our own rows: for screens, reports and notebooks alike.

Each function takes a session and asks a fixed number of questions, whatever the size of the run. Nothing is written.
Codes come back as codes; `wording` puts them into words. Names and external ids are personal data: show them to those
who may see them, and write them nowhere.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Achievement, Issuer, Run
from ..achievements.service import list_attachments
from ..awards.labels import ISSUE_FAILED, ISSUED, NONE_YET, NOT_AVAILABLE
from ..awards.models import Failure, Record
from ..eligibility.reasons import Reason
from ..host.records import Pacing
from ..issuing.models import FINISHED, PREVIEW, RUNNING, UNDER_WAY_STATES, Bundle, IssueBatch

PAGE = 1000  # rows in one question when all of a run are read


@dataclass(frozen=True, slots=True)
class Counts:
    """Learners of a run by Certificate Status; together they are `learners`. `issued` is by kind of certificate."""

    learners: int
    issued: Mapping[str, int]
    failed: int
    without: int
    not_available: int

    @property
    def holders(self) -> int:
        """People with a live certificate: the rows that say `Issued` (D-20)."""
        return sum(self.issued.values())


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """One learner of a run, as the last decision left them."""

    learner_ref: str
    external_id: str | None
    name: str | None  # None: the host has not said, or knows the person no more
    completed_on: datetime | None
    label: str
    type: str | None
    award_id: UUID | None
    reasons: tuple[Reason, ...]
    decided_at: datetime


class Sort(StrEnum):
    EXTERNAL_ID = "id"
    NAME = "name"
    COMPLETED = "completed"
    STATUS = "status"
    TYPE = "type"


@dataclass(frozen=True, slots=True)
class Question:
    """Which learners of a run, and in which order. None and "" ask for nothing."""

    text: str = ""  # part of an external id or a name
    label: str | None = None
    completed_from: datetime | None = None
    completed_before: datetime | None = None
    sort: Sort = Sort.EXTERNAL_ID
    descending: bool = False

    @property
    def is_filtered(self) -> bool:
        asked = (self.completed_from, self.completed_before, self.label)
        return bool(self.text) or any(each is not None for each in asked)


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One thing that could not be done. No name is in it: `external_id` is how staff recognise people (R-178)."""

    id: UUID
    at: datetime
    learner_ref: str | None  # None: about the run as a whole
    external_id: str | None
    step: str
    code: str
    details: Mapping[str, Any]
    resolved_at: datetime | None  # None: it still stands
    attempts: int
    last_at: datetime  # of several, the last


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch of a run. `result` are its counts, None until it has ended."""

    id: UUID
    kind: str
    state: str
    opened_at: datetime
    finished_at: datetime | None
    result: Mapping[str, Any] | None

    @property
    def is_under_way(self) -> bool:
        return self.state != FINISHED


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run in which a learner has no certificate, with what the last decision said; nothing, if there was none yet."""

    run_id: UUID
    title: str
    reasons: tuple[Reason, ...]
    decided_at: datetime | None
    pacing: Pacing = Pacing.INSTRUCTOR


# ---- counts ----------------------------------------------------------------------------------------


def counts(session: orm.Session, run_id: UUID) -> Counts:
    """How many learners of the run stand where. One question."""
    grouped = session.execute(
        sa.select(Record.label, Record.type, sa.func.count())
        .where(Record.run_id == run_id)
        .group_by(Record.label, Record.type)
    ).all()
    by_label: Counter[str] = Counter()
    issued: Counter[str] = Counter()
    for label, kind, number in grouped:
        by_label[label] += number
        if label == ISSUED:
            issued[kind or ""] += number
    return Counts(
        learners=sum(by_label.values()),
        issued=dict(issued),
        failed=by_label[ISSUE_FAILED],
        without=by_label[NONE_YET],
        not_available=by_label[NOT_AVAILABLE],
    )


def declined_by_reason(session: orm.Session, run_id: UUID) -> dict[str, int]:
    """Learners without a certificate by the first reason of the last decision, the most frequent first."""
    code = Record.reasons[(0, "code")].as_string()
    grouped = session.execute(
        sa.select(code, sa.func.count())
        .where(Record.run_id == run_id, Record.label.in_([NONE_YET, NOT_AVAILABLE]), Record.award_id.is_(None))
        .group_by(code)
        .order_by(sa.func.count().desc(), code)
    )
    return {reason: number for reason, number in grouped if reason is not None}


def slug_of(session: orm.Session, tenant_ref: str) -> str | None:
    """Under which name the tenant's own pages are found. None: it issues nothing yet."""
    return session.scalar(sa.select(Issuer.slug).where(Issuer.tenant_ref == tenant_ref))


def names_of_kinds(session: orm.Session, tenant_ref: str) -> dict[str, str]:
    """What the kinds of certificate of this tenant are called, by key, as their issuer wrote it."""
    found = session.execute(
        sa.select(Achievement.key, Achievement.name)
        .join(Issuer, Issuer.id == Achievement.issuer_id)
        .where(Issuer.tenant_ref == tenant_ref)
    )
    return {row.key: row.name for row in found}


# ---- learners --------------------------------------------------------------------------------------


def rows(
    session: orm.Session, run_id: UUID, asked: Question | None = None, *, limit: int, offset: int = 0
) -> list[LearnerRow]:
    """Learners of the run in the order asked for. One question."""
    asked = asked or Question()
    found = session.scalars(
        sa.select(Record).where(*_conditions(run_id, asked)).order_by(*_order(asked)).limit(limit).offset(offset)
    )
    return [row_of(each) for each in found]


def how_many(session: orm.Session, run_id: UUID, asked: Question) -> int:
    """How many learners of the run fit. One question."""
    return session.scalar(sa.select(sa.func.count()).select_from(Record).where(*_conditions(run_id, asked))) or 0


def refs(session: orm.Session, run_id: UUID, asked: Question) -> list[str]:
    """The references of all learners of the run who fit. One question."""
    return list(session.scalars(sa.select(Record.learner_ref).where(*_conditions(run_id, asked))))


def rows_after(session: orm.Session, run_id: UUID, after: str = "", limit: int = PAGE) -> list[LearnerRow]:
    """Learners of the run whose reference comes after `after`, ordered by reference. One question.

    With the last reference of the one before, page follows page until all have been seen, however many (R-172).
    """
    found = session.scalars(
        sa.select(Record)
        .where(Record.run_id == run_id, Record.learner_ref > after)
        .order_by(Record.learner_ref)
        .limit(limit)
    )
    return [row_of(each) for each in found]


def declined(session: orm.Session, run_id: UUID, *, limit: int | None = None) -> list[LearnerRow]:
    """The learners whom `declined_by_reason` counts, by their reference. One question."""
    found = session.scalars(
        sa.select(Record)
        .where(
            Record.run_id == run_id,
            Record.label.in_([NONE_YET, NOT_AVAILABLE]),
            Record.award_id.is_(None),
            Record.reasons[(0, "code")].as_string().is_not(None),
        )
        .order_by(Record.learner_ref)
        .limit(limit)
    )
    return [row_of(each) for each in found]


def waiting_of(session: orm.Session, learner_ref: str, run_refs: list[str]) -> list[Waiting]:
    """Of these runs, those in which the learner was decided upon and has no certificate, the latest decision first.

    Then self-paced ones in which nothing was decided yet, for learners ask there for themselves (R-073).
    """
    if not run_refs:
        return []
    found = session.execute(
        sa.select(Run.id, Run.title, Run.pacing, Record.reasons, Record.decided_at)
        .outerjoin(Record, sa.and_(Record.run_id == Run.id, Record.learner_ref == learner_ref))
        .where(Run.run_ref.in_(run_refs), Record.award_id.is_(None))
        .where(Record.learner_ref.is_not(None) | (Run.pacing == Pacing.SELF))
        .order_by(Record.decided_at.is_(None), Record.decided_at.desc(), Run.id)
    )
    return [
        Waiting(row.id, row.title, _reasons(row.reasons or ()), row.decided_at, Pacing(row.pacing or Pacing.INSTRUCTOR))
        for row in found
        if row.decided_at is not None or list_attachments(session, row.id)
    ]


def _conditions(run_id: UUID, asked: Question) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [Record.run_id == run_id]
    if asked.text:
        conditions.append(
            sa.or_(
                Record.external_id.icontains(asked.text, autoescape=True),
                Record.display_name.icontains(asked.text, autoescape=True),
            )
        )
    if asked.label is not None:
        conditions.append(Record.label == asked.label)
    if asked.completed_from is not None:
        conditions.append(Record.completed_on >= asked.completed_from)
    if asked.completed_before is not None:
        conditions.append(Record.completed_on < asked.completed_before)
    return conditions


def _order(asked: Question) -> list[sa.ColumnElement[Any]]:
    columns: dict[Sort, Any] = {
        Sort.EXTERNAL_ID: Record.external_id,
        Sort.NAME: Record.display_name,
        Sort.COMPLETED: Record.completed_on,
        Sort.STATUS: Record.label,
        Sort.TYPE: Record.type,
    }
    column = columns[asked.sort]
    chosen = column.desc() if asked.descending else column.asc()
    return [chosen.nulls_last(), Record.learner_ref.asc()]


def row_of(record: Record) -> LearnerRow:
    """The row as others may have it."""
    return LearnerRow(
        record.learner_ref,
        record.external_id,
        record.display_name,
        record.completed_on,
        record.label,
        record.type,
        record.award_id,
        _reasons(record.reasons),
        record.decided_at,
    )


def _reasons(stored: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(each["code"], each.get("values", {})) for each in stored)


# ---- what failed, and what was issued in bulk ------------------------------------------------------


def failures(
    session: orm.Session,
    run_id: UUID,
    *,
    step: str | None = None,
    standing: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[FailureRow]:
    """The failure log of the run, the latest first. `standing` leaves out what was put right since."""
    found = session.execute(
        sa.select(Failure, Record.external_id)
        .outerjoin(Record, sa.and_(Record.run_id == Failure.run_id, Record.learner_ref == Failure.learner_ref))
        .where(*_failed(run_id, step, standing))
        .order_by(Failure.at.desc(), Failure.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        FailureRow(
            row.id,
            row.at,
            row.learner_ref,
            external_id,
            row.step,
            row.code,
            dict(row.details),
            row.resolved_at,
            row.attempts,
            row.last_at or row.at,
        )
        for row, external_id in found
    ]


def failures_by_step(session: orm.Session, run_id: UUID, *, standing: bool = False) -> dict[str, int]:
    """How many entries the failure log of the run has for each step."""
    grouped = session.execute(
        sa.select(Failure.step, sa.func.count().label("number"))
        .where(*_failed(run_id, None, standing))
        .group_by(Failure.step)
        .order_by(Failure.step)
    )
    return {row.step: row.number for row in grouped}


def packing(session: orm.Session, run_id: UUID) -> UUID | None:
    """The bundle of the run that is being packed. One question."""
    return session.scalar(sa.select(Bundle.id).where(Bundle.run_id == run_id, Bundle.state == RUNNING))


def latest_batch(session: orm.Session, run_id: UUID) -> BatchRow | None:
    """The last bulk issue of the run. If one is under way, it is this one. Re-issues and revocations are none."""
    return next(iter(_batches(session, IssueBatch.run_id == run_id, IssueBatch.kind == "issue", limit=1)), None)


def changing(session: orm.Session, run_id: UUID) -> list[BatchRow]:
    """The batches of the run under way that re-issue or revoke: at most one of each."""
    return _batches(
        session, IssueBatch.run_id == run_id, IssueBatch.kind != "issue", IssueBatch.state.in_(UNDER_WAY_STATES)
    )


def batches(session: orm.Session, run_id: UUID) -> list[BatchRow]:
    """The batches of the run of every kind, the latest first."""
    return _batches(session, IssueBatch.run_id == run_id)


def _batches(session: orm.Session, *which: sa.ColumnElement[bool], limit: int | None = None) -> list[BatchRow]:
    found = session.scalars(
        sa.select(IssueBatch)
        .where(*which, IssueBatch.state != PREVIEW)
        .order_by(IssueBatch.opened_at.desc(), IssueBatch.id.desc())
        .limit(limit)
    )
    return [BatchRow(each.id, each.kind, each.state, each.opened_at, each.finished_at, each.result) for each in found]


def _failed(run_id: UUID, step: str | None, standing: bool) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [Failure.run_id == run_id]
    if step is not None:
        conditions.append(Failure.step == step)
    if standing:
        conditions.append(Failure.resolved_at.is_(None))
    return conditions
