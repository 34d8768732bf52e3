"""Our pages in somebody else's application: one blueprint, our errors on our own routes only, and safe headers.

    bp = web.make_blueprint()
    dashboards.views.register(bp)
    web.install(app, bp, rt)

A blueprint is made for each installation, so that two applications in one process do not meet.
"""

import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Flask,
    Response,
    has_request_context,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
)
from jinja2 import FileSystemLoader
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response as AnyResponse

from ..host.records import Actor
from . import csrf, reader
from .current import current_runtime, find_current_actor
from .errors import CertifyError, Forbidden, NotFound, NotLoggedIn, Unavailable
from .hosts import asking
from .i18n import N_, c_, cn_
from .ids import spaced
from .runtime import Runtime

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": on https the host's CSRFProtect refuses forms that do not say where they come from.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer of ours says, unless its view or the host says otherwise."""

TITLES: tuple[tuple[type[CertifyError], str], ...] = (
    (NotLoggedIn, N_("Please log in")),
    (Forbidden, N_("This is not open to you")),
    (NotFound, N_("Not found")),
    (Unavailable, N_("Not possible at the moment")),
    (CertifyError, N_("This did not work")),
)

log = logging.getLogger("flask_certify")


# ---- installing ------------------------------------------------------------------------------------


def make_blueprint() -> Blueprint:
    """A blueprint with our frame and static files. Packages add their routes, then `install` puts it in place."""
    bp = Blueprint("certify", "flask_certify.core", static_folder="static")
    bp.jinja_loader = FileSystemLoader([])
    add_templates(bp, "flask_certify.core")
    return bp


def add_templates(bp: Blueprint, package: str) -> None:
    """Also looks for templates in that package. Those of the host's own come first, so it may replace each of ours."""
    loader = bp.jinja_loader
    assert isinstance(loader, FileSystemLoader)
    loader.searchpath.append(str(files(package).joinpath("templates")))


def install(app: Flask, bp: Blueprint, rt: Runtime) -> None:
    """Puts the finished blueprint into the application. Nothing else of the application changes but template names."""
    bp.url_value_preprocessor(csrf.let_in)
    bp.before_request(csrf.check)
    bp.after_request(safe)
    bp.register_error_handler(CertifyError, answer_error)
    bp.register_error_handler(csrf.CSRFError, lambda error: answer_error(csrf.FormExpired()))
    _add_names(app, rt.settings.base, rt.settings.url_prefix)
    app.register_blueprint(bp, url_prefix=rt.settings.url_prefix)


def _add_names(app: Flask, base: str, prefix: str) -> None:
    """Names for templates. Of the application and not of the blueprint: a job renders outside any request, and a macro
    that is imported does not see what a blueprint adds."""

    def address(path: str) -> str:
        return (request.script_root + prefix if has_request_context() else base) + path

    names: dict[str, Callable[..., Any]] = {
        "c_": c_,
        "cn_": cn_,
        "certify_dashboard_url": lambda run_ref: address("/runs/by-ref?" + urlencode({"ref": run_ref})),
        "certify_profile_url": lambda: address("/me"),
        "certify_templates_url": lambda slug: address(f"/templates/{slug}"),
        "certify_verify_url": lambda: address("/verify"),
        "certify_csrf_field": csrf.hidden_field,
        "certify_language": reader.language,
        "certify_direction": reader.direction,
    }
    for name, what in names.items():
        app.add_template_global(what, name)
    filters: dict[str, Callable[..., str]] = {
        "certify_day": reader.day,
        "certify_date": reader.date_of,
        "certify_moment": reader.moment,
        "certify_number": reader.number,
        "certify_code": spaced,
    }
    for name, shown in filters.items():
        app.add_template_filter(shown, name)


def safe(response: AnyResponse) -> AnyResponse:
    """The answer with the headers that each of ours has."""
    said = {name.lower() for name, _ in response.headers}
    response.headers.extend((name, value) for name, value in HEADERS.items() if name.lower() not in said)
    return response


# ---- for views -------------------------------------------------------------------------------------


def render(template: str, **data: object) -> str:
    """The page, from plain data: frozen views, numbers and words, never rows."""
    return render_template(template, **data)


def acting() -> Actor:
    """Who is logged in. Raises NotLoggedIn, HostUnavailable."""
    with asking(current_runtime(), "current_actor"):
        actor = find_current_actor()
    if actor is None:
        raise NotLoggedIn()
    return actor


def may(actor: Actor, act: str, *, tenant_ref: str, run_ref: str | None = None, learner_ref: str | None = None) -> bool:
    """Whether the host lets them do this to this object. Raises HostUnavailable."""
    rt = current_runtime()
    with asking(rt, "may"):
        return rt.host.may(actor, act, tenant_ref=tenant_ref, run_ref=run_ref, learner_ref=learner_ref)


def require(act: str, *, tenant_ref: str, run_ref: str | None = None, learner_ref: str | None = None) -> Actor:
    """Who acts, and may. Raises NotLoggedIn, Forbidden, HostUnavailable."""
    actor = acting()
    if not may(actor, act, tenant_ref=tenant_ref, run_ref=run_ref, learner_ref=learner_ref):
        raise Forbidden()
    return actor


def wants_json() -> bool:
    """Whether a program asks, and not a person's browser."""
    return request.path.endswith(".json") or _is_json_preferred(request.headers.get("Accept", ""))


@lru_cache(maxsize=256)
def _is_json_preferred(accept: str) -> bool:
    asked = parse_accept_header(accept, MIMEAccept)
    return asked["application/json"] > asked["text/html"]


def conditional(response: Response, mark: str) -> Response:
    """Asked anew each time, sent only if it changed, and from where a download broke off."""
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.set_etag(mark)
    response.make_conditional(request, accept_ranges=True, complete_length=len(response.get_data()))
    return response


# ---- errors of ours, on routes of ours ---------------------------------------------------------------


def answer_error(error: CertifyError) -> AnyResponse:
    """The error as a page, as JSON, or as the way to the host's login page."""
    if error.status >= 500:
        log.error("request refused", extra={"reason": error.code, "status": error.status})
    if wants_json():
        answer = jsonify(error={"code": error.code, "sentence": error.worded()})
        return with_wait(make_response(answer, error.status), error)
    login = _login_url() if isinstance(error, NotLoggedIn) else None
    if login and request.method == "GET":
        return redirect(login, 303)
    page = render(
        "certify/error.html",
        title=title_of(error),
        sentence=error.worded(),
        code=error.code,
        links=[{"url": login, "text": c_("Log in")}] if login else [],
    )
    return with_wait(make_response(page, error.status), error)


def with_wait(response: Response, error: CertifyError) -> Response:
    """The answer; with after how long it is worth asking again, if somebody knows."""
    if error.retry_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_seconds)
    return response


def title_of(error: CertifyError) -> str:
    """What the page about the error is called."""
    return next(c_(title) for family, title in TITLES if isinstance(error, family))


def _login_url() -> str | None:
    """The host's login page, told where the person wanted to go."""
    rt = current_runtime()
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    try:
        with asking(rt, "page_url"):
            return rt.host.page_url("login", wanted)
    except CertifyError:
        return None
