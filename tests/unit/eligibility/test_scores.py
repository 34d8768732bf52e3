"""The score of a learner: R-039 to R-043."""

import math
from fractions import Fraction

import pytest

from flask_certify.eligibility.reasons import Reason
from flask_certify.eligibility.scores import score_of, shown
from flask_certify.host.records import Assessment, Attempt

THREE = (Assessment("a", max_score=10), Assessment("b", max_score=10), Assessment("c", max_score=10))


def attempts(*scores: float) -> tuple[Attempt, ...]:
    return tuple(Attempt(each.ref, score) for each, score in zip(THREE, scores, strict=False))


def test_the_best_attempt_of_each_assessment_counts_then_their_mean() -> None:
    """R-039, D-04."""
    tries = (Attempt("a", 2), Attempt("a", 8), Attempt("a", 3), Attempt("b", 4), Attempt("c", 6))
    assert score_of(THREE, tries) == Fraction(60)


def test_four_five_five_of_ten_is_completion() -> None:
    """R-043."""
    score = score_of(THREE, attempts(4, 5, 5))
    assert isinstance(score, Fraction) and score < 80


def test_the_best_of_eight_two_three_one_is_merit() -> None:
    """R-043: several attempts at one assessment."""
    one = (Assessment("a", max_score=10),)
    assert score_of(one, tuple(Attempt("a", score) for score in (8, 2, 3, 1))) == 80


def test_an_assessment_never_attempted_counts_nothing() -> None:
    """R-040."""
    assert score_of(THREE, attempts(9, 9)) == 60


def test_exams_and_strange_assessments_do_not_count() -> None:
    mixed = (Assessment("a", max_score=10), Assessment("x", kind="Exam"))
    assert score_of(mixed, (Attempt("a", 5), Attempt("x", 100), Attempt("elsewhere", 1))) == 50


def test_decimals_are_what_people_wrote() -> None:
    """R-042: 79.99 is not the nearest binary fraction."""
    assert score_of((Assessment("a"),), (Attempt("a", 79.99),)) == Fraction(7999, 100)


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (Attempt("a", 11), "attempt.above_maximum"),
        (Attempt("a", -1), "attempt.not_a_score"),
        (Attempt("a", math.nan), "attempt.not_a_score"),
        (Attempt("a", 5, max_score=0), "attempt.no_maximum"),
    ],
)
def test_an_attempt_that_cannot_be_is_reported_and_not_guessed(attempt: Attempt, code: str) -> None:
    """R-041."""
    found = score_of(THREE, (attempt,))
    assert isinstance(found, Reason)
    assert found.code == code


def test_a_maximum_nobody_knows_and_a_run_without_assessments_are_reported() -> None:
    unknown = score_of((Assessment("a", max_score=None),), (Attempt("a", 5),))
    assert unknown == Reason("attempt.no_maximum", {"assessment": "a"})
    assert score_of((Assessment("x", kind="Exam"),), ()) == Reason("score.no_assessments")


def test_what_is_shown_is_cut_and_never_rounded_up_to_a_threshold() -> None:
    assert shown(Fraction(79999, 1000)) == "79.99"
    assert shown(Fraction(80)) == "80"
    assert shown(Fraction(1, 3)) == "0.33"
