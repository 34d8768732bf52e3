"""What is known about one learner in one run at one moment. Unknown is told apart from every value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ..host.records import Assessment, CourseRun, LearnerRecord
from .reasons import Reason
from .rules import Percent
from .scores import counted, exact, score_among

NOT_EARNING = frozenset({"audit"})
EXEMPT_FROM_IDENTITY = frozenset({"honor", "audit", "no-id-professional"})


class Entry(StrEnum):
    """An exception that people made for a learner. One that is over, or switched off, counts as none (R-054)."""

    NONE = "none"
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Kept:
    """What our own tables say about the learner in the run: the record, and the exceptions."""

    status: str | None = None  # None: there is no record
    made_in: str | None = None  # the mode in which the record was made; None: nobody noted it
    allowlist: Entry = Entry.NONE
    invalidation: Entry = Entry.NONE


NOTHING_KEPT = Kept()


@dataclass(frozen=True, slots=True)
class RunFacts:
    """About the run, the same for all of its learners."""

    tenant_ref: str
    custom_course: bool = False
    display_on: bool = True
    identity_required: bool = False
    has_ended: bool = False
    course_known: bool = True
    not_earning: frozenset[str] = NOT_EARNING  # modes; data that the host may override
    assessments: Mapping[str, Assessment] = field(default_factory=dict)  # those that count
    closes_at: datetime | None = None  # when the last day of the run is over, in its zone; None: open-ended


@dataclass(frozen=True, slots=True)
class Facts:
    """About the learner. `None` says that nobody told us; it is never read as a value."""

    run: RunFacts
    known: bool = True
    account_active: bool = True
    beta_tester: bool = False
    passing: bool | None = None  # the host's own verdict
    enrolled: bool = True  # active or not
    mode: str | None = None
    identity_approved: bool = False
    tenant_ref: str | None = None
    progress: Percent | Reason | None = None  # a reason: what was said is no progress
    completed: bool = False  # whether the host says when
    completed_in_time: bool = False  # by the run's end, in the run's zone
    score: Percent | Reason = field(default_factory=lambda: Reason("score.no_assessments"))
    attributes: Mapping[str, str] = field(default_factory=dict)


def not_earning(honor_earns: bool) -> frozenset[str]:
    """The modes in which nothing is earned, as the installation has it (R-058)."""
    return NOT_EARNING if honor_earns else NOT_EARNING | {"honor"}


def run_facts(run: CourseRun, now: datetime, *, identity_required: bool = False, honor_earns: bool = True) -> RunFacts:
    """About the run. What is asked in every run of the installation is asked in this one, too (D-12)."""
    return RunFacts(
        tenant_ref=run.tenant_ref,
        custom_course=run.custom_course,
        display_on=run.certificates_enabled,
        identity_required=run.identity_required or identity_required,
        has_ended=has_ended(run, now),
        not_earning=not_earning(honor_earns),
        assessments=counted(run.assessments),
        closes_at=None if run.end is None else _closing(run.end, ZoneInfo(run.zone)),
    )


def has_ended(run: CourseRun, now: datetime) -> bool:
    """Whether the run's end has passed. A run without an end never ends (R-045)."""
    return run.end is not None and now >= run.end


def learner_facts(about: RunFacts, record: LearnerRecord, now: datetime) -> Facts:
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
        progress=_progress(record.progress),
        completed=record.completed_on is not None,
        completed_in_time=_in_time(about, record.completed_on),
        score=score_among(about.assessments, record.attempts),
        attributes=record.attributes,
    )


def _progress(said: float | None) -> Percent | Reason | None:
    if said is None:
        return None
    if not math.isfinite(said) or not 0 <= said <= 100:
        return Reason("progress.not_a_percentage")
    return exact(said)


def _closing(end: datetime, zone: ZoneInfo) -> datetime:
    """Midnight after the day of the run's end, as a moment in UTC: compared with many, so worked out once."""
    next_day = end.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(next_day, time(), zone).astimezone(UTC)


def _in_time(about: RunFacts, completed_on: datetime | None) -> bool:
    """By the day of the run's end, in the run's zone; any time will do if the run has no end."""
    if completed_on is None:
        return False
    return about.closes_at is None or completed_on < about.closes_at
