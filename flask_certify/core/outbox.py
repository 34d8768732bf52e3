"""Work that outlives a request: the database is the truth, a queued job is only a hint.

A *work* is a row with a counter of open *chunks*; a chunk is a range of positions with a lease and an epoch. What
stands at a position is the business of the kind of work (learners of an issue batch, messages to send). The chunk
rows are the outbox: nothing is sent to the queue inside a transaction. Doing any step twice changes nothing.

Every function that takes a session is one transaction of the caller's, and begins with a conditional write, never
with a look: what was read may be outdated by then, on SQLite as its driver comes without any error.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from .db import Base, UtcDateTime
from .errors import CertifyError
from .ids import new_id
from .transaction import Transaction

if TYPE_CHECKING:
    from .runtime import Runtime

PENDING, RUNNING, DONE, SPLIT, FAILED = "pending", "running", "done", "split", "failed"
OPEN, PAUSED, STOPPED = "open", "paused", "stopped"  # of a work; a chunk that was never begun is stopped with it
MOST_ATTEMPTS = 4
LEFT_TO_PARTS = 2  # attempts of a part of a divided chunk, before it is divided again
PARTS = 10
LARGEST_CHUNK = 1000
DIED = "worker.died"  # a reason, where nobody was left to say one
GIVEN_BACK = "worker.stopping"  # a reason that is no trouble: whoever had the chunk was told to end


class Work(Base):
    """Some work in chunks. It is over when `open_chunks` is 0."""

    __tablename__ = "certify_work"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40))
    open_chunks: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tenant_ref: Mapped[str] = mapped_column(sa.String(100), server_default="")  # whose turn it is; "": everybody's
    size: Mapped[int] = mapped_column(server_default="0")  # positions: small works go before large ones
    state: Mapped[str] = mapped_column(sa.String(8), server_default=OPEN)


class Chunk(Base):
    """A leased part of a work: the positions from `first` to `last`, both included."""

    __tablename__ = "certify_chunk"
    __table_args__ = (sa.Index(None, "state", "lease_until"), sa.Index(None, "work_id", "state"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    work_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Work.id))
    first: Mapped[int]
    last: Mapped[int]
    state: Mapped[str] = mapped_column(sa.String(8))
    epoch: Mapped[int]  # how often it was taken: the fence
    attempts: Mapped[int]
    lease_until: Mapped[int | None] = mapped_column(sa.BigInteger)  # whose time has passed may be taken by anyone
    hinted_at: Mapped[int | None] = mapped_column(sa.BigInteger)  # when a job was last queued for it
    reason: Mapped[str | None] = mapped_column(sa.String(60))  # a code, never a value of the learner's


class now_ms(FunctionElement[int]):
    """The time by the database's clock, the one clock all workers share: milliseconds since 1970."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _on_sqlite(element: now_ms, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(now_ms, "postgresql")
