"""An award as an Open Badges 3.0 credential: what is said, and where it stands in the document.

What credentials of one batch share is their `Outline`; what differs is filled into slots. Member names and kinds are
those of 1EdTech's Open Badges Specification 3.0, class AchievementCredential, and of W3C's Verifiable Credentials Data
Model 2.0, section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from . import contexts
from .contexts import Document
from .shapes import Values, slot
from .status_list import Place
from .text import (
    UnfitAddress,
    UnsignableText,
    checked,
    require_iri,
    require_one_line,
    require_some_lines,
)

ACHIEVEMENT_TYPES = frozenset(
    """
    Achievement ApprenticeshipCertificate Assessment Assignment AssociateDegree Award Badge
    BachelorDegree Certificate CertificateOfCompletion Certification CommunityService Competency Course
    CoCurricular Degree Diploma DoctoralDegree Fieldwork GeneralEducationDevelopment
    JourneymanCertificate LearningProgram License Membership ProfessionalDoctorate
    QualityAssuranceCredential MasterCertificate MasterDegree MicroCredential ResearchDoctorate
    SecondarySchoolDiploma
    """.split()  # noqa: SIM905
)
"""Open Badges 3.0, enumeration AchievementType. Others begin with `ext:`."""


class UnknownAchievementType(UnsignableText):
    code = "credential.unknown_achievement_type"


@dataclass(frozen=True, slots=True)
class AchievementView:
    """What was earned, as the credential says it (Open Badges 3.0, class Achievement)."""

    id: str
    """An absolute address without fragment, the same for all who earned the same."""
    name: str
    description: str
    """May have several lines."""
    criteria_id: str
    """An absolute address; a page may stand there."""
    criteria: str
    """What was asked for, in words. May have several lines."""
    achievement_type: str
    """One of ACHIEVEMENT_TYPES, or `ext:` and a name."""
    language: str
    """Of all texts in the credential, BCP 47: `hi`, `en-IN`."""
    image: str | None = None
    """An absolute address. None: it has no picture."""
    score_name: str = "Score"
    """What the score is called, in the credential's language."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One award, ready to be signed. All times are aware; the credential holds them in UTC, in whole seconds."""

    award_id: UUID
    credential_id: UUID
    """Its `id`, as urn:uuid. Another one for each re-issue."""
    subject_id: UUID
    """The recipient's `id`, as urn:uuid. Made for this credential: never the host's reference to the person. The
    fingerprint of what the award froze besides."""
    code: str
    """As it is printed and typed, without dashes: `licenseNumber`."""
    recipient_name: str = field(repr=False)
    """Personal data, as frozen at issue. One line."""
    achievement: AchievementView
    course_title: str
    """Of the course run. One line."""
    issuer_name: str
    """As frozen at issue; the issuer's present name may be another."""
    valid_from: datetime
    """From when the credential holds. Told as the signing key's activation if that is later, since a signature from
    before a key was active cannot be genuine."""
    awarded_date: datetime
    """When it was first awarded; a re-issue keeps it."""
    valid_until: datetime | None = None
    """None: it does not expire."""
    score: str | None = None
    """Percent, as text: `82` or `82.5`. None: none is told."""


@dataclass(frozen=True, slots=True)
class Outline:
    """All that credentials of one shape share."""

    issuer_did: str
    issuer_name: str
    issuer_url: str
    achievement: AchievementView
    course_title: str
    status_list: str
    has_expiry: bool
    has_score: bool


def outline_of(issuer_did: str, issuer_url: str, statement: Statement, place: Place) -> Outline:
    """What this credential shares with others of its batch."""
    return Outline(
        issuer_did,
        statement.issuer_name,
        issuer_url,
        statement.achievement,
        statement.course_title,
        place.url,
        statement.valid_until is not None,
        statement.score is not None,
    )


