"""Forms of ours carry Flask-WTF's token and check it themselves, with and without the host's CSRFProtect.

The token is the one the host uses, from the same place in the session, so both may look at the same form. A host that
says `WTF_CSRF_ENABLED = False`, as its tests do, is believed.
"""

from typing import Any

from flask import current_app, g, request
from flask_wtf.csrf import CSRFError, generate_csrf, validate_csrf  # type: ignore[import-untyped]
from markupsafe import Markup
from wtforms import ValidationError  # type: ignore[import-untyped]

from .errors import BadInput, Misconfigured
from .i18n import N_

__all__ = ["CSRFError", "FormExpired", "NoSecretKey", "check", "hidden_field", "is_on"]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
HEADER = "X-CSRFToken"


class FormExpired(BadInput):
    code = "form.expired"
    sentence = N_(
        "This form was open for too long, or it came from somewhere else. Nothing was changed. "
        "Go back, load the page anew and try again."
    )
    status = 400


class NoSecretKey(Misconfigured):
    code = "settings.no_secret_key"
    sentence = N_("SECRET_KEY of the application is not set, so no form is protected. Set it to a long random text.")


SIGNED = frozenset({"certify.post_stop", "certify.sms_status", "certify.sms_reply", "certify.mail_report"})
"""Posts of programs that have no session: what they send is signed, or their address carries a seal."""

HARMLESS = frozenset({"certify.post_verify"})
"""Posts that change nothing: nobody can be made to do harm by one, and programs that check a file have no token."""


def let_in(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Tells the host's CSRFProtect, whenever it was installed, that programs without a session may post to these.

    It is told when one of them is called: that comes before every check of the host's, and a host may install its
    protection after us.
    """
    protection = current_app.extensions.get("csrf")
    if protection is not None and endpoint is not None and endpoint in HARMLESS | SIGNED:
        protection.exempt(current_app.view_functions[endpoint])


def hidden_field() -> Markup:
    """The field that every form of ours begins with."""
    if not is_on():
        return Markup("")
    _need_secret_key()
    return Markup('<input type="hidden" name="{}" value="{}">').format(_field_name(), generate_csrf())


def check() -> None:
    """Before every request to our routes. Raises FormExpired for a change without a good token."""
    if not is_on() or request.method in SAFE_METHODS or g.get("csrf_valid", False):
        return
    if request.endpoint in HARMLESS or request.endpoint in SIGNED:
        return
    _need_secret_key()
    try:
        validate_csrf(request.form.get(_field_name()) or _in_headers())
    except ValidationError:
        raise FormExpired() from None


def _in_headers() -> str | None:
    """Where the host's own protection would look for it as well."""
    names = current_app.config.get("WTF_CSRF_HEADERS", (HEADER, "X-CSRF-Token"))
    return next((request.headers[name] for name in names if name in request.headers), None)


def is_on() -> bool:
    return bool(current_app.config.get("WTF_CSRF_ENABLED", True))


def _field_name() -> str:
    return str(current_app.config.get("WTF_CSRF_FIELD_NAME", "csrf_token"))


def _need_secret_key() -> None:
    if not current_app.secret_key:
        raise NoSecretKey()
