"""What belongs to the present application or request: for doors only, services are handed these as arguments."""

from flask import Flask, current_app, g, has_request_context

from ..host.records import Actor
from .errors import Misconfigured, NotLoggedIn
from .i18n import N_
from .runtime import Runtime

EXTENSION = "certify"


class NotInstalled(Misconfigured):
    code = "extension.not_installed"
    sentence = N_("Certify is not installed on this application. Call certify.init_app(app, db=db, host=…).")


def runtime_of(app: Flask) -> Runtime:
    """Raises NotInstalled."""
    try:
        rt: Runtime = app.extensions[EXTENSION]
    except KeyError:
        raise NotInstalled() from None
    return rt


def current_runtime() -> Runtime:
    return runtime_of(current_app)


def find_current_actor() -> Actor | None:
    """Who is acting, asked of the host once per request; None for a stranger."""
    if not has_request_context():
        return None
    if "certify_actor" not in g:
        g.certify_actor = current_runtime().host.current_actor()
    found: Actor | None = g.certify_actor
    return found


def current_actor() -> Actor:
    """Who is acting. Raises NotLoggedIn for a stranger."""
    actor = find_current_actor()
    if actor is None:
        raise NotLoggedIn()
    return actor
