"""For which run to issue, in whose name, and all that is the same for each of its learners."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from sqlalchemy import orm

from ..achievements.service import (
    AttachmentView,
    IssuerView,
    RunView,
    SignatoryView,
    find_tenant,
    get_course_run,
    get_issuer,
    get_run,
    keep_dates,
    list_attachments,
)
from ..core import languages
from ..core.i18n import c_, speaking
from ..core.runtime import Runtime
from ..documents import service as documents
from ..documents import signatories as signing
from ..documents import templates
from ..documents.service import FitCheck, TemplateVersionView
from ..host.records import CourseRun, Tenant
from .errors import NothingAttached


@dataclass(frozen=True, slots=True)
class Wording:
    """What an attachment says in one language, and the version of its template that says it."""

    version_id: UUID
    title: str
    description: str
    criteria: str
    signatories: tuple[SignatoryView, ...]


@dataclass(frozen=True)
class Order:
    """For which run to issue, in whose name, and all that is the same for each of its learners."""

    run: RunView
    course_run: CourseRun
    tenant: Tenant
    issuer: IssuerView
    attachments: tuple[AttachmentView, ...]
    wordings: Mapping[tuple[UUID, str], Wording]  # by attachment and language
    fits: Mapping[UUID, FitCheck]  # by version of the template
    actor: str
    notify: bool
    batch_id: UUID | None
    checked: set[Hashable] = field(default_factory=set, compare=False, repr=False)
    """What certificates of this order have been found to fit, but for name, code and address."""

    @cached_property
    def by_id(self) -> Mapping[UUID, AttachmentView]:
        return {each.id: each for each in self.attachments}


def open_order(rt: Runtime, run_id: UUID, *, actor: str, notify: bool, batch_id: UUID | None = None) -> Order:
    """What holds for all learners of the run now.

    Raises NothingAttached, UnknownRun, UnknownIssuer, HostUnavailable.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
        issuer = get_issuer(session, run.tenant_ref)
        attachments = tuple(list_attachments(session, run.id))
    if not attachments:
        raise NothingAttached()
    course_run = get_course_run(rt, run.run_ref)
    keep_dates(rt, run, course_run)
    tenant = find_tenant(rt, run.tenant_ref) or Tenant(run.tenant_ref, issuer.slug, issuer.name)
    wordings = _wordings(rt, tenant, attachments)
    versions = {each.version_id for each in wordings.values()}
    return Order(
        run,
        course_run,
        tenant,
        issuer,
        attachments,
        wordings,
        {version_id: documents.fit_check(rt, version_id) for version_id in versions},
        actor,
        notify and rt.settings.notify,
        batch_id,
    )


def languages_of(rt: Runtime, tenant: Tenant) -> tuple[str, ...]:
    """In which certificates of the tenant may be made, its first one first; never none."""
    theirs = (languages.spelled(each) for each in tenant.languages)
    return tuple(each for each in theirs if each in rt.settings.languages) or rt.settings.languages[:1]


def _wordings(rt: Runtime, tenant: Tenant, attachments: Sequence[AttachmentView]) -> Mapping[tuple[UUID, str], Wording]:
    """Said once for all learners. What an issuer wrote itself is in no catalogue, and stays as it is."""
    found = {}
    with rt.reading() as session:
        for each in attachments:
            for version in _versions(session, each.template_id, languages_of(rt, tenant)):
                with speaking(version.language):
                    earned = each.achievement
                    found[each.id, version.language] = Wording(
                        version.id,
                        c_(earned.name),
                        c_(earned.description),
                        c_(earned.criteria),
                        signing.printed_by(session, version.id),
                    )
    return found


def _versions(session: orm.Session, template_id: UUID, spoken: Sequence[str]) -> list[TemplateVersionView]:
    """The template's own language if it has one; else those of the tenant that it has a page in, else the page that it
    has (R-175). A certificate is all in one language."""
    fixed = templates.get_template(session, template_id).language
    asked = [fixed] if fixed else spoken
    found = [documents.latest_version(session, template_id, each) for each in asked]
    meeting = [one for one, each in zip(found, asked, strict=True) if one.language in languages.widening(each)]
    return meeting or found[:1]