def template(outline: Outline) -> Document:
    """The document with slots for what `values` gives. Raises UnsignableText, naming the field at fault."""
    _require_fit(outline)
    achievement = outline.achievement
    credential: Document = {
        "@context": list(contexts.CREDENTIAL),
        "id": slot("credential_id"),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"{achievement.name}: {outline.course_title}",
        "issuer": {
            "id": outline.issuer_did,
            "type": ["Profile"],
            "name": outline.issuer_name,
            "url": outline.issuer_url,
        },
        "validFrom": slot("valid_from"),
        "awardedDate": slot("awarded_date"),
        "credentialSubject": {
            "id": slot("subject_id"),
            "type": ["AchievementSubject"],
            "licenseNumber": slot("code"),
            "identifier": [
                {
                    "type": "IdentityObject",
                    "identityType": "name",
                    "hashed": False,
                    "identityHash": slot("recipient_name"),
                }
            ],
            "achievement": _achievement(achievement, outline.course_title),
        },
        "credentialStatus": {
            "id": f"{outline.status_list}#{slot('status_index')}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": slot("status_index"),
            "statusListCredential": outline.status_list,
        },
    }
    if outline.has_expiry:
        credential["validUntil"] = slot("valid_until")
    if outline.has_score:
        _add_score(credential["credentialSubject"], achievement)
    return credential


def values(statement: Statement, place: Place, key_active_from: datetime) -> Values:
    """What fills the template's slots. Raises UnsignableText."""
    given = {
        "credential_id": f"urn:uuid:{statement.credential_id}",
        "subject_id": f"urn:uuid:{statement.subject_id}",
        "code": checked("code", statement.code, require_one_line),
        "recipient_name": checked("recipient_name", statement.recipient_name, require_one_line),
        "valid_from": moment(max(statement.valid_from, key_active_from)),
        "awarded_date": moment(statement.awarded_date),
        "status_index": str(place.index),
    }
    if statement.valid_until is not None:
        given["valid_until"] = moment(statement.valid_until)
    if statement.score is not None:
        given["score"] = checked("score", statement.score, require_one_line)
    return given


@lru_cache(maxsize=256)
def moment(at: datetime) -> str:
    """The time as credentials write it: `2026-01-02T03:04:05Z`."""
    if at.tzinfo is None:
        raise ValueError("A time without a zone cannot be signed.")
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _achievement(achievement: AchievementView, course_title: str) -> Document:
    described: Document = {
        "id": achievement.id,
        "type": ["Achievement"],
        "achievementType": achievement.achievement_type,
        "name": achievement.name,
        "description": achievement.description,
        "specialization": course_title,
        "inLanguage": achievement.language,
        # With an id the criteria are a named node, and one blank node less has to be numbered.
        "criteria": {"id": achievement.criteria_id, "narrative": achievement.criteria},
    }
    if achievement.image is not None:
        described["image"] = {"id": achievement.image, "type": "Image"}
    return described


def _add_score(subject: Document, achievement: AchievementView) -> None:
    described = f"{achievement.id}#score"
    subject["achievement"]["resultDescription"] = [
        {
            "id": described,
            "type": ["ResultDescription"],
            "name": achievement.score_name,
            "resultType": "Percent",
        }
    ]
    subject["result"] = [{"type": ["Result"], "resultDescription": described, "value": slot("score")}]


def _require_fit(outline: Outline) -> None:
    achievement = outline.achievement
    checks: dict[Callable[[str], str], dict[str, str]] = {
        require_one_line: {
            "issuer_name": outline.issuer_name,
            "achievement_name": achievement.name,
            "course_title": outline.course_title,
            "score_name": achievement.score_name,
            "language": achievement.language,
        },
        require_some_lines: {
            "description": achievement.description,
            "criteria": achievement.criteria,
        },
        require_iri: {
            "issuer_did": outline.issuer_did,
            "issuer_url": outline.issuer_url,
            "achievement_id": achievement.id,
            "criteria_id": achievement.criteria_id,
            "status_list": outline.status_list,
            **({} if achievement.image is None else {"image": achievement.image}),
        },
    }
    for require, texts in checks.items():
        for name, text in texts.items():
            checked(name, text, require)
    for name, text in {"achievement_id": achievement.id, "status_list": outline.status_list}.items():
        if "#" in text:  # ours is appended
            raise UnfitAddress(name)
    kind = achievement.achievement_type
    if kind not in ACHIEVEMENT_TYPES and not kind.startswith("ext:"):
        raise UnknownAchievementType("achievement_type")
    checked("achievement_type", kind, require_one_line)
