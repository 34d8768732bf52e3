"""What a job does with a chunk, and how chunks that were forgotten find a job again."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from uuid import UUID

from sqlalchemy import orm

from . import logs, outbox, rubbish, steering, stopping, turns
from .errors import CertifyError, DatabaseBusy, Unavailable
from .i18n import N_
from .runtime import Runtime

AT_HAND = 16  # chunks that are looked at together
TURN_SECONDS = 5.0  # for which one job goes on: a fork costs as much as a hundred certificates
ROOM = 64  # jobs that may wait in the queue; the rest waits in the table
SOON_MS, LATER_MS = 1_000, 60_000
MOST_LEASES = 20  # for which one attempt may keep a chunk
LONGEST_PAUSE_MS = 30_000

NOT_OURS = "not ours"

log = logging.getLogger("flask_certify")


class Unexpected(CertifyError):
    code = "error.unexpected"
    sentence = N_("Something unexpected went wrong (%(kind)s). It is tried again; see the log if it stays.")


def run_chunk(rt: Runtime, chunk_id: UUID) -> str:
    """Claim, make, store: `done`, `not ours`, `taken over` or `put back`. Running it again changes nothing."""
    lease_ms = rt.settings.lease_seconds * 1000
    with rt.transaction() as tx:
        held = outbox.claim(tx.session, chunk_id, lease_ms)
        if held is not None:
            turns.served(tx.session, held)
    if held is None:
        return NOT_OURS
    with logs.about(chunk=str(chunk_id), work=str(held.work_id), kind=held.kind):
        began = time.monotonic()
        said = _run(rt, held, lease_ms)
        log.info("chunk %s", said, extra={"seconds": round(time.monotonic() - began, 3), "epoch": held.epoch})
    return said


def _run(rt: Runtime, held: outbox.Claim, lease_ms: int) -> str:
    kind = rt.kinds[held.kind]
    try:
        with rubbish.not_searched() if kind.keeps_all else nullcontext():
            with _kept(rt, held, lease_ms), stopping.interruptible():
                store = kind.make(rt, held)
            _finish(rt, held, store)
    except stopping.Stopping:
        return _give_back(rt, held)
    except outbox.Fenced:
        log.warning("chunk taken over", extra={"chunk": str(held.chunk_id)})
        return "taken over"
    except Exception as error:  # whatever it is, the row says so and the sweeper goes on
        return _put_back(rt, held, error)
    return "done"


def take_turns(rt: Runtime, hinted: UUID, seconds: float = TURN_SECONDS) -> str:
    """What one job does: chunk after chunk for some seconds, whoever's turn it is. The hint says only that there is
    work.

    So a small batch need not wait until all jobs of a large one that came before it are done. What became of the first.
    """
    until, first = time.monotonic() + seconds, ""
    with rt.reading() as session:
        kinds = _like(rt, outbox.kinds_of(session, [hinted]).get(hinted))
    while True:
        with rt.reading() as session:
            ids = turns.whose_turn(session, AT_HAND, kinds)
        done = next((said for each in ids if (said := run_chunk(rt, each)) != NOT_OURS), "")
        first = first or done or NOT_OURS
        if not done or time.monotonic() > until or stopping.is_asked():
            return first


def _like(rt: Runtime, kind: str | None) -> list[str]:
    """The kinds that share a lane with this one: some workers are kept for some lanes."""
    return [name for name, each in rt.kinds.items() if kind is not None and each.lane == rt.kinds[kind].lane]


def _finish(rt: Runtime, held: outbox.Claim, store: outbox.Store) -> None:
    with rt.transaction() as tx:
        outbox.finish(tx.session, held)
        store(tx)
        if outbox.count_down(tx.session, held.work_id):
            rt.kinds[held.kind].end(rt, tx, held.work_id)


@contextmanager
def _kept(rt: Runtime, held: outbox.Claim, lease_ms: int) -> Iterator[None]:
    """Renews the lease beside the work, so that a slow host is not taken for a dead worker.

    A process that is stopped or killed renews nothing. Nor does one that takes more than MOST_LEASES of them.
    """
    done = threading.Event()

    def renew() -> None:
        for _ in range(MOST_LEASES * 3):
            if done.wait(lease_ms / 3000):
                return
            try:
                with rt.in_context(), rt.transaction() as tx:
                    outbox.renew(tx.session, held, lease_ms)
            except outbox.Fenced:
                return
            except Unavailable as error:  # the next beat may find the database again
                log.warning("lease not renewed", extra={"chunk": str(held.chunk_id), "reason": error.code})

    beat = threading.Thread(target=renew, name="lease", daemon=True)
    beat.start()
    try:
        yield
    finally:
        done.set()
        beat.join()


def _give_back(rt: Runtime, held: outbox.Claim) -> str:
    """For another worker, at once: this one is told to end, and nothing is wrong with the chunk."""
    try:
        with rt.transaction() as tx:
            outbox.put_back(tx.session, held, outbox.GIVEN_BACK, 0, counted=False)
    except (outbox.Fenced, Unavailable):  # taken over already, or left to its lease
        return "left"
    return "given back"


def _put_back(rt: Runtime, held: outbox.Claim, error: Exception) -> str:
    """Somebody else's absence is not counted as an attempt: else four quick ones would fail every learner."""
    named = error if isinstance(error, CertifyError) else Unexpected(kind=type(error).__name__)
    reason = named.code if isinstance(error, CertifyError) else f"error.{type(error).__name__}"
    pause_ms = min(int(rt.settings.retry_seconds * 1000) * 2 ** min(held.epoch, 12), LONGEST_PAUSE_MS)
    if isinstance(named, Unavailable) and named.pause_ms is not None:
        pause_ms = named.pause_ms
    log.warning("chunk put back: %s", reason, extra={"chunk": str(held.chunk_id), "reason": reason})
    try:
        with rt.transaction() as tx:
            outbox.put_back(tx.session, held, reason, pause_ms, counted=not isinstance(error, Unavailable))
            rt.kinds[held.kind].delay(rt, tx, held, named)
    except outbox.Fenced:
        return "taken over"
    except Unavailable:  # the database itself is away: the lease lapses, and the chunk is taken up again
        return "left"
    return "put back"


