"""The API about batches: look, confirm, watch, pause, go on, stop, take up again. The same services as the screens."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate

from ..achievements.service import RunView
from ..achievements.views import on_run, open_run
from ..awards.causes import GIVEN_BY_PEOPLE, Why
from ..core import web
from ..core.api import Said, note, operation, ref
from ..core.current import current_actor, current_runtime
from ..issuing import bulk, foretelling, handling, previews
from ..issuing.bulk import BatchView
from ..issuing.kinds import BatchKind
from ..issuing.previews import PreviewView
from ..notifications.planning import Plan
from . import queries, results
from .access import tenant_of
from .bundle_api import FilterBody
from .listing import Listing

MOST_LEARNERS = 50_000

Asked = dict[str, Any]
View = Callable[..., Any]


# ---- what is asked ---------------------------------------------------------------------------------


class BatchBody(Said):
    kind = fields.String(load_default="issue", validate=validate.OneOf(list(BatchKind)))
    learners = fields.List(
        ref("The platform's own reference of a learner."),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_LEARNERS),
        metadata={"description": "For whom; without it, and without a filter, for all whom the kind is about."},
    )
    filter = fields.Nested(FilterBody, load_default=None, allow_none=True)


class ConfirmBody(Said):
    notify = fields.Boolean(required=True, metadata={"description": "Whether the learners are told."})
    reason = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([each.value for each in GIVEN_BY_PEOPLE]),
        metadata={"description": "Needed for a re-issue and a revocation."},
    )
    note = note("For staff only.", 1000)


class LearnersQuery(Said):
    which = fields.String(load_default="", validate=validate.OneOf(["", *results.WHICH]))
    after = fields.Integer(load_default=-1, validate=validate.Range(-1, 10_000_000))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


# ---- what is given ---------------------------------------------------------------------------------


class SmsPlan(Schema):
    """How long it takes to tell by SMS those who have a mobile phone."""

    texts = fields.Integer(required=True)
    seconds = fields.Integer(required=True)
    sentence = fields.String(required=True)


class Foreseen(Schema):
    """What would happen, by kind of certificate, and by the first reason for the others."""

    to_do = fields.Integer(required=True)
    by_key = fields.Dict(required=True)
    already = fields.Integer(required=True)
    declined = fields.Dict(required=True)
    faulty = fields.Dict(required=True)
    sms = fields.Nested(SmsPlan, required=True, allow_none=True)


class Batch(Schema):
    id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, metadata={"description": "`preview` until it is confirmed."})
    total = fields.Integer(required=True, allow_none=True)
    done = fields.Integer(required=True)
    issued = fields.Dict(required=True)
    reissued = fields.Dict(required=True)
    revoked = fields.Integer(required=True)
    declined = fields.Dict(required=True)
    failed = fields.Integer(required=True)
    already = fields.Integer(required=True)
    stopped = fields.Integer(required=True, metadata={"description": "Their turn did not come."})
    rate = fields.Float(required=True, allow_none=True, metadata={"description": "Learners a second."})
    seconds_left = fields.Integer(required=True, allow_none=True)
    waits_for = fields.String(
        required=True, allow_none=True, metadata={"description": "Why some of it rests, as a code."}
    )
    retry_of = fields.UUID(required=True, allow_none=True)
    preview = fields.Nested(Foreseen, required=True, allow_none=True)


class Line(Schema):
    position = fields.Integer(required=True, metadata={"description": "To be given as `after` for the next page."})
    learner = fields.String(required=True)
    result = fields.String(required=True, allow_none=True)
    achievement = fields.String(required=True, allow_none=True)
    code = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    sentence = fields.String(required=True)


# ---- operations ------------------------------------------------------------------------------------


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    add = partial(operation, blueprint)
    one = "/batches/<uuid:batch_id>"
    # Whether the caller may do what the kind does is asked when the kind is known; before, whether they may issue.
    issue = on_run(BatchKind.ISSUE.act)
    add("POST", "/runs/<uuid:run_id>/batches", look_at_batch, issue, body=BatchBody, gives=Batch, status=201)
    add("GET", one, get_batch, _to_see, gives=Batch)
    add("GET", f"{one}/learners", list_learners, _to_see, query=LearnersQuery, gives=Line, many=True)
    add("POST", f"{one}/confirm", confirm_batch, _to_do, body=ConfirmBody, gives=Batch)
    for view in (pause_batch, resume_batch, stop_batch):
        add("POST", f"{one}/{view.__name__.removesuffix('_batch')}", view, _to_do, gives=Batch)
    add("POST", f"{one}/retry", retry_batch, _to_do, gives=Batch, status=201)


def _to_see(view: View) -> View:
    return _on_batch(view, lambda batch: "run.dashboard")


def _to_do(view: View) -> View:
    return _on_batch(view, lambda batch: batch.kind.act)


def _on_batch(view: View, act_of: Callable[[BatchView], str]) -> View:
    @wraps(view)
    def guarded(*, batch_id: UUID) -> Any:
        web.acting()
        batch = bulk.get_batch(current_runtime(), batch_id)
        open_run(batch.run_id, act_of(batch))
        return view(batch=batch)

    return guarded


def look_at_batch(given: Asked, *, run: RunView) -> Asked:
    """See what a batch would do to whom; nothing happens until it is confirmed"""
    kind = BatchKind(given["kind"])
    web.require(kind.act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)
    rt = current_runtime()
    return _told(previews.look(rt, run.id, kind, current_actor().ref, _chosen(given, run)))


def _chosen(given: Asked, run: RunView) -> Sequence[str] | None:
    asked = given["filter"]
    if given["learners"] is not None or asked is None:
        chosen: Sequence[str] | None = given["learners"]
        return chosen
    listing = Listing.parse(asked)
    with current_runtime().reading() as session:
        return queries.refs(session, run.id, listing.question(tenant_of(run).zone))


def get_batch(*, batch: BatchView) -> Asked:
    """See how a batch stands"""
    return _told(batch.id)


def list_learners(asked: Asked, *, batch: BatchView) -> list[Asked]:
    """List the learners of a batch with their results; of a preview, with what would happen"""
    found = results.page(current_runtime(), batch, asked["which"], after=asked["after"], limit=asked["limit"])
    return [
        {
            "position": each.position,
            "learner": each.learner_ref,
            "result": each.result,
            "achievement": each.achievement_key,
            "code": each.code,
            "reason": each.reason,
            "sentence": each.sentence,
        }
        for each in found
    ]


def confirm_batch(given: Asked, *, batch: BatchView) -> Asked:
    """Begin with exactly what was shown; who has changed since is decided upon again"""
    why = Why.given(given["reason"], given["note"]) if batch.kind.needs_reason else None
    rt, actor = current_runtime(), current_actor().ref
    return _told(previews.confirm(rt, batch.id, actor, notify=given["notify"], why=why))


def pause_batch(*, batch: BatchView) -> Asked:
    """Pause a batch; who is being worked on is finished"""
    handling.pause(current_runtime(), batch.id, current_actor().ref)
    return _told(batch.id)


def resume_batch(*, batch: BatchView) -> Asked:
    """Let a paused batch go on"""
    handling.resume(current_runtime(), batch.id, current_actor().ref)
    return _told(batch.id)


def stop_batch(*, batch: BatchView) -> Asked:
    """Stop a batch for those whose turn has not come; what is done stays"""
    handling.stop(current_runtime(), batch.id, current_actor().ref)
    return _told(batch.id)


def retry_batch(*, batch: BatchView) -> Asked:
    """See a new batch for those who failed or were left out, and nobody else; it is confirmed like any other"""
    return _told(handling.retry(current_runtime(), batch.id, current_actor().ref))


def _told(batch_id: UUID) -> Asked:
    rt = current_runtime()
    return as_json(bulk.get_batch(rt, batch_id), previews.get(rt, batch_id), foretelling.sms_plan(rt, batch_id))


def as_json(batch: BatchView, seen: PreviewView | None, plan: Plan | None) -> Asked:
    """A batch for programs; also what the commands print."""
    return {
        "id": batch.id,
        "run_id": batch.run_id,
        "kind": batch.kind.value,
        "state": batch.state,
        "total": batch.total,
        "done": batch.done,
        "issued": _some(batch.issued),
        "reissued": _some(batch.counts.reissued),
        "revoked": batch.counts.revoked,
        "declined": _some(batch.declined),
        "failed": batch.failed,
        "already": batch.already,
        "stopped": batch.counts.stopped,
        "rate": batch.rate,
        "seconds_left": batch.seconds_left,
        "waits_for": batch.waits_for,
        "retry_of": batch.retry_of,
        "preview": seen
        and {
            "to_do": seen.to_do,
            "by_key": dict(seen.by_key),
            "already": seen.already,
            "declined": dict(seen.declined),
            "faulty": dict(seen.faulty),
            "sms": plan and {"texts": plan.texts, "seconds": round(plan.seconds), "sentence": plan.sentence},
        },
    }


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: number for key, number in counts.items() if number}
