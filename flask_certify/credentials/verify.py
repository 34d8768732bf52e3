"""Our own verifier: is this signed text intact, under the keys that we publish for this issuer?

A signature alone does not see everything: an added member that JSON-LD does not know, a null, an `@index`, a nested
`@context` that renames a member all leave it valid. So a document must have exactly the form in which we issue, member
for member, before its proof is even looked at. Nothing it says is believed and nothing it names is fetched: whose it is
and which keys may have signed it are told by the caller.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from . import contexts, multibase, status_list
from .canonical import canonicalize_with_all
from .contexts import Document
from .did_web import KeyState, PublishedKey
from .proof import SUITE, is_proof_of, without_proof
from .status_list import BadList
from .text import LONGEST, UnsignableText, require_iri, require_some_lines


class Finding(StrEnum):
    """What can be said of a signed text. Only INTACT speaks for it."""

    INTACT = "intact"
    MALFORMED = "malformed"  # it cannot be read as one thing only
    UNEXPECTED = "unexpected"  # it lacks, or holds, what we never issue
    OTHER_ISSUER = "other_issuer"
    UNKNOWN_KEY = "unknown_key"  # the issuer has no such key
    COMPROMISED_KEY = "compromised_key"  # to be issued again
    TOO_EARLY = "too_early"  # dated before the key was active
    ALTERED = "altered"  # the proof does not fit the text


@dataclass(frozen=True, slots=True)
class Examined:
    """The finding, and the document only if it is intact: nothing else may be shown."""

    finding: Finding
    key_state: KeyState | None = None
    """Of the key that it names. None: it was not asked, or the issuer has no such key."""
    document: Document | None = field(default=None, repr=False)

    @property
    def is_intact(self) -> bool:
        return self.finding is Finding.INTACT


class Unreadable(ValueError):
    """The text is not JSON, or could be read as two different things."""


def examine(text: str, issuer_did: str, keys: Iterable[PublishedKey]) -> Examined:
    """What can be said of a credential that this issuer should have signed with one of these keys."""
    return _examine(text, _CREDENTIAL, issuer_did, keys)


def read_status_list(text: str, url: str, issuer_did: str, keys: Iterable[PublishedKey]) -> bytes:
    """The bits of a published status list. Raises BadList if it is not this issuer's, not intact or not readable."""
    examined = _examine(text, _STATUS_LIST, issuer_did, keys)
    if examined.document is None:
        raise BadList(examined.finding.value)
    if examined.document["id"] != url:
        raise BadList("published at another address")
    return status_list.decode(examined.document["credentialSubject"]["encodedList"])


