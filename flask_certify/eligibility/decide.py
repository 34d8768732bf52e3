"""One function decides for every door (R-051). Pure: the same facts give the same answer.

Attachments say whether their criteria are met, and by which of them; `engine.evaluate` says the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from .engine import Case, Fit, Outcome, Path, Verdict, evaluate
from .facts import NOTHING_KEPT, Facts, Kept
from .judging import Judge, judge_of
from .reasons import Reason
from .rules import Rule

__all__ = ["Decision", "Offer", "Outcome", "decide", "fitting", "is_in_audience"]


@dataclass(frozen=True, slots=True)
class Offer:
    """What could be granted: an attachment with its rule, in the order in which they are tried."""

    attachment_id: UUID
    rule: Rule
    audience: str  # `tenant` or `everyone`
    judge: Judge = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "judge", judge_of(self.rule))


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may they have it?", and why. Doors put the reasons into words."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    attachment_id: UUID | None = None  # what is granted
    verdict: Verdict | None = None  # what becomes of the record; None: nothing could be evaluated

    @property
    def granted(self) -> bool:
        return self.outcome is Outcome.GRANTED


def decide(
    offers: Sequence[Offer],
    facts: Facts,
    kept: Kept = NOTHING_KEPT,
    *,
    veto: str | Reason | None = None,
    path: Path = Path.DISPATCH,
) -> Decision:
    """What the engine says, with *passing* = the host does not say no, and the criteria are met (D-06)."""
    verdict = evaluate(Case(facts, kept, fitting(offers, facts), veto, path))
    return Decision(verdict.outcome, verdict.reasons, verdict.attachment_id, verdict)


def fitting(offers: Sequence[Offer], facts: Facts) -> Fit:
    """What the attachments say: the first that fits (R-046), else why none does."""
    if not offers:
        return _NOTHING_ATTACHED
    open_offers = [offer for offer in offers if is_in_audience(offer, facts)]
    if not open_offers:
        return Fit(None, (Reason("outside_audience", {"tenant": facts.run.tenant_ref}),), closed=True)
    several = len(offers) > 1
    if several and not facts.run.has_ended:
        return _NOT_ENDED
    # Whoever is listed as an exception gets the first one if none fits.
    first, open_ = open_offers[0].attachment_id, False
    refused: list[Reason] = []
    for offer in open_offers:
        answer = offer.judge(facts)
        if answer.holds:
            return _in_time(facts, offer, answer.reasons) if several else Fit(True, answer.reasons, offer.attachment_id)
        if answer.faulty:
            return Fit(None, answer.reasons, first, faulty=True)
        open_ = open_ or answer.holds is None
        refused.extend(reason for reason in answer.reasons if reason not in refused)
    return Fit(None if open_ else False, tuple(refused), first)


def is_in_audience(offer: Offer, facts: Facts) -> bool:
    """Whether the offer is meant for this learner (R-034, R-035)."""
    return offer.audience == "everyone" or facts.tenant_ref == facts.run.tenant_ref


_NOTHING_ATTACHED = Fit(None, (Reason("nothing_attached"),), closed=True)
_NOT_ENDED = Fit(None, (Reason("run_not_ended"),), closed=True)
_NOT_SAID_WHEN = (Reason("completion_unknown"),)
_LATE = (Reason("completed_late"),)


def _in_time(facts: Facts, offer: Offer, reasons: tuple[Reason, ...]) -> Fit:
    """With several attachments completion counts only if it is dated by the run's end (R-044)."""
    if not facts.completed:
        return Fit(None, _NOT_SAID_WHEN, offer.attachment_id)
    if not facts.completed_in_time:
        return Fit(False, _LATE, offer.attachment_id)
    return Fit(True, reasons, offer.attachment_id)
