"""Lines for programs: what they are about, and nothing of whom."""

import json
import logging
import sys

from flask_certify.core import logs


def line(**values: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "flask_certify", "msg": "chunk %s", "args": ("done",), **values})
    told: dict[str, object] = json.loads(logs.JsonLines().format(record))
    return told


def test_a_line_says_what_it_is_about_by_ids() -> None:
    """R-258."""
    with logs.about(chunk="c1", work="w1"):
        logs.note(batch="b1")
        told = line(levelname="INFO", seconds=1.5)
    assert told.pop("time")
    assert told == {
        "level": "info",
        "logger": "flask_certify",
        "message": "chunk done",
        "chunk": "c1",
        "work": "w1",
        "batch": "b1",
        "seconds": 1.5,
    }
    assert "batch" not in line(levelname="INFO"), "it is about something else by now"


def test_of_an_error_a_line_tells_the_kind_and_the_place_and_not_the_text() -> None:
    try:
        raise ValueError("ada@example.org")
    except ValueError:
        told = line(levelname="ERROR", exc_info=sys.exc_info())
    assert told["exception"] == "ValueError"
    assert "test_logs.py" in str(told["raised_at"])
    assert "ada@example.org" not in json.dumps(told)
