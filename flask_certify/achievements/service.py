"""Issuers, runs and attachments, as frozen views for the rooms above."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..core.db import insert_or_ignore
from ..core.errors import NotFound
from ..core.hosts import asking
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.texts import storable
from ..core.transaction import Transaction
from ..host.records import CourseRun, Tenant
from .answers import check_run, check_zone
from .models import Achievement, Attachment, Issuer, Run
from .run_dates import UNSAID, RunDates


class UnknownRun(NotFound):
    code = "run.unknown"
    sentence = N_("There is no course run %(run)s. Check its name in the learning platform.")


class UnknownIssuer(NotFound):
    code = "issuer.unknown"
    sentence = N_("The tenant %(tenant)s has no issuer yet. Make one with: flask certify tenant add SLUG --name NAME")


class NoSuchIssuer(NotFound):
    code = "issuer.no_such"
    sentence = N_("There is no issuer at this address.")


@dataclass(frozen=True, slots=True)
class IssuerView:
    id: UUID
    tenant_ref: str
    slug: str
    name: str
    url: str
    base: str
    did: str
    frozen_at: datetime | None


@dataclass(frozen=True, slots=True)
class SignatoryView:
    name: str
    designation: str
    image_sha: str | None


@dataclass(frozen=True, slots=True)
class RunView:
    id: UUID
    run_ref: str
    tenant_ref: str
    course_ref: str
    title: str
    dates: RunDates = UNSAID  # as the host last said


@dataclass(frozen=True, slots=True)
class AchievementView:
    id: UUID
    key: str
    name: str
    description: str
    criteria: str
    kind: str


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """An attachment in use. `rule` is in the notation of eligibility, `audience` is `tenant` or `everyone`."""

    id: UUID
    achievement: AchievementView
    template_id: UUID
    rule: Mapping[str, Any]
    audience: str
    position: int
    facts: tuple[str, ...] = ()  # carried into the certificate
    validity: Mapping[str, Any] | None = None  # as `validity` writes it; None: it does not expire
    of_course: bool = False  # the default of the course; False: the run's own


@dataclass(frozen=True, slots=True)
class AttachmentStep:
    """One entry of the history of attachments: what was attached, by whom, and what became of it (R-028)."""

    id: UUID
    replaces_id: UUID | None
    template_id: UUID
    confirmed: tuple[str, ...]
    rule: Mapping[str, Any]
    attached_at: datetime
    attached_by: str
    reason: str | None
    detached_at: datetime | None
    detached_by: str | None
    detached_reason: str | None


# ---- runs ------------------------------------------------------------------------------------------


def get_run(session: orm.Session, run_id: UUID) -> RunView:
    """Raises UnknownRun."""
    run = session.get(Run, run_id)
    if run is None:
        raise UnknownRun(run=str(run_id))
    return _run_view(run)


def runs_of(session: orm.Session, run_ids: Collection[UUID]) -> dict[UUID, RunView]:
    """These runs by their ids. One question."""
    return {each.id: _run_view(each) for each in session.scalars(sa.select(Run).where(Run.id.in_(run_ids)))}


def find_run(session: orm.Session, run_ref: str) -> RunView | None:
    run = session.scalar(sa.select(Run).where(Run.run_ref == run_ref))
    return _run_view(run) if run else None


def get_course_run(rt: Runtime, run_ref: str) -> CourseRun:
    """What the host says about the run now. Raises UnknownRun, HostUnavailable."""
    with asking(rt, "course_run"):
        found = rt.host.course_run(run_ref)
        if found is not None:
            check_run(found)
    if found is None:
        raise UnknownRun(run=run_ref)
    return found


def find_tenant(rt: Runtime, tenant_ref: str) -> Tenant | None:
    """What the host says of the tenant, None if it knows of none. Raises HostUnavailable, and HostFailed for a zone
    that there is not."""
    with asking(rt, "tenant"):
        found = rt.host.tenant(tenant_ref)
        if found is not None:
            check_zone(found.zone)
    return found


def ensure_run(rt: Runtime, run_ref: str) -> RunView:
    """Our row of the host's run, made if need be. Raises UnknownRun, HostUnavailable."""
    course_run = get_course_run(rt, run_ref)
    title = storable(course_run.title, 300) or ""
    with rt.transaction() as tx:
        row = {
            "id": new_id(),
            "run_ref": run_ref,
            "tenant_ref": course_run.tenant_ref,
            "course_ref": course_run.course_ref,
            "title": title,
            "created_at": rt.clock.now(),
        }
        insert_or_ignore(tx.session, Run, [row], keys=["run_ref"])
        run = tx.session.scalars(sa.select(Run).where(Run.run_ref == run_ref)).one()
        run.title, run.course_ref, run.tenant_ref = title, course_run.course_ref, course_run.tenant_ref
        _keep_dates(run, RunDates.said(course_run))
        return _run_view(run)


def keep_dates(rt: Runtime, run: RunView, course_run: CourseRun) -> None:
    """What the host says now about when certificates of the run are seen, if it is anything new."""
    if (said := RunDates.said(course_run)) != run.dates:
        with rt.transaction() as tx:
            tx.session.execute(sa.update(Run).where(Run.id == run.id).values(said.columns()))


def _keep_dates(run: Run, said: RunDates) -> None:
    for name, value in said.columns().items():
        setattr(run, name, value)


# ---- issuers ---------------------------------------------------------------------------------------


