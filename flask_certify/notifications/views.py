"""Pages for staff: what a tenant's messages say, and when and to whom they go."""

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import IssuerView, find_tenant
from ..achievements.views import of_issuer
from ..core import languages, web
from ..core.current import current_actor, current_runtime
from ..core.errors import BadInput
from ..core.i18n import c_
from . import editing, hook_views, rules, run_views
from .decisions import CHANNELS
from .editing import MOST, TextView
from .shipped import TITLES, Wording
from .texts import PLACEHOLDERS


def register(bp: Blueprint) -> None:
    web.add_templates(bp, "flask_certify.notifications")
    one = "/messages/<slug>/texts/<event>/<language>"
    bp.add_url_rule("/messages/<slug>", "messages", get_messages)
    bp.add_url_rule(one, "message_text", get_text)
    bp.add_url_rule(one, "post_message_text", post_text, methods=["POST"])
    bp.add_url_rule("/messages/<slug>/rules", "post_message_rules", post_rules, methods=["POST"])
    switch = "/messages/<slug>/switches/<event>/<channel>"
    bp.add_url_rule(switch, "message_switch", get_switch)
    bp.add_url_rule(switch, "post_message_switch", post_switch, methods=["POST"])
    run_views.register(bp)
    hook_views.register(bp)


# ---- texts -----------------------------------------------------------------------------------------


@of_issuer("messages.edit")
def get_messages(issuer: IssuerView) -> Response:
    """All that this tenant may say, and in which languages."""
    return _overview(issuer)


def _overview(issuer: IssuerView, refused: BadInput | None = None) -> Response:
    rt = current_runtime()
    found = editing.list_texts(rt, issuer.tenant_ref)
    policy = rules.get_policy(rt, issuer.tenant_ref)
    tenant = find_tenant(rt, issuer.tenant_ref)
    begins, _, ends = str(policy.quiet or "").partition("-")
    page = web.render(
        "certify/messages.html",
        refused=refused.worded() if refused else None,
        begins=request.form.get("begins", begins),
        ends=request.form.get("ends", ends),
        region=request.form.get("region", policy.region or ""),
        zone_name=tenant.zone if tenant else "UTC",
        switches=[
            (c_(TITLES[event]), event, c_(CHANNELS[way]), way, is_on) for event, way, is_on in rules.switches(policy)
        ],
        issuer=issuer,
        events=[(c_(TITLES[event]), [each for each in found if each.event == event]) for event in TITLES],
        language_name=languages.name_of,
        zone=tenant.zone if tenant else "UTC",
    )
    return Response(page, refused.status if refused else 200)


@of_issuer("messages.edit")
def post_rules(issuer: IssuerView) -> AnyResponse:
    rt, actor, form = current_runtime(), current_actor().ref, request.form
    try:
        rules.set_quiet(rt, issuer.tenant_ref, form.get("begins", ""), form.get("ends", ""), actor)
        rules.set_region(rt, issuer.tenant_ref, form.get("region", ""), actor)
    except BadInput as refused:
        return _overview(issuer, refused)
    return redirect(url_for("certify.messages", slug=issuer.slug), 303)


@of_issuer("messages.edit")
def get_switch(issuer: IssuerView, event: str, channel: str) -> str:
    """Whom turning it on or off would touch, before it is done."""
    rt = current_runtime()
    touched = rules.touched(rt, issuer.tenant_ref, event, channel)
    return web.render(
        "certify/message_switch.html",
        issuer=issuer,
        is_on=not rules.get_policy(rt, issuer.tenant_ref).is_off(event, channel),
        title=c_(TITLES[event]),
        channel=c_(CHANNELS[channel]),
        touched=touched,
    )


@of_issuer("messages.edit")
def post_switch(issuer: IssuerView, event: str, channel: str) -> AnyResponse:
    rt, actor = current_runtime(), current_actor().ref
    if request.form.get("do") == "off":
        rules.turn_off(rt, issuer.tenant_ref, event, channel, actor)
    else:
        token = request.form.get("touched", "") if request.form.get("tell") else None
        rules.turn_on(rt, issuer.tenant_ref, event, channel, actor, token)
    return redirect(url_for("certify.messages", slug=issuer.slug), 303)


@of_issuer("messages.edit")
def get_text(issuer: IssuerView, event: str, language: str) -> Response:
    return _page(issuer, editing.get_text(current_runtime(), issuer.tenant_ref, event, language))


@of_issuer("messages.edit")
def post_text(issuer: IssuerView, event: str, language: str) -> AnyResponse:
    """Shows how it would arrive, keeps it, or goes back to what we ship. What was typed is never lost."""
    rt, actor = current_runtime(), current_actor().ref
    if request.form.get("do") == "put_back":
        editing.put_back(rt, issuer.tenant_ref, event, language, actor)
        return redirect(url_for("certify.messages", slug=issuer.slug), 303)
    typed = Wording(**{part: request.form.get(part, "") for part in MOST})
    seen = TextView(event, language, typed)
    try:
        if request.form.get("do") == "save":
            editing.save(rt, issuer.tenant_ref, event, language, typed, actor)
            return redirect(url_for("certify.messages", slug=issuer.slug), 303)
        return _page(issuer, seen)
    except BadInput as refused:
        return _page(issuer, seen, refused)


def _page(issuer: IssuerView, seen: TextView, refused: BadInput | None = None) -> Response:
    shown = None
    if refused is None:
        try:
            shown = editing.preview(current_runtime(), issuer, seen.event, seen.language, seen.wording)
        except BadInput as error:
            refused = error
    locale = languages.find_locale(seen.language)
    page = web.render(
        "certify/message_text.html",
        issuer=issuer,
        text=seen,
        most=MOST,
        title=c_(TITLES[seen.event]),
        language=languages.name_of(seen.language),
        tag=seen.language,
        direction=locale.text_direction if locale else "ltr",
        placeholders=[(name, c_(about)) for name, about in PLACEHOLDERS.items()],
        shown=shown,
        refused=refused.worded() if refused else None,
    )
    return Response(page, refused.status if refused else 200)
