"""The smallest host there is: one file, one course, three people, and a login that is a word in the session cookie.

    export CERTIFY_MASTER_KEY=$(python -c "import secrets; print(secrets.token_hex(32))")
    flask --app examples.minimal.app set-up
    flask --app examples.minimal.app certify bulk-issue bread-2026 --wait --as mia
    flask --app examples.minimal.app run

Then log in as `ada` (she has finished), `ben` (he has not) or `mia` (their mentor).
"""

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask, has_request_context, redirect, render_template_string, request, session
from flask.typing import ResponseReturnValue
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy

from flask_certify import Certify
from flask_certify.core import schema
from flask_certify.core.current import current_runtime
from flask_certify.host.acts import default_answer
from flask_certify.host.records import (
    Actor,
    Assessment,
    Attempt,
    Contact,
    CourseRun,
    Enrolment,
    LearnerRecord,
    Person,
    Role,
    Tenant,
)
from flask_certify.issuing.attaching import attach_pair
from flask_certify.issuing.setting_up import add_tenant

SCHOOL = Tenant("school", "bakers-school", "The Bakers' School")
RUN = CourseRun(
    run_ref="bread-2026",
    title="Bread from Flour and Water",
    course_ref="bread",
    tenant_ref=SCHOOL.ref,
    mentor_refs=("mia",),
    start=datetime(2026, 1, 5, tzinfo=UTC),
    end=datetime(2026, 3, 27, tzinfo=UTC),
    assessments=(Assessment("loaf", title="A loaf"), Assessment("rolls", title="Twelve rolls")),
)
ADA = LearnerRecord(
    "ada",
    display_name="Ada Baker",
    tenant_ref=SCHOOL.ref,
    enrolment=Enrolment(),
    progress=100.0,
    completed_on=datetime(2026, 3, 20, tzinfo=UTC),
    attempts=(Attempt("loaf", 92.0), Attempt("rolls", 84.0)),
)
BEN = LearnerRecord("ben", display_name="Ben Miller", tenant_ref=SCHOOL.ref, enrolment=Enrolment(), progress=40.0)

LEARNERS = {each.learner_ref: each for each in (ADA, BEN)}
ACTORS = {
    "ada": Actor("ada", "Ada Baker", learner_ref="ada"),
    "ben": Actor("ben", "Ben Miller", learner_ref="ben"),
    "mia": Actor("mia", "Mia Mentor"),
}


class SchoolHost:
    """Satisfies `flask_certify.host.ports.Host`. A real one asks its tables; this one looks into the lists above."""

    def current_actor(self) -> Actor | None:
        return ACTORS.get(session.get("who", "")) if has_request_context() else None

    def find_actor(self, actor_ref: str) -> Actor | None:
        return ACTORS.get(actor_ref)

    def may(
        self,
        actor: Actor,
        act: str,
        *,
        tenant_ref: str,
        run_ref: str | None = None,
        learner_ref: str | None = None,
    ) -> bool:
        roles = {Role.MENTOR} if run_ref == RUN.run_ref and actor.ref in RUN.mentor_refs else set()
        if learner_ref is not None and learner_ref == actor.learner_ref:
            roles.add(Role.LEARNER)
        return default_answer(act, roles)

    def tenant(self, tenant_ref: str) -> Tenant | None:
        return SCHOOL if tenant_ref == SCHOOL.ref else None

    def course_run(self, run_ref: str) -> CourseRun | None:
        return RUN if run_ref == RUN.run_ref else None

    def runs_of_course(self, course_ref: str) -> Sequence[str]:
        return [RUN.run_ref] if course_ref == RUN.course_ref else []

    def runs_of_learner(self, learner_ref: str) -> Sequence[str]:
        return [RUN.run_ref] if learner_ref in LEARNERS else []

    def learners(self, run_ref: str, *, after: str | None, limit: int) -> Sequence[LearnerRecord]:
        refs = [ref for ref in sorted(LEARNERS) if after is None or ref > after] if run_ref == RUN.run_ref else []
        return [LEARNERS[ref] for ref in refs[:limit]]

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        known = LEARNERS if run_ref == RUN.run_ref else {}
        return {ref: known[ref] for ref in learner_refs if ref in known}

    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        return {ref: Contact(email=f"{ref}@school.example") for ref in learner_refs if ref in LEARNERS}

    def find_people(self, tenant_ref: str, text: str, limit: int) -> Sequence[Person]:
        names = {ref: each.display_name or "" for ref, each in LEARNERS.items() if each.tenant_ref == tenant_ref}
        return [Person(ref, names[ref]) for ref in sorted(names) if text.casefold() in names[ref].casefold()][:limit]

    def report_columns(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        found = self.learner_records(run_ref, learner_refs)
        return {ref: {"Name": each.display_name or ""} for ref, each in found.items()}

    def page_url(self, place: str, ref: str | None = None) -> str | None:
        return {"courses": "/", "login": "/"}.get(place)


PAGE = """
<!doctype html><html lang="en"><meta charset="utf-8"><title>The Bakers' School</title>
<h1>The Bakers' School</h1>
<form method="post" action="/login"><label>Who are you? <input name="who" value="{{ session.get('who', '') }}"></label>
<button>Log in</button></form>
<ul><li><a href="{{ certify_profile_url() }}">My certificates</a>
<li><a href="{{ certify_dashboard_url('bread-2026') }}">Certificates of Bread from Flour and Water</a>
<li><a href="{{ certify_verify_url() }}">Check a certificate</a></ul>
"""

db = SQLAlchemy()
certify = Certify()


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=environ.get("SECRET_KEY", "only for trying"),
        SQLALCHEMY_DATABASE_URI=environ.get("SQLALCHEMY_DATABASE_URI", f"sqlite:///{Path('minimal.db').absolute()}"),
        CERTIFY_PUBLIC_URL=environ.get("CERTIFY_PUBLIC_URL", "http://localhost:5000"),
        CERTIFY_MASTER_KEY=environ.get("CERTIFY_MASTER_KEY", ""),
        CERTIFY_REDIS_URL=environ.get("CERTIFY_REDIS_URL", ""),
        CERTIFY_MAIL=environ.get("CERTIFY_MAIL", ""),
    )
    db.init_app(app)
    Babel(app)
    certify.init_app(app, db=db, host=SchoolHost())

    @app.get("/")
    def home() -> str:
        return render_template_string(PAGE)

    @app.post("/login")
    def login() -> ResponseReturnValue:
        session["who"] = request.form.get("who", "")
        return redirect("/", 303)

    @app.cli.command("set-up")
    def set_up() -> None:
        """Make our tables, an issuer for the school, and attach certificates to its course run."""
        rt = current_runtime()
        schema.upgrade(rt.engine)
        add_tenant(rt, tenant_ref=SCHOOL.ref, slug=SCHOOL.slug, name=SCHOOL.name, actor="set-up")
        attach_pair(rt, RUN.run_ref, actor="set-up", again=True)

    return app
