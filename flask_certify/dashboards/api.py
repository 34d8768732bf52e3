"""The API about runs and their certificates: the same services as the screens and the command line.

Routes carry our ids; `GET /runs?ref=…` leads from the platform's reference of a run to ours (decision 20).
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from uuid import UUID

from ..achievements import validity
from ..achievements.service import RunView, ensure_run, get_course_run, get_run
from ..awards.causes import Why
from ..awards.exceptions import Kind
from ..awards.service import AwardView, get_award
from ..awards.states import Move
from ..core import api, web
from ..core.api import operation
from ..core.current import current_actor, current_runtime
from ..core.errors import Forbidden
from ..eligibility import notation
from ..eligibility.reasons import Reason, worded
from ..issuing import attaching, bulk, criteria, excepting, lifecycle, many, own, previewing, reissuing, undoing
from ..issuing.attaching import Attached, By, Place, Terms
from ..issuing.lifecycle import Report
from ..issuing.many import LearnerOutcome
from . import api_schemas as schemas
from . import batch_api, explaining, queries, reviewing, simulating, wording
from .access import open_run
from .reviewing import Queue

Asked = dict[str, Any]
View = Callable[..., Any]


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""

    def add(method: str, path: str, view: View, guard: api.Guard, **more: Any) -> None:
        operation(blueprint, method, path, view, guard=guard, **more)

    run, one = "/runs/<uuid:run_id>", "/runs/<uuid:run_id>/attachments/<uuid:attachment_id>"
    attach, see = on_run("run.attach"), on_run("run.dashboard")
    issue, fix = on_run("award.issue"), on_run("exceptions.edit")
    level, terms, given = schemas.LevelQuery, schemas.TermsBody, schemas.Attachments
    add("GET", "/runs", find_run, api.logged_in, query=schemas.RunQuery, gives=schemas.Run)
    add("GET", f"{run}/criteria", list_criteria, api.logged_in, gives=schemas.Criterion, many=True)
    add("GET", f"{run}/attachments", list_attachments, see, query=level, gives=given)
    add("POST", f"{run}/attachments", attach_first, attach, query=level, body=terms, gives=given, status=201)
    add("POST", f"{run}/attachments/add", attach_more, attach, query=level, body=terms, gives=given, status=201)
    add("GET", f"{run}/attachments/history", list_steps, see, query=level, gives=schemas.Step, many=True)
    add("POST", f"{run}/attachments/preview", preview, attach, body=schemas.TemplateBody, gives=schemas.Preview)
    add("PUT", one, update_attachment, attach, query=level, body=terms, gives=given)
    add("DELETE", one, remove_attachment, attach, query=schemas.RemoveQuery, gives=given)
    add("POST", f"{run}/issue", issue_certificates, issue, body=schemas.IssueBody, gives=schemas.Issued)
    add("POST", f"{run}/own", issue_own, as_learner, gives=schemas.Issued)
    reissue = on_run("award.reissue")
    add("POST", f"{run}/reissue", reissue_certificates, reissue, body=schemas.ReissueBody, gives=schemas.Issued)
    add("GET", f"{run}/explanation", explain, issue, query=schemas.LearnerQuery, gives=schemas.Explanation)
    add("POST", f"{run}/simulation", simulate, attach, body=schemas.RuleSetBody, gives=schemas.Difference)
    add("GET", f"{run}/review", review, issue, query=schemas.QueueQuery, gives=schemas.Review)
    failures = on_run("failures.read")
    add(
        "GET", f"{run}/failures", list_failures, failures, query=schemas.FailuresQuery, gives=schemas.Failure, many=True
    )
    batch_api.register(blueprint)
    body, excepted = schemas.ExceptionBody, schemas.Excepted
    add("POST", f"{run}/allowlist", allow, fix, body=body, gives=excepted)
    add("POST", f"{run}/allowlist/remove", disallow, fix, body=body, gives=excepted)
    add("POST", f"{run}/invalidations", invalidate, fix, body=body, gives=excepted)
    add("POST", f"{run}/invalidations/lift", lift, fix, body=body, gives=excepted)
    add("POST", f"{run}/dates", set_date, fix, body=schemas.DateBody, gives=schemas.LearnerException, status=201)
    add("POST", f"{run}/dates/clear", clear_date, fix, body=schemas.ClearDateBody, gives=schemas.LearnerException)
    learner = schemas.LearnerQuery
    add("GET", f"{run}/exceptions", list_exceptions, fix, query=learner, gives=schemas.LearnerException, many=True)
    for word, view in (("withdraw", withdraw), ("restore", restore), ("revoke", revoke), ("undo", undo)):
        guard = on_award(f"award.{word}")
        add("POST", f"/awards/<uuid:award_id>/{word}", view, guard, body=schemas.MoveBody, gives=schemas.Award)


# ---- guards ----------------------------------------------------------------------------------------


def on_run(act: str) -> api.Guard:
    """The view gets the RunView of `run_id`, if the host lets the caller do this to that run."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, run_id: UUID, **kwargs: Any) -> Any:
            web.acting()
            return view(run=open_run(run_id, act), **kwargs)

        return guarded

    return guard


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


