"""The campus as flask-certify sees it: the one place where the two meet.

Questions are asked of whole sets, so their number does not grow with the learners. Each method takes a connection
of its own and gives it back, so it leaves no transaction open and needs neither a request nor `db.session`: it
answers in a worker as it does on a page. Only `current_actor` looks at the request.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import has_request_context
from flask_login import current_user

from flask_certify.host.acts import default_answer
from flask_certify.host.ports import HostAway
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

from . import models

AT_ONCE = 5000  # references in one question; databases allow some thirty thousand
NOON = time(12)  # only the day is known, and noon is on that day in every zone the campus serves
LAST_SECOND = time(23, 59, 59)
PAGES = {"courses": "/courses", "profile": "/profile", "login": "/login"}

person, post = models.Person.__table__, models.Post.__table__
course, run, tenant = models.Course.__table__, models.CourseRun.__table__, models.Tenant.__table__
assessment, attempt = models.Assessment.__table__, models.Attempt.__table__
enrolment = models.Enrolment.__table__

LEARNING = (
    sa.select(
        enrolment.c.run_id,
        enrolment.c.person_id,
        enrolment.c.mode,
        enrolment.c.is_active,
        enrolment.c.progress,
        enrolment.c.is_passing,
        enrolment.c.result,
        enrolment.c.completed_on,
        run.c.zone,
        run.c.is_open,
        person.c.name,
        person.c.user_name,
        person.c.external_id,
        person.c.tenant_id,
        person.c.is_blocked,
        person.c.locale,
        tenant.c.name.label("region"),
    )
    .select_from(enrolment.join(run).join(person).outerjoin(tenant, tenant.c.id == person.c.tenant_id))
    .order_by(enrolment.c.person_id)
)
TRIED = (
    sa.select(attempt.c.person_id, attempt.c.assessment_id, attempt.c.score, attempt.c.max_score)
    .select_from(attempt.join(assessment))
    .order_by(attempt.c.person_id, attempt.c.assessment_id, attempt.c.number)
)


class CampusHost:
    """Satisfies `flask_certify.host.ports.Host`."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    # ---- who acts ----------------------------------------------------------------------------------

    def current_actor(self) -> Actor | None:
        if not has_request_context() or not current_user.is_authenticated:
            return None
        return _actor(current_user)

    def find_actor(self, actor_ref: str) -> Actor | None:
        found = self._first(sa.select(person).where(person.c.id == actor_ref))
        return None if found is None else _actor(found)

    def may(
        self,
        actor: Actor,
        act: str,
        *,
        tenant_ref: str,
        run_ref: str | None = None,
        learner_ref: str | None = None,
    ) -> bool:
        """By the tasks they have here: mentors in their runs, authors in their courses, admins in their tenant.

        A run decides itself whose it is, so a wrong `tenant_ref` opens nothing.
        """
        scopes = {(Role.SUPPORT, "*"), (Role.TENANT_ADMIN, tenant_ref)}
        if run_ref is not None:
            scopes = self._scopes_of(run_ref, tenant_ref)
        held = self._tasks_of(actor.ref)
        roles = {role for role, scope in scopes if (role, scope) in held}
        if learner_ref is not None and actor.learner_ref == learner_ref:
            roles.add(Role.LEARNER)
        return default_answer(act, roles)

    def _scopes_of(self, run_ref: str, tenant_ref: str) -> set[tuple[Role, str]]:
        """The tasks that matter for this run; none if it is not this tenant's."""
        found = self._first(sa.select(run.c.course_id, run.c.tenant_id).where(run.c.id == run_ref))
        if found is None or found.tenant_id != tenant_ref:
            return set()
        return {
            (Role.SUPPORT, "*"),
            (Role.TENANT_ADMIN, found.tenant_id),
            (Role.AUTHOR, found.course_id),
            (Role.MENTOR, run_ref),
        }

    def _tasks_of(self, person_ref: str) -> set[tuple[str, str]]:
        asked = (
            sa.select(post.c.role, post.c.scope)
            .select_from(post.join(person))
            .where(post.c.person_id == person_ref, person.c.is_blocked.is_(False))
        )
        return {(row.role, row.scope) for row in self._all(asked)}

    # ---- tenants and runs --------------------------------------------------------------------------

    def tenant(self, tenant_ref: str) -> Tenant | None:
        found = self._first(sa.select(tenant).where(tenant.c.id == tenant_ref))
        if found is None:
            return None
        return Tenant(found.id, found.id, found.name, found.zone, languages=("en", "hi"), people="teachers")

    def course_run(self, run_ref: str) -> CourseRun | None:
        asked = sa.select(run, course.c.title, course.c.about).join_from(run, course).where(run.c.id == run_ref)
        found = self._first(asked)
        if found is None:
            return None
        staff = self._staff_of(found.id, found.course_id)
        return CourseRun(
            run_ref=found.id,
            title=found.title,
            course_ref=found.course_id,
            tenant_ref=found.tenant_id,
            author_ref=next(iter(staff["author"]), None),
            mentor_refs=tuple(staff["mentor"]),
            start=_moment(found.starts_on, time(0), found.zone),
            end=_moment(found.ends_on, LAST_SECOND, found.zone),
            zone=found.zone,
            published=found.is_published,
            assessments=self._assessments_of(found.id),
            open=found.is_open,
            description=found.about,
        )

    def _staff_of(self, run_ref: str, course_ref: str) -> Mapping[str, list[str]]:
        asked = (
            sa.select(post.c.role, post.c.person_id)
            .where(
                sa.or_(
                    sa.and_(post.c.role == "mentor", post.c.scope == run_ref),
                    sa.and_(post.c.role == "author", post.c.scope == course_ref),
                )
            )
            .order_by(post.c.person_id)
        )
        staff: dict[str, list[str]] = defaultdict(list)
        for row in self._all(asked):
            staff[row.role].append(row.person_id)
        return staff

    def _assessments_of(self, run_ref: str) -> tuple[Assessment, ...]:
        asked = sa.select(assessment).where(assessment.c.run_id == run_ref).order_by(assessment.c.id)
        return tuple(Assessment(row.id, row.kind, row.max_score, row.title) for row in self._all(asked))

    def runs_of_course(self, course_ref: str) -> Sequence[str]:
        asked = sa.select(run.c.id).where(run.c.course_id == course_ref).order_by(run.c.id)
        return [row.id for row in self._all(asked)]

    def runs_of_learner(self, learner_ref: str) -> Sequence[str]:
        asked = sa.select(enrolment.c.run_id).where(enrolment.c.person_id == learner_ref)
        return [row.run_id for row in self._all(asked.order_by(enrolment.c.run_id))]

    # ---- learners ----------------------------------------------------------------------------------

    def learners(self, run_ref: str, *, after: str | None, limit: int) -> Sequence[LearnerRecord]:
        asked = LEARNING.where(enrolment.c.run_id == run_ref).limit(limit)
        if after is not None:
            asked = asked.where(enrolment.c.person_id > after)
        found = self._all(asked)
        if not found:
            return []
        # By their span rather than one by one, so that a page may be of any size.
        span = attempt.c.person_id.between(found[0].person_id, found[-1].person_id)
        tried = self._tried(TRIED.where(assessment.c.run_id == run_ref, span))
        return [_record(row, tried[row.person_id]) for row in found]

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        records: dict[str, LearnerRecord] = {}
        for refs in _parts(learner_refs):
            asked = LEARNING.where(enrolment.c.run_id == run_ref, enrolment.c.person_id.in_(refs))
            theirs = TRIED.where(assessment.c.run_id == run_ref, attempt.c.person_id.in_(refs))
            found, tried = self._all(asked), self._tried(theirs)
            records |= {row.person_id: _record(row, tried[row.person_id]) for row in found}
        return records

    def _tried(self, asked: "sa.Select[Any]") -> Mapping[str, list[Attempt]]:
        tried: dict[str, list[Attempt]] = defaultdict(list)
        for row in self._all(asked):
            tried[row.person_id].append(Attempt(row.assessment_id, row.score, row.max_score))
        return tried

    # ---- people and pages --------------------------------------------------------------------------

    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        found: dict[str, Contact] = {}
        for refs in _parts(learner_refs):
            asked = sa.select(person.c.id, person.c.email, person.c.phone, person.c.locale)
            for row in self._all(asked.where(person.c.id.in_(refs))):
                found[row.id] = Contact(row.email, row.phone, row.locale)
        return found

    def find_people(self, tenant_ref: str, text: str, limit: int) -> Sequence[Person]:
        fields = (person.c.name, person.c.user_name, person.c.external_id)
        asked = (
            sa.select(person.c.id, person.c.name, person.c.external_id)
            .where(person.c.is_learner, person.c.tenant_id == tenant_ref)
            .where(sa.or_(*(field.icontains(text, autoescape=True) for field in fields)))
            .order_by(person.c.id)
            .limit(limit)
        )
        return [Person(row.id, row.name, row.external_id) for row in self._all(asked)]

    def report_columns(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """The columns of the campus's own progress report."""
        return {
            row.person_id: {
                "Name": row.name,
                "User name": row.user_name,
                "Region": row.region or "",
                "Enrolment": row.mode if row.is_active else f"{row.mode}, withdrawn",
                "Progress": f"{row.progress:.0f}",
                "Result": row.result,
            }
            for refs in _parts(learner_refs)
            for row in self._all(LEARNING.where(enrolment.c.run_id == run_ref, enrolment.c.person_id.in_(refs)))
        }

    def page_url(self, place: str, ref: str | None = None) -> str | None:
        """The campus has no page for one learner's profile but their own, and no videos."""
        if place == "login" and ref:
            return f"{PAGES[place]}?{urlencode({'next': ref})}"
        return PAGES.get(place)

    # ---- asking ------------------------------------------------------------------------------------

    def _all(self, asked: "sa.Select[Any]") -> Sequence["sa.Row[Any]"]:
        with self._connection() as connection:
            return connection.execute(asked).all()

    def _first(self, asked: "sa.Select[Any]") -> "sa.Row[Any] | None":
        with self._connection() as connection:
            return connection.execute(asked).first()

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        """A database that is busy or away means "later", never "no"."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise HostAway from error


def _actor(found: Any) -> Actor:
    return Actor(found.id, found.name, found.id if found.is_learner else None, found.locale)


def _record(row: Any, attempts: Iterable[Attempt]) -> LearnerRecord:
    return LearnerRecord(
        learner_ref=row.person_id,
        display_name=row.name,
        user_name=row.user_name,
        external_id=row.external_id,
        tenant_ref=row.tenant_id,
        attributes={"region": row.region} if row.region else {},
        account_active=not row.is_blocked,
        enrolment=Enrolment(row.is_active, row.mode, "open" if row.is_open else "invite-only"),
        progress=row.progress,
        completed_on=row.completed_on and _moment(row.completed_on, NOON, row.zone),
        attempts=tuple(attempts),
        passing=row.is_passing,
        locale=row.locale,
    )


def _moment(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone))


def _parts(refs: Collection[str]) -> Iterator[list[str]]:
    """At most `AT_ONCE` references at a time, in order."""
    ordered = sorted(refs)
    for first in range(0, len(ordered), AT_ONCE):
        yield ordered[first : first + AT_ONCE]
