"""The main job: issue to all of a run who may have a certificate, once, with a reason for everybody else."""

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from flask_certify import signals
from flask_certify.achievements.service import UnknownRun, ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award, Failure, Record
from flask_certify.core import audit, outbox, working
from flask_certify.core.clock import FixedClock
from flask_certify.core.errors import DatabaseBusy, HostUnavailable, MasterKeyMissing
from flask_certify.core.runtime import Runtime
from flask_certify.credentials.models import Credential, IssuerKey
from flask_certify.eligibility.service import ask_records
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Attempt, Contact, LearnerRecord
from flask_certify.issuing import attaching, bulk, excepting, foreseeing, many
from flask_certify.issuing.bulk import BatchView
from flask_certify.issuing.errors import (
    AlreadyAttached,
    AlreadyUnderWay,
    BatchFailed,
    BatchStuck,
    NothingAttached,
    RunNotEnded,
)
from flask_certify.issuing.models import IssueItem
from flask_certify.notifications.models import Message
from tests.support.story import MIA, NOW, OTHER_RUN, RUN, learner


def issue(rt: Runtime, run: str = RUN, *, notify: bool = False) -> BatchView:
    return bulk.issue_and_wait(rt, run, MIA, notify=notify, patience=5)


def quick(rt: Runtime) -> Runtime:
    """What failed is tried again almost at once."""
    return replace(rt, settings=replace(rt.settings, retry_seconds=0.01))


def run_id(rt: Runtime, run: str = RUN) -> UUID:
    return ensure_run(rt, run).id


def award_of(rt: Runtime, ref: str) -> Award | None:
    with rt.reading() as session:
        return session.scalar(sa.select(Award).where(Award.learner_ref == ref))


def record_of(rt: Runtime, ref: str) -> Record:
    with rt.reading() as session:
        return session.scalars(sa.select(Record).where(Record.learner_ref == ref)).one()


def failures(rt: Runtime) -> list[tuple[str | None, str, str]]:
    with rt.reading() as session:
        found = session.execute(
            sa.select(Failure.learner_ref, Failure.step, Failure.code).where(Failure.resolved_at.is_(None))
        )
        return sorted((row[0] or "", row[1], row[2]) for row in found)


def zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: count for key, count in counts.items() if count}


# ---- the main job ----------------------------------------------------------------------------------


def test_each_learner_gets_the_certificate_they_earned_or_a_reason(rt: Runtime) -> None:
    """R-038, R-043, R-091, R-093."""
    batch = issue(rt)
    assert batch.issued == {"completion": 1, "achievement": 2}
    assert zeros(batch.declined) == {"progress_below": 1}
    assert (batch.failed, batch.already, batch.total) == (0, 0, 4)
    with rt.reading() as session:
        kinds = dict(session.execute(sa.select(Award.learner_ref, Award.frozen)).all())
    assert {ref: frozen["achievement_key"] for ref, frozen in kinds.items()} == {
        "ada": "achievement",
        "cy": "completion",
        "dev": "achievement",
    }
    assert record_of(rt, "ben").reasons == [{"code": "progress_below", "values": {"has": "70", "asked": "100"}}]


def test_issuing_again_issues_nothing_new_and_says_so(rt: Runtime) -> None:
    """R-120: holders, and the time of the last issue in the tenant's zone."""
    issue(rt)
    batch = issue(rt)
    assert (sum(batch.issued.values()), batch.already) == (0, 3)
    assert bulk.nothing_new_sentence(rt, batch.run_id) == (
        "No new certificates are to be issued. Certificates were already issued to 3 learners on 15-06-26-10-30-00"
    )


def test_the_tenant_chooses_what_its_people_are_called(rt: Runtime) -> None:
    """D-18."""
    batch = issue(rt, OTHER_RUN)
    assert "issued to 1 teachers on" in bulk.nothing_new_sentence(rt, batch.run_id)
    assert bulk.will_be_issued_sentence(rt, batch.run_id, 7) == "Certificates will be issued to 7 teachers shortly."


