"""The API of those who help: other names, what failed tried again, data that do not fit (R-178 to R-187)."""

from functools import partial, wraps
from typing import Any
from uuid import UUID

import marshmallow as ma
from marshmallow import fields, validate

from ..achievements.service import RunView
from ..achievements.views import on_run, open_run
from ..awards.causes import LONGEST_NOTE
from ..awards.service import AwardView
from ..core import web
from ..core.api import Said, Text, operation
from ..core.current import current_actor, current_runtime
from ..eligibility.reasons import worded
from ..issuing import corrections, oddities, retrying
from ..issuing.corrections import LONGEST_NAME, CorrectionView
from ..issuing.reissuing import Comparison
from .access import View, as_holder

Asked = dict[str, Any]
STAFF = "award.reissue"


class CorrectionBody(Said):
    name = Text(
        required=True,
        validate=validate.Length(1, LONGEST_NAME),
        metadata={"description": "As it should be printed. It is corrected where the platform has it from."},
    )
    note = Text(load_default=None, allow_none=True, validate=validate.Length(0, LONGEST_NOTE))


class PendingQuery(Said):
    all = fields.Boolean(load_default=False, metadata={"description": "Also those that were decided."})


class RetryBody(Said):
    failures = fields.List(
        fields.UUID(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 10_000),
        metadata={"description": "Which entries; without it all that stand."},
    )
    step = Text(load_default=None, allow_none=True, validate=validate.Length(1, 20))


