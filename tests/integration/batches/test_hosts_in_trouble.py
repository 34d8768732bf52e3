"""A host that raises, or is away: who is not concerned is issued to, and everybody else later."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Failure, Record
from flask_certify.core import outbox
from flask_certify.core.current import runtime_of
from flask_certify.core.errors import HostUnavailable
from flask_certify.core.hosts import HostFailed
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import asking_why, simulating
from flask_certify.eligibility import notation
from flask_certify.eligibility.service import ask_records
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact, LearnerRecord
from flask_certify.issuing import bulk, changes, oddities
from flask_certify.issuing.errors import (
    BatchFailed,
    BatchStuck,
)
from flask_certify.issuing.oddities import Oddity
from flask_certify.notifications.models import Message
from tests.support import story
from tests.support.batches import failures, issue
from tests.support.story import MIA, RUN, learner, quick


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


def told_and_issued(rt: Runtime, ref: str) -> tuple[int, str | None]:
    with rt.reading() as session:
        told = sa.select(sa.func.count()).select_from(Message).where(Message.recipient == ref)
        return session.scalar(told) or 0, session.scalar(sa.select(Record.label).where(Record.learner_ref == ref))


def test_on_success_recipients_are_told_and_the_issued_count_rises_on_failure_the_reason_goes_to_the_failure_log(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-092: and once the cause is gone, both are put right."""
    wrong = replace(host.records[RUN]["ada"], display_name="\U00012000")  # cuneiform, which no font of ours has
    right, host.records[RUN]["ada"] = host.records[RUN]["ada"], wrong
    rt = quick(rt)
    batch = issue(rt, notify=True)
    assert (batch.failed, sum(batch.issued.values())) == (1, 2)
    assert told_and_issued(rt, "cy") == (1, "Issued")
    assert told_and_issued(rt, "ada") == (0, "Issue failed")
    [(ref, step, code)] = [each for each in failures(rt) if each[0] == "ada"]
    assert ref == "ada" and step and code

    host.records[RUN]["ada"] = right
    assert sum(issue(rt, notify=True).issued.values()) == 1
    assert told_and_issued(rt, "ada") == (2, "Issued"), "by email and SMS"
    assert [each for each in failures(rt) if each[0] == "ada"] == []


def test_a_host_that_raises_for_one_learner_in_a_thousand_is_asked_a_few_times_and_not_a_thousand(
    rt: Runtime, host: MemoryHost
) -> None:
    for number in range(1000):
        host.add_learner(RUN, learner(f"x{number:04}", f"Learner {number}"))
    rt, other = moody(rt, host, breaks_on=frozenset({"x0517"}))
    records, failed = ask_records(rt, RUN, list(host.records[RUN]))
    assert (set(failed), len(records)) == ({"x0517"}, 1003)
    assert other.asked < 25


def test_an_answer_of_the_wrong_kind_fails_the_learner_it_is_about_and_is_told_by_its_field(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-041, R-178: times without a zone, texts for numbers; the others get theirs."""
    host.change_learner(RUN, "cy", completed_on=datetime(2026, 5, 20))
    host.change_learner(RUN, "dev", progress="100")
    batch = issue(rt)
    assert (sum(batch.issued.values()), batch.failed) == (1, 2)
    assert failures(rt) == [("cy", "decide", "learner.wrong_answer"), ("dev", "decide", "learner.wrong_answer")]
    with rt.reading() as session:
        told = {row.learner_ref: row.details for row in session.scalars(sa.select(Failure))}
    assert told == {"cy": {"field": "completed_on"}, "dev": {"field": "progress"}}


def test_who_asks_is_told_of_a_wrong_answer_and_the_others_are_answered_about(host: MemoryHost, tmp_path: Path) -> None:
    """R-052, R-185, R-187: explain says what is wrong; simulate and check go on with everybody else."""
    host.change_learner(RUN, "cy", completed_on=datetime(2026, 5, 20))
    with story.opened(f"sqlite:///{tmp_path}/site.db", host) as app, app.app_context():
        rt = runtime_of(app)
        why = asking_why.explain(rt, RUN, "cy")
        assert [(each.code, each.values) for each in why.reasons] == [
            ("learner.wrong_answer", {"field": "completed_on"})
        ]
        rules = notation.rule_set_from_json(
            {"version": 1, "attachments": [{"achievement": "completion", "rule": {"progress": "70"}}]}
        )
        assert simulating.simulate(rt, ensure_run(rt, RUN), rules).gain == ("ben",)
        assert oddities.find(rt, RUN).learners[Oddity.COMPLETE_WITHOUT] == ("ada", "dev")


@pytest.mark.parametrize(("wrong", "named"), [({"end": datetime(2026, 5, 31)}, "end"), ({"zone": "Mars/Base"}, "zone")])
def test_a_run_that_cannot_be_understood_is_refused_by_what_is_wrong(
    rt: Runtime, host: MemoryHost, wrong: dict[str, Any], named: str
) -> None:
    host.add_run(replace(host.runs[RUN], **wrong))
    with pytest.raises(HostFailed, match=f"unusable {named} while asked for course_run"):
        bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=5)


def test_a_tenant_in_a_zone_that_there_is_not_is_refused_by_what_is_wrong(rt: Runtime, host: MemoryHost) -> None:
    host.add_tenant(replace(host.tenants["wales"], zone="Mars/Base"))
    with pytest.raises(HostFailed, match="unusable zone while asked for tenant"):
        bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=5)


@pytest.mark.parametrize("listed", [None, 5, ["ada"], [None]])
def test_a_list_of_learners_that_is_none_is_the_hosts_failure(rt: Runtime, host: MemoryHost, listed: Any) -> None:
    class Odd(MemoryHost):
        def learners(self, run_ref: str, *, after: str | None, limit: int) -> Any:
            return listed

    with pytest.raises(HostFailed, match="unusable learners"):
        list(changes.pages(replace(rt, host=Odd(**vars(host))), RUN))


def test_a_list_of_learners_that_never_ends_is_the_hosts_failure(rt: Runtime, host: MemoryHost) -> None:
    class Endless(MemoryHost):
        def learners(self, run_ref: str, *, after: str | None, limit: int) -> Any:
            return [super().learners(run_ref, after=None, limit=1)[0]] * limit

    with pytest.raises(HostFailed, match="unusable after"):
        list(changes.pages(replace(rt, host=Endless(**vars(host))), RUN))


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
