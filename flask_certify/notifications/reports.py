"""What providers tell us later: delivered, not delivered, sent back, STOP.

Each report is signed, is heard once, and only ever adds to what is known: it may make `unknown` known, and `sent`
failed, but never `delivered` anything else, however late and in whatever order reports come.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..awards.models import Award
from ..core.db import insert_or_ignore
from ..core.errors import BadInput, Conflict, Forbidden, NotFound
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import ledger, stopping
from .contacts import usable_number
from .ledger import Entry, Outcome
from .models import HeardHook, Message
from .ports import Refused
from .sms import REPLY_HOOK, STATUS_HOOK, Account, account_of
from .states import Channel, State

OLDEST = timedelta(minutes=5)  # a report of email may be: its moment is part of what is signed
REMEMBERED = timedelta(days=90)
MOST_EVENTS = 1000
LONGEST_MOMENT = 12  # digits

DELIVERED, FAILED = "delivered", "failed"
OPEN = (State.QUEUED, State.SENDING, State.UNKNOWN, State.SENT)


class NotSigned(Forbidden):
    code = "hook.not_signed"
    sentence = N_("The report does not carry a signature of ours.")


class HeardBefore(Conflict):
    code = "hook.heard_before"
    sentence = N_("This report was heard before.")


class TooOld(Forbidden):
    code = "hook.too_old"
    sentence = N_("The report is too old, or its sender's clock is wrong.")


class NoHook(NotFound):
    code = "hook.none"
    sentence = N_("No such reports are expected here. See CERTIFY_SMS and CERTIFY_HOOK_SECRET.")


class NotAReport(BadInput):
    code = "hook.not_a_report"
    sentence = N_("The report cannot be read. It has to be JSON with a list of events, each with message_id and kind.")


@dataclass(frozen=True, slots=True)
class News:
    """What a report says of one message."""

    channel: Channel
    message_id: UUID
    state: State  # sent or failed
    reason: str | None = None
    answer: str = ""
    is_final: bool = False  # it was delivered, and nothing else follows
    provider_id: str | None = None


# ---- SMS, by Twilio --------------------------------------------------------------------------------


def sms_status(rt: Runtime, query: str, form: Mapping[str, str], signature: str) -> None:
    """How far an SMS got. Raises NoHook, NotSigned, HeardBefore."""
    _check_twilio(rt, f"{STATUS_HOOK}?{query}" if query else STATUS_HOOK, form, signature)
    message_id = _uuid(query.removeprefix("m="))
    news = _news_of_sms(message_id, form) if message_id else None
    with rt.transaction() as tx:
        _hear_once(rt, tx, signature, query, form)
        if news is not None:
            learn(rt, tx, news)


def sms_reply(rt: Runtime, query: str, form: Mapping[str, str], signature: str) -> bool | None:
    """Somebody answered: True after STOP, False after START. Raises NoHook, NotSigned, HeardBefore."""
    _check_twilio(rt, f"{REPLY_HOOK}?{query}" if query else REPLY_HOOK, form, signature)
    try:
        number = usable_number(form.get("From", ""))
    except Refused:
        return None
    with rt.transaction() as tx:
        _hear_once(rt, tx, signature, query, form)
        return stopping.answered(rt, tx.session, number, form.get("OptOutType") or form.get("Body", ""))


def _check_twilio(rt: Runtime, path: str, form: Mapping[str, str], signature: str) -> None:
    """By Twilio's own check. The address is that of our settings: what a request says of itself is not believed."""
    from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

    account: Account | None = account_of(rt.settings)
    if account is None:
        raise NoHook()
    if not signature or not RequestValidator(account.token).validate(rt.settings.base + path, dict(form), signature):
        raise NotSigned()


def _news_of_sms(message_id: UUID, form: Mapping[str, str]) -> News | None:
    name = form.get("MessageSid") or None
    match form.get("MessageStatus"):
        case "accepted" | "scheduled" | "queued" | "sending" | "sent":
            return News(Channel.SMS, message_id, State.SENT, provider_id=name)
        case "delivered" | "read":
            return News(Channel.SMS, message_id, State.SENT, is_final=True, provider_id=name)
        case "undelivered" | "failed" | "canceled":
            return News(
                Channel.SMS, message_id, State.FAILED, "sms.undelivered", form.get("ErrorCode", ""), provider_id=name
            )
    return None


# ---- email, by whoever receives our bounces --------------------------------------------------------


