"""A batch is paused, goes on and is stopped at any learner: nothing is lost and nothing doubled (R-126)."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award
from flask_certify.core import outbox, working
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.core.transaction import Transaction
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact
from flask_certify.issuing import bulk, changes, handling, previews
from flask_certify.issuing.errors import BatchStuck
from flask_certify.issuing.handling import NotPossibleNow
from flask_certify.issuing.kinds import BatchKind
from flask_certify.notifications.models import Message
from tests.support import story
from tests.support.story import MIA, RUN


def begin(rt: Runtime, *, notify: bool = False) -> UUID:
    changes.catch_up(rt)  # so that all work there is, is the batch's
    batch_id = previews.look(rt, ensure_run(rt, RUN).id, BatchKind.ISSUE, MIA)
    return previews.confirm(rt, batch_id, MIA, notify=notify)


def do_some(rt: Runtime, chunks: int) -> None:
    for _ in range(chunks):
        with rt.reading() as session:
            waiting = working.open_chunks(session)
        for chunk in waiting[:1]:
            working.run_chunk(rt, chunk)


def state(rt: Runtime, batch_id: UUID) -> str:
    return bulk.get_batch(rt, batch_id).state


def test_nothing_is_begun_while_a_batch_is_paused_and_all_of_it_afterwards(rt: Runtime) -> None:
    batch_id = begin(rt)
    handling.pause(rt, batch_id, MIA)
    assert state(rt, batch_id) == "paused"
    do_some(rt, 3)
    with pytest.raises(BatchStuck, match="The batch is paused"):
        bulk.work_off(rt, batch_id, 0.2)
    assert bulk.get_batch(rt, batch_id).done == 0
    handling.resume(rt, batch_id, MIA)
    done = bulk.work_off(rt, batch_id, 20)
    assert (done.state, sum(done.issued.values())) == ("finished", 3)


def test_a_batch_that_is_stopped_ends_at_once_and_says_whose_turn_did_not_come(rt: Runtime) -> None:
    batch_id = begin(rt)
    handling.stop(rt, batch_id, MIA)
    batch = bulk.get_batch(rt, batch_id)
    assert (batch.state, batch.counts.stopped, batch.done) == ("finished", 4, 0)
    do_some(rt, 3)
    assert bulk.get_batch(rt, batch_id).done == 0
    rest = previews.confirm(rt, handling.retry(rt, batch_id, MIA), MIA, notify=False)
    assert sum(bulk.work_off(rt, rest, 20).issued.values()) == 3


def test_who_is_being_worked_on_when_it_is_stopped_is_finished(rt: Runtime) -> None:
    batch_id = begin(rt)
    with rt.reading() as session:
        [chunk] = working.open_chunks(session)
    with rt.transaction() as tx:
        held = outbox.claim(tx.session, chunk, 60_000)
    assert held is not None
    handling.stop(rt, batch_id, MIA)
    assert state(rt, batch_id) == "stopping"
    store = rt.kinds[held.kind].make(rt, held)
    working._finish(rt, held, store)
    batch = bulk.get_batch(rt, batch_id)
    assert (batch.state, batch.counts.stopped, sum(batch.issued.values())) == ("finished", 0, 3)


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_who_presses_a_button_while_learners_are_written_down_waits_for_them(
    rt: Runtime, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-126: both lock the tenant's audit chain before the work, so neither is the victim of a deadlock."""
    monkeypatch.setattr(handling, "TRIES", 1)
    batch_id = begin(rt)
    with rt.reading() as session:
        [chunk] = working.open_chunks(session)
    with rt.transaction() as tx:
        held = outbox.claim(tx.session, chunk, 60_000)
    assert held is not None
    store = rt.kinds[held.kind].make(rt, held)
    is_written = threading.Event()

    def store_slowly(tx: Transaction) -> None:
        store(tx)
        is_written.set()
        time.sleep(0.2)  # until the other one waits

    with ThreadPoolExecutor(1) as beside:

        def press() -> None:
            is_written.wait(20)
            with rt.in_context(), suppress(NotPossibleNow):  # it may be over by then
                getattr(handling, act)(rt, batch_id, MIA)

        pressed = beside.submit(press)
        working._finish(rt, held, store_slowly)
        pressed.result(20)
    assert sum(bulk.get_batch(rt, batch_id).issued.values()) == 3


