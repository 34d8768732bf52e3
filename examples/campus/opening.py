"""Opens the campus: both schemas, teaching records, and certificates for its tenants and runs. May be repeated."""

from collections.abc import Callable, Collection
from pathlib import Path

from flask_certify.core import schema
from flask_certify.core.current import current_runtime
from flask_certify.core.runtime import Runtime
from flask_certify.issuing.attaching import attach_pair
from flask_certify.issuing.changes import catch_up
from flask_certify.issuing.setting_up import add_tenant

from . import loading, models, oulad, people
from .oulad import Teaching

ACTOR = "campus"  # whom the audit log names for what a load sets up

Say = Callable[[str], None]


def open_campus(folder: Path, wanted: Collection[str], *, attach: bool, say: Say) -> Teaching:
    """Everything there for the runs of this folder. What is there already stays as it is.

    Raises oulad.Unreadable before anything is changed.
    """
    teaching = oulad.read(folder, wanted)
    say(f"{_many(len(teaching.runs), 'run')} with {len(teaching.enrolments):,} enrolments in {folder}")
    rt = current_runtime()
    models.db.create_all()
    schema.upgrade(rt.engine)
    loading.load(models.db.engine, teaching, say)
    _add_tenants(rt, teaching, say)
    if attach:
        _attach(rt, teaching, say)
    return teaching


def _add_tenants(rt: Runtime, teaching: Teaching, say: Say) -> None:
    regions = sorted({each.region for each in teaching.enrolments})
    for region in regions:
        slug = people.slug_of(region)
        signatories = people.signatories(region)
        add_tenant(rt, tenant_ref=slug, slug=slug, name=region, signatories=signatories, actor=ACTOR)
    say(f"{_many(len(regions), 'tenant')} can issue, each with a key of its own")


def _attach(rt: Runtime, teaching: Teaching, say: Say) -> None:
    for run in teaching.runs:
        attach_pair(rt, run.ref, audience="everyone", actor=ACTOR, again=True)
    catch_up(rt)
    say(f"Course completion and Certificate of Achievement are attached to {_many(len(teaching.runs), 'run')}")


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
