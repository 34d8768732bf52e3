"""The certificates of a run as ZIP files: the question, the progress, and the files themselves (R-130 to R-134)."""

from collections.abc import Sequence
from uuid import UUID

from flask import Blueprint, Response, jsonify, redirect, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import RunView
from ..achievements.views import on_run, open_run
from ..core import reader, web
from ..core.current import current_actor, current_runtime
from ..core.errors import BadInput, CertifyError, Conflict
from ..core.files import open_files
from ..core.i18n import N_, c_
from ..issuing import bundles
from ..issuing.bundles import BundleUnderWay, BundleView, UnknownBundle
from . import queries, wording
from .access import tenant_of
from .listing import Listing

_ASKED = ("q", "status", "from", "to", "learner")  # which learners


class NobodyTicked(BadInput):
    code = "bundle.nobody_ticked"
    sentence = N_("Tick the learners whose certificates you want, then press the button again.")


def register(bp: Blueprint) -> None:
    bp.add_url_rule("/runs/<uuid:run_id>/download", "download", get_download)
    bp.add_url_rule("/runs/<uuid:run_id>/download", "post_download", post_download, methods=["POST"])
    bp.add_url_rule("/bundles/<uuid:bundle_id>", "bundle", get_bundle)
    bp.add_url_rule("/bundles/<uuid:bundle_id>.json", "bundle_json", get_bundle_json)
    bp.add_url_rule("/bundles/<uuid:bundle_id>/manifest.json", "bundle_manifest", get_manifest)
    bp.add_url_rule("/bundles/<uuid:bundle_id>/<int:number>.zip", "bundle_part", get_part)


@on_run("award.download")
def get_download(run: RunView) -> AnyResponse:
    """How many certificates, how large, in how many files; of the learners that the list was filtered for."""
    rt = current_runtime()
    try:
        told = bundles.forecast(rt, run.id, _asked_for(run))
    except (Conflict, NobodyTicked) as refused:
        return _ask(run, sentence=refused.worded(), status=refused.status)
    return _ask(run, told=told)


@on_run("award.download")
def post_download(run: RunView) -> AnyResponse:
    """Opens a bundle, and leads to it. Pressed twice, both lead to the same one."""
    rt, actor = current_runtime(), current_actor()
    try:
        bundle_id = bundles.open_bundle(rt, run.id, actor.ref, _asked_for(run))
    except BundleUnderWay as refused:
        with rt.reading() as session:
            latest = bundles.find_latest(session, run.id)
        if latest is None:  # it ended and was deleted a moment ago
            return _ask(run, sentence=refused.worded(), status=refused.status)
        bundle_id = latest
    except CertifyError as refused:
        return _ask(run, sentence=refused.worded(), status=refused.status)
    return redirect(url_for("certify.bundle", bundle_id=bundle_id), 303)


def get_bundle(bundle_id: UUID) -> str:
    bundle, run = _open(bundle_id)
    return web.render(
        "certify/bundle.html",
        bundle=bundle,
        run=run,
        zone=tenant_of(run).zone,
        line=_line(bundle),
        left_out=wording.of_many(bundle.left_out),
        trouble=wording.sentence_of(bundle.trouble, {}) if bundle.trouble else None,
        megabytes=_megabytes,
        days=current_runtime().settings.bundle_days,
    )


def get_bundle_json(bundle_id: UUID) -> Response:
    """The same for a page that is open, and for programs."""
    bundle, _ = _open(bundle_id)
    return jsonify(
        {
            "state": bundle.state,
            "is_over": bundle.is_finished,
            "total": bundle.expected,
            "done": bundle.done,
            "packed": bundle.packed,
            "left_out": dict(bundle.left_out),
            "parts": [{"name": each.name, "size": each.size, "entries": each.entries} for each in bundle.parts],
            "line": _line(bundle),
        }
    )


def get_manifest(bundle_id: UUID) -> Response:
    """How many certificates were expected, packed and left out, and who was left out, and why (R-134)."""
    _open(bundle_id)
    response = jsonify(bundles.manifest(current_runtime(), bundle_id))
    response.headers["Content-Disposition"] = 'attachment; filename="manifest.json"'
    return response


def get_part(bundle_id: UUID, number: int) -> AnyResponse:
    """One file. A download that broke off can go on where it stopped, or begin anew (R-133)."""
    bundle, _ = _open(bundle_id)
    found = next((each for each in bundle.parts if each.number == number and bundle.is_finished), None)
    if found is None:
        raise UnknownBundle()
    files, name = open_files(current_runtime().settings), bundles.part_name(bundle_id, found.first)
    if url := files.find_url(name, found.name):
        return redirect(url)
    path = files.find_path(name)
    if path is None:
        raise UnknownBundle()
    response = send_file(
        path, "application/zip", as_attachment=True, download_name=found.name, conditional=True, etag=found.mark
    )
    response.cache_control.private = True
    response.cache_control.no_cache = True
    return response


def _open(bundle_id: UUID) -> tuple[BundleView, RunView]:
    web.acting()
    bundle = bundles.get_bundle(current_runtime(), bundle_id)
    return bundle, open_run(bundle.run_id, "award.download")


def chosen(run: RunView, learner_refs: Sequence[str] | None, listing: Listing) -> list[str] | None:
    """The learners who are named, or those whom the filter of the list finds. None: all."""
    if learner_refs:
        return list(learner_refs)
    question = listing.question(tenant_of(run).zone)
    if not question.is_filtered:
        return None
    with current_runtime().reading() as session:
        return queries.refs(session, run.id, question)


def _asked_for(run: RunView) -> list[str] | None:
    """Raises NobodyTicked if boxes were there to be ticked, and none is."""
    ticked = [each.replace("\0", "")[:100] for each in request.values.getlist("learner")]
    if request.values.get("ticked") and not ticked:
        raise NobodyTicked()
    return chosen(run, ticked, Listing.parse(request.values))


def _ask(
    run: RunView, *, told: bundles.Forecast | None = None, sentence: str | None = None, status: int = 200
) -> AnyResponse:
    with current_runtime().reading() as session:
        latest = bundles.find_latest(session, run.id)
    page = web.render(
        "certify/download.html",
        run=run,
        told=told,
        sentence=sentence,
        size=_megabytes(told.size) if told else "",
        left_out=wording.of_many(told.left_out) if told else [],
        latest=latest,
        asked=[each for each in request.values.items(multi=True) if each[0] in _ASKED],
    )
    return Response(page, status)


def _megabytes(size: int) -> str:
    return reader.number(max(1, round(size / 1_000_000)))


def _line(bundle: BundleView) -> str:
    if bundle.is_finished:
        return c_("Finished.")
    return c_(
        "%(done)s of %(total)s certificates are packed.",
        done=reader.number(bundle.done),
        total=reader.number(bundle.expected),
    )
