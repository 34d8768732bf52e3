"""How long it will take to tell those of a preview by SMS: the senders of SMS are slow, and nobody expects it."""

from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import get_issuer, get_run
from ..core.runtime import Runtime
from ..notifications import planning, policy
from ..notifications.planning import Plan
from ..notifications.service import choose_channels
from ..notifications.states import Channel
from .foreseeing import PAGE
from .models import PREVIEW, IssueBatch, IssueItem
from .results import DONE


def sms_plan(rt: Runtime, batch_id: UUID) -> Plan | None:
    """For the SMS that the preview would lead to, at this moment. None: it would lead to none, it is no preview any
    more, or the host cannot say who has a phone."""
    if not (rt.settings.notify and rt.settings.sms):
        return None
    with rt.reading() as session:
        batch = session.get(IssueBatch, batch_id)
        if batch is None or batch.state != PREVIEW:
            return None
        run = get_run(session, batch.run_id)
        rules = policy.policy_of(session, run.tenant_ref)
        touched = session.execute(
            sa.select(IssueItem.learner_ref, IssueItem.foreseen).where(
                IssueItem.batch_id == batch_id, IssueItem.foreseen.in_(DONE)
            )
        )
        told = [row.learner_ref for row in touched if not rules.is_off(row.foreseen, Channel.SMS)]
        issuer = get_issuer(session, run.tenant_ref)
    texts = 0
    for first in range(0, len(told), PAGE):
        ways = choose_channels(rt, told[first : first + PAGE]).values()
        if any(each.unasked for each in ways):
            return None
        texts += sum(each.sms for each in ways)
    return planning.plan_for_run(rt, run.tenant_ref, run.title, issuer.name, texts) if texts else None
