"""What notebooks ask, on each kind of database."""

import pytest

from flask_certify.achievements.service import ensure_run
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import queries
from flask_certify.dashboards.queries import Counts, Question, Sort
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk
from flask_certify.issuing.bulk import BatchView
from tests.support import story


@pytest.fixture
def issued(rt: Runtime, host: MemoryHost) -> BatchView:
    """The run of the story, issued; Fay has no name, Gus is of another tenant."""
    host.add_learner(story.RUN, story.learner("fay", None))
    host.add_learner(story.RUN, story.learner("gus", "Gus", tenant="devon"))
    return bulk.issue_and_wait(rt, story.RUN, story.MIA, notify=False, patience=20)


def test_the_queries_agree_with_what_was_issued(rt: Runtime, issued: BatchView) -> None:
    run_id = issued.run_id
    with rt.reading() as session:
        counts = queries.counts(session, run_id)
        assert counts == Counts(6, {"completion": 1, "achievement": 2}, failed=1, without=1, not_available=1)
        assert counts.holders == 3
        assert queries.declined_by_reason(session, run_id) == {"outside_audience": 1, "progress_below": 1}
        assert queries.failures_by_step(session, run_id, standing=True) == {"decide": 1}
        [failure] = queries.failures(session, run_id, standing=True)
        assert (failure.learner_ref, failure.code, failure.resolved_at) == ("fay", "name.missing", None)
        [batch] = queries.batches(session, run_id)
        assert (batch.id, batch.is_under_way) == (issued.id, False)
        assert queries.latest_batch(session, run_id) == batch


def test_learners_are_found_sorted_and_paged_alike_on_every_database(rt: Runtime, issued: BatchView) -> None:
    run_id = issued.run_id
    with rt.reading() as session:
        by_name = Question(sort=Sort.NAME, descending=True)
        names = [row.name for row in queries.rows(session, run_id, by_name, limit=10)]
        assert names == ["देव शर्मा", "Gus", "Cy Young", "Ben Okri", "Ada Lovelace", None]
        second = queries.rows(session, run_id, by_name, limit=2, offset=2)
        assert [row.name for row in second] == ["Cy Young", "Ben Okri"]
        found = Question(text="OKRI", label="")
        assert [row.learner_ref for row in queries.rows(session, run_id, found, limit=10)] == ["ben"]
        assert queries.how_many(session, run_id, found) == 1
        assert queries.how_many(session, run_id, Question(completed_before=story.COMPLETED)) == 0
        assert queries.how_many(session, run_id, Question(completed_from=story.COMPLETED)) == 5


def test_page_follows_page_until_all_learners_have_been_seen_once(rt: Runtime, issued: BatchView) -> None:
    seen: list[str] = []
    with rt.reading() as session:
        while page := queries.rows_after(session, issued.run_id, seen[-1] if seen else "", limit=4):
            seen += [row.learner_ref for row in page]
    assert seen == ["ada", "ben", "cy", "dev", "fay", "gus"]


def test_a_run_nobody_has_looked_at_is_empty_everywhere(rt: Runtime) -> None:
    ships = ensure_run(rt, story.OTHER_RUN)
    with rt.reading() as session:
        assert queries.counts(session, ships.id) == Counts(0, {}, failed=0, without=0, not_available=0)
        assert queries.rows(session, ships.id, limit=5) == []
        assert queries.declined_by_reason(session, ships.id) == {}
        assert queries.latest_batch(session, ships.id) is None
