"""Reading and moving the rows of the ledger, for whoever sends. Each move is a short, conditional write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.models import Award, Failure
from ..awards.service import FailureNote, note_failures
from ..core import outbox
from ..core.errors import DatabaseBusy
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import reasons
from .models import Message
from .service import note_no_contact
from .states import Channel, State

TRIES = 5  # to write down what is known, while others hold the database


@dataclass(frozen=True, slots=True)
class Entry:
    """A message, with what it tells and whom."""

    id: UUID
    award_id: UUID
    event: str
    channel: Channel
    locale: str | None
    created_at: datetime
    learner_ref: str
    run_id: UUID
    tenant_ref: str
    batch_id: UUID | None
    frozen: Mapping[str, Any] = field(
        repr=False
    )  # what the award prints, as stored: one that is broken harms itself only


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message. The details are the gaps of the reason's sentence."""

    state: State
    reason: str | None = None
    details: Mapping[str, int | str] = field(default_factory=dict)
    provider_id: str | None = None
    was_tried: bool = True


def entries(session: orm.Session, held: outbox.Claim, state: State) -> list[Entry]:
    """The messages of the chunk in this state: person by person, email before SMS."""
    found = session.execute(
        sa.select(Message, Award)
        .join(Award, Award.id == Message.award_id)
        .where(*_of(held), Message.state == state)
        .order_by(Message.position, Message.channel)
    )
    return [_entry(message, award) for message, award in found]


def count_waiting(session: orm.Session, held: outbox.Claim) -> int:
    """How many messages of the chunk are still to be sent."""
    waiting = sa.select(sa.func.count()).select_from(Message).where(*_of(held), Message.state == State.QUEUED)
    return session.scalar(waiting) or 0


def take(rt: Runtime, held: outbox.Claim, chosen: Sequence[Entry]) -> list[Entry]:
    """Marks them as being sent: from here on nothing sends them again by itself. Those that still waited.

    Raises Fenced if the chunk is no longer ours; of two workers, one comes this far.
    """
    with rt.transaction() as tx:
        outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)
        taken = set(
            tx.session.scalars(
                sa.update(Message)
                .where(Message.id.in_([entry.id for entry in chosen]), Message.state == State.QUEUED)
                .values(state=State.SENDING, epoch=held.epoch, changed_at=rt.clock.now())
                .returning(Message.id)
                .execution_options(synchronize_session=False)
            )
        )
    return [entry for entry in chosen if entry.id in taken]


def record(rt: Runtime, held: outbox.Claim, results: Sequence[tuple[Entry, Outcome]]) -> None:
    """Writes what became of messages that were taken. Without the fence: what is known is known, even by a worker
    that was overtaken meanwhile."""

    def write(tx: Transaction) -> None:
        for entry, outcome in results:
            if _end(rt, tx, [entry], State.SENDING, outcome, epoch=held.epoch):
                continue
            # Somebody had given us up. The chunk may be over by now, so nobody would come to try again.
            known = replace(outcome, state=State.FAILED) if outcome.state is State.QUEUED else outcome
            if _end(rt, tx, [entry], State.UNKNOWN, known, epoch=held.epoch):
                _take_back(rt, tx, entry)

    if results:
        _insist(rt, write)


def settle(rt: Runtime, tx: Transaction, was: State, chosen: Sequence[tuple[Entry, Outcome]]) -> None:
    """Ends messages that are not sent, all at once."""
    by_reason: dict[str | None, list[Entry]] = {}
    outcomes = {outcome.reason: outcome for _, outcome in chosen}
    for entry, outcome in chosen:
        by_reason.setdefault(outcome.reason, []).append(entry)
    for reason, same in by_reason.items():
        _end(rt, tx, same, was, outcomes[reason])


def _end(
    rt: Runtime, tx: Transaction, same: Sequence[Entry], was: State, outcome: Outcome, *, epoch: int | None = None
) -> bool:
    """Moves messages, if taken in that epoch, and tells the failure log. False if none was in that state."""
    which = [Message.id.in_([entry.id for entry in same]), Message.state == was]
    if epoch is not None:
        which.append(Message.epoch == epoch)
    moved = tx.session.execute(
        sa.update(Message)
        .where(*which)
        .values(
            state=outcome.state,
            reason=outcome.reason,
            provider_id=outcome.provider_id,
            attempts=Message.attempts + int(outcome.was_tried),
            changed_at=rt.clock.now(),
        )
        .execution_options(synchronize_session=False)
    )
    if not moved.rowcount:  # type: ignore[attr-defined]
        return False
    _log(rt, tx, same, outcome)
    return True


def _log(rt: Runtime, tx: Transaction, same: Sequence[Entry], outcome: Outcome) -> None:
    """Into the failure log (R-178): which channel and what was answered, never an address."""
    now = rt.clock.now()
    for entry in same:
        if outcome.reason == reasons.NO_CONTACT:
            whom = [(entry.award_id, entry.learner_ref)]
            note_no_contact(tx, entry.run_id, entry.tenant_ref, entry.event, whom, now, entry.batch_id)
        elif outcome.state in (State.FAILED, State.UNKNOWN):
            details = {"channel": entry.channel.value, **outcome.details}
            note = FailureNote(entry.learner_ref, "notify", str(outcome.reason), details)
            note_failures(tx, entry.tenant_ref, entry.run_id, [note], now=now, batch_id=entry.batch_id)


def _take_back(rt: Runtime, tx: Transaction, entry: Entry) -> None:
    """The failure log said that the program had ended; it had only been slow."""
    tx.session.execute(
        sa.update(Failure)
        .where(
            Failure.run_id == entry.run_id,
            Failure.learner_ref == entry.learner_ref,
            Failure.code == reasons.INTERRUPTED,
            Failure.resolved_at.is_(None),
        )
        .values(resolved_at=rt.clock.now())
        .execution_options(synchronize_session=False)
    )


def _insist(rt: Runtime, write: Callable[[Transaction], None]) -> None:
    """A message that was sent and not written down becomes `unknown`, so a busy database is asked again."""
    for left in reversed(range(TRIES)):
        try:
            with rt.transaction() as tx:
                write(tx)
            return
        except DatabaseBusy:
            if not left:
                raise


def _of(held: outbox.Claim) -> list[Any]:
    return [Message.work_id == held.work_id, Message.position.between(held.first, held.last)]


def _entry(message: Message, award: Award) -> Entry:
    return Entry(
        message.id,
        message.award_id,
        message.event,
        Channel(message.channel),
        message.locale,
        message.created_at,
        message.recipient,
        award.run_id,
        award.tenant_ref,
        award.batch_id,
        award.frozen,
    )