def test_who_completes_later_is_issued_to_the_next_time(rt: Runtime, host: MemoryHost) -> None:
    """R-119."""
    issue(rt)
    host.add_learner(RUN, learner("ben", "Ben Okri", score=85))
    batch = issue(rt)
    assert (batch.issued["achievement"], batch.already) == (1, 3)
    assert record_of(rt, "ben").label == "Issued"


def test_the_preview_promises_what_the_batch_does_and_writes_nothing(rt: Runtime) -> None:
    """R-116, R-125."""
    seen = foreseeing.preview(rt, run_id(rt))
    assert (seen.to_do, dict(seen.by_key)) == (3, {"achievement": 2, "completion": 1})
    assert dict(seen.declined) == {"progress_below": 1}
    assert award_of(rt, "ada") is None
    assert sum(issue(rt).issued.values()) == seen.to_do
    again = foreseeing.preview(rt, run_id(rt))
    assert (again.to_do, again.holders) == (0, 3)


def test_the_preview_counts_exceptions_as_the_issue_will(rt: Runtime) -> None:
    """R-054, R-125: ben is listed, and gets what he would not have earned."""
    why = Why(Cause.EXCEPTION, "was in hospital")
    excepting.allow(rt, run_id(rt), {"ben": why}, actor="mia", automatic=False)
    seen = foreseeing.preview(rt, run_id(rt))
    assert (seen.to_do, dict(seen.declined)) == (4, {})
    assert sum(issue(rt).issued.values()) == seen.to_do


def test_what_is_printed_and_signed_is_frozen_at_issue(rt: Runtime, host: MemoryHost) -> None:
    """DESIGN 18, R-096, R-097: later changes at the host do not reach back."""
    issue(rt)
    before = award_of(rt, "ada")
    assert before is not None
    host.change_learner(RUN, "ada", display_name="Ada King")
    host.add_run(replace(host.runs[RUN], title="Physics, new edition"))
    issue(rt)
    after = award_of(rt, "ada")
    assert after is not None and after.frozen == before.frozen
    assert after.frozen["recipient_name"] == "Ada Lovelace"
    assert after.frozen["completed_on"].startswith("2026-05-20")
    assert after.frozen["issued_at"].startswith("2026-06-15")


def test_every_issue_leaves_its_trace_in_an_unbroken_chain(rt: Runtime) -> None:
    """R-253."""
    issue(rt)
    with rt.reading() as session:
        acts = Counter(session.scalars(sa.select(audit.AuditEntry.act).where(audit.AuditEntry.tenant_ref == "wales")))
        assert (acts["award.issue"], acts["batch.open"], acts["batch.finish"]) == (3, 1, 1)
        assert audit.first_broken(session, "wales") is None
    with rt.transaction() as tx:
        tx.session.execute(
            sa.update(audit.AuditEntry).where(audit.AuditEntry.act == "batch.open").values(actor_ref="somebody")
        )
    with rt.reading() as session:
        assert audit.first_broken(session, "wales") is not None


def test_the_host_hears_of_each_award_after_the_commit(rt: Runtime, host_app: Flask) -> None:
    """R-081."""
    heard: list[str] = []

    def listen(sender: Flask, *, award_id: UUID, learner_ref: str, **values: Any) -> None:
        assert sender is host_app
        with rt.reading() as session:
            assert session.get(Award, award_id) is not None
        heard.append(learner_ref)

    with signals.award_issued.connected_to(listen):
        issue(rt)
    assert sorted(heard) == ["ada", "cy", "dev"]


def test_two_tenants_sign_with_their_own_keys_only(rt: Runtime) -> None:
    """R-018."""
    issue(rt)
    issue(rt, OTHER_RUN)
    with rt.reading() as session:
        keys = {key.issuer_id: key.multikey for key in session.scalars(sa.select(IssuerKey))}
        assert len(set(keys.values())) == 2
        for credential in session.scalars(sa.select(Credential)):
            award = session.get_one(Award, credential.award_id)
            assert credential.issuer_id == award.issuer_id
            assert credential.key_id.endswith("#" + keys[award.issuer_id])


def test_telling_is_a_switch_apart_from_issuing(rt: Runtime) -> None:
    """R-163."""
    issue(rt, notify=False)
    issue(rt, OTHER_RUN, notify=True)
    with rt.reading() as session:
        told = Counter(tuple(row) for row in session.execute(sa.select(Message.recipient, Message.channel)))
    assert told == {("eve", "email"): 1}


