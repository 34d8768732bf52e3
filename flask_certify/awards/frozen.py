"""What an award prints, for ever: document, credential and page read only this (DESIGN decision 18)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Self


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
    facts: Mapping[str, str] = field(default_factory=dict)  # more that the attachment wanted carried along

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _NAMES} | {  # `asdict` takes ten times as long
            "completed_on": self.completed_on.isoformat() if self.completed_on else None,
            "issued_at": self.issued_at.isoformat(),
            "signatories": [asdict(each) for each in self.signatories],
            "facts": dict(self.facts),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        values = dict(stored)
        completed = values["completed_on"]
        values["completed_on"] = datetime.fromisoformat(completed) if completed else None
        values["issued_at"] = datetime.fromisoformat(values["issued_at"])
        values["signatories"] = tuple(FrozenSignatory(**each) for each in values["signatories"])
        return cls(**values)


_NAMES = tuple(each.name for each in fields(Frozen))
