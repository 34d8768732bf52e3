"""A site whose workers and commands are processes of their own, ways to hurt them, and its books afterwards."""

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.models import Award, Failure
from flask_certify.core import audit, outbox
from flask_certify.core.children import last_words, without_secrets
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.credentials.models import Credential
from flask_certify.issuing import bulk
from flask_certify.issuing.counts import count_items
from flask_certify.issuing.models import PREVIEW, IssueBatch, IssueItem
from flask_certify.notifications.jobs import MOST_AT_ONCE
from flask_certify.notifications.models import Message
from tests.support import site, story
from tests.support.mail_server import PostOffice, free_port
from tests.support.nursery import Started, nursery
from tests.support.processes import family_of, is_gone, is_stopped
from tests.support.story import MIA, RUN

PROJECT = Path(__file__).parents[2]
SCALE = int(os.environ.get("CHAOS_SCALE", "1"))
"""How much larger the batches are than in the suite: `make chaos`."""
LONGEST = 90 + 30 * (SCALE - 1)  # seconds that anything here may take on a slow machine


@dataclass(frozen=True)
class Site:
    """A host in `folder`: `app` is the test's own view of it, `environ` makes the same of any process."""

    app: Flask
    folder: Path
    environ: Mapping[str, str]
    office: PostOffice
    learners: int

    @property
    def rt(self) -> Runtime:
        return runtime_of(self.app)

    @property
    def eligible(self) -> set[str]:
        return {"ada", "cy", "dev"} | {f"x{number:05}" for number in range(self.learners)}

    @property
    def log(self) -> Path:
        return self.folder / "processes.log"

    def start(self, *words: str, **more: str) -> Started:
        """`flask certify …`, in a group of its own, and never outliving the test run. `more` is told to it alone."""
        environ = without_secrets(os.environ) | self.environ | more
        return nursery().start(["flask", "--app", "tests.support.site", "certify", *words], environ, self.log)

    @contextmanager
    def serving(self, who: str) -> Iterator[str]:
        """A web process of its own, before which that person sits: its address."""
        port = free_port()
        words = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "2", "--no-control-socket"]
        environ = without_secrets(os.environ) | self.environ | {"SITE_ACTING": who}
        web = nursery().start([*words, "tests.support.site:create_app()"], environ, self.log)
        try:
            self.wait_until(lambda: answers(port))
            yield f"http://127.0.0.1:{port}"
        finally:
            kill_family(web)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The same, waited for."""
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "tests.support.site", "certify", *words],
            cwd=PROJECT,
            env=without_secrets(os.environ) | self.environ,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )

    def open_batch(self) -> UUID:
        with self.app.app_context():
            return bulk.open_by_ref(self.rt, RUN, MIA, notify=True)

    def count(self, *conditions: Any, of: type = IssueItem) -> int:
        with self.app.app_context(), self.rt.reading() as session:
            return session.scalar(sa.select(sa.func.count()).select_from(of).where(*conditions)) or 0

    def ids_of(self, table: Any) -> set[UUID]:
        with self.app.app_context(), self.rt.reading() as session:
            return set(session.scalars(sa.select(table.id)))

    def share_done(self) -> float:
        """How much of the run has a result, from 0 to 1."""
        return self.count(IssueItem.result.is_not(None)) / (self.learners + 4)

    def is_last_try(self) -> bool:
        """Whether somebody is at a chunk for the last time before it is divided, which has tests of its own. How often
        a chunk is hit depends on how fast the machine is; nobody strikes now."""
        return bool(
            self.count(
                outbox.Chunk.state == outbox.RUNNING,
                outbox.Chunk.attempts >= outbox.MOST_ATTEMPTS,
                of=outbox.Chunk,
            )
        )

    def is_settled(self) -> bool:
        """Whether every batch has ended, and no work of any kind is left."""
        return not self.count(
            IssueBatch.finished_at.is_(None), IssueBatch.state != PREVIEW, of=IssueBatch
        ) and not self.count(outbox.Work.open_chunks != 0, of=outbox.Work)

    def whereabouts(self) -> str:
        """How far everything is, for somebody who waits in vain."""
        with self.app.app_context(), self.rt.reading() as session:
            chunks = session.execute(
                sa.select(outbox.Work.kind, outbox.Chunk.state, outbox.Chunk.reason, sa.func.count())
                .join(outbox.Work)
                .group_by(outbox.Work.kind, outbox.Chunk.state, outbox.Chunk.reason)
            )
            return f"{[tuple(row) for row in chunks]}; last words: {last_words(self.log)}"

    def wait_until(self, answers: Callable[[], bool], *, longest: float = LONGEST) -> None:
        deadline = time.monotonic() + longest
        while not answers():
            assert time.monotonic() < deadline, self.whereabouts()
            time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def opened(database_url: str, folder: Path, office: PostOffice, *, learners: int, **settings: str) -> Iterator[Site]:
    """A site that can issue to so many more learners than the story's. Who looks after it is told by `settings`."""
    settings = {
        "CERTIFY_LEASE_SECONDS": "2",
        "CERTIFY_CHUNK_SIZE": "50",
        "CERTIFY_RETRY_SECONDS": "0.05",
        "CERTIFY_MAIL": f"smtp://127.0.0.1:{office.port}",
        **settings,
    }
    of_site = {name: settings.pop(name) for name in ("SITE_PHONES", "SITE_SINCE") if name in settings}
    host = site.make_host(learners, folder, have_phones="SITE_PHONES" in of_site)
    app = story.make_app(database_url, host, **settings)
    try:
        with app.app_context():
            story.set_up(runtime_of(app))
        standing = {"SITE_DATABASE": database_url, "SITE_FOLDER": str(folder), "SITE_LEARNERS": str(learners)}
        yield Site(app, folder, settings | standing | of_site, office, learners)
    finally:
        story.dispose(app)


