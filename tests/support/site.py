"""The story of `story.py` as a host that stands alone: `flask --app tests.support.site certify worker`.

Made from the environment: SITE_DATABASE, SITE_FOLDER, SITE_LEARNERS (how many there are besides the story's, each
with an address for email), SITE_PHONES=yes (and each with a mobile phone), SITE_SINCE (the time goes on from that of
the story, which it was when the machine's monotonic clock said this; without it, it stands), and whatever begins with
CERTIFY_. Its tables and ours must be there.

While a file `wait` lies in its folder, the host writes the number of the process that asks for records into a file
`asked`, and answers once `wait` is gone.

While a file `moody` lies there, it raises for whoever's number ends in 250: one in a thousand.

What is told to one process alone: SITE_ACTING (who sits before it, if it serves pages), and what is wrong with it:
SITE_PATIENT=yes (its host answers at once), SITE_FROZEN=yes (its clock stands still), SITE_DIES=yes (killed after a
commit, before anything is queued). While a file `full` lies in the folder, its SQLite cannot grow, as on a full disk.
"""

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask import Flask

from flask_certify.core import working
from flask_certify.core.current import EXTENSION, runtime_of
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact, LearnerRecord
from tests.support import story
from tests.support.story import RUN

LONGEST_WAIT = 60  # seconds: a host that a test forgot answers all the same


@dataclass
class HesitantHost(MemoryHost):
    """Answers when the test lets it."""

    folder: Path = Path()
    is_patient: bool = False

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        deadline = time.monotonic() + LONGEST_WAIT
        if (self.folder / "moody").exists() and any(ref.endswith("250") for ref in learner_refs):
            raise LookupError("the host cannot read one of these")
        if self.is_patient:
            return super().learner_records(run_ref, learner_refs)
        if (self.folder / "wait").exists():
            draft = self.folder / "asked.draft"
            draft.write_text(str(os.getpid()))
            draft.replace(self.folder / "asked")
        while (self.folder / "wait").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return super().learner_records(run_ref, learner_refs)


@dataclass(frozen=True)
class RunningClock:
    """Goes on from the time of the story, in all processes alike."""

    since: float

    def now(self) -> datetime:
        return story.NOW + timedelta(seconds=time.monotonic() - self.since)


PHONES = {"ada": "+447700900001", "cy": "+447700900003"}


def phone_of(ref: str) -> str:
    """The number of one of the many, or of who has one in the story."""
    return PHONES.get(ref) or f"+4477010{ref[1:]}"


def make_host(learners: int, folder: Path, *, have_phones: bool = False) -> HesitantHost:
    plain = story.make_host(learners)
    for ref in plain.records[RUN]:
        if ref.startswith("x"):
            plain.people[ref] = Contact(f"{ref}@example.org", phone_of(ref) if have_phones else None)
    return HesitantHost(**{each.name: getattr(plain, each.name) for each in fields(plain)}, folder=folder)


def create_app() -> Flask:
    settings = {name: value for name, value in os.environ.items() if name.startswith("CERTIFY_")}
    folder = Path(os.environ["SITE_FOLDER"])
    have_phones = bool(os.environ.get("SITE_PHONES"))
    host = make_host(int(os.environ["SITE_LEARNERS"]), folder, have_phones=have_phones)
    host.is_patient = bool(os.environ.get("SITE_PATIENT"))
    if who := os.environ.get("SITE_ACTING"):
        host.acting = host.actors[who]
    if os.environ.get("SITE_FROZEN"):
        freeze()
    since = os.environ.get("SITE_SINCE")
    clock = RunningClock(float(since)) if since else None
    app = story.make_app(os.environ["SITE_DATABASE"], host, clock=clock, **settings)
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engine
        sa.event.listen(engine, "checkout", lambda raw, record, proxy: fill_disk(raw, folder))
        if os.environ.get("SITE_DIES"):
            die = replace(runtime_of(app), wake=lambda chunk_ids: os.kill(os.getpid(), signal.SIGKILL))
            app.extensions[EXTENSION] = die
    return app


def freeze() -> None:
    """No time passes for whoever renews leases: what waits for a moment waits for ever."""

    class Endless(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return super().wait()

    working.threading = SimpleNamespace(Event=Endless, Thread=threading.Thread)
    working.time = SimpleNamespace(monotonic=lambda: 0.0, sleep=time.sleep)


MOST_PAGES = 1_073_741_823  # SQLite's own default


def fill_disk(raw: Any, folder: Path) -> None:
    """A database that has no room left while the file lies there, and has room again as soon as it is gone."""
    if isinstance(raw, sqlite3.Connection):
        is_full = (folder / "full").exists()
        pages = raw.execute("PRAGMA page_count").fetchone()[0] if is_full else MOST_PAGES
        raw.execute(f"PRAGMA max_page_count={pages}")
