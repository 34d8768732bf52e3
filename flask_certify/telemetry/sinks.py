"""Our table as a sink, and the place where a host plugs its own."""

from collections.abc import Sequence
from typing import Any

from flask import Flask, current_app, has_app_context
from sqlalchemy.dialects import postgresql, sqlite

from ..core.runtime import Runtime
from .models import Telemetry
from .ports import Count, Sink

KEYS = ("day", "event", "kind")
_PLACE = "certify.telemetry_sink"


class TableSink:
    """One row for each day, event and kind. Two who count at once count two."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def add(self, counts: Sequence[Count]) -> None:
        dialect: Any = postgresql if self._rt.engine.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(Telemetry)
        more = insert.on_conflict_do_update(
            index_elements=KEYS, set_={"count": Telemetry.count + insert.excluded.count}
        )
        # In one order, so that two who count the same things do not wait for each other crosswise.
        ordered = sorted(counts, key=lambda each: (each.day, each.event, each.kind))
        rows = [
            {"day": each.day, "event": each.event.value, "kind": each.kind, "count": each.times} for each in ordered
        ]
        with self._rt.transaction() as tx:
            tx.session.execute(more, rows)


def plug(app: Flask, sink: Sink) -> None:
    """From now on this application's counts go there instead of into our table."""
    app.extensions[_PLACE] = sink


def sink_of(rt: Runtime) -> Sink:
    """The host's, if it plugged one; else our table."""
    plugged: Sink | None = current_app.extensions.get(_PLACE) if has_app_context() else None
    return plugged or TableSink(rt)
