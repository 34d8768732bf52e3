"""The API about a tenant's templates and signatories: the same services as the designer's page."""

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any
from uuid import UUID

from ..achievements.service import IssuerView, SignatoryView
from ..achievements.views import of_issuer
from ..core import api, web
from ..core.api import operation
from ..core.current import current_actor, current_runtime
from ..core.errors import CertifyError
from ..documents import archive, saving, signatories, templates
from ..documents.checks import Warned
from ..documents.saving import Saved
from ..documents.signatories import Place, WrongSignatory
from ..documents.templates import Page, TemplateView
from . import template_schemas as schemas
from .template_views import EDIT, USE

Asked = dict[str, Any]
View = Callable[..., Any]


def register(blueprint: Any) -> None:
    """Adds the operations about templates."""
    add = partial(operation, blueprint)
    tenant, one = "/tenants/<slug>", "/templates/<uuid:template_id>"
    use, edit, see, change = of_issuer(USE), of_issuer(EDIT), on_template(USE), on_template(EDIT)
    saved, template = schemas.Saved, schemas.Template
    add("GET", f"{tenant}/templates", list_templates, use, gives=template, many=True)
    add("POST", f"{tenant}/templates", make_template, edit, body=schemas.MakeBody, gives=saved, status=201)
    add("POST", f"{tenant}/templates/check", check_template, edit, body=schemas.PageBody, gives=schemas.Checked)
    add("POST", f"{tenant}/templates/import", import_template, edit, body=schemas.ImportBody, gives=saved, status=201)
    add("GET", one, get_template, see, gives=template)
    add("PUT", one, settle_template, change, body=schemas.SettleBody, gives=template)
    add("DELETE", one, delete_template, change, status=204)
    add("POST", f"{one}/versions", save_template, change, body=schemas.SaveBody, gives=saved)
    add("POST", f"{one}/retire", retire_template, change, gives=template)
    add("POST", f"{one}/take-up", take_up_template, change, gives=template)
    add("GET", f"{one}/file", export_template, see, gives=schemas.File)
    people = f"{tenant}/signatories"
    add("GET", people, list_signatories, use, gives=schemas.Signatory, many=True)
    add("POST", people, add_signatory, edit, body=schemas.SignatoryBody, gives=schemas.Signatory, status=201)
    add("DELETE", f"{people}/<uuid:signatory_id>", remove_signatory, edit, status=204)


# ---- guards ----------------------------------------------------------------------------------------


def on_template(act: str) -> api.Guard:
    """The view gets the template, if the host lets the caller do this in its tenant (R-029)."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, template_id: UUID) -> Any:
            web.acting()
            found = _template(template_id)
            web.require(act, tenant_ref=found.tenant_ref)
            return view(template=found)

        return guarded

    return guard


def _template(template_id: UUID) -> TemplateView:
    with current_runtime().reading() as session:
        return templates.get_template(session, template_id)


# ---- templates -------------------------------------------------------------------------------------


def list_templates(*, issuer: IssuerView) -> list[Asked]:
    """List a tenant's templates, those in use first"""
    with current_runtime().reading() as session:
        return [_told(each) for each in templates.list_templates(session, issuer.tenant_ref)]


def get_template(*, template: TemplateView) -> Asked:
    """See a template and its versions"""
    return _told(template)


def check_template(given: Asked, *, issuer: IssuerView) -> Asked:
    """Say what stands in the way of a page and what could be better; nothing is saved"""
    page = Page(given["html"], given["pictures"])
    found = saving.look_at(current_runtime(), issuer.tenant_ref, page, given["language"])
    return {
        "refusals": _findings(found.refusals),
        "warnings": _findings(found.warnings),
        "own_bytes": found.own,
        "shared_bytes": found.shared,
    }


def make_template(given: Asked, *, issuer: IssuerView) -> Asked:
    """Make a template with its first page"""
    pages = {given["language"]: Page(given["html"], given["pictures"])}
    return _saved(
        saving.make(
            current_runtime(),
            issuer.tenant_ref,
            given["key"],
            given["name"],
            pages,
            note=given["note"] or "",
            actor=current_actor().ref,
        )
    )


def save_template(given: Asked, *, template: TemplateView) -> Asked:
    """Save a page as a new version, which later certificates use"""
    rt, language = current_runtime(), given["language"]
    latest = template.latest(language)
    with rt.reading() as session:
        there = templates.get_page(session, latest.id).pictures if latest else {}
    kept = {name: data for name, data in there.items() if name in given["html"]}
    pages = {language: Page(given["html"], {**kept, **given["pictures"]})}
    return _saved(saving.save(rt, template.id, pages, note=given["note"] or "", actor=current_actor().ref))


