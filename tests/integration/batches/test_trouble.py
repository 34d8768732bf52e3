"""What cannot be issued, or cannot be begun, is told with its reason and kept in the failure log."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.models import Attachment
from flask_certify.achievements.service import UnknownRun
from flask_certify.awards import service as awards
from flask_certify.awards.models import Award, Failure
from flask_certify.core import outbox
from flask_certify.core.clock import FixedClock
from flask_certify.core.errors import DatabaseBusy, MasterKeyMissing
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Attempt
from flask_certify.issuing import attaching, bulk, handling, many, previews
from flask_certify.issuing.errors import (
    AlreadyAttached,
    NothingAttached,
    RunNotEnded,
)
from flask_certify.issuing.kinds import BatchKind
from flask_certify.issuing.models import IssueBatch, IssueItem
from tests.support.batches import award_of, failures, issue, record_of, run_id
from tests.support.story import MIA, NOW, OTHER_RUN, RUN, learner, quick


def test_without_an_attachment_nothing_is_begun(rt: Runtime, host: MemoryHost) -> None:
    """R-005's sentence, kept in the failure log."""
    host.add_run(replace(host.runs[RUN], run_ref="bare-1"))
    with pytest.raises(NothingAttached, match="does not have a certificate attached"):
        bulk.open_by_ref(rt, "bare-1", MIA)
    assert failures(rt) == [("", "open", "attachment.none")]


def test_a_run_nobody_knows_is_refused_in_words(rt: Runtime) -> None:
    with pytest.raises(UnknownRun, match="no course run nowhere-1"):
        bulk.open_by_ref(rt, "nowhere-1", MIA)
    assert failures(rt) == [("", "open", "run.unknown")]


def test_before_the_end_of_the_run_nothing_is_issued_to_all(rt: Runtime, host: MemoryHost) -> None:
    """R-037, R-045."""
    host.add_run(replace(host.runs[RUN], end=NOW + timedelta(days=3)))
    with pytest.raises(RunNotEnded, match="ends on 2026-06-18"):
        bulk.open_by_ref(rt, RUN, MIA)
    assert failures(rt) == [("", "open", "run.not_ended")]
    [outcome] = many.issue_many(rt, run_id(rt), ["ada"], actor=MIA)
    assert (outcome.result, outcome.reasons[0].code) == ("declined", "run_not_ended")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"display_name": None}, "name.missing"),
        ({"display_name": "null"}, "name.missing"),
        ({"display_name": "Asha 🙂"}, "name.no_glyphs"),
        ({"display_name": "x" * 300}, "document.too_long"),
        ({"attempts": (Attempt("quiz", 101),)}, "attempt.above_maximum"),
    ],
)
def test_wrong_data_of_one_learner_fail_alone_and_are_kept_in_the_log(
    rt: Runtime, host: MemoryHost, changes: dict[str, Any], code: str
) -> None:
    """R-041, R-096, R-107, R-168, R-178."""
    host.change_learner(RUN, "ada", **changes)
    batch = issue(rt)
    assert (batch.failed, sum(batch.issued.values())) == (1, 2)
    assert failures(rt) == [("ada", "decide", code)]
    assert award_of(rt, "ada") is None
    assert record_of(rt, "ada").label == "Issue failed"
    assert record_of(rt, "ada").type == (None if code == "attempt.above_maximum" else "achievement")
    with rt.reading() as session:
        details = session.scalars(sa.select(Failure.details)).one()
    assert not any("Asha" in str(value) or "xxx" in str(value) for value in details.values())


def test_once_the_data_are_right_the_next_issue_succeeds_and_the_log_says_so(rt: Runtime, host: MemoryHost) -> None:
    host.change_learner(RUN, "ada", display_name=None)
    issue(rt)
    host.change_learner(RUN, "ada", display_name="Ada Lovelace")
    issue(rt)
    assert failures(rt) == []
    assert record_of(rt, "ada").label == "Issued"


