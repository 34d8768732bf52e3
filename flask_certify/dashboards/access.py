"""Who may open what. Every route about a run goes through here; `tests/upkeep/test_access.py` lists them all."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from ..achievements.service import RunView, get_run
from ..core import web
from ..core.current import current_runtime
from ..core.hosts import asking
from ..host.records import Actor, Tenant

View = Callable[..., Any]


def requires(act: str) -> Callable[[View], View]:
    """The view gets the RunView of `run_id`, if the host lets the reader do this to that run.

    A stranger is asked to log in before anything is looked up, so nobody learns which ids exist.
    """

    def around(view: View) -> View:
        @wraps(view)
        def guarded(run_id: UUID) -> Any:
            web.acting()
            return view(open_run(run_id, act))

        return guarded

    return around


def open_run(run_id: UUID, act: str) -> RunView:
    """The run, which the reader may do this to. Raises NotLoggedIn, UnknownRun, Forbidden, HostUnavailable."""
    with current_runtime().reading() as session:
        run = get_run(session, run_id)
    web.require(act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)
    return run


def may_in_run(actor: Actor, act: str, run: RunView) -> bool:
    return web.may(actor, act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)


def tenant_of(run: RunView) -> Tenant:
    """The run's tenant, as the host describes it; of one it does not describe, the defaults hold."""
    rt = current_runtime()
    with asking(rt, "tenant"):
        found = rt.host.tenant(run.tenant_ref)
    return found or Tenant(run.tenant_ref, "", "")
