"""Decide for many learners at once: facts by one call of the host, a decision for each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ..achievements.service import AttachmentView
from ..core.hosts import ask_about
from ..core.runtime import Runtime
from ..host.records import CourseRun, LearnerRecord
from . import notation
from .answers import wrong_records
from .decide import Decision, Offer, Outcome, decide, is_in_audience
from .facts import NOTHING_KEPT, Facts, Kept, RunFacts, learner_facts, run_facts
from .reasons import Reason
from .scores import shown


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about one learner, with what the host said. `record` is None if it said nothing."""

    learner_ref: str
    record: LearnerRecord | None
    decision: Decision
    in_audience: bool
    score: str | None  # percent, for display


def decide_many(
    rt: Runtime,
    run: CourseRun,
    attachments: Sequence[AttachmentView],
    learner_refs: Collection[str],
    kept: Mapping[str, Kept] | None = None,
) -> list[Decided]:
    """One decision for each of the learners, in their order. `kept`: what our own tables say about them.

    Raises HostUnavailable: then nothing is decided.
    """
    records, failed = ask_records(rt, run.run_ref, learner_refs)
    return decide_records(rt, run, attachments, learner_refs, records, failed, kept)


def decide_records(
    rt: Runtime,
    run: CourseRun,
    attachments: Sequence[AttachmentView],
    learner_refs: Collection[str],
    records: Mapping[str, LearnerRecord],
    failed: Mapping[str, Reason],
    kept: Mapping[str, Kept] | None = None,
    vetoes: Mapping[str, str | Reason] | None = None,
) -> list[Decided]:
    """The same, for records that are known already. `vetoes`: what the host said about those who would get one."""
    now = rt.clock.now()
    about = about_run(rt, run, now)
    offers = [Offer(each.id, notation.from_json(each.rule), each.audience) for each in attachments]
    kept, vetoes = kept or {}, vetoes or {}
    failed = {**wrong_records(records), **failed}
    decided = []
    for ref in learner_refs:
        record = records.get(ref)
        if ref in failed:
            decided.append(Decided(ref, None, Decision(Outcome.FAULTY, (failed[ref],)), True, None))
            continue
        facts = learner_facts(about, record, now) if record else Facts(run=about, known=False)
        decided.append(
            Decided(
                ref,
                record,
                decide(offers, facts, kept.get(ref, NOTHING_KEPT), veto=vetoes.get(ref)),
                any(is_in_audience(offer, facts) for offer in offers),
                None if isinstance(facts.score, Reason) else shown(facts.score),
            )
        )
    return decided


def about_run(rt: Runtime, run: CourseRun, now: datetime) -> RunFacts:
    """What is known about the run, with what the installation asks of every run."""
    settings = rt.settings
    return run_facts(run, now, identity_required=settings.identity_required, honor_earns=settings.honor_earns)


def ask_records(
    rt: Runtime, run_ref: str, learner_refs: Collection[str]
) -> tuple[Mapping[str, LearnerRecord], Mapping[str, Reason]]:
    """What the host says about these learners, and for whom it could not answer, or not so that it can be used.

    Raises HostUnavailable; for one alone HostFailed.
    """
    records, raised = ask_about(rt, "learner_records", partial(rt.host.learner_records, run_ref), learner_refs)
    if len(learner_refs) == 1:
        for error in raised.values():
            raise error
    known = {ref: record for ref, record in records.items() if record is not None}
    wrong = wrong_records(known)
    failed = {ref: Reason("learner.host_failed", error.values) for ref, error in raised.items()} | wrong
    return {ref: record for ref, record in known.items() if ref not in wrong}, failed
