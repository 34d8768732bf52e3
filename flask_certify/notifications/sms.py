"""SMS through Twilio's own client."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote

from ..core.settings import Settings, WrongSetting
from .contacts import usable_number
from .outbox import OutboxTexter
from .ports import Text, Texter

if TYPE_CHECKING:
    from .twilio_client import Door

SECONDS = 20.0
STATUS_HOOK = "/hooks/sms/status"
REPLY_HOOK = "/hooks/sms/reply"

_URL = re.compile(r"twilio://(?P<sid>[^:@/?]+):(?P<token>[^:@/?]+)@(?P<sender>[^:@/?]+)/?(?:\?(?P<options>.*))?")


@dataclass(frozen=True, slots=True)
class Account:
    """Who sends. `sender` is a number, or a messaging service (`MG…`), which chooses one."""

    sid: str
    token: str = field(repr=False)
    sender: str
    base: str = ""  # another server that speaks the same language, for example a stub; empty: Twilio's
    seconds: float = SECONDS


def make_texter(settings: Settings) -> Texter | None:
    """The way the settings name, not connected yet; None if they name none. Raises WrongSetting."""
    kind, _, rest = settings.sms.partition(":")
    match kind:
        case "":
            return None
        case "outbox" if rest:
            return OutboxTexter(rest)
        case "twilio":
            account = _account(settings.sms)
            is_reachable = settings.public_url.startswith("https://") or bool(account.base)
            return TwilioTexter(account, f"{settings.base}{STATUS_HOOK}" if is_reachable else "")
    raise _wrong()


def preload(settings: Settings) -> None:
    """Loads Twilio's client, if it is the way: for a worker that will fork who sends."""
    if settings.sms.startswith("twilio:"):
        from . import twilio_client  # noqa: F401


class TwilioTexter:
    """Hands texts to Twilio. Its client is large, so it is imported by whoever sends, and by nobody else."""

    def __init__(self, account: Account, hook: str = "") -> None:
        self.account = account
        self._hook = hook  # where Twilio tells what became of a text; empty: it does not
        self._door: Door | None = None
        self._named: set[str] = set()  # of those that were sent just now

    def send(self, text: Text) -> str | None:
        to = usable_number(text.to)
        if self._door is None:
            from .twilio_client import Door

            self._door = Door(self.account)
        if text.maybe_sent_at is not None:
            name = self._door.find(to, text.body, text.maybe_sent_at, text.others | self._named)
            if name is not None:
                self._named.add(name)
                return name
        report_to = f"{self._hook}?m={text.message_id}" if self._hook else ""
        name = self._door.send(to, text.body, report_to)
        if name is not None:
            self._named.add(name)
        return name

    def close(self) -> None:
        if self._door is not None:
            self._door.close()
            self._door = None


def account_of(settings: Settings) -> Account | None:
    """The account with Twilio, if SMS leave by one."""
    return _account(settings.sms) if settings.sms.startswith("twilio:") else None


def _account(url: str) -> Account:
    """Raises WrongSetting; the URL holds a token, so the sentence does not quote it.

    Not by urlsplit, which writes the part after the @ in small letters.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise _wrong()
    options = parse_qs(found["options"] or "")
    try:
        seconds = float(options.get("timeout", [str(SECONDS)])[0])
    except ValueError:
        raise _wrong() from None
    return Account(
        sid=unquote(found["sid"]),
        token=unquote(found["token"]),
        sender=unquote(found["sender"]),
        base=options.get("base", [""])[0].rstrip("/"),
        seconds=seconds,
    )


def _wrong() -> WrongSetting:
    return WrongSetting(
        key="CERTIFY_SMS", why="it must be like twilio://ACCOUNT_SID:AUTH_TOKEN@+15550001111 or outbox:DIRECTORY."
    )
