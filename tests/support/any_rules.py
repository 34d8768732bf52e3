"""Rules of every shape, as people could write them."""

from hypothesis import strategies as st

from flask_certify.eligibility import rules


def exact(percent: rules.Percent) -> rules.Percent:
    return percent.numerator if percent.denominator == 1 else percent


percents = st.fractions(min_value=0, max_value=100, max_denominator=1000).map(exact)
words = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=20)
leaves = st.one_of(
    st.builds(rules.Progress, percents),
    st.builds(rules.ScoreAtLeast, percents),
    st.builds(rules.ScoreBelow, percents),
    st.builds(rules.AttributeIs, words, words),
)


def within(leaves: st.SearchStrategy[rules.Rule], most: int = 8) -> st.SearchStrategy[rules.Rule]:
    """Rules made of these."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(rules.AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(rules.AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=most,
    )


any_rule = within(leaves)
