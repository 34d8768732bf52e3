"""Our table as a sink, and the place where a host plugs its own."""

from datetime import date

from flask import Flask, current_app, has_app_context
from sqlalchemy.dialects import postgresql, sqlite

from ..core.runtime import Runtime
from .events import Event
from .models import Telemetry
from .ports import Sink

_PLACE = "certify.telemetry_sink"


class TableSink:
    """One row for each day, event and kind. Two who count at once count two."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    def add(self, day: date, event: Event, kind: str, times: int) -> None:
        with self._rt.transaction() as tx:
            insert = postgresql.insert if self._rt.engine.dialect.name == "postgresql" else sqlite.insert
            row = insert(Telemetry).values(day=day, event=event.value, kind=kind, count=times)
            counted = Telemetry.count + row.excluded.count
            keys = ["day", "event", "kind"]
            tx.session.execute(row.on_conflict_do_update(index_elements=keys, set_={"count": counted}))


def plug(app: Flask, sink: Sink) -> None:
    """From now on this application's counts go there instead of into our table."""
    app.extensions[_PLACE] = sink


def sink_of(rt: Runtime) -> Sink:
    """The host's, if it plugged one; else our table."""
    plugged: Sink | None = current_app.extensions.get(_PLACE) if has_app_context() else None
    return plugged or TableSink(rt)
