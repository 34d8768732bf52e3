"""Open Badges 2.0 and inCredible's form, handed in. Like all that is handed in they are claims: what such a form of our
record would say is made anew and compared with it, member for member.
"""

import json
import re
from dataclasses import dataclass, field

from ..credentials import form_keys, open_badges_2
from ..credentials.contexts import Document
from ..credentials.multibase import from_base64url
from ..credentials.open_badges_2 import Badge

HEADER = {"alg": form_keys.RS256}
"""Of the signed form: Open Badges 2.0 names the key within."""

_ASSERTION = re.compile(r"/ob2/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/assertion\.json\Z")
_KEY = re.compile(r"/ob2/keys/([A-Za-z0-9_-]{43})/key\.json\Z")


@dataclass(frozen=True, slots=True)
class OlderClaim:
    """An older form taken apart; nothing of it is checked. They name nobody, and lead to the page of the code."""

    credential_id: str
    document: Document = field(repr=False)
    key_name: str | None = None  # None: the hosted form, which nobody signed
    signed: bytes = field(default=b"", repr=False)  # of a token; what inCredible signs is made from our record
    signature: bytes = b""


def read(document: Document) -> OlderClaim | None:
    """None: it is neither the hosted form nor inCredible's. Raises ValueError for half of one."""
    if document.get("@context") == open_badges_2.CONTEXT:
        named = _found(_ASSERTION, document.get("id"))
        return OlderClaim(f"urn:uuid:{named}", document) if named else None
    said, named = document.get("signature"), document.get("id")
    if not isinstance(said, dict) or not isinstance(named, str):
        return None
    key_name, value = _found(_KEY, said.get("creator")), said.get("signatureValue")
    if key_name is None or not isinstance(value, str):
        return None
    return OlderClaim(named, document, key_name, signature=from_base64url(value))


def read_token(payload: Document, signed: bytes, signature: bytes) -> OlderClaim | None:
    """None: it is no badge of ours."""
    how = payload.get("verification")
    key_name = _found(_KEY, how.get("creator")) if isinstance(how, dict) else None
    named = _found(_ASSERTION, payload.get("id"))
    return OlderClaim(f"urn:uuid:{named}", payload, key_name, signed, signature) if named and key_name else None


def is_the_same(claim: OlderClaim, ours: Badge, form_key_pems: dict[str, str]) -> bool:
    """Whether it is what we would hand out, and signed by the key that it names if it is of a signed form."""
    if claim.key_name is None:
        return _is_equal(claim.document, open_badges_2.hosted(ours))
    pem = form_key_pems.get(claim.key_name)
    if pem is None or form_keys.algorithm_of(pem) != form_keys.RS256:
        return False
    if claim.signed:
        expected, signed = open_badges_2.to_sign(ours, claim.key_name), claim.signed
    else:
        unsigned = open_badges_2.incredible_to_sign(ours, claim.key_name, pem)
        expected = open_badges_2.incredible_signed(ours, unsigned, claim.key_name, claim.signature)
        signed = open_badges_2.canonical(unsigned)
    return _is_equal(claim.document, expected) and form_keys.is_signed(pem, signed, claim.signature)


def _found(where: re.Pattern[str], said: object) -> str | None:
    found = where.search(said) if isinstance(said, str) else None
    return found[1] if found else None


def _is_equal(claimed: Document, expected: Document) -> bool:
    """As JSON: for Python alone, 0 would equal false and 1.0 would equal 1."""
    try:
        return json.dumps(claimed, sort_keys=True) == json.dumps(expected, sort_keys=True)
    except RecursionError:  # deeper than anything that we issue
        return False
