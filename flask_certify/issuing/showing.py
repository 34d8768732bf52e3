"""Whether a certificate that exists may be seen by now, and which date it shows (group B4).

Both follow from what the host says about the run today, and from the date that somebody may have set for the learner.
"""

from dataclasses import dataclass
from datetime import date, datetime

from ..awards.exceptions import Exceptions
from ..core.runtime import Runtime
from ..eligibility import visibility
from ..host.records import CourseRun


@dataclass(frozen=True, slots=True)
class Showing:
    """How a certificate stands towards those who look for it. The date is that of the run's zone."""

    is_visible: bool
    date: date


def showing_of(rt: Runtime, run: CourseRun, own: Exceptions, changed_at: datetime) -> Showing:
    """`own`: what holds for the learner; `changed_at`: when the certificate was last changed (R-086, R-088, R-089)."""
    now = rt.clock.now()
    return Showing(
        visibility.is_visible(run, now),
        visibility.shown_date(run, now, changed_at=changed_at, override=own.shown_on, automatic=rt.settings.automatic),
    )
