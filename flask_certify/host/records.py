"""Frozen values that cross the fence. References are opaque text: we store them and hand them back, of learners,
tenants and actors up to 100 characters, of runs and courses up to 200.

A field whose absence could mean two things says which. New fields always have a default, so that an
adapter written for an older version keeps working. Names, addresses and phone numbers are personal data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Role(StrEnum):
    """Who somebody is to the certificates of a tenant. The host may know more; these are the seeds' roles."""

    LEARNER = "learner"
    MENTOR = "mentor"
    AUTHOR = "author"
    TENANT_ADMIN = "tenant_admin"
    SUPPORT = "support"


class Display(StrEnum):
    """When a certificate may be seen (R-086)."""

    EARLY_NO_INFO = "early_no_info"
    END = "end"
    END_WITH_DATE = "end_with_date"


class Pacing(StrEnum):
    INSTRUCTOR = "instructor"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person of the host, or a part of the machinery such as `command` or `night`."""

    ref: str
    name: str = ""
    learner_ref: str | None = None  # the same person as a learner; None: not a learner anywhere
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation of learners, in the seeds a state."""

    ref: str
    slug: str
    name: str
    zone: str = "UTC"  # IANA name
    languages: tuple[str, ...] = ("en",)
    people: str = "learners"  # what its messages call them: `learners` or `teachers` (D-18)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Something with a score. `kind` is the host's word; only `Assessment` counts towards a score (R-039)."""

    ref: str
    kind: str = "Assessment"
    max_score: float | None = 100.0  # None: the host does not know it; an attempt is then a data error
    title: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at an assessment: `score` out of `max_score`, in the host's points."""

    assessment_ref: str
    score: float
    max_score: float | None = None  # None: the assessment's own


@dataclass(frozen=True, slots=True)
class Enrolment:
    """That somebody is in a run. It must exist to earn; it need not be active (D-28)."""

    active: bool = True
    mode: str = "verified"  # audit, honor, verified, …: the Open edX sense
    kind: str = "open"  # open or invite-only
    since: datetime | None = None  # aware; None: the host does not say


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    """All a rule may ask about one learner in one run, at one moment."""

    learner_ref: str
    display_name: str | None = None
    preferred_name: str | None = None  # what they want to be called; goes before the display name on paper
    verified_name: str | None = None
    use_verified_name: bool = False  # the learner chose the verified name for certificates
    user_name: str | None = None
    external_id: str | None = None  # the tenant's own id of the person; None: self-registered
    tenant_ref: str | None = None  # None: validated by no tenant
    attributes: Mapping[str, str] = field(default_factory=dict)
    account_active: bool = True
    enrolment: Enrolment | None = None  # None: not enrolled
    progress: float | None = None  # percent, 0 to 100; None: the host did not say, never read as a number
    completed_on: datetime | None = None  # aware; None: not completed, or not known when
    attempts: tuple[Attempt, ...] = ()
    passing: bool | None = None  # the host's own verdict; None: it has none, the criteria alone decide (D-06)
    identity_verified_until: datetime | None = None
    beta_tester: bool = False
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class CourseRun:
    """One teaching of a course, to one group."""

    run_ref: str
    title: str
    course_ref: str
    tenant_ref: str  # issues and signs
    author_ref: str | None = None
    mentor_refs: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None  # aware; None: open-ended
    zone: str = "UTC"  # the zone in which "by the run's end" is meant
    pacing: Pacing = Pacing.INSTRUCTOR
    published: bool = True
    assessments: tuple[Assessment, ...] = ()
    custom_course: bool = False  # a private copy (CCX)
    certificates_enabled: bool = True
    display: Display | None = None  # None: the host does not say, so nothing is hidden (D-06)
    available_on: date | None = None
    identity_required: bool = False
    open: bool = True  # False: invite-only
    video_url: str | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach somebody. Asked when needed and never stored."""

    email: str | None = None
    phone: str | None = None  # E.164
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """What the host says before a certificate is made: a refusal with its reason, or the mode it was earned in."""

    refuse: str | None = None  # the reason, as staff may read it; without personal data
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """An answer to a search for people."""

    learner_ref: str
    display_name: str
    external_id: str | None = None
