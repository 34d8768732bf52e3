"""The object a host installs. It remembers nothing of the application it was installed on."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine

from . import signals
from .cli import commands
from .core import web
from .core.clock import Clock, SystemClock
from .core.current import EXTENSION
from .core.db import derive
from .core.errors import Misconfigured
from .core.i18n import N_
from .core.outbox import Kind
from .core.queue import application, make_wake
from .core.runtime import Runtime
from .core.settings import Settings
from .credentials import views as credentials_views
from .credentials.signers import Signer
from .dashboards import views as dashboards_views
from .host.ports import Host
from .issuing.jobs import KINDS as ISSUING
from .notifications.jobs import KINDS as NOTIFYING
from .verification import views as verification_views

KINDS: Mapping[str, Kind] = {**ISSUING, **NOTIFYING}


class AlreadyInstalled(Misconfigured):
    code = "extension.installed_twice"
    sentence = N_("Certify is already installed on this application. Call init_app once for each application.")


class NeedsExtension(Misconfigured):
    code = "extension.missing"
    sentence = N_("Install %(name)s on the application before Certify.")


class Certify:
    """Settings in, host in, blueprints and commands on:

        certify = Certify()
        certify.init_app(app, db=db, host=CampusHost())

    One object may be installed on several applications; all it knows of one is kept in `app.extensions`.
    """

    def init_app(
        self,
        app: Flask,
        *,
        db: SQLAlchemy,
        host: Host,
        clock: Clock | None = None,
        find_signer: Callable[[str], Signer | None] | None = None,
    ) -> None:
        """Installs us on the application. `find_signer` answers for keys that a key service of the host's holds:
        `examples/remote_signer.py`.

        Raises AlreadyInstalled, NeedsExtension, UnknownSetting, WrongSetting, MissingSetting, SharedConnection.
        """
        if EXTENSION in app.extensions:
            raise AlreadyInstalled()
        for name in ("sqlalchemy", "babel"):
            if name not in app.extensions:
                raise NeedsExtension(name={"sqlalchemy": "Flask-SQLAlchemy", "babel": "Flask-Babel"}[name])
        settings = Settings.read(app.config)
        rt = Runtime(
            settings=settings,
            find_engine=lambda: _engine_of(app, db),
            host=host,
            clock=clock or SystemClock(),
            kinds=KINDS,
            wake=make_wake(settings),
            send_signal=_send_signal,
            find_signer=find_signer or (lambda key_id: None),
        )
        with app.app_context():
            _ = rt.engine  # a database that cannot serve is told at the start
        app.extensions[EXTENSION] = rt
        blueprint = web.make_blueprint()
        for views in (verification_views, dashboards_views, credentials_views):
            views.register(blueprint)
        web.install(app, blueprint, rt)
        app.cli.add_command(commands())


def _engine_of(app: Flask, db: SQLAlchemy) -> Engine:
    """Our view of the host's engine, made anew each time: it is cheap, and follows the host if it changes engines."""
    return derive(app.extensions["sqlalchemy"].engines[None])


def _send_signal(name: str, values: Mapping[str, Any]) -> None:
    getattr(signals, name).send(application(), **values)
