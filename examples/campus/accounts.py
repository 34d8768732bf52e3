"""Logging in and out, with Flask-Login."""

from functools import cache
from urllib.parse import urlsplit

from flask import Blueprint, Flask, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import LoginManager, current_user, login_required, login_user, logout_user
from werkzeug.security import check_password_hash, generate_password_hash

from .models import Person, db
from .people import PASSWORD
from .words import LANGUAGES

bp = Blueprint("accounts", __name__)
logins = LoginManager()
logins.login_view = "accounts.login"
logins.login_message = lazy_gettext("Please log in first.")
logins.login_message_category = "note"


@cache
def nobody() -> str:
    """A digest to compare with for an unknown name, which must not be answered faster than a known one."""
    return generate_password_hash("")


def init_app(app: Flask) -> None:
    logins.init_app(app)
    app.register_blueprint(bp)


@logins.user_loader
def load_person(person_id: str) -> Person | None:
    person: Person | None = db.session.get(Person, person_id)
    return person if person is not None and person.is_active else None


@bp.get("/login")
def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("pages.home"))
    return render_template("login.html", password=PASSWORD)


@bp.post("/login")
def post_login() -> ResponseReturnValue:
    person = find_person(request.form.get("user_name", "").strip(), request.form.get("password", ""))
    if person is None or not login_user(person):
        flash(_("User name and password do not fit."), "problem")
        return render_template("login.html", password=PASSWORD), 401
    session.pop("lang", None)  # the account's own language from here on
    return redirect(inside(request.args.get("next")), 303)


@bp.post("/logout")
@login_required
def post_logout() -> ResponseReturnValue:
    logout_user()
    return redirect(url_for("pages.home"), 303)


@bp.post("/language")
@login_required
def post_language() -> ResponseReturnValue:
    """Keeps the language in which the person reads pages and gets messages."""
    wish = request.form.get("language")
    if wish in LANGUAGES:
        current_user.locale = wish
        db.session.commit()
        session.pop("lang", None)
    return redirect(url_for("pages.profile"), 303)


def find_person(user_name: str, password: str) -> Person | None:
    person: Person | None = db.session.scalar(db.select(Person).filter_by(user_name=user_name))
    if person is None:
        check_password_hash(nobody(), password)
        return None
    return person if person.knows(password) else None


def inside(address: str | None) -> str:
    """The address if it is a page of this campus, else the first page: nobody is sent elsewhere by a link."""
    parts = urlsplit((address or "").replace("\\", "/"))
    if parts.scheme or parts.netloc or not parts.path.startswith("/") or parts.path.startswith("//"):
        return url_for("pages.home")
    return str(address)