@dataclass
class Crew:
    """Workers, each with the processes it starts. One that ended is followed by a new one only if told so."""

    site: Site
    size: int
    working_since: dict[Started, float | None] = field(default_factory=dict)
    family: set[int] = field(default_factory=set)  # all who were ever seen

    def __enter__(self) -> "Crew":
        for _ in range(self.size):
            self.add()
        return self

    def __exit__(self, *trouble: object) -> None:
        for worker in list(self.working_since):
            self.kill(worker)
        left = {pid for pid in self.family if not is_gone(pid)}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert left == set()

    def add(self, **more: str) -> Started:
        worker = self.site.start("worker", **more)
        self.working_since[worker] = None
        return worker

    def look(self) -> None:
        """Notes who has begun to work on chunks: who is still starting has nothing to lose."""
        for worker, since in self.working_since.items():
            assert worker.poll() is None, f"a worker ended by itself: {last_words(self.site.log)}"
            if since is None and len(family_of(worker.pid)) > 1:
                self.working_since[worker] = time.monotonic()

    def find_busy(self, seconds: float) -> Started | None:
        """Who has worked longest, at least for so long, if it is at a chunk now."""
        known = [(since, worker) for worker, since in self.working_since.items() if since is not None]
        since, worker = min(known, key=lambda each: each[0], default=(math.inf, None))
        is_long = worker is not None and time.monotonic() - since >= seconds
        return worker if worker is not None and is_long and len(family_of(worker.pid)) > 1 else None

    def kill(self, worker: Started, *, spare_child: bool = False) -> None:
        """`kill -9` for the worker's group, and for its child, which RQ puts into a group of its own, if not spared."""
        del self.working_since[worker]
        self.family |= kill_family(worker, spare_children=spare_child)


def kill_family(process: Started, *, spare_children: bool = False) -> set[int]:
    """Who belonged to it. It is stopped first, so that it cannot start another child while we look for them."""
    family: set[int] = set()
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        assert is_stopped(process.pid)
        family = family_of(process.pid)
        for pid in {process.pid} if spare_children else family:
            os.kill(pid, signal.SIGKILL)
    process.wait(LONGEST)
    return family


# ---- the books ---------------------------------------------------------------------------------------


def check_awards(site: Site, failed: Collection[str] = ()) -> None:
    """Everybody who earned it has exactly one award and one credential, but those for whom it failed, who have none."""
    eligible = site.eligible - set(failed)
    with site.app.app_context(), site.rt.reading() as session:
        awards = {award.learner_ref: award for award in session.scalars(sa.select(Award))}
        assert session.scalar(sa.select(sa.func.count()).select_from(Award)) == len(awards)
        assert set(awards) == eligible
        assert {award.state for award in awards.values()} == {"issued"}
        signed = list(session.scalars(sa.select(Credential.award_id)))
        assert sorted(signed) == sorted(award.id for award in awards.values())
        acts = session.scalars(
            sa.select(audit.AuditEntry.subject).where(
                audit.AuditEntry.tenant_ref == "wales", audit.AuditEntry.act == "award.issue"
            )
        )
        assert sorted(acts) == sorted(f"award:{award.id}" for award in awards.values())
        assert audit.first_broken(session, "wales") is None
        assert set(session.scalars(sa.select(outbox.Work.open_chunks))) == {0}


def check_books(site: Site, failed: Collection[str] = ()) -> None:
    """The same, and every count of every batch says so."""
    check_awards(site, failed)
    eligible = site.eligible - set(failed)
    with site.app.app_context(), site.rt.reading() as session:
        items = Counter(session.scalars(sa.select(IssueItem.learner_ref).where(IssueItem.result == "issued")))
        assert items == Counter(eligible)
        acts = Counter(session.scalars(sa.select(audit.AuditEntry.act).where(audit.AuditEntry.tenant_ref == "wales")))
        assert acts["award.issue"] == len(eligible)
        batches = session.scalars(sa.select(IssueBatch).where(IssueBatch.state != PREVIEW)).all()
        for batch in batches:
            counts = count_items(session, batch.id)
            assert batch.result is not None
            assert (batch.state, batch.trouble, batch.total) == ("finished", None, site.learners + 4)
            assert (counts.done, counts.failed) == (batch.total, len(failed))
            assert bulk.Counts(**batch.result) == counts
        assert acts["batch.finish"] == len(batches)

        failures = set(session.scalars(sa.select(Failure.step).where(Failure.resolved_at.is_(None))))
        assert failures <= ({"notify", "decide"} if failed else {"notify"})
        assert set(session.scalars(sa.select(outbox.Chunk.state))) <= {outbox.DONE, outbox.SPLIT}


def check_letters(site: Site, *, blows: int, failed: Collection[str] = ()) -> None:
    """Nobody was written to twice; what is called sent has come in; each blow left at most a handful in doubt."""
    received = Counter(to.partition("@")[0] for to, _ in site.office.letters)
    with site.app.app_context(), site.rt.reading() as session:
        rows = session.execute(sa.select(Message.recipient, Message.state).where(Message.channel == "email")).all()
    state = {row.recipient: row.state for row in rows}
    assert (
        len(rows) == len(state) == site.learners + 1 - len(failed)
    )  # and ada; the others of the story have no address
    assert set(received.values()) == {1}
    assert set(state.values()) <= {"sent", "unknown"}
    sent = {ref for ref, how in state.items() if how == "sent"}
    assert sent <= set(received) <= set(state)
    assert len(state) - len(sent) <= MOST_AT_ONCE * blows
