"""Who works: a row for each worker, by which everybody can tell who is there. Redis may be wiped; these rows stay."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, UtcDateTime
from .outbox import now_ms

SEEN_EACH = 5.0  # seconds between two signs of life
ABSENT_AFTER_MS = 30_000
FORGOTTEN_AFTER_MS = 86_400_000


class Worker(Base):
    """A worker, from its start to its end. One that was killed leaves its row behind until it is cleared away."""

    __tablename__ = "certify_worker"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    machine: Mapped[str] = mapped_column(sa.String(100))
    pid: Mapped[int]
    lanes: Mapped[str] = mapped_column(sa.String(100))
    version: Mapped[str] = mapped_column(sa.String(20))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[int] = mapped_column(sa.BigInteger)  # by the database's clock
    is_stopping: Mapped[bool]


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker that gave a sign of life lately, or did so until it fell silent."""

    id: UUID
    machine: str
    pid: int
    lanes: tuple[str, ...]
    version: str
    began_at: datetime
    silent_ms: int
    is_stopping: bool

    @property
    def is_there(self) -> bool:
        return self.silent_ms < ABSENT_AFTER_MS


def arrive(session: orm.Session, worker_id: UUID, lanes: Sequence[str], version: str, now: datetime) -> None:
    """A worker begins, in this process."""
    session.execute(
        sa.insert(Worker).values(
            id=worker_id,
            machine=socket.gethostname()[:100],
            pid=os.getpid(),
            lanes=" ".join(lanes),
            version=version[:20],
            began_at=now,
            seen_at=now_ms(),
            is_stopping=False,
        )
    )


def be_seen(session: orm.Session, worker_id: UUID, *, is_stopping: bool) -> bool:
    """A sign of life. False if nobody knows the worker any more."""
    seen = session.execute(
        sa.update(Worker)
        .where(Worker.id == worker_id)
        .values(seen_at=now_ms(), is_stopping=is_stopping)
        .execution_options(synchronize_session=False)
    )
    return bool(seen.rowcount)  # type: ignore[attr-defined]


def leave(session: orm.Session, worker_id: UUID) -> None:
    """It ended in order."""
    session.execute(sa.delete(Worker).where(Worker.id == worker_id))


def list_workers(session: orm.Session) -> list[WorkerView]:
    """Those that are there, and those that fell silent within a day, by machine."""
    silent = now_ms() - Worker.seen_at
    found = session.execute(sa.select(Worker, silent).order_by(Worker.machine, Worker.began_at)).all()
    return [
        WorkerView(
            row.id, row.machine, row.pid, tuple(row.lanes.split()), row.version, row.began_at, ms, row.is_stopping
        )
        for row, ms in found
    ]


def is_served(session: orm.Session, lane: str) -> bool:
    """Whether a worker is there that takes up work of this lane."""
    found = session.scalars(
        sa.select(Worker.lanes).where(Worker.seen_at > now_ms() - ABSENT_AFTER_MS, Worker.is_stopping.is_(False))
    )
    return any(lane in lanes.split() for lanes in found)


def forget_silent(session: orm.Session) -> None:
    """Clears away who was killed long ago."""
    session.execute(sa.delete(Worker).where(Worker.seen_at < now_ms() - FORGOTTEN_AFTER_MS))