def test_what_fails_again_has_not_been_put_right_and_stands_once(rt: Runtime, host: MemoryHost) -> None:
    """R-107, R-178: with the days on which it failed first and last; another failure stands beside it."""
    host.change_learner(RUN, "ada", display_name=None)
    for day in range(2):
        issue(replace(rt, clock=FixedClock(NOW + timedelta(days=day))))
    assert failures(rt) == [("ada", "decide", "name.missing")]
    with rt.reading() as session:
        [row] = session.execute(sa.select(Failure.at, Failure.resolved_at, Failure.attempts, Failure.last_at)).all()
    assert tuple(row) == (NOW, None, 2, NOW + timedelta(days=1))
    host.change_learner(RUN, "ada", display_name="Ada 🙂")
    issue(rt)
    assert failures(rt) == [("ada", "decide", "name.missing"), ("ada", "decide", "name.no_glyphs")]
    host.change_learner(RUN, "ada", display_name="Ada Lovelace")
    issue(rt)
    assert failures(rt) == []


def test_a_batch_that_is_refused_again_stands_once(rt: Runtime) -> None:
    """R-178."""
    for _ in range(3):
        with pytest.raises(UnknownRun):
            bulk.open_by_ref(rt, "nowhere-1", MIA)
    assert failures(rt) == [("", "open", "run.unknown")]
    with rt.reading() as session:
        assert session.scalars(sa.select(Failure.attempts)).all() == [3]


def test_a_batch_whose_planning_killed_each_worker_ends_and_says_so_until_the_next_one_succeeds(rt: Runtime) -> None:
    """R-178: no worker was left to say it."""
    batch_id = bulk.open_by_ref(rt, RUN, MIA)
    with rt.transaction() as tx:
        planning = sa.select(IssueBatch.work_id).where(IssueBatch.id == batch_id)
        died = sa.update(outbox.Chunk).where(outbox.Chunk.work_id.in_(planning))
        tx.session.execute(died.values(state=outbox.RUNNING, attempts=outbox.MOST_ATTEMPTS, lease_until=1))
    done = bulk.work_off(rt, batch_id, 5)
    assert (done.state, done.trouble, done.total) == ("finished", "worker.died", 0)
    assert failures(rt) == [("", "plan", "worker.died")]
    assert sum(issue(rt).issued.values()) == 3
    assert failures(rt) == []


def test_a_batch_whose_attachments_were_removed_meanwhile_fails_for_all_at_once(rt: Runtime) -> None:
    """R-126: nobody is at fault, so nobody is sought by trying learners one by one; a retry takes them up."""
    batch_id = previews.look(rt, run_id(rt), BatchKind.ISSUE, MIA)
    previews.confirm(rt, batch_id, MIA, notify=False)
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Attachment).values(detached_at=NOW))
    done = bulk.work_off(rt, batch_id, 5)
    assert (done.state, done.failed, done.declined["attachment.none"]) == ("finished", 3, 1)
    assert failures(rt) == [(ref, "decide", "attachment.none") for ref in ("ada", "cy", "dev")]
    with rt.reading() as session:
        assert outbox.SPLIT not in set(session.scalars(sa.select(outbox.Chunk.state)))
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Attachment).values(detached_at=None))
    again = handling.retry(rt, batch_id, MIA)
    previews.confirm(rt, again, MIA, notify=False)
    assert sum(bulk.work_off(rt, again, 5).issued.values()) == 3
    assert failures(rt) == []


def test_without_the_master_key_nothing_is_begun(rt: Runtime) -> None:
    keyless = replace(rt, settings=replace(rt.settings, master_key=""))
    with pytest.raises(MasterKeyMissing, match="CERTIFY_MASTER_KEY is not set"):
        bulk.open_by_ref(keyless, RUN, MIA)


