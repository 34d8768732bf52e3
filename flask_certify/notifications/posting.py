"""Writing a message for its channel, and the channels that are open while a chunk is sent."""

from types import TracebackType
from typing import Self, assert_never

from ..awards.frozen import Frozen
from ..core.runtime import Runtime
from ..core.settings import Settings
from ..host.records import Contact
from . import ledger, reasons, stopping
from .ledger import Entry
from .mail import make_mailer
from .ports import Away, Letter, NotSent, Text, Uncertain
from .sms import make_texter
from .states import Channel
from .texts import Wordings, email, find_wording, language_for, sms

Parcel = Letter | Text
MOST_ERRORS = 3  # of a provider's own, one after the other: then it is not about one message


def write(rt: Runtime, entry: Entry, to: str, locale: str | None, own: Wordings) -> Parcel:
    """The message in the recipient's language and the tenant's words, addressed as the host says now."""
    award = Frozen.from_json(entry.frozen)
    language = language_for(entry.locale or locale, rt.settings.languages)
    wording = find_wording(own, entry.event, language)
    match entry.channel:
        case Channel.EMAIL:
            stop_url = stopping.url_of(rt, entry.id)
            profile = f"{rt.settings.base}/me"
            written = email(award, language, profile, entry.event, wording=wording, stop_url=stop_url)
            return Letter(
                message_id=entry.id,
                to=to,
                sender_name=written.sender_name,
                subject=written.subject,
                text=written.text,
                html=written.html,
                language=language,
                written_at=rt.clock.now(),
                stop_url=stop_url,
            )
        case Channel.SMS:
            said = sms(award, language, entry.event, wording=wording)
            if entry.reason != reasons.ASK_FIRST:
                return Text(entry.id, to, said)
            with rt.reading() as session:
                others = ledger.names_of_others(session, entry)
            # Since it was written down, not since the last try: that one may have been to ask, in vain.
            return Text(entry.id, to, said, entry.created_at, others)
        case _:
            assert_never(entry.channel)


def address_for(channel: Channel, contact: Contact) -> str:
    """The address or number for this channel; empty if there is none."""
    return ((contact.email if channel is Channel.EMAIL else contact.phone) or "").strip()


class Post:
    """The channels of one pass, opened when first needed. A channel in trouble rests until the next pass: without
    that, each of many messages would wait for a server that is away, or become uncertain."""

    def __init__(self, settings: Settings) -> None:
        self._mailer, self._texter = make_mailer(settings), make_texter(settings)
        self._resting: set[Channel] = set()
        self._errors_in_a_row = 0
        self.full: set[Channel] = set()
        """Channels whose senders have enough for now, once this handful is handed in."""
        self.asked_to_wait: dict[Channel, float] = {}
        """For how many seconds a provider wants to hear nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in (self._mailer, self._texter):
            if each is not None:
                each.close()

    def has(self, channel: Channel) -> bool:
        """Whether this way of sending is set up."""
        return (self._mailer if channel is Channel.EMAIL else self._texter) is not None

    def rests(self, channel: Channel) -> bool:
        return channel in self._resting

    def send(self, parcel: Parcel) -> str | None:
        """The provider's name for it. Raises Refused, Later, Away or Uncertain."""
        way = Channel.EMAIL if isinstance(parcel, Letter) else Channel.SMS
        try:
            if isinstance(parcel, Letter):
                assert self._mailer is not None
                name = self._mailer.send(parcel)
            else:
                assert self._texter is not None
                name = self._texter.send(parcel)
        except NotSent as trouble:
            if trouble.wait is not None:
                self.asked_to_wait[way] = trouble.wait
            self._errors_in_a_row += trouble.code == reasons.ASK_FIRST
            if isinstance(trouble, (Away, Uncertain)) or self._errors_in_a_row >= MOST_ERRORS:
                self._resting.add(way)
            raise
        self._errors_in_a_row = 0
        return name

    def rest(self, channel: Channel) -> None:
        self._resting.add(channel)

    def rest_those_full(self) -> None:
        self._resting |= self.full
