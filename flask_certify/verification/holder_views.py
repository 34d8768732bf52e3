"""The holder's own page about one certificate: how much its page shows, links to it, and what networks ask for."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..awards import service as awards
from ..awards.service import AwardView
from ..awards.states import AwardState
from ..core import web
from ..core.current import current_actor, current_runtime
from ..core.errors import BadInput, Forbidden
from ..core.i18n import N_, c_
from ..credentials import forms
from ..credentials.errors import NotSigned
from ..credentials.forms import Source
from . import sharing, wording
from .disclosure import Level
from .sharing import ShareView

LEVELS = (
    (Level.STATUS, N_("Only whether it is valid")),
    (Level.INITIALS, N_("Also the initials of your name, and what you earned")),
    (Level.FULL, N_("Everything that it says")),
)
ENDS = (
    (7, N_("For a week")),
    (30, N_("For 30 days")),
    (365, N_("For a year")),
    (0, N_("Until you withdraw it")),
)

View = Callable[..., Any]


class UnknownChoice(BadInput):
    code = "share.unknown_choice"
    sentence = N_("Choose one of what the page offers. Nothing was changed.")


def register(bp: Blueprint) -> None:
    page = "/awards/<uuid:award_id>/sharing"
    bp.add_url_rule(page, "sharing", get_sharing)
    bp.add_url_rule(f"{page}/level", "post_level", post_level, methods=["POST"])
    bp.add_url_rule(f"{page}/links", "post_link", post_link, methods=["POST"])
    bp.add_url_rule(f"{page}/links/<uuid:share_id>/withdraw", "withdraw_link", withdraw_link, methods=["POST"])


def of_its_holder(view: View) -> View:
    """The view gets the award, if it belongs to the person who is logged in. Staff share nothing in their place."""

    @wraps(view)
    def guarded(award_id: UUID, **more: Any) -> Any:
        rt, actor = current_runtime(), web.acting()
        with rt.reading() as session:
            award = awards.get_award(session, award_id)
        about = {"tenant_ref": award.tenant_ref, "run_ref": award.run_ref, "learner_ref": award.learner_ref}
        if actor.learner_ref != award.learner_ref or not web.may(actor, "award.read_own", **about):
            raise Forbidden()
        return view(award, **more)

    return guarded


@of_its_holder
def get_sharing(award: AwardView) -> str:
    """What others see of the certificate, and how to show it to them."""
    rt = current_runtime()
    source = _source(award)
    shared, now = sharing.sharing_of(rt, award.id), rt.clock.now()
    return web.render(
        "certify/verification/sharing.html",
        award=award,
        frozen=award.frozen,
        shared=shared,
        levels=[(level, c_(words), shared.allows(level)) for level, words in LEVELS],
        level_names={level: c_(words) for level, words in LEVELS},
        ends=[(days, c_(words)) for days, words in ENDS],
        links=[(share, _address(share), share.is_open(now)) for share in shared.shares],
        page_url=f"{rt.settings.base}/v/{award.code}",
        fields=wording.network_fields(forms.network_entry(source)) if source else [],
        linkedin_url=forms.linkedin_url(source) if source else None,
    )


@of_its_holder
def post_level(award: AwardView) -> AnyResponse:
    """How much the page of the code shows from now on."""
    sharing.choose_level(current_runtime(), award.id, _level(), actor=current_actor().ref)
    return _back(award, "cf-level")


@of_its_holder
def post_link(award: AwardView) -> AnyResponse:
    """One link more."""
    rt, level = current_runtime(), _level()
    days = request.form.get("days", "")
    if days not in {str(each) for each, _ in ENDS}:
        raise UnknownChoice()
    ends_at = rt.clock.now() + timedelta(days=int(days)) if int(days) else None
    sharing.make_link(rt, award.id, level, ends_at, actor=current_actor().ref)
    return _back(award, "cf-links")


@of_its_holder
def withdraw_link(award: AwardView, share_id: UUID) -> AnyResponse:
    """The link leads nowhere any more."""
    sharing.withdraw_link(current_runtime(), award.id, share_id, actor=current_actor().ref)
    return _back(award, "cf-links")


# ---- within ------------------------------------------------------------------------------------------------------


def _level() -> Level:
    """Raises UnknownChoice."""
    try:
        return Level(request.form.get("level", ""))
    except ValueError:
        raise UnknownChoice() from None


def _source(award: AwardView) -> Source | None:
    """None where there is nothing to be shown off."""
    if award.state is not AwardState.ISSUED:
        return None
    try:
        return forms.source_of(current_runtime(), award.id)
    except NotSigned:
        return None


def _address(share: ShareView) -> str:
    return f"{current_runtime().settings.base}/share/{share.token}"


def _back(award: AwardView, anchor: str) -> AnyResponse:
    return redirect(url_for(".sharing", award_id=award.id, _anchor=anchor), 303)
