"""What an award prints, for ever: document, credential and page read only this (DESIGN decision 18)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Self
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FrozenSignatory:
    name: str
    designation: str
    image_sha: str | None = None


@dataclass(frozen=True, slots=True)
class Frozen:
    """Values as they stood when the award was granted. Times are aware; `zone` is the one dates print in."""

    recipient_name: str | None  # None: erased at the holder's wish
    course_title: str
    achievement_key: str
    achievement_title: str
    description: str
    criteria: str
    issuer_name: str
    issuer_slug: str
    issuer_did: str
    completed_on: datetime | None
    issued_at: datetime
    zone: str
    language: str
    score: str | None = None  # percent with at most two decimals, for display; compared exactly elsewhere
    signatories: tuple[FrozenSignatory, ...] = field(default_factory=tuple)
    valid_until: datetime | None = None  # the last second in which it holds; None: it does not expire
    facts: Mapping[str, str] = field(default_factory=dict)  # more that the attachment wanted carried along

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _NAMES} | {  # `asdict` takes ten times as long
            "completed_on": self.completed_on.isoformat() if self.completed_on else None,
            "issued_at": self.issued_at.isoformat(),
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            "signatories": [asdict(each) for each in self.signatories],
            "facts": dict(self.facts),
        }

    def fingerprint(self, award_id: UUID) -> UUID:
        """Of all that is frozen and that a credential does not say in words. It is signed as the id of its subject,
        so that none of it can be changed unnoticed.

        What somebody is asked to erase is not in it, and who does not know the award's id cannot try out what is.
        A member that is added later must be left out while it has nothing to say, so that what was signed before
        stays intact.
        """
        told = [
            str(award_id),
            self.achievement_key,
            self.issuer_slug,
            self.issued_at.astimezone(UTC).isoformat(),
            self.completed_on.astimezone(UTC).isoformat() if self.completed_on else None,
            self.zone,
            [[each.name, each.designation, each.image_sha] for each in self.signatories],
            sorted(self.facts.items()),
        ]
        digest = int.from_bytes(sha256(json.dumps(told).encode("ascii")).digest()[:16], "big")
        version_8 = digest & ~(0xF << 76) & ~(0b11 << 62) | 0x8 << 76 | 0b10 << 62  # RFC 9562: of our own making
        return UUID(int=version_8)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        values = dict(stored)
        completed = values["completed_on"]
        values["completed_on"] = datetime.fromisoformat(completed) if completed else None
        values["issued_at"] = datetime.fromisoformat(values["issued_at"])
        until = values.get("valid_until")
        values["valid_until"] = datetime.fromisoformat(until) if until else None
        values["signatories"] = tuple(FrozenSignatory(**each) for each in values["signatories"])
        return cls(**values)


_NAMES = tuple(each.name for each in fields(Frozen))
