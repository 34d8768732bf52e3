"""Where counts go."""

from datetime import date
from typing import Protocol

from .events import Event


class Sink(Protocol):
    def add(self, day: date, event: Event, kind: str, times: int) -> None:
        """So much more of it on that day (in UTC). What it raises is logged, and counts are lost."""
        ...
