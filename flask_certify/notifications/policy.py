"""When a tenant's messages go out, which of them do, and who wants none: rules that each pass over a chunk looks at."""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm

from ..core.runtime import Runtime
from .models import MessageRules, MessageSwitch, OptOut, StoppedNumber
from .shipped import kind_of
from .states import Channel

DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nothing is sent: minutes after midnight, by the clocks of the tenant's zone."""

    begins: int
    ends: int

    def covers(self, minute: int) -> bool:
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends

    def __str__(self) -> str:
        return f"{_clock(self.begins)}-{_clock(self.ends)}"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one tenant."""

    quiet: Quiet | None = None
    region: str | None = None
    off: frozenset[tuple[str, str]] = field(default_factory=frozenset)  # event and channel

    def is_off(self, event: str, channel: str) -> bool:
        return (kind_of(event), channel) in self.off


def policy_of(session: orm.Session, tenant_ref: str) -> Policy:
    rules = session.get(MessageRules, tenant_ref)
    off = session.execute(
        sa.select(MessageSwitch.event, MessageSwitch.channel).where(
            MessageSwitch.tenant_ref == tenant_ref, MessageSwitch.is_on.is_(False)
        )
    )
    quiet = None
    if rules and rules.quiet_from is not None and rules.quiet_until is not None:
        quiet = Quiet(rules.quiet_from, rules.quiet_until)
    return Policy(quiet, rules.region if rules else None, frozenset((row.event, row.channel) for row in off))


def quiet_ends(quiet: Quiet | None, zone: str, now: datetime) -> datetime | None:
    """When it is over, if it is quiet now. An hour that the clocks go through twice is quiet both times."""
    if quiet is None:
        return None
    here = now.astimezone(ZoneInfo(zone))
    if not quiet.covers(here.hour * 60 + here.minute):
        return None
    at = time(quiet.ends // 60, quiet.ends % 60)
    ends = []
    for day in (here.date(), here.date() + timedelta(days=1)):
        for fold in (0, 1):
            local = datetime.combine(day, at.replace(fold=fold), ZoneInfo(zone))
            ends.append(local.astimezone(UTC))
    return min(each for each in ends if each > now and not _is_quiet(quiet, zone, each))


def _is_quiet(quiet: Quiet, zone: str, moment: datetime) -> bool:
    there = moment.astimezone(ZoneInfo(zone))
    return quiet.covers(there.hour * 60 + there.minute)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# ---- who wants none --------------------------------------------------------------------------------


def opted_out(session: orm.Session, tenant_ref: str, refs: Collection[str]) -> set[tuple[str, Channel]]:
    """Learners and channels by which they want to hear nothing of this tenant."""
    found = session.execute(
        sa.select(OptOut.recipient, OptOut.channel).where(OptOut.tenant_ref == tenant_ref, OptOut.recipient.in_(refs))
    )
    return {(row.recipient, Channel(row.channel)) for row in found}


def stopped(session: orm.Session, rt: Runtime, numbers: Mapping[str, str]) -> set[str]:
    """Whose numbers, of these by learner, have answered STOP."""
    marks = {mark: ref for ref, number in numbers.items() for mark in marks_of(rt, number)}
    if not marks:
        return set()
    found = session.scalars(sa.select(StoppedNumber.mark).where(StoppedNumber.mark.in_(marks)))
    return {marks[mark] for mark in found}


def marks_of(rt: Runtime, number: str) -> list[str]:
    """What is kept of a number: one mark for each master key, the newest first."""
    keys = rt.settings.master_keys
    return [
        hmac.new(keys[version], b"stopped number\0" + number.encode(), hashlib.sha256).hexdigest()
        for version in sorted(keys, reverse=True)
    ]
