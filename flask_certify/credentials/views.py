"""What strangers' software fetches: an issuer's keys and its status lists. Public, small, cached, never redirected."""

import json

from flask import Blueprint, Response, request

from ..core.current import current_runtime
from . import service

CACHED_SECONDS = 300
VC, VC_JWT = "application/vc", "application/vc+jwt"


def register(bp: Blueprint) -> None:
    """Adds the two addresses, which credentials name for ever, to the blueprint."""
    bp.add_url_rule("/<slug>/did.json", "did_document", get_did_document)
    bp.add_url_rule("/<slug>/status/<int:number>", "status_list", get_status_list)


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