def read(text: str) -> Document:
    """The JSON object, read strictly: a member named twice would be one thing here and another elsewhere.

    Raises Unreadable.
    """
    if len(text) > LONGEST:
        raise Unreadable("too long")
    try:
        document = json.loads(text, object_pairs_hook=_each_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON, or ambiguous") from None
    if not isinstance(document, dict):
        raise Unreadable("not an object")
    return document


def _examine(text: str, expected: "Expected", issuer_did: str, keys: Iterable[PublishedKey]) -> Examined:
    try:
        document = read(text)
    except Unreadable:
        return Examined(Finding.MALFORMED)
    if not _fits(document, expected):
        return Examined(Finding.UNEXPECTED)
    issuer = document["issuer"]
    if (issuer["id"] if isinstance(issuer, dict) else issuer) != issuer_did:
        return Examined(Finding.OTHER_ISSUER)
    by_id = {f"{issuer_did}#{key.multikey}": key for key in keys}
    key = by_id.get(document["proof"]["verificationMethod"])
    if key is None:
        return Examined(Finding.UNKNOWN_KEY)
    return Examined(*_judge(document, key))


def _judge(document: Document, key: PublishedKey) -> tuple[Finding, KeyState, Document | None]:
    if key.state is KeyState.COMPROMISED:
        return Finding.COMPROMISED_KEY, key.state, None
    # With nothing dropped: what a signature would not notice shows here as a difference.
    canonical_text = canonicalize_with_all(without_proof(document))
    public_key = multibase.ed25519_public_key(key.multikey)
    if not is_proof_of(canonical_text, document["@context"], document["proof"], public_key):
        return Finding.ALTERED, key.state, None
    dates = (document["validFrom"], document["proof"]["created"])
    if key.active_from is None or any(datetime.fromisoformat(date) < key.active_from for date in dates):
        return Finding.TOO_EARLY, key.state, None
    return Finding.INTACT, key.state, document


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _refuse(constant: str) -> object:
    raise ValueError(constant)


# ---- the form in which we issue ----------------------------------------------------------------------------------

Expected: TypeAlias = "dict[str, Expected] | list[Expected] | str | bool | Callable[[Any], bool]"
"""An object with just these members (those with a question mark may be missing), an array of just these, this very
text or truth value, or a question about the value."""


def _fits(value: object, expected: Expected) -> bool:
    match expected:
        case dict():
            if not isinstance(value, dict):
                return False
            known = {name.rstrip("?") for name in expected}
            needed = {name for name in expected if not name.endswith("?")}
            return needed <= value.keys() <= known and all(
                _fits(value[name.rstrip("?")], inner) for name, inner in expected.items() if name.rstrip("?") in value
            )
        case list():
            return (
                isinstance(value, list)
                and len(value) == len(expected)
                and all(_fits(each, inner) for each, inner in zip(value, expected, strict=True))
            )
        case str() | bool():
            return type(value) is type(expected) and value == expected
        case _:
            return expected(value)


def _is_text(value: object) -> bool:
    return _passes(value, require_some_lines)


def _is_iri(value: object) -> bool:
    return _passes(value, require_iri)


def _passes(value: object, require: Callable[[str], str]) -> bool:
    try:
        return isinstance(value, str) and require(value) == value
    except UnsignableText:
        return False


def _is_time(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value, re.ASCII):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_index(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"0|[1-9]\d{0,8}", value, re.ASCII) is not None


def _is_milliseconds(value: object) -> bool:
    return type(value) is int and value >= 0


_PROOF: Expected = {
    "type": "DataIntegrityProof",
    "cryptosuite": SUITE,
    "created": _is_time,
    "verificationMethod": _is_iri,
    "proofPurpose": "assertionMethod",
    "proofValue": _is_text,
}

_ACHIEVEMENT: Expected = {
    "id": _is_iri,
    "type": ["Achievement"],
    "achievementType": _is_text,
    "name": _is_text,
    "description": _is_text,
    "specialization": _is_text,
    "inLanguage": _is_text,
    "criteria": {"id": _is_iri, "narrative": _is_text},
    "image?": {"id": _is_iri, "type": "Image"},
    "resultDescription?": [{"id": _is_iri, "type": ["ResultDescription"], "name": _is_text, "resultType": "Percent"}],
}

_CREDENTIAL: Expected = {
    "@context": [*contexts.CREDENTIAL],
    "id": _is_iri,
    "type": ["VerifiableCredential", "OpenBadgeCredential"],
    "name": _is_text,
    "issuer": {"id": _is_iri, "type": ["Profile"], "name": _is_text, "url": _is_iri},
    "validFrom": _is_time,
    "awardedDate": _is_time,
    "validUntil?": _is_time,
    "credentialSubject": {
        "id": _is_iri,
        "type": ["AchievementSubject"],
        "licenseNumber": _is_text,
        "identifier": [{"type": "IdentityObject", "identityType": "name", "hashed": False, "identityHash": _is_text}],
        "achievement": _ACHIEVEMENT,
        "result?": [{"type": ["Result"], "resultDescription": _is_iri, "value": _is_text}],
    },
    "credentialStatus": {
        "id": _is_iri,
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": _is_index,
        "statusListCredential": _is_iri,
    },
    "proof": _PROOF,
}

_STATUS_LIST: Expected = {
    "@context": [*contexts.STATUS_LIST],
    "id": _is_iri,
    "type": ["VerifiableCredential", "BitstringStatusListCredential"],
    "issuer": _is_iri,
    "validFrom": _is_time,
    "credentialSubject": {
        "id": _is_iri,
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": _is_text,
        "ttl": _is_milliseconds,
    },
    "proof": _PROOF,
}