# ---- at the same time ------------------------------------------------------------------------------


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


# ---- what goes wrong -------------------------------------------------------------------------------


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
    """R-107, R-178: with the day on which it first failed; another failure stands beside it."""
    host.change_learner(RUN, "ada", display_name=None)
    for day in range(2):
        issue(replace(rt, clock=FixedClock(NOW + timedelta(days=day))))
    assert failures(rt) == [("ada", "decide", "name.missing")]
    with rt.reading() as session:
        [row] = session.execute(sa.select(Failure.at, Failure.resolved_at)).all()
    assert tuple(row) == (NOW, None)
    host.change_learner(RUN, "ada", display_name="Ada 🙂")
    issue(rt)
    assert failures(rt) == [("ada", "decide", "name.missing"), ("ada", "decide", "name.no_glyphs")]
    host.change_learner(RUN, "ada", display_name="Ada Lovelace")
    issue(rt)
    assert failures(rt) == []


def test_a_host_that_cannot_say_how_to_reach_people_is_in_the_failure_log_once_for_a_batch(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-095, R-178: it delays no certificate, and stands until the platform has said."""

    def contacts(self: MemoryHost, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        raise KeyError("ada@example.org")

    rt = replace(rt, settings=replace(rt.settings, chunk_size=1))
    monkeypatch.setattr(MemoryHost, "contacts", contacts)
    batch = issue(rt, notify=True)
    assert sum(batch.issued.values()) == 3
    assert failures(rt) == [("", "notify", "notify.contacts_unknown")]
    with rt.reading() as session:
        assert session.scalars(sa.select(Failure.details)).one() == {"kind": "KeyError"}


class Moody(MemoryHost):
    """A host that raises for some learners, or for everybody, for a while."""

    breaks_on: frozenset[str] = frozenset()
    away: int = 0
    asked: int = 0

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        self.asked += 1
        if self.away > 0:
            self.away -= 1
            raise HostAway
        if self.breaks_on & set(learner_refs):
            raise LookupError(f"broken rows of {sorted(learner_refs)}")
        return super().learner_records(run_ref, learner_refs)

    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        if self.breaks_on:
            raise RuntimeError("no contacts today")
        return super().contacts(learner_refs)


def moody(rt: Runtime, host: MemoryHost, **moods: Any) -> tuple[Runtime, Moody]:
    other = Moody(**vars(host))
    for name, value in moods.items():
        setattr(other, name, value)
    return quick(replace(rt, host=other)), other


def test_a_host_that_raises_for_one_learner_fails_that_one_alone(rt: Runtime, host: MemoryHost) -> None:
    rt, _ = moody(rt, host, breaks_on=frozenset({"ada"}))
    batch = issue(rt, notify=True)
    assert (batch.failed, sum(batch.issued.values())) == (1, 2)
    assert ("ada", "decide", "learner.host_failed") in failures(rt)


def test_a_host_that_raises_for_one_learner_in_a_thousand_is_asked_a_few_times_and_not_a_thousand(
    rt: Runtime, host: MemoryHost
) -> None:
    for number in range(1000):
        host.add_learner(RUN, learner(f"x{number:04}", f"Learner {number}"))
    rt, other = moody(rt, host, breaks_on=frozenset({"x0517"}))
    records, failed = ask_records(rt, RUN, list(host.records[RUN]))
    assert (set(failed), len(records)) == ({"x0517"}, 1003)
    assert other.asked < 25


def test_a_host_that_is_away_means_later_and_never_no(rt: Runtime, host: MemoryHost) -> None:
    """R-255: no attempt is counted, nobody fails, and the batch goes on by itself."""
    rt, other = moody(rt, host, away=3)
    batch = bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=20)
    assert (batch.failed, sum(batch.issued.values()), other.asked) == (0, 3, 4)


def test_a_host_that_stays_away_leaves_the_batch_for_the_next_command(rt: Runtime, host: MemoryHost) -> None:
    rt, other = moody(rt, host, away=10_000)
    with pytest.raises(BatchStuck, match=r"0 of 4 learners are done\. The learning platform does not answer"):
        bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=0.2)
    assert failures(rt) == [("", "decide", "host.unavailable")]
    other.away = 0
    with rt.transaction() as tx:
        tx.session.execute(sa.update(outbox.Chunk).where(outbox.Chunk.lease_until.is_not(None)).values(lease_until=1))
    assert issue(rt).already == 3
    assert failures(rt) == []


def test_a_host_that_cannot_list_its_learners_is_told_with_its_reason(rt: Runtime, host: MemoryHost) -> None:
    class Broken(MemoryHost):
        def learners(self, run_ref: str, *, after: str | None, limit: int) -> Any:
            raise LookupError("a table of the host is gone")

    rt = quick(replace(rt, host=Broken(**vars(host))))
    with pytest.raises(BatchFailed):
        bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=30)
    assert failures(rt) == [("", "plan", "host.failed")]
    with rt.reading() as session:
        assert session.scalars(sa.select(Failure.details)).one() == {"kind": "LookupError", "port": "learners"}


def test_a_host_that_is_away_from_the_start_is_told_at_once(rt: Runtime, host: MemoryHost) -> None:
    class Away(MemoryHost):
        def course_run(self, run_ref: str) -> Any:
            raise HostAway

    with pytest.raises(HostUnavailable):
        bulk.open_by_ref(replace(rt, host=Away()), RUN, MIA)
    assert failures(rt) == [("", "open", "host.unavailable")]


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


def test_attaching_twice_is_refused_and_changes_nothing(rt: Runtime) -> None:
    """R-002."""
    with pytest.raises(AlreadyAttached, match="already has a certificate attached"):
        attaching.attach_pair(rt, RUN, actor=MIA)


def test_a_learner_of_another_tenant_is_outside_and_a_stranger_in_a_list_is_counted(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-034, R-091: every listed id is handled."""
    host.change_learner(RUN, "cy", tenant_ref="devon")
    outcomes = many.issue_many(rt, run_id(rt), ["cy", "nobody", "ada"], actor=MIA, notify=False)
    assert [(each.learner_ref, each.result) for each in outcomes] == [
        ("cy", "declined"),
        ("nobody", "declined"),
        ("ada", "issued"),
    ]
    assert [each.reasons[0].code for each in outcomes[:2]] == ["outside_audience", "learner_unknown"]
    assert record_of(rt, "cy").label == "N/A"


# ---- how much it costs -----------------------------------------------------------------------------


def statements_for(rt: Runtime, refs: list[str]) -> int:
    order = many.open_order(rt, run_id(rt), actor=MIA, notify=True)
    seen: list[str] = []

    def count(*args: Any) -> None:
        seen.append(args[2])

    event.listen(sa.Engine, "before_cursor_execute", count)
    try:
        prepared = many.prepare(rt, order, refs)
        with rt.transaction() as tx:
            many.store(rt, tx, prepared)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", count)
    return len(seen)


def test_a_chunk_of_two_hundred_takes_as_many_statements_as_one_of_two(rt: Runtime, host: MemoryHost) -> None:
    """DESIGN 6, R-249."""
    refs = [f"y{number:03}" for number in range(202)]
    for ref in refs:
        host.add_learner(RUN, learner(ref, f"Learner {ref}"), Contact(f"{ref}@example.org"))
    many.issue_many(rt, run_id(rt), ["ada"], actor=MIA)  # the first one of an issuer opens its status list
    assert statements_for(rt, refs[:2]) == statements_for(rt, refs[2:])


def test_items_keep_each_learner_with_result_and_reason(rt: Runtime) -> None:
    """R-126."""
    batch = issue(rt)
    with rt.reading() as session:
        rows = session.execute(
            sa.select(IssueItem.learner_ref, IssueItem.result, IssueItem.reason).where(IssueItem.batch_id == batch.id)
        ).all()
    assert sorted((row.learner_ref, row.result, row.reason) for row in rows) == [
        ("ada", "issued", "progress"),
        ("ben", "declined", "progress_below"),
        ("cy", "issued", "progress"),
        ("dev", "issued", "progress"),
    ]
