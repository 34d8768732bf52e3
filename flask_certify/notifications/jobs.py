"""Sends what the ledger holds, each message at most once by each channel."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sqlalchemy import orm

from ..achievements.service import find_tenant
from ..core import outbox, stopping
from ..core.errors import CertifyError, HostUnavailable, Unavailable
from ..core.hosts import HostFailed, ask_about
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..host.records import Contact
from . import ledger, pace, phones, policy, reasons, sms
from .contacts import masked, usable_number
from .editing import own_wordings
from .ledger import Entry, Outcome
from .policy import Policy, quiet_ends
from .ports import Later, NotSent, Refused, Text
from .posting import Parcel, Post, address_for, write
from .service import DELIVER, note_unasked, resolve_unasked, stands_unasked, ways_to
from .sizes import size_of
from .states import Channel, State
from .texts import Wordings

GIVE_UP_AFTER = timedelta(days=2)
"""What could not be sent for so long has failed: news that old is no news."""

A_MOMENT = 0.2  # seconds
AT_FIRST, MOST_AT_ONCE = 5, 50
LONGEST_PAUSE_MS = 600_000
LOOK_AGAIN_MS = 3_600_000  # during quiet hours, since somebody may change them

log = logging.getLogger("flask_certify")


class Postponed(Unavailable):
    code = "notify.postponed"
    sentence = N_("Some messages could not be sent yet. They are tried again by themselves.")

    def __init__(self, pause_ms: int) -> None:
        super().__init__()
        self.pause_ms = pause_ms


class QuietNow(Postponed):
    code = reasons.QUIET
    sentence = reasons.WORDS[reasons.QUIET]


@dataclass(frozen=True)
class Round:
    """One pass over a chunk: what each of its messages needs."""

    rt: Runtime
    held: outbox.Claim
    policy: Policy
    zone: str
    contacts: Mapping[str, Contact]
    wordings: Wordings
    post: Post
    numbers: dict[str, str] = field(default_factory=dict)  # by learner, as E.164

    def contact(self, entry: Entry) -> Contact:
        return self.contacts[entry.learner_ref]

    def parcel(self, entry: Entry) -> Parcel:
        contact = self.contact(entry)
        to = self.numbers.get(entry.learner_ref) if entry.channel is Channel.SMS else None
        return write(self.rt, entry, to or address_for(entry.channel, contact), contact.locale, self.wordings)


def deliver(rt: Runtime, held: outbox.Claim) -> outbox.Store:
    """Sends the messages of a chunk. Raises Postponed while some of them still wait.

    Running it again sends nothing twice: what was begun and not ended is left to a person.
    """
    give_up_interrupted(rt, held)
    with rt.reading() as session:
        queue = ledger.entries(session, held, State.QUEUED)
        tenant = queue[0].tenant_ref if queue else ""  # a chunk is of one run
        rules = policy.policy_of(session, tenant)
        wordings = own_wordings(session, tenant)
    queue = without_switched_off(rt, held, queue, rules)
    if queue:
        zone = zone_of(rt, tenant) if rules.quiet else "UTC"
        stay_quiet(rt, rules, zone)
        contacts, unsaid = ask_contacts(rt, queue)
        if contacts:
            resolve_unasked(rt, {entry.run_id for entry in queue}, contacts)
        queue = without_unsaid(rt, held, queue, unsaid)
        with Post(rt.settings) as post:
            going = Round(rt, held, rules, zone, contacts, wordings, post)
            send_all(going, without_unreachable(going, queue))
        check_waiting(rt, held)
    return lambda tx: None  # every answer was written down when it came


def check_waiting(rt: Runtime, held: outbox.Claim) -> None:
    """Raises Postponed if something of the chunk still waits, for as long as it has to."""
    with rt.reading() as session:
        if not ledger.count_waiting(session, held):
            return
        ways = {entry.channel for entry in ledger.entries(session, held, State.QUEUED)}
        rest = max(pace.rest_ms(rt, session, way) for way in ways)
    # What another channel waits for is looked at as often as if this one did not rest.
    growing = min(int(rt.settings.retry_seconds * 1000) * 2 ** min(held.epoch, 20), LONGEST_PAUSE_MS)
    raise Postponed(max(growing, rest) if len(ways) == 1 else growing)


def stay_quiet(rt: Runtime, rules: Policy, zone: str) -> None:
    """Raises QuietNow during the tenant's quiet hours."""
    now = rt.clock.now()
    ends = quiet_ends(rules.quiet, zone, now)
    if ends is not None:
        left = ends - now
        raise QuietNow(min(int(left.total_seconds() * 1000) + 1, LOOK_AGAIN_MS))


def zone_of(rt: Runtime, tenant_ref: str) -> str:
    """Raises HostUnavailable: then nobody is told for now. A zone that there is not is no answer either: else all whose
    message waits would have failed by morning."""
    try:
        tenant = find_tenant(rt, tenant_ref)
    except HostFailed as error:
        raise HostUnavailable(**error.values) from error
    return tenant.zone if tenant else "UTC"


