"""What became of messages, and what a person decides about those of which nobody can know."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Run
from ..awards.models import Award, Record
from ..core import audit
from ..core.errors import Conflict
from ..core.i18n import N_
from ..core.runtime import Runtime
from . import ledger
from .models import Message, MessageAttempt
from .rules import queue_again
from .states import State

SENT, AGAIN = "sent", "again"
MAY_BECOME = {
    SENT: (State.UNKNOWN,),
    AGAIN: (State.UNKNOWN, State.FAILED, State.SKIPPED),
}
"""What may be decided of a message in which state. What was sent is not sent again."""

MOST_AT_ONCE = 500

STATES = {
    State.QUEUED: N_("Waiting"),
    State.SENDING: N_("Being sent"),
    State.SENT: N_("Sent"),
    State.FAILED: N_("Failed"),
    State.UNKNOWN: N_("Perhaps sent"),
    State.SKIPPED: N_("Not sent"),
}
CHANNELS = {"email": N_("Email"), "sms": N_("SMS")}


class NothingToDecide(Conflict):
    code = "messages.nothing_to_decide"
    sentence = N_("Of these messages, none is in doubt any more. Look again.")


@dataclass(frozen=True, slots=True)
class MessageView:
    id: UUID
    run_title: str
    learner_ref: str
    external_id: str | None
    event: str
    channel: str
    state: State
    reason: str | None
    report: str | None
    attempts: int
    answer: int | None  # the provider's, to the last attempt
    changed_at: datetime


def counts(session: orm.Session, run_id: UUID) -> dict[tuple[str, State], int]:
    """How many messages of a course run are in which state, by channel."""
    found = session.execute(
        sa.select(Message.channel, Message.state, sa.func.count())
        .join(Award, Award.id == Message.award_id)
        .where(Award.run_id == run_id)
        .group_by(Message.channel, Message.state)
    )
    return {(channel, State(state)): number for channel, state, number in found}


def list_messages(
    session: orm.Session,
    *,
    run_id: UUID | None = None,
    tenant_ref: str | None = None,
    state: State | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[MessageView]:
    """Messages with what became of them, those that changed last first."""
    last = (
        sa.select(MessageAttempt.answer)
        .where(MessageAttempt.message_id == Message.id)
        .order_by(MessageAttempt.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    chosen = (
        sa.select(Message, Run.title, Record.external_id, last)
        .join(Award, Award.id == Message.award_id)
        .join(Run, Run.id == Award.run_id)
        .outerjoin(Record, sa.and_(Record.run_id == Award.run_id, Record.learner_ref == Award.learner_ref))
        .order_by(Message.changed_at.desc(), Message.id)
        .limit(limit)
        .offset(offset)
    )
    if run_id is not None:
        chosen = chosen.where(Award.run_id == run_id)
    if tenant_ref is not None:
        chosen = chosen.where(Award.tenant_ref == tenant_ref)
    if state is not None:
        chosen = chosen.where(Message.state == state)
    return [
        MessageView(
            row.id,
            title,
            row.recipient,
            external_id,
            row.event,
            row.channel,
            State(row.state),
            row.reason,
            row.report,
            row.attempts,
            answer,
            row.changed_at,
        )
        for row, title, external_id, answer in session.execute(chosen)
    ]


def decide(
    rt: Runtime,
    message_ids: Collection[UUID],
    verdict: str,
    actor: str,
    *,
    tenant_ref: str,
    run_id: UUID | None = None,
) -> int:
    """A person says of messages that they were sent, or that they are to be sent again: how many it concerned.

    Those that are no longer in doubt, and those of others, are passed by. Raises NothingToDecide if none is left.
    """
    wanted = [
        Message.id.in_(list(message_ids)[:MOST_AT_ONCE]),
        Message.state.in_(MAY_BECOME[verdict]),
        Award.tenant_ref == tenant_ref,
    ]
    if run_id is not None:
        wanted.append(Award.run_id == run_id)
    with rt.transaction() as tx:
        chosen = sa.select(Message, Award).join(Award, Award.id == Message.award_id).where(*wanted)
        found = [ledger.entry_of(*row) for row in tx.session.execute(chosen.order_by(Message.id).with_for_update())]
        if not found:
            raise NothingToDecide()
        if verdict == SENT:
            _call_sent(rt, tx.session, [entry.id for entry in found])
        else:
            queue_again(rt, tx, tenant_ref, [entry.id for entry in found])
        for entry in found:
            ledger.resolve(rt, tx, entry, entry.reason)
        acts = [audit.Act(f"message.{verdict}", f"message:{entry.id}", entry.reason) for entry in found]
        audit.record_many(tx, tenant_ref=tenant_ref, actor_ref=actor, at=rt.clock.now(), acts=acts)
    return len(found)


def _call_sent(rt: Runtime, session: orm.Session, ids: Sequence[UUID]) -> None:
    session.execute(
        sa.update(Message)
        .where(Message.id.in_(ids))
        .values(state=State.SENT, changed_at=rt.clock.now())
        .execution_options(synchronize_session=False)
    )
