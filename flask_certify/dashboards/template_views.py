"""The designer's pages: a tenant's templates, each with its text, its pictures, its preview and its past.

What is typed is laid out in a child process with limits (documents/compiling.py) and shown as pictures, one for each
name. Pictures that came with a form and were fine are kept under their hash, so that nobody uploads them twice.
"""

from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import IssuerView, SignatoryView
from ..achievements.views import of_issuer
from ..core import languages, web
from ..core.current import current_actor, current_runtime
from ..core.errors import BadInput, CertifyError, Conflict
from ..core.i18n import N_, c_
from ..documents import archive, images, preview, saving, signatories, templates
from ..documents import service as documents
from ..documents.errors import TemplateNotFound
from ..documents.placeholders import PLACEHOLDERS
from ..documents.signatories import Place, WrongSignatory
from ..documents.templates import TemplateView
from . import wording
from .designing import Desk, Tray

USE, EDIT = "template.use", "template.edit"
_UPLOAD = archive.LARGEST + 2_000_000  # bytes of a form
_ANSWERED = {"save": N_("Saved."), "settle": N_("Saved."), "retire": N_("Retired."), "take_up": N_("In use again.")}


class UploadTooLarge(BadInput):
    code = "template.upload_too_large"
    sentence = N_("What was sent is larger than %(most_mb)s MB. Nothing was changed.")
    status = 413


def register(bp: Blueprint) -> None:
    all_of, one = "/templates/<slug>", "/templates/<slug>/<uuid:template_id>"
    bp.before_request(_limit_upload)
    bp.add_url_rule(all_of, "templates", get_templates)
    bp.add_url_rule(all_of, "post_templates", post_templates, methods=["POST"])
    bp.add_url_rule(f"{all_of}/new", "new_template", get_new)
    bp.add_url_rule(f"{all_of}/new", "post_new_template", post_new, methods=["POST"])
    bp.add_url_rule(one, "template", get_template)
    bp.add_url_rule(one, "post_template", post_template, methods=["POST"])
    bp.add_url_rule(f"{one}/settings", "post_template_settings", post_settings, methods=["POST"])
    bp.add_url_rule(f"{one}/template.zip", "template_file", get_file)
    bp.add_url_rule(f"{one}/picture.png", "template_picture", get_picture)


