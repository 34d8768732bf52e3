"""The API about what is attached to a run, or to a course, and what it asks for."""

from functools import partial
from typing import Any
from uuid import UUID

from ..achievements import validity
from ..achievements.service import RunView, get_run
from ..achievements.views import on_run
from ..core import api, web
from ..core.api import operation
from ..core.current import current_actor, current_runtime
from ..eligibility import notation
from ..issuing import attaching, criteria, previewing
from ..issuing.attaching import Attached, By, Place, Terms
from . import api_schemas as schemas

Asked = dict[str, Any]


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    add = partial(operation, blueprint)
    run, one = "/runs/<uuid:run_id>", "/runs/<uuid:run_id>/attachments/<uuid:attachment_id>"
    attach, see = on_run("run.attach"), on_run("run.dashboard")
    level, terms, given = schemas.LevelQuery, schemas.TermsBody, schemas.Attachments
    add("GET", f"{run}/criteria", list_criteria, api.logged_in, gives=schemas.Criterion, many=True)
    add("GET", f"{run}/attachments", list_attachments, see, query=level, gives=given)
    add("POST", f"{run}/attachments", attach_first, attach, query=level, body=terms, gives=given, status=201)
    add("POST", f"{run}/attachments/add", attach_more, attach, query=level, body=terms, gives=given, status=201)
    add("GET", f"{run}/attachments/history", list_steps, see, query=level, gives=schemas.Step, many=True)
    add("POST", f"{run}/attachments/preview", preview, attach, body=schemas.TemplateBody, gives=schemas.Preview)
    add("PUT", one, update_attachment, attach, query=level, body=terms, gives=given)
    add("DELETE", one, remove_attachment, attach, query=schemas.RemoveQuery, gives=given)


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
