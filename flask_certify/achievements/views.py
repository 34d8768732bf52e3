"""The doors' way to issuers and runs: who may not do this to one is turned away before its view is asked.

    @of_issuer("template.use")
    def get_templates(issuer: IssuerView) -> Response: ...

A stranger is asked to log in before anything is looked up, so nobody learns which there are. What an address names
besides is handed on. `tests/upkeep/test_access.py` lists every route with who may open it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from ..core import web
from ..core.current import current_runtime
from .service import IssuerView, RunView, get_issuer_by_slug, get_run

View = Callable[..., Any]


def of_issuer(act: str) -> Callable[[View], View]:
    """The view gets the `issuer` of the slug, if the host lets the reader do this in its tenant."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, slug: str, **more: Any) -> Any:
            return view(issuer=open_issuer(slug, act), **more)

        return guarded

    return guard


def on_run(act: str) -> Callable[[View], View]:
    """The view gets the `run` of the id, if the host lets the reader do this to it."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, run_id: UUID, **more: Any) -> Any:
            return view(run=open_run(run_id, act), **more)

        return guarded

    return guard


def open_issuer(slug: str, act: str) -> IssuerView:
    """The issuer, if the reader may do this in its tenant.

    Raises NotLoggedIn, NoSuchIssuer, Forbidden, HostUnavailable.
    """
    web.acting()
    with current_runtime().reading() as session:
        issuer = get_issuer_by_slug(session, slug.replace("\0", ""))
    web.require(act, tenant_ref=issuer.tenant_ref)
    return issuer


def open_run(run_id: UUID, act: str) -> RunView:
    """The run, if the reader may do this to it. Raises NotLoggedIn, UnknownRun, Forbidden, HostUnavailable."""
    web.acting()
    with current_runtime().reading() as session:
        run = get_run(session, run_id)
    web.require(act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)
    return run
