"""The mentor's screens: the dashboard of a run, failures, the progress report."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import RunView, UnknownRun, ensure_run, get_course_run
from ..achievements.views import on_run
from ..core import web
from ..core.current import current_actor, current_runtime
from ..core.i18n import c_
from . import batch_views, bundle_views, learner_views, operations_views, queries, sheets, template_views, wording
from .access import may_in_run, tenant_of
from .listing import AT_ONCE, Listing, Pages, page_number, query_of
from .report import make_report


def register(bp: Blueprint) -> None:
    """Adds the screens of mentors and learners, and the addresses for programs that watch."""
    operations_views.register(bp)
    web.add_templates(bp, "flask_certify.dashboards")
    bp.add_url_rule("/runs/by-ref", "run_by_ref", get_run_by_ref)
    bp.add_url_rule("/runs/<uuid:run_id>", "dashboard", get_dashboard)
    bp.add_url_rule("/runs/<uuid:run_id>/report.csv", "report", get_report)
    bp.add_url_rule("/runs/<uuid:run_id>/failures", "failures", get_failures)
    bp.add_url_rule("/runs/<uuid:run_id>/failures.csv", "failures_csv", get_failures_csv)
    batch_views.register(bp)
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


@on_run("run.dashboard")
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
        changing = queries.changing(session, run.id)
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
        changing=changing,
        may_issue=may_in_run(actor, "award.issue", run),
        acts=batch_views.acts_of(actor, run),
        may_download=may_in_run(actor, "award.download", run),
        may_see_failures=may_in_run(actor, "failures.read", run),
        kind_name=lambda key: wording.kind_name(key, names),
        label_name=wording.label_name,
        sentences=wording.sentences,
    )


def _may_use_templates(run: RunView) -> bool:
    return web.may(current_actor(), template_views.USE, tenant_ref=run.tenant_ref)


@on_run("run.dashboard")
def get_report(run: RunView) -> Response:
    report = make_report(current_runtime(), run)
    response = sheets.answer(report.rows(), "progress-report.csv")
    response.call_on_close(report.close)
    return response


# ---- failures --------------------------------------------------------------------------------------


@on_run("failures.read")
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


@on_run("failures.read")
def get_failures_csv(run: RunView) -> Response:
    step, standing = _asked_failures()
    with current_runtime().reading() as session:
        found = queries.failures(session, run.id, step=step, standing=standing)
    titles = [c_("Time (UTC)"), c_("External ID"), c_("Step"), c_("Code"), c_("Reason"), c_("Put right (UTC)")]
    titles += [c_("Attempts"), c_("Last attempt (UTC)")]
    rows = [
        [
            each.at.isoformat(timespec="seconds"),
            each.external_id or "",
            wording.step_name(each.step),
            each.code,
            wording.sentence_of(each.code, each.details),
            each.resolved_at.isoformat(timespec="seconds") if each.resolved_at else "",
            str(each.attempts),
            each.last_at.isoformat(timespec="seconds"),
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
