"""The API about messages: what a tenant says."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..achievements.service import IssuerView
from ..core import api, web
from ..core.api import Said, Text, operation
from ..core.current import current_actor, current_runtime
from . import editing
from .editing import MOST, Preview, TextView
from .shipped import Wording
from .views import open_issuer

View = Callable[..., Any]


class WordingBody(Said):
    """Texts with placeholders: {{ name }}, {{ training }}, {{ date }}, {{ issuer }}, {{ profile_url }}."""

    sender = Text(
        load_default="",
        validate=validate.Length(0, MOST["sender"]),
        metadata={"description": "Empty: the name of the issuer."},
    )
    subject = Text(required=True, validate=validate.Length(1, MOST["subject"]))
    body = Text(required=True, validate=validate.Length(1, MOST["body"]))
    sms = Text(required=True, validate=validate.Length(1, MOST["sms"]))


class MessageText(WordingBody):
    event = fields.String(required=True)
    language = fields.String(required=True)
    changed_at = fields.AwareDateTime(allow_none=True, metadata={"description": "null: it is as it comes."})
    changed_by = fields.String(allow_none=True)


class MessagePreview(ma.Schema):
    sender = fields.String(required=True)
    subject = fields.String(required=True)
    text = fields.String(required=True)
    html = fields.String(required=True)
    sms = fields.String(required=True)
    sms_segments = fields.Integer(required=True)


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    edit = of_issuer("messages.edit")
    one = "/issuers/<slug>/texts/<event>/<language>"
    operation(blueprint, "GET", "/issuers/<slug>/texts", list_texts, guard=edit, gives=MessageText, many=True)
    operation(blueprint, "GET", one, get_text, guard=edit, gives=MessageText)
    operation(blueprint, "PUT", one, save_text, guard=edit, body=WordingBody, gives=MessageText)
    operation(blueprint, "DELETE", one, put_text_back, guard=edit, gives=MessageText)
    operation(blueprint, "POST", f"{one}/preview", preview_text, guard=edit, body=WordingBody, gives=MessagePreview)


def of_issuer(act: str) -> api.Guard:
    """The view gets the issuer of this slug, if the host lets the caller do this in its tenant."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*, slug: str, **more: Any) -> Any:
            web.acting()
            return view(issuer=open_issuer(slug, act), **more)

        return guarded

    return guard


def list_texts(issuer: IssuerView) -> list[dict[str, Any]]:
    """List what the issuer says of each event in each language"""
    return [_said(each) for each in editing.list_texts(current_runtime(), issuer.tenant_ref)]


def get_text(issuer: IssuerView, event: str, language: str) -> dict[str, Any]:
    """See what the issuer says of an event in a language"""
    return _said(editing.get_text(current_runtime(), issuer.tenant_ref, event, language))


def save_text(given: dict[str, str], *, issuer: IssuerView, event: str, language: str) -> dict[str, Any]:
    """Change what the issuer says; a placeholder that is none is refused by name"""
    rt, actor = current_runtime(), current_actor().ref
    return _said(editing.save(rt, issuer.tenant_ref, event, language, Wording(**given), actor))


def put_text_back(issuer: IssuerView, event: str, language: str) -> dict[str, Any]:
    """Go back to the text as it comes"""
    return _said(editing.put_back(current_runtime(), issuer.tenant_ref, event, language, current_actor().ref))


def preview_text(given: dict[str, str], *, issuer: IssuerView, event: str, language: str) -> dict[str, Any]:
    """Show how a text would arrive, with an invented learner; nothing is stored or sent"""
    shown: Preview = editing.preview(current_runtime(), issuer, event, language, Wording(**given))
    return {
        "sender": shown.email.sender_name,
        "subject": shown.email.subject,
        "text": shown.email.text,
        "html": shown.email.html,
        "sms": shown.sms,
        "sms_segments": shown.size.segments,
    }


def _said(text: TextView) -> dict[str, Any]:
    parts = {part: getattr(text.wording, part) for part in MOST}
    about = {"event": text.event, "language": text.language}
    return about | parts | {"changed_at": text.changed_at, "changed_by": text.changed_by}