def settle_template(given: Asked, *, template: TemplateView) -> Asked:
    """Set a template's name, its language and who signs"""
    rt, chosen = current_runtime(), given["signatories"]
    saving.settle(
        rt,
        template.id,
        name=given["name"],
        language=given["language"],
        places=None if chosen is None else [_place(each) for each in chosen],
        actor=current_actor().ref,
    )
    return _told(_template(template.id))


def retire_template(*, template: TemplateView) -> Asked:
    """Offer a template no more; what was printed from it stays"""
    saving.retire(current_runtime(), template.id, actor=current_actor().ref)
    return _told(_template(template.id))


def take_up_template(*, template: TemplateView) -> Asked:
    """Offer a retired template again"""
    saving.take_up(current_runtime(), template.id, actor=current_actor().ref)
    return _told(_template(template.id))


def delete_template(*, template: TemplateView) -> None:
    """Delete a template that was never attached"""
    saving.delete(current_runtime(), template.id, actor=current_actor().ref)


def export_template(*, template: TemplateView) -> Asked:
    """Get a template with its pictures, languages and notes as one file"""
    return {"name": f"template-{template.key}.zip", "data": archive.export(current_runtime(), template.id)}


def import_template(given: Asked, *, issuer: IssuerView) -> Asked:
    """Take in a template that was exported, here or elsewhere"""
    return _saved(
        archive.take_in(
            current_runtime(),
            issuer.tenant_ref,
            given["file"],
            key=given["key"],
            replace=given["replace"],
            within=saving.IN_A_REQUEST,
            actor=current_actor().ref,
        )
    )


# ---- signatories -----------------------------------------------------------------------------------


def list_signatories(*, issuer: IssuerView) -> list[Asked]:
    """List a tenant's signatories on file"""
    with current_runtime().reading() as session:
        return [_signatory(each) for each in signatories.on_file(session, issuer.id)]


def add_signatory(given: Asked, *, issuer: IssuerView) -> Asked:
    """Put a signatory on file"""
    rt, name, designation = current_runtime(), given["name"], given["designation"]
    made = signatories.put_on_file(rt, issuer.tenant_ref, name, designation, given["image"], actor=current_actor().ref)
    with rt.reading() as session:
        return next(_signatory(each) for each in signatories.on_file(session, issuer.id) if each.id == made)


def remove_signatory(*, issuer: IssuerView, signatory_id: UUID) -> None:
    """Take a signatory off the file; certificates that name them stay as they are"""
    signatories.take_off_file(current_runtime(), issuer.tenant_ref, signatory_id, actor=current_actor().ref)


def _signatory(each: signatories.OnFile) -> Asked:
    named = {"id": each.id, "name": each.name, "designation": each.designation}
    return named | {"has_image": each.image_sha is not None}


# ---- from and to plain data ------------------------------------------------------------------------


def _place(given: Asked) -> Place:
    """Raises WrongSignatory, PictureRefused."""
    own, on_file = given["own"], given["on_file"]
    if (own is None) == (on_file is None):
        raise WrongSignatory(longest=signatories.LONGEST)
    if on_file is not None:
        return UUID(str(on_file))
    image_sha = signatories.keep_image(current_runtime(), own["image"]) if own["image"] else None
    return SignatoryView(own["name"], own["designation"], image_sha)


def _told(template: TemplateView) -> Asked:
    places = template.signatories
    return {
        "id": template.id,
        "key": template.key,
        "name": template.name,
        "is_retired": template.is_retired,
        "language": template.language,
        "signatories": None if places is None else [_place_out(each) for each in places],
        "attached": template.attached,
        "versions": template.versions,
    }


def _place_out(place: Place) -> Asked:
    if isinstance(place, UUID):
        return {"on_file": place, "name": None, "designation": None}
    return {"on_file": None, "name": place.name, "designation": place.designation}


def _saved(done: Saved) -> Asked:
    versions = {language: str(version) for language, version in done.versions.items()}
    return {"template_id": done.template_id, "versions": versions, "warnings": _findings(done.warnings)}


def _findings(found: Iterable[CertifyError | Warned]) -> list[Asked]:
    return [{"code": each.code, "sentence": each.worded()} for each in found]
