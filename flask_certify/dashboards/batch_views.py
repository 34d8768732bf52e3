"""Batches on the screen: the question before, the progress, and what came of it (R-111, R-116 to R-127)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import RunView
from ..achievements.views import on_run, open_run
from ..awards.causes import GIVEN_BY_PEOPLE, WORDS, Why
from ..core import reader, web
from ..core.current import current_actor, current_runtime
from ..core.errors import BadInput, CertifyError, Conflict, NotFound
from ..core.i18n import N_, c_
from ..host.records import Actor
from ..issuing import bulk, foretelling, handling, naming, previews
from ..issuing.bulk import BatchView
from ..issuing.errors import AlreadyUnderWay, NobodyWorks
from ..issuing.importing import MOST_BYTES
from ..issuing.kinds import BatchKind
from ..issuing.models import PAUSED, PLANNING, RUNNING, STOPPING
from ..issuing.previews import PreviewView
from . import queries, results, sheets, wording
from .access import may_in_run, tenant_of
from .listing import Listing

TITLES = {
    BatchKind.ISSUE: N_("Issue online certificates"),
    BatchKind.REISSUE: N_("Issue certificates again"),
    BatchKind.REVOKE: N_("Revoke certificates"),
}
UNDER_WAY = {
    BatchKind.ISSUE: N_("Certificates are being issued"),
    BatchKind.REISSUE: N_("Certificates are being issued again"),
    BatchKind.REVOKE: N_("Certificates are being revoked"),
}
ENDED = {
    BatchKind.ISSUE: N_("Certificates were issued"),
    BatchKind.REISSUE: N_("Certificates were issued again"),
    BatchKind.REVOKE: N_("Certificates were revoked"),
}
DONE = {BatchKind.ISSUE: N_("Issued"), BatchKind.REISSUE: N_("Issued again"), BatchKind.REVOKE: N_("Revoked")}


class NobodyChosen(BadInput):
    code = "batch.nobody_chosen"
    sentence = N_("Nobody is chosen. Tick learners in the list, choose all of them, or give a file.")


def register(bp: Blueprint) -> None:
    bp.add_url_rule("/runs/<uuid:run_id>/issue", "issue", get_issue)
    bp.add_url_rule("/runs/<uuid:run_id>/batches", "post_batch", post_batch, methods=["POST"])
    bp.add_url_rule("/batches/<uuid:batch_id>", "batch", get_batch)
    bp.add_url_rule("/batches/<uuid:batch_id>.json", "batch_json", get_batch_json)
    bp.add_url_rule("/batches/<uuid:batch_id>/learners.csv", "batch_learners", get_learners)
    bp.add_url_rule("/batches/<uuid:batch_id>/confirm", "confirm_batch", post_confirm, methods=["POST"])
    for act in ("pause", "resume", "stop", "retry"):
        name = f"{act}_batch"
        bp.add_url_rule(f"/batches/<uuid:batch_id>/{act}", name, _handle(act), methods=["POST"])


def acts_of(actor: Actor, run: RunView) -> list[tuple[str, str]]:
    """What the reader may do for some of the learners: value and word."""
    return [(kind.value, c_(TITLES[kind])) for kind in BatchKind if may_in_run(actor, kind.act, run)]


# ---- the question ----------------------------------------------------------------------------------


@on_run("award.issue")
def get_issue(run: RunView) -> AnyResponse:
    """The question before a bulk issue: how many get what, who does not and why (R-116, R-120, R-125)."""
    rt, kind = current_runtime(), BatchKind.ISSUE
    if bulk.find_under_way(rt, run.id, kind) is not None:
        return _refuse(run, kind, AlreadyUnderWay())
    try:
        batch_id = previews.look(rt, run.id, kind, current_actor().ref)
    except (Conflict, NotFound) as refused:
        return _refuse(run, kind, refused)
    seen = previews.get(rt, batch_id)
    assert seen is not None  # nobody else knows of it yet
    return _ask(run, kind, seen=seen)


@on_run("run.dashboard")
def post_batch(run: RunView) -> AnyResponse:
    """Looks at what would happen to those who were chosen, and leads to the question."""
    if "download" in request.form:
        ticked = request.form.getlist("learner")
        return redirect(url_for("certify.download", run_id=run.id, ticked=1, learner=ticked), 303)
    given = request.form.get("kind", "")
    kind = BatchKind(given) if given in list(BatchKind) else BatchKind.ISSUE
    web.require(kind.act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)
    try:
        refs, unknown = _chosen(run)
        batch_id = previews.look(current_runtime(), run.id, kind, current_actor().ref, refs, unknown_lines=unknown)
    except (Conflict, NotFound, BadInput) as refused:
        return _refuse(run, kind, refused)
    return redirect(url_for("certify.batch", batch_id=batch_id), 303)


def _chosen(run: RunView) -> tuple[Sequence[str] | None, Sequence[int]]:
    """Those who were ticked, those who match the list as it is filtered, those of a file, or all (None)."""
    rt, which = current_runtime(), request.form.get("which", "")
    if which == "all":
        return None, ()
    if which == "matching":
        question = Listing.parse(request.form).question(tenant_of(run).zone)
        with rt.reading() as session:
            return queries.refs(session, run.id, question), ()
    if which == "file" and (given := request.files.get("file")):
        chosen = naming.from_file(rt, run.id, given.stream.read(MOST_BYTES + 1))
        if chosen.learner_refs or chosen.unknown_lines:
            return chosen.learner_refs, chosen.unknown_lines
    ticked = [ref for ref in request.form.getlist("learner") if ref] if which == "ticked" else []
    if not ticked:
        raise NobodyChosen()
    return ticked, ()


def _refuse(run: RunView, kind: BatchKind, refused: CertifyError) -> AnyResponse:
    if web.wants_json():
        raise refused
    return _ask(run, kind, sentence=refused.worded(), status=refused.status)


def _ask(
    run: RunView,
    kind: BatchKind,
    *,
    sentence: str = "",
    seen: PreviewView | None = None,
    status: int = 200,
    why: Sequence[str] = ("", ""),
) -> AnyResponse:
    rt = current_runtime()
    if seen is not None and not sentence:
        sentence = _question(run, seen)
    with rt.reading() as session:
        names = queries.names_of_kinds(session, run.tenant_ref)
    page = web.render(
        "certify/issue.html",
        run=run,
        kind=kind.value,
        title=c_(TITLES[kind]),
        sentence=sentence,
        preview=seen,
        kinds=[(wording.kind_name(key, names), n) for key, n in sorted(seen.by_key.items()) if n] if seen else [],
        declined=wording.of_many(seen.declined) if seen else [],
        faulty=wording.of_many(seen.faulty) if seen else [],
        unknown=", ".join(reader.number(each) for each in seen.unknown_lines[:20]) if seen else "",
        causes=[(each.value, c_(WORDS[each])) for each in GIVEN_BY_PEOPLE] if kind.needs_reason else [],
        why=why,
        under_way=bulk.find_under_way(rt, run.id, kind),
        may_notify=rt.settings.notify,
        plan=foretelling.sms_plan(rt, seen.id) if seen else None,
        may_confirm=may_in_run(current_actor(), kind.act, run),
    )
    return Response(page, status)


def _question(run: RunView, seen: PreviewView) -> str:
    rt = current_runtime()
    if seen.to_do:
        return bulk.will_be_issued_sentence(rt, run.id, seen.to_do, seen.kind)
    if seen.kind is BatchKind.ISSUE:
        return bulk.nothing_new_sentence(rt, run.id)
    return c_("There is nothing to be done for those who were chosen.")


# ---- confirming and handling -----------------------------------------------------------------------


def post_confirm(batch_id: UUID) -> AnyResponse:
    """Begins with exactly what was shown, and leads to it. Pressed twice, both lead to the same one (R-127)."""
    rt, actor = current_runtime(), current_actor()
    _, run, kind = _open(batch_id)
    cause, note = request.form.get("reason", ""), request.form.get("note", "")
    try:
        why = Why.given(cause, note) if kind.needs_reason else None
        previews.confirm(rt, batch_id, actor.ref, notify="notify" in request.form, why=why)
    except AlreadyUnderWay as refused:
        under_way = bulk.find_under_way(rt, run.id, kind)
        if under_way is None:  # it ended a moment ago
            return _refuse(run, kind, refused)
        return redirect(url_for("certify.batch", batch_id=under_way, joined=1), 303)
    except BadInput as wrong:
        return _ask(run, kind, seen=previews.get(rt, batch_id), sentence=wrong.worded(), status=422, why=(cause, note))
    except (Conflict, NotFound) as refused:
        return _refuse(run, kind, refused)
    return redirect(url_for("certify.batch", batch_id=batch_id), 303)


def _handle(act: str) -> Any:
    def handle(batch_id: UUID) -> AnyResponse:
        _open(batch_id)
        leads_to = getattr(handling, act)(current_runtime(), batch_id, current_actor().ref) or batch_id
        return redirect(url_for("certify.batch", batch_id=leads_to), 303)

    return handle


def _open(batch_id: UUID) -> tuple[BatchView, RunView, BatchKind]:
    """For who may do what the batch does. Raises UnknownBatch, Forbidden."""
    web.acting()
    batch = bulk.get_batch(current_runtime(), batch_id)
    return batch, open_run(batch.run_id, batch.kind.act), batch.kind


# ---- a batch ---------------------------------------------------------------------------------------


def get_batch(batch_id: UUID) -> AnyResponse:
    """The question while it is one; then the batch while it runs, and what came of it."""
    rt = current_runtime()
    batch, run = _see(batch_id)
    if (seen := previews.get(rt, batch_id)) is not None:
        return _ask(run, batch.kind, seen=seen)
    with rt.reading() as session:
        names = queries.names_of_kinds(session, run.tenant_ref)
    by_key = batch.counts.reissued if batch.kind is BatchKind.REISSUE else batch.issued
    page = web.render(
        "certify/batch.html",
        batch=batch,
        run=run,
        zone=tenant_of(run).zone,
        line=line(batch),
        tiles=tiles(batch),
        title=_title(batch),
        joined=c_("Somebody was quicker. This is what is under way already.") if "joined" in request.args else "",
        done_word=c_(DONE[batch.kind]),
        kinds=[(wording.kind_name(key, names), n) for key, n in sorted(by_key.items())],
        first=sum(batch.issued.values()) if batch.kind is BatchKind.REISSUE else 0,
        declined=wording.of_many(batch.declined),
        trouble=wording.sentence_of(batch.trouble, {}) if batch.trouble else None,
        cause=c_(WORDS[Why.given(batch.cause).cause]) if batch.cause else None,
        buttons=_buttons(batch) if may_in_run(current_actor(), batch.kind.act, run) else [],
        may_see_failures=may_in_run(current_actor(), "failures.read", run),
    )
    return Response(page)


def _title(batch: BatchView) -> str:
    if not batch.is_finished:
        return c_(UNDER_WAY[batch.kind])
    return c_(ENDED[batch.kind]) if batch.happened else c_("Issuing has ended")


def _buttons(batch: BatchView) -> list[tuple[str, str]]:
    """What may be done with it now: the last part of the endpoint, and the word."""
    if batch.state in (PLANNING, RUNNING):
        return [("pause", c_("Pause")), ("stop", c_("Stop"))]
    if batch.state == PAUSED:
        return [("resume", c_("Go on")), ("stop", c_("Stop"))]
    if batch.is_finished and batch.to_do_again:
        return [("retry", c_("Try again for those who failed or were left out"))]
    return []


def get_batch_json(batch_id: UUID) -> Response:
    """The same for a page that is open, and for programs."""
    batch, _ = _see(batch_id)
    said: dict[str, Any] = {
        "kind": batch.kind.value,
        "state": batch.state,
        "is_over": batch.is_finished,
        "total": batch.total,
        "done": batch.done,
        "issued": dict(batch.issued),
        "reissued": dict(batch.counts.reissued),
        "revoked": batch.counts.revoked,
        "declined": {code: number for code, number in batch.declined.items() if number},
        "failed": batch.failed,
        "already": batch.already,
        "stopped": batch.counts.stopped,
        "rate": round(batch.rate, 1) if batch.rate else None,
        "seconds_left": batch.seconds_left,
        "waits_for": batch.waits_for,
        "line": line(batch),
        "tiles": {name: reader.number(number) for name, number in tiles(batch).items()},
        "reasons": [(why, reader.number(number)) for why, number in wording.of_many(batch.declined)],
    }
    return jsonify(said)


def _see(batch_id: UUID) -> tuple[BatchView, RunView]:
    web.acting()
    batch = bulk.get_batch(current_runtime(), batch_id)
    return batch, open_run(batch.run_id, "run.dashboard")


def tiles(batch: BatchView) -> dict[str, int]:
    """The numbers that grow while it runs."""
    return {
        "happened": batch.happened,
        "declined": sum(batch.declined.values()),
        "already": batch.already,
        "failed": batch.failed,
    }


def line(batch: BatchView) -> str:
    """How far it is, and what it waits for, in words."""
    return f"{_far(batch)} {_waits(batch)}".rstrip()


def _far(batch: BatchView) -> str:
    if batch.is_finished:
        return c_("Finished.")
    if batch.total is None:
        return c_("Getting ready: the learners of the course run are being looked up.")
    far = c_(
        "%(done)s of %(total)s learners are done.", done=reader.number(batch.done), total=reader.number(batch.total)
    )
    if batch.state == PAUSED:
        return far + " " + c_("It is paused.")
    if batch.state == STOPPING:
        return far + " " + c_("It is being stopped; who is being worked on is finished.")
    return f"{far} {_pace(batch)}".rstrip()


def _waits(batch: BatchView) -> str:
    if batch.waits_for is None:
        return ""
    why = wording.sentence_of(batch.waits_for, {})
    return (
        why
        if batch.waits_for == NobodyWorks.code
        else c_("Some wait and are tried again by themselves: %(why)s", why=why)
    )


def _pace(batch: BatchView) -> str:
    if batch.rate is None or batch.seconds_left is None:
        return ""
    minutes, seconds = divmod(batch.seconds_left, 60)
    rate = reader.number(max(round(batch.rate), 1))
    if minutes:
        return c_("%(rate)s a second; about %(minutes)s min left.", rate=rate, minutes=reader.number(minutes + 1))
    return c_("%(rate)s a second; about %(seconds)s s left.", rate=rate, seconds=reader.number(seconds))


def get_learners(batch_id: UUID) -> Response:
    """Who got what, who not and why, as a file: of a preview, or of what came of it (R-126)."""
    batch, run = _see(batch_id)
    which = request.args.get("which", "")
    rows = results.make(current_runtime(), batch, run, which)
    return sheets.answer(rows, f"{which if which in results.WHICH else 'learners'}.csv")
