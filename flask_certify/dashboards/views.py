"""The mentor's screens: the dashboard of a run, issuing to all of it, a batch, failures, the progress report."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import RunView, UnknownRun, ensure_run, get_course_run
from ..core import reader, web
from ..core.current import current_actor, current_runtime
from ..core.errors import CertifyError, Conflict, NotFound
from ..core.i18n import c_
from ..issuing import bulk
from ..issuing.bulk import BatchView
from ..issuing.errors import AlreadyUnderWay
from . import bundle_views, learner_views, operations_views, queries, sheets, template_views, wording
from .access import may_in_run, open_run, requires, tenant_of
from .listing import AT_ONCE, Listing, Pages, page_number, query_of
from .report import make_report


def register(bp: Blueprint) -> None:
    """Adds the screens of mentors and learners, and the addresses for programs that watch."""
    operations_views.register(bp)
    web.add_templates(bp, "flask_certify.dashboards")
    bp.add_url_rule("/runs/by-ref", "run_by_ref", get_run_by_ref)
    bp.add_url_rule("/runs/<uuid:run_id>", "dashboard", get_dashboard)
    bp.add_url_rule("/runs/<uuid:run_id>/issue", "issue", get_issue)
    bp.add_url_rule("/runs/<uuid:run_id>/issue", "post_issue", post_issue, methods=["POST"])
    bp.add_url_rule("/runs/<uuid:run_id>/report.csv", "report", get_report)
    bp.add_url_rule("/runs/<uuid:run_id>/failures", "failures", get_failures)
    bp.add_url_rule("/runs/<uuid:run_id>/failures.csv", "failures_csv", get_failures_csv)
    bp.add_url_rule("/batches/<uuid:batch_id>", "batch", get_batch)
    bp.add_url_rule("/batches/<uuid:batch_id>.json", "batch_json", get_batch_json)
    learner_views.register(bp)
    bundle_views.register(bp)
    template_views.register(bp)


# ---- the dashboard ---------------------------------------------------------------------------------


def get_run_by_ref() -> AnyResponse:
    """From the host's name of a run to its dashboard; our row of the run is made on the first visit."""
    rt, run_ref = current_runtime(), request.args.get("ref", "")
    web.acting()
    if not run_ref or "\0" in run_ref:
        raise UnknownRun(run=run_ref.replace("\0", ""))
    web.require("run.dashboard", tenant_ref=get_course_run(rt, run_ref).tenant_ref, run_ref=run_ref)
    return redirect(url_for("certify.dashboard", run_id=ensure_run(rt, run_ref).id))


@requires("run.dashboard")
def get_dashboard(run: RunView) -> str:
    rt, actor, tenant = current_runtime(), current_actor(), tenant_of(run)
    asked = Listing.parse(request.args)
    question = asked.question(tenant.zone)
    with rt.reading() as session:
        counts = queries.counts(session, run.id)
        matching = queries.how_many(session, run.id, question) if question.is_filtered else counts.learners
        listed = min(matching, rt.settings.list_limit)
        pages = Pages.of(asked.page, listed, lambda number: asked.on_page(number).to_query() or "?")
        rows = queries.rows(session, run.id, question, limit=min(AT_ONCE, listed - pages.offset), offset=pages.offset)
        batch = queries.latest_batch(session, run.id)
        names = queries.names_of_kinds(session, run.tenant_ref)
        packing = queries.packing(session, run.id)
        designs = queries.slug_of(session, run.tenant_ref) if _may_use_templates(run) else None
    return web.render(
        "certify/dashboard.html",
        designs=designs,
        packing=packing,
        run=run,
        zone=tenant.zone,
        counts=counts,
        kinds=[(wording.kind_name(key, names), number) for key, number in sorted(counts.issued.items())],
        rows=rows,
        matching=matching,
        not_listed=matching - listed,
        asked=asked,
        is_filtered=question.is_filtered,
        pages=pages,
        batch=batch,
        may_issue=may_in_run(actor, "award.issue", run),
        may_download=may_in_run(actor, "award.download", run),
        may_see_failures=may_in_run(actor, "failures.read", run),
        kind_name=lambda key: wording.kind_name(key, names),
        label_name=wording.label_name,
        sentences=wording.sentences,
    )


def _may_use_templates(run: RunView) -> bool:
    return web.may(current_actor(), template_views.USE, tenant_ref=run.tenant_ref)


@requires("run.dashboard")
def get_report(run: RunView) -> Response:
    report = make_report(current_runtime(), run)
    response = sheets.answer(report.rows(), "progress-report.csv")
    response.call_on_close(report.close)
    return response


# ---- issuing to all of a run -----------------------------------------------------------------------


@requires("award.issue")
def get_issue(run: RunView) -> AnyResponse:
    """The question before a bulk issue: how many get what, who does not and why (R-116, R-120, R-125)."""
    rt = current_runtime()
    try:
        bulk.check_ended(get_course_run(rt, run.run_ref), rt.clock.now(), tenant_of(run).zone)
        preview = bulk.preview(rt, run.id)
    except (Conflict, NotFound) as refused:
        return _refuse(run, refused)
    if preview.to_issue:
        sentence = bulk.will_be_issued_sentence(rt, run.id, preview.to_issue)
    else:
        sentence = bulk.nothing_new_sentence(rt, run.id)
    return _ask(run, sentence=sentence, preview=preview)


