"""Queue and database go away, a clock stands still, a process dies between commit and queue, a disk is full: everybody
gets one certificate and at most one letter, and every count is true."""

import signal
import time
from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from flask_certify.awards.models import Award
from flask_certify.core import outbox
from flask_certify.core.embedded import start_valkey
from tests.support import havoc, mail_server, postgres, story
from tests.support.havoc import LONGEST, SCALE, Crew, check_books, check_letters

AWAY = 3.0 if SCALE == 1 else 60.0  # seconds
on_sqlite = pytest.mark.parametrize("make_site", ["sqlite"], indirect=True)


@on_sqlite
def test_a_queue_that_is_gone_for_a_while_costs_time_and_nothing_else(make_site, tmp_path):
    queue = start_valkey(tmp_path / "queue")
    try:
        site = make_site(300 * SCALE, CERTIFY_REDIS_URL=queue.url)
        site.open_batch()
        with Crew(site, 2) as crew:
            site.wait_until(lambda: site.share_done() > 0.3)
            queue.kill()
            time.sleep(AWAY)
            crew.look()
            assert not site.is_settled()
            queue = start_valkey(queue.home)
            site.wait_until(site.is_settled)
            crew.look()
    finally:
        queue.stop()
    check_books(site)
    check_letters(site, blows=0)


def test_a_database_that_crashes_and_is_restarted_forgets_nothing(tmp_path, redis_url):
    with ExitStack() as running:
        home = running.enter_context(postgres.folder())
        programs = running.enter_context(postgres.reachable_programs())
        office = running.enter_context(mail_server.running())
        server = postgres.start(home, programs, durable=True)
        try:
            url, learners = server.url(), 300 * SCALE
            site = running.enter_context(
                havoc.opened(url, tmp_path, office, learners=learners, CERTIFY_REDIS_URL=redis_url)
            )
            site.open_batch()
            with Crew(site, 2) as crew:
                site.wait_until(lambda: site.share_done() > 0.3)
                story.dispose(site.app)
                server.crash()
                time.sleep(AWAY / 3)
                server = postgres.start(home, programs, durable=True)
                assert not site.is_settled()
                site.wait_until(site.is_settled)
                crew.look()
            check_books(site)
            check_letters(site, blows=2)  # each of two may have been sending
            story.dispose(site.app)
        finally:
            server.stop()


@on_sqlite
def test_a_worker_whose_clock_stands_still_is_overtaken_and_writes_nothing(make_site, redis_url):
    """Leases are by the database's clock. The other one waits for it to end, and for nobody's word."""
    site = make_site(100, CERTIFY_REDIS_URL=redis_url)
    wait = site.folder / "wait"
    wait.touch()
    site.open_batch()
    with Crew(site, 0) as crew:
        crew.add(SITE_FROZEN="yes")
        site.wait_until((site.folder / "asked").exists)
        crew.add(SITE_PATIENT="yes")
        site.wait_until(site.is_settled)
        check_books(site)
        awards = site.ids_of(Award)
        wait.unlink()
        site.wait_until(lambda: "taken over" in site.log.read_text())
    assert site.ids_of(Award) == awards
    assert site.count(outbox.Chunk.epoch > 1, of=outbox.Chunk) > 0
    check_books(site)
    check_letters(site, blows=0)


@on_sqlite
def test_a_process_killed_between_commit_and_queue_leaves_its_batch_to_the_sweeper(make_site, redis_url):
    site = make_site(60 * SCALE, CERTIFY_REDIS_URL=redis_url)
    opening = site.start("bulk-issue", "physics-1", SITE_DIES="yes")
    assert opening.wait(LONGEST) == -signal.SIGKILL
    with site.app.app_context(), site.rt.reading() as session:
        chunk = session.scalars(sa.select(outbox.Chunk).order_by(outbox.Chunk.id.desc()).limit(1)).one()
    assert (chunk.state, chunk.hinted_at) == (outbox.PENDING, None)
    with Crew(site, 1):
        site.wait_until(site.is_settled)
    check_books(site)
    check_letters(site, blows=0)


@on_sqlite
def test_a_disk_that_is_full_for_a_while_fails_nobody(make_site, redis_url):
    """No learner is to blame, so no attempt is counted: it goes on when there is room."""
    site = make_site(300 * SCALE, CERTIFY_REDIS_URL=redis_url)
    full = site.folder / "full"
    site.open_batch()
    with Crew(site, 2) as crew:
        site.wait_until(lambda: site.share_done() > 0.3)
        full.touch()
        site.wait_until(lambda: "database.away" in site.log.read_text())
        time.sleep(AWAY)
        assert not site.is_settled()
        full.unlink()
        site.wait_until(site.is_settled)
        crew.look()
    check_books(site)
    check_letters(site, blows=2)