def _on_postgresql(element: now_ms, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


class Fenced(Exception):
    """The chunk was taken over meanwhile; what this worker made is not wanted."""


@dataclass(frozen=True)
class Claim:
    """The right to work on a chunk, until the lease ends or somebody else has taken it."""

    chunk_id: UUID
    work_id: UUID
    kind: str
    first: int
    last: int
    epoch: int
    attempts: int
    tenant_ref: str = ""


Store = Callable[[Transaction], None]
"""Writes what was made, in the transaction that ends the chunk."""


@dataclass(frozen=True)
class Kind:
    """What one kind of work does with a chunk, and when all chunks are done.

    `make` works outside any transaction and returns what is to be written; it may raise, and is then called again.
    `sink` writes that a chunk of one position has failed for good, with a code as reason.
    `end` follows the last chunk of a work, in the same transaction, exactly once. `delay` notes that a chunk could not
    be done now and will be tried again, so that somebody who waits can see why. `preload` loads what `make` needs and
    changes nothing: a worker calls it once, so that the processes it forks find all of it there.
    """

    make: Callable[["Runtime", Claim], Store]
    sink: Callable[["Runtime", Transaction, Claim, str], None]
    end: Callable[["Runtime", Transaction, UUID], None]
    delay: Callable[["Runtime", Transaction, Claim, CertifyError], None] = lambda rt, tx, held, error: None
    preload: Callable[["Runtime"], None] = lambda rt: None
    lane: str = "issuing"
    """By which queue it is hinted at: one of queue.LANES."""
    keeps_all: bool = False
    """Almost all that is made for a chunk is stored in the end: no rubbish need be searched for meanwhile."""


def open_work(
    tx: Transaction,
    kind: str,
    total: int,
    size: int,
    now: datetime,
    work_id: UUID | None = None,
    *,
    tenant_ref: str = "",
    first: int = 0,
) -> tuple[UUID, list[UUID]]:
    """A new work with positions 0 to `total` - 1 in chunks of `size`: its id, and those of its chunks.

    With `first` the chunks begin with that size and double up to `size`, so that somebody who waits sees something
    soon. A work without positions gets one empty chunk, so that its end comes the same way as any other.
    """
    work_id = work_id or new_id()
    ranges = _ranges(total, min(first or size, size), size) or [(0, -1)]
    row = {
        "id": work_id,
        "kind": kind,
        "open_chunks": len(ranges),
        "opened_at": now,
        "tenant_ref": tenant_ref,
        "size": total,
        "state": OPEN,
    }
    tx.session.execute(sa.insert(Work), [row])
    rows = [_fresh(work_id, begin, last) for begin, last in ranges]
    tx.session.execute(sa.insert(Chunk), rows)
    return work_id, [row["id"] for row in rows]


def _ranges(total: int, width: int, size: int, at: int = 0) -> list[tuple[int, int]]:
    found = []
    while at < total:
        found.append((at, min(at + width, total) - 1))
        at, width = at + width, min(width * 2, size)
    return found


def claim(session: orm.Session, chunk_id: UUID, lease_ms: int) -> Claim | None:
    """One conditional update: of all who try at once, one gets the chunk. None for the others."""
    lapsed = sa.and_(Chunk.state == RUNNING, Chunk.lease_until < now_ms())
    row = session.execute(
        sa.update(Chunk)
        .where(
            Chunk.id == chunk_id,
            sa.or_(Chunk.state == PENDING, lapsed),
            Chunk.attempts < MOST_ATTEMPTS,
            Chunk.work_id.in_(_open_works()),
        )
        .values(
            state=RUNNING,
            lease_until=now_ms() + lease_ms,
            hinted_at=None,
            reason=None,  # while it stands, the chunk rests after trouble; without one, somebody is at it
            epoch=Chunk.epoch + 1,
            attempts=Chunk.attempts + 1,
        )
        .returning(Chunk.id, Chunk.work_id, Chunk.first, Chunk.last, Chunk.epoch, Chunk.attempts)
        .execution_options(synchronize_session=False)
    ).first()
    if row is None:
        return None
    kind, tenant_ref = session.execute(sa.select(Work.kind, Work.tenant_ref).where(Work.id == row.work_id)).one()
    return Claim(row.id, row.work_id, kind, row.first, row.last, row.epoch, row.attempts, tenant_ref)


def _open_works() -> sa.Select[Any]:
    return sa.select(Work.id).where(Work.state == OPEN)


def renew(session: orm.Session, held: Claim, lease_ms: int) -> None:
    """More time. Raises Fenced if the chunk is no longer ours."""
    _only_if_ours(session, held, lease_until=now_ms() + lease_ms)


def finish(session: orm.Session, held: Claim) -> None:
    """The fence: comes first in the transaction that stores, so a worker that was overtaken writes nothing."""
    _only_if_ours(session, held, state=DONE, lease_until=None, reason=None)


def count_down(session: orm.Session, work_id: UUID, by: int = 1) -> bool:
    """True for exactly one caller of a work: the one that ends it.

    A counter, because two chunks that end at the same moment cannot see each other: counting the open ones, each
    would still count the other.
    """
    left = session.scalar(
        sa.update(Work)
        .where(Work.id == work_id)
        .values(open_chunks=Work.open_chunks - by)
        .returning(Work.open_chunks)
        .execution_options(synchronize_session=False)
    )
    return left == 0


def put_back(session: orm.Session, held: Claim, reason: str, pause_ms: int, *, counted: bool) -> None:
    """For the next attempt, not before the pause is over. Not counted: nobody in the chunk is to blame."""
    _only_if_ours(
        session,
        held,
        reason=reason[:60],
        lease_until=now_ms() + pause_ms,
        attempts=held.attempts if counted else held.attempts - 1,
    )


def is_held(session: orm.Session) -> bool:
    """Whether somebody is at a chunk, or died so lately that the lease still runs. Chunks that rest do not count."""
    held = sa.select(Chunk.id).where(Chunk.state == RUNNING, Chunk.lease_until >= now_ms(), Chunk.reason.is_(None))
    return session.scalar(held.limit(1)) is not None


def find_reason(session: orm.Session, work_id: UUID) -> str | None:
    """Why the work does not go on: the code of the latest trouble of a chunk that rests."""
    resting = sa.select(Chunk.reason).where(
        Chunk.work_id == work_id, Chunk.state == RUNNING, Chunk.reason.is_not(None), Chunk.reason != GIVEN_BACK
    )
    return session.scalar(resting.order_by(Chunk.hinted_at.desc(), Chunk.id).limit(1))


def kinds_of(session: orm.Session, chunk_ids: Collection[UUID]) -> dict[UUID, str]:
    """What kind of work each chunk is of."""
    found = sa.select(Chunk.id, Work.kind).join(Work, Work.id == Chunk.work_id).where(Chunk.id.in_(chunk_ids))
    return {row.id: row.kind for row in session.execute(found)}


def due(
    session: orm.Session,
    room: int,
    again_after_ms: int,
    work_id: UUID | None = None,
    kinds: Collection[str] | None = None,
) -> list[UUID]:
    """Chunks that need a job now, at most `room`, marked as hinted. Call it, commit, queue."""
    rested = sa.or_(Chunk.hinted_at.is_(None), Chunk.hinted_at < now_ms() - again_after_ms)
    lapsed = sa.and_(Chunk.state == RUNNING, Chunk.lease_until < now_ms(), Chunk.attempts < MOST_ATTEMPTS)
    chosen = (
        sa.select(Chunk.id)
        .where(sa.or_(Chunk.state == PENDING, lapsed), rested, Chunk.work_id.in_(_open_works()))
        .order_by(Chunk.id)
        .limit(max(room, 0))
        .with_for_update(skip_locked=True)
    )
    if work_id is not None:
        chosen = chosen.where(Chunk.work_id == work_id)
    if kinds is not None:
        chosen = chosen.where(Chunk.work_id.in_(sa.select(Work.id).where(Work.kind.in_(kinds))))
    return list(
        session.scalars(
            sa.update(Chunk)
            .where(Chunk.id.in_(chosen))
            .values(hinted_at=now_ms())
            .returning(Chunk.id)
            .execution_options(synchronize_session=False)
        )
    )


def hopeless(session: orm.Session) -> list[Claim]:
    """Chunks that used up their attempts. Reads only."""
    found = session.execute(
        sa.select(Chunk, Work.kind)
        .join(Work, Work.id == Chunk.work_id)
        .where(
            Chunk.state == RUNNING,
            Chunk.lease_until < now_ms(),
            Chunk.attempts >= MOST_ATTEMPTS,
            Work.state != STOPPED,
        )
    )
    return [
        Claim(chunk.id, chunk.work_id, kind, chunk.first, chunk.last, chunk.epoch, chunk.attempts)
        for chunk, kind in found
    ]


def divide(rt: "Runtime", lost: Claim) -> list[UUID]:
    """A hopeless chunk is divided into parts, and those again, until one person sinks alone: a chunk of one has failed.

    The ids of the new chunks. Nothing happens if somebody was faster.
    """
    is_single = lost.first >= lost.last
    with rt.transaction() as tx:
        row = tx.session.execute(
            sa.update(Chunk)
            .where(
                Chunk.id == lost.chunk_id,
                Chunk.epoch == lost.epoch,
                Chunk.state == RUNNING,
                Chunk.lease_until < now_ms(),
            )
            .values(
                state=FAILED if is_single else SPLIT,
                epoch=Chunk.epoch + 1,
                lease_until=None,
                reason=sa.func.coalesce(Chunk.reason, DIED),
            )
            .returning(Chunk.reason)
            .execution_options(synchronize_session=False)
        ).first()
        if row is None:
            return []
        if is_single:
            kind = rt.kinds[lost.kind]
            kind.sink(rt, tx, lost, row.reason)
            if count_down(tx.session, lost.work_id):
                kind.end(rt, tx, lost.work_id)
            return []
        width = -(-(lost.last - lost.first + 1) // PARTS)
        ranges = _ranges(lost.last + 1, width, width, lost.first)
        attempts = 0 if width == 1 else MOST_ATTEMPTS - LEFT_TO_PARTS
        parts = [_fresh(lost.work_id, *each, attempts=attempts) for each in ranges]
        tx.session.execute(sa.insert(Chunk), parts)
        count_down(tx.session, lost.work_id, 1 - len(parts))
        return [row["id"] for row in parts]


def _fresh(work_id: UUID, first: int, last: int, attempts: int = 0) -> dict[str, Any]:
    return {
        "id": new_id(),
        "work_id": work_id,
        "first": first,
        "last": last,
        "state": PENDING,
        "epoch": 0,
        "attempts": attempts,
    }


def _only_if_ours(session: orm.Session, held: Claim, **values: Any) -> None:
    changed = session.execute(
        sa.update(Chunk)
        .where(Chunk.id == held.chunk_id, Chunk.epoch == held.epoch, Chunk.state == RUNNING)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Fenced(str(held.chunk_id))