def give_up_interrupted(rt: Runtime, held: outbox.Claim) -> None:
    """The chunk has just become ours, so whatever is being sent was begun by somebody who did not end it."""
    with rt.reading() as session:
        begun = ledger.entries(session, held, State.SENDING)
    _settle(rt, held, State.SENDING, [(entry, INTERRUPTED) for entry in begun])


def ask_contacts(rt: Runtime, queue: Sequence[Entry]) -> tuple[Mapping[str, Contact], Mapping[str, HostFailed]]:
    """Everybody's contact, by one call, and about whom the host raised.

    Raises HostUnavailable: then nobody is told for now.
    """
    refs = sorted({entry.learner_ref for entry in queue})
    found, unsaid = ask_about(rt, "contacts", rt.host.contacts, refs)
    return {ref: found.get(ref) or Contact() for ref in refs if ref not in unsaid}, unsaid


def without_unsaid(
    rt: Runtime, held: outbox.Claim, queue: Sequence[Entry], unsaid: Mapping[str, HostFailed]
) -> list[Entry]:
    """The messages to those of whom the host spoke. The others wait, as long as for a mail server, and the log says
    why: somebody's program may be mended tomorrow.

    Raises HostUnavailable if it speaks of nobody and did not before: then it is not about these.
    """
    if not unsaid:
        return list(queue)
    kinds = {ref: str(error.values["kind"]) for ref, error in unsaid.items()}
    silent = [entry for entry in queue if entry.learner_ref in unsaid]
    old = [entry for entry in silent if rt.clock.now() - entry.created_at > GIVE_UP_AFTER]
    given_up = [
        Outcome(State.FAILED, reasons.NOT_ASKED, {"kind": kinds[each.learner_ref]}, was_tried=False) for each in old
    ]
    _settle(rt, held, State.QUEUED, list(zip(old, given_up, strict=True)))
    waiting = {entry.learner_ref: entry for entry in silent if entry not in old}
    spoken_of = [entry for entry in queue if entry not in silent]
    with rt.reading() as session:
        if waiting and not spoken_of and stands_unasked(session, queue[0].run_id):
            raise HostUnavailable(kind=kinds[min(waiting)])
    with rt.transaction() as tx:
        for ref, entry in waiting.items():
            ledger.note(tx, entry, reasons.NOT_ASKED, {"kind": kinds[ref]}, rt.clock.now())
    return spoken_of


def delayed(rt: Runtime, tx: Transaction, held: outbox.Claim, error: CertifyError) -> None:
    """Says in the failure log that people are not told because the host is away. It is taken back once they can be."""
    if isinstance(error, HostUnavailable):
        for entry in ledger.entries(tx.session, held, State.QUEUED)[:1]:
            of, kind = entry.batch_id or held.work_id, str(error.values.get("kind", error.code))
            note_unasked(tx, entry.run_id, entry.tenant_ref, of, kind, rt.clock.now(), entry.batch_id)


def without_switched_off(rt: Runtime, held: outbox.Claim, queue: Sequence[Entry], rules: Policy) -> list[Entry]:
    """The messages of which the tenant tells (R-163). The others are skipped, and kept for whoever turns it on."""
    off = [entry for entry in queue if rules.is_off(entry.event, entry.channel)]
    _settle(rt, held, State.QUEUED, [(entry, _skipped(reasons.SWITCHED_OFF)) for entry in off])
    return [entry for entry in queue if entry not in off]


def without_unreachable(going: Round, queue: Sequence[Entry]) -> list[Entry]:
    """The messages that have a way to go. The others are skipped: ways were chosen at issue, this is how it is now."""
    ended: list[tuple[Entry, Outcome]] = []
    open_still: list[Entry] = []
    for entry in queue:
        why = _why_not(entry, going.contact(entry), going.post)
        if why is None and entry.channel is Channel.SMS:
            try:
                phone = address_for(Channel.SMS, going.contact(entry))
                going.numbers[entry.learner_ref] = usable_number(phone, going.policy.region)
            except Refused as trouble:
                ended.append((entry, Outcome(State.FAILED, trouble.code, trouble.details, was_tried=False)))
                continue
        if why is None:
            open_still.append(entry)
        else:
            ended.append((entry, _skipped(why)))
    with going.rt.reading() as session:
        for way in {entry.channel for entry in open_still}:
            if pace.rest_ms(going.rt, session, way):
                going.post.rest(way)
    _settle(going.rt, going.held, State.QUEUED, ended)
    return open_still


