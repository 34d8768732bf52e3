"""The host may refuse a certificate that all rules would grant, or say in which mode it was earned (R-060).

It is asked once for all who are about to get one, by whichever door: for a first certificate, another one in its place,
or one that comes back. What it says goes into the one engine, which decides. If the host's hook breaks, each learner is
asked about alone: who breaks it fails alone, and the batch goes on.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..achievements.service import AttachmentView
from ..core.runtime import Runtime
from ..core.texts import storable
from ..eligibility.facts import Kept
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided, decide_many, decide_records
from ..host.records import CourseRun, Objection

LONGEST_ANSWER, LONGEST_MODE = 200, 40

log = logging.getLogger("flask_certify")

Heard = Mapping[str, Objection | Reason]
"""Objections by learner; a reason, if the host could not say."""


class NoObjection(TypeError):
    """The hook's answer is something else than objections by learner."""


def decide_and_ask(
    rt: Runtime,
    run: CourseRun,
    attachments: Sequence[AttachmentView],
    learner_refs: Collection[str],
    kept: Mapping[str, Kept],
) -> list[Decided]:
    """One decision for each of the learners, the host's last word included. Raises HostUnavailable."""
    return hear(rt, run, attachments, decide_many(rt, run, attachments, learner_refs, kept), kept)


def hear(
    rt: Runtime,
    run: CourseRun,
    attachments: Sequence[AttachmentView],
    found: Sequence[Decided],
    kept: Mapping[str, Kept],
) -> list[Decided]:
    """The decisions, after the host was asked about those that grant; whoever it objects to is decided upon again."""
    granted = [each.learner_ref for each in found if each.decision.granted]
    if rt.veto is None or not granted:
        return list(found)
    heard = _ask(rt, run.run_ref, granted)
    vetoes = {ref: veto for ref, said in heard.items() if (veto := _veto(said)) is not None}
    records = {each.learner_ref: each.record for each in found if each.learner_ref in vetoes and each.record}
    again = {
        each.learner_ref: each
        for each in decide_records(rt, run, attachments, list(records), records, {}, kept, vetoes)
    }
    return [again.get(each.learner_ref) or _in_mode(each, heard.get(each.learner_ref)) for each in found]


def _ask(rt: Runtime, run_ref: str, refs: Collection[str]) -> Heard:
    assert rt.veto is not None
    try:
        return _understood(rt.veto(run_ref, refs), refs)
    except Exception as error:  # a hook is somebody else's program
        log.warning("the host's veto raised", extra={"reason": type(error).__name__})
        if len(refs) == 1:
            return {ref: Reason("veto.failed", {"kind": type(error).__name__}) for ref in refs}
    return {ref: said for each in refs for ref, said in _ask(rt, run_ref, [each]).items()}


def _understood(said: Mapping[str, Objection], refs: Collection[str]) -> Heard:
    """What it says about these learners, and nobody else. Raises NoObjection."""
    if not isinstance(said, Mapping):
        raise NoObjection
    wanted = {ref: said[ref] for ref in refs if ref in said}
    for each in wanted.values():
        if not isinstance(each, Objection) or not all(
            isinstance(text, str | None) for text in (each.refuse, each.mode)
        ):
            raise NoObjection
    return wanted


def _veto(said: Objection | Reason) -> str | Reason | None:
    if isinstance(said, Reason):
        return said
    return storable(said.refuse, LONGEST_ANSWER)


def _in_mode(decided: Decided, said: Objection | Reason | None) -> Decided:
    """The mode in which it was earned, if the host says which."""
    mode = storable(said.mode, LONGEST_MODE) if isinstance(said, Objection) else None
    if mode is not None and decided.record and decided.record.enrolment:
        enrolment = replace(decided.record.enrolment, mode=mode)
        return replace(decided, record=replace(decided.record, enrolment=enrolment))
    return decided
