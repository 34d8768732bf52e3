"""The API about runs and their certificates: the same services as the screens and the command line.

Routes carry our ids; `GET /runs?ref=…` leads from the platform's reference of a run to ours (decision 20).
"""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any
from uuid import UUID

from ..achievements.service import RunView, ensure_run, get_course_run, get_run
from ..achievements.views import on_run
from ..awards.causes import Why
from ..core import api, web
from ..core.api import operation
from ..core.current import current_actor, current_runtime
from ..core.errors import Forbidden
from ..eligibility import notation
from ..eligibility.reasons import Reason, worded
from ..issuing import bulk, many, own, reissuing
from ..issuing.many import LearnerOutcome
from . import api_schemas as schemas
from . import attachment_api, batch_api, explaining, life_api, queries, reviewing, simulating, wording
from .reviewing import Queue

Asked = dict[str, Any]
View = Callable[..., Any]


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    add = partial(operation, blueprint)
    run = "/runs/<uuid:run_id>"
    attach, issue, reissue = on_run("run.attach"), on_run("award.issue"), on_run("award.reissue")
    add("GET", "/runs", find_run, api.logged_in, query=schemas.RunQuery, gives=schemas.Run)
    attachment_api.register(blueprint)
    add("POST", f"{run}/issue", issue_certificates, issue, body=schemas.IssueBody, gives=schemas.Issued)
    add("POST", f"{run}/own", issue_own, as_learner, gives=schemas.Issued)
    add("POST", f"{run}/reissue", reissue_certificates, reissue, body=schemas.ReissueBody, gives=schemas.Issued)
    add("GET", f"{run}/explanation", explain, issue, query=schemas.LearnerQuery, gives=schemas.Explanation)
    add("POST", f"{run}/simulation", simulate, attach, body=schemas.RuleSetBody, gives=schemas.Difference)
    add("GET", f"{run}/review", review, issue, query=schemas.QueueQuery, gives=schemas.Review)
    failed, asked = schemas.Failure, schemas.FailuresQuery
    add("GET", f"{run}/failures", list_failures, on_run("failures.read"), query=asked, gives=failed, many=True)
    batch_api.register(blueprint)
    life_api.register(blueprint)


def as_learner(view: View) -> View:
    """The view gets the run, and the reference of the learner that the caller is."""

    @wraps(view)
    def guarded(*, run_id: UUID) -> Any:
        actor = web.acting()
        with current_runtime().reading() as session:
            run = get_run(session, run_id)
        if actor.learner_ref is None:
            raise Forbidden()
        return view(run=run, learner_ref=actor.learner_ref)

    return guarded


def find_run(asked: Asked) -> Asked:
    """Find a course run by the platform's own reference"""
    rt, run_ref = current_runtime(), asked["ref"]
    web.require("run.dashboard", tenant_ref=get_course_run(rt, run_ref).tenant_ref, run_ref=run_ref)
    run = ensure_run(rt, run_ref)
    return {
        "id": run.id,
        "ref": run.run_ref,
        "title": run.title,
        "course": run.course_ref,
        "tenant": run.tenant_ref,
    }


# ---- issuing ---------------------------------------------------------------------------------------


def issue_certificates(given: Asked, *, run: RunView) -> Asked:
    """Issue to a run in the background, or to a list of learners at once; each listed one is answered"""
    rt, actor = current_runtime(), current_actor().ref
    if given["learners"] is None:
        return {"batch_id": bulk.open_batch(rt, run.id, actor, notify=given["notify"]), "outcomes": []}
    refs = list(dict.fromkeys(given["learners"]))
    return _outcomes(many.issue_many(rt, run.id, refs, actor=actor, notify=given["notify"]))


def issue_own(*, run: RunView, learner_ref: str) -> Asked:
    """Ask for one's own certificate, in a self-paced run"""
    return _outcomes([own.ask(current_runtime(), run.id, learner_ref, actor=current_actor().ref)])


def reissue_certificates(given: Asked, *, run: RunView) -> Asked:
    """Issue again to learners: prerequisites are checked anew, a new code replaces the old one"""
    rt, actor, why = current_runtime(), current_actor().ref, Why.given(given["reason"], given["note"])
    refs = list(dict.fromkeys(given["learners"]))
    return _outcomes(reissuing.reissue_many(rt, run.id, refs, why, actor=actor, notify=given["notify"]))


def _outcomes(found: Sequence[LearnerOutcome]) -> Asked:
    return {
        "batch_id": None,
        "outcomes": [
            {
                "learner": each.learner_ref,
                "result": each.result,
                "achievement": each.achievement_key,
                "award_id": each.award_id,
                "reasons": [_reason(reason) for reason in each.reasons],
            }
            for each in found
        ],
    }


def _reason(reason: Reason) -> Asked:
    return {"code": reason.code, "sentence": worded(reason.code, reason.values)}


# ---- questions -------------------------------------------------------------------------------------


def explain(asked: Asked, *, run: RunView) -> Asked:
    """Explain why a learner has, or has not, a certificate, and what would change it"""
    return explaining.to_json(explaining.explain(current_runtime(), run.run_ref, asked["learner"]))


def simulate(given: Asked, *, run: RunView) -> Any:
    """Show who would gain, lose or stay under other rules; nothing is written"""
    return simulating.simulate(current_runtime(), run, notation.rule_set_from_json(given))


def review(asked: Asked, *, run: RunView) -> Asked:
    """List who is eligible and not issued to, or issued to and no longer eligible"""
    queue = Queue(asked["queue"])
    with current_runtime().reading() as session:
        found = reviewing.learners(session, run.id, queue, after=asked["after"], limit=asked["limit"])
        number = reviewing.count(session, run.id).counts[queue]
    return {"learners": [each.learner_ref for each in found], "count": number}


def list_failures(asked: Asked, *, run: RunView) -> list[Asked]:
    """List what could not be done in a run, the latest first"""
    with current_runtime().reading() as session:
        found = queries.failures(
            session, run.id, standing=not asked["all"], limit=asked["limit"], offset=asked["offset"]
        )
    return [
        {
            "id": each.id,
            "at": each.at,
            "learner": each.learner_ref,
            "step": each.step,
            "code": each.code,
            "sentence": wording.sentence_of(each.code, each.details),
            "resolved_at": each.resolved_at,
            "attempts": each.attempts,
            "last_at": each.last_at,
        }
        for each in found
    ]
