"""The host may refuse a certificate that all rules would grant, or say in which mode it was earned (R-060).

It is asked once for all who are about to get one. A veto is a recorded refusal with its text. If the host's hook
breaks, each learner is asked about alone: who breaks it fails alone, and the batch goes on.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..core.runtime import Runtime
from ..eligibility.decide import Decision, Outcome
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided
from ..host.records import Objection

LONGEST_ANSWER = 200

log = logging.getLogger("flask_certify")


def hear(rt: Runtime, run_ref: str, decided: Sequence[Decided]) -> list[Decided]:
    """The decisions, after the host was asked about those that grant."""
    granted = [each.learner_ref for each in decided if each.decision.granted]
    if rt.veto is None or not granted:
        return list(decided)
    said, broken = _ask(rt, run_ref, granted)
    return [_heard(each, said.get(each.learner_ref), broken.get(each.learner_ref)) for each in decided]


def _ask(rt: Runtime, run_ref: str, refs: Collection[str]) -> tuple[Mapping[str, Objection], Mapping[str, Reason]]:
    assert rt.veto is not None
    try:
        return rt.veto(run_ref, refs), {}
    except Exception as error:  # a hook is somebody else's program
        log.warning("the host's veto raised", extra={"reason": type(error).__name__})
        if len(refs) == 1:
            return {}, {ref: Reason("veto.failed", {"kind": type(error).__name__}) for ref in refs}
    said: dict[str, Objection] = {}
    broken: dict[str, Reason] = {}
    for ref in refs:
        answer, trouble = _ask(rt, run_ref, [ref])
        said.update(answer)
        broken.update(trouble)
    return said, broken


def _heard(decided: Decided, said: Objection | None, broken: Reason | None) -> Decided:
    if broken is not None:
        return replace(decided, decision=Decision(Outcome.FAULTY, (broken,)))
    if said is None:
        return decided
    if said.refuse is not None:
        reason = Reason("vetoed", {"answer": said.refuse[:LONGEST_ANSWER]})
        return replace(decided, decision=Decision(Outcome.DECLINED, (reason,)))
    if said.mode is not None and decided.record is not None and decided.record.enrolment is not None:
        enrolment = replace(decided.record.enrolment, mode=said.mode)
        return replace(decided, record=replace(decided.record, enrolment=enrolment))
    return decided
