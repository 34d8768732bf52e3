"""A place with the people of tests/support/story.py, whose pages can be opened as any of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_certify.achievements.service import RunView, ensure_run
from flask_certify.awards import service as awards
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk
from flask_certify.issuing.bulk import BatchView
from tests.support import story


@dataclass
class Place:
    """An application on which two tenants can issue."""

    app: Flask
    host: MemoryHost
    run: RunView

    @property
    def rt(self) -> Runtime:
        return runtime_of(self.app)

    @property
    def dashboard(self) -> str:
        return f"/certify/runs/{self.run.id}"

    def get(self, path: str, who: str | None = story.MIA, **more: Any) -> TestResponse:
        """The page, as that person gets it, whole and closed."""
        self.host.acting = self.host.actors[who] if who else None
        return self.app.test_client().get(path, buffered=True, **more)

    def post(self, path: str, who: str | None = story.MIA, **data: str) -> TestResponse:
        self.host.acting = self.host.actors[who] if who else None
        return self.app.test_client().post(path, data=data)

    def issue(self, run_ref: str = story.RUN) -> BatchView:
        """Issues to all of the run, and waits for the end of it."""
        with self.app.app_context():
            return bulk.issue_and_wait(self.rt, run_ref, story.MIA, notify=False, patience=20)

    def award_of(self, learner_ref: str) -> awards.AwardView:
        with self.app.app_context(), self.rt.reading() as session:
            return awards.awards_of_learner(session, learner_ref)[0]

    def write_records(self, *rows: dict[str, Any]) -> None:
        """Outcomes of learners, as if they had been decided upon."""
        usual = {
            "run_id": self.run.id,
            "status": None,
            "label": "",
            "type": None,
            "award_id": None,
            "reasons": [],
            "completed_on": None,
            "display_name": None,
            "external_id": None,
            "decided_at": story.NOW,
        }
        with self.app.app_context(), self.rt.transaction() as tx:
            awards.write_records(tx, [usual | row for row in rows])

    def note_failure(self, learner_ref: str | None, step: str, code: str, **details: str) -> None:
        note = awards.FailureNote(learner_ref, step, code, details)
        with self.app.app_context(), self.rt.transaction() as tx:
            awards.note_failures(tx, self.run.tenant_ref, self.run.id, [note], now=story.NOW)


@pytest.fixture
def place(tmp_path: Path, host: MemoryHost) -> Iterator[Place]:
    yield from make_place(tmp_path, host)


def make_place(folder: Path, host: MemoryHost, **config: Any) -> Iterator[Place]:
    """The place; `config` goes to the application."""
    app = story.make_app(f"sqlite:///{folder / 'host.db'}", host, **{"WTF_CSRF_ENABLED": False, **config})
    with app.app_context():
        rt = runtime_of(app)
        story.set_up(rt)
        run = ensure_run(rt, story.RUN)
    yield Place(app, host, run)
    story.dispose(app)


@pytest.fixture
def batch_id(place: Place) -> UUID:
    """A bulk issue that was opened and that nobody works on."""
    with place.app.app_context():
        return bulk.open_batch(place.rt, place.run.id, story.MIA, notify=False)
