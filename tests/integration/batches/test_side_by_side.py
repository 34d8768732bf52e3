"""Several who issue at once, and workers who die or are slow: everybody is issued to once."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.models import Award
from flask_certify.core import outbox, working
from flask_certify.core.runtime import Runtime
from flask_certify.credentials.models import Credential
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import LearnerRecord
from flask_certify.issuing import bulk, many
from flask_certify.issuing.bulk import BatchView
from flask_certify.issuing.errors import (
    AlreadyUnderWay,
)
from tests.support.batches import issue, run_id
from tests.support.story import MIA, RUN


def test_two_bulk_issues_at_once_double_nothing(rt: Runtime, host_app: Flask) -> None:
    """R-094, R-127."""
    start, done = threading.Barrier(2), list[BatchView]()

    def press() -> None:
        with host_app.app_context():
            start.wait()
            done.append(issue(rt))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((sum(batch.issued.values()), batch.already) for batch in done) == [(0, 3), (3, 0)]
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Award)) == 3
        assert session.scalar(sa.select(sa.func.count()).select_from(Credential)) == 3


def test_of_two_who_issue_to_one_learner_one_does(rt: Runtime) -> None:
    """The index decides, not a look beforehand (DESIGN 3)."""
    order = many.open_order(rt, run_id(rt), actor=MIA, notify=False)
    first, second = many.prepare(rt, order, ["ada"]), many.prepare(rt, order, ["ada"])
    results = []
    for prepared in (first, second):
        with rt.transaction() as tx:
            results.append(many.store(rt, tx, prepared)[0].result)
    assert results == ["issued", "already"]
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Credential)) == 1


def test_a_second_batch_of_a_run_is_refused_while_one_is_under_way(rt: Runtime) -> None:
    """R-117."""
    bulk.open_batch(rt, run_id(rt), MIA)
    with pytest.raises(AlreadyUnderWay):
        bulk.open_batch(rt, run_id(rt), MIA)


def test_a_batch_left_behind_by_a_killed_process_is_finished_by_the_next_command(rt: Runtime) -> None:
    """Its chunk is still leased to the dead: whoever waits does so until the lease has ended, however impatient."""
    rt = replace(rt, settings=replace(rt.settings, lease_seconds=2))
    left = bulk.open_batch(rt, run_id(rt), MIA, notify=False)
    with rt.transaction() as tx:
        plan = sa.select(outbox.Chunk.id).join(outbox.Work).where(outbox.Work.kind == "issuing.plan")
        chunk = tx.session.scalars(plan).one()
        assert outbox.claim(tx.session, chunk, 2000) is not None
    joined: list[BatchView] = []
    batch = bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=0.5, joined=joined.append)
    assert [(each.id, sum(each.issued.values())) for each in joined] == [(left, 3)]
    assert (sum(batch.issued.values()), batch.already) == (0, 3)


def test_a_host_slower_than_the_lease_is_not_taken_for_a_dead_worker(rt: Runtime, host: MemoryHost) -> None:
    """The lease is renewed beside the work, so that nobody fails because two workers overtake each other."""

    class Slow(MemoryHost):
        def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
            threading.Event().wait(1.6)
            return super().learner_records(run_ref, learner_refs)

    slow = replace(rt, host=Slow(**vars(host)), settings=replace(rt.settings, lease_seconds=1))
    batch_id = bulk.open_batch(slow, run_id(rt), MIA, notify=False)
    working.drain(slow)
    assert bulk.get_batch(slow, batch_id).is_finished
    with rt.reading() as session:
        assert set(session.scalars(sa.select(outbox.Chunk.attempts))) == {1}


def test_a_chunk_that_runs_twice_changes_nothing(rt: Runtime) -> None:
    """R-094, R-248."""
    issue(rt)
    with rt.transaction() as tx:  # as if the worker had died just before its commit was heard of
        tx.session.execute(sa.update(outbox.Chunk).values(state=outbox.PENDING, attempts=0))
        tx.session.execute(sa.update(outbox.Work).values(open_chunks=99))
    with rt.reading() as session:
        chunks = list(
            session.scalars(sa.select(outbox.Chunk.id).join(outbox.Work).where(outbox.Work.kind == "issuing.issue"))
        )
    assert [working.run_chunk(rt, chunk) for chunk in chunks] == ["done"]
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Award)) == 3
