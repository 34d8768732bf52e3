"""What nobody looks at any more is cleared away by the clock."""

from datetime import timedelta

import sqlalchemy as sa

from . import workers
from .duties import Duty, each
from .outbox import Chunk, Work
from .runtime import Runtime

KEEP_CHUNKS = timedelta(days=30)
MOST_WORKS = 200  # at once: a delete is to hold nobody up


def forget_workers(rt: Runtime) -> None:
    """Those that were killed, a day later."""
    with rt.transaction() as tx:
        workers.forget_silent(tx.session)


def forget_chunks(rt: Runtime) -> int:
    """Chunks of works that ended a month ago; what came of them stands with whoever opened the work. How many works."""
    old = (
        sa.select(Work.id)
        .where(Work.open_chunks == 0, Work.opened_at < rt.clock.now() - KEEP_CHUNKS)
        .where(sa.exists().where(Chunk.work_id == Work.id))
        .limit(MOST_WORKS)
    )
    with rt.reading() as session:
        found = session.scalars(old).all()
    with rt.transaction() as tx:
        tx.session.execute(sa.delete(Chunk).where(Chunk.work_id.in_(found)))
    return len(found)


TIDYING = (
    Duty("workers.forget", each(timedelta(hours=1)), forget_workers),
    Duty("chunks.forget", each(timedelta(hours=1)), forget_chunks),
)
