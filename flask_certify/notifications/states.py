"""The life of a message.

    queued ──▶ sending ──▶ sent
      ▲  │        ├──────▶ failed      the answer was no, and asking again would not help
      │  │        ├──────▶ unknown     no answer came: perhaps it was sent. Never sent again by itself
      └──┼────────┘                    not now: nothing was sent, later is not no
         └───────────────▶ skipped     there is no way to send it: no address, or no channel set up

A crash while `sending` leaves it there, and whoever takes up the chunk makes it `unknown`. Who knows better later,
since their answer came late, may still make `unknown` what it was.
"""

from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
