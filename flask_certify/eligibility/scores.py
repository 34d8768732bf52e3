"""The score of a learner: best attempt per assessment, then the exact mean over the run's assessments.

R-039 (D-04), R-040 (never attempted counts 0), R-041 (an attempt above its maximum is a data error), R-042 (exact).
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from ..host.records import Assessment, Attempt
from .reasons import Reason

COUNTED_KIND = "Assessment"


def score_of(assessments: Iterable[Assessment], attempts: Sequence[Attempt]) -> Fraction | Reason:
    """Percent, exactly; or the reason why the data give none."""
    counted = {each.ref: each for each in assessments if each.kind == COUNTED_KIND}
    if not counted:
        return Reason("score.no_assessments")
    best = dict.fromkeys(counted, Fraction(0))
    for attempt in attempts:
        assessment = counted.get(attempt.assessment_ref)
        if assessment is None:
            continue  # an exam, or an assessment of another run
        percent = _percent(attempt, assessment)
        if isinstance(percent, Reason):
            return percent
        best[assessment.ref] = max(best[assessment.ref], percent)
    return sum(best.values(), Fraction(0)) / len(best)


def shown(percent: Fraction) -> str:
    """At most two decimals, cut and not rounded: 79.999 is never shown as 80."""
    hundredths = math.floor(percent * 100)
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def _percent(attempt: Attempt, assessment: Assessment) -> Fraction | Reason:
    maximum = attempt.max_score if attempt.max_score is not None else assessment.max_score
    if maximum is None or not math.isfinite(maximum) or maximum <= 0:
        return Reason("attempt.no_maximum", {"assessment": assessment.ref})
    if not math.isfinite(attempt.score) or attempt.score < 0:
        return Reason("attempt.not_a_score", {"assessment": assessment.ref})
    if attempt.score > maximum:
        return Reason("attempt.above_maximum", {"assessment": assessment.ref, "maximum": f"{maximum:g}"})
    return exact(attempt.score) * 100 / exact(maximum)


def exact(number: float) -> Fraction:
    """The number as people write it: 79.99 is 7999/100, and not the nearest binary fraction."""
    return Fraction(repr(float(number)))
