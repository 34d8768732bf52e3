"""The campus's own error pages. They belong to the campus's pages and to every address nobody knows."""

from collections.abc import Callable

from flask import Flask, Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Forbidden, InternalServerError, MethodNotAllowed, NotFound

PAGES = (
    (NotFound, 404, _l("This page is not here"), _l("The address may be mistyped, or the page has moved.")),
    (MethodNotAllowed, 405, _l("This does not work that way"), _l("Go back and use the buttons of the page.")),
    (Forbidden, 403, _l("This page is not for you"), _l("Ask somebody who looks after this course to let you in.")),
    (CSRFError, 400, _l("This form has grown old"), _l("Go back, load the page again, and send it once more.")),
    (
        InternalServerError,
        500,
        _l("Something went wrong on the campus"),
        _l("It is not your fault, and it has been written down. Try again in a while."),
    ),
)


def init_app(app: Flask) -> None:
    for kind, status, title, advice in PAGES:
        app.register_error_handler(kind, _page(status, title, advice))
    app.after_request(_guard)


def _page(status: int, title: str, advice: str) -> Callable[[Exception], ResponseReturnValue]:
    def answer(_error: Exception) -> ResponseReturnValue:
        return render_template("error.html", status=status, title=title, advice=advice), status

    return answer


def _guard(response: Response) -> Response:
    """No script, style or picture from elsewhere, and no page of ours inside another's."""
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'",
    )
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
