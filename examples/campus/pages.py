"""What people see of the campus: home, courses, a run and its people, and one's own profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from sqlalchemy import Row

from .models import Assessment, Attempt, Course, CourseRun, Enrolment, Person, Post, Tenant, db

bp = Blueprint("pages", __name__)

PEOPLE_AT_ONCE = 50
RESULTS = {"Pass": _l("Pass"), "Distinction": _l("Distinction"), "Fail": _l("Fail"), "Withdrawn": _l("Withdrawn")}


@dataclass(frozen=True)
class Card:
    """A run as it stands in a list. `progress` is the reader's own, None if they do not learn in it."""

    run_id: str
    course_id: str
    title: str
    about: str
    tenant: str
    starts_on: date
    ends_on: date
    progress: float | None = None
    is_passing: bool = False
    is_active: bool = True


CARDS = (
    db.select(
        CourseRun.id,
        CourseRun.course_id,
        Course.title,
        Course.about,
        Tenant.name,
        CourseRun.starts_on,
        CourseRun.ends_on,
    )
    .join_from(CourseRun, Course)
    .join(Tenant, Tenant.id == CourseRun.tenant_id)
    .where(CourseRun.is_published)
    .order_by(CourseRun.course_id, CourseRun.starts_on)
)


@bp.app_template_filter("day")
def day(value: date | None) -> str:
    return format_date(value, "d MMMM y") if value else ""


@bp.app_template_filter("result")
def result(published: str) -> str:
    """How a run ended for somebody, in the reader's language."""
    return str(RESULTS.get(published, published))


@bp.get("/")
def home() -> str:
    if not current_user.is_authenticated:
        return render_template("welcome.html")
    return render_template("home.html", learning=learning_of(current_user.id), looking_after=tasks_of(current_user.id))


@bp.get("/courses")
def courses() -> str:
    return render_template("courses.html", cards=[Card(*row) for row in db.session.execute(CARDS)])


@bp.get("/runs/<run_id>")
def run(run_id: str) -> str:
    """A run: open to everybody; what somebody did in it, to them only."""
    found = get_card(run_id)
    return render_template(
        "run.html",
        run=found,
        assessments=assessments_of(run_id),
        mine=own_place(run_id),
        numbers=numbers_of(run_id) if looks_after(found) else None,
    )


@bp.get("/runs/<run_id>/people")
@login_required
def people(run_id: str) -> str:
    """The learners of a run, for those who look after it; a page at a time."""
    found = get_card(run_id)
    if not looks_after(found):
        abort(403)
    after = request.args.get("after", "")
    learners = people_after(run_id, after)
    more = learners[PEOPLE_AT_ONCE - 1].id if len(learners) > PEOPLE_AT_ONCE else None
    return render_template("people.html", run=found, learners=learners[:PEOPLE_AT_ONCE], more=more, after=after)


@bp.get("/profile")
@login_required
def profile() -> str:
    tenant = db.session.get(Tenant, current_user.tenant_id) if current_user.tenant_id else None
    return render_template("profile.html", tenant=tenant, learning=learning_of(current_user.id))


def get_card(run_id: str) -> Card:
    row = db.session.execute(CARDS.where(CourseRun.id == run_id)).first()
    if row is None:
        abort(404)
    return Card(*row)


def learning_of(person_id: str) -> list[Card]:
    asked = CARDS.add_columns(Enrolment.progress, Enrolment.is_passing, Enrolment.is_active)
    asked = asked.join(Enrolment, Enrolment.run_id == CourseRun.id).where(Enrolment.person_id == person_id)
    return [Card(*row) for row in db.session.execute(asked)]


def tasks_of(person_id: str) -> list[Card]:
    """The runs somebody of the staff looks after."""
    posts = db.session.scalars(db.select(Post).filter_by(person_id=person_id)).all()
    asked = CARDS
    if not any(post.role == "support" for post in posts):
        scopes = [post.scope for post in posts]
        asked = asked.where(
            db.or_(CourseRun.id.in_(scopes), CourseRun.course_id.in_(scopes), CourseRun.tenant_id.in_(scopes))
        )
    return [Card(*row) for row in db.session.execute(asked)] if posts else []


def looks_after(card: Card) -> bool:
    return current_user.is_authenticated and any(card.run_id == each.run_id for each in tasks_of(current_user.id))


def own_place(run_id: str) -> Enrolment | None:
    if not current_user.is_authenticated:
        return None
    place: Enrolment | None = db.session.get(Enrolment, (run_id, current_user.id))
    return place


def assessments_of(run_id: str) -> list[tuple[Assessment, float | None]]:
    """Each with the reader's own best score; None if they have none."""
    reader = current_user.id if current_user.is_authenticated else None
    best = db.func.max(Attempt.score)
    asked = (
        db.select(Assessment, best)
        .outerjoin(Attempt, db.and_(Attempt.assessment_id == Assessment.id, Attempt.person_id == reader))
        .where(Assessment.run_id == run_id)
        .group_by(Assessment.id)
        .order_by(Assessment.kind, Assessment.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(asked)]


def numbers_of(run_id: str) -> dict[str, int]:
    """How many learners have which result, the largest group first."""
    count = db.func.count()
    asked = (
        db.select(Enrolment.result, count).filter_by(run_id=run_id).group_by(Enrolment.result).order_by(count.desc())
    )
    return {row[0]: row[1] for row in db.session.execute(asked)}


def people_after(run_id: str, after: str) -> Sequence["Row[Any]"]:
    asked = (
        db.select(Person.id, Person.name, Person.external_id, Enrolment.progress, Enrolment.result)
        .join(Enrolment, Enrolment.person_id == Person.id)
        .where(Enrolment.run_id == run_id, Person.id > after)
        .order_by(Person.id)
        .limit(PEOPLE_AT_ONCE + 1)
    )
    return db.session.execute(asked).all()
