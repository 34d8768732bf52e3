"""The document of an award: printed when first wanted, and the same bytes from then on."""

from uuid import UUID

from ..achievements.service import get_issuer
from ..awards.frozen import Frozen
from ..awards.service import get_award
from ..awards.states import AwardState
from ..core.errors import Conflict
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..credentials import service as credentials
from ..documents import service as documents
from ..documents.service import PrintableAward, Printed


class NotLive(Conflict):
    code = "document.not_live"
    sentence = N_("This certificate is not valid any more, or not yet, so it cannot be printed.")


def get_document(rt: Runtime, award_id: UUID) -> Printed:
    """The PDF of a live award. Raises UnknownAward, NotLive, and what printing raises."""
    with rt.reading() as session:
        award = get_award(session, award_id)
        if award.state is not AwardState.ISSUED or award.frozen.recipient_name is None:
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
