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


@dataclass(frozen=True, slots=True)
class Text:
    """An SMS. `to` is E.164; it and the body hold personal data."""

    message_id: UUID
    to: str
    body: str


class NotSent(Exception):
    """It was not sent, or nobody knows. The code is one of `reasons`; the details never quote an answer in words,
    since servers repeat addresses in them."""

    def __init__(self, code: str, **details: int | str) -> None:
        self.code = code
        self.details = details
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