def _limit_upload() -> None:
    """Before anything of a form is read. Raises UploadTooLarge."""
    if request.method == "POST" and (request.endpoint or "").partition(".")[2] in _FORMS:
        refused = UploadTooLarge(most_mb=_UPLOAD // 1_000_000)
        if (request.content_length or 0) > _UPLOAD:
            raise refused
        request.max_content_length, request.max_form_memory_size = _UPLOAD, 2_000_000
        try:
            request.form.keys()  # reads it
        except RequestEntityTooLarge:
            raise refused from None


_FORMS = frozenset({"post_templates", "post_new_template", "post_template", "post_template_settings"})


# ---- who may ---------------------------------------------------------------------------------------


def open_template(issuer: IssuerView, template_id: UUID) -> TemplateView:
    """The template, if it is of this tenant (R-029). Raises TemplateNotFound."""
    with current_runtime().reading() as session:
        found = templates.get_template(session, template_id)
    if found.issuer_id != issuer.id:
        raise TemplateNotFound()
    return found


def _may_edit(issuer: IssuerView) -> bool:
    return web.may(current_actor(), EDIT, tenant_ref=issuer.tenant_ref)


# ---- all of a tenant -------------------------------------------------------------------------------


@of_issuer(USE)
def get_templates(issuer: IssuerView) -> AnyResponse:
    return _all(issuer)


@of_issuer(EDIT)
def post_templates(issuer: IssuerView) -> AnyResponse:
    """Takes a file in, copies a template, or changes who is on file as a signatory."""
    rt, actor, tenant = current_runtime(), current_actor().ref, issuer.tenant_ref
    form = request.form
    take_in = partial(archive.take_in, rt, tenant, within=saving.IN_A_REQUEST, actor=actor)
    try:
        match form.get("do"):
            case "import":
                upload = request.files.get("file")
                data = upload.stream.read(archive.LARGEST + 1) if upload else b""
                key, replace = form.get("key", "").strip() or None, "replace" in form
                made = take_in(data, key=key, replace=replace)
                return redirect(url_for("certify.template", slug=issuer.slug, template_id=made.template_id), 303)
            case "copy":
                source = open_template(issuer, _uuid(form.get("source", "")))
                data = archive.export(rt, source.id)
                made = take_in(data, key=form.get("key", "").strip() or None)
                return redirect(url_for("certify.template", slug=issuer.slug, template_id=made.template_id), 303)
            case "sign_add":
                upload = request.files.get("image")
                image = upload.stream.read() if upload else None
                name, designation = form.get("name", ""), form.get("designation", "")
                signatories.put_on_file(rt, tenant, name, designation, image or None, actor=actor)
            case "sign_remove":
                signatories.take_off_file(rt, tenant, _uuid(form.get("signatory", "")), actor=actor)
        return redirect(url_for("certify.templates", slug=issuer.slug), 303)
    except (BadInput, Conflict) as refused:
        return _all(issuer, refused)


def _all(issuer: IssuerView, refused: CertifyError | None = None) -> AnyResponse:
    with current_runtime().reading() as session:
        found = templates.list_templates(session, issuer.tenant_ref)
        people = signatories.on_file(session, issuer.id)
    page = web.render(
        "certify/templates.html",
        issuer=issuer,
        templates=found,
        people=people,
        may_edit=_may_edit(issuer),
        refused=refused.worded() if refused else None,
        language_name=languages.name_of,
    )
    return Response(page, refused.status if refused else 200)


def _uuid(text: str) -> UUID:
    """Raises TemplateNotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise TemplateNotFound() from None


# ---- a new one -------------------------------------------------------------------------------------


@of_issuer(EDIT)
def get_new(issuer: IssuerView) -> AnyResponse:
    return _edit(issuer, None, Desk.empty())


@of_issuer(EDIT)
def post_new(issuer: IssuerView) -> AnyResponse:
    """Tries what was typed, or makes a template of it."""
    rt, desk = current_runtime(), Desk.parse(request, Tray(issuer.id))
    if request.form.get("do") != "save":
        return _tried(issuer, None, desk)
    try:
        pages = {desk.language: desk.page(rt)}
        made = saving.make(rt, issuer.tenant_ref, desk.key, desk.name, pages, note=desk.note, actor=current_actor().ref)
    except (BadInput, Conflict) as refused:
        return _tried(issuer, None, desk, refused)
    return redirect(url_for("certify.template", slug=issuer.slug, template_id=made.template_id, done="save"), 303)


# ---- one of them -----------------------------------------------------------------------------------


@of_issuer(EDIT)
def get_template(issuer: IssuerView, template_id: UUID) -> AnyResponse:
    """The newest page of a language, or that of an older version, ready to be changed."""
    template = open_template(issuer, template_id)
    asked = request.args.get("version", "")
    chosen = next((each for each in template.versions if str(each.id) == asked), None)
    language = chosen.language if chosen else _language(template, request.args.get("language", ""))
    version = chosen or template.latest(language)
    if version is None:
        return _edit(issuer, template, Desk.empty(language))
    with current_runtime().reading() as session:
        page = templates.get_page(session, version.id)
    return _edit(issuer, template, Desk.of(page, language, Tray(issuer.id)))


def _language(template: TemplateView, asked: str) -> str:
    """The one that is asked for, which may be a new one; else that of the template."""
    return languages.spelled(asked.strip()[:20]) or template.language or next(iter(template.languages), "en")


@of_issuer(EDIT)
def post_template(issuer: IssuerView, template_id: UUID) -> AnyResponse:
    """Tries what was typed, gives the preview as a PDF, or saves a version."""
    rt, template = current_runtime(), open_template(issuer, template_id)
    desk = Desk.parse(request, Tray(issuer.id))
    if request.form.get("do") != "save":
        return _tried(issuer, template, desk)
    try:
        done = saving.save(rt, template.id, {desk.language: desk.page(rt)}, note=desk.note, actor=current_actor().ref)
    except (BadInput, Conflict) as refused:
        return _tried(issuer, template, desk, refused)
    desk.note = ""
    return _edit(issuer, open_template(issuer, template_id), desk, said=c_("Saved."), warned=done.warnings)


@of_issuer(EDIT)
def post_settings(issuer: IssuerView, template_id: UUID) -> AnyResponse:
    """Name, language and signatories; or retires, takes up, deletes."""
    rt, actor, template = current_runtime(), current_actor().ref, open_template(issuer, template_id)
    form = request.form
    try:
        match form.get("do"):
            case "retire":
                saving.retire(rt, template.id, actor=actor)
            case "take_up":
                saving.take_up(rt, template.id, actor=actor)
            case "delete":
                saving.delete(rt, template.id, actor=actor)
                return redirect(url_for("certify.templates", slug=issuer.slug), 303)
            case _:
                language = form.get("fixed", "").strip() or None
                name = form.get("name", "")
                saving.settle(
                    rt, template.id, name=name, language=language, places=_places(Tray(issuer.id)), actor=actor
                )
    except (BadInput, Conflict) as refused:
        with rt.reading() as session:
            version = next(iter(template.versions), None)
            page = templates.get_page(session, version.id) if version else templates.Page("")
        desk = Desk.of(page, version.language if version else "en", Tray(issuer.id))
        return _edit(issuer, template, desk, refused=refused)
    done = form.get("do") if form.get("do") in _ANSWERED else "settle"
    return redirect(url_for("certify.template", slug=issuer.slug, template_id=template.id, done=done), 303)


def _places(tray: Tray) -> list[Place] | None:
    """Who signs, as the form has it: `file`, or for each place nobody, an id, or a name of the template's own."""
    form = request.form
    if form.get("signing", "file") == "file":
        return None
    chosen: list[Place] = []
    for number in ("1", "2"):
        who = form.get(f"who_{number}", "")
        if who == "own":
            upload = request.files.get(f"image_{number}")
            held = form.get(f"held_{number}", "")
            image = tray.signature(current_runtime(), upload.stream.read() if upload else b"", held)
            chosen.append(SignatoryView(form.get(f"name_{number}", ""), form.get(f"designation_{number}", ""), image))
        elif who:
            try:
                chosen.append(UUID(who))
            except ValueError:
                raise WrongSignatory(longest=signatories.LONGEST) from None
    return chosen


# ---- files -----------------------------------------------------------------------------------------


@of_issuer(USE)
def get_file(issuer: IssuerView, template_id: UUID) -> AnyResponse:
    """The template as one file (R-031)."""
    template = open_template(issuer, template_id)
    response = Response(archive.export(current_runtime(), template.id), mimetype=archive.MEDIA_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=f"template-{template.key}.zip")
    return response


@of_issuer(USE)
def get_picture(issuer: IssuerView, template_id: UUID) -> AnyResponse:
    """What a certificate looks like, small."""
    rt, template = current_runtime(), open_template(issuer, template_id)
    language = _language(template, request.args.get("language", ""))
    with rt.reading() as session:
        version_id = documents.latest_version(session, template.id, language).id
    known = preview.known_values(rt, version_id)
    response = Response(content_type="image/png")
    response.set_etag(sha256(repr((version_id, sorted(known.items()))).encode()).hexdigest())
    response.cache_control.private, response.cache_control.no_cache = True, True
    if request.if_none_match.contains(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    plate, find = documents.get_plate(rt, version_id), preview.pictures_of(rt, known)
    [seen] = preview.tried(plate, [preview.SAMPLE_NAME], known, find)
    if seen.refused is not None:
        raise seen.refused
    response.data = images.png(seen.pdf or b"", images.THUMBNAIL)
    return response


# ---- the page of one -------------------------------------------------------------------------------


def _tried(
    issuer: IssuerView, template: TemplateView | None, desk: Desk, refused: CertifyError | None = None
) -> AnyResponse:
    """The page with what was found and one picture for each name; or the preview as a file."""
    try:
        seen = desk.look(current_runtime(), issuer, template)
        if request.form.get("do") == "pdf" and refused is None and not seen.refusals:
            response = Response(preview.bound(seen.tried), mimetype="application/pdf")
            response.headers.set("Content-Disposition", "attachment", filename="preview.pdf")
            return response
    except (BadInput, Conflict) as error:
        return _edit(issuer, template, desk, refused=error)
    return _edit(issuer, template, desk, seen=seen, refused=None if seen.refusals else refused)


def _edit(
    issuer: IssuerView,
    template: TemplateView | None,
    desk: Desk,
    *,
    seen: Any = None,
    said: str | None = None,
    warned: Any = (),
    refused: CertifyError | None = None,
) -> AnyResponse:
    with current_runtime().reading() as session:
        people = signatories.on_file(session, issuer.id)
    done = _ANSWERED.get(request.args.get("done", "")) if request.method == "GET" else None
    refusals = [each.worded() for each in seen.refusals] if seen else []
    page = web.render(
        "certify/template.html",
        issuer=issuer,
        design=template,
        may_delete=template is not None and saving.may_be_deleted(template),
        desk=desk,
        seen=seen,
        said=said or (c_(done) if done else None),
        warnings=[(each.code, each.worded()) for each in (seen.warnings if seen else warned)],
        refusals=[*refusals, *([refused.worded()] if refused else [])],
        people=people,
        places=_shown_places(template, Tray(issuer.id)),
        placeholders=[(key, c_(each.label), each.kind) for key, each in PLACEHOLDERS.items()],
        language_name=languages.name_of,
        outcome=wording.outcome_of,
    )
    return Response(page, refused.status if refused else 422 if refusals else 200)


def _shown_places(template: TemplateView | None, tray: Tray) -> list[Any]:
    """What stands in the two places of the form."""
    chosen = list(template.signatories or ()) if template else []
    shown = []
    for number in range(1, signatories.MOST + 1):
        place = chosen[number - 1] if number <= len(chosen) else None
        own = place if isinstance(place, SignatoryView) else None
        held = tray.held_signature(own.image_sha) if own and own.image_sha else ""
        shown.append({"number": number, "id": place if isinstance(place, UUID) else None, "own": own, "held": held})
    return shown