def without_unwanted(going: Round, handful: Sequence[Entry]) -> list[Entry]:
    """The messages to those who want to hear of it by that channel; asked right before they leave."""
    numbers = {entry.learner_ref: going.numbers[entry.learner_ref] for entry in handful if entry.channel is Channel.SMS}
    with going.rt.reading() as session:
        out = policy.opted_out(session, handful[0].tenant_ref, {entry.learner_ref for entry in handful})
        out |= {(ref, Channel.SMS) for ref in policy.stopped(session, going.rt, numbers)}
    unwanted = [entry for entry in handful if (entry.learner_ref, entry.channel) in out]
    _settle(going.rt, going.held, State.QUEUED, [(entry, _skipped(reasons.OPTED_OUT)) for entry in unwanted])
    return [entry for entry in handful if entry not in unwanted]


def send_all(going: Round, queue: Sequence[Entry]) -> None:
    """Sends a handful at a time: as many as go out in a moment, since a crash leaves a handful in doubt.

    Raises QuietNow if quiet hours begin meanwhile, and Fenced if the chunk is no longer ours.
    """
    size, results = AT_FIRST, list[tuple[Entry, Outcome]]()
    try:
        while queue := [entry for entry in queue if not going.post.rests(entry.channel)]:
            stay_quiet(going.rt, going.policy, going.zone)
            handful, queue = without_unwanted(going, queue[:size]), queue[size:]
            if not handful:
                continue
            # Written before they are taken: an error in a text is not half a message.
            parcels = {entry.id: going.parcel(entry) for entry in handful}
            with stopping.whole():
                taken = ledger.turn(going.rt, going.held, results, handful, _handing_in(going, parcels))
                results, began = [], time.monotonic()
                for entry in taken:
                    results.append((entry, _outcome(going.rt, entry, parcels[entry.id], going.post)))
            going.post.rest_those_full()
            speed = len(handful) / max(time.monotonic() - began, 0.001)
            size = max(1, min(MOST_AT_ONCE, int(speed * A_MOMENT)))
    finally:
        with stopping.whole():
            ledger.record(going.rt, going.held, results)
            _keep_silent(going)


def sink(rt: Runtime, tx: Transaction, lost: outbox.Claim, reason: str) -> None:
    """One person's messages could not be worked on, whatever was tried."""
    failed = Outcome(State.FAILED, reason)
    for was, outcome in ((State.SENDING, INTERRUPTED), (State.QUEUED, failed)):
        found = ledger.entries(tx.session, lost, was)
        ledger.settle(rt, tx, was, [(entry, outcome) for entry in found])


def end(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """Nothing follows: each message has its own answer in the ledger."""


INTERRUPTED = Outcome(State.UNKNOWN, reasons.INTERRUPTED)


def preload(rt: Runtime) -> None:
    """The numbering plans, and Twilio's large client if SMS leave by it."""
    sms.preload(rt.settings)
    phones.preload()


KINDS = {DELIVER: outbox.Kind(make=deliver, sink=sink, end=end, delay=delayed, preload=preload, lane="messages")}


def _skipped(why: str) -> Outcome:
    return Outcome(State.SKIPPED, why, was_tried=False)


def _handing_in(going: Round, parcels: Mapping[UUID, Parcel]) -> ledger.Also:
    """Counts the SMS of a handful for the pace of all workers."""

    def hand_in(session: orm.Session, taken: Collection[UUID]) -> None:
        texts = [parcels[each] for each in taken]
        segments = sum(size_of(each.body).segments for each in texts if isinstance(each, Text))
        if segments:
            pace.hand_in(going.rt, session, segments)
            if pace.rest_ms(going.rt, session, Channel.SMS):
                going.post.full.add(Channel.SMS)

    return hand_in


def _keep_silent(going: Round) -> None:
    for way, seconds in going.post.asked_to_wait.items():
        with going.rt.transaction() as tx:
            pace.keep_silent(going.rt, tx.session, way, seconds)


def _outcome(rt: Runtime, entry: Entry, parcel: Parcel, post: Post) -> Outcome:
    if post.rests(entry.channel):  # since a moment ago
        return Outcome(State.QUEUED, entry.reason, was_tried=False)
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
        if is_old:
            return State.UNKNOWN if trouble.code == reasons.ASK_FIRST else State.FAILED
        return State.QUEUED
    return State.FAILED if isinstance(trouble, Refused) else State.UNKNOWN


def _why_not(entry: Entry, contact: Contact, post: Post) -> str | None:
    if not ways_to(contact).open():
        return reasons.NO_CONTACT
    if not address_for(entry.channel, contact):
        return reasons.NO_ADDRESS
    return None if post.has(entry.channel) else reasons.NOT_CONFIGURED


def _settle(rt: Runtime, held: outbox.Claim, was: State, chosen: ledger.Results) -> None:
    """Raises Fenced if the chunk is no longer ours."""
    if not chosen:
        return
    with rt.transaction() as tx:
        outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)
        ledger.settle(rt, tx, was, chosen)
