"""The API about messages: what a tenant says, when and to whom it goes, and what became of it."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from ..achievements.service import IssuerView, RunView
from ..achievements.views import of_issuer, on_run
from ..core.api import Said, Text, operation
from ..core.current import current_actor, current_runtime
from . import decisions, editing, rules
from .editing import MOST, Preview, TextView
from .shipped import Wording
from .states import State


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


class Rules(Said):
    """Empty texts: no quiet hours, and numbers without a country cannot be used."""

    quiet_from = Text(load_default="", validate=validate.Length(0, 5), metadata={"description": "Like 21:00."})
    quiet_until = Text(load_default="", validate=validate.Length(0, 5), metadata={"description": "Like 08:00."})
    region = Text(load_default="", validate=validate.Length(0, 2), metadata={"description": "Like IN."})


class SwitchBody(Said):
    on = fields.Boolean(required=True)
    tell_missed = Text(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 64),
        metadata={"description": "`touched` as it was shown: those who were not told while it was off are told too."},
    )


class Switch(ma.Schema):
    on = fields.Boolean(required=True)
    missed = fields.Integer(required=True, metadata={"description": "Who were not told while it was off."})
    touched = fields.String(required=True)


class MessagesQuery(Said):
    state = fields.String(load_default=None, validate=validate.OneOf([each.value for each in State]))
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 10_000_000))


class Message(ma.Schema):
    id = fields.UUID(required=True)
    learner_ref = fields.String(required=True, data_key="learner")
    event = fields.String(required=True)
    channel = fields.String(required=True)
    state = fields.Enum(State, by_value=True, required=True)
    reason = fields.String(allow_none=True)
    report = fields.String(allow_none=True)
    attempts = fields.Integer(required=True)
    changed_at = fields.AwareDateTime(required=True)


class DecideBody(Said):
    messages = fields.List(fields.UUID(), required=True, validate=validate.Length(1, decisions.MOST_AT_ONCE))
    verdict = fields.String(required=True, validate=validate.OneOf(list(decisions.MAY_BECOME)))


class Decided(ma.Schema):
    number = fields.Integer(required=True)


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    edit = of_issuer("messages.edit")
    one = "/issuers/<slug>/texts/<event>/<language>"
    operation(blueprint, "GET", "/issuers/<slug>/texts", list_texts, guard=edit, gives=MessageText, many=True)
    operation(blueprint, "GET", one, get_text, guard=edit, gives=MessageText)
    operation(blueprint, "PUT", one, save_text, guard=edit, body=WordingBody, gives=MessageText)
    operation(blueprint, "DELETE", one, put_text_back, guard=edit, gives=MessageText)
    rules_at, switch = "/issuers/<slug>/message-rules", "/issuers/<slug>/switches/<event>/<channel>"
    operation(blueprint, "GET", rules_at, get_rules, guard=edit, gives=Rules)
    operation(blueprint, "PUT", rules_at, set_rules, guard=edit, body=Rules, gives=Rules)
    operation(blueprint, "GET", switch, get_switch, guard=edit, gives=Switch)
    operation(blueprint, "PUT", switch, set_switch, guard=edit, body=SwitchBody, gives=Switch)
    listed, run = on_run("messages.read"), "/runs/<uuid:run_id>/messages"
    operation(blueprint, "GET", run, list_messages, guard=listed, query=MessagesQuery, gives=Message, many=True)
    deciding = on_run("messages.decide")
    operation(blueprint, "POST", f"{run}/decide", decide, guard=deciding, body=DecideBody, gives=Decided)
    operation(blueprint, "POST", f"{one}/preview", preview_text, guard=edit, body=WordingBody, gives=MessagePreview)


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


# ---- when, to whom, and what became of it -----------------------------------------------------------


def get_rules(issuer: IssuerView) -> dict[str, str]:
    """See when the issuer's messages rest, and how its phone numbers are read"""
    policy = rules.get_policy(current_runtime(), issuer.tenant_ref)
    begins, _, ends = str(policy.quiet or "").partition("-")
    return {"quiet_from": begins, "quiet_until": ends, "region": policy.region or ""}


def set_rules(given: dict[str, str], *, issuer: IssuerView) -> dict[str, str]:
    """Set quiet hours and the country of phone numbers that name none"""
    rt, actor = current_runtime(), current_actor().ref
    rules.set_quiet(rt, issuer.tenant_ref, given["quiet_from"], given["quiet_until"], actor)
    rules.set_region(rt, issuer.tenant_ref, given["region"], actor)
    return get_rules(issuer)


def get_switch(issuer: IssuerView, event: str, channel: str) -> dict[str, Any]:
    """See whether an event is told by a channel, and whom turning it on would touch"""
    rt = current_runtime()
    touched = rules.touched(rt, issuer.tenant_ref, event, channel)
    is_off = rules.get_policy(rt, issuer.tenant_ref).is_off(event, channel)
    return {"on": not is_off, "missed": touched.learners, "touched": touched.token}


def set_switch(given: dict[str, Any], *, issuer: IssuerView, event: str, channel: str) -> dict[str, Any]:
    """Turn an event and channel on or off; those who were passed by are told only if that is confirmed"""
    rt, actor = current_runtime(), current_actor().ref
    if given["on"]:
        rules.turn_on(rt, issuer.tenant_ref, event, channel, actor, given["tell_missed"])
    else:
        rules.turn_off(rt, issuer.tenant_ref, event, channel, actor)
    return get_switch(issuer, event, channel)


def list_messages(asked: dict[str, Any], *, run: RunView) -> list[decisions.MessageView]:
    """List the messages of a run with what became of them, those that changed last first"""
    state = State(asked["state"]) if asked["state"] else None
    with current_runtime().reading() as session:
        return decisions.list_messages(
            session, run_id=run.id, state=state, limit=asked["limit"], offset=asked["offset"]
        )


def decide(given: dict[str, Any], *, run: RunView) -> dict[str, int]:
    """Say of messages in doubt that they were sent, or are to be sent again"""
    rt, actor = current_runtime(), current_actor().ref
    ids, verdict = given["messages"], given["verdict"]
    return {"number": decisions.decide(rt, ids, verdict, actor, tenant_ref=run.tenant_ref, run_id=run.id)}


def _said(text: TextView) -> dict[str, Any]:
    parts = {part: getattr(text.wording, part) for part in MOST}
    about = {"event": text.event, "language": text.language}
    return about | parts | {"changed_at": text.changed_at, "changed_by": text.changed_by}
