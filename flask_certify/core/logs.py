"""A log that programs read: one JSON object a line, with the ids of what was worked on and nothing of the people in it.

Lines are about codes and ids. A host that wants them from its web processes too gives `JsonLines` to a handler of its
own; workers do it if CERTIFY_LOG is `json`.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

_ABOUT: ContextVar[Mapping[str, str]] = ContextVar("certify_log_about", default=MappingProxyType({}))
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Each line from inside says what it is about."""
    token = _ABOUT.set({**_ABOUT.get(), **ids})
    try:
        yield
    finally:
        _ABOUT.reset(token)


def note(**ids: str) -> None:
    """What is known by now: to be said by each further line inside the nearest `about`."""
    _ABOUT.set({**_ABOUT.get(), **ids})


class JsonLines(logging.Formatter):
    """Time, level, logger, message, what it is about, and the values that came with it.

    Of an exception it says the kind and where it was raised, and not its text: a database quotes its parameters.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_ABOUT.get(),
            **{name: value for name, value in vars(record).items() if name not in _STANDARD},
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["raised_at"] = [
                f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(line, ensure_ascii=False, default=str)


def write_json() -> None:
    """For a process of ours: everything that is logged in it goes to stderr as JSON, ours from INFO on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.getLogger().handlers = [handler]
    logging.getLogger("flask_certify").setLevel(logging.INFO)
    for name in ("rq.worker", "rq.scheduler"):  # RQ adds a handler of its own where it finds none
        queue = logging.getLogger(name)
        queue.handlers, queue.propagate = [handler], False
