"""Whether what the host says about learners is what was agreed (`host.records`), before anything is decided by it.

A host is somebody else's program. A text in the place of a number, or a time without a zone, is an error about that one
learner, told by the field; it is never a no, and takes nothing away.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ..achievements.answers import is_moment, is_number
from ..core.hosts import WrongAnswer
from ..core.texts import is_reference
from ..host.records import Attempt, Enrolment, LearnerRecord
from .reasons import Reason

TEXTS = ("display_name", "preferred_name", "verified_name", "user_name", "external_id", "tenant_ref", "locale")
UNFIT = Reason("learner.unfit_reference")
TIMES = ("completed_on", "identity_verified_until")


def wrong_records(records: Mapping[str, Any]) -> dict[str, Reason]:
    """Those that cannot be used, and why: the first field that is not what it should be, or a reference that no table
    can hold."""
    found = {ref: wrong_field(record) for ref, record in records.items()}
    wrong = {ref: Reason("learner.wrong_answer", {"field": field}) for ref, field in found.items() if field}
    return wrong | {ref: UNFIT for ref in records if not is_reference(ref)}


def page_of(page: Any, after: str | None) -> Sequence[LearnerRecord]:
    """A page of learners as a list of the host's gave it. Raises WrongAnswer, also for a list that never ends."""
    if not isinstance(page, Sequence) or not all(
        isinstance(each, LearnerRecord) and isinstance(each.learner_ref, str) for each in page
    ):
        raise WrongAnswer("learners")
    if page and page[-1].learner_ref == after:
        raise WrongAnswer("after")
    return page


def refs_of(said: Any) -> set[str]:
    """References, as a list of the host's gave them. Raises WrongAnswer."""
    if not isinstance(said, Collection) or not all(isinstance(each, str) for each in said):
        raise WrongAnswer("references")
    return set(said)


def usable(page: Sequence[LearnerRecord]) -> list[LearnerRecord]:
    """Without those about whom nothing can be decided: an issue tells them in the failure log."""
    return [each for each in page if wrong_field(each) is None and is_reference(each.learner_ref)]


def wrong_field(record: Any) -> str | None:
    """The first field of the record that is not what it should be, by its name."""
    if not isinstance(record, LearnerRecord):
        return "learner_records"
    for name in TEXTS:
        if not isinstance(getattr(record, name), str | None):
            return name
    for name in TIMES:
        if not _is_time(getattr(record, name)):
            return name
    if record.progress is not None and not is_number(record.progress):
        return "progress"
    if not isinstance(record.passing, bool | None):
        return "passing"
    if not isinstance(record.attributes, Mapping):
        return "attributes"
    if not isinstance(record.attempts, Sequence) or not all(map(_is_attempt, record.attempts)):
        return "attempts"
    return None if record.enrolment is None or _is_enrolment(record.enrolment) else "enrolment"


def _is_attempt(each: Any) -> bool:
    return isinstance(each, Attempt) and is_number(each.score) and (each.max_score is None or is_number(each.max_score))


def _is_enrolment(each: Any) -> bool:
    return isinstance(each, Enrolment) and isinstance(each.mode, str) and _is_time(each.since)


def _is_time(said: Any) -> bool:
    return said is None or is_moment(said)
