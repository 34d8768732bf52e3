"""Data that do not fit, found without changing anything: what support looks for before a learner does (R-187)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import ensure_run, get_course_run
from ..awards import service as awards
from ..awards.models import Award
from ..awards.states import AwardState
from ..core.runtime import Runtime
from ..documents.models import Document
from ..eligibility.answers import usable
from ..eligibility.scores import counted
from ..host.records import Assessment, CourseRun, LearnerRecord
from ..notifications.models import Message
from . import changes


class Oddity(StrEnum):
    COMPLETE_WITHOUT = "complete_without_certificate"
    BEFORE_ENROLMENT = "completed_before_enrolment"
    AFTER_END = "completed_after_the_end"
    WRONG_TOTAL = "attempt_with_wrong_total"
    NO_DOCUMENT = "certificate_never_printed"
    NO_MESSAGE = "certificate_nobody_was_told_of"


@dataclass(frozen=True, slots=True)
class Found:
    """The learners of each oddity, in the order of their references."""

    seen: int
    learners: Mapping[Oddity, tuple[str, ...]]


def find(rt: Runtime, run_ref: str) -> Found:
    """Asks the platform for every learner of the run, writes nothing. Raises UnknownRun, HostUnavailable.

    A document is printed when somebody first wants it, so one that never was is no fault by itself.
    """
    run, course_run = ensure_run(rt, run_ref), get_course_run(rt, run_ref)
    assessments = counted(course_run.assessments)
    found: dict[Oddity, list[str]] = {each: [] for each in Oddity}
    seen = 0
    for page in changes.pages(rt, run_ref):
        seen += len(page)
        with rt.reading() as session:
            held = awards.standing_of(session, run.tenant_ref, run_ref, [each.learner_ref for each in page])
        for record in usable(page):
            if record.learner_ref not in held and record.progress is not None and record.progress >= 100:
                found[Oddity.COMPLETE_WITHOUT].append(record.learner_ref)
            for oddity in _of(record, course_run, assessments):
                found[oddity].append(record.learner_ref)
    found[Oddity.NO_DOCUMENT] = _awards_without(rt, run.id, sa.exists().where(Document.award_id == Award.id))
    told = sa.or_(sa.exists().where(Message.award_id == Award.id), Award.held_back.is_not(None))
    found[Oddity.NO_MESSAGE] = _awards_without(rt, run.id, told)
    return Found(seen, {each: tuple(sorted(refs)) for each, refs in found.items()})


def _of(record: LearnerRecord, run: CourseRun, assessments: Mapping[str, Assessment]) -> Sequence[Oddity]:
    odd = []
    done, enrolment = record.completed_on, record.enrolment
    if done is not None and enrolment is not None and enrolment.since is not None and done < enrolment.since:
        odd.append(Oddity.BEFORE_ENROLMENT)
    if done is not None and run.end is not None and done > run.end:
        odd.append(Oddity.AFTER_END)
    if any(_is_wrong(each.score, each.max_score, assessments.get(each.assessment_ref)) for each in record.attempts):
        odd.append(Oddity.WRONG_TOTAL)
    return odd


def _is_wrong(score: float, said: float | None, assessment: Assessment | None) -> bool:
    """Whether the total of an attempt cannot be, or is not that of its assessment."""
    if assessment is None:
        return False  # it counts for nothing here
    total = assessment.max_score if said is None else said
    if total is None or not 0 < total < math.inf or not 0 <= score <= total:
        return True
    return said is not None and assessment.max_score is not None and said != assessment.max_score


def _awards_without(rt: Runtime, run_id: UUID, there: sa.ColumnElement[bool]) -> list[str]:
    with rt.reading() as session:
        return list(
            session.scalars(
                sa.select(Award.learner_ref).where(
                    Award.run_id == run_id, Award.state == AwardState.ISSUED, sa.not_(there)
                )
            )
        )
