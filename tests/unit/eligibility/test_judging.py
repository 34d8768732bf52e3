"""Whether a rule holds: yes, no, or it cannot be said."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility.facts import Facts, RunFacts
from flask_certify.eligibility.judging import judge
from flask_certify.eligibility.reasons import Reason
from flask_certify.eligibility.rules import AllOf, AnyOf, AttributeIs, Progress, Rule, ScoreAtLeast, ScoreBelow
from tests.support.any_rules import any_rule, percents

FAULT = Reason("attempt.no_maximum", {"assessment": "quiz"})
ADA = Facts(run=RunFacts("wales"), progress=100, score=90, attributes={"subject": "physics"})
SILENT = Facts(run=RunFacts("wales"), progress=None, score=FAULT)
DONE, PHYSICS, MERIT, LOW = Progress(100), AttributeIs("subject", "physics"), ScoreAtLeast(80), ScoreBelow(50)


@pytest.mark.parametrize(
    ("rule", "facts", "holds", "codes"),
    [
        (DONE, ADA, True, ["progress"]),
        (DONE, SILENT, None, ["progress_unknown"]),
        (DONE, Facts(run=ADA.run, progress=FAULT), None, ["attempt.no_maximum"]),
        (MERIT, SILENT, None, ["attempt.no_maximum"]),
        (LOW, SILENT, None, ["attempt.no_maximum"]),
        (LOW, ADA, False, ["score_above"]),
        (PHYSICS, SILENT, None, ["attribute_unknown"]),
        (AttributeIs("subject", "history"), ADA, False, ["attribute_differs"]),
        (AllOf((DONE, MERIT, PHYSICS)), ADA, True, ["progress", "score", "attribute"]),
        (AllOf((DONE, LOW)), ADA, False, ["score_above"]),
        (AllOf((DONE, PHYSICS)), SILENT, None, ["progress_unknown"]),
        (AnyOf((LOW, PHYSICS)), ADA, True, ["attribute"]),
        (AnyOf((LOW, Progress(100))), ADA, True, ["progress"]),
        (AnyOf((LOW, AttributeIs("subject", "history"))), ADA, False, ["score_above", "attribute_differs"]),
        (AnyOf((DONE, PHYSICS)), SILENT, None, ["progress_unknown", "attribute_unknown"]),
        (AnyOf((DONE, MERIT, LOW)), SILENT, None, ["attempt.no_maximum"]),
    ],
)
def test_a_rule_holds_or_not_or_it_cannot_be_said(
    rule: Rule, facts: Facts, holds: bool | None, codes: list[str]
) -> None:
    """R-033, R-041, R-049, R-052."""
    found = judge(rule, facts)
    assert (found.holds, [each.code for each in found.reasons]) == (holds, codes)


def test_one_no_is_a_no_for_all_and_what_is_not_known_is_named_beside_it() -> None:
    """R-033: the first that does not hold speaks."""
    silent = Facts(run=ADA.run, progress=None, score=40)
    found = judge(AllOf((DONE, MERIT)), silent)
    assert found.holds is False
    assert [each.code for each in found.reasons] == ["progress_unknown", "score_below"]


def test_wrong_data_do_not_matter_where_something_else_says_no() -> None:
    """R-041."""
    unfinished = Facts(run=ADA.run, progress=60, score=FAULT)
    assert judge(AllOf((DONE, MERIT)), unfinished) == judge(AllOf((MERIT, DONE)), unfinished)
    assert judge(AllOf((MERIT, DONE)), unfinished).holds is False


facts = st.builds(
    Facts,
    run=st.just(ADA.run),
    progress=st.one_of(st.none(), percents),
    score=st.one_of(st.just(FAULT), percents),
    attributes=st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


@given(any_rule, facts)
def test_every_rule_is_judged_the_same_each_time_and_says_why(rule: Rule, facts: Facts) -> None:
    """R-051, R-052."""
    found = judge(rule, facts)
    assert found == judge(rule, facts)
    assert found.reasons
    assert found.holds is None or not found.faulty


@given(percents, percents)
def test_at_least_and_below_the_same_score_are_each_others_opposite(score: Fraction, asked: Fraction) -> None:
    """R-042: compared exactly."""
    facts = Facts(run=ADA.run, score=score)
    assert judge(ScoreAtLeast(asked), facts).holds is not judge(ScoreBelow(asked), facts).holds
