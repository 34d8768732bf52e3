"""Open Badges 2.0, for software that reads nothing newer: strict, hosted or as an RS256 JWS, and inCredible's own form.

inCredible's members stand in a nested extension, since its root of several types stops the reference validator of
Open Badges 2.0. Nothing here names the recipient: the recipient is a hash, as the standard wants it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from ..awards.frozen import Frozen
from . import jwt
from .contexts import Document
from .form_keys import FormSigner
from .multibase import base64url
from .open_badge import moment

CONTEXT = "https://w3id.org/openbadges/v2"
NEVER_ISSUED = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002")
"""The reference validator ignores a list with one entry, so there are always two or more."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where an issuer's documents stand."""

    base: str
    slug: str
    name: str
    url: str

    def at(self, *parts: str) -> str:
        return "/".join([self.base, self.slug, "ob2", *parts])


@dataclass(frozen=True, slots=True)
class Badge:
    """One credential, as these forms need it."""

    home: Home
    document: Document = field(repr=False)
    """As it was signed."""
    frozen: Frozen = field(repr=False)
    code: str
    award_id: UUID

    @property
    def id(self) -> str:
        """Of the credential: names it in addresses and in the revocation list."""
        return str(self.document["id"]).removeprefix("urn:uuid:")

    def at(self, name: str) -> str:
        return self.home.at(self.id, name)


# ---- of the issuer -----------------------------------------------------------------------------------------------


def issuer(home: Home, key_name: str | None = None) -> Document:
    """The issuer, or the issuer with one of its keys: a profile may name one only, and each stays good for ever."""
    named = {} if key_name is None else {"publicKey": key_address(home, key_name)}
    return {
        "@context": CONTEXT,
        "type": "Issuer",
        "id": issuer_address(home, key_name),
        "name": home.name,
        "url": home.url,
        **named,
        "revocationList": home.at("revoked.json"),
    }


def issuer_address(home: Home, key_name: str | None = None) -> str:
    return home.at("issuer.json") if key_name is None else home.at("keys", key_name, "issuer.json")


def key_address(home: Home, key_name: str) -> str:
    return home.at("keys", key_name, "key.json")


def key(home: Home, key_name: str, pem: str) -> Document:
    return {
        "@context": CONTEXT,
        "type": "CryptographicKey",
        "id": key_address(home, key_name),
        "owner": issuer_address(home, key_name),
        "publicKeyPem": pem,
    }


def revocations(home: Home, credential_ids: Iterable[str]) -> Document:
    """Always of two entries or more (R-152). By address: the reference validator takes no UUID of version 7."""
    ids = [*NEVER_ISSUED, *(each.removeprefix("urn:uuid:") for each in credential_ids)]
    return {
        "@context": CONTEXT,
        "type": "RevocationList",
        "id": home.at("revoked.json"),
        "issuer": home.at("issuer.json"),
        "revokedAssertions": [{"id": home.at(each, "assertion.json")} for each in ids],
    }


# ---- of one credential -------------------------------------------------------------------------------------------


def badge_class(badge: Badge, key_name: str | None = None) -> Document:
    """What was earned, by the issuer or by the issuer with one of its keys."""
    achievement = badge.document["credentialSubject"]["achievement"]
    return {
        "@context": CONTEXT,
        "type": "BadgeClass",
        "id": badge_address(badge, key_name),
        "name": badge.document["name"],
        "description": achievement["description"],
        "image": badge.home.at("badge.png"),
        "criteria": {"narrative": achievement["criteria"]["narrative"]},
        "issuer": issuer_address(badge.home, key_name),
    }


def badge_address(badge: Badge, key_name: str | None = None) -> str:
    return badge.at("badge.json") if key_name is None else badge.home.at("keys", key_name, badge.id, "badge.json")


def hosted(badge: Badge) -> Document:
    """The assertion that counts as long as it stands at its own address."""
    return {**_assertion(badge), "id": badge.at("assertion.json"), "verification": {"type": "HostedBadge"}}


def revoked_assertion(badge: Badge) -> Document:
    return {"@context": CONTEXT, "type": "Assertion", "id": badge.at("assertion.json"), "revoked": True}


def signed(badge: Badge, signer: FormSigner) -> str:
    """The assertion as a compact JWS."""
    return jwt.sign(to_sign(badge, signer.name), signer, {})


def to_sign(badge: Badge, key_name: str) -> Document:
    """The assertion as this key signs it."""
    return {
        **_assertion(badge),
        "id": badge.at("assertion.json"),
        "badge": badge_address(badge, key_name),
        "verification": {"type": "SignedBadge", "creator": key_address(badge.home, key_name)},
    }


