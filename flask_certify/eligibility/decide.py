"""One function decides for every door (R-051). Pure: the same facts give the same answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from .facts import EXEMPT_FROM_IDENTITY, NOT_EARNING, Facts
from .reasons import Reason
from .rules import AllOf, AnyOf, AttributeIs, Progress, Rule, ScoreAtLeast, ScoreBelow
from .scores import shown


class Outcome(StrEnum):
    GRANTED = "granted"
    DECLINED = "declined"
    FAULTY = "faulty"  # the data are wrong: neither yes nor no, somebody has to put them right


@dataclass(frozen=True, slots=True)
class Offer:
    """What could be granted: an attachment with its rule, in the order in which they are tried."""

    attachment_id: UUID
    rule: Rule
    audience: str  # `tenant` or `everyone`


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may they have it?", and why. Doors put the reasons into words."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    attachment_id: UUID | None = None  # what is granted

    @property
    def granted(self) -> bool:
        return self.outcome is Outcome.GRANTED


def decide(offers: Sequence[Offer], facts: Facts) -> Decision:
    """Guards first, in the order of R-055, then audience and criteria; the first offer that fits is granted (R-046)."""
    for reason in _guards(facts):
        return Decision(Outcome.DECLINED, (reason,))
    open_offers = [offer for offer in offers if is_in_audience(offer, facts)]
    if not open_offers:
        return Decision(Outcome.DECLINED, (Reason("outside_audience", {"tenant": facts.run.tenant_ref}),))
    if len(offers) > 1 and not facts.run.has_ended:
        return Decision(Outcome.DECLINED, (Reason("run_not_ended"),))
    refused: list[Reason] = []
    for offer in open_offers:
        answer = judge(offer.rule, facts)
        if answer.outcome is Outcome.FAULTY:
            return Decision(Outcome.FAULTY, answer.reasons)
        if answer.outcome is Outcome.GRANTED:
            late = _lateness(facts) if len(offers) > 1 else None
            if late is not None:
                return Decision(Outcome.DECLINED, (late,))
            return Decision(Outcome.GRANTED, answer.reasons, offer.attachment_id)
        refused.extend(reason for reason in answer.reasons if reason not in refused)
    return Decision(Outcome.DECLINED, tuple(refused))


def is_in_audience(offer: Offer, facts: Facts) -> bool:
    """Whether the offer is meant for this learner (R-034, R-035)."""
    return offer.audience == "everyone" or facts.tenant_ref == facts.run.tenant_ref


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a rule holds, and why."""

    outcome: Outcome
    reasons: tuple[Reason, ...]


def judge(rule: Rule, facts: Facts) -> Judgement:
    """Whether the rule holds. Of several that must all hold, the first that does not speaks for them."""
    match rule:
        case Progress(asked):
            if facts.progress is None:
                return _no(Reason("progress_unknown"))
            values = {"has": shown(facts.progress), "asked": shown(asked)}
            if facts.progress < asked:
                return _no(Reason("progress_below", values))
            return _yes(Reason("progress", values))
        case ScoreAtLeast(asked):
            if isinstance(facts.score, Reason):
                return Judgement(Outcome.FAULTY, (facts.score,))
            values = {"has": shown(facts.score), "asked": shown(asked)}
            return _yes(Reason("score", values)) if facts.score >= asked else _no(Reason("score_below", values))
        case ScoreBelow(asked):
            if isinstance(facts.score, Reason):
                return Judgement(Outcome.FAULTY, (facts.score,))
            values = {"has": shown(facts.score), "asked": shown(asked)}
            return _yes(Reason("score", values)) if facts.score < asked else _no(Reason("score_above", values))
        case AttributeIs(name, value):
            holds = facts.attributes.get(name) == value
            return (
                _yes(Reason("attribute", {"name": name})) if holds else _no(Reason("attribute_differs", {"name": name}))
            )
        case AllOf(rules):
            return _all_of(rules, facts)
        case AnyOf(rules):
            return _any_of(rules, facts)
        case _:
            assert_never(rule)


def _all_of(rules: Sequence[Rule], facts: Facts) -> Judgement:
    reasons: tuple[Reason, ...] = ()
    for each in rules:
        part = judge(each, facts)
        if part.outcome is not Outcome.GRANTED:
            return part
        reasons += part.reasons
    return Judgement(Outcome.GRANTED, reasons)


def _any_of(rules: Sequence[Rule], facts: Facts) -> Judgement:
    parts = [judge(each, facts) for each in rules]
    for wanted in (Outcome.GRANTED, Outcome.FAULTY):
        for part in parts:
            if part.outcome is wanted:
                return part
    return Judgement(Outcome.DECLINED, tuple(reason for part in parts for reason in part.reasons))


def _guards(facts: Facts) -> Iterator[Reason]:
    """What forbids any certificate, in the order of R-050 and R-055. (8), already final, is asked of our own tables."""
    if not facts.known:
        yield Reason("learner_unknown")
    if not facts.account_active:
        yield Reason("account_inactive")
    if facts.run.custom_course:
        yield Reason("private_copy")
    if facts.beta_tester:
        yield Reason("beta_tester")
    if facts.passing is False:
        yield Reason("not_passing")
    if facts.invalidated:
        yield Reason("invalidated")
    if not facts.enrolled:
        yield Reason("not_enrolled")
    if facts.mode in NOT_EARNING:
        yield Reason("mode_does_not_earn", {"mode": facts.mode})
    if facts.run.identity_required and facts.mode not in EXEMPT_FROM_IDENTITY and not facts.identity_approved:
        yield Reason("identity_not_approved")
    if not facts.run.course_known:
        yield Reason("course_missing")
    if not facts.run.display_on:
        yield Reason("display_off")


def _lateness(facts: Facts) -> Reason | None:
    """With several attachments completion counts only if it is dated by the run's end (R-044)."""
    if not facts.completed:
        return Reason("completion_unknown")
    return None if facts.completed_in_time else Reason("completed_late")


def _yes(reason: Reason) -> Judgement:
    return Judgement(Outcome.GRANTED, (reason,))


def _no(reason: Reason) -> Judgement:
    return Judgement(Outcome.DECLINED, (reason,))
