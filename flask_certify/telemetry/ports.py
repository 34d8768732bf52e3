"""Where counts go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from .events import Event


@dataclass(frozen=True, slots=True)
class Count:
    """So much more of it on that day. The day is in UTC, the kind in the notation of `events`."""

    day: date
    event: Event
    kind: str
    times: int = 1


class Sink(Protocol):
    def add(self, counts: Sequence[Count]) -> None:
        """Counts them, all or none. What it raises is logged, and these counts are lost."""
        ...