def _assertion(badge: Badge) -> Document:
    subject = badge.document["credentialSubject"]
    assertion: Document = {
        "@context": CONTEXT,
        "type": "Assertion",
        "recipient": _recipient(str(subject["id"]), badge.code),
        "badge": badge.at("badge.json"),
        "issuedOn": badge.document["awardedDate"],
        "extensions:certificate": {
            "@context": badge.home.base + "/ob2/certificate/context.json",
            "type": ["Extension", "extensions:CertificateExtension"],
            "printUri": f"{badge.home.base}/v/{badge.code}",
            "signatory": [{"name": each.name, "designation": each.designation} for each in badge.frozen.signatories],
        },
    }
    if "validUntil" in badge.document:
        assertion["expires"] = badge.document["validUntil"]
    return assertion


def _recipient(subject_id: str, salt: str) -> Document:
    """The subject's id, hashed: we keep nobody's address, and a guessable one could be guessed from its hash."""
    digest = hashlib.sha256((subject_id + salt).encode("utf-8")).hexdigest()
    return {"type": "url", "hashed": True, "salt": salt, "identity": f"sha256${digest}"}


# ---- the extension -----------------------------------------------------------------------------------------------


def extension_context(base: str) -> Document:
    """What the members of the extension mean, and which schema they must meet."""
    vocabulary = f"{base}/ob2/certificate/context.json#"
    return {
        "@context": {
            "obi": "https://w3id.org/openbadges#",
            "extensions": "https://w3id.org/openbadges/extensions#",
            "inc": vocabulary,
            "printUri": {"@id": "inc:printUri", "@type": "@id"},
            "signatory": {"@id": "inc:signatory", "@container": "@set"},
            "designation": "inc:designation",
        },
        "obi:validation": [
            {
                "obi:validatesType": "extensions:CertificateExtension",
                "obi:validationSchema": f"{base}/ob2/certificate/schema.json",
            }
        ],
    }


def extension_schema() -> Document:
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "A printed certificate",
        "type": "object",
        "properties": {
            "printUri": {"type": "string", "format": "uri"},
            "signatory": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}, "designation": {"type": "string"}},
                    "required": ["name", "designation"],
                },
            },
        },
        "required": ["printUri", "signatory"],
    }


# ---- inCredible --------------------------------------------------------------------------------------------------


def incredible(badge: Badge, signer: FormSigner) -> Document:
    """The members of inCredible's CertificateExtension, signed by our own recipe since none reproduces its samples.

    `signatureValue` is base64url of RS256 over the document without `signature` in the canonical form of RFC 8785.
    """
    unsigned = incredible_to_sign(badge, signer.name, signer.public_pem)
    return incredible_signed(badge, unsigned, signer.name, signer.sign(canonical(unsigned)))


def canonical(document: Document) -> bytes:
    """Sorted by name, no blanks: there are no numbers and no names outside ASCII, so Python's writer makes it."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def incredible_signed(badge: Badge, unsigned: Document, key_name: str, signature: bytes) -> Document:
    return {
        **unsigned,
        "signature": {
            "type": "RsaSignature2018",
            "creator": key_address(badge.home, key_name),
            "created": badge.document["proof"]["created"],
            "signatureValue": base64url(signature),
        },
    }


def incredible_to_sign(badge: Badge, key_name: str, public_pem: str) -> Document:
    """All of it but the signature."""
    frozen, home = badge.frozen, badge.home
    document: Document = {
        "@context": [CONTEXT, f"{home.base}/ob2/certificate/context.json"],
        "type": ["Assertion", "Extension", "extensions:CertificateExtension"],
        "id": badge.document["id"],
        "issuedOn": moment(frozen.issued_at),
        "validFrom": badge.document["validFrom"],
        "recipient": {**_recipient(str(badge.document["credentialSubject"]["id"]), badge.code)},
        "badge": {
            **badge_class(badge),
            "issuer": {**issuer(home), "publicKey": [public_pem]},
        },
        "signatory": [
            {
                "identity": f"{home.at('issuer.json')}#signatory-{number}",
                "type": ["Extension", "extensions:SignatoryExtension"],
                "name": each.name,
                "designation": each.designation,
            }
            for number, each in enumerate(frozen.signatories, start=1)
        ],
        "printUri": f"{home.base}/v/{badge.code}",
        "verification": {"type": "SignedBadge", "creator": key_address(home, key_name)},
    }
    if "validUntil" in badge.document:
        document["expires"] = badge.document["validUntil"]
    return document
