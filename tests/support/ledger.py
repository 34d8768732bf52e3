"""A run with awards, a host that knows contacts, and a ledger: for tests about telling people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from flask_certify.achievements.models import Achievement, Attachment, Issuer, Run
from flask_certify.awards.frozen import Frozen
from flask_certify.awards.models import Award, Failure
from flask_certify.core import outbox, working
from flask_certify.core.clock import FixedClock
from flask_certify.core.db import Base, derive
from flask_certify.core.ids import new_code, new_id
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.documents.models import Template, TemplateVersion
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact
from flask_certify.notifications.jobs import KINDS
from flask_certify.notifications.models import Message
from flask_certify.notifications.service import Telling, choose_channels, write_ledger

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
SENDER = "certificates@example.org"
MASTER_KEY = "5a" * 32  # of these tests alone

FROZEN = Frozen(
    recipient_name="Ada Lovelace",
    course_title="Physics for Teachers",
    achievement_key="completion",
    achievement_title="Course completion",
    description="",
    criteria="",
    issuer_name="Academy of Wales",
    issuer_slug="wales",
    issuer_did="did:web:certs.example.org:certify:wales",
    completed_on=datetime(2026, 5, 20, 12, 0, tzinfo=UTC),
    issued_at=NOW,
    zone="Europe/London",
    language="en",
)


@dataclass
class TellingHost(MemoryHost):
    """Counts how often it is asked for contacts. With `trouble` it raises that instead of answering: always, or when
    it is asked about `troublesome`."""

    asked: int = 0
    trouble: Exception | None = None
    troublesome: str | None = None

    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        self.asked += 1
        if self.trouble is not None and self.troublesome in (None, *learner_refs):
            raise self.trouble
        return super().contacts(learner_refs)


@dataclass
class Ledger:
    """Awards are given, people are told, and what became of it can be read."""

    rt: Runtime
    host: TellingHost
    clock: FixedClock
    run_id: UUID
    ids: Mapping[str, UUID]  # of the rows that every award refers to
    awards: dict[str, UUID] = field(default_factory=dict)

    def award(self, learner_ref: str, contact: Contact | None = None, **frozen: Any) -> UUID:
        """A certificate of this learner, who has this contact."""
        row = self._row(learner_ref, frozen)
        with self.rt.transaction() as tx:
            tx.session.execute(sa.insert(Award), [row])
        self.awards[learner_ref] = row["id"]
        if contact is not None:
            self.host.people[learner_ref] = contact
        award_id: UUID = row["id"]
        return award_id

    def award_many(self, contacts: Mapping[str, Contact]) -> None:
        """The same for many at once."""
        rows = [self._row(ref, {}) for ref in contacts]
        with self.rt.transaction() as tx:
            tx.session.execute(sa.insert(Award), rows)
        self.awards |= {row["learner_ref"]: row["id"] for row in rows}
        self.host.people |= contacts

    def _row(self, learner_ref: str, frozen: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": new_id(),
            "tenant_ref": "wales",
            "run_id": self.run_id,
            "run_ref": "physics-1",
            "learner_ref": learner_ref,
            "code": new_code(),
            "state": "issued",
            "decision": {},
            "frozen": replace(FROZEN, **frozen).to_json(),
            "granted_at": NOW,
            "issued_at": NOW,
            **self.ids,
        }

    def tell(self, *learner_refs: str, locale: str | None = None, event: str = "issued") -> list[UUID]:
        """As issuing does it: channels are chosen first, the ledger is written in a transaction."""
        channels = choose_channels(self.rt, learner_refs)
        tellings = [Telling(self.awards[ref], ref, locale, channels[ref]) for ref in learner_refs]
        with self.rt.transaction() as tx:
            return write_ledger(tx, self.run_id, "wales", event, tellings, self.rt.clock.now())

    def deliver(self, chunk_ids: Sequence[UUID]) -> list[str]:
        """What became of each chunk: `done`, `put back`, `taken over` or `not ours`."""
        return [working.run_chunk(self.rt, chunk_id) for chunk_id in chunk_ids]

    def lapse(self) -> None:
        """Time passes: every lease and every pause has ended."""
        with self.rt.transaction() as tx:
            tx.session.execute(
                sa.update(outbox.Chunk).where(outbox.Chunk.lease_until.is_not(None)).values(lease_until=1)
            )

    def claim(self, chunk_id: UUID) -> outbox.Claim:
        """As a worker does it before it begins."""
        with self.rt.transaction() as tx:
            held = outbox.claim(tx.session, chunk_id, 60_000)
        assert held is not None
        return held

    def messages(self) -> dict[tuple[str, str], Message]:
        """By learner and channel."""
        with self.rt.reading() as session:
            return {(each.recipient, each.channel): each for each in session.scalars(sa.select(Message))}

    def states(self) -> dict[tuple[str, str], tuple[str, str | None]]:
        """State and reason, by learner and channel."""
        return {whom: (each.state, each.reason) for whom, each in self.messages().items()}

    def failures(self, *, standing: bool = True) -> list[tuple[str | None, str, dict[str, Any]]]:
        """Learner, code and details of what the failure log says."""
        with self.rt.reading() as session:
            found = session.scalars(sa.select(Failure).order_by(Failure.learner_ref, Failure.code))
            return [
                (each.learner_ref, each.code, each.details)
                for each in found
                if each.step == "notify" and (each.resolved_at is None) == standing
            ]

    def attempts(self) -> dict[tuple[str | None, str], int]:
        """How often each thing of the failure log has failed, by learner and code."""
        with self.rt.reading() as session:
            return {(each.learner_ref, each.code): each.attempts for each in session.scalars(sa.select(Failure))}

    def count_statements(self) -> "Statements":
        return Statements(self.rt.engine)


class Statements:
    """Counts what is asked of the database within its `with`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self.number = engine, 0

    def __enter__(self) -> "Statements":
        sa.event.listen(self._engine, "before_cursor_execute", self._count)
        return self

    def __exit__(self, *error: object) -> None:
        sa.event.remove(self._engine, "before_cursor_execute", self._count)

    def _count(self, *told: object) -> None:
        self.number += 1


