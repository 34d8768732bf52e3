"""Settings: one page. Each is a typed field with its default and, beneath it, a sentence of meaning.

They are read once, at installation, from the application's configuration: `CERTIFY_` and the name in capitals.
A misspelt key stops the start and names the nearest known one.
"""

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from typing import Any, Self
from urllib.parse import urlsplit

from . import languages
from .errors import MasterKeyMissing, Misconfigured
from .i18n import N_

PREFIX = "CERTIFY_"
RESERVED_SLUGS = frozenset(
    [
        "v",
        "V",
        "verify",
        "static",
        "me",
        "runs",
        "awards",
        "batches",
        "bundles",
        "api",
        "healthz",
        "readyz",
        "metrics",
        "hooks",
        "share",
        "templates",
        "support",
        "ob2",
        "messages",
        "stop",
    ]
)
_SLUG = re.compile(r"[a-z0-9-]{1,40}")


class UnknownSetting(Misconfigured):
    code = "settings.unknown"
    sentence = N_("There is no setting %(key)s. Did you mean %(nearest)s?")


class WrongSetting(Misconfigured):
    code = "settings.wrong"
    sentence = N_("The setting %(key)s cannot be used: %(why)s")


class MissingSetting(Misconfigured):
    code = "settings.missing"
    sentence = N_("The setting %(key)s is missing: %(why)s")


