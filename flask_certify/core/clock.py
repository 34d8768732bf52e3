"""What time it is: an argument of everything, so that tests can stand at midnight and on 29 February."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, in UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """Stands still until it is moved."""

    at: datetime

    def now(self) -> datetime:
        return self.at.astimezone(UTC)

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)
