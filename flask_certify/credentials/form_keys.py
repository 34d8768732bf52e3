"""Keys for forms that Ed25519 cannot sign: ES256 for JWT (1EdTech takes nothing faster), RS256 for Open Badges 2.0.

Made when first wanted, sealed like all others, and kept for ever with what they signed.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from Crypto.Hash import SHA256
from Crypto.PublicKey import ECC, RSA
from Crypto.Signature import DSS, pkcs1_15
from sqlalchemy import orm

from ..core.db import insert_or_ignore
from ..core.ids import new_id
from ..core.runtime import Runtime
from . import envelope, multibase
from .did_web import KeyState
from .errors import KeyDoesNotOpen
from .models import FormKey

ES256, RS256 = "ES256", "RS256"


@dataclass(frozen=True)
class FormSigner:
    """Signs JWTs. `name` is the thumbprint of the public key (RFC 7638)."""

    issuer_did: str
    name: str
    algorithm: str
    key: Any
    public_pem: str

    def __repr__(self) -> str:
        return f"<signer {self.key_id}>"

    @property
    def key_id(self) -> str:
        return f"{self.issuer_did}#{self.name}"

    def public_multikey(self) -> str:
        """Of ES256; there is none for RSA."""
        return multibase.p256_multikey(self.key.public_key().export_key(format="SEC1", compress=True))

    def public_jwk(self) -> dict[str, str]:
        return jwk_of(self.public_pem)

    def sign(self, data: bytes) -> bytes:
        digest = SHA256.new(data)
        if self.algorithm == ES256:
            # As RFC 6979 has it: the same document gives the same bytes, and no weak chance gives the key away.
            signature: bytes = DSS.new(self.key, "deterministic-rfc6979").sign(digest)
            return signature
        return pkcs1_15.new(self.key).sign(digest)


KINDS = (ES256, RS256)


def form_signer(rt: Runtime, issuer_id: UUID, did: str, algorithm: str) -> FormSigner:
    """The issuer's active key of that algorithm, made if need be. Raises MasterKeyMissing, KeyDoesNotOpen."""
    masters = rt.settings.require_master_keys()
    with rt.reading() as session:
        row = _active(session, issuer_id, algorithm)
    if row is None:
        made = new_form_key(rt, issuer_id, algorithm, KeyState.ACTIVE)
        with rt.transaction() as tx:
            if _active(tx.session, issuer_id, algorithm) is None:  # writers wait for each other on SQLite only
                insert_or_ignore(tx.session, FormKey, [made], keys=["issuer_id", "algorithm"], where="state = 'active'")
            row = _active(tx.session, issuer_id, algorithm)
    assert row is not None
    try:
        secret = envelope.unseal(row.sealed, str(issuer_id), row.name, masters)
    except envelope.CannotOpen:
        raise KeyDoesNotOpen() from None
    key = ECC.import_key(secret) if algorithm == ES256 else RSA.import_key(secret)
    return FormSigner(did, row.name, algorithm, key, row.public_pem)


def public_keys(session: orm.Session, issuer_id: UUID, algorithm: str | None = None) -> list[tuple[str, str]]:
    """Name and PEM of every key of these kinds, or of one, that vouches for what it signed."""
    found = session.execute(
        sa.select(FormKey.name, FormKey.public_pem)
        .where(
            FormKey.issuer_id == issuer_id,
            FormKey.state != KeyState.COMPROMISED,
            FormKey.algorithm == algorithm if algorithm else sa.true(),
        )
        .order_by(FormKey.created_at, FormKey.id)
    )
    return [(name, pem) for name, pem in found]


def unsafe_keys(session: orm.Session, issuer_id: UUID) -> list[tuple[str, str]]:
    """Name and PEM of every key of these kinds that others may have."""
    found = session.execute(
        sa.select(FormKey.name, FormKey.public_pem).where(
            FormKey.issuer_id == issuer_id, FormKey.state == KeyState.COMPROMISED
        )
    )
    return [(name, pem) for name, pem in found]


def is_signed(pem: str, data: bytes, signature: bytes) -> bool:
    """Whether the key signed these bytes, in the one way that belongs to its kind."""
    digest = SHA256.new(data)
    try:
        if _is_ec(pem):
            DSS.new(ECC.import_key(pem), "fips-186-3").verify(digest, signature)
        else:
            pkcs1_15.new(RSA.import_key(pem)).verify(digest, signature)
    except (ValueError, TypeError):
        return False
    return True


def algorithm_of(pem: str) -> str:
    return ES256 if _is_ec(pem) else RS256


def jwk_of(pem: str) -> dict[str, str]:
    """The public key as a JSON Web Key."""
    if _is_ec(pem):
        point = ECC.import_key(pem).pointQ
        sides = (int(point.x).to_bytes(32, "big"), int(point.y).to_bytes(32, "big"))
        x, y = (multibase.base64url(side) for side in sides)
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    key = RSA.import_key(pem)
    n, e = (number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (key.n, key.e))
    return {"kty": "RSA", "n": multibase.base64url(n), "e": multibase.base64url(e)}


def _is_ec(pem: str) -> bool:
    return len(pem) < 300  # a point of P-256 takes 178 characters, an RSA key of 2048 bits 450


def _active(session: orm.Session, issuer_id: UUID, algorithm: str) -> FormKey | None:
    return session.scalar(
        sa.select(FormKey).where(
            FormKey.issuer_id == issuer_id, FormKey.algorithm == algorithm, FormKey.state == KeyState.ACTIVE
        )
    )


def new_form_key(rt: Runtime, issuer_id: UUID, algorithm: str, state: KeyState) -> dict[str, Any]:
    """The row of a fresh key, sealed, not yet in the database. Raises MasterKeyMissing."""
    if algorithm == ES256:
        ec = ECC.generate(curve="P-256")
        secret, pem = bytes(ec.export_key(format="DER", use_pkcs8=True)), str(ec.public_key().export_key(format="PEM"))
    else:
        rsa = RSA.generate(2048)
        secret, pem = rsa.export_key("DER"), rsa.public_key().export_key("PEM").decode("ascii")
    name = _thumbprint(jwk_of(pem))
    return {
        "id": new_id(),
        "issuer_id": issuer_id,
        "algorithm": algorithm,
        "name": name,
        "public_pem": pem,
        "sealed": envelope.seal(secret, str(issuer_id), name, rt.settings.require_master_keys()),
        "state": state,
        "created_at": rt.clock.now(),
        "retired_at": None,
    }


def _thumbprint(jwk: dict[str, str]) -> str:
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return multibase.base64url(hashlib.sha256(text.encode("ascii")).digest())
