"""Whether what an award froze is what its issuer signed, under our own key table: no row vouches for itself."""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from threading import Lock
from uuid import UUID

from ..awards.frozen import Frozen
from ..credentials import open_badge, verify
from ..credentials.contexts import Document
from ..credentials.did_web import PublishedKey
from ..credentials.verify import Finding


class Seal(StrEnum):
    INTACT = "intact"
    BROKEN = "broken"  # not signed by this issuer, changed since, or not what the award says
    UNSAFE_KEY = "unsafe_key"  # others may have the key that signed it
    ABSENT = "absent"  # nothing signed is stored


@dataclass(frozen=True, slots=True)
class Signed:
    """What only the signed document says. Times are aware."""

    valid_from: datetime
    valid_until: datetime | None  # None: it does not expire
    key_id: str


@dataclass(frozen=True, slots=True)
class Sealed:
    seal: Seal
    signed: Signed | None = None  # only if the seal is intact


@dataclass(frozen=True, slots=True)
class Held:
    """What our rows hold of an award and its credential. They are what is looked up, shown and published, and a row
    can be changed: so each of these must be what was signed."""

    award_id: UUID
    code: str
    frozen: Frozen
    text: str | None = field(repr=False)  # the signed document; None: not signed yet, or erased
    credential_id: str | None = None
    key_id: str | None = None
    status_list: str | None = None  # the address of the list
    status_index: int | None = None


def examine(held: Held, keys: Sequence[PublishedKey]) -> Sealed:
    """Whether the stored text was signed with one of the issuer's keys, and says what our rows hold."""
    return Sealed(Seal.ABSENT) if held.text is None else _seals.find_or_make(held.text, held, keys)


def _examine(text: str, held: Held, keys: Sequence[PublishedKey]) -> Sealed:
    finding = verify.examine(text, held.frozen.issuer_did, keys).finding
    if finding is Finding.COMPROMISED_KEY:
        return Sealed(Seal.UNSAFE_KEY)
    if finding is not Finding.INTACT:
        return Sealed(Seal.BROKEN)
    document: Document = json.loads(text)
    if not says_the_same(document, held):
        return Sealed(Seal.BROKEN)
    until = document.get("validUntil")
    signed = Signed(
        valid_from=datetime.fromisoformat(document["validFrom"]),
        valid_until=datetime.fromisoformat(until) if until else None,
        key_id=document["proof"]["verificationMethod"],
    )
    return Sealed(Seal.INTACT, signed)


def says_the_same(document: Document, held: Held) -> bool:
    """Whether our rows still say what was signed, member for member."""
    frozen, subject = held.frozen, document["credentialSubject"]
    achievement, status, result = subject["achievement"], document["credentialStatus"], subject.get("result")
    signed = (
        document["id"],
        document["proof"]["verificationMethod"],
        status["statusListCredential"],
        status["statusListIndex"],
        subject["licenseNumber"],
        subject["identifier"][0]["identityHash"],
        achievement["name"],
        achievement["description"],
        achievement["criteria"]["narrative"],
        achievement["inLanguage"],
        achievement["specialization"],
        document["issuer"]["name"],
        result[0]["value"] if result else None,
        document.get("validUntil"),
        subject["id"],
    )
    stored = (
        held.credential_id,
        held.key_id,
        held.status_list,
        str(held.status_index),
        held.code,
        frozen.recipient_name,
        frozen.achievement_title,
        frozen.description,
        frozen.criteria,
        frozen.language,
        frozen.course_title,
        frozen.issuer_name,
        frozen.score,
        open_badge.moment(frozen.valid_until) if frozen.valid_until else None,
        f"urn:uuid:{frozen.fingerprint(held.award_id)}",
    )
    # A re-issue keeps the day of the first award, and a key that is newer than the award moves the day from which
    # it holds. In between lies the day of issue; most often all three are one. They sort as they are written.
    is_its_day = document["awardedDate"] <= open_badge.moment(frozen.issued_at) <= document["validFrom"]
    return signed == stored and is_its_day


@dataclass
class Seals:
    """What this process has examined, since checking a proof takes longer than all else on the page.

    An answer belongs to a digest of everything it depends on, all that our rows hold and the keys and their states
    included, so that a change of any is a new question; and nothing of a person is kept.
    """

    most: int = 10_000
    _known: OrderedDict[bytes, Sealed] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def find_or_make(self, text: str, held: Held, keys: Sequence[PublishedKey]) -> Sealed:
        signed = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()  # `repr` of what is held leaves it out
        asked = f"{signed} {held!r} {[*keys]!r}"
        digest = sha256(asked.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            known = self._known.get(digest)
        if known is None:
            known = _examine(text, held, keys)
            with self._lock:
                self._known[digest] = known
                while len(self._known) > self.most:
                    self._known.popitem(last=False)
        return known


_seals = Seals()
