"""What became of the messages of a course run, for staff."""

from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from ..achievements.service import find_tenant, get_issuer
from ..achievements.views import open_run
from ..core import web
from ..core.current import current_actor, current_runtime
from ..core.i18n import c_
from . import decisions
from .decisions import CHANNELS, MAY_BECOME, STATES
from .reasons import WORDS
from .shipped import TITLES, kind_of
from .states import State

AT_ONCE = 100


def register(bp: Blueprint) -> None:
    bp.add_url_rule("/runs/<uuid:run_id>/messages", "run_messages", get_run_messages)
    bp.add_url_rule("/runs/<uuid:run_id>/messages", "post_run_messages", post_run_messages, methods=["POST"])


def get_run_messages(run_id: UUID) -> str:
    """How many were sent, and the messages in the state that is asked for: those of which nobody can know first."""
    run = open_run(run_id, "messages.read")
    rt, actor = current_runtime(), current_actor()
    named = request.args.get("state", State.UNKNOWN.value)
    state = State(named) if named in STATES else State.UNKNOWN
    page = request.args.get("page", "1")
    number = int(page) if page.isdecimal() and 0 < int(page) < 100_000 else 1
    with rt.reading() as session:
        counts = decisions.counts(session, run.id)
        found = decisions.list_messages(
            session, run_id=run.id, state=state, limit=AT_ONCE + 1, offset=(number - 1) * AT_ONCE
        )
        issuer = get_issuer(session, run.tenant_ref)
    tenant = find_tenant(rt, run.tenant_ref)
    may_decide = web.may(actor, "messages.decide", tenant_ref=run.tenant_ref, run_ref=run.run_ref)
    return web.render(
        "certify/run_messages.html",
        run=run,
        issuer=issuer,
        zone=tenant.zone if tenant else "UTC",
        counts=[
            (c_(name), [(c_(STATES[each]), each, counts.get((way, each), 0)) for each in STATES])
            for way, name in CHANNELS.items()
        ],
        states=[(each.value, c_(name)) for each, name in STATES.items()],
        state=state.value,
        state_name=c_(STATES[state]),
        rows=[
            (each, c_(TITLES.get(kind_of(each.event), each.event)), c_(CHANNELS[each.channel]), why(each))
            for each in found[:AT_ONCE]
        ],
        number=number,
        has_more=len(found) > AT_ONCE,
        verdicts=[each for each, states in MAY_BECOME.items() if state in states] if may_decide else [],
        may_edit=web.may(actor, "messages.edit", tenant_ref=run.tenant_ref),
    )


def post_run_messages(run_id: UUID) -> Response:
    """A person decides: these were sent, or they are to be sent again. Raises NothingToDecide."""
    run = open_run(run_id, "messages.decide")
    verdict = request.form.get("do", "")
    ids = [found for each in request.form.getlist("message") if (found := _uuid(each))]
    if verdict not in MAY_BECOME or not ids:
        raise decisions.NothingToDecide()
    decisions.decide(current_runtime(), ids, verdict, current_actor().ref, tenant_ref=run.tenant_ref, run_id=run.id)
    return redirect(url_for("certify.run_messages", run_id=run.id, state=request.form.get("state", "")), 303)


def why(message: decisions.MessageView) -> str:
    """The reason in words; empty if there is none to tell."""
    sentence = WORDS.get(message.reason or "")
    if sentence is None:
        return message.reason or ""
    return c_(sentence, answer=message.answer if message.answer is not None else "–")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
