"""A document that somebody hands in: JSON, JWT, PDF, PNG or SVG. It is a claim, and never believed on its own word.

It says which record to look at, and nothing more. Issuer, key, status and dates are ours; no address out of it is
fetched and no key is taken from it. Where our copy and the document differ in anything, it was altered: a signature
alone does not see added members, nulls, or a renamed context.
"""

import hashlib
import json
from dataclasses import dataclass

from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.texts import is_storable
from ..credentials import attachments, carriers, form_keys, jwt, proof, verify
from ..credentials.carriers import NothingCarried
from ..credentials.contexts import Document
from ..credentials.multibase import from_base64url
from ..credentials.text import LONGEST
from ..credentials.verify import Unreadable
from . import older
from .older import OlderClaim

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is handed in. Ours have some hundred thousand."""

_CLAIMS = ("iss", "jti", "nbf", "exp", "sub")


class FileTooLarge(BadInput):
    code = "verification.file_too_large"
    sentence = N_("This file is larger than %(megabytes)s MB, which no certificate is. Nothing of it was read.")
    status = 413


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT taken apart; nothing of it is checked."""

    key_id: str
    algorithm: str
    signed: bytes
    signature: bytes


@dataclass(frozen=True)
class Claim:
    """What was handed in, read and not yet believed."""

    credential_id: str | None
    """None: the file holds no credential that can be read."""
    document: Document | None = None
    token: Token | None = None
    older: OlderClaim | None = None
    """Of Open Badges 2.0 and inCredible's form; then `document` and `token` are not needed."""

    @property
    def key_name(self) -> str | None:
        """Of the key that is to have signed it, if that is none of those that sign credentials."""
        if self.older is not None:
            return self.older.key_name
        return self.token.key_id.partition("#")[2] if self.token else None


def is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:1024]


def mark_of(data: bytes) -> str:
    """The SHA-256 of the file. Raises FileTooLarge."""
    if len(data) > LARGEST:
        raise FileTooLarge(megabytes=LARGEST // (1024 * 1024))
    return hashlib.sha256(data).hexdigest()


def read(data: bytes) -> Claim:
    """What the file claims. Raises FileTooLarge, and Unavailable while too many PDFs are being read; all that can be
    wrong with a file makes an empty claim."""
    mark_of(data)
    try:
        text = _carried(data)
        claim = _token(text) if text.count(".") == 2 and text[:1] != "{" else _document(_strict(text))
    except (NothingCarried, Unreadable, ValueError, RecursionError):
        return Claim(None)
    named = claim.credential_id
    if not isinstance(named, str) or not is_storable(named, 100):  # as no id is, and no database can be asked for
        return Claim(None)
    return claim


def is_the_same(claim: Claim, ours: str, form_key_pems: dict[str, str]) -> bool:
    """Whether the document is, member for member, what we issued; of a token also whether we signed it."""
    issued: Document = json.loads(ours)
    if claim.document is None:
        return False
    try:
        claimed = _written(claim.document)
    except RecursionError:  # deeper than anything that we issue
        return False
    if claim.token is None:
        return claimed == _written(issued)
    return claimed == _written(proof.without_proof(issued)) and _is_ours(
        claim.token, issued["issuer"]["id"], form_key_pems
    )


def _is_ours(token: Token, did: str, pems: dict[str, str]) -> bool:
    owner, _, name = token.key_id.partition("#")
    pem = pems.get(name)
    if owner != did or pem is None or token.algorithm != form_keys.algorithm_of(pem):
        return False
    return form_keys.is_signed(pem, token.signed, token.signature)


def _carried(data: bytes) -> str:
    """The text inside the file, told by its first bytes and never by its name."""
    if is_pdf(data):
        return attachments.read_pdf(data)
    if data.startswith(b"\x89PNG"):
        return carriers.read_png(data)
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return carriers.read_svg(data)
    if len(start) > LONGEST * 4:
        raise NothingCarried("too long")
    try:
        return start.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise NothingCarried("not UTF-8") from None


def _strict(text: str) -> Document:
    return verify.read(text)


def _document(document: Document) -> Claim:
    claim = older.read(document)
    return Claim(claim.credential_id, older=claim) if claim else Claim(document.get("id"), document)


def _token(text: str) -> Claim:
    """The credential that a token claims, without the registered claims, which must say the same as its members."""
    head, body, tail = text.split(".")
    header = verify.read(from_base64url(head).decode("utf-8"))
    payload = verify.read(from_base64url(body).decode("utf-8"))
    if header == older.HEADER:
        claim = older.read_token(payload, f"{head}.{body}".encode("ascii"), from_base64url(tail))
        return Claim(claim.credential_id if claim else None, older=claim)
    if set(header) != {"alg", "typ", "kid"} or not all(isinstance(each, str) for each in header.values()):
        raise Unreadable("a header that we never write")
    document = {name: value for name, value in payload.items() if name not in _CLAIMS}
    claims = {name: payload[name] for name in _CLAIMS if name in payload}
    if claims != _claims_of(document):
        raise Unreadable("its claims say something else than its members")
    token = Token(header["kid"], header["alg"], f"{head}.{body}".encode("ascii"), from_base64url(tail))
    return Claim(document.get("id"), document, token)


def _claims_of(document: Document) -> Document:
    try:
        return jwt.claims_of(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Unreadable("lacks a member") from None


def _written(document: Document) -> str:
    """As JSON: for Python alone, 0 would equal false and 1.0 would equal 1."""
    return json.dumps(document, sort_keys=True)
