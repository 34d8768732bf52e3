"""The real client of Twilio, what its answers mean to us, and a way to another server for tests."""

from typing import Any
from urllib.parse import urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]
from urllib3.exceptions import MaxRetryError, NewConnectionError

from .ports import Away, NotSent, Refused, Uncertain
from .sms import Account

OUR_SENDER = frozenset({21212, 21603, 21606, 21611, 21701, 21703})  # its number is wrong, or its queue is full


class Door:
    """An open way to Twilio."""

    def __init__(self, account: Account) -> None:
        self._http = QuietHttpClient(account)
        self._client = Client(account.sid, account.token, http_client=self._http)
        is_service = account.sender.startswith("MG")
        self._sender = {"messaging_service_sid" if is_service else "from_": account.sender}

    def send(self, to: str, body: str) -> str | None:
        """Twilio's name for the message. Raises Refused, Away or Uncertain."""
        try:
            made = self._client.messages.create(to=to, body=body, **self._sender)
        except TwilioRestException as error:
            raise named(error) from None
        except requests.RequestException as error:
            raise _no_answer(error) from None
        except (TwilioException, ValueError):  # an answer, but none that can be read
            raise Uncertain("sms.uncertain") from None
        return str(made.sid) if made.sid else None

    def close(self) -> None:
        self._http.session.close()


class QuietHttpClient(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's own, to another scheme and host if the account names them, and without its log of requests."""

    def __init__(self, account: Account) -> None:
        super().__init__(timeout=account.seconds)
        self._base = account.base
        if self._base:
            self.session.trust_env = False  # another server is near: no proxy stands between

    def request(self, method: str, url: str, *more: Any, **named: Any) -> Any:
        if self._base:
            parts = urlsplit(url)
            url = self._base + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().request(method, url, *more, **named)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        return None

    def log_response(self, status_code: int, response: Any) -> None:
        return None


def named(error: TwilioRestException) -> NotSent:
    """What Twilio's number means. Its words are dropped: they quote the number that was written to."""
    status, answer = int(error.status), int(error.code)
    if status == 429:
        return Away("sms.later", answer=answer)  # never processed, and every other text would hear the same
    if status in (401, 403, 404):
        return Away("sms.login_refused", answer=answer)
    if answer in OUR_SENDER:
        return Away("sms.sender_refused", answer=answer)
    if 400 <= status < 500:
        return Refused("sms.refused", answer=answer)
    return Uncertain("sms.uncertain")


def _no_answer(error: requests.RequestException) -> NotSent:
    """Without a connection nothing was sent; with one, nobody knows."""
    if isinstance(error, requests.ConnectTimeout) or _was_never_connected(error):
        return Away("sms.away")
    return Uncertain("sms.uncertain")


def _was_never_connected(error: requests.RequestException) -> bool:
    inner = error.args[0] if error.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)
