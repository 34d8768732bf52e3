"""One issuer, one course, and learners with difficult names, for tests about credentials."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from flask_certify.core.ids import CODE_ALPHABET
from flask_certify.credentials import did_web, multibase
from flask_certify.credentials.did_web import KeyState, PublishedKey
from flask_certify.credentials.open_badge import AchievementView, Statement
from flask_certify.credentials.shape_compiler import FormCache
from flask_certify.credentials.signers import Signer, pycryptodome_signer
from flask_certify.credentials.signing import Desk
from flask_certify.credentials.status_list import Place

BASE = "https://certs.example.org/certify"
DID = did_web.did_at(BASE, "ka")
STATUS_LIST = f"{BASE}/ka/status/1"
SEED = bytes(range(32))  # of these tests alone
OTHER_SEED = bytes(range(32, 64))
KEY_ACTIVE_FROM = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)

ACHIEVEMENT = AchievementView(
    id=f"{BASE}/ka/achievements/fln-1",
    name="Course completion",
    description="A 40 hour in-service course.\nWith practice in your own school.",
    criteria_id=f"{BASE}/ka/achievements/fln-1/criteria",
    criteria="Complete all modules and score 60 % or more.",
    achievement_type="CertificateOfCompletion",
    language="en",
)

NAMES = {
    "Devanagari": "आशा देवी",
    "Kannada, with a joiner": "ಕ್\u200dಷಮಾ ರಾವ್",
    "Urdu": "عائشہ صدیقی",
    "emoji": "Zoë 👩🏽‍🏫 Müller",
    "quotes": 'Robert "Bobby" O\'Neil',
    "backslash": "Anna \\u0041 \\n Back\\slash",
    "a label of canonical text": "_:c14n1",
}
"""Names that anybody might bear, and some that only a mischief-maker would."""

_LETTERS = 'abc XYZ"\\कश😀<>{}_: e\u0301\u200d/#%é'
_HOSTILE = [
    "_:c14n0",
    "x _:c14n0 _:c14n1 y",
    "_:c14n1 _:c14n2 _:a",
    "{0} {literal_recipient_name} {{}} %s",
    '" . <urn:x> "',
    '", "issuer": "did:web:evil.example',
    "\\u0041 \\n \\",
    "urn:slot:0000000000000000:recipient_name:",
    "0",
    *NAMES.values(),
]


def hostile_name(rng: random.Random) -> str:
    """A name made to break something."""
    if rng.random() < 0.5:
        return rng.choice(_HOSTILE)
    return "x" + "".join(rng.choices(_LETTERS, k=rng.randrange(1, 30)))


def some_id(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)


def statement(rng: random.Random | None = None, *, name: str = "Asha Devi", **changes: Any) -> Statement:
    """An award to Asha Devi, or to somebody else, ready to be signed."""
    rng = rng or random.Random(name.encode("utf-8", "surrogatepass"))
    plain = Statement(
        award_id=some_id(rng),
        credential_id=some_id(rng),
        subject_id=some_id(rng),
        code="".join(rng.choices(CODE_ALPHABET, k=12)),
        recipient_name=name,
        achievement=ACHIEVEMENT,
        course_title="Foundational Literacy & Numeracy",
        issuer_name="Department of School Education",
        valid_from=datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC),
        awarded_date=datetime(2026, 5, 31, tzinfo=UTC),
    )
    return replace(plain, **changes)


def place(index: int = 94_567, url: str = STATUS_LIST) -> Place:
    return Place(issuer_id=UUID(int=1), list_id=UUID(int=2), number=1, index=index, url=url)


def desk(signer: Signer | None = None, **changes: Any) -> Desk:
    """Who signs for the issuer, with the key that is published, unless told otherwise."""
    signer = signer or pycryptodome_signer(DID, SEED)
    plain = Desk(
        signer=signer,
        public_key=multibase.ed25519_public_key(signer.public_multikey()),
        key_active_from=KEY_ACTIVE_FROM,
        issuer_did=DID,
        issuer_url="https://example.org/education",
        now=NOW,
        forms=FormCache(),
    )
    return replace(plain, **changes)


def published(seed: bytes = SEED, state: KeyState = KeyState.ACTIVE) -> PublishedKey:
    """The key that belongs to the seed, as the issuer's key table has it."""
    multikey = pycryptodome_signer(DID, seed).public_multikey()
    return PublishedKey(multikey, state, None if state is KeyState.PENDING else KEY_ACTIVE_FROM)