def on_award(act: str) -> api.Guard:
    """The view gets the award, if the host lets the caller do this in its run."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, award_id: UUID) -> Any:
            web.acting()
            with current_runtime().reading() as session:
                award = get_award(session, award_id)
            web.require(act, tenant_ref=award.tenant_ref, run_ref=award.run_ref)
            return view(award=award)

        return guarded

    return guard


# ---- runs and what is attached to them -------------------------------------------------------------


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


def list_criteria(run_id: UUID) -> list[criteria.Criterion]:
    """Say what the certificates of a run ask for, in words for learners"""
    rt = current_runtime()
    with rt.reading() as session:
        run = get_run(session, run_id)
    return criteria.of_run(rt, run.run_ref)


def list_attachments(asked: Asked, *, run: RunView) -> Asked:
    """List what is attached, in the order in which it is tried"""
    rt = current_runtime()
    found = attaching.at(rt, Place(run, True)) if asked["level"] == "course" else attaching.in_use(rt, run)
    return _attached(Attached(tuple(found), ()))


def preview(asked: Asked, *, run: RunView) -> Asked:
    """Show sample values and what is to be confirmed before a template is attached"""
    web.require("template.use", tenant_ref=run.tenant_ref)
    seen, samples = previewing.preview(current_runtime(), run, asked["template_id"])
    versions = {language: str(version) for language, version in seen.versions.items()}
    return {"template": seen.template_name, "versions": versions, "confirmation": seen.token, "samples": samples}


def attach_first(asked: Asked, given: Asked, *, run: RunView) -> Asked:
    """Attach a certificate where none is attached"""
    place = _place(asked, run)
    return _attached(attaching.attach(current_runtime(), place, _terms(given, run), _by(given)))


def attach_more(asked: Asked, given: Asked, *, run: RunView) -> Asked:
    """Attach one more certificate, with criteria that exclude those of the others"""
    place = _place(asked, run)
    return _attached(attaching.add(current_runtime(), place, _terms(given, run), _by(given)))


def update_attachment(asked: Asked, given: Asked, *, run: RunView, attachment_id: UUID) -> Asked:
    """Replace the terms of an attachment, in one step; it counts for later certificates only"""
    place = _place(asked, run)
    return _attached(attaching.update(current_runtime(), place, attachment_id, _terms(given, run), _by(given)))


def remove_attachment(asked: Asked, *, run: RunView, attachment_id: UUID) -> Asked:
    """Remove an attachment; what was issued stays as it is"""
    place = _place(asked, run)
    by = By(current_actor().ref, asked["reason"])
    web.require("template.use", tenant_ref=run.tenant_ref)
    return _attached(attaching.remove(current_runtime(), place, by, attachment_id))


def list_steps(asked: Asked, *, run: RunView) -> list[Asked]:
    """List who attached, changed and removed what, when and why, the latest first"""
    place = Place(run, asked["level"] == "course")
    return [attaching.step_to_json(each) for each in attaching.history(current_runtime(), place)]


def _place(asked: Asked, run: RunView) -> Place:
    """Whoever changes the default of a course changes it for all of its runs, and must be allowed to in each."""
    place = Place(run, asked["level"] == "course")
    for each in attaching.runs_of(current_runtime(), place):
        web.require("run.attach", tenant_ref=each.tenant_ref, run_ref=each.run_ref)
    return place


def _terms(given: Asked, run: RunView) -> Terms:
    web.require("template.use", tenant_ref=run.tenant_ref)
    return Terms(
        given["template_id"],
        notation.from_json(given["rule"]),
        given["achievement"],
        given["audience"],
        tuple(given["facts"]),
        validity.parse(given["validity"]) if given["validity"] else None,
    )


def _by(given: Asked) -> By:
    return By(current_actor().ref, given["reason"], given["confirmation"])


def _attached(found: Attached) -> Asked:
    return {
        "attachments": [
            {
                "id": each.id,
                "achievement": each.achievement.key,
                "template_id": each.template_id,
                "rule": dict(each.rule),
                "audience": each.audience,
                "facts": list(each.facts),
                "validity": validity.said(each.validity),
                "position": each.position,
                "of_course": each.of_course,
                "criteria": list(criteria.worded(each).sentences),
            }
            for each in found.attachments
        ],
        "notices": [{"code": each.code, "sentence": each.worded()} for each in found.notices],
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
    rt, actor, why = current_runtime(), current_actor().ref, _why(given)
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


# ---- one certificate, one learner ------------------------------------------------------------------


def withdraw(given: Asked, *, award: AwardView) -> Asked:
    """Take a certificate back for now; it may be restored under the same code"""
    return _moved(award, Move.WITHDRAW, lifecycle.withdraw, given)


def restore(given: Asked, *, award: AwardView) -> Asked:
    """Bring back a certificate that was withdrawn"""
    return _moved(award, Move.RESTORE, lifecycle.restore, given)


def revoke(given: Asked, *, award: AwardView) -> Asked:
    """Take a certificate back for good"""
    return _moved(award, Move.REVOKE, lifecycle.revoke, given)


def undo(given: Asked, *, award: AwardView) -> Asked:
    """Undo a re-issue that was a mistake; the one that was replaced comes back"""
    rt, actor = current_runtime(), current_actor().ref
    back = undoing.undo(rt, undoing.find_undoable(rt, award), _why(given), actor=actor, tell=given["tell"])
    return {"id": back.id, "state": back.state.value}


def _moved(award: AwardView, move: Move, act: Callable[..., Report], given: Asked) -> Asked:
    more = {} if move is Move.RESTORE else {"grade": given["grade"]}
    report = act(current_runtime(), [award.id], _why(given), actor=current_actor().ref, tell=given["tell"], **more)
    moved = lifecycle.only(report, move)
    return {"id": moved.award_id, "state": moved.now.value}


def _why(given: Asked) -> Why:
    return Why.given(given["reason"], given["note"])


def allow(given: Asked, *, run: RunView) -> Asked:
    """Put learners on the list of exceptions, which excuses some rules"""
    whys = dict.fromkeys(given["learners"], _why(given))
    rt = current_runtime()
    return _excepted(excepting.allow(rt, run.id, whys, actor=current_actor().ref, automatic=rt.settings.automatic))


def disallow(given: Asked, *, run: RunView) -> Asked:
    """Take learners off the list of exceptions; their certificates are withdrawn"""
    refs = list(dict.fromkeys(given["learners"]))
    return _excepted(excepting.disallow(current_runtime(), run.id, refs, _why(given), actor=current_actor().ref))


def invalidate(given: Asked, *, run: RunView) -> Asked:
    """Declare the certificates of learners invalid"""
    refs = list(dict.fromkeys(given["learners"]))
    return _excepted(excepting.invalidate(current_runtime(), run.id, refs, _why(given), actor=current_actor().ref))


def lift(given: Asked, *, run: RunView) -> Asked:
    """Lift declarations of invalidity; the same codes come back"""
    refs = list(dict.fromkeys(given["learners"]))
    return _excepted(excepting.lift(current_runtime(), run.id, refs, _why(given), actor=current_actor().ref))


def _excepted(report: excepting.Excepted) -> Asked:
    return {"done": list(report.done), "refused": {ref: error.code for ref, error in report.refused.items()}}


def set_date(given: Asked, *, run: RunView) -> Asked:
    """Set another date for a certificate to show; who may see it stays as it is"""
    rt, learner = current_runtime(), given["learner"]
    shown_on = excepting.read_day(given["shown_on"].isoformat())
    excepting.set_date(rt, run.id, learner, shown_on, _why(given), actor=current_actor().ref)
    return _last_exception(run, learner)


def clear_date(given: Asked, *, run: RunView) -> Asked:
    """Take such a date back; the date follows from the course run again"""
    learner = given["learner"]
    excepting.clear_date(current_runtime(), run.id, learner, _why(given), actor=current_actor().ref)
    return _last_exception(run, learner)


def list_exceptions(asked: Asked, *, run: RunView) -> list[Asked]:
    """List every exception that was ever made for a learner, oldest first"""
    return [excepting.to_json(each) for each in excepting.history(current_runtime(), run.id, asked["learner"])]


def _last_exception(run: RunView, learner: str) -> Asked:
    dates = [each for each in excepting.history(current_runtime(), run.id, learner) if each.kind is Kind.DATE]
    return excepting.to_json(dates[-1])


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
        }
        for each in found
    ]
