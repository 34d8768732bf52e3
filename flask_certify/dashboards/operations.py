"""How the work goes, for those who run the site: who works, what waits, what is stuck and what to do about it.

Asks a fixed number of questions, and nothing about a person.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import redis
import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.models import Failure
from ..core import outbox, queue, workers
from ..core.duties import LEADING, DutyRow
from ..core.outbox import Chunk, Work
from ..core.runtime import Runtime
from ..core.workers import WorkerView
from ..eligibility.reasons import worded
from ..issuing.models import FINISHED, PREVIEW, Bundle, IssueBatch, IssueItem
from ..issuing.models import RUNNING as PACKING
from ..notifications.models import Message

PENDING, WORKING, RESTING, LAPSED = "pending", "working", "resting", "lapsed"
LONG = timedelta(minutes=10)
DAY = timedelta(days=1)
MOST = 50


@dataclass(frozen=True, slots=True)
class LaneView:
    """One kind of work: chunks by what they do now, jobs in its queue, and how long the oldest has waited."""

    lane: str
    chunks: Mapping[str, int]
    oldest_seconds: float | None
    jobs: int | None
    """None: the queue does not answer."""

    @property
    def waiting(self) -> int:
        return sum(self.chunks.values()) - self.chunks.get(WORKING, 0)


@dataclass(frozen=True, slots=True)
class BatchLine:
    """An issue batch that is under way."""

    id: UUID
    run_id: UUID
    tenant_ref: str
    state: str
    opened_at: datetime
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class DutyView:
    name: str
    ended_at: datetime | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is stuck, and what to do."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Operations:
    """Everything at one moment."""

    at: datetime
    is_queue_there: bool | None
    """None: no queue is set."""
    workers: tuple[WorkerView, ...]
    leader: UUID | None
    lanes: tuple[LaneView, ...]
    batches: tuple[BatchLine, ...]
    bundles: int
    messages: Mapping[str, int]
    """Of works that are open, by state."""
    failures: int
    """Noted within a day, and still standing."""
    resting: Mapping[str, int]
    """Chunks that wait after trouble, by its code."""
    duties: tuple[DutyView, ...]

    @property
    def present(self) -> tuple[WorkerView, ...]:
        return tuple(each for each in self.workers if each.is_there)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a program."""
        return asdict(self) | {"stuck": [asdict(each) for each in findings(self)]}


def look(rt: Runtime) -> Operations:
    """How everything is now. Raises DatabaseAway, TablesMissing."""
    jobs = _jobs(rt)
    now = rt.clock.now()
    with rt.reading() as session:
        leader = session.scalar(
            sa.select(DutyRow.holder).where(DutyRow.name == LEADING, DutyRow.until > outbox.now_ms())
        )
        duties = session.scalars(sa.select(DutyRow).where(DutyRow.name != LEADING).order_by(DutyRow.name)).all()
        return Operations(
            at=now,
            is_queue_there=None if not rt.settings.redis_url else jobs is not None,
            workers=tuple(workers.list_workers(session)),
            leader=leader,
            lanes=_lanes(rt, session, jobs or {}, now),
            batches=_batches(session),
            bundles=session.scalar(sa.select(sa.func.count()).where(Bundle.state == PACKING)) or 0,
            messages=_messages(session),
            failures=session.scalar(
                sa.select(sa.func.count()).where(
                    Failure.resolved_at.is_(None), sa.func.coalesce(Failure.last_at, Failure.at) >= now - DAY
                )
            )
            or 0,
            resting=_resting(session),
            duties=tuple(DutyView(each.name, each.ended_at, each.reason) for each in duties),
        )


def _jobs(rt: Runtime) -> dict[str, int] | None:
    """Jobs in each queue; None if there is no queue or it does not answer within a second."""
    if not rt.settings.redis_url:
        return None
    try:
        connection = queue.connect(rt.settings.redis_url, patient=False)
        try:
            return {lane: queue.open_queue(connection, rt.settings, lane).count for lane in queue.LANES}
        finally:
            connection.close()
    except redis.exceptions.RedisError:
        return None


