"""Keys of issuers: made, kept sealed, opened for a job, and published."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..core.errors import MasterKeyMissing
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.settings import Settings
from ..core.transaction import Transaction
from . import did_web, envelope
from .contexts import Document
from .did_web import KeyState, PublishedKey
from .errors import KeyDoesNotOpen, NoActiveKey, NoSigner, UnknownIssuer
from .form_keys import jwk_of, public_keys
from .models import IssuerKey
from .signers import Signer, fastest_signer, multikey_of


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """The active key of an issuer, ready to sign. To be held for one job, and no longer."""

    signer: Signer
    public: PublishedKey
    active_from: datetime


def issuer_did(settings: Settings, slug: str) -> str:
    """What an issuer of this name is called, as the settings stand: `did:web:…`."""
    return did_web.did_at(settings.base, slug)


def make_key(rt: Runtime, tx: Transaction, issuer_id: UUID, did: str) -> str:
    """The id of the issuer's first key, made and active from this second on: nobody has cached a did.json yet.

    Raises MasterKeyMissing.
    """
    now = rt.clock.now()
    row = new_key(rt, issuer_id, KeyState.ACTIVE, now)
    row.activated_at = now.replace(microsecond=0)  # credentials are dated in whole seconds
    tx.session.add(row)
    tx.session.flush()
    return f"{did}#{row.multikey}"


def new_key(rt: Runtime, issuer_id: UUID, state: KeyState, now: datetime) -> IssuerKey:
    """A fresh key, sealed, not yet in the database. Raises MasterKeyMissing."""
    seed = token_bytes(32)
    multikey = multikey_of(seed)
    sealed = envelope.seal(seed, str(issuer_id), multikey, rt.settings.require_master_keys())
    return IssuerKey(
        id=new_id(),
        issuer_id=issuer_id,
        multikey=multikey,
        sealed=sealed,
        state=state,
        created_at=now,
        activated_at=None,
        retired_at=None,
    )


def has_active_key(session: orm.Session, issuer_id: UUID) -> bool:
    """Whether the issuer has a key that signs."""
    return session.scalar(sa.select(IssuerKey.id).where(_is_active(issuer_id))) is not None


def can_sign(rt: Runtime, issuer_id: UUID) -> bool:
    """Whether the issuer's active key opens with the master key that is set."""
    try:
        open_key(rt, issuer_id)
    except (MasterKeyMissing, NoActiveKey, NoSigner, KeyDoesNotOpen):
        return False
    return True


def published_keys(session: orm.Session, issuer_id: UUID) -> list[PublishedKey]:
    """All keys that the issuer ever had, oldest first; compromised ones are told as such."""
    found = session.execute(_PUBLISHED, {"issuer_id": issuer_id})
    return [PublishedKey(row.multikey, KeyState(row.state), row.activated_at) for row in found]


# Composed once, for the page that everybody opens.
_key = IssuerKey.__table__.c
_PUBLISHED = (
    sa.select(_key.multikey, _key.state, _key.activated_at)
    .where(_key.issuer_id == sa.bindparam("issuer_id"))
    .order_by(_key.created_at, _key.id)
)


def signer_for(rt: Runtime, issuer_id: UUID) -> Signer:
    """Who signs for the issuer, found by the issuer alone. Raises as `open_key`."""
    return open_key(rt, issuer_id).signer


def open_key(rt: Runtime, issuer_id: UUID) -> OpenedKey:
    """The issuer's active key, unsealed.

    Raises MasterKeyMissing, NoActiveKey, NoSigner, and KeyDoesNotOpen: with another master key, for a row that was
    altered or copied from another issuer, and where what is sealed is not what is published.
    """
    with rt.reading() as session:
        key = session.scalar(sa.select(IssuerKey).where(_is_active(issuer_id)))
        did = session.scalar(sa.select(Issuer.did).where(Issuer.id == issuer_id))
    if key is None or key.activated_at is None or did is None:
        raise NoActiveKey()
    if not key.sealed:
        return _remote(rt, did, key)
    masters = rt.settings.require_master_keys()
    try:
        # The multikey, not the whole key id: until its first issue an issuer may still get another address.
        seed = envelope.unseal(key.sealed, str(issuer_id), key.multikey, masters)
    except envelope.CannotOpen:
        raise KeyDoesNotOpen() from None
    signer = fastest_signer(did, seed)
    if signer.public_multikey() != key.multikey:
        raise KeyDoesNotOpen()
    return OpenedKey(signer, key.published(), key.activated_at)


def _remote(rt: Runtime, did: str, key: IssuerKey) -> OpenedKey:
    """The host's signer of a key that we do not hold. Raises NoSigner."""
    assert key.activated_at is not None
    signer: Signer | None = rt.find_signer(f"{did}#{key.multikey}")
    if signer is None or signer.public_multikey() != key.multikey:
        raise NoSigner()
    return OpenedKey(signer, key.published(), key.activated_at)


def did_document(rt: Runtime, slug: str) -> Document:
    """The issuer's did.json. Raises UnknownIssuer."""
    with rt.reading() as session:
        issuer = session.execute(sa.select(Issuer.id, Issuer.did).where(Issuer.slug == slug)).one_or_none()
        if issuer is None:
            raise UnknownIssuer()
        jwks = {name: jwk_of(pem) for name, pem in public_keys(session, issuer.id)}
        return did_web.document(issuer.did, published_keys(session, issuer.id), jwks)


def _is_active(issuer_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(IssuerKey.issuer_id == issuer_id, IssuerKey.state == KeyState.ACTIVE)
