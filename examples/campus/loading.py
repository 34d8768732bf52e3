"""Teaching records go into the campus's tables, by the thousand, and only where they are not there yet.

What has been changed on the campus since the last load stays as it is, so a load can be repeated at any time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.security import generate_password_hash

from . import models, people
from .oulad import Teaching

AT_ONCE = 5000  # rows handed to the database at a time, so that memory stays small
ZONE = "Europe/London"

Row = Mapping[str, Any]
Say = Callable[[str], None]


def load(engine: sa.Engine, teaching: Teaching, say: Say) -> None:
    """Writes what is missing, in one transaction, and tells of each table as it is done."""
    new: dict[str, int] = {}
    with engine.begin() as connection:
        for model, rows in _rows(teaching):
            table = model.__table__
            before = _count(connection, table)
            _add_missing(connection, table, rows)
            new[table.name] = _count(connection, table) - before
            if new[table.name]:
                say(f"{new[table.name]:>9,} new: {table.name.replace('_', ' ')}")
    if not any(new.values()):
        say("All of it is here already")


def _rows(teaching: Teaching) -> Iterator[tuple[Any, list[Row]]]:
    """What belongs into each table, tables that others refer to first."""
    regions = {each.region for each in teaching.enrolments}
    learners = {each.learner_ref: each.region for each in teaching.enrolments}
    staff = list(people.staff(teaching.runs, regions))
    accounts = {each.id: each for each, _ in staff}
    accounts |= {ref: people.learner(ref, region) for ref, region in learners.items()}
    yield models.Tenant, [{"id": people.slug_of(each), "name": each, "zone": ZONE} for each in sorted(regions)]
    yield models.Person, _people(accounts.values())
    yield models.Post, list({task: asdict(task) for _, task in staff}.values())
    yield models.Course, _courses(teaching)
    yield models.CourseRun, _runs(teaching)
    yield models.Assessment, [_assessment(each) for each in teaching.assessments]
    yield models.Enrolment, [_enrolment(each) for each in teaching.enrolments]
    yield models.Attempt, [_attempt(each) for each in teaching.attempts]


def _people(accounts: Iterable[people.Account]) -> list[Row]:
    # One digest for all of them: to make thirty thousand takes half an hour, and the password is no secret.
    digest = generate_password_hash(people.PASSWORD)
    return [asdict(each) | {"is_blocked": False, "password_hash": digest} for each in accounts]


def _courses(teaching: Teaching) -> list[Row]:
    made: list[Row] = []
    for code in sorted({run.course for run in teaching.runs}):
        title, about = people.course_of(code)
        made.append({"id": code, "title": title, "about": about})
    return made


def _runs(teaching: Teaching) -> list[Row]:
    return [
        {
            "id": run.ref,
            "course_id": run.course,
            "tenant_id": people.slug_of(run.region),
            "starts_on": run.starts_on,
            "ends_on": run.ends_on,
            "zone": ZONE,
            "is_published": True,
            "is_open": True,
        }
        for run in teaching.runs
    ]


def _assessment(each: Any) -> Row:
    return {
        "id": each.ref,
        "run_id": each.run_ref,
        "kind": each.kind,
        "title": each.title,
        "max_score": each.max_score,
    }


def _enrolment(each: Any) -> Row:
    return {
        "run_id": each.run_ref,
        "person_id": each.learner_ref,
        "mode": "verified",
        "is_active": each.active,
        "progress": each.progress,
        "is_passing": each.passing,
        "result": each.result,
        "completed_on": each.completed_on,
    }


def _attempt(each: Any) -> Row:
    return {
        "assessment_id": each.assessment_ref,
        "person_id": each.learner_ref,
        "number": 1,
        "score": each.score,
        "max_score": 100.0,
        "handed_in_on": each.handed_in_on,
    }


def _add_missing(connection: sa.Connection, table: sa.Table, rows: list[Row]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing()
    for first in range(0, len(rows), AT_ONCE):
        connection.execute(statement, rows[first : first + AT_ONCE])


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
