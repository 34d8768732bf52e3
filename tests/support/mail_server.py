"""A real mail server on this machine, which answers as a test tells it to."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class PostOffice:
    """What came in, and how the server answers. Addresses that nothing is said of are accepted."""

    port: int = 0
    takes_many_at_once: bool = True  # several commands in one go (RFC 2920)
    letters: list[tuple[str, bytes]] = field(default_factory=list)  # to whom, and what
    connections: int = 0
    most_unanswered: int = 1  # commands that had come in before the first of them was answered
    at_recipient: dict[str, str] = field(default_factory=dict)  # address → answer to RCPT
    at_text: dict[str, str] = field(default_factory=dict)  # address → answer after the text
    at_sender: str = ""  # answer to MAIL, if it is not "yes"
    hangs_up_after_text: set[str] = field(default_factory=set)  # it has the letter, and its answer is lost
    silent_after_text: set[str] = field(default_factory=set)  # it has the letter, and waits until somebody hangs up
    hangs_up_before_text: set[str] = field(default_factory=set)

    def sent_to(self, address: str) -> int:
        return sum(to == address for to, _ in self.letters)

    def messages(self, to: str) -> list[EmailMessage]:
        found = [
            email.message_from_bytes(data, policy=email.policy.default) for whom, data in self.letters if whom == to
        ]
        return [message for message in found if isinstance(message, EmailMessage)]

    # ---- what aiosmtpd calls -------------------------------------------------------------------------

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, lines: list[str]) -> list[str]:
        session.host_name = name
        self.connections += 1
        return [*lines[:-1], "250-PIPELINING", lines[-1]] if self.takes_many_at_once else lines

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        # What has come in already, and is not answered: the server reads it line by line.
        waiting = bytes(server._reader._buffer)
        self.most_unanswered = max(self.most_unanswered, 1 + waiting.count(b"\r\n"))
        if self.at_sender:
            return self.at_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address in self.hangs_up_before_text:
            server.transport.abort()
        if address in self.at_recipient:
            return self.at_recipient[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answers = [self.at_text[to] for to in envelope.rcpt_tos if to in self.at_text]
        if answers:
            return answers[0]
        self.letters += [(to, envelope.content) for to in envelope.rcpt_tos]
        if self.hangs_up_after_text.intersection(envelope.rcpt_tos):
            server.transport.abort()
        while self.silent_after_text.intersection(envelope.rcpt_tos) and not server._reader.at_eof():
            await asyncio.sleep(0.02)
        return "250 taken"


@contextmanager
def running(
    *, password: str = "", certificate: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> Iterator[PostOffice]:
    """A server that is listening. With a certificate it offers STARTTLS, and may then want a password of `ada`."""
    office = PostOffice(port=port or free_port())

    def let_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        is_ada = (data.login, data.password) == (b"ada", password.encode())
        return AuthResult(success=is_ada, handled=False)  # the server says so itself

    controller = Controller(
        office,
        hostname=host,
        port=office.port,
        enable_SMTPUTF8=True,
        tls_context=certificate,
        authenticator=let_in if password else None,
        auth_required=bool(password),
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
