"""Sign many awards, store what was signed, and check it again. Keys are in keys.py, status lists in lists.py.

Signing stands between transactions: `reserve_many` is one of its own, `sign_many` has none open, `store_many` is part
of the caller's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Issuer
from ..achievements.service import IssuerView
from ..core.db import insert_or_ignore
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import errors, multibase, status_list, verify
from .did_web import KeyState, PublishedKey
from .keys import can_sign, did_document, has_active_key, issuer_did, make_key, open_key, published_keys, signer_for
from .lists import list_url, mark_dirty, reserve_many, status_list_document
from .models import Credential, StatusList
from .open_badge import AchievementView, Statement
from .shape_compiler import FormCache
from .signing import Desk, Disagreement, Refused, SignedCredential
from .status_list import BadList, Place
from .verify import Finding

__all__ = [
    "AchievementView",
    "Check",
    "Finding",
    "KeyState",
    "Place",
    "Refused",
    "SignedCredential",
    "Statement",
    "can_sign",
    "check",
    "did_document",
    "get_document",
    "has_active_key",
    "issuer_did",
    "list_url",
    "make_key",
    "mark_dirty",
    "reserve_many",
    "sign_many",
    "signer_for",
    "status_list_document",
    "store_many",
]

_forms = FormCache()  # of this process


@dataclass(frozen=True, slots=True)
class Check:
    """What our own verifier says of a stored credential, and what everybody can read of its status."""

    finding: Finding
    key_state: KeyState | None
    """Of the key that signed it. None: the issuer has no such key."""
    is_revoked: bool | None
    """The bit as it is published. None: no list that could be read is published yet."""

    @property
    def is_intact(self) -> bool:
        return self.finding is Finding.INTACT


def sign_many(
    rt: Runtime, issuer: IssuerView, statements: Sequence[Statement], places: Sequence[Place]
) -> list[SignedCredential | Refused]:
    """An answer for each statement, in their order; one that cannot be signed is refused and stops no other.

    No transaction may be open. Raises MasterKeyMissing, NoActiveKey, KeyDoesNotOpen, WrongIssuer, and
    SignaturesDisagree when a sample fails the full algorithm: then nothing may be stored.
    """
    if not statements:
        return []
    key = open_key(rt, issuer.id)
    if any(place.issuer_id != issuer.id for place in places) or not key.signer.key_id.startswith(f"{issuer.did}#"):
        raise errors.WrongIssuer()
    desk = Desk(
        signer=key.signer,
        public_key=multibase.ed25519_public_key(key.public.multikey),
        key_active_from=key.active_from,
        issuer_did=issuer.did,
        issuer_url=issuer.url,
        now=rt.clock.now(),
        forms=_forms,
        check_every=rt.settings.check_every,
    )
    try:
        return desk.sign(statements, places)
    except Disagreement as error:
        raise errors.SignaturesDisagree() from error


def store_many(tx: Transaction, signed: Sequence[SignedCredential]) -> None:
    """Stores the credentials. An award that has one keeps it."""
    rows = [
        {
            "award_id": each.award_id,
            "credential_id": f"urn:uuid:{each.credential_id}",
            "issuer_id": each.place.issuer_id,
            "status_list_id": each.place.list_id,
            "status_index": each.place.index,
            "key_id": each.key_id,
            "document": each.text,
            "signed_at": each.signed_at,
        }
        for each in signed
    ]
    insert_or_ignore(tx.session, Credential, rows, keys=["award_id"])


def get_document(rt: Runtime, award_id: UUID) -> str | None:
    """The signed JSON of the award. None: it is not signed yet, or was erased at the holder's wish."""
    with rt.reading() as session:
        return session.scalar(sa.select(Credential.document).where(Credential.award_id == award_id))


def check(rt: Runtime, award_id: UUID) -> Check:
    """Whether the stored credential is intact under our own key table, so that no row vouches for itself.

    Raises NotSigned where there is nothing to check.
    """
    with rt.reading() as session:
        found = session.execute(
            sa.select(Credential, StatusList.number, StatusList.published, Issuer.did, Issuer.base, Issuer.slug)
            .join(StatusList, StatusList.id == Credential.status_list_id)
            .join(Issuer, Issuer.id == Credential.issuer_id)
            .where(Credential.award_id == award_id)
        ).one_or_none()
        if found is None or found.Credential.document is None:
            raise errors.NotSigned()
        keys = tuple(published_keys(session, found.Credential.issuer_id))
    examined = verify.examine(found.Credential.document, found.did, keys)
    url = list_url(found.base, found.slug, found.number)
    return Check(
        finding=examined.finding,
        key_state=examined.key_state,
        is_revoked=_published_bit(found.published, url, found.did, keys, found.Credential.status_index),
    )


def _published_bit(
    published: str | None, url: str, did: str, keys: tuple[PublishedKey, ...], index: int
) -> bool | None:
    if published is None:
        return None
    try:
        return status_list.is_set(_bits_of(published, url, did, keys), index)
    except BadList:
        return None


@lru_cache(maxsize=16)
def _bits_of(published: str, url: str, did: str, keys: tuple[PublishedKey, ...]) -> bytes:
    """Checking the proof of a list takes longer than all else, and thousands of credentials share one."""
    return verify.read_status_list(published, url, did, keys)
