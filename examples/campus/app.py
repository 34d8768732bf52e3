"""The campus as an application, with certificates installed."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_wtf.csrf import CSRFProtect

from flask_certify import Certify

from . import accounts, config, errors, pages, words
from .cli import campus
from .host import CampusHost
from .models import db

csrf = CSRFProtect()
certify = Certify()


def create_app(environ: Mapping[str, str] | None = None) -> Flask:
    """The application, set up by the environment (or by what is given in its place)."""
    app = Flask(__name__)
    app.config.update(config.from_environment() if environ is None else config.from_environment(environ))
    db.init_app(app)
    engine = _tuned(app)
    csrf.init_app(app)
    words.init_app(app)
    accounts.init_app(app)
    errors.init_app(app)
    app.register_blueprint(pages.bp)
    certify.init_app(app, db=db, host=CampusHost(engine))
    app.cli.add_command(campus)
    return app


def _tuned(app: Flask) -> sa.Engine:
    """The campus's engine. On SQLite pages go on reading while somebody writes, and writers wait for each other."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _tune)
    return engine


def _tune(raw: Any, _record: object) -> None:
    for setting in ("busy_timeout=15000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        raw.execute(f"PRAGMA {setting}")
