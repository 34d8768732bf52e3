"""The templates of a tenant, as everybody sees them: their versions, and what stands in these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Attachment, Issuer, Run
from ..core.languages import spelled
from ..core.storage import get_blob
from . import signatories
from .errors import TemplateNotFound
from .models import RETIRED, Template, TemplateVersion
from .signatories import Place


@dataclass(frozen=True, slots=True)
class Page:
    """A template in one language: HTML in the dialect of dialect.py, and its pictures by name."""

    html: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VersionView:
    id: UUID
    language: str
    number: int
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class TemplateView:
    """`language` None follows the learner; `signatories` None follows the file of the issuer."""

    id: UUID
    issuer_id: UUID
    tenant_ref: str
    key: str
    name: str
    is_retired: bool
    language: str | None
    signatories: tuple[Place, ...] | None
    versions: tuple[VersionView, ...]  # the newest first
    attached: int  # in how many places now
    was_attached: bool

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({each.language for each in self.versions}))

    def latest(self, language: str) -> VersionView | None:
        wanted = spelled(language)
        return next((each for each in self.versions if each.language == wanted), None)


# ---- looking ---------------------------------------------------------------------------------------


def list_templates(session: orm.Session, tenant_ref: str) -> list[TemplateView]:
    """All of the tenant, those in use first, by name."""
    rows = session.scalars(
        sa.select(Template).join(Issuer, Issuer.id == Template.issuer_id).where(Issuer.tenant_ref == tenant_ref)
    ).all()
    found = _views(session, rows)
    return sorted(found, key=lambda each: (each.is_retired, each.name.casefold(), each.key))


def get_template(session: orm.Session, template_id: UUID) -> TemplateView:
    """Raises TemplateNotFound."""
    row = session.get(Template, template_id)
    if row is None:
        raise TemplateNotFound()
    return _views(session, [row])[0]


def find_by_key(session: orm.Session, tenant_ref: str, key: str) -> TemplateView | None:
    row = session.scalar(
        sa.select(Template)
        .join(Issuer, Issuer.id == Template.issuer_id)
        .where(Issuer.tenant_ref == tenant_ref, Template.key == key)
    )
    return _views(session, [row])[0] if row else None


def get_by_key(session: orm.Session, tenant_ref: str, key: str) -> TemplateView:
    """Raises TemplateNotFound."""
    found = find_by_key(session, tenant_ref, key)
    if found is None:
        raise TemplateNotFound()
    return found


def get_page(session: orm.Session, version_id: UUID) -> Page:
    """What stands in a version. Raises TemplateNotFound."""
    row = session.get(TemplateVersion, version_id)
    if row is None:
        raise TemplateNotFound()
    return Page(
        get_blob(session, row.html_sha).decode(),
        {name: get_blob(session, sha256) for name, sha256 in sorted(row.assets.items())},
    )


def _views(session: orm.Session, rows: Sequence[Template]) -> list[TemplateView]:
    ids = [each.id for each in rows]
    issuers = sa.select(Issuer.id, Issuer.tenant_ref).where(Issuer.id.in_({each.issuer_id for each in rows}))
    tenants = {each.id: each.tenant_ref for each in session.execute(issuers)}
    versions: dict[UUID, list[VersionView]] = {each: [] for each in ids}
    for version in session.scalars(
        sa.select(TemplateVersion)
        .where(TemplateVersion.template_id.in_(ids))
        .order_by(TemplateVersion.created_at.desc(), TemplateVersion.number.desc(), TemplateVersion.language)
    ):
        versions[version.template_id].append(
            VersionView(
                version.id,
                version.language,
                version.number,
                version.note or "",
                version.created_at,
                version.created_by,
            )
        )
    now = sa.func.count().filter(Attachment.detached_at.is_(None)).label("now")
    counted = session.execute(
        sa.select(Attachment.template_id, now).where(Attachment.template_id.in_(ids)).group_by(Attachment.template_id)
    )
    attached = {each.template_id: each.now for each in counted}
    return [
        TemplateView(
            each.id,
            each.issuer_id,
            tenants[each.issuer_id],
            each.key,
            each.name,
            each.state == RETIRED,
            each.language,
            None if each.signatories is None else signatories.places_of(each),
            tuple(versions[each.id]),
            attached.get(each.id, 0),
            each.id in attached,
        )
        for each in rows
    ]


def attached_to(session: orm.Session, template_id: UUID) -> list[str]:
    """Names of the first few runs and courses that use it now."""
    rows = session.execute(
        sa.select(Run.title, Attachment.course_ref)
        .select_from(Attachment)
        .outerjoin(Run, Run.id == Attachment.run_id)
        .where(Attachment.template_id == template_id, Attachment.detached_at.is_(None))
        .order_by(Run.title, Attachment.course_ref)
        .distinct()
        .limit(5)
    )
    return [row.title or row.course_ref for row in rows]
