"""Whether a rule holds for a learner: yes, no, or it cannot be said. Each rule is made into a function once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from .facts import Facts
from .reasons import Reason
from .rules import AllOf, AnyOf, AttributeIs, Percent, Progress, Rule, ScoreAtLeast, ScoreBelow
from .scores import shown


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a rule holds, and why. Faulty data are told apart from data that are not there."""

    holds: bool | None  # None: it cannot be said
    reasons: tuple[Reason, ...]
    faulty: bool = False


Judge = Callable[[Facts], Judgement]


def judge(rule: Rule, facts: Facts) -> Judgement:
    """Whether the rule holds for this one learner."""
    return judge_of(rule)(facts)


def judge_of(rule: Rule) -> Judge:
    """The rule as a function, for many learners. Equal values give equal answers, since numbers are exact."""
    match rule:
        case Progress(asked):
            return _progress(asked)
        case ScoreAtLeast(asked):
            return _score_at_least(asked)
        case ScoreBelow(asked):
            return _score_below(asked)
        case AttributeIs(name, value):
            return _attribute(name, value)
        case AllOf(rules):
            return _all_of([judge_of(each) for each in rules])
        case AnyOf(rules):
            return _any_of([judge_of(each) for each in rules])
        case _:
            assert_never(rule)


def _progress(asked: Percent) -> Judge:
    unknown = Judgement(None, (Reason("progress_unknown"),))
    judged = _once(lambda has: has >= asked, asked, "progress", "progress_below")

    def judge_progress(facts: Facts) -> Judgement:
        has = facts.progress
        if has is None:
            return unknown
        return Judgement(None, (has,), faulty=True) if isinstance(has, Reason) else judged(has)

    return judge_progress


def _score_at_least(asked: Percent) -> Judge:
    return _score(_once(lambda has: has >= asked, asked, "score", "score_below"))


def _score_below(asked: Percent) -> Judge:
    return _score(_once(lambda has: has < asked, asked, "score", "score_above"))


def _score(judged: Callable[[Percent], Judgement]) -> Judge:
    def judge_score(facts: Facts) -> Judgement:
        has = facts.score
        return Judgement(None, (has,), faulty=True) if isinstance(has, Reason) else judged(has)

    return judge_score


def _once(
    compare: Callable[[Percent], bool], asked: Percent, if_yes: str, if_no: str
) -> Callable[[Percent], Judgement]:
    """The judgement of a number. Of the 101 whole ones, which most learners have, each is judged once."""
    known: dict[int, Judgement] = {}
    asked_shown = shown(asked)

    def judged(has: Percent) -> Judgement:
        if isinstance(has, int):
            found = known.get(has)
            if found is None:
                found = known[has] = judgement(has)
            return found
        return judgement(has)

    def judgement(has: Percent) -> Judgement:
        holds = compare(has)
        return Judgement(holds, (Reason(if_yes if holds else if_no, {"has": shown(has), "asked": asked_shown}),))

    return judged


def _attribute(name: str, value: str) -> Judge:
    values = {"name": name}
    yes = Judgement(True, (Reason("attribute", values),))
    no = Judgement(False, (Reason("attribute_differs", values),))
    unknown = Judgement(None, (Reason("attribute_unknown", values),))

    def judge_attribute(facts: Facts) -> Judgement:
        has = facts.attributes.get(name)
        if has is None:
            return unknown
        return yes if has == value else no

    return judge_attribute


def _all_of(judges: Sequence[Judge]) -> Judge:
    """One no is a no for all. The first that does not hold speaks; what is not known is named beside a no."""

    def judge_all(facts: Facts) -> Judgement:
        reasons: tuple[Reason, ...] = ()
        open_: Judgement | None = None
        for each in judges:
            part = each(facts)
            if part.holds:
                reasons += part.reasons
            elif part.holds is False:
                if open_ is None or open_.faulty:
                    return part
                return Judgement(False, open_.reasons + part.reasons)
            else:
                open_ = open_ or part
        return open_ or Judgement(True, reasons)

    return judge_all


def _any_of(judges: Sequence[Judge]) -> Judge:
    """The first yes speaks for all, else faulty data; a no gives all of its reasons."""

    def judge_any(facts: Facts) -> Judgement:
        reasons: tuple[Reason, ...] = ()
        open_ = False
        faulty: Judgement | None = None
        for each in judges:
            part = each(facts)
            if part.holds:
                return part
            if part.faulty:
                faulty = faulty or part
            open_ = open_ or part.holds is None
            reasons += part.reasons
        return faulty or Judgement(None if open_ else False, reasons)

    return judge_any
