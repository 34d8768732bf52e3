"""did:web: what an issuer is called, where its keys are published, and which of them (DESIGN decision 17)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from .contexts import Document

_CONTEXTS = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
_JWK_CONTEXT = "https://w3id.org/security/jwk/v1"


class KeyState(StrEnum):
    PENDING = "pending"  # published, not yet signing: gives caches time to learn it
    ACTIVE = "active"
    RETIRED = "retired"  # signs no more, still vouches for all it signed
    COMPROMISED = "compromised"  # removed: everything it signed must be issued again


@dataclass(frozen=True)
class PublishedKey:
    """A public key of an issuer, as our own key table knows it."""

    multikey: str
    state: KeyState
    active_from: datetime | None
    """What it signed before cannot be genuine. None while it is pending."""


def did_at(base: str, slug: str) -> str:
    """The name of the issuer below an address: `did:web:localhost%3A18443:certify:wales`."""
    parts = urlsplit(base)
    folders = [each.replace("~", "%7E") for each in parts.path.split("/") if each]  # a DID has no tilde
    return ":".join(["did:web", parts.netloc.replace(":", "%3A"), *folders, slug])


def document(did: str, keys: Iterable[PublishedKey], jwks: Mapping[str, Mapping[str, str]] | None = None) -> Document:
    """The issuer's keys for verifiers: did.json.

    Ids are absolute, and every living key stands in both lists, since verifiers look in one or in both. A retired
    key stays for ever; marking one as revoked would be ignored by all, so a compromised one is left out. `jwks` are
    the keys of other kinds, by name.
    """
    jwks = jwks or {}
    living = [key.multikey for key in keys if key.state is not KeyState.COMPROMISED]
    return {
        "@context": [*_CONTEXTS, _JWK_CONTEXT] if jwks else _CONTEXTS,
        "id": did,
        "verificationMethod": [
            {
                "id": f"{did}#{multikey}",
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": multikey,
            }
            for multikey in living
        ]
        + [
            {"id": f"{did}#{name}", "type": "JsonWebKey", "controller": did, "publicKeyJwk": dict(jwk)}
            for name, jwk in jwks.items()
        ],
        "assertionMethod": [f"{did}#{name}" for name in (*living, *jwks)],
    }
