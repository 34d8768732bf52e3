"""A real RQ worker on a real Valkey, with the database as the truth."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from rq import Queue, SimpleWorker
from rq.job import Job

from flask_certify.awards.models import Award
from flask_certify.core import queue, tending, worker
from flask_certify.core.current import EXTENSION, current_runtime, runtime_of
from flask_certify.core.duties import Duty, DutyRow, each
from flask_certify.core.ids import new_id
from flask_certify.core.outbox import Chunk
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import operations
from flask_certify.documents import fonts, shaping
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk
from tests.support import story
from tests.support.processes import is_gone
from tests.support.story import MIA, RUN


@pytest.fixture
def site(database_url: str, redis_url: str) -> Iterator[Flask]:
    with story.opened(
        database_url, story.make_host(250), CERTIFY_REDIS_URL=redis_url, CERTIFY_CHUNK_SIZE=50, CERTIFY_MAIL=""
    ) as app:
        yield app


def awards(app: Flask) -> int:
    with app.app_context(), runtime_of(app).reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Award)) or 0


def opened(app: Flask) -> Any:
    with app.app_context():
        rt = runtime_of(app)
        return bulk.open_by_ref(rt, RUN, MIA, notify=True)


def state(app: Flask, batch_id: Any) -> bulk.BatchView:
    with app.app_context():
        return bulk.get_batch(runtime_of(app), batch_id)


@pytest.mark.parametrize("fork", [True, False])
def test_a_worker_issues_a_batch_chunk_by_chunk(site: Flask, fork: bool) -> None:
    batch_id = opened(site)
    worker.run(site, burst=True, fork=fork)
    batch = state(site, batch_id)
    assert (batch.state, sum(batch.issued.values()), batch.total) == ("finished", 253, 254)
    assert awards(site) == 253


def test_hints_lost_by_a_wipe_are_given_again(site: Flask, redis_url: str) -> None:
    batch_id = opened(site)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    with site.app_context(), runtime_of(site).transaction() as tx:
        tx.session.execute(sa.update(Chunk).values(hinted_at=None))
    worker.run(site, burst=True, fork=False)
    assert state(site, batch_id).is_finished


def test_while_redis_is_away_the_work_is_recorded_and_a_page_waits_at_most_a_second(
    tmp_path: Any, host: MemoryHost
) -> None:
    app = story.make_app(f"sqlite:///{tmp_path}/a.db", host, CERTIFY_REDIS_URL=f"unix://{tmp_path}/away.sock")
    with app.app_context():
        story.set_up(runtime_of(app))
    batch_id = opened(app)
    assert state(app, batch_id).state == "planning"
    assert tending.sweep_once(app) == 0
    with app.app_context():
        assert bulk.issue_and_wait(runtime_of(app), RUN, MIA, notify=False, patience=5).already == 3
    assert state(app, batch_id).is_finished
    story.dispose(app)


def test_redis_can_make_nothing_run_but_our_one_job(site: Flask, redis_url: str) -> None:
    """DESIGN 12: a job with another name fails, and says nothing of what it was given."""
    with redis.Redis.from_url(redis_url) as connection, site.app_context():
        ours = queue.open_queue(connection, runtime_of(site).settings)
        theirs = Queue(ours.name, connection=connection, serializer="json")
        foreign = theirs.enqueue("os.system", "touch /tmp/never")
        assert isinstance(foreign, Job)
        SimpleWorker([ours], connection=connection, serializer="json", job_class=queue.NamedJob).work(burst=True)
        job = queue.NamedJob.fetch(foreign.id, connection=connection, serializer="json")
        result = job.latest_result()
        assert result is not None
        assert "unknown job" in (result.exc_string or "")


def test_a_job_that_fails_leaves_no_values_in_redis(site: Flask, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as connection, site.app_context():
        ours = queue.open_queue(connection, runtime_of(site).settings)
        job = ours.enqueue("certify.chunk", "ada@example.org is no id", failure_ttl=60)
        SimpleWorker([ours], connection=connection, serializer="json", job_class=queue.NamedJob).work(burst=True)
        result = job.latest_result()
        assert result is not None
        assert "ValueError" in (result.exc_string or "")
        assert "ada@example.org" not in (result.exc_string or "")


def test_a_child_never_finds_the_database_locked_by_the_thread_that_tends_its_parent(
    tmp_path: Path, host: MemoryHost, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-248. SQLite keeps a process's locks in its memory: a child that was forked while that thread wrote would find
    the database busy for as long as it lives, and each job would fail."""

    def write(rt: Runtime, seconds: float = 0.0) -> None:
        with rt.transaction() as tx:
            tx.session.execute(sa.update(Chunk).values(epoch=Chunk.epoch))
            time.sleep(seconds)

    looks = []
    monkeypatch.setattr(tending, "LOOK_EACH", 0.01)
    monkeypatch.setattr(tending.duties, "lead", lambda rt, worker_id: bool(looks.append(write(rt, 0.03))))
    monkeypatch.setitem(queue.JOBS, "certify.chunk", lambda chunk_id: str(write(current_runtime())))
    with (
        story.opened(f"sqlite:///{tmp_path}/host.db?timeout=3", host, CERTIFY_REDIS_URL=redis_url) as app,
        redis.Redis.from_url(redis_url) as connection,
        tending.Tender(app) as tender,
    ):
        with app.app_context():
            ours = queue.open_queue(connection, runtime_of(app).settings)
        queue.hint(ours, [new_id() for _ in range(8)])
        worker.build(app, connection, tender=tender).work(burst=True, logging_level="ERROR")
        assert (ours.count, ours.failed_job_registry.count) == (0, 0)
    assert len(looks) > 8, "it wrote all the while"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_the_process_that_does_the_duties_ends_with_its_worker(
    tmp_path: Path, host: MemoryHost, redis_url: str, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    """R-248: nothing goes on without a worker that answers for it; what was begun is done again by another."""
    begun = tmp_path / "begun"

    def take_long(rt: Runtime) -> None:
        begun.with_suffix(".draft").write_text(str(os.getpid()))
        begun.with_suffix(".draft").rename(begun)
        time.sleep(600)

    monkeypatch.setattr(tending, "LOOK_EACH", 0.01)
    with story.opened(f"sqlite:///{tmp_path}/host.db", host, CERTIFY_REDIS_URL=redis_url) as app:
        with app.app_context():
            rt = runtime_of(app)
            with rt.transaction() as tx:
                tx.session.execute(sa.insert(DutyRow).values(name="long", until=0, turn=0))
            app.extensions[EXTENSION] = replace(rt, duties=[Duty("long", each(timedelta(minutes=1)), take_long)])
        tending.let_go(app)
        owner = os.fork()
        if not owner:
            try:
                signal.signal(signal.SIGTERM, lambda *told: os.kill(os.getpid(), signal.SIGINT))
                with suppress(KeyboardInterrupt), tending.Tender(app):
                    time.sleep(600)
            finally:
                os._exit(0)
        deadline = time.monotonic() + 30
        while not begun.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        at_it = int(begun.read_text())
        os.kill(owner, how)
        os.waitpid(owner, 0)
        assert at_it != owner and is_gone(at_it)


def test_a_duty_that_hangs_is_ended_and_does_not_keep_the_others_from_their_turn(
    tmp_path: Path, host: MemoryHost, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-258: whoever runs the site is told which one it was."""
    done = tmp_path / "done"
    monkeypatch.setattr(tending, "LOOK_EACH", 0.01)
    monkeypatch.setattr(tending.duties, "TAKES_AT_MOST_MS", 300)
    with story.opened(f"sqlite:///{tmp_path}/host.db", host, CERTIFY_REDIS_URL=redis_url) as app:
        with app.app_context():
            rt = runtime_of(app)
            with rt.transaction() as tx:
                tx.session.execute(
                    sa.insert(DutyRow), [{"name": name, "until": 0, "turn": 0} for name in ("hangs", "next")]
                )
            hourly = each(timedelta(hours=1))
            rt = replace(
                rt,
                duties=[
                    Duty("hangs", hourly, lambda rt: time.sleep(600)),
                    Duty("next", hourly, lambda rt: done.touch()),
                ],
            )
            app.extensions[EXTENSION] = rt
        with tending.Tender(app):
            deadline = time.monotonic() + 30
            while not done.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
        assert done.exists()
        with app.app_context(), rt.reading() as session:
            assert session.get_one(DutyRow, "hangs").reason == "duty.too_long"
            assert "duty.failed" in [each.code for each in operations.findings(operations.look(rt))]


def test_fonts_are_read_before_a_child_is_forked(tmp_path: Path, host: MemoryHost) -> None:
    app = story.make_app(f"sqlite:///{tmp_path / 'host.db'}", host)
    shaping.face.cache_clear()
    worker.get_ready(app)
    before = shaping.face.cache_info()
    assert before.misses == len(fonts.families())
    shaping.Typesetter("en").line("Ada தமிழ் اردو")
    assert shaping.face.cache_info().misses == before.misses
    story.dispose(app)
