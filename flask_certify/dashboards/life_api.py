"""The API about one certificate's life, and about exceptions of learners."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from ..achievements.service import RunView
from ..achievements.views import on_run
from ..awards.causes import Why
from ..awards.exceptions import Kind
from ..awards.service import AwardView, get_award
from ..awards.states import Move
from ..core import api, web
from ..core.api import operation
from ..core.current import current_actor, current_runtime
from ..issuing import excepting, lifecycle, undoing
from ..issuing.lifecycle import Report
from . import api_schemas as schemas

Asked = dict[str, Any]
View = Callable[..., Any]


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    add = partial(operation, blueprint)
    run, fix = "/runs/<uuid:run_id>", on_run("exceptions.edit")
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


# ---- one certificate -------------------------------------------------------------------------------


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


# ---- exceptions ------------------------------------------------------------------------------------


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
