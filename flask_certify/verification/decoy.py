"""A certificate that nobody holds. What is done with a certificate that was found is done with this one for a code that
nobody has, so that both answers take equally long (R-145): the same work, and no waiting."""

import json
from datetime import UTC, datetime
from functools import cache
from secrets import token_bytes
from uuid import UUID

from ..achievements.run_dates import RunDates
from ..awards.frozen import Frozen
from ..awards.states import AwardState
from ..credentials import multibase
from ..credentials.did_web import KeyState, PublishedKey
from ..credentials.open_badge import AchievementView, Statement
from ..credentials.shape_compiler import FormCache
from ..credentials.signers import fastest_signer
from ..credentials.signing import Desk, SignedCredential
from ..credentials.status_list import Place
from .finding import Found, Known
from .seals import Held

_NOBODY, _LONG_AGO = UUID(int=0), datetime(2026, 1, 1, tzinfo=UTC)
_HOME = "https://example.org/certify/nobody"
_DID, _CODE = "did:web:example.org:certify:nobody", "000000000000"


def found() -> Found:
    """It, as if it had just come from the database."""
    stored, held, key = _signed()
    frozen = Frozen.from_json(json.loads(stored))
    award = Known(_NOBODY, _NOBODY, "", _CODE, AwardState("issued"), _LONG_AGO, frozen)
    return Found(
        award,
        Held(
            _NOBODY,
            _CODE,
            frozen,
            held.text,
            held.credential_id,
            held.key_id,
            held.status_list,
            held.status_index,
        ),
        (PublishedKey(key.multikey, KeyState(key.state.value), key.active_from),),
        dates=RunDates.kept(None, None, None, None, None),
    )


@cache
def _signed() -> tuple[str, Held, PublishedKey]:
    """Signed once in each process, with a key that is thrown away."""
    words = "A certificate that nobody holds, with as many words as others have."
    frozen = Frozen(
        recipient_name="Nobody",
        course_title=words,
        achievement_key="completion",
        achievement_title=words,
        description=words,
        criteria=words,
        issuer_name=words,
        issuer_slug="nobody",
        issuer_did=_DID,
        completed_on=_LONG_AGO,
        issued_at=_LONG_AGO,
        zone="UTC",
        language="en",
        score="100",
    )
    signer = fastest_signer(_DID, token_bytes(32))
    key = PublishedKey(signer.public_multikey(), KeyState.ACTIVE, _LONG_AGO)
    desk = Desk(
        signer=signer,
        public_key=multibase.ed25519_public_key(key.multikey),
        key_active_from=_LONG_AGO,
        issuer_did=_DID,
        issuer_url="https://example.org",
        now=_LONG_AGO,
        forms=FormCache(),
    )
    statement = Statement(
        award_id=_NOBODY,
        credential_id=_NOBODY,
        subject_id=frozen.fingerprint(_NOBODY),
        code=_CODE,
        recipient_name="Nobody",
        achievement=AchievementView(
            id=f"{_HOME}/achievement",
            name=words,
            description=words,
            criteria_id=f"{_HOME}/criteria",
            criteria=words,
            achievement_type="Certificate",
            language="en",
        ),
        course_title=words,
        issuer_name=words,
        valid_from=_LONG_AGO,
        awarded_date=_LONG_AGO,
        score="100",
    )
    (signed,) = desk.sign([statement], [Place(_NOBODY, _NOBODY, 1, 0, f"{_HOME}/status/1")])
    assert isinstance(signed, SignedCredential)
    held = Held(_NOBODY, _CODE, frozen, signed.text, f"urn:uuid:{_NOBODY}", signer.key_id, f"{_HOME}/status/1", 0)
    return json.dumps(frozen.to_json()), held, key
