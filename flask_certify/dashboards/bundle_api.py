"""The API about ZIP files of certificates: what a download would be, preparing one, and how it stands."""

from functools import wraps
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import url_for
from marshmallow import fields, validate

from ..achievements.service import RunView
from ..achievements.views import on_run, open_run
from ..core import web
from ..core.api import Said, Text, operation, ref
from ..core.current import current_actor, current_runtime
from ..issuing import bundles
from ..issuing.bundles import BundleView
from .bundle_views import chosen
from .listing import Listing, Status

Asked = dict[str, Any]

MOST_LEARNERS = 10_000


class FilterBody(Said):
    """As the list of learners is filtered; days are whole days in the tenant's zone, the last one included."""

    q = Text(load_default="", validate=validate.Length(0, 100), metadata={"description": "External ID or name."})
    status = fields.String(load_default="", validate=validate.OneOf(["", *[each.value for each in Status]]))
    from_ = Text(load_default="", data_key="from", attribute="from", metadata={"description": "2026-05-31"})
    to = Text(load_default="")


class BundleBody(Said):
    learners = fields.List(
        ref("The platform's own reference of a learner."),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_LEARNERS),
        metadata={"description": "Whose certificates; else of those who fit the filter; without both, all valid ones."},
    )
    filter = fields.Nested(FilterBody, load_default=None, allow_none=True)


class Forecast(ma.Schema):
    certificates = fields.Integer(required=True)
    size = fields.Integer(required=True, metadata={"description": "About how many bytes in all."})
    parts = fields.Integer(required=True)
    left_out = fields.Dict(required=True, metadata={"description": "Code of why → learners."})


class Part(ma.Schema):
    name = fields.String(required=True)
    certificates = fields.Integer(required=True)
    size = fields.Integer(required=True)
    url = fields.String(required=True, metadata={"description": "Takes Range, so a broken download can go on."})


class Bundle(ma.Schema):
    id = fields.UUID(required=True)
    run_id = fields.UUID(required=True)
    state = fields.String(required=True)
    expected = fields.Integer(required=True)
    packed = fields.Integer(required=True)
    left_out = fields.Dict(required=True, metadata={"description": "Code of why → learners."})
    trouble = fields.String(required=True, allow_none=True, metadata={"description": "Why it rests just now."})
    manifest = fields.String(required=True, metadata={"description": "Address of the list of who was left out."})
    parts = fields.List(fields.Nested(Part), required=True)


def register(blueprint: Any) -> None:
    run, guard = "/runs/<uuid:run_id>/bundles", on_run("award.download")
    operation(blueprint, "POST", f"{run}/forecast", get_forecast, guard=guard, body=BundleBody, gives=Forecast)
    operation(blueprint, "POST", run, open_bundle, guard=guard, body=BundleBody, gives=Bundle, status=201)
    operation(blueprint, "GET", "/bundles/<uuid:bundle_id>", get_bundle, guard=_on_bundle, gives=Bundle)


def _on_bundle(view: Any) -> Any:
    """The view gets the bundle, if the host lets the caller download the certificates of its run."""

    @wraps(view)
    def guarded(*, bundle_id: UUID) -> Any:
        web.acting()
        bundle = bundles.get_bundle(current_runtime(), bundle_id)
        open_run(bundle.run_id, "award.download")
        return view(bundle=bundle)

    return guarded


def get_forecast(given: Asked, *, run: RunView) -> bundles.Forecast:
    """Say how many certificates a download would hold, how large it would be, and who has none"""
    return bundles.forecast(current_runtime(), run.id, _refs(given, run))


def open_bundle(given: Asked, *, run: RunView) -> Asked:
    """Prepare ZIP files with the certificates of a run, or of some of its learners, in the background"""
    rt = current_runtime()
    bundle_id = bundles.open_bundle(rt, run.id, current_actor().ref, _refs(given, run))
    return _told(bundles.get_bundle(rt, bundle_id))


def get_bundle(*, bundle: BundleView) -> Asked:
    """See how a download stands, and where its files are"""
    return _told(bundle)


def _refs(given: Asked, run: RunView) -> list[str] | None:
    return chosen(run, given["learners"], Listing.parse(given["filter"] or {}))


def _told(bundle: BundleView) -> Asked:
    return {
        "id": bundle.id,
        "run_id": bundle.run_id,
        "state": bundle.state,
        "expected": bundle.expected,
        "packed": bundle.packed,
        "left_out": dict(bundle.left_out),
        "trouble": bundle.trouble,
        "manifest": url_for("certify.bundle_manifest", bundle_id=bundle.id),
        "parts": [
            {
                "name": each.name,
                "certificates": each.entries,
                "size": each.size,
                "url": url_for("certify.bundle_part", bundle_id=bundle.id, number=each.number),
            }
            for each in (bundle.parts if bundle.is_finished else ())
        ],
    }
