"""What the host last said about when certificates of a run are seen and which date they show (R-086 to R-088)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..host.records import CourseRun, Display, Pacing


@dataclass(frozen=True, slots=True)
class RunDates:
    """As it is kept with the run. The rules about it are those of `eligibility.visibility`."""

    pacing: Pacing = Pacing.INSTRUCTOR
    display: Display | None = None  # None: the host does not say
    available_on: date | None = None
    end: datetime | None = None
    zone: str = "UTC"

    @classmethod
    def said(cls, run: CourseRun) -> Self:
        """By the host, about its run. A zone that there is not is read as UTC: the public page must not fail by it."""
        return cls(run.pacing, run.display, run.available_on, run.end, run.zone if _is_zone(run.zone) else "UTC")

    @classmethod
    def kept(
        cls,
        pacing: str | None,
        display: str | None,
        available_on: date | None,
        ends_at: datetime | None,
        zone: str | None,
    ) -> Self:
        """From the columns of the run."""
        return cls(
            Pacing(pacing) if pacing else Pacing.INSTRUCTOR,
            Display(display) if display else None,
            available_on,
            ends_at,
            zone or "UTC",
        )

    def columns(self) -> dict[str, object]:
        return {
            "pacing": self.pacing,
            "display": self.display,
            "available_on": self.available_on,
            "ends_at": self.end,
            "zone": self.zone,
        }


UNSAID = RunDates()


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return len(name) <= 60
