"""What another rule set would change, before it is switched on."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility import rules
from flask_certify.eligibility.decide import Offer
from flask_certify.eligibility.facts import NOTHING_KEPT, Entry, Facts, Kept
from flask_certify.eligibility.simulation import difference
from tests.support.any_rules import any_rule
from tests.support.deciding import ACHIEVEMENT, ADA, COMPLETION

BEN = replace(ADA, progress=60, score=30)
CARA = replace(ADA, score=70)
HELD = Kept("downloadable", "verified")


def pair(threshold: int) -> list[Offer]:
    return [
        Offer(COMPLETION, rules.completion(threshold), "everyone"),
        Offer(ACHIEVEMENT, rules.achievement(threshold), "everyone"),
    ]


def test_who_would_gain_forgo_or_get_another_is_told_and_holders_stay() -> None:
    """R-085."""
    merit_only = [Offer(ACHIEVEMENT, rules.achievement(80), "everyone")]
    people = [("ada", ADA, NOTHING_KEPT), ("ben", BEN, NOTHING_KEPT), ("cara", CARA, NOTHING_KEPT), ("dee", CARA, HELD)]
    stricter = difference(pair(80), merit_only, people)
    assert (stricter.gain, stricter.lose, stricter.forgo) == ((), (), ("cara",))
    assert stricter.stay == ("ada", "ben", "dee")
    assert difference(merit_only, pair(80), people).gain == ("cara",)
    assert difference(pair(80), pair(60), people).other == ("cara",)


def test_a_certificate_that_an_invalidation_takes_anyway_is_not_lost_by_the_rules() -> None:
    """R-074."""
    invalid = replace(HELD, invalidation=Entry.ACTIVE)
    assert difference(pair(80), pair(60), [("ada", ADA, invalid)]).stay == ("ada",)


@given(any_rule, any_rule, st.sampled_from([ADA, BEN, CARA]), st.sampled_from([None, "downloadable", "notpassing"]))
def test_no_rule_set_takes_a_certificate_from_anybody(
    today: rules.Rule, then: rules.Rule, facts: Facts, status: str | None
) -> None:
    """R-085: final is final, so nobody loses, and everybody is counted once."""
    one, other = ([Offer(COMPLETION, rule, "everyone")] for rule in (today, then))
    found = difference(one, other, [("x", facts, Kept(status))])
    assert found.lose == ()
    assert found.gain + found.forgo + found.other + found.stay == ("x",)
