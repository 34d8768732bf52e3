"""Whose turn it is: tenants and kinds of work take turns, and small works need not wait for large ones."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.core import outbox, steering, turns, working
from flask_certify.core.current import runtime_of
from flask_certify.core.db import Base, derive
from flask_certify.core.outbox import Claim, Kind, Store
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk, bundles, changes
from flask_certify.notifications import decisions
from flask_certify.notifications.models import Message
from flask_certify.notifications.states import State
from tests.support import story
from tests.support.story import NOW


@pytest.fixture
def done() -> list[tuple[str, str, int]]:
    """Tenant, kind and first position of each chunk, in the order of their making."""
    return []


@pytest.fixture
def room(tmp_path: Path, done: list[tuple[str, str, int]]) -> Iterator[Runtime]:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    tables = [outbox.Work.__table__, outbox.Chunk.__table__, turns.Turn.__table__]
    Base.metadata.create_all(engine, tables=tables)  # type: ignore[arg-type]

    def make(rt: Runtime, held: Claim) -> Store:
        done.append((held.tenant_ref, held.kind, held.first))
        return lambda tx: None

    kind = Kind(make, lambda *args: None, lambda *args: None)
    yield Runtime(
        settings=Settings(public_url="https://certs.example.org", lease_seconds=60),
        find_engine=lambda: derive(engine),
        host=MemoryHost(),
        kinds={"issue": kind, "tell": kind, "pack": replace(kind, lane="bundles")},
    )
    engine.dispose()


def opened(room: Runtime, tenant: str, kind: str, total: int, size: int = 1) -> UUID:
    with room.transaction() as tx:
        work_id, _ = outbox.open_work(tx, kind, total, size, NOW, tenant_ref=tenant)
    return work_id


def take(room: Runtime, turns_taken: int, kinds: list[str] | None = None) -> None:
    for _ in range(turns_taken):
        with room.reading() as session:
            [chunk] = turns.whose_turn(session, 1, kinds)
        assert working.run_chunk(room, chunk) == "done"
        with room.transaction() as tx:  # milliseconds are too coarse for so quick a worker
            tx.session.execute(sa.update(turns.Turn).values(served_at=turns.Turn.served_at - 5))


def test_a_tenant_with_one_chunk_need_not_wait_until_another_with_many_is_done(
    room: Runtime, done: list[tuple[str, str, int]]
) -> None:
    opened(room, "wales", "issue", 50)
    take(room, 2)
    opened(room, "devon", "issue", 2)
    take(room, 4)
    assert [tenant for tenant, _, _ in done] == ["wales", "wales", "devon", "wales", "devon", "wales"]


def test_whose_turn_it_is_in_one_lane_does_not_depend_on_another(
    room: Runtime, done: list[tuple[str, str, int]]
) -> None:
    """Who is issued to just now need not wait longer for ZIP files than others do."""
    for tenant in ("wales", "devon"):
        opened(room, tenant, "pack", 4)
    opened(room, "wales", "issue", 4)
    for kind in ("pack", "issue", "pack", "issue", "pack", "issue", "pack"):
        take(room, 1, [kind])
    assert sorted(tenant for tenant, kind, _ in done if kind == "pack") == ["devon", "devon", "wales", "wales"]


def test_of_one_tenant_the_kinds_of_work_take_turns(room: Runtime, done: list[tuple[str, str, int]]) -> None:
    opened(room, "wales", "issue", 20)
    opened(room, "wales", "tell", 20)
    take(room, 6)
    assert sorted(kind for _, kind, _ in done) == ["issue"] * 3 + ["tell"] * 3


def test_a_small_work_goes_before_a_large_one_and_chunks_go_in_their_order(
    room: Runtime, done: list[tuple[str, str, int]]
) -> None:
    opened(room, "wales", "issue", 20_000, 5_000)
    take(room, 1)
    opened(room, "wales", "issue", 2, 1)
    take(room, 3)
    assert [first for _, _, first in done] == [0, 0, 1, 5_000]


def test_one_job_does_chunk_after_chunk_of_its_own_lane(room: Runtime, done: list[tuple[str, str, int]]) -> None:
    opened(room, "wales", "issue", 3)
    opened(room, "devon", "tell", 2)
    opened(room, "devon", "pack", 2)
    with room.reading() as session:
        hinted = session.scalars(sa.select(outbox.Chunk.id).join(outbox.Work).where(outbox.Work.kind == "tell")).first()
    assert hinted is not None
    assert working.take_turns(room, hinted) == "done"
    assert sorted(kind for _, kind, _ in done) == ["issue"] * 3 + ["tell"] * 2
    assert working.take_turns(room, hinted) == "not ours"


def test_what_is_paused_or_stopped_has_no_turn_and_what_goes_on_has(
    room: Runtime, done: list[tuple[str, str, int]]
) -> None:
    work_id = opened(room, "wales", "issue", 3)
    with room.transaction() as tx:
        assert steering.pause(tx.session, work_id)
        assert not steering.pause(tx.session, work_id)
    with room.reading() as session:
        assert turns.whose_turn(session) == []
    with room.transaction() as tx:
        assert steering.resume(tx.session, work_id)
    take(room, 1)
    with room.transaction() as tx:
        assert steering.stop(tx.session, work_id)
        assert not steering.stop(tx.session, work_id)
    with room.reading() as session:
        assert turns.whose_turn(session) == []
    assert len(done) == 1


def test_a_large_chunk_that_is_hopeless_is_divided_into_parts_and_not_into_single_positions(room: Runtime) -> None:
    opened(room, "wales", "issue", 1000, 1000)
    with room.reading() as session:
        [chunk] = turns.whose_turn(session)
    with room.transaction() as tx:
        lost = outbox.claim(tx.session, chunk, 60_000)
        tx.session.execute(sa.update(outbox.Chunk).values(lease_until=1, attempts=outbox.MOST_ATTEMPTS))
    assert lost is not None
    parts = outbox.divide(room, lost)
    with room.reading() as session:
        rows = session.execute(
            sa.select(outbox.Chunk.first, outbox.Chunk.last)
            .where(outbox.Chunk.id.in_(parts))
            .order_by(outbox.Chunk.first)
        ).all()
    assert [tuple(row) for row in rows] == [(at, at + 99) for at in range(0, 1000, 100)]


def test_whatever_is_done_for_a_tenant_is_its_turn_and_not_everybodys(tmp_path: Path, host: MemoryHost) -> None:
    """Issuing, telling, packing, and what the platform says has changed."""
    database = f"sqlite:///{tmp_path}/host.db"
    with story.opened(database, host, CERTIFY_FILES=str(tmp_path / "files")) as app, app.app_context():
        rt = runtime_of(app)
        batch = bulk.issue_and_wait(rt, story.RUN, story.MIA, notify=True, patience=20)
        bundles.open_bundle(rt, batch.run_id, story.MIA)
        changes.run_changed(rt, story.RUN)
        decisions.decide(rt, unsent(rt), "again", story.TOM, tenant_ref="wales")
        with rt.reading() as session:
            works = session.execute(sa.select(outbox.Work.kind, outbox.Work.tenant_ref)).all()
    assert len({row.kind for row in works}) == 5
    assert {row.tenant_ref for row in works} == {"wales", "devon"}, "devon was set up"


def unsent(rt: Runtime) -> list[UUID]:
    """Messages that perhaps were sent; here nobody could have been told."""
    with rt.transaction() as tx:
        return list(tx.session.scalars(sa.update(Message).values(state=State.UNKNOWN).returning(Message.id)))
