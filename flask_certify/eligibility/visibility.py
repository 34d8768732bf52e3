"""To exist, to be visible, and the date that is shown are three different things (group B4). Pure.

Moments are compared as moments; a date begins at midnight in the zone of the run, and dates are told in that zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol
from zoneinfo import ZoneInfo

from ..host.records import Display, Pacing


class Dates(Protocol):
    """What is asked of a run: the host's own record has it, and what we keep of it."""

    @property
    def pacing(self) -> Pacing: ...
    @property
    def display(self) -> Display | None: ...
    @property
    def available_on(self) -> date | None: ...
    @property
    def end(self) -> datetime | None: ...
    @property
    def zone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Showing:
    """When certificates of a run are to be seen, without contradictions (R-087)."""

    display: Display
    available_on: date | None = None  # exactly with `end_with_date`


def normalised(display: Display | None, available_on: date | None) -> Showing:
    """What is meant by these two settings together. Where a host says nothing, nothing is hidden (D-06)."""
    if display is Display.EARLY_NO_INFO or (display is None and available_on is None):
        return Showing(Display.EARLY_NO_INFO)
    if available_on is not None:
        return Showing(Display.END_WITH_DATE, available_on)
    return Showing(Display.END)


def is_visible(run: Dates, now: datetime, *, before_end: bool = False) -> bool:
    """Whether a certificate that exists may be seen now. `before_end`: the run shows them before its end (R-086)."""
    if run.pacing is Pacing.SELF or before_end:
        return True
    since = visible_from(run)
    return since is None or now >= since


def visible_from(run: Dates) -> datetime | None:
    """From when on certificates of an instructor-paced run are seen; None: always.

    A run without an end never ends: NEVER, and only where the host says that the end decides.
    """
    showing = normalised(run.display, run.available_on)
    if showing.available_on is not None:
        return _begin(showing.available_on, run)
    if showing.display is Display.EARLY_NO_INFO:
        return None
    return run.end or NEVER


def shown_date(
    run: Dates, now: datetime, *, changed_at: datetime, override: date | None = None, automatic: bool = True
) -> date:
    """The date that a certificate shows, in the zone of the run (R-088).

    `changed_at`: when it was last changed. `automatic`: whether certificates are generated without being asked.
    A date override changes what is shown, never whether it is seen (R-089).
    """
    return other_date(run, now, override=override, automatic=automatic) or day_of(changed_at, run.zone)


def other_date(run: Dates, now: datetime, *, override: date | None = None, automatic: bool = True) -> date | None:
    """The same, where it does not follow from when the certificate was last changed. None: it does."""
    if override is not None:
        return override
    if run.pacing is Pacing.INSTRUCTOR:
        showing = normalised(run.display, run.available_on)
        if automatic and showing.available_on is not None and now >= _begin(showing.available_on, run):
            return showing.available_on
        if showing.display is Display.END and run.end is not None:
            return day_of(run.end, run.zone)
    return None


def day_of(moment: datetime, zone: str) -> date:
    """The date on the wall in that zone at that moment (R-090)."""
    return moment.astimezone(ZoneInfo(zone)).date()


def _begin(day: date, run: Dates) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(run.zone))


NEVER = datetime.max.replace(tzinfo=ZoneInfo("UTC"))
