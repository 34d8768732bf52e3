"""The document of an award: printed when first wanted, and the same bytes from then on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import get_issuer
from ..awards.frozen import Frozen
from ..awards.models import Award, Record
from ..awards.service import AwardView, get_award, view
from ..awards.states import AwardState
from ..core.runtime import Runtime
from ..credentials import service as credentials
from ..credentials.models import Credential
from ..documents import service as documents
from ..documents.errors import NotLive as NotLive
from ..documents.service import Keepsake, PrintableAward, Printed


def get_document(rt: Runtime, award_id: UUID) -> Printed:
    """The PDF of a live award. Raises UnknownAward, NotLive, and what printing raises."""
    with rt.reading() as session:
        award = get_award(session, award_id)
        if not is_live(award):
            raise NotLive()
        issuer = get_issuer(session, award.tenant_ref)
    return documents.print_document(
        rt,
        printable(award.frozen, award.id, award.code, base=issuer.base, version_id=award.template_version_id),
        lambda: _credential(rt, award.id),
    )


def _credential(rt: Runtime, award_id: UUID) -> bytes | None:
    """What travels inside the document. None: it was erased."""
    signed = credentials.get_document(rt, award_id)
    return signed.encode() if signed is not None else None


def is_live(award: AwardView) -> bool:
    """Whether there is a document of it: it is valid now, and its holder was not erased."""
    return award.state is AwardState.ISSUED and award.frozen.recipient_name is not None


@dataclass(frozen=True)
class Facts:
    """All that some certificates are printed from: a question each, however many they are."""

    awards: Mapping[UUID, AwardView]
    credentials: Mapping[UUID, str | None]
    kept: Mapping[UUID, tuple[bytes, bytes]]
    """Of those that were printed before: prefix and tail."""
    external_ids: Mapping[str, str | None]


def facts_of(rt: Runtime, award_ids: Sequence[UUID]) -> Facts:
    """For some hundred awards at once."""
    with rt.reading() as session:
        found = {each.id: view(each) for each in session.scalars(sa.select(Award).where(Award.id.in_(award_ids)))}
        signed = session.execute(
            sa.select(Credential.award_id, Credential.document).where(Credential.award_id.in_(award_ids))
        )
        ids = session.execute(
            sa.select(Record.learner_ref, Record.external_id)
            .join(Award, sa.and_(Award.run_id == Record.run_id, Award.learner_ref == Record.learner_ref))
            .where(Award.id.in_(award_ids))
        )
        return Facts(
            found,
            {row.award_id: row.document for row in signed},
            documents.find_documents(session, award_ids),
            {row.learner_ref: row.external_id for row in ids},
        )


def print_fresh(rt: Runtime, award: AwardView, base: str, facts: Facts) -> Keepsake:
    """The document of a live award that has none yet, which is to be kept. Raises what printing raises."""
    told = printable(award.frozen, award.id, award.code, base=base, version_id=award.template_version_id)
    signed = facts.credentials.get(award.id)
    return documents.print_one(rt, told, signed.encode() if signed is not None else None)


def printable(frozen: Frozen, award_id: UUID, code: str, *, base: str, version_id: UUID) -> PrintableAward:
    """What a document is printed from: only what the award froze."""
    return PrintableAward.of(
        frozen,
        award_id=award_id,
        code=code,
        verify_url=verify_url(base, code),
        template_version_id=version_id,
    )


def verify_url(base: str, code: str) -> str:
    """What the QR code holds: always of the same length for an issuer (DESIGN decision 17)."""
    return f"{base}/v/{code}"
