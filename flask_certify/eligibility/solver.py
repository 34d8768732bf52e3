"""Reasoning about rules: can anybody meet them, can somebody meet two of them, who meets none (R-024, R-025, R-049).

Criteria are solved, not compared as text. Rules only ask whether a number is below a threshold and whether an
attribute is one of the values they name. So between two neighbouring thresholds, the lower included, all numbers
are alike, and so are all values that no rule names: trying one of each kind is trying them all. Whoever is found is
the proof, and can be shown to people.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import assert_never

from ..core.errors import BadInput
from ..core.i18n import N_
from .rules import AllOf, AnyOf, AttributeIs, Percent, Progress, Rule, ScoreAtLeast, ScoreBelow

MOST_STEPS = 20_000
"""Steps until we give up on a rule. Those that people write need a few dozen."""


class TooEntangled(BadInput):
    code = "rule.too_entangled"
    sentence = N_("These rules are too entangled to say whether they exclude each other. Write them more simply.")


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody, as far as rules ask. An attribute that is None has a value that no rule names."""

    progress: Percent
    score: Percent
    attributes: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two rules, by their place, that one person can meet, and such a person."""

    one: int
    other: int
    witness: Witness


@dataclass(frozen=True, slots=True)
class Gap:
    """Scores with which somebody who completed the course meets no rule: from one, included, to another, not."""

    score: Percent
    below: Percent | None  # None: up to 100, included
    attributes: Mapping[str, str | None] = field(default_factory=dict)


def find_somebody(*rules: Rule) -> Witness | None:
    """Somebody who meets all of these rules; None if nobody ever can. Raises TooEntangled."""
    return _Search(rules).somebody(meeting=rules)


def find_overlaps(rules: Sequence[Rule]) -> tuple[Overlap, ...]:
    """Every two of the rules that do not exclude each other. Raises TooEntangled."""
    found = ((one, other, find_somebody(rules[one], rules[other])) for one, other in combinations(range(len(rules)), 2))
    return tuple(Overlap(one, other, witness) for one, other, witness in found if witness is not None)


def find_gaps(rules: Sequence[Rule]) -> tuple[Gap, ...]:
    """The scores that go without a certificate although the course is completed. Raises TooEntangled."""
    cells = _cells(_scores_of(rules))
    gaps: list[Gap] = []
    for score, below in zip(cells, [*cells[1:], None], strict=True):
        witness = _Search(rules, progress=100, score=score).somebody(meeting_none_of=rules)
        if witness is None:
            continue
        if gaps and gaps[-1].below == score and gaps[-1].attributes == witness.attributes:
            gaps[-1] = Gap(gaps[-1].score, below, witness.attributes)
        else:
            gaps.append(Gap(score, below, witness.attributes))
    return tuple(gaps)


def is_about_the_learner_alone(rule: Rule) -> bool:
    """Whether somebody meets it by what they are, even if no progress and no score were ever enough (R-049).

    Raises TooEntangled.
    """
    return _Search([rule], without_the_course=True).somebody(meeting=[rule]) is not None


class _Search:
    """Tries one value of each kind, and leaves a branch as soon as it is known to fail."""

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        progress: Percent | None = None,
        score: Percent | None = None,
        without_the_course: bool = False,
    ) -> None:
        rules = tuple(rules)
        self.progress = _cells(_progresses_of(rules)) if progress is None else [progress]
        self.score = _cells(_scores_of(rules)) if score is None else [score]
        self.attributes: dict[str, list[str | None]] = {}
        for leaf in _leaves(rules):
            if isinstance(leaf, AttributeIs):
                values = self.attributes.setdefault(leaf.name, [None])
                if leaf.value not in values:
                    values.append(leaf.value)
        self.names = list(self.attributes)
        self.without_the_course = without_the_course
        self.steps = 0

    def somebody(self, *, meeting: Sequence[Rule] = (), meeting_none_of: Sequence[Rule] = ()) -> Witness | None:
        for progress in self.progress:
            for score in self.score:
                who: dict[str, str | None] = {}
                if self._fits(meeting, meeting_none_of, progress, score, who):
                    return Witness(progress, score, who)
        return None

    def _fits(
        self,
        meeting: Sequence[Rule],
        none_of: Sequence[Rule],
        progress: Percent,
        score: Percent,
        who: dict[str, str | None],
    ) -> bool:
        """Whether `who` can be completed. If so, it is, by side effect."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooEntangled()
        met = [_truth(each, self._leaf(progress, score, who)) for each in meeting]
        unwanted = [_truth(each, self._leaf(progress, score, who)) for each in none_of]
        if False in met or True in unwanted:
            return False
        if None not in met and None not in unwanted:
            return True
        name = self.names[len(who)]
        for value in self.attributes[name]:
            who[name] = value
            if self._fits(meeting, none_of, progress, score, who):
                return True
            del who[name]
        return False

    def _leaf(
        self, progress: Percent, score: Percent, who: Mapping[str, str | None]
    ) -> "Callable[[_Leaf], bool | None]":
        def truth(leaf: _Leaf) -> bool | None:
            if isinstance(leaf, AttributeIs):
                return who[leaf.name] == leaf.value if leaf.name in who else None
            if self.without_the_course:
                return False
            match leaf:
                case Progress(asked):
                    return progress >= asked
                case ScoreAtLeast(asked):
                    return score >= asked
                case ScoreBelow(asked):
                    return score < asked
                case _:
                    assert_never(leaf)

        return truth


_Leaf = Progress | ScoreAtLeast | ScoreBelow | AttributeIs


def _truth(rule: Rule, of_leaf: Callable[[_Leaf], bool | None]) -> bool | None:
    """Yes, no, or not decided by what is known so far."""
    match rule:
        case AllOf(rules):
            parts = [_truth(each, of_leaf) for each in rules]
            return False if False in parts else None if None in parts else True
        case AnyOf(rules):
            parts = [_truth(each, of_leaf) for each in rules]
            return True if True in parts else None if None in parts else False
        case _:
            return of_leaf(rule)


def _leaves(rules: Iterable[Rule]) -> Iterator[_Leaf]:
    for each in rules:
        match each:
            case AllOf(inner) | AnyOf(inner):
                yield from _leaves(inner)
            case _:
                yield each


def _progresses_of(rules: Iterable[Rule]) -> Iterator[Percent]:
    return (each.at_least for each in _leaves(rules) if isinstance(each, Progress))


def _scores_of(rules: Iterable[Rule]) -> Iterator[Percent]:
    return (each.percent for each in _leaves(rules) if isinstance(each, ScoreAtLeast | ScoreBelow))


def _cells(thresholds: Iterable[Percent]) -> list[Percent]:
    """The lower ends, included, of the intervals within which all numbers from 0 to 100 are alike."""
    return sorted({0, *(each for each in thresholds if 0 <= each <= 100)})