class Correction(ma.Schema):
    id = fields.UUID(required=True, metadata={"description": "The ticket."})
    award_id = fields.UUID(required=True)
    learner = fields.String(required=True)
    name = fields.String(required=True, allow_none=True, metadata={"description": "As the learner wants it."})
    note = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"description": "`open`, `confirmed`, `done` or `refused`."})
    filed_at = fields.AwareDateTime(required=True)
    confirmed_at = fields.AwareDateTime(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    new_award_id = fields.UUID(required=True, allow_none=True)


class Correctable(Correction):
    """With what staff see before they issue again."""

    old_name = fields.String(required=True, allow_none=True)
    new_name = fields.String(required=True, allow_none=True, metadata={"description": "As the platform says it now."})
    achievement = fields.String(required=True, allow_none=True, metadata={"description": "Of the new certificate."})
    refused = fields.List(fields.Dict(), required=True, metadata={"description": "Why there would be none."})


class Reissued(ma.Schema):
    result = fields.String(required=True)
    award_id = fields.UUID(required=True, allow_none=True)
    reasons = fields.List(fields.Dict(), required=True)


class Retried(ma.Schema):
    tried = fields.Integer(required=True)
    put_right = fields.Integer(required=True)
    still = fields.Integer(required=True)
    left = fields.Integer(required=True, metadata={"description": "Entries that are not tried again like this."})


class Oddities(ma.Schema):
    seen = fields.Integer(required=True)
    learners = fields.Dict(required=True, metadata={"description": "Code of what does not fit → learners."})


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    add = partial(operation, blueprint)
    run, one = "/runs/<uuid:run_id>", "/corrections/<uuid:correction_id>"
    add(
        "POST",
        "/awards/<uuid:award_id>/correction",
        ask_for_correction,
        as_holder,
        body=CorrectionBody,
        gives=Correction,
        status=201,
    )
    add("GET", f"{run}/corrections", list_corrections, on_run(STAFF), query=PendingQuery, gives=Correction, many=True)
    add("GET", one, get_correction, on_correction, gives=Correctable)
    add("POST", f"{one}/confirm", confirm_correction, on_correction_or_own, gives=Correction)
    add("POST", f"{one}/reissue", complete_correction, on_correction, gives=Reissued)
    add("POST", f"{one}/refuse", refuse_correction, on_correction, gives=Correction)
    add("POST", f"{run}/failures/retry", retry_failures, on_run("award.issue"), body=RetryBody, gives=Retried)
    add("GET", f"{run}/oddities", list_oddities, on_run("award.issue"), gives=Oddities)


# ---- guards ----------------------------------------------------------------------------------------


def on_correction(view: View) -> View:
    """The view gets the request, if the host lets the caller issue again in its run."""

    @wraps(view)
    def guarded(*, correction_id: UUID) -> Any:
        web.acting()
        found = corrections.get(current_runtime(), correction_id)
        open_run(found.run_id, STAFF)
        return view(found=found)

    return guarded


def on_correction_or_own(view: View) -> View:
    """The same, and for the learner who filed it: then the view gets their reference as well."""

    @wraps(view)
    def guarded(*, correction_id: UUID) -> Any:
        actor = web.acting()
        found = corrections.get(current_runtime(), correction_id)
        is_own = actor.learner_ref is not None and actor.learner_ref == found.learner_ref
        if not is_own:
            open_run(found.run_id, STAFF)
        return view(found=found, learner_ref=actor.learner_ref if is_own else None)

    return guarded


# ---- operations ------------------------------------------------------------------------------------


def ask_for_correction(given: Asked, *, award: AwardView) -> Asked:
    """Ask for another name on your own certificate; it is free"""
    rt = current_runtime()
    ticket = corrections.file(
        rt, award.id, given["name"], given["note"], learner_ref=award.learner_ref, actor=current_actor().ref
    )
    return _told(corrections.get(rt, ticket))


def list_corrections(asked: Asked, *, run: RunView) -> list[Asked]:
    """List who asked for another name in a run, the oldest first"""
    with current_runtime().reading() as session:
        return [_told(each) for each in corrections.of_run(session, run.id, pending=not asked["all"])]


def get_correction(*, found: CorrectionView) -> Asked:
    """Show a request with the old name, the new one at its source, and the certificate that would come"""
    return _told(found) | compared(corrections.look_at(current_runtime(), found.id))


def confirm_correction(*, found: CorrectionView, learner_ref: str | None) -> Asked:
    """Say that the platform has the right name now"""
    rt, actor = current_runtime(), current_actor().ref
    return _told(corrections.confirm(rt, found.id, actor=actor, learner_ref=learner_ref))


def complete_correction(*, found: CorrectionView) -> Asked:
    """Issue again with the corrected name, and tell the learner"""
    done = corrections.complete(current_runtime(), found.id, actor=current_actor().ref)
    reasons = [{"code": each.code, "sentence": worded(each.code, each.values)} for each in done.reasons]
    return {"result": done.result, "award_id": done.award_id, "reasons": reasons}


def refuse_correction(*, found: CorrectionView) -> Asked:
    """Refuse a request; the certificate stays as it is"""
    return _told(corrections.refuse(current_runtime(), found.id, actor=current_actor().ref))


def retry_failures(given: Asked, *, run: RunView) -> Any:
    """Try again what could not be done: some entries of the failure log, or all that stand"""
    rt, actor = current_runtime(), current_actor().ref
    return retrying.retry(rt, run.id, given["failures"], step=given["step"], actor=actor)


def list_oddities(*, run: RunView) -> Asked:
    """List data of a run that do not fit; nothing is changed"""
    found = oddities.find(current_runtime(), run.run_ref)
    return {"seen": found.seen, "learners": {each.value: list(refs) for each, refs in found.learners.items()}}


def compared(seen: Comparison) -> Asked:
    """Old and new, as data."""
    return {
        "old_name": seen.old.frozen.recipient_name if seen.old else None,
        "new_name": seen.new_name,
        "achievement": seen.new_key,
        "refused": [{"code": each.code, "sentence": worded(each.code, each.values)} for each in seen.refused],
    }


def _told(found: CorrectionView) -> Asked:
    return {
        "id": found.id,
        "award_id": found.award_id,
        "learner": found.learner_ref,
        "name": found.name,
        "note": found.note,
        "state": found.state.value,
        "filed_at": found.filed_at,
        "confirmed_at": found.confirmed_at,
        "decided_at": found.decided_at,
        "decided_by": found.decided_by,
        "new_award_id": found.new_award_id,
    }
