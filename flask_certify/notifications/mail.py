"""Email by SMTP. One connection serves many letters; it is renewed after an error."""

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..core.settings import Settings, WrongSetting
from .letters import compose
from .outbox import OutboxMailer
from .ports import Away, Later, Letter, Mailer, Refused, Uncertain

SECONDS = 20.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Server:
    """Where email is handed in."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    encrypted_from_the_start: bool = False  # smtps; else STARTTLS where offered


def make_mailer(settings: Settings) -> Mailer | None:
    """The way the settings name, not connected yet; None if they name none. Raises WrongSetting."""
    kind, _, rest = settings.mail.partition(":")
    match kind:
        case "":
            return None
        case "outbox" if rest:
            return OutboxMailer(rest, settings.mail_from)
        case "smtp" | "smtps":
            ours = urlsplit(settings.public_url).hostname or "localhost"
            return SmtpMailer(_server(settings.mail), settings.mail_from, ours)
    raise _wrong()


class SmtpMailer:
    """Hands letters to a mail server."""

    def __init__(self, server: Server, sender: str, our_name: str, seconds: float = SECONDS) -> None:
        self.server, self._sender, self._our_name, self._seconds = server, sender, our_name, seconds
        self._open: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> str | None:
        """The Message-ID. Until the server has the text, any trouble means that nothing was sent."""
        message = compose(letter, self._sender)
        try:
            smtp = self._ready(message.to)
        except OSError:  # smtplib's own errors are of this kind too
            self._drop()
            raise Away("mail.away") from None
        self._hand_over(smtp, message.wire)
        return message.message_id

    def close(self) -> None:
        if self._open is not None:
            try:
                self._open.quit()
            except OSError:
                self._drop()
            self._open = None

    def _ready(self, to: str) -> smtplib.SMTP:
        """A connection that waits for the text: sender and recipient were accepted. Asked in one go where the server
        allows that (RFC 2920), since each question otherwise waits for the answer to the one before."""
        smtp = self._connected()
        if not to.isascii() and not smtp.has_extn("smtputf8"):
            raise Refused("mail.unusable_address")
        try:
            answers = self._introduce(smtp, to)
        except (smtplib.SMTPServerDisconnected, ConnectionError):  # it had waited long enough; a new one is as good
            self._drop()
            smtp = self._connected()
            answers = self._introduce(smtp, to)
        codes = answers + [0] * (3 - len(answers))
        if codes == [250, 250, 354] or codes == [250, 251, 354]:
            return smtp
        if codes[2] == 354:  # it wants the text of a letter that is for nobody
            smtp.send(b"\r\n.\r\n")
            smtp.getreply()
        if codes[0] != 250:  # it is about us, not about this recipient: the others wait as well
            self._drop()
            raise Away("mail.sender_refused", answer=codes[0])
        refused = codes[1] if codes[1] not in (250, 251) else codes[2]
        self._start_over(smtp, refused)
        raise _named(refused)

    def _introduce(self, smtp: smtplib.SMTP, to: str) -> list[int]:
        """The server's answers to sender, recipient and the announcement of the text; as far as it got."""
        options = "" if to.isascii() else " SMTPUTF8"
        said = [f"MAIL FROM:<{self._sender}>{options}", f"RCPT TO:<{to}>", "DATA"]
        if smtp.has_extn("pipelining"):
            smtp.send("".join(f"{each}\r\n" for each in said).encode())
            return [smtp.getreply()[0] for _ in said]
        answers: list[int] = []
        for each in said:
            smtp.send(f"{each}\r\n".encode())
            answers.append(smtp.getreply()[0])
            if answers[-1] not in (250, 251, 354):
                break
        return answers

    def _hand_over(self, smtp: smtplib.SMTP, wire: bytes) -> None:
        """After the text has gone out, only the server's answer tells whether it took it."""
        try:
            smtp.send(_dotted(wire))
            code, _ = smtp.getreply()
        except OSError:
            self._drop()
            raise Uncertain("mail.uncertain") from None
        if code != 250:
            self._start_over(smtp, code)
            raise _named(code)

    def _connected(self) -> smtplib.SMTP:
        if self._open is None:
            self._open = self._connect()
        return self._open

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        # Our name is given, since smtplib would otherwise ask the network what this machine is called.
        if server.encrypted_from_the_start:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, self._our_name, timeout=self._seconds, context=ssl.create_default_context()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, self._our_name, timeout=self._seconds)
        try:
            self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        server, is_safe = self.server, self.server.encrypted_from_the_start
        smtp.ehlo_or_helo_if_needed()
        if not is_safe and smtp.has_extn("starttls"):
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
            is_safe = True
        if not server.user:
            return
        if not is_safe and server.host not in LOOPBACK:
            raise Away("mail.not_encrypted")
        try:
            smtp.login(server.user, server.password)
        except smtplib.SMTPException:  # some servers say no, others hang up
            raise Away("mail.login_refused") from None

    def _start_over(self, smtp: smtplib.SMTP, code: int) -> None:
        """The next letter finds the connection as new, or makes one."""
        if code == 421:  # the server is about to hang up
            self._drop()
            return
        try:
            smtp.rset()
        except OSError:
            self._drop()

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def _dotted(wire: bytes) -> bytes:
    """The text as it stands on the line: a line that begins with a point gets another, and a lone one ends it."""
    return re.sub(rb"(?m)^\.", b"..", wire) + (b"" if wire.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _named(code: int) -> Later | Refused:
    """What the server's number means for this letter (RFC 5321, 4.2.1)."""
    if code == 421:
        return Away("mail.away")
    return Later("mail.later", answer=code) if 400 <= code < 500 else Refused("mail.refused", answer=code)


def _server(url: str) -> Server:
    """Raises WrongSetting; the URL holds a password, so the sentence does not quote it."""
    try:
        parts = urlsplit(url)
        is_encrypted = parts.scheme == "smtps"
        port = parts.port or (465 if is_encrypted else 587 if parts.username else 25)
    except ValueError:
        raise _wrong() from None
    if not parts.hostname:
        raise _wrong()
    return Server(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""), is_encrypted)


def _wrong() -> WrongSetting:
    return WrongSetting(
        key="CERTIFY_MAIL", why="it must be like smtp://user:password@host:587, smtps://host or outbox:DIRECTORY."
    )
