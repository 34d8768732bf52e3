"""The main job: issue to all of a run who may have a certificate, once, with a reason for everybody else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from flask_certify import signals
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.core import audit
from flask_certify.core.runtime import Runtime
from flask_certify.credentials.models import Credential, IssuerKey
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact
from flask_certify.issuing import bulk, excepting, foreseeing, many
from flask_certify.issuing.models import IssueItem
from flask_certify.notifications.models import Message
from tests.support.batches import award_of, issue, record_of, run_id
from tests.support.story import MIA, OTHER_RUN, RUN, learner


def zeros(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: count for key, count in counts.items() if count}


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
