"""A learner asks for their own certificate, where the pacing of the run lets learners do so (R-073).

It is the same entry as for everybody else: what is asked is asked, and why not is answered (R-068).
"""

from uuid import UUID

from ..achievements.service import get_course_run, get_run
from ..core.errors import Conflict, Forbidden
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..eligibility.events import LetLearnersStart, PacingChanged, respond
from ..eligibility.facts import NOTHING_KEPT
from ..eligibility.service import ask_records
from ..host.records import Pacing
from .happenings import reconsider
from .many import LearnerOutcome


class NotOnRequest(Conflict):
    code = "own.not_on_request"
    sentence = N_("Certificates of this course run are not issued on request. Yours comes without being asked for.")


def may_learners_start(pacing: Pacing) -> bool:
    """Whether learners ask for their certificates themselves: it follows from the pacing, also when that changes."""
    match respond(PacingChanged(pacing is Pacing.SELF), NOTHING_KEPT).action:
        case LetLearnersStart(on):
            return on
        case _:
            return False


def ask(rt: Runtime, run_id: UUID, learner_ref: str, *, actor: str) -> LearnerOutcome:
    """Decides for the learner, and issues what is due. Asking again changes nothing.

    Raises UnknownRun, Forbidden for who does not learn there, NotOnRequest, NothingAttached, HostUnavailable.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
    course_run = get_course_run(rt, run.run_ref)
    records, failed = ask_records(rt, run.run_ref, [learner_ref])
    if learner_ref not in records.keys() | failed.keys():
        raise Forbidden()
    if not may_learners_start(course_run.pacing):
        raise NotOnRequest()
    [outcome] = reconsider(rt, run_id, [learner_ref], actor=actor)
    return outcome