def sweep(
    rt: Runtime,
    hint: Callable[[list[UUID]], None],
    waiting: int,
    room: int = ROOM,
    kinds: Collection[str] | None = None,
) -> int:
    """Hints at what is due, and returns how many. Several sweepers do no harm.

    An empty queue with chunks still to do means that the hints were done or lost, so they are given again soon;
    while jobs wait, a chunk is not hinted at twice.
    """
    split_hopeless(rt)
    with rt.transaction() as tx:
        ids = outbox.due(tx.session, room - waiting, LATER_MS if waiting else SOON_MS, kinds=kinds)
    if ids:
        hint(ids)
    return len(ids)


def split_hopeless(rt: Runtime) -> None:
    """Chunks that used up their attempts are divided, or end as failed; works that were told to stop are ended."""
    with rt.reading() as session:
        lost = outbox.hopeless(session)
        stopping = steering.stopping(session)
    for each in lost:
        outbox.divide(rt, each)
    for work_id, kind in stopping:
        with rt.transaction() as tx:
            if steering.stop(tx.session, work_id):
                rt.kinds[kind].end(rt, tx, work_id)


def work_off(rt: Runtime, is_over: Callable[[], bool], *, patience: float, tick: Callable[[], None]) -> bool:
    """Works off whatever is due in this process until `is_over()`; for commands that wait, without a queue.

    Workers elsewhere may help; while somebody is at a chunk, or lately was, it waits for them. False if nothing moved
    for `patience` seconds, because the host or the database stayed away.
    """
    moved_at = time.monotonic()
    while True:
        try:
            if is_over():
                return True
            moved = _work_once(rt)
            tick()
        except DatabaseBusy:
            moved = False
        if moved:
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > patience:
            return False
        else:
            time.sleep(0.05)


def _work_once(rt: Runtime) -> bool:
    """Whether anything was done here, or somebody else is at it."""
    split_hopeless(rt)
    with rt.reading() as session:
        ids = open_chunks(session)
    done = [run_chunk(rt, chunk_id) for chunk_id in ids]
    if "done" in done:
        return True
    with rt.reading() as session:
        return outbox.is_held(session)


def drain(rt: Runtime) -> None:
    """Works off what can be done now, such as messages; what cannot is left to the sweeper."""
    done: set[UUID] = set()
    try:
        while True:
            with rt.reading() as session:
                ids = [chunk_id for chunk_id in open_chunks(session) if chunk_id not in done]
            if not ids:
                return
            for chunk_id in ids:
                run_chunk(rt, chunk_id)
            done.update(ids)
    except DatabaseBusy:
        log.warning("database busy, the sweeper goes on")


def open_chunks(session: orm.Session) -> list[UUID]:
    """Chunks that may be claimed now, whoever's turn it is first. Reads only, and marks nothing."""
    return turns.whose_turn(session, AT_HAND)
