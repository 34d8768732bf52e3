"""Counting, on every kind of database, and that nobody who reads a page ever notices."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.core.clock import FixedClock
from flask_certify.core.db import Base, derive
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.host.memory import MemoryHost
from flask_certify.telemetry import sinks
from flask_certify.telemetry.events import Event
from flask_certify.telemetry.gathering import Gathered, gathered_of
from flask_certify.telemetry.models import Telemetry
from flask_certify.telemetry.ports import Count
from flask_certify.telemetry.service import note
from flask_certify.telemetry.sinks import TableSink
from tests.support.ledger import Statements

LATE = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 6, 15), date(2026, 6, 16)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(LATE)


@pytest.fixture
def rt(database_url: str, clock: FixedClock) -> Iterator[Runtime]:
    """A runtime with the table of counts and nothing else."""
    engine = sa.create_engine(database_url)
    Base.metadata.create_all(engine, tables=[Telemetry.__table__])  # type: ignore[list-item]
    derived = derive(engine)
    settings = Settings(public_url="https://certs.example.org", count_seconds=0)
    yield Runtime(settings, lambda: derived, MemoryHost(), clock)
    engine.dispose()


@pytest.fixture
def site(rt: Runtime) -> Flask:
    """A page that counts three things, one that fails after it has counted, and one that counts nonsense."""
    app = Flask("site")

    @app.get("/page")
    def page() -> str:
        note(rt, "qr_scan", reader="generic")
        note(rt, "verified", answer="valid")
        note(rt, "certificate_shown", device="web")
        return "a page"

    @app.get("/broken")
    def broken() -> str:
        note(rt, "verified", answer="unknown")
        raise RuntimeError

    @app.get("/nonsense")
    def nonsense() -> str:
        note(rt, "no such event")
        note(rt, "verified", answer="Ada Lovelace", name="Ada Lovelace")
        return "a page"

    return app


def counts(rt: Runtime) -> dict[tuple[date, str, str], int]:
    with rt.reading() as session:
        return {(row.day, row.event, row.kind): row.count for row in session.scalars(sa.select(Telemetry))}


def test_each_day_event_and_kind_has_its_own_count(rt: Runtime, clock: FixedClock) -> None:
    note(rt, "verified", answer="valid")
    note(rt, "verified", answer="valid")
    note(rt, "verified", answer="revoked")
    clock.forward(hours=1)
    note(rt, "verified", answer="valid", times=3)

    assert counts(rt) == {
        (TODAY, "verified", "answer=valid"): 2,
        (TODAY, "verified", "answer=revoked"): 1,
        (TOMORROW, "verified", "answer=valid"): 3,
    }


def test_those_who_count_at_once_all_count(rt: Runtime) -> None:
    def work() -> None:
        for _ in range(5):
            note(rt, "qr_scan", reader="app")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counts(rt) == {(TODAY, "qr_scan", "reader=app"): 20}


def test_the_reader_has_the_page_before_anything_is_counted(rt: Runtime, site: Flask) -> None:
    response = site.test_client().get("/page")
    assert response.text == "a page" and counts(rt) == {}

    with Statements(rt.engine) as statements:
        response.close()

    assert counts(rt) == {
        (TODAY, "qr_scan", "reader=generic"): 1,
        (TODAY, "verified", "answer=valid"): 1,
        (TODAY, "certificate_shown", "device=web"): 1,
    }
    assert statements.number <= 4  # all of a request together


def test_two_requests_are_counted_apart(rt: Runtime, site: Flask) -> None:
    for _ in range(2):
        site.test_client().get("/page").close()

    assert counts(rt)[TODAY, "qr_scan", "reader=generic"] == 2


def test_a_page_that_failed_was_counted_too(rt: Runtime, site: Flask) -> None:
    site.test_client().get("/broken").close()

    assert counts(rt) == {(TODAY, "verified", "answer=unknown"): 1}


def test_nothing_about_a_person_can_be_counted(rt: Runtime, site: Flask) -> None:
    response = site.test_client().get("/nonsense")
    response.close()

    assert response.status_code == 200
    assert counts(rt) == {(TODAY, "verified", "answer=other"): 1}


def test_a_database_that_is_away_is_no_trouble_to_the_reader(
    rt: Runtime, site: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with rt.transaction() as tx:
        tx.session.execute(sa.text("DROP TABLE certify_telemetry"))

    response = site.test_client().get("/page")
    response.close()

    assert (response.status_code, response.text) == (200, "a page")
    assert [record.message for record in caplog.records] == ["count lost"]


# ---- gathered ------------------------------------------------------------------------------------


def test_counts_of_many_requests_are_written_together(rt: Runtime) -> None:
    gathered = Gathered(3600)
    with Statements(rt.engine) as statements:
        for _ in range(50):
            gathered.add([Count(TODAY, Event.QR_SCAN, "reader=app"), Count(TODAY, Event.VERIFIED, "")], TableSink(rt))
        assert statements.number == 0
        gathered.flush()
        gathered.flush()  # nothing is counted twice

    assert counts(rt) == {(TODAY, "qr_scan", "reader=app"): 50, (TODAY, "verified", ""): 50}
    assert statements.number <= 4


def test_what_was_gathered_is_written_by_itself(rt: Runtime) -> None:
    written = threading.Event()

    class Told(Elsewhere):
        def add(self, counts: Sequence[Count]) -> None:
            super().add(counts)
            written.set()

    told = Told()
    Gathered(0.01).add([Count(TODAY, Event.QR_SCAN, "reader=app", 3)], told)

    assert written.wait(20)
    assert [each.times for each in told.counts] == [3]


def test_pages_are_gathered_where_the_setting_says_so(rt: Runtime, site: Flask) -> None:
    gathering = replace(rt, settings=replace(rt.settings, count_seconds=3600))

    @site.get("/gathered")
    def gathered_page() -> str:
        note(gathering, "qr_scan", reader="app")
        return "a page"

    for _ in range(3):
        site.test_client().get("/gathered").close()
    assert counts(rt) == {}
    gathered_of(site, 3600).flush()

    assert counts(rt) == {(TODAY, "qr_scan", "reader=app"): 3}


def test_a_broken_sink_loses_counts_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    gathered = Gathered(3600)
    gathered.add([Count(TODAY, Event.QR_SCAN, "reader=app")], Elsewhere(TimeoutError()))

    gathered.flush()

    assert [record.message for record in caplog.records] == ["count lost"]


class Elsewhere:
    """A sink of the host's, which may be broken."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.trouble, self.counts = trouble, list[Any]()

    def add(self, counts: Sequence[Count]) -> None:
        if self.trouble:
            raise self.trouble
        self.counts.extend(counts)


def test_a_host_may_send_counts_elsewhere(rt: Runtime, site: Flask) -> None:
    elsewhere = Elsewhere()
    sinks.plug(site, elsewhere)

    site.test_client().get("/page").close()

    assert [count.event for count in elsewhere.counts] == ["qr_scan", "verified", "certificate_shown"]
    assert counts(rt) == {}


def test_a_broken_sink_is_no_trouble_to_the_reader(rt: Runtime, site: Flask) -> None:
    sinks.plug(site, Elsewhere(TimeoutError()))

    response = site.test_client().get("/page")
    response.close()

    assert response.status_code == 200
