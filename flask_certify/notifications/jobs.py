"""Sends what the ledger holds, each message at most once by each channel."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from ..core import outbox, stopping
from ..core.errors import Unavailable
from ..core.hosts import asking
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..host.records import Contact
from . import ledger, reasons, sms
from .contacts import masked
from .editing import own_wordings
from .ledger import Entry, Outcome
from .ports import Later, NotSent, Refused
from .posting import Parcel, Post, address_for, write
from .service import DELIVER, resolve_unasked, ways_to
from .states import State
from .texts import Wordings

GIVE_UP_AFTER = timedelta(days=2)
"""What could not be sent for so long has failed: news that old is no news."""

A_MOMENT = 0.05  # seconds
MOST_AT_ONCE = 25

log = logging.getLogger("flask_certify")


class Postponed(Unavailable):
    code = "notify.postponed"
    sentence = N_("Some messages could not be sent yet. They are tried again by themselves.")


@dataclass(frozen=True)
class Round:
    """One pass over a chunk: what each of its messages needs."""

    rt: Runtime
    held: outbox.Claim
    contacts: Mapping[str, Contact]
    wordings: Mapping[str, Wordings]  # by tenant
    post: Post

    def contact(self, entry: Entry) -> Contact:
        return self.contacts[entry.learner_ref]

    def parcel(self, entry: Entry) -> Parcel:
        return write(self.rt, entry, self.contact(entry), self.wordings[entry.tenant_ref])


def deliver(rt: Runtime, held: outbox.Claim) -> outbox.Store:
    """Sends the messages of a chunk. Raises Postponed while some of them still wait.

    Running it again sends nothing twice: what was begun and not ended is left to a person.
    """
    give_up_interrupted(rt, held)
    with rt.reading() as session:
        queue = ledger.entries(session, held, State.QUEUED)
        wordings = {tenant: own_wordings(session, tenant) for tenant in {entry.tenant_ref for entry in queue}}
    if queue:
        contacts = ask_contacts(rt, queue)
        resolve_unasked(rt, {entry.run_id for entry in queue})
        with Post(rt.settings) as post:
            going = Round(rt, held, contacts, wordings, post)
            send_all(going, without_unreachable(going, queue))
        with rt.reading() as session:
            if ledger.count_waiting(session, held):
                raise Postponed()
    return lambda tx: None  # every answer was written down when it came


def give_up_interrupted(rt: Runtime, held: outbox.Claim) -> None:
    """The chunk has just become ours, so whatever is being sent was begun by somebody who did not end it."""
    with rt.reading() as session:
        begun = ledger.entries(session, held, State.SENDING)
    _settle(rt, held, State.SENDING, [(entry, INTERRUPTED) for entry in begun])


def ask_contacts(rt: Runtime, queue: Sequence[Entry]) -> Mapping[str, Contact]:
    """Everybody's contact, by one call. Raises HostUnavailable or HostFailed: then nobody is told for now."""
    refs = sorted({entry.learner_ref for entry in queue})
    with asking(rt, "contacts"):
        found = rt.host.contacts(refs)
        return {ref: found.get(ref) or Contact() for ref in refs}


def without_unreachable(going: Round, queue: Sequence[Entry]) -> list[Entry]:
    """The messages that have a way to go. The others are skipped: ways were chosen at issue, this is how it is now."""
    missing = [(entry, _why_not(entry, going.contact(entry), going.post)) for entry in queue]
    skipped = [(entry, Outcome(State.SKIPPED, why, was_tried=False)) for entry, why in missing if why]
    _settle(going.rt, going.held, State.QUEUED, skipped)
    return [entry for entry, why in missing if not why]


def send_all(going: Round, queue: Sequence[Entry]) -> None:
    """Sends a handful at a time: as many as go out in a moment, since a crash leaves a handful in doubt."""
    size = 1
    while queue := [entry for entry in queue if not going.post.rests(entry.channel)]:
        seconds = send(going, queue[:size])
        pace = len(queue[:size]) / max(seconds, 0.001)
        queue, size = queue[size:], max(1, min(MOST_AT_ONCE, int(pace * A_MOMENT)))


def send(going: Round, handful: Sequence[Entry]) -> float:
    """Sends these messages and writes down what became of them: how long the sending took, in seconds.

    Raises Fenced if the chunk is no longer ours.
    """
    # Written before they are taken: an error in a text is not half a message.
    parcels = {entry.id: going.parcel(entry) for entry in handful}
    with stopping.whole():
        taken = ledger.take(going.rt, going.held, handful)
        results: list[tuple[Entry, Outcome]] = []
        began = time.monotonic()
        try:
            for entry in taken:
                results.append((entry, _outcome(going.rt, entry, parcels[entry.id], going.post)))
            return time.monotonic() - began
        finally:
            ledger.record(going.rt, going.held, results)


def sink(rt: Runtime, tx: Transaction, lost: outbox.Claim, reason: str) -> None:
    """One person's messages could not be worked on, whatever was tried."""
    failed = Outcome(State.FAILED, reason)
    for was, outcome in ((State.SENDING, INTERRUPTED), (State.QUEUED, failed)):
        found = ledger.entries(tx.session, lost, was)
        ledger.settle(rt, tx, was, [(entry, outcome) for entry in found])


def end(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """Nothing follows: each message has its own answer in the ledger."""


NOT_TRIED = Outcome(State.QUEUED, was_tried=False)
INTERRUPTED = Outcome(State.UNKNOWN, reasons.INTERRUPTED)


def preload(rt: Runtime) -> None:
    """Twilio's large client, if SMS leave by it."""
    sms.preload(rt.settings)


KINDS = {DELIVER: outbox.Kind(make=deliver, sink=sink, end=end, preload=preload, lane="messages")}


def _outcome(rt: Runtime, entry: Entry, parcel: Parcel, post: Post) -> Outcome:
    if post.rests(entry.channel):  # since a moment ago
        return NOT_TRIED
    try:
        return Outcome(State.SENT, provider_id=post.send(parcel))
    except NotSent as trouble:
        log.warning(
            "message not sent",
            extra={
                "message_id": str(entry.id),
                "channel": entry.channel.value,
                "to": masked(parcel.to),
                "reason": trouble.code,
            },
        )
        return Outcome(_state_after(rt, entry, trouble), trouble.code, trouble.details)


def _state_after(rt: Runtime, entry: Entry, trouble: NotSent) -> State:
    if isinstance(trouble, Later):
        is_old = rt.clock.now() - entry.created_at > GIVE_UP_AFTER
        return State.FAILED if is_old else State.QUEUED
    return State.FAILED if isinstance(trouble, Refused) else State.UNKNOWN


def _why_not(entry: Entry, contact: Contact, post: Post) -> str | None:
    if not ways_to(contact).open():
        return reasons.NO_CONTACT
    if not address_for(entry.channel, contact):
        return reasons.NO_ADDRESS
    return None if post.has(entry.channel) else reasons.NOT_CONFIGURED


def _settle(rt: Runtime, held: outbox.Claim, was: State, chosen: Sequence[tuple[Entry, Outcome]]) -> None:
    """Raises Fenced if the chunk is no longer ours."""
    if not chosen:
        return
    with rt.transaction() as tx:
        outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)
        ledger.settle(rt, tx, was, chosen)
