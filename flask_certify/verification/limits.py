"""How many unknown codes one client may try (R-145). Sixty random bits are enough because attempts are few.

Known codes never count, so a hall of people may scan through one address. Nor do files that are handed in: they name a
credential by 122 random bits or by their hash, which nobody guesses, and what reading one may cost, and how many are
read at once, is bounded where it is read (`credentials.attachments`, `presented.LARGEST`). A host with several
processes, or with a limiter of its own, plugs something they share: `plug(app, limiter)`.
"""

import ipaddress
import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from flask import Flask

_PLACE = "certify.code_limiter"


class Limiter(Protocol):
    """Counts the unknown codes of a client. `client` is what `client_of` made of the network address."""

    def seconds_to_wait(self, client: str, now: datetime) -> int:
        """How long until this client may try again; 0: now."""
        ...

    def note_miss(self, client: str, now: datetime) -> None:
        """This client has just tried a code that nobody has."""
        ...


@dataclass
class MovingWindow:
    """At most `most` unknown codes of one client in any stretch of `within`, counted in this process.

    Nothing is written down: an address is forgotten when its misses are too old, or when `clients` others have
    missed since.
    """

    most: int = 30
    within: timedelta = timedelta(minutes=10)
    clients: int = 10_000
    _misses: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def seconds_to_wait(self, client: str, now: datetime) -> int:
        with self._lock:
            misses = self._misses.get(client)
            if misses is None or len(misses) < self.most:
                return 0
            return max(0, math.ceil((misses[0] + self.within - now).total_seconds()))  # no more than `most` are kept

    def note_miss(self, client: str, now: datetime) -> None:
        with self._lock:
            self._misses.setdefault(client, deque(maxlen=self.most)).append(now)
            self._misses.move_to_end(client)
            self._forget(now)

    def _forget(self, now: datetime) -> None:
        """Drops clients from the one whose last miss is longest ago."""
        while self._misses:
            longest_ago = next(iter(self._misses))
            if len(self._misses) <= self.clients and self._misses[longest_ago][-1] > now - self.within:
                return
            del self._misses[longest_ago]


def plug(app: Flask, limiter: Limiter) -> None:
    """From now on this application counts with the host's limiter."""
    app.extensions[_PLACE] = limiter


def limiter_of(app: Flask) -> Limiter:
    """The limiter of this application; a moving window of its own unless the host plugged another."""
    limiter: Limiter = app.extensions.setdefault(_PLACE, MovingWindow())
    return limiter


def client_of(address: str | None) -> str:
    """Whom attempts are counted against. A home has 2⁶⁴ addresses of IPv6, so these count as their network.

    Behind a proxy every address is the proxy's, so that one guesser stops everybody, unless the host says which headers
    it trusts (ProxyFix).
    """
    if address is None or ":" not in address:
        return address or ""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False).network_address)
