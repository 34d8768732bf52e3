"""`flask certify decide FILE`: one case a line, one decision a line, and nothing else asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy

from flask_certify import Certify
from flask_certify.core.current import runtime_of
from tests.support import story

CASES = (
    {},
    {"passing": False},
    {"passing": False, "existing_status": "downloadable"},
    {"passing": False, "allowlisted": True, "path": "dispatch"},
    {"idv_required": True, "id_verified": False},
    {"creation_filter_blocks": True},
)


@pytest.fixture
def site() -> Iterator[Flask]:
    """A host whose database is away: nobody listens on that port, and asking it raises."""
    app, db = Flask("away"), SQLAlchemy()
    app.config.update(
        SQLALCHEMY_DATABASE_URI="postgresql+psycopg://nobody:nothing@127.0.0.1:9/away",
        CERTIFY_PUBLIC_URL="https://certs.example.org",
    )
    db.init_app(app)
    Babel(app)
    Certify().init_app(app, db=db, host=story.make_host())
    with app.app_context(), pytest.raises(sa.exc.OperationalError):
        runtime_of(app).engine.connect()
    yield app
    story.dispose(app)


def decide(site: Flask, *words: str, **given: Any) -> Result:
    return site.test_cli_runner().invoke(args=["certify", "decide", *words], **given)


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_case_has_its_decision_although_the_database_is_away(site: Flask, tmp_path: Path) -> None:
    """R-051, R-074."""
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in CASES) + "\n\n")
    result = decide(site, str(file))
    assert result.exit_code == 0, result.stderr
    told = answers(result)
    assert all(set(each) == {"decision", "status_after", "handled", "reasons"} for each in told)
    assert [(each["decision"], each["status_after"], each["handled"]) for each in told] == [
        ("generate", "downloadable", True),
        ("none", None, False),
        ("none", "downloadable", False),
        ("generate", "downloadable", True),
        ("set_status", "unverified", True),
        ("none", None, False),
    ]
    assert told[1]["reasons"] == [{"code": "not_passing", "values": {}}]
    assert told[5]["reasons"][0]["code"] == "vetoed"


def test_a_bad_line_is_answered_by_its_number_and_the_others_are_decided(site: Flask) -> None:
    lines = b'{}\n\nnot json\n{"passing": "perhaps"}\n{"pass": true}\n\xff\n{"\\ud800": 1}\n{}'
    result = decide(site, "-", input=lines)
    assert result.exit_code == 2
    told = answers(result)
    assert [each.get("decision") for each in told] == ["generate", None, None, None, None, None, "generate"]
    errors = [each["error"] for each in told if "error" in each]
    assert [(each["line"], each["code"]) for each in errors] == [
        (3, "case.unreadable"),
        (4, "case.wrong_value"),
        (5, "case.unknown_key"),
        (6, "case.unreadable"),
        (7, "case.unknown_key"),
    ]
    assert '"pass"' in errors[2]["sentence"]
    assert result.stderr == "5 of the lines could not be read.\n"


def test_a_file_that_is_not_there_is_told_so(site: Flask, tmp_path: Path) -> None:
    result = decide(site, str(tmp_path / "nowhere.jsonl"))
    assert result.exit_code == 2
    assert "No such file" in result.stderr
    assert result.stdout == ""
