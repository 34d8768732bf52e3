"""Work that outlives a request: what may happen to a chunk, on each kind of database."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.core import outbox, turns, working
from flask_certify.core.db import Base, derive
from flask_certify.core.errors import HostUnavailable
from flask_certify.core.outbox import Claim, Kind, Store
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.core.transaction import Transaction
from flask_certify.host.memory import MemoryHost
from tests.support.story import NOW


@dataclass
class Diary:
    """What a kind of work did. Positions in `trouble` raise, and so does everything while `away`."""

    stored: list[int] = field(default_factory=list)
    sunk: list[tuple[int, str]] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    trouble: set[int] = field(default_factory=set)
    away: bool = False

    def make(self, rt: Runtime, held: Claim) -> Store:
        if self.away:
            raise HostUnavailable()
        positions = range(held.first, held.last + 1)
        if self.trouble & set(positions):
            raise ValueError("something about one of them")
        return lambda tx: tx.then(self.stored.extend, positions)

    def sink(self, rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
        self.sunk.append((held.first, reason))

    def end(self, rt: Runtime, tx: Transaction, work_id: UUID) -> None:
        tx.then(self.ended.append, work_id)


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def room(database_url: str, diary: Diary) -> Iterator[Runtime]:
    """A runtime with the tables of the outbox and nothing else."""
    engine = sa.create_engine(database_url)
    tables = [outbox.Work.__table__, outbox.Chunk.__table__, turns.Turn.__table__]
    Base.metadata.create_all(engine, tables=tables)  # type: ignore[arg-type]
    yield Runtime(
        settings=Settings(public_url="https://certs.example.org", lease_seconds=60),
        find_engine=lambda: derive(engine),
        host=MemoryHost(),
        kinds={"diary": Kind(diary.make, diary.sink, diary.end)},
    )
    engine.dispose()


def opened(room: Runtime, total: int, size: int) -> tuple[UUID, list[UUID]]:
    with room.transaction() as tx:
        return outbox.open_work(tx, "diary", total, size, NOW)


def lapse(room: Runtime) -> None:
    """Time passes: every lease has ended."""
    with room.transaction() as tx:
        tx.session.execute(sa.update(outbox.Chunk).where(outbox.Chunk.lease_until.is_not(None)).values(lease_until=1))


def test_each_position_is_done_once_and_the_end_comes_once(room: Runtime, diary: Diary) -> None:
    work_id, chunks = opened(room, 10, 4)
    assert [working.run_chunk(room, chunk) for chunk in chunks] == ["done"] * 3
    assert [working.run_chunk(room, chunk) for chunk in chunks] == ["not ours"] * 3
    assert sorted(diary.stored) == list(range(10))
    assert diary.ended == [work_id]


def test_work_without_positions_ends_too(room: Runtime, diary: Diary) -> None:
    work_id, [chunk] = opened(room, 0, 4)
    assert working.run_chunk(room, chunk) == "done"
    assert (diary.stored, diary.ended) == ([], [work_id])


def test_of_eight_who_claim_at_once_one_wins(room: Runtime) -> None:
    _, [chunk] = opened(room, 1, 1)
    start, won = threading.Barrier(8), list[Claim]()

    def claim() -> None:
        start.wait()
        with room.transaction() as tx:
            held = outbox.claim(tx.session, chunk, 60_000)
        if held:
            won.append(held)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_who_was_overtaken_writes_nothing_and_cannot_renew(room: Runtime) -> None:
    _, [chunk] = opened(room, 1, 1)
    with room.transaction() as tx:
        slow = outbox.claim(tx.session, chunk, 60_000)
    lapse(room)
    with room.transaction() as tx:
        quick = outbox.claim(tx.session, chunk, 60_000)
    assert slow and quick and quick.epoch == slow.epoch + 1
    for attempt in (lambda session: outbox.finish(session, slow), lambda session: outbox.renew(session, slow, 1)):
        with pytest.raises(outbox.Fenced), room.transaction() as tx:
            attempt(tx.session)
    with room.transaction() as tx:
        outbox.finish(tx.session, quick)


def test_one_position_that_always_fails_sinks_alone(room: Runtime, diary: Diary) -> None:
    work_id, [chunk] = opened(room, 5, 5)
    diary.trouble = {3}
    for _ in range(outbox.MOST_ATTEMPTS):
        assert working.run_chunk(room, chunk) == "put back"
        lapse(room)
    for _ in range(outbox.MOST_ATTEMPTS + 1):
        working.split_hopeless(room)
        with room.reading() as session:
            singles = working.open_chunks(session)
        for single in singles:
            working.run_chunk(room, single)
        lapse(room)
    assert sorted(diary.stored) == [0, 1, 2, 4]
    assert diary.sunk == [(3, "error.ValueError")]
    assert diary.ended == [work_id]


def test_while_something_is_away_no_attempt_is_counted(room: Runtime, diary: Diary) -> None:
    """R-255: later is not no."""
    work_id, [chunk] = opened(room, 1, 1)
    diary.away = True
    for _ in range(3 * outbox.MOST_ATTEMPTS):
        assert working.run_chunk(room, chunk) == "put back"
        lapse(room)
    diary.away = False
    assert working.run_chunk(room, chunk) == "done"
    assert (diary.sunk, diary.ended) == ([], [work_id])


def test_a_chunk_that_was_put_back_rests_first(room: Runtime, diary: Diary) -> None:
    _, [chunk] = opened(room, 1, 1)
    diary.away = True
    assert working.run_chunk(room, chunk) == "put back"
    assert working.run_chunk(room, chunk) == "not ours"
    with room.reading() as session:
        assert working.open_chunks(session) == []


def test_a_hint_is_given_once_while_jobs_wait_and_again_when_the_queue_is_empty(room: Runtime) -> None:
    _, chunks = opened(room, 3, 1)
    hinted: list[UUID] = []
    assert working.sweep(room, hinted.extend, waiting=0) == 3
    assert sorted(hinted) == sorted(chunks)
    assert working.sweep(room, hinted.extend, waiting=3) == 0
    with room.transaction() as tx:
        tx.session.execute(sa.update(outbox.Chunk).values(hinted_at=1))
    assert working.sweep(room, hinted.extend, waiting=0) == 3


def test_no_more_jobs_wait_than_there_is_room_for(room: Runtime) -> None:
    opened(room, 10, 1)
    assert working.sweep(room, lambda ids: None, waiting=60) == working.ROOM - 60


def test_what_follows_a_commit_does_not_follow_a_rollback(room: Runtime) -> None:
    said: list[str] = []
    with pytest.raises(ZeroDivisionError), room.transaction() as tx:
        tx.then(said.append, "rolled back")
        raise ZeroDivisionError
    with room.transaction() as tx:
        tx.then(said.append, "committed")
        tx.then(lambda: 1 // 0)
        tx.then(said.append, "and the next")
    assert said == ["committed", "and the next"]


def test_a_crash_between_making_and_storing_leaves_the_chunk_for_another(room: Runtime, diary: Diary) -> None:
    _, [chunk] = opened(room, 2, 2)

    def dies(rt: Runtime, held: Claim) -> Store:
        def store(tx: Transaction) -> None:
            raise KeyboardInterrupt

        return store

    dying = replace(room, kinds={"diary": Kind(dies, diary.sink, diary.end)})
    with pytest.raises(KeyboardInterrupt):
        working.run_chunk(dying, chunk)
    lapse(room)
    assert working.run_chunk(room, chunk) == "done"
    assert sorted(diary.stored) == [0, 1]
