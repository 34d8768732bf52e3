"""Reading and moving the rows of the ledger, for whoever sends. Each move is a short, conditional write."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.models import Award, Failure
from ..awards.service import FailureNote, note_again
from ..core import outbox, stopping
from ..core.db import upsert
from ..core.errors import DatabaseAway, DatabaseBusy
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import reasons
from .models import Message, MessageAttempt
from .service import note_no_contact
from .states import Channel, State

log = logging.getLogger("flask_certify")

TRIES = 5  # to write while others hold the database
KNOWN_FOR, FIRST_REST, LONGEST_REST = 60.0, 0.1, 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Entry:
    """A message, with what it tells and whom."""

    id: UUID
    award_id: UUID
    event: str
    channel: Channel
    locale: str | None
    reason: str | None  # why it was not sent when it was tried before
    attempts: int
    created_at: datetime
    changed_at: datetime
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


Results = Sequence[tuple[Entry, Outcome]]
Also = Callable[[orm.Session, Collection[UUID]], None]


def entries(session: orm.Session, held: outbox.Claim, state: State) -> list[Entry]:
    """The messages of the chunk in this state: person by person, email before SMS."""
    found = session.execute(
        sa.select(Message, Award)
        .join(Award, Award.id == Message.award_id)
        .where(*_of(held), Message.state == state)
        .order_by(Message.position, Message.channel)
    )
    return [entry_of(message, award) for message, award in found]


def names_of_others(session: orm.Session, entry: Entry) -> frozenset[str]:
    """What the provider calls the other messages to the same person by the same channel; and this one, as it was sent
    before a person decided that it is sent again."""
    return frozenset(
        session.scalars(
            sa.select(Message.provider_id).where(
                Message.recipient == entry.learner_ref,
                Message.channel == entry.channel,
                Message.provider_id.is_not(None),
            )
        )
    )


def count_waiting(session: orm.Session, held: outbox.Claim) -> int:
    """How many messages of the chunk are still to be sent."""
    waiting = sa.select(sa.func.count()).select_from(Message).where(*_of(held), Message.state == State.QUEUED)
    return session.scalar(waiting) or 0


def turn(
    rt: Runtime,
    held: outbox.Claim,
    results: Results,
    chosen: Sequence[Entry],
    also: Also,
) -> list[Entry]:
    """Writes what became of the last handful and marks the next one as being sent, in one transaction: from here on
    nothing sends those again by itself. Those that still waited.

    `also` writes more about those taken. Raises Fenced if the chunk is no longer ours, and then nothing is written; of
    two workers, one comes this far.
    """
    taken: set[UUID] = set()

    def write(tx: Transaction) -> None:
        outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)
        _write_results(rt, tx, held, results)
        found = tx.session.scalars(
            sa.update(Message)
            .where(Message.id.in_([entry.id for entry in chosen]), Message.state == State.QUEUED)
            .values(state=State.SENDING, epoch=held.epoch, changed_at=rt.clock.now())
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
        taken.clear()
        taken.update(found)
        also(tx.session, taken)

    _insist(rt, write)
    return [entry for entry in chosen if entry.id in taken]


def take(rt: Runtime, held: outbox.Claim, chosen: Sequence[Entry]) -> list[Entry]:
    """Only marks them as being sent. Raises Fenced."""
    return turn(rt, held, [], chosen, lambda session, taken: None)


def record(rt: Runtime, held: outbox.Claim, results: Results) -> None:
    """Writes what became of messages that were taken. Without the fence: what is known is known, even by a worker
    that was overtaken meanwhile.

    While the database is away, or has no room, it is tried for a minute: nobody else knows what this worker knows.
    """
    if not results:
        return
    until, rest, is_told = time.monotonic() + KNOWN_FOR, FIRST_REST, False
    while True:
        try:
            _insist(rt, lambda tx: _write_results(rt, tx, held, results))
            return
        except (DatabaseAway, DatabaseBusy) as error:
            if time.monotonic() > until or stopping.is_asked():
                raise
            if not is_told:
                log.warning("%s: what became of %d messages waits to be written", error.code, len(results))
                is_told = True
        time.sleep(rest)
        rest = min(rest * 2, LONGEST_REST)


def settle(rt: Runtime, tx: Transaction, was: State, chosen: Results) -> None:
    """Ends messages that are not sent, all at once."""
    _end(rt, tx, chosen, was)


def _write_results(rt: Runtime, tx: Transaction, held: outbox.Claim, results: Results) -> None:
    ended = _end(rt, tx, results, State.SENDING, epoch=held.epoch)
    late = [
        # Somebody had given us up, and counted the attempt. The chunk may be over by now, so nobody would try again.
        (entry, replace(outcome, state=_last_word(outcome.state), was_tried=False))
        for entry, outcome in results
        if entry.id not in ended
    ]
    known = _end(rt, tx, late, State.UNKNOWN, epoch=held.epoch)
    better = [(entry, outcome) for entry, outcome in late if entry.id in known]
    _note_attempts(rt, tx, better)
    for entry, _ in better:
        resolve(rt, tx, entry, reasons.INTERRUPTED)


def _end(rt: Runtime, tx: Transaction, chosen: Results, was: State, *, epoch: int | None = None) -> set[UUID]:
    """Moves messages, if taken in that epoch, notes the attempts and tells the failure log. Those that were in that
    state. As many statements as there are different outcomes, not as there are messages."""
    moved: set[UUID] = set()
    alike: dict[tuple[State, str | None, bool], list[UUID]] = {}
    for entry, outcome in chosen:
        alike.setdefault((outcome.state, outcome.reason, outcome.was_tried), []).append(entry.id)
    for (state, reason, was_tried), ids in alike.items():
        which = [Message.id.in_(ids), Message.state == was]
        if epoch is not None:
            which.append(Message.epoch == epoch)
        moved.update(
            tx.session.scalars(
                sa.update(Message)
                .where(*which)
                .values(
                    state=state,
                    reason=reason,
                    attempts=Message.attempts + int(was_tried),
                    changed_at=rt.clock.now(),
                )
                .returning(Message.id)
                .execution_options(synchronize_session=False)
            )
        )
    done = [(entry, outcome) for entry, outcome in chosen if entry.id in moved]
    _note_names(tx, done)
    _note_attempts(rt, tx, [(entry, outcome) for entry, outcome in done if outcome.was_tried])
    _log(rt, tx, done)
    return moved


def _note_names(tx: Transaction, done: Results) -> None:
    """What the provider calls each of them."""
    rows = [{"which": entry.id, "name": outcome.provider_id} for entry, outcome in done if outcome.provider_id]
    if rows:
        table = Message.__table__
        named = sa.update(table).where(table.c.id == sa.bindparam("which")).values(provider_id=sa.bindparam("name"))  # type: ignore[arg-type]
        tx.session.connection().execute(named, rows)


def _last_word(state: State) -> State:
    return State.FAILED if state is State.QUEUED else state


def _note_attempts(rt: Runtime, tx: Transaction, tried: Results) -> None:
    """What was known before of the same attempt is known better now."""
    now = rt.clock.now()
    rows = [
        {
            "message_id": entry.id,
            "number": entry.attempts + 1,
            "at": now,
            "state": outcome.state,
            "reason": outcome.reason,
            "answer": outcome.details.get("answer"),
        }
        for entry, outcome in tried
    ]
    upsert(tx.session, MessageAttempt, rows, keys=("message_id", "number"))


def _log(rt: Runtime, tx: Transaction, done: Results) -> None:
    """Into the failure log (R-178): which channel and what was answered, never an address."""
    now = rt.clock.now()
    silent = {(entry.award_id, entry.event): entry for entry, outcome in done if outcome.reason == reasons.NO_CONTACT}
    for entry in silent.values():
        whom = [(entry.award_id, entry.learner_ref)]
        note_no_contact(tx, entry.run_id, entry.tenant_ref, entry.event, whom, now, entry.batch_id)
    for entry, outcome in done:
        if outcome.state in (State.FAILED, State.UNKNOWN):
            note_failure(tx, entry, outcome, now)


def note_failure(tx: Transaction, entry: Entry, outcome: Outcome, now: datetime) -> None:
    details = {"channel": entry.channel.value, **outcome.details}
    note(tx, entry, str(outcome.reason), details, now)


def note(tx: Transaction, entry: Entry, code: str, details: Mapping[str, Any], now: datetime) -> None:
    """What has failed like this before is counted, and stands again if a person had it tried again."""
    said = FailureNote(entry.learner_ref, "notify", code, details)
    note_again(tx, entry.tenant_ref, entry.run_id, [said], now=now, batch_id=entry.batch_id, reopening=True)


def resolve(rt: Runtime, tx: Transaction, entry: Entry, code: str | None) -> None:
    """What the failure log says of this message, by this code, has been put right."""
    tx.session.execute(
        sa.update(Failure)
        .where(
            Failure.run_id == entry.run_id,
            Failure.learner_ref == entry.learner_ref,
            Failure.step == "notify",
            Failure.code == code,
            Failure.resolved_at.is_(None),
        )
        .values(resolved_at=rt.clock.now())
        .execution_options(synchronize_session=False)
    )


def _insist(rt: Runtime, write: Callable[[Transaction], None]) -> None:
    """In a transaction, tried again while others hold the database."""
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


def entry_of(message: Message, award: Award) -> Entry:
    return Entry(
        message.id,
        message.award_id,
        message.event,
        Channel(message.channel),
        message.locale,
        message.reason,
        message.attempts,
        message.created_at,
        message.changed_at,
        message.recipient,
        award.run_id,
        award.tenant_ref,
        award.batch_id,
        award.frozen,
    )
