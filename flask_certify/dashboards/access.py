"""What a reader may do in a run besides looking at it, and how its tenant is described."""

from ..achievements.service import RunView
from ..core import web
from ..core.current import current_runtime
from ..core.hosts import asking
from ..host.records import Actor, Tenant


def may_in_run(actor: Actor, act: str, run: RunView) -> bool:
    return web.may(actor, act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)


def tenant_of(run: RunView) -> Tenant:
    """The run's tenant, as the host describes it; of one it does not describe, the defaults hold."""
    rt = current_runtime()
    with asking(rt, "tenant"):
        found = rt.host.tenant(run.tenant_ref)
    return found or Tenant(run.tenant_ref, "", "")
