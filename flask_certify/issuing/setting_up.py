"""A tenant that can issue: issuer, key, the two achievements that come with us, and the shipped templates."""

from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Achievement, Issuer, Signatory
from ..achievements.service import IssuerView, SignatoryView, issuer_view
from ..core import audit
from ..core.db import insert_or_ignore
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.settings import is_slug
from ..core.transaction import Transaction
from ..credentials import service as credentials
from ..documents import service as documents
from .errors import SlugTaken, WrongSlug

COMPLETION, ACHIEVEMENT = "completion", "achievement"

# Name, description, criteria and Open Badges type. The names are the seed's fixed words; they are printed
# and signed in the language of the certificate.
SHIPPED = {
    COMPLETION: (
        N_("Course completion"),
        N_("Completed the whole course."),
        N_("The whole course was completed, with a score below 80 percent."),
        "CertificateOfCompletion",
    ),
    ACHIEVEMENT: (
        N_("Certificate of Achievement"),
        N_("Completed the whole course with merit."),
        N_("The whole course was completed, with a score of 80 percent or more."),
        "Certificate",
    ),
}


def add_tenant(
    rt: Runtime,
    *,
    tenant_ref: str,
    slug: str,
    name: str,
    url: str | None = None,
    signatories: tuple[SignatoryView, ...] = (),
    actor: str,
) -> IssuerView:
    """The tenant's issuer, complete: made if need be, and left alone if it is there.

    Raises WrongSlug, SlugTaken, MasterKeyMissing.
    """
    if not is_slug(slug):
        raise WrongSlug(slug=slug)
    rt.settings.require_master_keys()
    with rt.transaction() as tx:
        issuer, is_new = _ensure_issuer(tx, rt, tenant_ref, slug, name, url)
        if not credentials.has_active_key(tx.session, issuer.id):
            credentials.make_key(rt, tx, issuer.id, issuer.did)
        if is_new:
            _add_signatories(tx, issuer.id, signatories)
            audit.record(
                tx,
                tenant_ref=tenant_ref,
                actor_ref=actor,
                act="tenant.add",
                subject=f"issuer:{issuer.id}",
                at=rt.clock.now(),
                slug=slug,
            )
        _ensure_achievements(tx, issuer.id)
        documents.ensure_shipped_templates(tx, issuer.id)
        return issuer_view(issuer)


def _ensure_issuer(
    tx: Transaction, rt: Runtime, tenant_ref: str, slug: str, name: str, url: str | None
) -> tuple[Issuer, bool]:
    taken = tx.session.scalar(sa.select(Issuer).where(Issuer.slug == slug))
    if taken is not None and taken.tenant_ref != tenant_ref:
        raise SlugTaken(slug=slug)
    found = tx.session.scalar(sa.select(Issuer).where(Issuer.tenant_ref == tenant_ref))
    if found is not None:
        return found, False
    issuer = Issuer(
        id=new_id(),
        tenant_ref=tenant_ref,
        slug=slug,
        name=name,
        url=url or rt.settings.public_url,
        base=rt.settings.base,
        did=credentials.issuer_did(rt.settings, slug),
        created_at=rt.clock.now(),
    )
    tx.session.add(issuer)
    tx.session.flush()
    return issuer, True


def _add_signatories(tx: Transaction, issuer_id: UUID, signatories: tuple[SignatoryView, ...]) -> None:
    for position, each in enumerate(signatories, start=1):
        tx.session.add(
            Signatory(
                issuer_id=issuer_id,
                position=position,
                name=each.name,
                designation=each.designation,
                image_sha=each.image_sha,
            )
        )


def _ensure_achievements(tx: Transaction, issuer_id: UUID) -> None:
    rows = [
        {
            "id": new_id(),
            "issuer_id": issuer_id,
            "key": key,
            "name": name,
            "description": description,
            "criteria": criteria,
            "kind": kind,
        }
        for key, (name, description, criteria, kind) in SHIPPED.items()
    ]
    insert_or_ignore(tx.session, Achievement, rows, keys=["issuer_id", "key"])
