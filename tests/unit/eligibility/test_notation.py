"""Rules as they are stored."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility import notation, rules
from flask_certify.eligibility.notation import UnreadableRule

percents = st.fractions(min_value=0, max_value=100, max_denominator=1000)
leaves = st.one_of(
    st.builds(rules.Progress, percents),
    st.builds(rules.ScoreAtLeast, percents),
    st.builds(rules.ScoreBelow, percents),
    st.builds(rules.AttributeIs, st.text(max_size=20), st.text(max_size=20)),
)
any_rule = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(rules.AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(rules.AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(any_rule)
def test_a_rule_read_back_is_the_rule_that_was_stored(rule: rules.Rule) -> None:
    """R-026: ≥ stays ≥, and 79.99 stays 79.99."""
    stored = notation.to_json(rule)
    try:
        assert notation.from_json(stored) == rule
    except UnreadableRule:
        assert _depth(rule) > notation.DEEPEST


def _depth(rule: rules.Rule) -> int:
    match rule:
        case rules.AllOf(inner) | rules.AnyOf(inner):
            return 1 + max(_depth(each) for each in inner)
        case _:
            return 0


def test_the_default_pair_is_written_as_people_would() -> None:
    assert notation.to_json(rules.achievement(Fraction("79.5"))) == {
        "all": [{"progress": "100"}, {"score_at_least": "79.5"}]
    }


@pytest.mark.parametrize(
    "stored",
    [
        {},
        [],
        "progress",
        {"progress": 100},
        {"progress": "100", "score_below": "80"},
        {"progres": "100"},
        {"progress": "many"},
        {"progress": "1/0"},
        {"progress": "101"},
        {"score_below": "-1"},
        {"all": []},
        {"all": {"progress": "100"}},
        {"attribute": {"name": "x"}},
        {"attribute": {"name": "x", "is": "y", "not": "z"}},
        {"any": [{"all": [{"nothing": "1"}]}]},
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_words(stored: object) -> None:
    """R-025."""
    with pytest.raises(UnreadableRule, match="cannot be read"):
        notation.from_json(stored)


def test_a_rule_nested_too_deep_is_refused() -> None:
    deep: object = {"progress": "100"}
    for _ in range(notation.DEEPEST + 1):
        deep = {"all": [deep]}
    with pytest.raises(UnreadableRule):
        notation.from_json(deep)
