"""What is known about one learner in one run at one moment. Unknown is told apart from every value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from ..host.records import CourseRun, LearnerRecord
from .reasons import Reason
from .scores import exact, score_of

NOT_EARNING = frozenset({"audit"})
EXEMPT_FROM_IDENTITY = frozenset({"honor", "audit", "no-id-professional"})


@dataclass(frozen=True, slots=True)
class RunFacts:
    """About the run, the same for all of its learners."""

    tenant_ref: str
    custom_course: bool
    display_on: bool
    identity_required: bool
    has_ended: bool
    course_known: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """About the learner. `None` says that nobody told us; it is never read as a value."""

    run: RunFacts
    known: bool = True
    account_active: bool = True
    beta_tester: bool = False
    passing: bool | None = None
    invalidated: bool = False
    enrolled: bool = True
    mode: str | None = None
    identity_approved: bool = False
    tenant_ref: str | None = None
    progress: Fraction | None = None
    completed: bool = False  # whether the host says when
    completed_in_time: bool = False  # by the run's end, in the run's zone
    score: Fraction | Reason = field(default_factory=lambda: Reason("score.no_assessments"))
    attributes: Mapping[str, str] = field(default_factory=dict)


def run_facts(run: CourseRun, now: datetime) -> RunFacts:
    return RunFacts(
        tenant_ref=run.tenant_ref,
        custom_course=run.custom_course,
        display_on=run.certificates_enabled,
        identity_required=run.identity_required,
        has_ended=has_ended(run, now),
    )


def has_ended(run: CourseRun, now: datetime) -> bool:
    """Whether the run's end has passed. A run without an end never ends (R-045)."""
    return run.end is not None and now >= run.end


def learner_facts(run: CourseRun, about: RunFacts, record: LearnerRecord, now: datetime) -> Facts:
    until = record.identity_verified_until
    return Facts(
        run=about,
        account_active=record.account_active,
        beta_tester=record.beta_tester,
        passing=record.passing,
        enrolled=record.enrolment is not None,
        mode=record.enrolment.mode if record.enrolment else None,
        identity_approved=until is not None and until > now,
        tenant_ref=record.tenant_ref,
        progress=None if record.progress is None else exact(record.progress),
        completed=record.completed_on is not None,
        completed_in_time=_in_time(run, record.completed_on),
        score=score_of(run.assessments, record.attempts),
        attributes=record.attributes,
    )


def _in_time(run: CourseRun, completed_on: datetime | None) -> bool:
    """By the day of the run's end, in the run's zone; any time will do if the run has no end."""
    if completed_on is None:
        return False
    if run.end is None:
        return True
    zone = ZoneInfo(run.zone)
    return completed_on.astimezone(zone).date() <= run.end.astimezone(zone).date()