def test_an_award_that_could_not_be_signed_keeps_its_code_and_is_signed_the_next_time(rt: Runtime) -> None:
    """DESIGN 5: granted where signing failed; the next attempt signs the same award."""
    wrong_key = replace(rt, settings=replace(rt.settings, master_key="ff" * 32))
    batch = issue(wrong_key)
    assert (batch.failed, sum(batch.issued.values())) == (3, 0)
    granted = award_of(rt, "ada")
    assert granted is not None and granted.state == "granted"
    assert ("ada", "sign", "credential.key_does_not_open") in failures(rt)
    assert record_of(rt, "ada").label == "Issue failed"
    batch = issue(rt)
    assert batch.issued == {"completion": 1, "achievement": 2}
    signed = award_of(rt, "ada")
    assert signed is not None
    assert (signed.state, signed.id, signed.code) == ("issued", granted.id, granted.code)
    assert failures(rt) == []
    assert record_of(rt, "ada").label == "Issued"


def test_an_award_that_could_not_be_signed_in_another_run_is_none_of_this_one(rt: Runtime, host: MemoryHost) -> None:
    """R-094: each run has its own certificate of a learner, also while that of the other waits for its signature."""
    host.add_learner(OTHER_RUN, learner("ada", "Ada Lovelace", score=90, tenant="devon"))
    issue(replace(rt, settings=replace(rt.settings, master_key="ff" * 32)), OTHER_RUN)
    assert issue(rt).issued == {"completion": 1, "achievement": 2}
    with rt.reading() as session:
        found = session.execute(sa.select(Award.run_ref, Award.state).where(Award.learner_ref == "ada"))
        assert {tuple(row) for row in found} == {(RUN, "issued"), (OTHER_RUN, "granted")}


def test_who_has_an_award_is_looked_up_by_an_index(rt: Runtime) -> None:
    """R-249: in a run of a million it takes no longer than in this one."""
    issue(rt)
    said: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        said.append((statement, parameters))

    with rt.reading() as session:
        if rt.engine.dialect.name == "postgresql":  # in a table as small as this one it reads all of it
            session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            assert set(awards.standing_of(session, "wales", RUN, ["ada", "ben"])) == {"ada"}
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
        [(statement, parameters)] = [each for each in said if "certify_award" in each[0]]
        explain = "EXPLAIN " if rt.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        plan = str(session.connection().exec_driver_sql(explain + statement, parameters).all())
    assert "uq_certify_award_live" in plan
    assert "Seq Scan" not in plan and "SCAN" not in plan


def test_attaching_twice_is_refused_and_changes_nothing(rt: Runtime) -> None:
    """R-002."""
    with pytest.raises(AlreadyAttached, match="already has a certificate attached"):
        attaching.attach_pair(rt, RUN, actor=MIA)


def test_a_learner_no_database_can_store_fails_alone(rt: Runtime, host: MemoryHost) -> None:
    host.add_learner(RUN, learner("z" * 300, "Zoe Long"))
    host.add_learner(RUN, learner("z\0", "Zoe Zero"))
    host.add_learner(RUN, learner("zed", "Zed\0 Sharp\ud800"))
    batch = issue(rt)
    assert (batch.failed, sum(batch.issued.values()), batch.done) == (2, 4, batch.total)
    with rt.reading() as session:
        reasons = session.scalars(sa.select(IssueItem.reason).where(IssueItem.result == "failed"))
        assert set(reasons) == {"learner.unfit_reference"}


def test_a_database_that_is_busy_in_the_middle_leaves_the_batch_to_whoever_comes_next(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even putting the chunk back is refused; its lease lapses, and nothing half-done stays."""
    rt = replace(rt, settings=replace(rt.settings, lease_seconds=1))
    store, put_back, busy = many.store, outbox.put_back, [True, True]

    def stores(*args: Any) -> Any:
        if busy:
            raise DatabaseBusy
        return store(*args)

    def puts_back(*args: Any, **values: Any) -> None:
        if busy:
            busy.pop()
            raise DatabaseBusy
        put_back(*args, **values)

    monkeypatch.setattr(outbox, "put_back", puts_back)
    monkeypatch.setattr(many, "store", stores)
    batch = bulk.issue_and_wait(quick(rt), RUN, MIA, notify=False, patience=20)
    assert (batch.failed, sum(batch.issued.values())) == (0, 3)
    assert failures(rt) == []
