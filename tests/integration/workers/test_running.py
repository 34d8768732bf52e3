"""Workers as processes: several by one command, told to stop, and without a queue for a while."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_certify.core import outbox, worker
from flask_certify.core.duties import LEADING, DutyRow
from flask_certify.core.embedded import Valkey, start_valkey
from flask_certify.core.workers import Worker
from flask_certify.issuing.models import Night
from tests.support.havoc import LONGEST, Site, check_books, check_letters, kill_family
from tests.support.nursery import Started
from tests.support.processes import family_of, is_gone

MakeSite = Callable[..., Site]


@contextmanager
def working(site: Site, *words: str) -> Iterator[Started]:
    running = site.start("worker", *words)
    try:
        yield running
    finally:
        kill_family(running)


def is_at_a_chunk(site: Site) -> bool:
    return (site.folder / "asked").exists()


def hears(pid: int, what: signal.Signals) -> bool:
    """Whether the process has a handler of its own for the signal."""
    told = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(told["SigCgt"], 16) >> (what - 1) & 1)


def workers(site: Site) -> int:
    return site.count(of=Worker)


def test_a_worker_that_is_told_to_stop_finishes_its_chunk_first(make_site: MakeSite) -> None:
    site = make_site(60, CERTIFY_LEASE_SECONDS="60")
    (site.folder / "wait").touch()
    site.open_batch()
    with working(site) as running:
        site.wait_until(lambda: is_at_a_chunk(site) and workers(site) == 1)
        running.terminate()
        site.wait_until(lambda: site.count(Worker.is_stopping, of=Worker) == 1, longest=20)
        (site.folder / "wait").unlink()
        assert running.wait(LONGEST) == 0
    assert site.share_done() > 0
    assert site.count(outbox.Chunk.state == outbox.RUNNING, of=outbox.Chunk) == 0
    assert workers(site) == 0, "it said that it left"


def test_a_worker_that_is_told_many_times_still_says_that_it_leaves(make_site: MakeSite) -> None:
    """A supervisor may tell a whole group and then each of it: nobody takes that for one that fell silent."""
    site = make_site(20)
    with working(site) as running:
        site.wait_until(lambda: hears(running.pid, signal.SIGTERM) and workers(site) == 1)
        while running.poll() is None and workers(site):
            running.terminate()
        running.wait(LONGEST)
    assert workers(site) == 0


def test_a_worker_that_may_not_finish_gives_its_chunk_back_at_once(make_site: MakeSite) -> None:
    """R-248: nobody waits for the end of its lease, and it is no attempt of the learners'."""
    site = make_site(20, CERTIFY_LEASE_SECONDS="80", CERTIFY_GRACE_SECONDS="0")
    (site.folder / "wait").touch()
    site.open_batch()
    with working(site) as running:
        site.wait_until(lambda: is_at_a_chunk(site))
        running.terminate()
        assert running.wait(LONGEST) == 0
    given_back = outbox.Chunk.state == outbox.RUNNING, outbox.Chunk.reason == "worker.stopping"
    assert site.count(*given_back, outbox.Chunk.lease_until <= outbox.now_ms(), of=outbox.Chunk) == 1
    assert site.count(*given_back, outbox.Chunk.attempts == 0, of=outbox.Chunk) == 1
    (site.folder / "wait").unlink()
    with site.app.app_context():
        worker.run(site.app, burst=True, fork=False)
    site.wait_until(site.is_settled, longest=20)
    check_books(site)
    check_letters(site, blows=0)


def test_three_workers_by_one_command_are_replaced_when_they_die_and_end_together(make_site: MakeSite) -> None:
    """R-258: whatever is written meanwhile, also by RQ about the one that was killed, is JSON and names nobody."""
    site = make_site(60, CERTIFY_LOG="json")
    with working(site, "-n", "3") as running:
        site.wait_until(lambda: workers(site) == 3)
        with site.app.app_context(), site.rt.reading() as session:
            pids = set(session.scalars(sa.select(Worker.pid)))
            leader = session.scalars(
                sa.select(Worker.pid).join(DutyRow, DutyRow.holder == Worker.id).where(DutyRow.name == LEADING)
            ).one()
        assert pids < family_of(running.pid)
        os.kill(leader, signal.SIGKILL)
        batch_id = site.open_batch()
        site.wait_until(lambda: workers(site) == 4)  # the row of who was killed is still there
        site.wait_until(site.is_settled)
        check_books(site)
        family = family_of(running.pid)
        running.terminate()
        assert running.wait(LONGEST) == 0
        assert all(is_gone(pid, LONGEST) for pid in family)
    assert workers(site) == 1
    told = [json.loads(line) for line in site.log.read_text().splitlines()]
    done = [each for each in told if (each["message"], each.get("kind")) == ("chunk done", "issuing.issue")]
    assert {each["batch"] for each in done} == {str(batch_id)}
    assert "worker ended, another follows" in {each["message"] for each in told}
    assert not any(words in site.log.read_text() for words in ("@example.org", "Learner 0", "Lovelace", "x0000"))


def test_all_of_one_command_end_when_it_is_killed(make_site: MakeSite) -> None:
    site = make_site(0)
    with working(site, "-n", "2") as running:
        site.wait_until(lambda: workers(site) == 2)
        family = family_of(running.pid)
        running.kill()
        assert all(is_gone(pid, LONGEST) for pid in family)


@pytest.fixture
def own_queue(tmp_path: Path) -> Iterator[Valkey]:
    server = start_valkey(tmp_path / "own")
    yield server
    server.stop()


def test_a_worker_waits_for_a_queue_that_is_away_and_goes_on(make_site: MakeSite, own_queue: Valkey) -> None:
    own_queue.kill()
    site = make_site(60, CERTIFY_REDIS_URL=own_queue.url)
    site.open_batch()
    with working(site) as running:
        site.wait_until(lambda: workers(site) == 1)
        assert site.share_done() == 0
        again = start_valkey(own_queue.home)
        try:
            site.wait_until(site.is_settled)
            again.kill()  # while it has nothing to do
            time.sleep(0.5)
            assert running.poll() is None
        finally:
            again.stop()
        running.send_signal(signal.SIGTERM)
        third = start_valkey(own_queue.home)
        assert running.wait(LONGEST) == 0
        third.stop()
    check_books(site)


def test_a_worker_that_is_told_to_end_leaves_within_seconds_although_its_queue_is_gone(
    make_site: MakeSite, own_queue: Valkey
) -> None:
    site = make_site(4, CERTIFY_REDIS_URL=own_queue.url)
    with working(site) as running:
        site.wait_until(lambda: workers(site) == 1)
        time.sleep(0.5)  # it listens to its queue
        own_queue.kill()
        running.send_signal(signal.SIGTERM)
        assert running.wait(40) == 0


def test_the_night_begins_by_itself_once_however_many_work(make_site: MakeSite) -> None:
    """R-105. The workers were installed before its time had come."""
    site = make_site(20, CERTIFY_NIGHT_AT="02:30")
    with site.app.app_context(), site.rt.transaction() as tx:
        yesterday = site.rt.clock.now().toordinal() - 1
        tx.session.execute(sa.insert(DutyRow).values(name="issuing.night", until=0, turn=yesterday))
    with working(site, "-n", "2"):
        site.wait_until(lambda: site.count(Night.finished_at.is_not(None), of=Night) == 1)
        site.wait_until(site.is_settled)
    assert site.count(of=Night) == 1
    with site.app.app_context(), site.rt.reading() as session:
        assert session.get_one(DutyRow, "issuing.night").turn == yesterday + 1