@dataclass(frozen=True)
class Settings:
    public_url: str
    """The address under which everybody reaches the application, without a path, for example
    https://certs.example.org. Printed in every QR code, so it is for ever. https, except on loopback."""

    url_prefix: str = "/certify"
    """Where our pages begin, below the public address."""

    master_key: str = field(default="", repr=False)
    """Seals the issuers' private keys: 32 bytes as 64 hexadecimal digits. Several, for rotation: `1:<hex>,2:<hex>`;
    the highest number seals, all of them open. No default: make your own and keep it apart from the database."""

    redis_url: str = field(default="", repr=False)
    """Redis or Valkey, for example redis://127.0.0.1:6379/0. Without it work is accepted and recorded, and is
    done when a worker with a queue, or a command with --wait, comes by."""

    queue: str = "certify"
    """How the names of our queues in Redis begin."""

    lease_seconds: int = 90
    """How long a worker may keep a chunk of work without a sign of life before another takes it over."""

    grace_seconds: int = 20
    """How long a worker that is told to stop may go on with its chunk before it gives it back."""

    retry_seconds: float = 0.25
    """How long something that failed rests before it is tried again; twice as long each further time."""

    night_at: str = ""
    """When the workers begin the night's issue by themselves: 02:30, in UTC. Empty: somebody else does,
    by `flask certify night`."""

    chunk_size: int = 0
    """Learners in one chunk of work, 1 to 5000. 0: chosen so that each worker gets several."""

    languages: tuple[str, ...] = ("en", "hi")
    """Languages in which certificates and messages may be made; the first one is the fallback."""

    notify: bool = True
    """Whether people are told of certificates issued from now on. Issuing goes on either way."""

    mail: str = field(default="", repr=False)
    """How email leaves: smtp://user:password@host:587 (STARTTLS where offered), smtps://…, or outbox:DIRECTORY, which
    writes files instead. Empty: email is not sent, and the ledger says so."""

    mail_from: str = "certificates@localhost"
    """The sender of email."""

    sms: str = field(default="", repr=False)
    """How SMS leave: twilio://ACCOUNT_SID:AUTH_TOKEN@FROM (a number or a messaging service), or outbox:DIRECTORY.
    Empty: SMS are not sent, and the ledger says so."""

    sms_senders: int = 1
    """How many numbers send our SMS: one, or as many as the messaging service has."""

    sms_per_second: float = 1.0
    """Parts of SMS that one of them sends in a second. No more wait at the provider than go out in an hour."""

    hook_secret: str = field(default="", repr=False)
    """Shared with whoever reports bounced email, at least 16 letters. Empty: such reports are refused."""

    log: str = "text"
    """How workers write their log: text, as the application has set it up, or json, one object a line."""

    metrics_token: str = field(default="", repr=False)
    """What Prometheus presents as a bearer token to read our figures. Empty: nobody can read them."""

    host_seconds: float = 30.0
    """An answer of the learning platform that takes longer than this many seconds is logged as late."""

    automatic: bool = False
    """Whether a learner who passes is issued to as soon as the platform says so (R-068). Else the night does it, or a
    mentor."""

    identity_required: bool = False
    """Whether an approved identity is asked for in every course run (R-057). Else each run says so for itself."""

    honor_earns: bool = True
    """Whether enrolments of the mode `honor` earn certificates (R-058)."""

    undo_days: int = 14
    """How many days a re-issue by mistake can be taken back (R-103)."""

    correction_days: int = 90
    """For how many days after the issue a learner may ask for another name on a certificate (R-184)."""

    renewal_days: tuple[int, ...] = ()
    """How many days before a certificate expires its holder is reminded, for example 90 30 7, once for each (R-114).
    The largest opens the time in which it can be renewed. Empty: nobody is reminded, and it can be renewed any time."""

    check_every: int = 1000
    """Of credentials that are signed together the first, the last and one in so many are computed again by the full
    algorithm; one that differs stops the batch. 1: each of them, at forty times the cost."""

    qr_shows: str = "both"
    """What QR codes lead to, those printed long ago included (R-146): `certificate`, its page; `both`, the page with a
    link to the video that the host names; `video`, if valid straight to the video. Typed codes lead to the page."""

    count_seconds: float = 2.0
    """How long clicks and scans are gathered before they are written together. 0: each request writes its own."""

    list_limit: int = 10_000
    """Learners a dashboard lists at most (R-122)."""

    files: str = ""
    """Where ZIP bundles are kept until they are fetched: a folder that web and workers both see, or s3://bucket/prefix
    (extra `s3`). Empty: the folder `certify-files` in Flask's instance folder."""

    part_megabytes: int = 200
    """How large one ZIP file of a bundle may be, 1 to 4000 MB."""

    bundle_days: int = 7
    """For how many days a bundle can be fetched before its files are deleted."""

    def __post_init__(self) -> None:
        self._check_address()
        if not 1 <= self.part_megabytes <= 4000:
            raise _wrong("part_megabytes", "it must be from 1 to 4000.")
        if self.bundle_days < 1:
            raise _wrong("bundle_days", "it must be a whole number of days, at least 1.")
        if not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", self.url_prefix):
            raise _wrong("url_prefix", "it must begin with a slash and end without one, for example /certify.")
        if self.lease_seconds < 1:
            raise _wrong("lease_seconds", "it must be a whole number of seconds, at least 1.")
        if self.grace_seconds < 0:
            raise _wrong("grace_seconds", "it must be a whole number of seconds, 0 or more.")
        if not 0 < self.retry_seconds <= 30:
            raise _wrong("retry_seconds", "it must be a number of seconds, above 0 and at most 30.")
        if self.night_at and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", self.night_at):
            raise _wrong("night_at", "it must be a time like 02:30, in UTC.")
        if self.log not in ("text", "json"):
            raise _wrong("log", "it must be text or json.")
        if not 0 <= self.chunk_size <= 5000:
            raise _wrong("chunk_size", "it must be from 0 to 5000.")
        if self.undo_days < 0:
            raise _wrong("undo_days", "it must be a whole number of days, 0 or more.")
        if self.correction_days < 0:
            raise _wrong("correction_days", "it must be a whole number of days, 0 or more.")
        if not all(1 <= each <= 3650 for each in self.renewal_days):
            raise _wrong("renewal_days", "each must be a whole number of days, from 1 to 3650, for example 90 30 7.")
        if not self.languages or not all(isinstance(each, str) and languages.find_tag(each) for each in self.languages):
            raise _wrong("languages", "name at least one language by its code, for example en, hi.")
        if self.redis_url and urlsplit(self.redis_url).scheme not in ("redis", "rediss", "unix"):
            raise _wrong("redis_url", "it must begin with redis://, rediss:// or unix://.")
        if not self.queue.strip():
            raise _wrong("queue", "it must not be empty.")
        if self.sms_senders < 1:
            raise _wrong("sms_senders", "it must be a whole number, at least 1.")
        if not 0 < self.sms_per_second < math.inf:
            raise _wrong("sms_per_second", "it must be a number above 0.")
        if self.hook_secret and len(self.hook_secret) < 16:
            raise _wrong("hook_secret", "it must have at least 16 letters.")
        if not 0 < self.host_seconds < math.inf:
            raise _wrong("host_seconds", "it must be a number of seconds above 0.")
        if not 1 <= self.check_every <= 100_000:
            raise _wrong("check_every", "it must be from 1 to 100000.")
        if self.qr_shows not in ("certificate", "video", "both"):
            raise _wrong("qr_shows", "it must be certificate, video or both.")
        if not 1 <= self.list_limit <= 1_000_000:
            raise _wrong("list_limit", "it must be from 1 to 1000000.")
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(self.mail_from)[1]):
            raise _wrong("mail_from", "it must be an email address.")
        _ = self.master_keys  # a wrong one is told at the start

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Self:
        """The settings among the application's configuration.

        Raises UnknownSetting, MissingSetting and WrongSetting, all of which stop the start.
        """
        known = {PREFIX + each.name.upper(): each for each in fields(cls)}
        given = {key: value for key, value in config.items() if key.startswith(PREFIX)}
        for key in given:
            if key not in known:
                nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
                raise UnknownSetting(key=key, nearest=nearest)
        if not given.get("CERTIFY_PUBLIC_URL"):
            raise MissingSetting(
                key="CERTIFY_PUBLIC_URL",
                why="give the address of this site, for example https://certs.example.org; it is printed in QR codes.",
            )
        return cls(**{known[key].name: _typed(known[key], value) for key, value in given.items() if value is not None})

    @property
    def base(self) -> str:
        """Where our pages begin, as strangers see it: `https://certs.example.org/certify`."""
        return self.public_url + self.url_prefix

    @property
    def master_keys(self) -> Mapping[int, bytes]:
        """By version; empty if none is set."""
        keys: dict[int, bytes] = {}
        for part in filter(None, (each.strip() for each in self.master_key.split(","))):
            version, _, digits = part.rpartition(":")
            try:
                number, key = int(version or 1), bytes.fromhex(digits)
            except ValueError:
                raise _wrong("master_key", "it must be 64 hexadecimal digits, or 1:<digits>,2:<digits>.") from None
            if len(key) != 32 or not 1 <= number <= 255 or number in keys:
                raise _wrong("master_key", "each key must have 64 hexadecimal digits and a version from 1 to 255.")
            keys[number] = key
        return keys

    def require_master_keys(self) -> Mapping[int, bytes]:
        """The same. Raises MasterKeyMissing if there is none."""
        keys = self.master_keys
        if not keys:
            raise MasterKeyMissing()
        return keys

    def _check_address(self) -> None:
        parts = urlsplit(self.public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
            raise _wrong("public_url", "it must be like https://certs.example.org, without a path or a final slash.")
        try:
            _ = parts.port
        except ValueError:
            raise _wrong("public_url", "its port must be a number up to 65535.") from None
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise _wrong("public_url", "it must begin with https://, or verifiers will refuse every certificate.")


def is_slug(text: str) -> bool:
    """Whether it may stand in addresses as the name of a tenant: `[a-z0-9-]{1,40}`, no word of our routes."""
    return _SLUG.fullmatch(text) is not None and text not in RESERVED_SLUGS


def _wrong(name: str, why: str) -> WrongSetting:
    return WrongSetting(key=PREFIX + name.upper(), why=why)


def _typed(setting: Any, value: Any) -> Any:
    """The value as the field's type. Text from the environment is read as what it stands for."""
    kind = setting.type
    if kind is str and isinstance(value, str):
        return value.strip().rstrip("/") if setting.name in ("public_url", "url_prefix") else value.strip()
    if kind is bool:
        named = {
            "1": True,
            "true": True,
            "yes": True,
            "on": True,
            "0": False,
            "false": False,
            "no": False,
            "off": False,
        }
        found = value if isinstance(value, bool) else named.get(str(value).strip().lower())
        if found is None:
            raise _wrong(setting.name, "it must be true or false.")
        return found
    if kind in (int, float):
        try:
            number = kind(value)
        except (TypeError, ValueError):
            raise _wrong(setting.name, "it must be a number.") from None
        if isinstance(value, float) and number != value and not math.isnan(value):
            raise _wrong(setting.name, "it must be a whole number.")
        return number
    if setting.name == "renewal_days":
        return _days(value)
    if setting.name == "languages" and isinstance(value, (str, tuple, list)):
        codes = value.replace(",", " ").split() if isinstance(value, str) else value
        return tuple(dict.fromkeys(languages.spelled(each) if isinstance(each, str) else each for each in codes))
    raise _wrong(setting.name, "it must be text.")


def _days(value: Any) -> tuple[int, ...]:
    """The most first, each once."""
    parts = value.replace(",", " ").split() if isinstance(value, str) else value
    try:
        return tuple(sorted({int(each) for each in parts}, reverse=True))
    except (TypeError, ValueError):
        raise _wrong("renewal_days", "give whole numbers of days, for example 90 30 7.") from None
