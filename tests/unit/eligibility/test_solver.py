"""Criteria are solved: who meets two of them, who meets none, and whether anybody can."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_certify.eligibility import rules, solver
from flask_certify.eligibility.facts import Facts, RunFacts
from flask_certify.eligibility.judging import judge
from flask_certify.eligibility.rules import AllOf, AnyOf, AttributeIs, Progress, Rule, ScoreAtLeast, ScoreBelow
from flask_certify.eligibility.solver import Gap, Overlap, TooEntangled, Witness
from tests.support.any_rules import any_rule, within

PHYSICS, HISTORY = AttributeIs("subject", "physics"), AttributeIs("subject", "history")
DONE = Progress(100)

small = st.sampled_from([0, 50, 80, Fraction(161, 2), 100])
crowded = within(
    st.one_of(
        st.builds(Progress, small),
        st.builds(ScoreAtLeast, small),
        st.builds(ScoreBelow, small),
        st.builds(AttributeIs, st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"])),
    ),
    most=6,
)
EVERYBODY = [
    Witness(progress, score, {"a": a, "b": b})
    for progress, score, a, b in product(
        (0, 49, 50, 79, 80, 99, 100),
        (0, 49, 50, 79, 80, Fraction(8049, 100), Fraction(161, 2), 99, 100),
        (None, "x", "y"),
        (None, "x", "y"),
    )
]


def meets(rule: Rule, who: Witness) -> bool:
    """As the engine would judge it; a value that no rule names is any other value."""
    attributes = {name: "another" if value is None else value for name, value in who.attributes.items()}
    everything = {"a": "another", "b": "another", "subject": "another"} | attributes
    facts = Facts(run=RunFacts("wales"), progress=who.progress, score=who.score, attributes=everything)
    return judge(rule, facts).holds is True


@settings(max_examples=200)
@given(crowded, crowded)
def test_somebody_is_found_exactly_if_there_is_somebody(one: Rule, other: Rule) -> None:
    """R-024: nobody of a whole crowd is overlooked, and who is found meets both by the engine."""
    found = solver.find_somebody(one, other)
    assert (found is not None) == any(meets(one, who) and meets(other, who) for who in EVERYBODY)
    if found is not None:
        assert meets(one, found) and meets(other, found)


@settings(max_examples=200)
@given(crowded, crowded)
def test_a_gap_is_found_exactly_for_the_scores_that_have_one(one: Rule, other: Rule) -> None:
    """R-024."""
    gaps = solver.find_gaps([one, other])
    for score in {who.score for who in EVERYBODY}:
        crowd = [who for who in EVERYBODY if who.progress == 100 and who.score == score]
        within_gap = any(gap.score <= score and (gap.below is None or score < gap.below) for gap in gaps)
        assert within_gap == any(not meets(one, who) and not meets(other, who) for who in crowd)


def test_the_default_pair_has_neither_overlap_nor_gap() -> None:
    """R-024, R-038: below 80 and from 80 on."""
    pair = [rules.completion(), rules.achievement()]
    assert solver.find_overlaps(pair) == ()
    assert solver.find_gaps(pair) == ()


def test_an_overlap_names_both_and_somebody_who_meets_both() -> None:
    """R-024."""
    pair = [rules.completion(Fraction("80.5")), rules.achievement(80)]
    assert solver.find_overlaps(pair) == (Overlap(0, 1, Witness(100, 80)),)
    three = [*pair, AllOf((DONE, PHYSICS))]
    assert [(each.one, each.other) for each in solver.find_overlaps(three)] == [(0, 1), (0, 2), (1, 2)]


def test_the_ends_of_an_interval_are_told_apart() -> None:
    """R-024: at least 80 and below 80 touch and do not overlap; both at least 80 do."""
    assert solver.find_somebody(ScoreBelow(80), ScoreAtLeast(80)) is None
    assert solver.find_somebody(ScoreAtLeast(80), ScoreAtLeast(100)) == Witness(0, 100)


def test_a_gap_is_told_from_where_to_where() -> None:
    """R-024."""
    assert solver.find_gaps([rules.completion(60), rules.achievement(80)]) == (Gap(60, 80),)
    assert solver.find_gaps([rules.completion(60)]) == (Gap(60, None),)
    assert solver.find_gaps([rules.achievement(60), AllOf((DONE, ScoreBelow(60), PHYSICS))]) == (
        Gap(0, 60, {"subject": None}),
    )
    edges = [AllOf((DONE, ScoreAtLeast(40), ScoreBelow(60))), AllOf((DONE, ScoreAtLeast(50), ScoreBelow(80)))]
    assert solver.find_gaps(edges) == (Gap(0, 40), Gap(80, None))


def test_neighbouring_scores_without_a_certificate_are_one_gap() -> None:
    """R-024."""
    split = [AllOf((DONE, ScoreAtLeast(90))), AllOf((DONE, ScoreBelow(50), ScoreAtLeast(70)))]
    assert solver.find_gaps(split) == (Gap(0, 90),)


def test_attributes_that_differ_exclude_each_other() -> None:
    """R-024."""
    assert solver.find_overlaps([AllOf((DONE, PHYSICS)), AllOf((DONE, HISTORY))]) == ()
    other = AllOf((DONE, AttributeIs("language", "physics")))
    [overlap] = solver.find_overlaps([AllOf((DONE, PHYSICS)), other])
    assert overlap.witness.attributes == {"subject": "physics", "language": "physics"}


@pytest.mark.parametrize(
    "impossible",
    [
        ScoreBelow(0),
        AllOf((ScoreAtLeast(80), ScoreBelow(70))),
        AllOf((DONE, PHYSICS, HISTORY)),
        AnyOf((ScoreBelow(0), AllOf((PHYSICS, HISTORY)))),
    ],
)
def test_criteria_that_nobody_can_meet_are_found_out(impossible: Rule) -> None:
    """R-025."""
    assert solver.find_somebody(impossible) is None


@pytest.mark.parametrize(
    ("rule", "alone"),
    [
        (PHYSICS, True),
        (AllOf((PHYSICS, AttributeIs("language", "hi"))), True),
        (AnyOf((DONE, PHYSICS)), True),
        (AllOf((DONE, PHYSICS)), False),
        (AllOf((PHYSICS, AnyOf((ScoreAtLeast(80), ScoreBelow(20))))), False),
        (DONE, False),
    ],
)
def test_a_rule_about_the_learner_alone_is_told_from_one_about_the_course(rule: Rule, alone: bool) -> None:
    """R-049."""
    assert solver.is_about_the_learner_alone(rule) is alone


@given(any_rule)
def test_whoever_is_found_meets_the_rule(rule: Rule) -> None:
    found = solver.find_somebody(rule)
    if found is not None:
        assert 0 <= found.progress <= 100 and 0 <= found.score <= 100
        named = {name: value for name, value in found.attributes.items() if value is not None}
        facts = Facts(run=RunFacts("wales"), progress=found.progress, score=found.score, attributes=named)
        assert judge(rule, facts).holds


def test_rules_too_entangled_to_be_solved_are_refused_instead_of_solved_for_ever() -> None:
    clashing = [AnyOf((AttributeIs(f"a{n}", "x"), AttributeIs(f"b{n}", "x"))) for n in range(14)]
    forbidden = [AttributeIs("z", "x"), AttributeIs("z", "y")]
    with pytest.raises(TooEntangled, match="too entangled"):
        solver.find_somebody(AllOf((*clashing, *forbidden)))


@pytest.mark.parametrize(
    ("rule", "asked"),
    [
        (rules.completion(), 100),
        (AllOf((Progress(40), Progress(60))), 60),
        (AnyOf((Progress(40), Progress(60))), 40),
        (AnyOf((DONE, ScoreAtLeast(90))), 0),
        (PHYSICS, 0),
        (ScoreBelow(50), 0),
    ],
)
def test_the_progress_a_rule_asks_is_the_least_with_which_it_can_be_met(rule: Rule, asked: int) -> None:
    """R-075."""
    assert rules.progress_asked(rule) == asked


def test_a_rule_knows_whether_it_asks_for_a_score() -> None:
    """R-025."""
    assert rules.asks_for_score(AnyOf((DONE, ScoreBelow(3))))
    assert rules.asks_for_score(ScoreAtLeast(3))
    assert not rules.asks_for_score(AllOf((DONE, PHYSICS)))