def test_a_batch_whose_worker_died_while_it_was_stopped_is_ended_by_the_sweeper(rt: Runtime) -> None:
    batch_id = begin(rt)
    with rt.reading() as session:
        [chunk] = working.open_chunks(session)
    with rt.transaction() as tx:
        assert outbox.claim(tx.session, chunk, 60_000) is not None
    handling.stop(rt, batch_id, MIA)
    working.split_hopeless(rt)
    assert state(rt, batch_id) == "stopping"
    with rt.transaction() as tx:
        tx.session.execute(sa.update(outbox.Chunk).where(outbox.Chunk.lease_until.is_not(None)).values(lease_until=1))
    working.split_hopeless(rt)
    assert (state(rt, batch_id), bulk.get_batch(rt, batch_id).counts.stopped) == ("finished", 4)


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_a_batch_may_be_paused_or_stopped_before_its_learners_are_listed(rt: Runtime, act: str) -> None:
    changes.catch_up(rt)
    batch_id = bulk.open_by_ref(rt, RUN, MIA, notify=False)
    getattr(handling, act)(rt, batch_id, MIA)
    do_some(rt, 3)
    assert bulk.get_batch(rt, batch_id).done == 0
    if act == "pause":
        handling.resume(rt, batch_id, MIA)
        assert sum(bulk.work_off(rt, batch_id, 20).issued.values()) == 3
    else:
        assert state(rt, batch_id) == "finished"
        assert sum(bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=20).issued.values()) == 3


@pytest.mark.parametrize("act", ["pause", "stop"])
def test_who_pauses_or_stops_while_learners_are_listed_stops_what_follows(rt: Runtime, act: str) -> None:
    changes.catch_up(rt)
    batch_id = bulk.open_by_ref(rt, RUN, MIA, notify=False)
    with rt.reading() as session:
        chunk = working.open_chunks(session)[0]
    with rt.transaction() as tx:
        held = outbox.claim(tx.session, chunk, 60_000)
    assert held is not None
    store = rt.kinds[held.kind].make(rt, held)
    getattr(handling, act)(rt, batch_id, MIA)
    working._finish(rt, held, store)
    do_some(rt, 3)
    batch = bulk.get_batch(rt, batch_id)
    assert (batch.done, batch.total) == (0, 4)
    assert (batch.state, batch.counts.stopped) == (("paused", 0) if act == "pause" else ("finished", 4))


def test_what_cannot_be_done_now_is_refused_in_words(rt: Runtime) -> None:
    batch_id = begin(rt)
    with pytest.raises(NotPossibleNow):
        handling.resume(rt, batch_id, MIA)
    with pytest.raises(NotPossibleNow):
        handling.retry(rt, batch_id, MIA)
    bulk.work_off(rt, batch_id, 20)
    for act in (handling.pause, handling.resume, handling.stop):
        with pytest.raises(NotPossibleNow, match="the batch is finished"):
            act(rt, batch_id, MIA)


@pytest.mark.parametrize("seed", range(4))
def test_paused_stopped_and_taken_up_again_at_random_learners_nobody_is_lost_or_doubled(
    tmp_path: Path, seed: int
) -> None:
    """Each stop is followed by a retry of those whose turn did not come; chunks are of one to seven learners."""
    chance = random.Random(seed)
    host: MemoryHost = story.make_host(40)
    for number in range(40):
        host.people[f"x{number:05}"] = Contact(f"x{number}@example.org")
    app = story.make_app(
        f"sqlite:///{tmp_path / 'host.db'}",
        host,
        CERTIFY_CHUNK_SIZE=chance.randint(1, 7),
        CERTIFY_MAIL=f"outbox:{tmp_path / 'mail'}",
        CERTIFY_MAIL_FROM="certificates@example.org",
    )
    with app.app_context():
        rt = runtime_of(app)
        story.set_up(rt)
        batch_id, issued = begin(rt, notify=True), 0
        for _ in range(200):
            do_some(rt, chance.randint(0, 3))
            batch = bulk.get_batch(rt, batch_id)
            if batch.is_finished:
                issued += sum(batch.issued.values())
                if not batch.to_do_again:
                    break
                batch_id = previews.confirm(rt, handling.retry(rt, batch_id, MIA), MIA, notify=True)
            elif batch.state == "paused":
                chance.choice([handling.resume, handling.resume, handling.stop])(rt, batch_id, MIA)
            else:
                chance.choice([handling.pause, handling.stop, lambda *args: None, lambda *args: None])(
                    rt, batch_id, MIA
                )
        working.drain(rt)
        with rt.reading() as session:
            holders = list(session.scalars(sa.select(Award.learner_ref).where(Award.state == "issued")))
            told = list(session.scalars(sa.select(Message.recipient).where(Message.channel == "email")))
        assert sorted(holders) == sorted({"ada", "cy", "dev"} | {f"x{number:05}" for number in range(40)})
        assert issued == len(holders)
        assert len(told) == len(set(told)) == 41  # and ada; the others of the story have no address
    story.dispose(app)