def mail_report(rt: Runtime, body: bytes, signature: str) -> int:
    """Emails that came back, and how many are known: `t=SECONDS,v1=HEX`, the HMAC-SHA256 of `SECONDS.BODY` with
    CERTIFY_HOOK_SECRET. Raises NoHook, NotSigned, TooOld, HeardBefore, NotAReport."""
    if not rt.settings.hook_secret:
        raise NoHook()
    parts = dict(each.strip().partition("=")[::2] for each in signature.split(","))
    said = parts.get("t", "")
    good = hmac.new(rt.settings.hook_secret.encode(), said.encode() + b"." + body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(good.encode(), parts.get("v1", "").encode()):
        raise NotSigned()
    if (
        not said.isdecimal()
        or len(said) > LONGEST_MOMENT
        or abs(rt.clock.now().timestamp() - int(said)) > OLDEST.total_seconds()
    ):
        raise TooOld()
    found = _read(body)
    with rt.transaction() as tx:
        _hear_once(rt, tx, good)
        return sum(learn(rt, tx, each) for each in found)


def _read(body: bytes) -> list[News]:
    try:
        events = json.loads(body)["events"]
        if not isinstance(events, list) or len(events) > MOST_EVENTS:
            raise NotAReport()
        return [news for each in events if (news := _news_of_mail(each)) is not None]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotAReport() from None


def _news_of_mail(event: Any) -> News | None:
    """None for what is no news of a message of ours. A temporary trouble of a mail server is none either."""
    message_id = _uuid(str(event["message_id"]).strip("<> ").partition("@")[0])
    if message_id is None:
        return None
    answer = "".join(each for each in str(event.get("code", "")) if each in "0123456789.")[:12]
    match event["kind"]:
        case "bounced":
            return News(Channel.EMAIL, message_id, State.FAILED, "mail.bounced", answer)
        case "complained":
            return News(Channel.EMAIL, message_id, State.SENT, "mail.complained", is_final=True)
        case "delivered":
            return News(Channel.EMAIL, message_id, State.SENT, is_final=True)
    return None


# ---- what is learnt --------------------------------------------------------------------------------


def learn(rt: Runtime, tx: Transaction, news: News) -> bool:
    """Adds to what is known of the message. False if it is not known, or nothing new."""
    values: dict[str, Any] = {"state": news.state, "changed_at": rt.clock.now()}
    values |= {"provider_id": news.provider_id} if news.provider_id else {}
    conditions = [Message.id == news.message_id, Message.channel == news.channel, Message.state.in_(OPEN)]
    if news.state is State.SENT and not news.is_final:
        conditions.append(Message.state != State.SENT)
        values |= {"reason": None}
    else:
        final = DELIVERED if news.state is State.SENT else FAILED
        if final == FAILED and news.provider_id:  # of a text that a person had sent again since, it says nothing
            ours = sa.or_(Message.provider_id.is_(None), Message.provider_id == news.provider_id)
            conditions.append(sa.or_(Message.state != State.SENT, ours))
        values |= {"reason": news.reason, "report": final}
        # An email may be taken by one server and sent back by the next; of an SMS the first final word counts.
        later = sa.and_(Message.channel == Channel.EMAIL, Message.report == DELIVERED, sa.literal(final == FAILED))
        conditions.append(sa.or_(Message.report.is_(None), later))
    row = tx.session.execute(
        sa.select(Message, Award).join(Award, Award.id == Message.award_id).where(*conditions)
    ).first()
    moved = tx.session.execute(
        sa.update(Message).where(*conditions).values(**values).execution_options(synchronize_session=False)
    )
    if row is None or not moved.rowcount:  # type: ignore[attr-defined]
        return False
    entry = ledger.entry_of(*row)
    _tell(rt, tx, entry, State(row[0].state), news)
    return True


def _tell(rt: Runtime, tx: Transaction, entry: Entry, was: State, news: News) -> None:
    """The failure log, and whoever wants no more email."""
    if was is State.UNKNOWN:
        ledger.resolve(rt, tx, entry, entry.reason)
    if news.state is State.FAILED:
        outcome = Outcome(State.FAILED, news.reason, {"answer": news.answer or "-"})
        ledger.note_failure(tx, entry, outcome, rt.clock.now())
    if news.reason == "mail.complained":
        stopping.write_stop(rt, tx.session, entry.tenant_ref, entry.learner_ref, entry.channel, "complaint")


def _hear_once(rt: Runtime, tx: Transaction, *said: object) -> None:
    """Raises HeardBefore. In the transaction that acts on the report: if that fails, it may be told again."""
    parts = [sorted(each.items()) if isinstance(each, Mapping) else each for each in said]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    now = rt.clock.now()
    tx.session.execute(
        sa.delete(HeardHook).where(HeardHook.at < now - REMEMBERED).execution_options(synchronize_session=False)
    )
    mine = new_id()
    insert_or_ignore(tx.session, HeardHook, [{"digest": digest, "at": now, "heard_id": mine}], keys=["digest"])
    if tx.session.scalar(sa.select(HeardHook.heard_id).where(HeardHook.digest == digest)) != mine:
        raise HeardBefore()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
