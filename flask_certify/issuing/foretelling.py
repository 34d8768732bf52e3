"""How long it will take to tell those of a preview by SMS: the senders of SMS are slow, and nobody expects it.

How many have a phone is asked of the host when the preview is made, in pages, and kept with it: who opens the page of a
batch of 50,000 again and again asks nobody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from ..achievements.service import get_issuer, get_run
from ..core.runtime import Runtime
from ..notifications import planning, policy
from ..notifications.planning import Plan
from ..notifications.service import choose_channels
from ..notifications.states import Channel
from .foreseeing import PAGE, Foreseen
from .models import PREVIEW, IssueBatch
from .results import DONE


def count_sms(rt: Runtime, found: Sequence[Foreseen]) -> Mapping[str, int] | None:
    """How many SMS the preview would lead to, by what they tell of. None: none leave here, or the host cannot say who
    has a phone."""
    if not (rt.settings.notify and rt.settings.sms):
        return None
    texts: Counter[str] = Counter()
    touched = [each for each in found if each.result in DONE]
    for first in range(0, len(touched), PAGE):
        some = touched[first : first + PAGE]
        ways = choose_channels(rt, [each.learner_ref for each in some])
        if any(each.unasked for each in ways.values()):
            return None
        texts.update(each.result for each in some if ways[each.learner_ref].sms)
    return dict(texts)


def sms_plan(rt: Runtime, batch_id: UUID) -> Plan | None:
    """For the SMS that the preview would lead to, as things are switched now. None: it would lead to none, it is no
    preview any more, or nobody can say."""
    if not (rt.settings.notify and rt.settings.sms):
        return None
    with rt.reading() as session:
        batch = session.get(IssueBatch, batch_id)
        if batch is None or batch.state != PREVIEW:
            return None
        run = get_run(session, batch.run_id)
        rules = policy.policy_of(session, run.tenant_ref)
        issuer = get_issuer(session, run.tenant_ref)
        counted = (batch.sms_texts or {}).items()
    texts = sum(count for event, count in counted if not rules.is_off(event, Channel.SMS))
    return planning.plan_for_run(rt, run.tenant_ref, run.title, issuer.name, texts) if texts else None
