"""The campus's own tables. It knows days, not moments: a run's dates are meant in the run's time zone."""

from datetime import date

import sqlalchemy as sa
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.security import check_password_hash


class Base(DeclarativeBase):
    pass


db = SQLAlchemy(model_class=Base)

KEPT = {"personal": "as long as the account"}  # what a person may ask to see, and to have erased


class Tenant(db.Model):  # type: ignore[name-defined, misc]
    """A region, whose teachers learn here."""

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)  # also its slug in addresses
    name: Mapped[str] = mapped_column(sa.String(80))
    zone: Mapped[str] = mapped_column(sa.String(40), default="Europe/London")


class Person(db.Model, UserMixin):  # type: ignore[name-defined, misc]
    """A learner, or somebody of the staff."""

    id: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    tenant_id: Mapped[str | None] = mapped_column(sa.ForeignKey("tenant.id"), index=True)
    is_learner: Mapped[bool]
    is_blocked: Mapped[bool] = mapped_column(default=False)
    user_name: Mapped[str] = mapped_column(sa.String(80), unique=True, info=KEPT)
    name: Mapped[str] = mapped_column(sa.String(200), info=KEPT)
    external_id: Mapped[str | None] = mapped_column(sa.String(40), info=KEPT)  # the tenant's own number of the person
    email: Mapped[str | None] = mapped_column(sa.String(200), info=KEPT)
    phone: Mapped[str | None] = mapped_column(sa.String(20), info=KEPT)  # E.164
    locale: Mapped[str] = mapped_column(sa.String(10), default="en", info=KEPT)
    password_hash: Mapped[str] = mapped_column(sa.String(200))

    @property
    def is_active(self) -> bool:
        return not self.is_blocked

    def knows(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)


class Post(db.Model):  # type: ignore[name-defined, misc]
    """A task that somebody of the staff has: for one run, one course, one tenant, or everywhere."""

    person_id: Mapped[str] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    role: Mapped[str] = mapped_column(sa.String(20), primary_key=True)  # mentor, author, tenant_admin, support
    scope: Mapped[str] = mapped_column(sa.String(80), primary_key=True)  # the id of what it is for; * is everywhere
    __table_args__ = (sa.Index("ix_post_scope", "scope", "role"),)


class Course(db.Model):  # type: ignore[name-defined, misc]
    id: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(200))
    about: Mapped[str] = mapped_column(sa.Text)


class CourseRun(db.Model):  # type: ignore[name-defined, misc]
    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    course_id: Mapped[str] = mapped_column(sa.ForeignKey("course.id"), index=True)
    tenant_id: Mapped[str] = mapped_column(sa.ForeignKey("tenant.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]  # its last day
    zone: Mapped[str] = mapped_column(sa.String(40), default="Europe/London")
    is_published: Mapped[bool] = mapped_column(default=True)
    is_open: Mapped[bool] = mapped_column(default=True)  # anybody may enrol


class Assessment(db.Model):  # type: ignore[name-defined, misc]
    id: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    run_id: Mapped[str] = mapped_column(sa.ForeignKey("course_run.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))  # `Assessment` or `Exam`
    title: Mapped[str] = mapped_column(sa.String(80))
    max_score: Mapped[float]


class Enrolment(db.Model):  # type: ignore[name-defined, misc]
    """That a person learns in a run, and how far they came."""

    run_id: Mapped[str] = mapped_column(sa.ForeignKey("course_run.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey("person.id"), primary_key=True, index=True)
    mode: Mapped[str] = mapped_column(sa.String(20), default="verified")
    is_active: Mapped[bool]
    progress: Mapped[float]  # percent
    is_passing: Mapped[bool]
    result: Mapped[str] = mapped_column(sa.String(20))  # Pass, Distinction, Fail, Withdrawn
    completed_on: Mapped[date | None]  # None: not completed


class Attempt(db.Model):  # type: ignore[name-defined, misc]
    """Something handed in that has its score."""

    assessment_id: Mapped[str] = mapped_column(sa.ForeignKey("assessment.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, default=1)
    score: Mapped[float]
    max_score: Mapped[float]
    handed_in_on: Mapped[date]
