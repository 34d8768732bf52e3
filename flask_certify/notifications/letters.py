"""An email as it travels.

Put together here and not by `EmailMessage`, which reads each header it writes: that took longer than all the rest of
sending. What others may have typed goes through `email.header`, and a line break in a header is refused.
"""

from base64 import encodebytes
from dataclasses import dataclass
from email.header import Header
from email.utils import format_datetime, quote

from .contacts import usable_email
from .ports import Letter, Refused

LONGEST_LINE = 76


@dataclass(frozen=True, slots=True)
class Envelope:
    """A letter ready for the server. Its wire form holds personal data."""

    to: str
    message_id: str
    wire: bytes


def compose(letter: Letter, sender: str) -> Envelope:
    """The letter with all its headers. Raises Refused for an address that is none, or would break a header.

    The Message-ID comes from the row of the ledger, so that a letter that arrives twice can be recognised. Two bodies
    say the same, and all that travels is plain letters, but for an address that has others.
    """
    to = usable_email(letter.to)
    message_id = f"<{letter.message_id}@{sender.rpartition('@')[2]}>"
    between = f"=_{letter.message_id.hex}"
    headers = [
        ("From", f"{_phrase('From', letter.sender_name)}\r\n <{sender}>" if letter.sender_name else sender),
        ("To", to),
        ("Subject", _text("Subject", letter.subject)),
        ("Date", format_datetime(letter.written_at)),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),  # no holiday notes in answer, please
    ]
    if letter.stop_url:  # one click, without a page between (RFC 8058)
        headers += [
            ("List-Unsubscribe", f"<{letter.stop_url}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
    headers += [
        ("MIME-Version", "1.0"),
        ("Content-Language", letter.language),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{between}"'),
    ]
    if any("\n" in value.replace("\r\n ", "") or "\r" in value.replace("\r\n ", "") for _, value in headers):
        raise Refused("mail.unusable_address")
    lines = [f"{name}: {value}" for name, value in headers]
    for kind, body in (("plain", letter.text), ("html", letter.html)):
        lines += ["", f"--{between}", *_part(kind, body)]
    lines += [f"--{between}--", ""]
    return Envelope(to, message_id, "\r\n".join(lines).encode())


def _part(kind: str, body: str) -> list[str]:
    """A body in base64: the same size in every script, and no line of it is anything but text."""
    coded = encodebytes(body.replace("\r\n", "\n").replace("\n", "\r\n").encode()).decode().rstrip("\n")
    return [
        f'Content-Type: text/{kind}; charset="utf-8"',
        "Content-Transfer-Encoding: base64",
        "",
        coded.replace("\n", "\r\n"),
    ]


def _phrase(name: str, text: str) -> str:
    """A name before an address."""
    return f'"{quote(text)}"' if _is_plain(text) else _text(name, text)


def _text(name: str, text: str) -> str:
    """Words in a header; those that are not plain, or too long for a line, are encoded (RFC 2047)."""
    if "\n" in text or "\r" in text:
        raise Refused("mail.unusable_address")
    if _is_plain(text):
        return text
    return Header(text, "utf-8", LONGEST_LINE, name).encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) < LONGEST_LINE - 12 and "=?" not in text
