"""People pause, resume and stop while workers are killed, and a host that cannot read one learner in a thousand."""

import time

from flask_certify.issuing import handling
from flask_certify.issuing.models import IssueItem
from tests.support.havoc import LONGEST, SCALE, Crew, check_awards, check_books, check_letters
from tests.support.story import MIA

BETWEEN_BLOWS = 0.5 if SCALE == 1 else 1.0  # seconds


def work_under_blows(site, crew, until, most=2 * SCALE):
    """Kills whoever works longest, again and again, until it answers; how many were killed."""
    blows, deadline, last = 0, time.monotonic() + LONGEST, time.monotonic()
    while not until():
        assert time.monotonic() < deadline, site.whereabouts()
        crew.look()
        is_time = blows < most and time.monotonic() - last > BETWEEN_BLOWS
        if is_time and not site.is_last_try() and (worker := crew.find_busy(0.2)):
            crew.kill(worker)
            crew.add()
            blows, last = blows + 1, time.monotonic()
        time.sleep(0.03)
    return blows


def by_hand(site, do, batch_id):
    with site.app.app_context():
        do(site.rt, batch_id, MIA)


def test_one_learner_in_a_thousand_breaks_the_host_while_workers_are_killed_and_fails_alone(make_site, redis_url, dice):
    """R-124, R-127: paused and resumed in between at a random item."""
    site = make_site(300 * SCALE, CERTIFY_REDIS_URL=redis_url)
    (site.folder / "moody").touch()
    failed = {ref for ref in site.eligible if ref.endswith("250")}
    assert failed
    batch_id, share = site.open_batch(), dice.uniform(0.1, 0.7)
    with Crew(site, 2) as crew:
        blows = work_under_blows(site, crew, lambda: site.share_done() > share)
        by_hand(site, handling.pause, batch_id)
        by_hand(site, handling.resume, batch_id)
        blows += work_under_blows(site, crew, site.is_settled)
    check_books(site, failed)
    check_letters(site, blows=blows, failed=failed)


def test_a_batch_stopped_at_a_random_item_is_finished_by_the_next_one(make_site, redis_url, dice):
    site = make_site(300 * SCALE, CERTIFY_REDIS_URL=redis_url)
    batch_id, share = site.open_batch(), dice.uniform(0.1, 0.6)
    with Crew(site, 2) as crew:
        blows = work_under_blows(site, crew, lambda: site.share_done() > share)
        by_hand(site, handling.stop, batch_id)
        blows += work_under_blows(site, crew, site.is_settled)
        stopped = site.count(IssueItem.result == "stopped")
        assert 0 < stopped < site.learners
        assert site.count(IssueItem.result == "issued") + stopped >= site.learners
        site.open_batch()
        blows += work_under_blows(site, crew, site.is_settled)
    assert site.count(IssueItem.result == "issued") == len(site.eligible)
    check_awards(site)
    check_letters(site, blows=blows)
