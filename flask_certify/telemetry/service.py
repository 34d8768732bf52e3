"""Count something."""

import logging
from collections.abc import Sequence

from flask import current_app, has_request_context

from ..core.runtime import Runtime
from .events import Event, kind_of
from .gathering import gathered_of
from .later import after_response
from .ports import Count
from .sinks import sink_of

log = logging.getLogger("flask_certify")


def note(rt: Runtime, event: str, *, times: int = 1, **kind: str) -> None:
    """Counts the event, told apart by kind, as in `events`: `note(rt, "verified", answer="valid")`.

    Within a request it is written together with those of others some seconds later, or when the answer has been sent,
    so nobody waits for it; outside of one at once. Never raises: counts may be lost, pages may not (R-176).
    """
    try:
        found = Event(event)
        count = Count(rt.clock.now().date(), found, kind_of(found, kind), times)
        if rt.settings.count_seconds > 0 and has_request_context():
            app = current_app._get_current_object()  # type: ignore[attr-defined]
            gathered_of(app, rt.settings.count_seconds).add([count], sink_of(rt))
        else:
            after_response(count, lambda counts: _write(rt, counts))
    except Exception as error:  # a mistake in counting is no mistake of the page
        _lost(error)


def _write(rt: Runtime, counts: Sequence[Count]) -> None:
    try:
        sink_of(rt).add(counts)
    except Exception as error:  # a sink is away, full, or somebody else's program
        _lost(error)


def _lost(error: Exception) -> None:
    log.warning("count lost", extra={"reason": type(error).__name__})
