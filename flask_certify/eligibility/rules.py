"""Rules are shapes. A new kind of rule without its case in `judging` is found before the program runs."""

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

Percent = Fraction | int
"""Exact: a whole number where it is one, else a fraction; never a float."""


@dataclass(frozen=True, slots=True)
class Progress:
    """At least this much of the course is done, in percent (R-033)."""

    at_least: Percent


@dataclass(frozen=True, slots=True)
class ScoreAtLeast:
    """The score is this much or more, in percent; compared exactly (R-038, R-042)."""

    percent: Percent


@dataclass(frozen=True, slots=True)
class ScoreBelow:
    """The score is strictly less than this, in percent."""

    percent: Percent


@dataclass(frozen=True, slots=True)
class AttributeIs:
    """An attribute of the learner has this value. Not enough for an attachment by itself (R-049)."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class AllOf:
    rules: "tuple[Rule, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    rules: "tuple[Rule, ...]"


Rule = Progress | ScoreAtLeast | ScoreBelow | AttributeIs | AllOf | AnyOf


def asks_for_score(rule: Rule) -> bool:
    match rule:
        case ScoreAtLeast() | ScoreBelow():
            return True
        case AllOf(rules) | AnyOf(rules):
            return any(asks_for_score(each) for each in rules)
        case Progress() | AttributeIs():
            return False
        case _:
            assert_never(rule)


def progress_asked(rule: Rule) -> Percent:
    """The least progress with which the rule can be met: what a learner may fall below (R-075)."""
    match rule:
        case Progress(asked):
            return asked
        case AllOf(rules):
            return max(progress_asked(each) for each in rules)
        case AnyOf(rules):
            return min(progress_asked(each) for each in rules)
        case ScoreAtLeast() | ScoreBelow() | AttributeIs():
            return 0
        case _:
            assert_never(rule)


def completion(below: Percent = 80) -> Rule:
    """The default rule of `Course completion` (R-038)."""
    return AllOf((Progress(100), ScoreBelow(below)))


def achievement(from_: Percent = 80) -> Rule:
    """The default rule of `Certificate of Achievement`: the threshold is inclusive (D-03)."""
    return AllOf((Progress(100), ScoreAtLeast(from_)))