def get_issuer(session: orm.Session, tenant_ref: str) -> IssuerView:
    """The issuer of the tenant. Raises UnknownIssuer."""
    issuer = session.scalar(sa.select(Issuer).where(Issuer.tenant_ref == tenant_ref))
    if issuer is None:
        raise UnknownIssuer(tenant=tenant_ref)
    return issuer_view(issuer)


def get_issuer_by_slug(session: orm.Session, slug: str) -> IssuerView:
    """Raises NoSuchIssuer."""
    found = session.scalars(sa.select(Issuer).where(Issuer.slug == slug)).first()
    if found is None:
        raise NoSuchIssuer()
    return issuer_view(found)


def list_issuers(session: orm.Session) -> list[IssuerView]:
    return [issuer_view(each) for each in session.scalars(sa.select(Issuer).order_by(Issuer.slug))]


def freeze_issuer(tx: Transaction, issuer_id: UUID, now: datetime) -> None:
    """From the first issue on, address and identifier of the issuer stay as they are (R-154)."""
    tx.session.execute(
        sa.update(Issuer).where(Issuer.id == issuer_id, Issuer.frozen_at.is_(None)).values(frozen_at=now)
    )


def issuer_view(issuer: Issuer) -> IssuerView:
    return IssuerView(
        issuer.id,
        issuer.tenant_ref,
        issuer.slug,
        issuer.name,
        issuer.url,
        issuer.base,
        issuer.did,
        issuer.frozen_at,
    )


# ---- attachments -----------------------------------------------------------------------------------


def list_attachments(session: orm.Session, run_id: UUID) -> list[AttachmentView]:
    """Those in use for the run, in the order in which they are tried: its own, else those of its course (R-009)."""
    return own_attachments(session, run_id) or _inherited(session, run_id)


def own_attachments(session: orm.Session, run_id: UUID) -> list[AttachmentView]:
    """Those in use that were attached to the run itself."""
    return _attached(session, Attachment.run_id == run_id)


def course_attachments(session: orm.Session, tenant_ref: str, course_ref: str) -> list[AttachmentView]:
    """Those in use that the runs of the course inherit if they have none of their own."""
    return _attached(session, *of_course(tenant_ref, course_ref))


def of_course(tenant_ref: str, course_ref: str) -> tuple[sa.ColumnElement[bool], ...]:
    """The attachments of a course, in use or not."""
    return (Attachment.run_id.is_(None), Attachment.tenant_ref == tenant_ref, Attachment.course_ref == course_ref)


def runs_with_attachments(session: orm.Session) -> list[RunView]:
    """Every run of ours that has certificates attached, itself or by its course, in the order of their references."""
    own = sa.exists().where(Attachment.run_id == Run.id, Attachment.detached_at.is_(None))
    inherited = sa.exists().where(
        Attachment.run_id.is_(None),
        Attachment.tenant_ref == Run.tenant_ref,
        Attachment.course_ref == Run.course_ref,
        Attachment.detached_at.is_(None),
    )
    return [_run_view(each) for each in session.scalars(sa.select(Run).where(own | inherited).order_by(Run.run_ref))]


def courses_with_attachments(session: orm.Session) -> list[tuple[str, str]]:
    """Tenant and course of every default in use."""
    found = session.execute(
        sa.select(Attachment.tenant_ref, Attachment.course_ref)
        .where(Attachment.run_id.is_(None), Attachment.detached_at.is_(None))
        .distinct()
        .order_by(Attachment.tenant_ref, Attachment.course_ref)
    )
    return [(row.tenant_ref, row.course_ref) for row in found]


def attachment_history(session: orm.Session, *where: sa.ColumnElement[bool]) -> list[AttachmentStep]:
    """All that were ever attached there, the latest first."""
    found = session.scalars(
        sa.select(Attachment).where(*where).order_by(Attachment.attached_at.desc(), Attachment.id.desc())
    )
    return [
        AttachmentStep(
            each.id,
            each.replaces_id,
            each.template_id,
            tuple(each.confirmed),
            each.rule,
            each.attached_at,
            each.attached_by,
            each.reason,
            each.detached_at,
            each.detached_by,
            each.detached_reason,
        )
        for each in found
    ]


def find_achievement(session: orm.Session, issuer_id: UUID, key: str) -> AchievementView | None:
    """What the issuer lets people earn under this key."""
    earned = session.scalar(sa.select(Achievement).where(Achievement.issuer_id == issuer_id, Achievement.key == key))
    return _achievement_view(earned) if earned else None


def _inherited(session: orm.Session, run_id: UUID) -> list[AttachmentView]:
    run = session.get(Run, run_id)
    return course_attachments(session, run.tenant_ref, run.course_ref) if run else []


def _attached(session: orm.Session, *where: sa.ColumnElement[bool]) -> list[AttachmentView]:
    found = session.execute(
        sa.select(Attachment, Achievement)
        .join(Achievement, Achievement.id == Attachment.achievement_id)
        .where(*where, Attachment.detached_at.is_(None))
        .order_by(Attachment.position)
    )
    return [
        AttachmentView(
            row.id,
            _achievement_view(earned),
            row.template_id,
            row.rule,
            row.audience,
            row.position,
            tuple(row.facts),
            row.validity,
            row.run_id is None,
        )
        for row, earned in found
    ]


def _achievement_view(earned: Achievement) -> AchievementView:
    return AchievementView(earned.id, earned.key, earned.name, earned.description, earned.criteria, earned.kind)


def _run_view(run: Run) -> RunView:
    dates = RunDates.kept(run.pacing, run.display, run.available_on, run.ends_at, run.zone)
    return RunView(run.id, run.run_ref, run.tenant_ref, run.course_ref, run.title, dates)