@contextmanager
def opened(database_url: str, **settings: Any) -> Iterator[Ledger]:
    """An empty ledger in an empty database. `mail` and `sms` say how messages leave."""
    engine = sa.create_engine(database_url)
    Base.metadata.create_all(engine)
    usual: dict[str, Any] = {
        "public_url": "https://certs.example.org",
        "mail_from": SENDER,
        "lease_seconds": 60,
        "master_key": MASTER_KEY,
    }
    derived, host, clock = derive(engine), TellingHost(), FixedClock(NOW)
    rt = Runtime(
        settings=Settings(**usual | settings),
        find_engine=lambda: derived,
        host=host,
        clock=clock,
        kinds=KINDS,
    )
    run_id, ids = _furnish(rt)
    try:
        yield Ledger(rt, host, clock, run_id, ids)
    finally:
        engine.dispose()


def _furnish(rt: Runtime) -> tuple[UUID, Mapping[str, UUID]]:
    """The rows that an award refers to."""
    run, issuer, achievement, template, version, attachment = (new_id() for _ in range(6))
    rows: list[tuple[type[Base], dict[str, Any]]] = [
        (
            Issuer,
            {
                "id": issuer,
                "tenant_ref": "wales",
                "slug": "wales",
                "name": "Academy of Wales",
                "url": "https://example.org",
                "base": rt.settings.base,
                "did": FROZEN.issuer_did,
                "created_at": NOW,
            },
        ),
        (
            Run,
            {
                "id": run,
                "run_ref": "physics-1",
                "tenant_ref": "wales",
                "course_ref": "physics",
                "title": FROZEN.course_title,
                "created_at": NOW,
            },
        ),
        (
            Achievement,
            {
                "id": achievement,
                "issuer_id": issuer,
                "key": "completion",
                "name": "Course completion",
                "description": "",
                "criteria": "",
                "kind": "Certificate",
            },
        ),
        (Template, {"id": template, "issuer_id": issuer, "key": "classic", "name": "Classic", "state": "in use"}),
        (
            TemplateVersion,
            {
                "id": version,
                "template_id": template,
                "number": 1,
                "language": "en",
                "html_sha": "0" * 64,
                "assets": {},
                "engine": "none",
                "created_at": NOW,
                "created_by": "tom",
            },
        ),
        (
            Attachment,
            {
                "id": attachment,
                "run_id": run,
                "achievement_id": achievement,
                "template_id": template,
                "position": 0,
                "rule": {},
                "audience": "everyone",
                "attached_at": NOW,
                "attached_by": "tom",
            },
        ),
    ]
    with rt.transaction() as tx:
        for model, row in rows:
            tx.session.execute(sa.insert(model), [row])
    return run, {
        "issuer_id": issuer,
        "achievement_id": achievement,
        "attachment_id": attachment,
        "template_version_id": version,
    }
