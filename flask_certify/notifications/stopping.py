"""Wanting no more messages: a link in each email that works without a login, STOP as an answer to an SMS, and staff.

A link names a message of the ledger and carries a seal made with our master key; whoever has the email may use it.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.models import Award
from ..core.db import insert_or_ignore
from ..core.errors import NotFound
from ..core.i18n import N_
from ..core.runtime import Runtime
from .models import Message, OptOut, StoppedNumber
from .policy import marks_of
from .states import Channel

SEAL_BYTES = 12

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})


class NoSuchLink(NotFound):
    code = "stop.no_such_link"
    sentence = N_("This link does not work. Copy the whole of it from the email.")


@dataclass(frozen=True, slots=True)
class Wish:
    """Who may say by this link whether they want more emails, and what they said."""

    tenant_ref: str
    learner_ref: str
    channel: Channel
    is_stopped: bool


def url_of(rt: Runtime, message_id: UUID) -> str:
    """Where one click ends such emails; empty without a master key to seal it with."""
    seals = _seals(rt, message_id)
    if not seals:
        return ""
    token = base64.urlsafe_b64encode(message_id.bytes + seals[0]).decode().rstrip("=")
    return f"{rt.settings.base}/stop/{token}"


def wish_of(rt: Runtime, token: str) -> Wish:
    """Raises NoSuchLink."""
    message_id = _opened(rt, token)
    with rt.reading() as session:
        row = session.execute(
            sa.select(Message.recipient, Message.channel, Award.tenant_ref)
            .join(Award, Award.id == Message.award_id)
            .where(Message.id == message_id)
        ).first()
        if row is None:
            raise NoSuchLink()
        is_stopped = session.get(OptOut, (row.tenant_ref, row.recipient, row.channel)) is not None
    return Wish(row.tenant_ref, row.recipient, Channel(row.channel), is_stopped)


def stop_by_link(rt: Runtime, token: str) -> Wish:
    """No more emails of this tenant. Repeating it changes nothing. Raises NoSuchLink."""
    wish = wish_of(rt, token)
    stop(rt, wish.tenant_ref, wish.learner_ref, wish.channel, "link")
    return wish


def start_by_link(rt: Runtime, token: str) -> Wish:
    """Emails again. Raises NoSuchLink."""
    wish = wish_of(rt, token)
    start(rt, wish.tenant_ref, wish.learner_ref, wish.channel)
    return wish


def stop(rt: Runtime, tenant_ref: str, learner_ref: str, channel: Channel, source: str) -> None:
    """No more messages of this tenant by this channel. Repeating it changes nothing."""
    with rt.transaction() as tx:
        write_stop(rt, tx.session, tenant_ref, learner_ref, channel, source)


def write_stop(
    rt: Runtime, session: orm.Session, tenant_ref: str, learner_ref: str, channel: Channel, source: str
) -> None:
    """The same in the caller's transaction."""
    row = {
        "tenant_ref": tenant_ref,
        "recipient": learner_ref,
        "channel": channel.value,
        "source": source,
        "at": rt.clock.now(),
    }
    insert_or_ignore(session, OptOut, [row], keys=("tenant_ref", "recipient", "channel"))


def start(rt: Runtime, tenant_ref: str, learner_ref: str, channel: Channel) -> None:
    with rt.transaction() as tx:
        tx.session.execute(
            sa.delete(OptOut)
            .where(OptOut.tenant_ref == tenant_ref, OptOut.recipient == learner_ref, OptOut.channel == channel.value)
            .execution_options(synchronize_session=False)
        )


def answered(rt: Runtime, session: orm.Session, number: str, said: str) -> bool | None:
    """Somebody answered an SMS: True after STOP, False after START, None after anything else. Of a number only a mark
    is kept. In the caller's transaction."""
    word = said.strip().upper()
    marks = marks_of(rt, number)
    if word in STOP_WORDS:
        rows = [{"mark": mark, "at": rt.clock.now()} for mark in marks[:1]]
        insert_or_ignore(session, StoppedNumber, rows, keys=["mark"])
        return True
    if word in START_WORDS:
        session.execute(
            sa.delete(StoppedNumber).where(StoppedNumber.mark.in_(marks)).execution_options(synchronize_session=False)
        )
        return False
    return None


def _opened(rt: Runtime, token: str) -> UUID:
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NoSuchLink() from None
    if len(raw) != 16 + SEAL_BYTES:
        raise NoSuchLink()
    message_id = UUID(bytes=raw[:16])
    if not any(hmac.compare_digest(raw[16:], seal) for seal in _seals(rt, message_id)):
        raise NoSuchLink()
    return message_id


def _seals(rt: Runtime, message_id: UUID) -> list[bytes]:
    """By each master key, the newest first: a link stays good when the key is changed."""
    keys = rt.settings.master_keys
    return [
        hmac.new(keys[version], b"stop link\0" + message_id.bytes, hashlib.sha256).digest()[:SEAL_BYTES]
        for version in sorted(keys, reverse=True)
    ]
