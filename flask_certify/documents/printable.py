"""What is printed: the values that were frozen with the award, under the names that templates use."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self
from uuid import UUID

from ..awards.frozen import Frozen
from .placeholders import Picture, Value


@dataclass(frozen=True, slots=True)
class PrintableAward:
    """All that a document is made from. A value that is not there leaves its place on the page empty."""

    award_id: UUID
    template_version_id: UUID
    values: Mapping[str, Value]
    zone: str
    issued_at: datetime

    @classmethod
    def of(cls, frozen: Frozen, *, award_id: UUID, code: str, verify_url: str, template_version_id: UUID) -> Self:
        """The award as it was frozen. `verify_url` is what the QR code opens."""
        values: dict[str, Value | None] = {
            "recipient.name": frozen.recipient_name,
            "course.title": frozen.course_title,
            "achievement.title": frozen.achievement_title,
            "achievement.description": frozen.description,
            "achievement.criteria": frozen.criteria,
            "award.date": frozen.issued_at,
            "completion.date": frozen.completed_on,
            "expiry.date": frozen.valid_until,
            "score": Decimal(frozen.score) if frozen.score else None,
            "location": frozen.facts.get("location"),
            "completion.time": _moment(frozen.facts.get("completion_time")),
            "issuer.name": frozen.issuer_name,
            "certificate.code": code,
            "certificate.address": verify_url,
            "qr": verify_url,
        }
        for place, signatory in enumerate(frozen.signatories[:2], 1):
            values[f"signatory.{place}.name"] = signatory.name
            values[f"signatory.{place}.designation"] = signatory.designation
            values[f"signatory.{place}.image"] = Picture(signatory.image_sha) if signatory.image_sha else None
        return cls(
            award_id=award_id,
            template_version_id=template_version_id,
            values={key: value for key, value in values.items() if value},
            zone=frozen.zone,
            issued_at=frozen.issued_at,
        )


def _moment(carried: str | None) -> datetime | None:
    return datetime.fromisoformat(carried) if carried else None