@requires("award.issue")
def post_issue(run: RunView) -> AnyResponse:
    """Opens a batch, and leads to it. Pressed twice, both lead to the same one (R-127)."""
    rt, actor = current_runtime(), current_actor()
    try:
        batch_id = bulk.open_batch(rt, run.id, actor.ref, notify="notify" in request.form)
    except AlreadyUnderWay as refused:
        under_way = bulk.find_under_way(rt, run.id)
        if under_way is None:  # it ended a moment ago
            return _refuse(run, refused)
        batch_id = under_way
    except (Conflict, NotFound) as refused:
        return _refuse(run, refused)
    return redirect(url_for("certify.batch", batch_id=batch_id), 303)


def _refuse(run: RunView, refused: CertifyError) -> AnyResponse:
    if web.wants_json():
        raise refused
    return _ask(run, sentence=refused.worded(), status=refused.status)


def _ask(run: RunView, *, sentence: str, preview: bulk.Preview | None = None, status: int = 200) -> AnyResponse:
    rt = current_runtime()
    with rt.reading() as session:
        names = queries.names_of_kinds(session, run.tenant_ref)
        latest = queries.latest_batch(session, run.id)
    page = web.render(
        "certify/issue.html",
        run=run,
        sentence=sentence,
        preview=preview,
        kinds=[(wording.kind_name(key, names), n) for key, n in sorted(preview.by_key.items()) if n] if preview else [],
        declined=wording.of_many(preview.declined) if preview else [],
        faulty=wording.of_many(preview.faulty) if preview else [],
        under_way=latest.id if latest and latest.is_under_way else None,
        may_notify=rt.settings.notify,
    )
    return Response(page, status)


# ---- a batch ---------------------------------------------------------------------------------------


def get_batch(batch_id: UUID) -> str:
    """A bulk issue while it runs, and what came of it."""
    batch, run = _open_batch(batch_id)
    with current_runtime().reading() as session:
        names = queries.names_of_kinds(session, run.tenant_ref)
    return web.render(
        "certify/batch.html",
        batch=batch,
        run=run,
        zone=tenant_of(run).zone,
        line=_line(batch),
        kinds=[(wording.kind_name(key, names), n) for key, n in sorted(batch.issued.items())],
        issued=sum(batch.issued.values()),
        declined=wording.of_many(batch.declined),
        trouble=wording.sentence_of(batch.trouble, {}) if batch.trouble else None,
        may_see_failures=may_in_run(current_actor(), "failures.read", run),
    )


def get_batch_json(batch_id: UUID) -> Response:
    """The same for a page that is open, and for programs."""
    batch, _ = _open_batch(batch_id)
    said: dict[str, Any] = {
        "state": batch.state,
        "is_over": batch.is_finished,
        "total": batch.total,
        "done": batch.done,
        "issued": dict(batch.issued),
        "declined": {code: number for code, number in batch.declined.items() if number},
        "failed": batch.failed,
        "already": batch.already,
        "line": _line(batch),
    }
    return jsonify(said)


def _open_batch(batch_id: UUID) -> tuple[BatchView, RunView]:
    web.acting()
    batch = bulk.get_batch(current_runtime(), batch_id)
    return batch, open_run(batch.run_id, "run.dashboard")


def _line(batch: BatchView) -> str:
    """How far it is, in words."""
    if batch.is_finished:
        return c_("Finished.")
    if batch.total is None:
        return c_("Getting ready: the learners of the course run are being looked up.")
    return c_(
        "%(done)s of %(total)s learners are done.", done=reader.number(batch.done), total=reader.number(batch.total)
    )


# ---- failures --------------------------------------------------------------------------------------


@requires("failures.read")
def get_failures(run: RunView) -> str:
    step, standing = _asked_failures()
    with current_runtime().reading() as session:
        by_step = queries.failures_by_step(session, run.id, standing=standing)
        number = by_step.get(step, 0) if step else sum(by_step.values())
        pages = Pages.of(page_number(request.args), number, lambda page: _failures_query(step, standing, page) or "?")
        found = queries.failures(session, run.id, step=step, standing=standing, limit=AT_ONCE, offset=pages.offset)
    return web.render(
        "certify/failures.html",
        run=run,
        zone=tenant_of(run).zone,
        rows=found,
        number=number,
        steps=[(each, wording.step_name(each), count) for each, count in by_step.items()],
        step=step,
        standing=standing,
        pages=pages,
        csv_query=_failures_query(step, standing),
        sentence_of=wording.sentence_of,
        step_name=wording.step_name,
    )


@requires("failures.read")
def get_failures_csv(run: RunView) -> Response:
    step, standing = _asked_failures()
    with current_runtime().reading() as session:
        found = queries.failures(session, run.id, step=step, standing=standing)
    titles = [c_("Time (UTC)"), c_("External ID"), c_("Step"), c_("Code"), c_("Reason"), c_("Put right (UTC)")]
    rows = [
        [
            each.at.isoformat(timespec="seconds"),
            each.external_id or "",
            wording.step_name(each.step),
            each.code,
            wording.sentence_of(each.code, each.details),
            each.resolved_at.isoformat(timespec="seconds") if each.resolved_at else "",
        ]
        for each in found
    ]
    return sheets.answer([titles, *rows], "failures.csv")


def _asked_failures() -> tuple[str | None, bool]:
    """The step asked for, and whether only what still stands is wanted, as it is unless all is asked for."""
    step = request.args.get("step", "").replace("\0", "")[:20]
    return step or None, request.args.get("all") != "1"


def _failures_query(step: str | None, standing: bool, page: int = 1) -> str:
    return query_of({"step": step or "", "all": "" if standing else "1", "page": str(page) if page > 1 else ""})
