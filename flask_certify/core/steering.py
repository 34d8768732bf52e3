"""Pause a work, let it go on, stop it. A chunk that somebody is at is finished, whatever was asked meanwhile.

Each is part of the caller's transaction, and begins with a conditional write.
"""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from .outbox import OPEN, PAUSED, PENDING, RUNNING, STOPPED, Chunk, Work, count_down, now_ms


def pause(session: orm.Session, work_id: UUID) -> bool:
    """No further chunk of the work is begun; one that is being worked on is finished. False if there is nothing to."""
    return _turn(session, work_id, OPEN, PAUSED)


def resume(session: orm.Session, work_id: UUID) -> bool:
    return _turn(session, work_id, PAUSED, OPEN)


def _turn(session: orm.Session, work_id: UUID, was: str, now: str) -> bool:
    turned = session.execute(
        sa.update(Work)
        .where(Work.id == work_id, Work.state == was, Work.open_chunks > 0)
        .values(state=now)
        .execution_options(synchronize_session=False)
    )
    return bool(turned.rowcount)  # type: ignore[attr-defined]


def stop(session: orm.Session, work_id: UUID) -> bool:
    """Ends the chunks that nobody is at; one that is being worked on is finished. True if that was the end of the work.

    May be repeated, and is by the sweeper: a worker that died while it was stopping leaves its chunk behind.
    """
    nobody_at_it = sa.or_(Chunk.lease_until < now_ms(), Chunk.reason.is_not(None))
    ended = session.execute(
        sa.update(Chunk)
        .where(
            Chunk.work_id == work_id,
            sa.or_(Chunk.state == PENDING, sa.and_(Chunk.state == RUNNING, nobody_at_it)),
        )
        .values(state=STOPPED, epoch=Chunk.epoch + 1, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    number: int = ended.rowcount  # type: ignore[attr-defined]
    session.execute(
        sa.update(Work).where(Work.id == work_id).values(state=STOPPED).execution_options(synchronize_session=False)
    )
    return number > 0 and count_down(session, work_id, number)


def stopping(session: orm.Session) -> list[tuple[UUID, str]]:
    """Works that were told to stop and have not ended, with their kinds. Reads only."""
    found = session.execute(sa.select(Work.id, Work.kind).where(Work.state == STOPPED, Work.open_chunks > 0))
    return [(row.id, row.kind) for row in found]