def _lanes(rt: Runtime, session: orm.Session, jobs: Mapping[str, int], now: datetime) -> tuple[LaneView, ...]:
    is_lapsed = sa.and_(Chunk.state == outbox.RUNNING, Chunk.lease_until < outbox.now_ms())
    doing = sa.case(
        (Chunk.state == outbox.PENDING, PENDING),
        (Chunk.reason.is_not(None), RESTING),
        (is_lapsed, LAPSED),
        else_=WORKING,
    )
    found = session.execute(
        sa.select(Work.kind, doing, sa.func.count(), sa.func.min(Work.opened_at))
        .join(Work, Work.id == Chunk.work_id)
        .where(Chunk.state.in_([outbox.PENDING, outbox.RUNNING]), Work.state == outbox.OPEN)
        .group_by(Work.kind, doing)
    ).all()
    lanes = []
    for lane in queue.LANES:
        mine = [row for row in found if row[0] in rt.kinds and rt.kinds[row[0]].lane == lane]
        chunks: dict[str, int] = dict.fromkeys((PENDING, WORKING, RESTING, LAPSED), 0)
        for _, state, count, _ in mine:
            chunks[state] += count
        oldest = min((row[3] for row in mine if row[1] != WORKING), default=None)
        age = None if oldest is None else (now - oldest).total_seconds()
        lanes.append(LaneView(lane, chunks, age, jobs.get(lane)))
    return tuple(lanes)


def _batches(session: orm.Session) -> tuple[BatchLine, ...]:
    done = (
        sa.select(sa.func.count())
        .where(IssueItem.batch_id == IssueBatch.id, IssueItem.result.is_not(None))
        .correlate(IssueBatch)
        .scalar_subquery()
    )
    found = session.execute(
        sa.select(IssueBatch, done)
        .where(IssueBatch.state.not_in([PREVIEW, FINISHED]), IssueBatch.finished_at.is_(None))
        .order_by(IssueBatch.opened_at)
        .limit(MOST)
    )
    return tuple(
        BatchLine(each.id, each.run_id, each.tenant_ref, each.state, each.opened_at, count, each.total)
        for each, count in found
    )


def _messages(session: orm.Session) -> dict[str, int]:
    found = session.execute(
        sa.select(Message.state, sa.func.count())
        .where(Message.work_id.in_(sa.select(Work.id).where(Work.open_chunks > 0)))
        .group_by(Message.state)
    )
    return {row.state: row[1] for row in found}


def _resting(session: orm.Session) -> dict[str, int]:
    found = session.execute(
        sa.select(Chunk.reason, sa.func.count())
        .where(Chunk.state == outbox.RUNNING, Chunk.reason.is_not(None))
        .group_by(Chunk.reason)
    )
    return {str(row.reason): row[1] for row in found}


# ---- what is stuck ---------------------------------------------------------------------------------


def findings(now: Operations) -> list[Finding]:
    """What does not go on by itself, or has waited for long, the worst first."""
    found = [*_about_queue(now), *_about_workers(now)]
    found += [
        Finding("work.resting", f"{count} chunks wait after trouble and are tried again: {worded(code, {})} [{code}]")
        for code, count in sorted(now.resting.items())
    ]
    found += [
        Finding("duty.failed", f"{each.name} failed and is tried again each minute: {worded(each.reason, {})}")
        for each in now.duties
        if each.reason
    ]
    if now.failures:
        found.append(
            Finding(
                "failures.standing",
                f"{now.failures} failures of the last day still stand. Each run's dashboard says for whom and why.",
            )
        )
    return found


def _about_queue(now: Operations) -> list[Finding]:
    if now.is_queue_there is None:
        waiting = sum(each.waiting for each in now.lanes)
        said = "CERTIFY_REDIS_URL is not set, so no worker is told of it. Set it, or work it off by --wait."
        return [Finding("queue.none", f"{waiting} chunks wait. {said}")] if waiting else []
    if now.is_queue_there:
        return []
    return [Finding("queue.away", "Redis does not answer at CERTIFY_REDIS_URL. Start it; no work is lost meanwhile.")]


def _about_workers(now: Operations) -> list[Finding]:
    found: list[Finding] = []
    served = {lane for each in now.present if not each.is_stopping for lane in each.lanes}
    for lane in now.lanes:
        if lane.waiting and lane.lane not in served and now.is_queue_there is not None:
            found.append(
                Finding(
                    "workers.none",
                    f"{lane.waiting} chunks of {lane.lane} wait and nobody works on them. "
                    f"Start: flask certify worker --queues {lane.lane}",
                )
            )
        elif lane.oldest_seconds is not None and lane.oldest_seconds > LONG.total_seconds():
            minutes = round(lane.oldest_seconds / 60)
            found.append(
                Finding(
                    "work.old",
                    f"Something of {lane.lane} waits, whose work was opened {minutes} minutes ago. "
                    "If that grows, start more workers.",
                )
            )
    silent = [each for each in now.workers if not each.is_there]
    if silent:
        machines = ", ".join(sorted({each.machine for each in silent}))
        who = "1 worker" if len(silent) == 1 else f"{len(silent)} workers"
        found.append(Finding("workers.silent", f"{who} fell silent without a word ({machines}). See the log."))
    if len({each.version for each in now.present}) > 1:
        found.append(Finding("workers.differ", "Workers of different versions are there. Restart the older ones."))
    return found
