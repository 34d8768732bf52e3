"""The real client of Twilio, what its answers mean to us, and a way to another server for tests."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from math import isnan
from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from urllib3.exceptions import MaxRetryError, NewConnectionError

from .ports import Away, Later, NotSent, Refused, Uncertain
from .reasons import ASK_FIRST
from .sms import Account

A_PAUSE, LONGEST_WAIT = 5.0, 3600.0  # seconds, if Twilio names none, and at most
A_DAY = timedelta(days=1)  # by which the clocks of two machines may be apart, and more
MOST_LOOKED_AT = 50
OUR_SENDER = frozenset({21212, 21603, 21606, 21611, 21701, 21703})  # its number is wrong, or its queue is full


class Door:
    """An open way to Twilio."""

    def __init__(self, account: Account) -> None:
        self._http = QuietHttpClient(account)
        self._client = Client(account.sid, account.token, http_client=self._http)
        is_service = account.sender.startswith("MG")
        self._sender = {"messaging_service_sid" if is_service else "from_": account.sender}

    def send(self, to: str, body: str, report_to: str = "") -> str | None:
        """Twilio's name for the message. Raises Refused, Later, Away or Uncertain."""
        reporting = {"status_callback": report_to} if report_to else {}
        try:
            made = self._client.messages.create(to=to, body=body, **self._sender, **reporting)
        except TwilioRestException as error:
            raise named(error, self._http.retry_after) from None
        except requests.RequestException as error:
            raise _no_answer(error) from None
        except (TwilioException, ValueError):  # an answer, but none that can be read
            raise Uncertain("sms.uncertain") from None
        return str(made.sid) if made.sid else None

    def find(self, to: str, body: str, since: datetime, others: Collection[str] = ()) -> str | None:
        """Its name, if Twilio has taken this very text lately: there is no key by which it would know a repetition.

        Those of the others are other messages. Raises Later if it cannot say.
        """
        try:
            found = self._client.messages.list(to=to, limit=MOST_LOOKED_AT)  # the newest first
        except (TwilioException, ValueError, requests.RequestException):
            raise Later(ASK_FIRST, answer=0) from None
        # Twilio could be asked by the day of sending, but what still waits in its queue has none.
        same = [each for each in found if each.body == body and _is_since(each.date_created, since - A_DAY)]
        return next((str(each.sid) for each in same if each.sid not in others), None)

    def close(self) -> None:
        self._http.session.close()


class QuietHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own, to another scheme and host if the account names them, and without its log of requests."""

    def __init__(self, account: Account) -> None:
        super().__init__(timeout=account.seconds)
        self._base = account.base
        self.retry_after: float | None = None
        """What the last answer said: an error of the client does not tell."""
        if self._base:
            self.session.trust_env = False  # another server is near: no proxy stands between

    def request(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        if self._base:
            parts = urlsplit(url)
            url = self._base + parts.path + (f"?{parts.query}" if parts.query else "")
        self.retry_after = None
        answer = super().request(method, url, *more, **named)
        said = answer.headers or {}
        self.retry_after = seconds_to_wait(said.get("Retry-After"), said.get("Date"))
        return answer

    def log_request(self, kwargs: dict[str, Any]) -> None:
        return None

    def log_response(self, status_code: int, response: Any) -> None:
        return None


def _is_since(made: datetime | None, moment: datetime) -> bool:
    return made is None or made >= moment


def seconds_to_wait(said: str | None, answered: str | None = None) -> float | None:
    """What Retry-After asks for, at most an hour; None if it says nothing that can be read.

    It may name a moment instead of seconds (RFC 9110, 10.2.3): then by the clock of whoever answered, for ours may be
    wrong.
    """
    try:
        seconds = float(said or "")
    except ValueError:
        until, now = _moment(said), _moment(answered) or datetime.now(UTC)
        if until is None:
            return None
        seconds = (until - now).total_seconds()
    return None if isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def _moment(said: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime(said or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def named(error: TwilioRestException, wait: float | None = None) -> NotSent:
    """What Twilio's number means. Its words are dropped: they quote the number that was written to."""
    status, answer = int(error.status), int(error.code)
    if status == 429:
        # Never processed, and every other text would hear the same.
        return Away("sms.later", wait=A_PAUSE if wait is None else wait, answer=answer)
    if status in (401, 403, 404):
        return Away("sms.login_refused", answer=answer)
    if answer in OUR_SENDER:
        return Away("sms.sender_refused", answer=answer)
    if 400 <= status < 500:
        return Refused("sms.refused", answer=answer)
    if status in (500, 503) and answer >= 20000:  # its own words: a gateway between us would have no number
        return Later(ASK_FIRST, wait=wait, answer=answer)
    return Uncertain("sms.uncertain")


def _no_answer(error: requests.RequestException) -> NotSent:
    """Without a connection nothing was sent; with one, nobody knows."""
    if isinstance(error, requests.ConnectTimeout) or _was_never_connected(error):
        return Away("sms.away")
    return Uncertain("sms.uncertain")


def _was_never_connected(error: requests.RequestException) -> bool:
    inner = error.args[0] if error.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)
