"""Email by SMTP. One connection serves many letters; it is renewed after an error."""

import smtplib
import ssl
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ..core.settings import Settings, WrongSetting
from .letters import as_sent, compose
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
            smtp = self._introduced(letter.to)
        except OSError:  # smtplib's own errors are of this kind too
            self._drop()
            raise Away("mail.away") from None
        self._hand_over(smtp, as_sent(message))
        return str(message["Message-ID"])

    def close(self) -> None:
        if self._open is not None:
            try:
                self._open.quit()
            except OSError:
                self._drop()
            self._open = None

    def _introduced(self, to: str) -> smtplib.SMTP:
        """A connection on which sender and recipient were accepted."""
        smtp = self._connected()
        options = [] if to.isascii() else ["SMTPUTF8"]
        try:
            code, _ = smtp.mail(self._sender, options)
        except smtplib.SMTPNotSupportedError:  # the server knows no letters but English ones in addresses
            raise Refused("mail.unusable_address") from None
        except smtplib.SMTPServerDisconnected:  # it had waited long enough; a new one is as good
            self._drop()
            smtp = self._connected()
            code, _ = smtp.mail(self._sender, options)
        if code != 250:  # it is about us, not about this recipient: the others wait as well
            self._drop()
            raise Away("mail.sender_refused", answer=code)
        code, _ = smtp.rcpt(to)
        if code not in (250, 251):
            self._start_over(smtp, code)
            raise _named(code)
        return smtp

    def _hand_over(self, smtp: smtplib.SMTP, wire: bytes) -> None:
        """After the text has gone out, only the server's answer tells whether it took it."""
        try:
            code, _ = smtp.data(wire)
        except smtplib.SMTPDataError as error:  # refused before the text
            code = error.smtp_code
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
        server, safely = self.server, ssl.create_default_context()
        # Our name is given, since smtplib would otherwise ask the network what this machine is called.
        if server.encrypted_from_the_start:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, self._our_name, timeout=self._seconds, context=safely
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, self._our_name, timeout=self._seconds)
        try:
            self._log_in(smtp, safely)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _log_in(self, smtp: smtplib.SMTP, safely: ssl.SSLContext) -> None:
        server, is_safe = self.server, self.server.encrypted_from_the_start
        smtp.ehlo_or_helo_if_needed()
        if not is_safe and smtp.has_extn("starttls"):
            smtp.starttls(context=safely)
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
