"""One credential for nobody, signed and thrown away, so that whoever forks afterwards finds all of it loaded."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from . import envelope, multibase, signers
from .open_badge import AchievementView, Statement
from .shape_compiler import FormCache
from .signing import Desk
from .status_list import Place

_NOBODY = UUID(int=0)
_DID = "did:web:rehearsal.invalid"
_URL = "https://rehearsal.invalid/"
_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def rehearse() -> None:
    """Loads libraries, contexts and algorithms by using them. Nothing is kept: the key is made for this and lost."""
    seed = secrets.token_bytes(32)
    masters = {1: secrets.token_bytes(32)}
    seed = envelope.unseal(envelope.seal(seed, _DID, "rehearsal", masters), _DID, "rehearsal", masters)
    signer = signers.fastest_signer(_DID, seed)
    achievement = AchievementView(
        id=_URL,
        name="Rehearsal",
        description="-",
        criteria_id=_URL,
        criteria="-",
        achievement_type="Badge",
        language="en",
    )
    statement = Statement(
        award_id=_NOBODY,
        credential_id=_NOBODY,
        subject_id=_NOBODY,
        code="000000000000",
        recipient_name="Nobody",
        achievement=achievement,
        course_title="Rehearsal",
        issuer_name="Rehearsal",
        valid_from=_DAY,
        awarded_date=_DAY,
    )
    desk = Desk(
        signer=signer,
        public_key=multibase.ed25519_public_key(signer.public_multikey()),
        key_active_from=_DAY,
        issuer_did=_DID,
        issuer_url=_URL,
        now=_DAY,
        forms=FormCache(),
    )
    desk.sign([statement], [Place(_NOBODY, _NOBODY, 1, 0, _URL)])
