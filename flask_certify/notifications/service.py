"""Who is told by which way, and the ledger of what is to be said."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.models import Failure
from ..core import outbox
from ..core.db import insert_or_ignore, upsert
from ..core.errors import CertifyError
from ..core.hosts import asking
from ..core.ids import new_id
from ..core.languages import find_tag
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..host.records import Contact
from .models import ONCE, Message
from .reasons import NO_CONTACT, NOT_ASKED
from .states import Channel, State

DELIVER = "notifications.deliver"
"""The kind of work that sends."""

CHUNK = 200  # people, so at most 400 messages: about a second of work, and not many that a crash would delay

log = logging.getLogger("flask_certify")


@dataclass(frozen=True, slots=True)
class Channels:
    """By which ways somebody can be told. Neither: there is no contact."""

    email: bool
    sms: bool
    locale: str | None = None  # as the contact says; None: it does not, or could not be asked
    unasked: str | None = None  # what kept the host from saying, as the failure log calls it; None: it has said

    def open(self) -> list[Channel]:
        return [way for way, is_there in ((Channel.EMAIL, self.email), (Channel.SMS, self.sms)) if is_there]


@dataclass(frozen=True, slots=True)
class Telling:
    """That this learner is to be told of this award."""

    award_id: UUID
    learner_ref: str
    locale: str | None  # None: as the contact says
    channels: Channels


def choose_channels(rt: Runtime, learner_refs: Collection[str]) -> Mapping[str, Channels]:
    """By which ways each of these learners can be told (R-156): one call of the host, an answer for everybody.

    Never raises: issuing does not wait for contacts. If the host cannot say, both ways are chosen, and those that
    turn out not to be there are skipped when it comes to sending.
    """
    if not learner_refs:
        return {}
    try:
        with asking(rt, "contacts"):
            contacts = rt.host.contacts(learner_refs)
            return {ref: ways_to(contacts.get(ref)) for ref in learner_refs}
    except CertifyError as error:
        log.warning("contacts postponed", extra={"reason": error.code, "count": len(learner_refs)})
        kind = str(error.values.get("kind", error.code))
        return dict.fromkeys(learner_refs, Channels(email=True, sms=True, unasked=kind))


def ways_to(contact: Contact | None) -> Channels:
    """By which ways somebody with this contact can be told."""
    if contact is None:
        return Channels(email=False, sms=False)
    return Channels(is_given(contact.email), is_given(contact.phone), contact.locale)


def is_given(address: str | None) -> bool:
    return bool(address and address.strip())


def write_ledger(
    tx: Transaction,
    run_id: UUID,
    tenant_ref: str,
    event: str,
    tellings: Sequence[Telling],
    now: datetime,
    *,
    batch_id: UUID | None = None,
) -> list[UUID]:
    """Writes what is to be said, and opens the work that says it: the ids of its chunks, to wake after the commit.

    What stands in the ledger already is not said again. Who has no contact is put into the failure log, and keeps
    the certificate. The same few statements for one or many; the awards must be there already.
    """
    unreachable = [(each.award_id, each.learner_ref) for each in tellings if not each.channels.open()]
    note_no_contact(tx, run_id, tenant_ref, event, unreachable, now, batch_id)
    work_id = new_id()
    for kind in {each.channels.unasked for each in tellings} - {None}:
        note_unasked(tx, run_id, tenant_ref, batch_id or work_id, str(kind), now, batch_id)
    reachable = [each for each in tellings if each.channels.open()]
    rows = [
        _row(telling, event, way, work_id, position, now)
        for position, telling in enumerate(reachable)
        for way in telling.channels.open()
    ]
    insert_or_ignore(tx.session, Message, rows, keys=ONCE)
    last = tx.session.scalar(sa.select(sa.func.max(Message.position)).where(Message.work_id == work_id))
    if last is None:
        return []
    _, chunk_ids = outbox.open_work(tx, DELIVER, last + 1, CHUNK, now, work_id, tenant_ref=tenant_ref)
    return chunk_ids


def not_told(award_id: "orm.InstrumentedAttribute[UUID]", event: str) -> sa.ColumnElement[bool]:
    """Of an award: that the ledger holds nothing of this event."""
    return ~sa.exists().where(Message.award_id == award_id, Message.event == event)


def note_no_contact(
    tx: Transaction,
    run_id: UUID,
    tenant_ref: str,
    event: str,
    whom: Iterable[tuple[UUID, str]],
    now: datetime,
    batch_id: UUID | None = None,
) -> None:
    """Puts award and learner into the failure log as "no contact". Noting it twice is counted in one entry."""
    rows: list[dict[str, Any]] = [
        {
            "id": uuid5(award_id, f"{event} {NO_CONTACT}"),
            "at": now,
            "tenant_ref": tenant_ref,
            "run_id": run_id,
            "learner_ref": learner_ref,
            "step": "notify",
            "code": NO_CONTACT,
            "details": {},
            "batch_id": batch_id,
        }
        for award_id, learner_ref in whom
    ]
    _note(tx, rows)


def note_unasked(
    tx: Transaction, run_id: UUID, tenant_ref: str, of: UUID, kind: str, now: datetime, batch_id: UUID | None
) -> None:
    """Says in the failure log that the host could not be asked for contacts: one entry for a batch, however many
    chunks."""
    row = {
        "id": uuid5(of, f"{NOT_ASKED} {kind}"),
        "at": now,
        "tenant_ref": tenant_ref,
        "run_id": run_id,
        "learner_ref": None,
        "step": "notify",
        "code": NOT_ASKED,
        "details": {"kind": kind},
        "batch_id": batch_id,
    }
    _note(tx, [row])


def _note(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    """What is there already is counted, and stands again if it had been put right."""
    upsert(
        tx.session,
        Failure,
        rows,
        keys=["id"],
        changes=lambda new: {"resolved_at": None, "attempts": Failure.attempts + 1, "last_at": new["at"]},
    )


def stands_unasked(session: orm.Session, run_id: UUID) -> bool:
    """Whether the host is known not to say how to reach anybody of this run."""
    of_all = sa.select(Failure.id).where(
        Failure.run_id == run_id,
        Failure.learner_ref.is_(None),
        Failure.code == NOT_ASKED,
        Failure.resolved_at.is_(None),
    )
    return session.scalar(of_all.limit(1)) is not None


def resolve_unasked(rt: Runtime, run_ids: Collection[UUID], learner_refs: Collection[str]) -> None:
    """The host has said how to reach these learners of these runs: what kept their messages waiting is over."""
    of_runs = (Failure.run_id.in_(run_ids), Failure.code == NOT_ASKED, Failure.resolved_at.is_(None))
    with rt.reading() as session:
        if session.scalar(sa.select(Failure.id).where(*of_runs).limit(1)) is None:
            return
    with rt.transaction() as tx:
        tx.session.execute(
            sa.update(Failure)
            .where(*of_runs, sa.or_(Failure.learner_ref.is_(None), Failure.learner_ref.in_(learner_refs)))
            .values(resolved_at=rt.clock.now())
            .execution_options(synchronize_session=False)
        )


def _row(telling: Telling, event: str, way: Channel, work_id: UUID, position: int, now: datetime) -> dict[str, Any]:
    language = find_tag(telling.locale or "") or find_tag(telling.channels.locale or "")
    return {
        "id": new_id(),
        "award_id": telling.award_id,
        "event": event,
        "recipient": telling.learner_ref,
        "channel": way,
        "locale": language,
        "state": State.QUEUED,
        "attempts": 0,
        "epoch": 0,
        "work_id": work_id,
        "position": position,
        "created_at": now,
        "changed_at": now,
    }
