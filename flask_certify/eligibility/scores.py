"""The score of a learner: best attempt per assessment, then the exact mean over the run's assessments.

R-039 (D-04), R-040 (never attempted counts 0), R-041 (an attempt above its maximum is a data error), R-042 (exact).
Whole numbers stay whole numbers on the way, since they are compared many times faster than fractions.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ..host.records import Assessment, Attempt
from .reasons import Reason
from .rules import Percent

COUNTED_KIND = "Assessment"


def counted(assessments: Iterable[Assessment]) -> Mapping[str, Assessment]:
    """Those that count towards a score, by their reference."""
    return {each.ref: each for each in assessments if each.kind == COUNTED_KIND}


def score_of(assessments: Iterable[Assessment], attempts: Sequence[Attempt]) -> Percent | Reason:
    """Percent, exactly; or the reason why the data give none."""
    return score_among(counted(assessments), attempts)


def score_among(assessments: Mapping[str, Assessment], attempts: Sequence[Attempt]) -> Percent | Reason:
    """The same, for assessments that are known to count."""
    if not assessments:
        return Reason("score.no_assessments")
    best: dict[str, Percent] = {}
    for attempt in attempts:
        assessment = assessments.get(attempt.assessment_ref)
        if assessment is None:
            continue  # an exam, or an assessment of another run
        percent = _percent(attempt, assessment)
        if isinstance(percent, Reason):
            return percent
        if percent > best.get(assessment.ref, 0):
            best[assessment.ref] = percent
    return _ratio(sum(best.values()), len(assessments))


def shown(percent: Percent) -> str:
    """At most two decimals, cut and not rounded: 79.999 is never shown as 80."""
    if isinstance(percent, int):
        return str(percent)
    whole, rest = divmod(percent.numerator * 100 // percent.denominator, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def _percent(attempt: Attempt, assessment: Assessment) -> Percent | Reason:
    score, maximum = attempt.score, attempt.max_score
    if maximum is None:
        maximum = assessment.max_score
    if maximum is None or not 0 < maximum < math.inf:
        return Reason("attempt.no_maximum", {"assessment": assessment.ref})
    if not 0 <= score < math.inf:
        return Reason("attempt.not_a_score", {"assessment": assessment.ref})
    if score > maximum:
        return Reason("attempt.above_maximum", {"assessment": assessment.ref, "maximum": f"{maximum:g}"})
    return exact(score) if maximum == 100 else _ratio(exact(score) * 100, exact(maximum))


def exact(number: float) -> Percent:
    """The number as people write it: 79.99 is 7999/100, and not the nearest binary fraction."""
    whole = int(number)
    return whole if whole == number else Fraction(repr(float(number)))


def _ratio(number: Percent, by: Percent) -> Percent:
    if isinstance(number, int) and isinstance(by, int):
        whole, rest = divmod(number, by)
        return Fraction(number, by) if rest else whole
    return Fraction(number) / by
