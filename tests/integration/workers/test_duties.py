"""What the clock does: once in each turn, by one worker of all, on each kind of database."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.core import children, duties, tidying, workers
from flask_certify.core.clock import FixedClock
from flask_certify.core.db import Base, derive
from flask_certify.core.duties import Duty, DutyRow
from flask_certify.core.errors import HostUnavailable
from flask_certify.core.ids import new_id
from flask_certify.core.outbox import now_ms
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.core.workers import Worker
from flask_certify.host.memory import MemoryHost
from tests.support.story import NOW

ONE, TWO = new_id(), new_id()


@dataclass
class Bell:
    """Counts how often it rang."""

    rang: int = 0
    trouble: list[Exception] = field(default_factory=list)

    def ring(self, rt: Runtime) -> None:
        if self.trouble:
            raise self.trouble.pop()
        self.rang += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def room(database_url: str, bell: Bell) -> Iterator[Runtime]:
    engine = sa.create_engine(database_url)
    Base.metadata.create_all(engine, tables=[DutyRow.__table__, Worker.__table__])  # type: ignore[list-item]
    yield Runtime(
        settings=Settings(public_url="https://certs.example.org"),
        find_engine=lambda: derive(engine),
        host=MemoryHost(),
        clock=FixedClock(NOW),
        duties=[Duty("bell", duties.each(timedelta(minutes=1)), bell.ring)],
    )
    engine.dispose()


def at(room: Runtime, minutes: float) -> Runtime:
    return replace(room, clock=FixedClock(NOW + timedelta(minutes=minutes)))


def lapse(room: Runtime) -> None:
    """Time passes by the database's clock."""
    with room.transaction() as tx:
        tx.session.execute(sa.update(DutyRow).values(until=1))


def row(room: Runtime, name: str) -> DutyRow:
    with room.reading() as session:
        return session.get_one(DutyRow, name)


def test_one_leads_until_it_falls_silent_or_steps_down(room: Runtime) -> None:
    assert duties.lead(room, ONE)
    assert duties.lead(room, ONE), "it goes on"
    assert not duties.lead(room, TWO)
    lapse(room)
    assert duties.lead(room, TWO), "the first one died"
    assert not duties.lead(room, ONE)
    duties.step_down(room, ONE)
    assert not duties.lead(room, ONE), "nobody steps down for another"
    duties.step_down(room, TWO)
    assert duties.lead(room, ONE)


def test_a_duty_is_done_once_in_each_turn_whoever_leads(room: Runtime, bell: Bell) -> None:
    """R-105. Its first turn is the next one: a worker that was just installed does nothing unasked."""
    assert duties.do_due(room, ONE) == []
    assert duties.do_due(at(room, 1), ONE) == ["bell"]
    assert duties.do_due(at(room, 1), TWO) == []
    assert duties.do_due(at(room, 5), TWO) == ["bell"], "turns that were missed are made up for by one"
    assert bell.rang == 2


def test_a_duty_that_failed_is_tried_again_and_says_why(room: Runtime, bell: Bell) -> None:
    """R-258."""
    duties.do_due(room, ONE)
    bell.trouble = [ValueError("ada@example.org"), HostUnavailable()]
    for code in ("host.unavailable", "error.ValueError"):
        assert duties.do_due(at(room, 1), ONE) == []
        assert row(room, "bell").reason == code
        assert duties.do_due(at(room, 1), ONE) == [], "it rests a while"
        lapse(room)
    assert duties.do_due(at(room, 1), ONE) == ["bell"]
    assert row(room, "bell").reason is None


def test_a_duty_that_was_begun_by_a_worker_that_died_is_done_again(room: Runtime, bell: Bell) -> None:
    duties.do_due(room, ONE)
    with room.transaction() as tx:
        tx.session.execute(sa.update(DutyRow).where(DutyRow.name == "bell").values(holder=ONE, until=now_ms() + 60_000))
    assert duties.do_due(at(room, 1), TWO) == []
    lapse(room)
    assert duties.do_due(at(room, 1), TWO) == ["bell"]


def test_a_daily_duty_has_a_turn_from_its_time_on(room: Runtime) -> None:
    turn = duties.daily(lambda rt: time(2, 30))
    before, after = (datetime(2026, 6, 15, 2, minute, tzinfo=UTC) for minute in (29, 30))
    first, second = turn(room, before), turn(room, after)
    assert first is not None
    assert second == first + 1
    assert turn(room, after + timedelta(hours=23)) == second
    assert duties.daily(lambda rt: None)(room, after) is None


def seen(room: Runtime) -> dict[UUID, bool]:
    with room.reading() as session:
        return {each.id: each.is_there for each in workers.list_workers(session)}


def test_who_works_is_known_until_a_day_after_it_was_killed(room: Runtime) -> None:
    """R-258."""
    with room.transaction() as tx:
        for worker in (ONE, TWO):
            assert not workers.be_seen(tx.session, worker, is_stopping=False)
            workers.arrive(tx.session, worker, ["messages"], "1.0", NOW)
    assert seen(room) == {ONE: True, TWO: True}
    with room.transaction() as tx:
        tx.session.execute(sa.update(Worker).values(seen_at=now_ms() - workers.ABSENT_AFTER_MS))
        assert workers.be_seen(tx.session, TWO, is_stopping=True)
    assert seen(room) == {ONE: False, TWO: True}
    with room.transaction() as tx:
        tx.session.execute(
            sa.update(Worker).where(Worker.id == ONE).values(seen_at=now_ms() - workers.FORGOTTEN_AFTER_MS - 1000)
        )
        workers.leave(tx.session, TWO)
    tidying.forget_workers(room)
    assert seen(room) == {}


def test_a_process_that_the_system_has_cleared_away_is_known_to_have_ended() -> None:
    """Under a supervisor that ignores SIGCHLD: else who leads would wait for it for ever."""
    child = os.fork()
    if not child:
        os._exit(0)
    while not children.has_ended(child):
        pass
    assert children.has_ended(child)
