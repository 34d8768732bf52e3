"""A signed JSON as a JSON Web Token: what those read who do not read Data Integrity proofs.

The payload *is* the document, as Open Badges 3.0 and W3C's "Securing Verifiable Credentials using JOSE and COSE" want
it, with the registered claims beside its members. The header holds the algorithm, the type and the key's id only.
"""

import json
from datetime import datetime

from .contexts import Document
from .multibase import base64url
from .signers import Signer

_NAMES = {"Ed25519": "EdDSA"}


def of_credential(document: Document, signer: Signer, *, kind: str = "vc+jwt") -> str:
    """The document, without a proof of its own, as a token signed by this signer."""
    return sign({**document, **claims_of(document)}, signer, {"typ": kind, "kid": signer.key_id})


def claims_of(document: Document) -> Document:
    """The registered claims that say the same as the document's members."""
    issuer = document["issuer"]
    claims: Document = {
        "iss": issuer["id"] if isinstance(issuer, dict) else issuer,
        "jti": document["id"],
        "nbf": _seconds(document["validFrom"]),
        "sub": document["credentialSubject"]["id"],
    }
    if "validUntil" in document:
        claims["exp"] = _seconds(document["validUntil"])
    return claims


def sign(payload: Document, signer: Signer, header: Document) -> str:
    """The compact form: header, payload and signature, each in base64url."""
    named = {"alg": _NAMES.get(signer.algorithm, signer.algorithm), **header}
    signed = f"{_part(named)}.{_part(payload)}"
    return f"{signed}.{base64url(signer.sign(signed.encode('ascii')))}"


def _part(value: Document) -> str:
    return base64url(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
