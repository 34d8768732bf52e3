"""Kill, flush, stop: whatever happens to the processes, everybody gets one certificate and at most one letter."""

import json
import os
import signal
import time

import redis

from flask_certify.awards.models import Award
from flask_certify.core import outbox
from tests.support.havoc import LONGEST, SCALE, Crew, check_books, check_letters, kill_family
from tests.support.processes import is_gone, is_stopped

BETWEEN_BLOWS = 0.5  # seconds
MOST_BLOWS = 6 * SCALE


def test_workers_killed_each_half_second_and_a_queue_wiped_once_give_everybody_one_certificate(make_site, redis_url):
    site = make_site(1200 * SCALE, CERTIFY_REDIS_URL=redis_url)
    site.open_batch()
    blows, wiped, deadline, last = 0, False, time.monotonic() + LONGEST, 0.0
    with Crew(site, 2) as crew, redis.Redis.from_url(redis_url) as queue:
        while not site.is_settled():
            assert time.monotonic() < deadline, site.whereabouts()
            crew.look()
            if not wiped and site.share_done() > 0.5:
                wiped = bool(queue.flushall())
            is_time = blows < MOST_BLOWS and time.monotonic() - last > BETWEEN_BLOWS
            if is_time and not site.is_last_try() and (worker := crew.find_busy(BETWEEN_BLOWS)):
                crew.kill(worker, spare_child=blows % 4 == 3)
                crew.add()
                blows, last = blows + 1, time.monotonic()
            time.sleep(0.03)
    assert blows > 3, "one of them spares the child"
    assert wiped
    assert site.count(outbox.Chunk.epoch > 1, of=outbox.Chunk) > 0, "no blow hit a chunk"
    check_books(site)
    check_letters(site, blows=blows)


def test_a_command_that_was_killed_is_given_again_and_finishes_the_run(make_site):
    """R-248: in the long form at row 25,001 of 50,000 at the earliest."""
    site = make_site(400 if SCALE == 1 else 1250 * SCALE)
    first = site.start("bulk-issue", "physics-1", "--wait", "--json")
    try:
        site.wait_until(lambda: site.share_done() > 0.5)
    finally:
        kill_family(first)
    assert first.returncode == -signal.SIGKILL
    assert 0 < site.count(of=Award) < len(site.eligible)
    assert not site.is_settled()

    again = site.run("bulk-issue", "physics-1", "--wait", "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert (sum(told["issued"].values()), told["already"], told["failed"]) == (0, len(site.eligible), 0)
    assert sum(told["declined"].values()) == 1
    check_books(site)
    check_letters(site, blows=1)


def test_a_child_that_was_stopped_for_longer_than_its_lease_writes_nothing_twice(make_site, redis_url):
    site = make_site(100, CERTIFY_REDIS_URL=redis_url)
    wait, asked = site.folder / "wait", site.folder / "asked"
    wait.touch()
    site.open_batch()
    with Crew(site, 1) as crew:
        site.wait_until(asked.exists)
        child = int(asked.read_text())
        os.kill(child, signal.SIGSTOP)
        assert is_stopped(child)
        wait.unlink()
        crew.add()
        site.wait_until(site.is_settled)
        check_books(site)
        awards = site.ids_of(Award)
        os.kill(child, signal.SIGCONT)
        assert is_gone(child)
        assert "taken over" in site.log.read_text()
    assert site.ids_of(Award) == awards
    check_books(site)
    check_letters(site, blows=0)
