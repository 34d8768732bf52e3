"""What a way of sending promises, and how it says what became of a message."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Letter:
    """An email, ready but for its envelope. `to`, `subject` and the bodies hold personal data."""

    message_id: UUID
    to: str
    sender_name: str
    subject: str
    text: str
    html: str
    language: str
    written_at: datetime
    stop_url: str = ""  # where one click ends such letters; empty: nowhere


@dataclass(frozen=True, slots=True)
class Text:
    """An SMS. `to` is E.164; it and the body hold personal data."""

    message_id: UUID
    to: str
    body: str
    maybe_sent_at: datetime | None = None
    """No later than when it was tried without a clear answer: the provider is asked whether it has it before it is
    sent again."""
    others: frozenset[str] = frozenset()
    """The provider's names of other texts to the same person: two certificates of one training are told of alike."""


class NotSent(Exception):
    """It was not sent, or nobody knows. The code is one of `reasons`; the details never quote an answer in words,
    since servers repeat addresses in them."""

    def __init__(self, code: str, *, wait: float | None = None, **details: int | str) -> None:
        self.code = code
        self.details = details
        self.wait = wait
        """For how many seconds the provider asks not to be asked again; None: it did not say."""
        super().__init__(code)


class Refused(NotSent):
    """Nothing was sent, and asking again would get the same answer."""


class Later(NotSent):
    """Nothing was sent, and this message may be tried again."""


class Away(Later):
    """Nothing was sent, and no other message would be now: the whole channel rests for a while."""


class Uncertain(NotSent):
    """The provider has it or has not: its answer was lost. It must not be sent again by a program."""


class Mailer(Protocol):
    def send(self, letter: Letter) -> str | None:
        """The provider's name for it, if it gives one. Raises Refused, Later, Away or Uncertain."""
        ...

    def close(self) -> None: ...


class Texter(Protocol):
    def send(self, text: Text) -> str | None:
        """The provider's name for it, if it gives one. Raises Refused, Later, Away or Uncertain."""
        ...

    def close(self) -> None: ...
