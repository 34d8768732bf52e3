"""What a tenant decides about its messages: quiet hours, the country of numbers, and what is told by which way."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..awards.models import Award
from ..core import audit, outbox
from ..core.db import upsert
from ..core.errors import BadInput, Conflict
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import reasons
from .models import Message, MessageRules, MessageSwitch
from .policy import Policy, Quiet, policy_of
from .service import CHUNK, DELIVER
from .shipped import TITLES
from .states import Channel, State

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class NotQuietHours(BadInput):
    code = "messages.not_quiet_hours"
    sentence = N_("Quiet hours are two different times, like 21:00 and 08:00.")


class NotARegion(BadInput):
    code = "messages.not_a_region"
    sentence = N_("%(region)s is no country whose phone numbers can be read. Give two letters, like IN.")


class NoSuchSwitch(BadInput):
    code = "messages.no_such_switch"
    sentence = N_("Nobody is told of %(event)s by %(channel)s.")


class OthersByNow(Conflict):
    code = "messages.others_by_now"
    sentence = N_("Others would be told by now than those that were shown. Look again, and confirm that.")


@dataclass(frozen=True, slots=True)
class Touched:
    """Whom turning a switch on would touch: those who were not told while it was off, by course run. Confirming with
    the token tells these too; without it, only what happens from then on is told."""

    runs: Mapping[str, int]
    token: str

    @property
    def learners(self) -> int:
        return sum(self.runs.values())


def get_policy(rt: Runtime, tenant_ref: str) -> Policy:
    with rt.reading() as session:
        return policy_of(session, tenant_ref)


def set_quiet(rt: Runtime, tenant_ref: str, begins: str, ends: str, actor: str) -> Policy:
    """Nothing is sent between these times of the tenant's day; both empty: it is sent at any time.

    Raises NotQuietHours.
    """
    quiet = None
    if begins.strip() or ends.strip():
        found = [_TIME.fullmatch(each.strip()) for each in (begins, ends)]
        minutes = [int(each[1]) * 60 + int(each[2]) for each in found if each]
        if len(minutes) != 2 or minutes[0] == minutes[1]:
            raise NotQuietHours()
        quiet = Quiet(*minutes)
    return _save(rt, tenant_ref, replace(get_policy(rt, tenant_ref), quiet=quiet), actor)


def set_region(rt: Runtime, tenant_ref: str, region: str, actor: str) -> Policy:
    """Numbers without a country are read as of this one; empty: they cannot be used. Raises NotARegion."""
    from .phones import is_region

    code = region.strip().upper()
    if code and not is_region(code):
        raise NotARegion(region=code[:20])
    return _save(rt, tenant_ref, replace(get_policy(rt, tenant_ref), region=code or None), actor)


def _save(rt: Runtime, tenant_ref: str, policy: Policy, actor: str) -> Policy:
    now = rt.clock.now()
    row = {
        "tenant_ref": tenant_ref,
        "quiet_from": policy.quiet.begins if policy.quiet else None,
        "quiet_until": policy.quiet.ends if policy.quiet else None,
        "region": policy.region,
        "changed_at": now,
        "changed_by": actor,
    }
    with rt.transaction() as tx:
        upsert(tx.session, MessageRules, [row], keys=["tenant_ref"])
        details = {"quiet": str(policy.quiet or ""), "region": policy.region or ""}
        _note(rt, tx, tenant_ref, actor, "messages.rules", "rules", **details)
    return policy


# ---- switches --------------------------------------------------------------------------------------


def turn_off(rt: Runtime, tenant_ref: str, event: str, channel: str, actor: str) -> None:
    """Nobody is told of this event by this way any more, nor those whose message waits. Issuing goes on."""
    _turn(rt, tenant_ref, event, channel, actor, is_on=False)


def touched(rt: Runtime, tenant_ref: str, event: str, channel: str) -> Touched:
    """Whom turning it on could touch (R-163). Raises NoSuchSwitch."""
    _check_named(event, channel)
    with rt.reading() as session:
        found = session.execute(_missed(tenant_ref, event, channel)).all()
        ids = {row.run_id for row in found}
        titles = {row.id: row.title for row in session.execute(sa.select(Run.id, Run.title).where(Run.id.in_(ids)))}
    runs: dict[str, int] = {}
    for row in found:
        title = titles[row.run_id]
        runs[title] = runs.get(title, 0) + 1
    return Touched(runs, _token([row.id for row in found]))


def turn_on(rt: Runtime, tenant_ref: str, event: str, channel: str, actor: str, token: str | None = None) -> int:
    """People are told of this event by this way from now on; with the token of those who were shown, those too, and
    how many they are. Raises NoSuchSwitch, OthersByNow."""
    _check_named(event, channel)
    with rt.transaction() as tx:
        _write_switch(rt, tx, tenant_ref, event, channel, actor, is_on=True)
        if token is None:
            return 0
        ids = [row.id for row in tx.session.execute(_missed(tenant_ref, event, channel))]
        if _token(ids) != token:
            raise OthersByNow()
        queue_again(rt, tx, tenant_ref, ids)
        return len(ids)


def queue_again(rt: Runtime, tx: Transaction, tenant_ref: str, ids: Sequence[UUID]) -> None:
    """These messages of the tenant are sent, as a work of their own: a person wants that."""
    work_id = new_id()
    moved = (
        sa.update(Message)
        .where(Message.id == sa.bindparam("which"))
        .values(
            state=State.QUEUED,
            reason=None,
            report=None,
            work_id=work_id,
            position=sa.bindparam("at"),
            created_at=rt.clock.now(),
            changed_at=rt.clock.now(),
        )
    )
    if ids:
        rows = [{"which": each, "at": position} for position, each in enumerate(ids)]
        tx.session.connection().execute(moved, rows)
        _, chunk_ids = outbox.open_work(tx, DELIVER, len(ids), CHUNK, rt.clock.now(), work_id, tenant_ref=tenant_ref)
        tx.then(rt.wake, chunk_ids)


def _turn(rt: Runtime, tenant_ref: str, event: str, channel: str, actor: str, *, is_on: bool) -> None:
    _check_named(event, channel)
    with rt.transaction() as tx:
        _write_switch(rt, tx, tenant_ref, event, channel, actor, is_on=is_on)


def _write_switch(
    rt: Runtime, tx: Transaction, tenant_ref: str, event: str, channel: str, actor: str, *, is_on: bool
) -> None:
    row = {
        "tenant_ref": tenant_ref,
        "event": event,
        "channel": channel,
        "is_on": is_on,
        "changed_at": rt.clock.now(),
        "changed_by": actor,
    }
    upsert(tx.session, MessageSwitch, [row], keys=("tenant_ref", "event", "channel"))
    _note(rt, tx, tenant_ref, actor, "messages.switch", f"{event}/{channel}", on=is_on)


def _missed(tenant_ref: str, event: str, channel: str) -> Any:
    """Messages that were skipped because of the switch, the oldest first."""
    return (
        sa.select(Message.id, Award.run_id)
        .join(Award, Award.id == Message.award_id)
        .where(
            Message.reason == reasons.SWITCHED_OFF,
            Message.state == State.SKIPPED,
            Message.channel == channel,
            sa.or_(Message.event == event, Message.event.like(f"{event}.%")),
            Award.tenant_ref == tenant_ref,
        )
        .order_by(Message.id)
    )


def _token(ids: Sequence[UUID]) -> str:
    return hashlib.sha256(b"".join(each.bytes for each in ids)).hexdigest()[:16]


def _check_named(event: str, channel: str) -> None:
    if event not in TITLES or channel not in [each.value for each in Channel]:
        raise NoSuchSwitch(event=event, channel=channel)


def _note(rt: Runtime, tx: Transaction, tenant_ref: str, actor: str, act: str, about: str, **details: Any) -> None:
    audit.record(
        tx,
        tenant_ref=tenant_ref,
        actor_ref=actor,
        act=act,
        subject=f"messages:{about}",
        at=rt.clock.now(),
        **details,
    )


def switches(policy: Policy) -> list[tuple[str, str, bool]]:
    """Each event and channel, and whether it is told."""
    return [(event, way.value, not policy.is_off(event, way)) for event in TITLES for way in Channel]
