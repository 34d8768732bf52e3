"""People in tests have names and a story, and a small host to live in.

The run `physics-1` of the tenant `wales` has ended. Ada has completed it with merit (90 %), Ben has not completed it,
Cy has completed it with 60 %, Dev has completed it and has nobody's address. Mia mentors the run, Tom is the tenant's
admin, Sue is support, Nia is the admin of the neighbouring tenant `devon`, whose run `ships-1` Max mentors.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_certify.core import schema
from flask_certify.core.clock import Clock, FixedClock
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import (
    Actor,
    Assessment,
    Attempt,
    Contact,
    CourseRun,
    Enrolment,
    LearnerRecord,
    Role,
    Tenant,
)
from tests.support import copies, routes

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
ENDED = datetime(2026, 5, 31, 22, 59, tzinfo=UTC)
COMPLETED = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)
MASTER_KEY = "5a" * 32  # of these tests alone
RUN, OTHER_RUN = "physics-1", "ships-1"
SAID_TO_PAGES_ALONE = {"WTF_CSRF_ENABLED"}  # a setting that changes nothing of what a site is set up with
MIA, TOM, SUE, MAX, NIA = "mia", "tom", "sue", "max", "nia"


def make_host(learners: int = 0) -> MemoryHost:
    """The story above; `learners` more who have all completed with 70 %."""
    host = MemoryHost()
    host.add_tenant(Tenant("wales", "wales", "Wales", "Europe/London", ("en", "hi")))
    host.add_tenant(Tenant("devon", "devon", "Devon", "Europe/London", ("en",), people="teachers"))
    host.add_run(_run(RUN, "Physics for Teachers", "wales", MIA))
    host.add_run(_run(OTHER_RUN, "Ships and Harbours", "devon", MAX))
    host.add_learner(RUN, learner("ada", "Ada Lovelace", score=90), Contact("ada@example.org", "+447700900001", "en"))
    host.add_learner(
        RUN, learner("ben", "Ben Okri", score=40, progress=70, completed_on=None), Contact("ben@example.org")
    )
    host.add_learner(RUN, learner("cy", "Cy Young", score=60), Contact(phone="+447700900003", locale="hi"))
    host.add_learner(RUN, learner("dev", "देव शर्मा", score=80))
    host.add_learner(OTHER_RUN, learner("eve", "Eve Moneypenny", score=85, tenant="devon"), Contact("eve@example.org"))
    for number in range(learners):
        host.add_learner(RUN, learner(f"x{number:05}", f"Learner {number:05}", score=70))
    for ref, tenant, role in (
        (MIA, "wales", Role.MENTOR),
        (TOM, "wales", Role.TENANT_ADMIN),
        (SUE, "wales", Role.SUPPORT),
        (SUE, "devon", Role.SUPPORT),
        (MAX, "devon", Role.MENTOR),
        (NIA, "devon", Role.TENANT_ADMIN),
    ):
        host.add_actor(Actor(ref, ref.title()), tenant, role)
    for ref in ("ada", "ben", "cy", "dev", "eve"):
        host.actors[ref] = Actor(ref, ref.title(), learner_ref=ref)
    return host


def learner(
    ref: str,
    name: str | None,
    *,
    score: float = 70,
    progress: float | None = 100,
    completed_on: datetime | None = COMPLETED,
    tenant: str = "wales",
    **more: Any,
) -> LearnerRecord:
    """Somebody enrolled, with one attempt at each of two assessments."""
    return LearnerRecord(
        learner_ref=ref,
        display_name=name,
        external_id=f"{tenant[:2].upper()}-{ref}",
        tenant_ref=tenant,
        enrolment=Enrolment(),
        progress=progress,
        completed_on=completed_on,
        attempts=(Attempt("quiz", score), Attempt("essay", score)),
        **more,
    )


def _run(ref: str, title: str, tenant: str, mentor: str) -> CourseRun:
    return CourseRun(
        run_ref=ref,
        title=title,
        course_ref=ref.split("-")[0],
        tenant_ref=tenant,
        mentor_refs=(mentor,),
        start=datetime(2026, 1, 5, tzinfo=UTC),
        end=ENDED,
        zone="Europe/London",
        assessments=(Assessment("quiz"), Assessment("essay"), Assessment("final", kind="Exam")),
    )


def make_app(database_url: str, host: MemoryHost, *, clock: Clock | None = None, **config: Any) -> Flask:
    """A host application with tables of its own, and Certify installed on it. Its tables and ours are made."""
    app, make_tables = _make_bare_app(database_url, host, clock, config)
    with app.app_context():
        copies.fill(runtime_of(app).engine, make_tables)
    return app


def _make_bare_app(
    database_url: str, host: MemoryHost, clock: Clock | None, config: dict[str, Any]
) -> tuple[Flask, Callable[[], None]]:
    """The application, and what makes its tables and ours."""
    from flask_certify import Certify

    class Base(orm.DeclarativeBase):
        pass

    db = SQLAlchemy(model_class=Base)

    class Pupil(db.Model):  # type: ignore[name-defined, misc]
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    app = Flask("story")
    app.url_rule_class = routes.Rule
    app.config.from_mapping(
        TESTING=True,
        SECRET_KEY="of these tests alone",
        SQLALCHEMY_DATABASE_URI=database_url,
        CERTIFY_PUBLIC_URL="https://certs.example.org",
        CERTIFY_MASTER_KEY=MASTER_KEY,
        CERTIFY_FILES=str(Path(tempfile.gettempdir(), "flask-certify-tests")),
        CERTIFY_COUNT_SECONDS=0,
    )
    app.config.update(config)
    db.init_app(app)
    Babel(app)
    Certify().init_app(app, db=db, host=host, clock=clock or FixedClock(NOW))

    def make_tables() -> None:
        db.create_all()
        schema.upgrade(runtime_of(app).engine)

    return app, make_tables


def set_up(rt: Runtime) -> None:
    """Both tenants can issue, and both runs have the two achievements attached."""
    from flask_certify.issuing import attaching, setting_up

    for tenant, run in (("wales", RUN), ("devon", OTHER_RUN)):
        setting_up.add_tenant(
            rt,
            tenant_ref=tenant,
            slug=tenant,
            name=f"Academy of {tenant.title()}",
            url="https://example.org",
            actor=TOM,
        )
        attaching.attach_pair(rt, run, actor=TOM)


def quick(rt: Runtime) -> Runtime:
    """What failed is tried again almost at once."""
    return replace(rt, settings=replace(rt.settings, retry_seconds=0.01))


@contextmanager
def opened(database_url: str, host: MemoryHost, *, clock: Clock | None = None, **config: Any) -> Iterator[Flask]:
    """An application of `make_app` on which both tenants can issue."""
    app, make_tables = _make_bare_app(database_url, host, clock, config)

    def make_site() -> None:
        make_tables()
        set_up(runtime_of(app))

    try:
        with app.app_context():
            engine = runtime_of(app).engine
            if clock is None and config.keys() <= SAID_TO_PAGES_ALONE:
                copies.fill(engine, make_site, f"a site of {host.tenants} with {host.runs}")
            else:
                copies.fill(engine, make_tables)
                set_up(runtime_of(app))
        yield app
    finally:
        dispose(app)


def dispose(app: Flask) -> None:
    """Lets go of every connection."""
    with app.app_context():
        for engine in app.extensions["sqlalchemy"].engines.values():
            engine.dispose()
