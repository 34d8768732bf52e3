"""What strangers' software fetches: an issuer's keys and its status lists. Public, small, cached, never redirected."""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request

from ..core.current import current_runtime
from . import forms, open_badges_2, service
from .errors import UnknownBadge, UnknownIssuer

CACHED_SECONDS = 300
VC, VC_JWT = "application/vc", "application/vc+jwt"


def register(bp: Blueprint) -> None:
    """Adds the two addresses, which credentials name for ever, to the blueprint."""
    bp.url_value_preprocessor(refuse_zero_bytes)
    bp.add_url_rule("/<slug>/did.json", "did_document", get_did_document)
    bp.add_url_rule("/<slug>/status/<int:number>", "status_list", get_status_list)
    # Open Badges 2.0, for software that reads nothing newer.
    bp.add_url_rule("/ob2/certificate/<name>.json", "older_badge_extension", get_extension)
    bp.add_url_rule("/<slug>/ob2/badge.png", "older_badge_picture", get_picture)
    bp.add_url_rule("/<slug>/ob2/<any(issuer, revoked):which>.json", "older_badge_issuer", get_older_issuer)
    bp.add_url_rule("/<slug>/ob2/keys/<name>/<any(issuer, key):which>.json", "older_badge_key", get_older_key)
    bp.add_url_rule("/<slug>/ob2/keys/<name>/<uuid:badge>/badge.json", "older_badge_by_key", get_older_badge_by_key)
    bp.add_url_rule("/<slug>/ob2/<uuid:badge>/<any(assertion, badge):which>.json", "older_badge", get_older_badge)


def refuse_zero_bytes(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """No issuer has one in its name, and PostgreSQL cannot even be asked. Raises UnknownIssuer."""
    if values and "\0" in str(values.get("slug", "")):
        raise UnknownIssuer()


def get_did_document(slug: str) -> Response:
    document = service.did_document(current_runtime(), slug)
    return _public(json.dumps(document, ensure_ascii=False, indent=1), "application/did+json")


def get_status_list(slug: str, number: int) -> Response:
    """The list as it was signed; as JWT for those who ask for that."""
    published = service.status_list_document(current_runtime(), slug, number)
    asked = request.accept_mimetypes
    if asked.best_match([VC, VC_JWT], VC) == VC_JWT:
        response = _public(published.jwt, VC_JWT, published.etag_of_jwt)
    else:
        response = _public(published.text, VC, published.etag)
    response.vary.add("Accept")
    return response


def get_extension(name: str) -> Response:
    """What the members of our extension mean, and the schema that they meet."""
    found = {
        "context": lambda: open_badges_2.extension_context(current_runtime().settings.base),
        "schema": open_badges_2.extension_schema,
    }
    if name not in found:
        raise UnknownBadge()
    return _public(json.dumps(found[name](), indent=1), "application/ld+json")


def get_picture(slug: str) -> Response:
    response = Response(forms.picture("badge.png"), content_type=forms.PNG)
    response.access_control_allow_origin = "*"
    return response


def get_older_issuer(slug: str, which: str) -> Response:
    document = forms.open_badges_2_issuer(current_runtime(), slug, which)
    return _public(json.dumps(document, ensure_ascii=False, indent=1), "application/ld+json")


def get_older_key(slug: str, name: str, which: str) -> Response:
    document = forms.open_badges_2_key(current_runtime(), slug, name, which)
    return _public(json.dumps(document, ensure_ascii=False, indent=1), "application/ld+json")


def get_older_badge_by_key(slug: str, name: str, badge: UUID) -> Response:
    document = forms.open_badges_2_document(current_runtime(), slug, badge, "badge", key_name=name)
    return _public(json.dumps(document, ensure_ascii=False, indent=1), "application/ld+json")


def get_older_badge(slug: str, badge: UUID, which: str) -> Response:
    """At an address that nobody can guess or list: whoever has it was given it (R-148)."""
    document = forms.open_badges_2_document(current_runtime(), slug, badge, which)
    return _public(json.dumps(document, ensure_ascii=False, indent=1), "application/ld+json")


def _public(text: str, media_type: str, etag: str | None = None) -> Response:
    """For readers anywhere: any origin may fetch it, and ask again whether it changed for the price of a 304."""
    response = Response(text, content_type=media_type)
    response.access_control_allow_origin = "*"
    response.cache_control.public = True
    response.cache_control.max_age = CACHED_SECONDS
    if etag is None:
        response.add_etag()
    else:
        response.set_etag(etag)
    response.make_conditional(request)
    return response
