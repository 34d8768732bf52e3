"""What a reader may do in a run besides looking at it, how its tenant is described, and whose a certificate is."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from ..achievements.service import RunView, find_tenant, get_run
from ..awards.service import AwardView, get_award
from ..core import web
from ..core.current import current_runtime
from ..core.errors import Conflict, Forbidden
from ..core.i18n import N_
from ..eligibility import visibility
from ..host.records import Actor, Tenant

View = Callable[..., Any]


class NotYetVisible(Conflict):
    code = "award.not_yet_visible"
    sentence = N_("This certificate is issued, and can be seen and downloaded later. Your certificates say from when.")


def may_in_run(actor: Actor, act: str, run: RunView) -> bool:
    return web.may(actor, act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)


def tenant_of(run: RunView) -> Tenant:
    """The run's tenant, as the host describes it; of one it does not describe, the defaults hold."""
    return find_tenant(current_runtime(), run.tenant_ref) or Tenant(run.tenant_ref, "", "")


def as_holder(view: View) -> View:
    """The view gets the award, if it is the caller's own. Staff do nothing in their place."""

    @wraps(view)
    def guarded(*, award_id: UUID) -> Any:
        actor = web.acting()
        with current_runtime().reading() as session:
            award = get_award(session, award_id)
        if actor.learner_ref is None or actor.learner_ref != award.learner_ref:
            raise Forbidden()
        web.require("award.read_own", tenant_ref=award.tenant_ref, run_ref=award.run_ref, learner_ref=award.learner_ref)
        return view(award=award)

    return guarded


def is_visible(award: AwardView) -> bool:
    """Whether those to whom it is to be shown may see it yet; staff print it before (R-086)."""
    rt = current_runtime()
    with rt.reading() as session:
        run = get_run(session, award.run_id)
    return visibility.is_visible(run.dates, rt.clock.now())
