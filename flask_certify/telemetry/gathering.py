"""Counts of many requests, written together some seconds later: a page that is opened often writes seldom.

What a process has gathered is lost if it is killed: some seconds of counts, and nothing else (R-176).
"""

import atexit
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import date
from threading import Lock, Timer

from flask import Flask

from .events import Event
from .ports import Count, Sink

log = logging.getLogger("flask_certify")

_PLACE = "certify.telemetry_gathered"


class Gathered:
    """The counts of one application in this process that are not written yet: few, since the kinds are few."""

    def __init__(self, seconds: float, app: Flask | None = None) -> None:
        self._seconds = seconds
        self._app = app
        self._lock = Lock()
        self._counts: Counter[tuple[date, Event, str]] = Counter()
        self._sink: Sink | None = None
        self._timer: Timer | None = None

    def add(self, counts: Sequence[Count], sink: Sink) -> None:
        """Remembers them, and returns; they go to the sink at the latest when the seconds are over."""
        with self._lock:
            for each in counts:
                self._counts[each.day, each.event, each.kind] += each.times
            self._sink = sink
            if self._timer is None:
                self._timer = Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Writes what there is. What the sink raises is logged, and these counts are lost."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            sink, timer, self._timer = self._sink, self._timer, None
        if timer is not None:
            timer.cancel()
        if sink is None or not counts:
            return
        context = self._app.app_context() if self._app is not None else nullcontext()
        try:
            with context:
                sink.add([Count(day, event, kind, times) for (day, event, kind), times in counts.items()])
        except Exception as error:  # a sink is away, full, or somebody else's program
            log.warning("count lost", extra={"reason": type(error).__name__})


def gathered_of(app: Flask, seconds: float) -> Gathered:
    """What this application has gathered, begun if need be and written when the process ends."""
    found: Gathered | None = app.extensions.get(_PLACE)
    if found is None:
        found = app.extensions.setdefault(_PLACE, Gathered(seconds, app))
        atexit.register(found.flush)
    return found
