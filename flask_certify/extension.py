"""The object a host installs. It remembers nothing of the application it was installed on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine

from . import signals
from .cli import commands
from .core import web
from .core.clock import Clock, SystemClock
from .core.current import EXTENSION, current_runtime, runtime_of
from .core.db import derive
from .core.duties import Duty
from .core.errors import Misconfigured
from .core.i18n import N_
from .core.outbox import Kind
from .core.queue import application, make_wake
from .core.runtime import Runtime
from .core.settings import Settings
from .core.tidying import TIDYING
from .core.waiting import when_settled
from .credentials import views as credentials_views
from .credentials.signers import Signer
from .dashboards import views as dashboards_views
from .documents.sweeping import UNUSED_BYTES
from .host.ports import Host, Veto
from .issuing import changes, criteria
from .issuing.bundles import OLD_BUNDLES
from .issuing.changes import KINDS as REFRESHING
from .issuing.happenings import Change
from .issuing.jobs import KINDS as ISSUING
from .issuing.night import KINDS as NIGHTLY
from .issuing.night import NIGHT
from .issuing.packing import KINDS as BUNDLING
from .notifications import views as notifications_views
from .notifications.jobs import KINDS as NOTIFYING
from .notifications.mail import make_mailer
from .notifications.sms import make_texter
from .verification import views as verification_views

KINDS: Mapping[str, Kind] = {**ISSUING, **REFRESHING, **NIGHTLY, **NOTIFYING, **BUNDLING}


DUTIES: Sequence[Duty] = (NIGHT, OLD_BUNDLES, UNUSED_BYTES, *TIDYING)


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
        veto: Veto | None = None,
        find_signer: Callable[[str], Signer | None] | None = None,
    ) -> None:
        """Installs us on the application. `veto` has the last word before certificates are made; `find_signer` answers
        for keys that a key service of the host's holds: `examples/remote_signer.py`.

        Raises AlreadyInstalled, NeedsExtension, UnknownSetting, WrongSetting, MissingSetting, SharedConnection.
        """
        if EXTENSION in app.extensions:
            raise AlreadyInstalled()
        for name in ("sqlalchemy", "babel"):
            if name not in app.extensions:
                raise NeedsExtension(name={"sqlalchemy": "Flask-SQLAlchemy", "babel": "Flask-Babel"}[name])
        settings = Settings.read(app.config)
        make_mailer(settings)  # a way that cannot be used is told at the start, not by each message
        make_texter(settings)
        if not settings.files:
            settings = replace(settings, files=str(Path(app.instance_path) / "certify-files"))
        rt = Runtime(
            settings=settings,
            find_engine=_engine_of(app),
            host=host,
            clock=clock or SystemClock(),
            kinds=KINDS,
            wake=make_wake(settings, lambda: runtime_of(app)),
            duties=DUTIES,
            send_signal=_send_signal,
            in_context=app.app_context,
            veto=veto,
            find_signer=find_signer or (lambda key_id: None),
        )
        with app.app_context():
            _ = rt.engine  # a database that cannot serve is told at the start
        app.extensions[EXTENSION] = rt
        blueprint = web.make_blueprint()
        for views in (verification_views, dashboards_views, notifications_views, credentials_views):
            views.register(blueprint)
        web.install(app, blueprint, rt)
        _install_api(app, rt)
        app.cli.add_command(commands())

    # ---- what the host tells us ----------------------------------------------------------------------

    def learner_changed(
        self,
        run_ref: str,
        learner_ref: str,
        what: str | None = None,
        *,
        by: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Something about the learner in this run is different now; facts are asked anew.

        Inside an open transaction of the host this waits until it has ended. `what` tells what the facts cannot:
        `exam_rejected`, `identity_approved`, `mode_changed`, `content_added`. Who did that, by the host's reference,
        and when is kept with whatever is taken away for it. Raises UnknownChange; nothing else is the host's fault.
        """
        changes.check_what(what, changes.WHAT_OF_LEARNER)
        app, change = application(), Change.said(by, at)
        about = ("learner", run_ref, learner_ref, what)
        when_settled(
            app,
            app.extensions["sqlalchemy"],
            about,
            lambda: changes.learner_changed(runtime_of(app), run_ref, learner_ref, what, change),
        )

    def run_changed(
        self, run_ref: str, what: str | None = None, *, by: str | None = None, at: datetime | None = None
    ) -> None:
        """Something about the run is different now; its learners are looked at anew, in the background.

        With `content_added` the certificates of those who are complete no longer are revoked; else nothing is. Raises
        UnknownChange.
        """
        changes.check_what(what, changes.WHAT_OF_RUN)
        app, change = application(), Change.said(by, at)
        when_settled(
            app,
            app.extensions["sqlalchemy"],
            ("run", run_ref, what),
            lambda: changes.run_changed(runtime_of(app), run_ref, what, change),
        )

    def criteria(self, run_ref: str) -> list[criteria.Criterion]:
        """What the certificates of the run ask for, in the reader's words: for the host's course page (R-027)."""
        return criteria.of_run(current_runtime(), run_ref)


def _install_api(app: Flask, rt: Runtime) -> None:
    """Loaded here and not above: what describes and validates requests costs more to load than all the rest."""
    from .core import api

    api.install(app, _operations(), rt)


@cache
def _operations() -> Blueprint:
    """All operations of the API, made once for every application of this process."""
    from .core import api
    from .dashboards import api as dashboards_api
    from .dashboards import bundle_api, support_api, template_api
    from .notifications import api as notifications_api
    from .verification import api as verification_api

    blueprint: Blueprint = api.make_blueprint(
        verification_api, dashboards_api, bundle_api, template_api, support_api, notifications_api
    )
    return blueprint


def _engine_of(app: Flask) -> Callable[[], Engine]:
    """Our view of the engine that the host has at present, since a host may change engines."""
    last: tuple[Engine, Engine] | None = None

    def find() -> Engine:
        nonlocal last
        of_host, seen = app.extensions["sqlalchemy"].engines[None], last
        if seen is None or seen[0] is not of_host:
            last = seen = (of_host, derive(of_host))
        return seen[1]

    return find


def _send_signal(name: str, values: Mapping[str, Any]) -> None:
    signal = getattr(signals, name)
    if signal.receivers:  # a batch says a hundred thousand things that mostly nobody hears
        signal.send(application(), **values)
