"""A learner's own certificates, and the documents of awards."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from flask import Blueprint, Response, request
from sqlalchemy import orm

from ..achievements.service import list_attachments, list_issuers, runs_of
from ..awards import exceptions
from ..awards import service as awards
from ..awards.exceptions import NONE
from ..awards.service import AwardView
from ..awards.states import AwardState
from ..core import web
from ..core.current import current_runtime
from ..core.errors import Forbidden
from ..core.hosts import asking
from ..core.i18n import N_, c_
from ..core.runtime import Runtime
from ..credentials import forms
from ..documents import images
from ..documents.service import Printed
from ..eligibility import visibility
from ..issuing import corrections, criteria, own, printing
from ..issuing.showing import Showing, showing_of
from ..telemetry import service as telemetry
from . import learner_requests, queries, wording
from .access import NotYetVisible, is_visible
from .learner_requests import asking_of
from .queries import Waiting

STATES = {
    AwardState.ISSUED: ("good", N_("Valid")),
    AwardState.WITHDRAWN: ("warn", N_("Withdrawn")),
    AwardState.REVOKED: ("bad", N_("Revoked")),
    AwardState.GRANTED: ("calm", N_("Being prepared")),
}
FORMS = (
    ("open-badge.json", N_("Open Badge 3.0, for wallets")),
    ("open-badge.png", N_("Open Badge 3.0 inside a picture (PNG)")),
    ("open-badge.svg", N_("Open Badge 3.0 inside a picture (SVG)")),
    ("open-badge.jwt", N_("Open Badge 3.0 as a token (JWT)")),
    ("open-badge-2.json", N_("Open Badge 2.0, for older software")),
    ("open-badge-2.jws", N_("Open Badge 2.0, signed")),
    ("incredible.json", N_("inCredible certificate")),
)
NOT_YET = ("calm", N_("Issued, not visible yet"))
REPLACED = ("calm", N_("Replaced by a newer certificate"))
ERASED = ("calm", N_("Erased at your request"))


@dataclass(frozen=True, slots=True)
class Card:
    """One certificate on the learner's page, from what was frozen when it was issued."""

    award_id: UUID
    run_id: UUID
    title: str
    course: str
    name: str | None
    issuer: str
    code: str
    completed_on: datetime | None
    issued_at: datetime | None
    zone: str
    kind: str  # good, warn, bad or calm
    state: str
    public_url: str
    is_visible: bool  # False: it exists, and nobody sees it yet
    awaits: bool  # it will be seen, later
    visible_from: datetime | None  # None: nobody can say
    shown_on: date | None  # the date that it shows, where that is another day than that of its issue
    may_download: bool
    is_correctable: bool  # another name can be asked for, or was


def register(bp: Blueprint) -> None:
    bp.add_url_rule("/me", "me", get_me)
    bp.add_url_rule("/awards/<uuid:award_id>/certificate.pdf", "document", get_document)
    bp.add_url_rule("/awards/<uuid:award_id>/certificate.png", "picture", get_picture)
    bp.add_url_rule("/awards/<uuid:award_id>/credential/<form>", "credential", get_credential)
    learner_requests.register(bp)


def get_me() -> str:
    """All certificates of the person who is logged in, as a growing record (R-129), and what is still missing."""
    rt, actor = current_runtime(), web.acting()
    if actor.learner_ref is None:
        return web.render("certify/me.html", is_learner=False, cards=[], waiting=[], asked=None)
    with asking(rt, "runs_of_learner"):
        run_refs = list(rt.host.runs_of_learner(actor.learner_ref))
    with rt.reading() as session:
        cards = _cards(rt, session, actor.learner_ref)
        waiting: list[Waiting] = queries.waiting_of(session, actor.learner_ref, run_refs)
        asked_in = {
            each.run_id: [criteria.worded(one) for one in list_attachments(session, each.run_id)] for each in waiting
        }
    return web.render(
        "certify/me.html",
        is_learner=True,
        cards=cards,
        waiting=[(each, own.may_learners_start(each.pacing), asked_in[each.run_id]) for each in waiting],
        asked=_asked(cards, waiting),
        sentences=wording.sentences,
        forms=FORMS,
        has_pictures=images.can_draw(),
    )


def _asked(cards: list[Card], waiting: list[Waiting]) -> tuple[str, bool] | None:
    """For which run the learner has just asked for the certificate, and whether it is there."""
    run_id = request.args.get("asked", "")
    titles = {str(each.run_id): each.title for each in waiting}
    holds = {str(each.run_id): each.course for each in cards if each.may_download or each.awaits}
    if run_id in holds:
        return holds[run_id], True
    return (titles[run_id], False) if run_id in titles else None


def get_document(award_id: UUID) -> Response:
    """The PDF, for its learner and for those allowed for the run (R-137): the same bytes each time."""
    printed, who = _printed(award_id)
    telemetry.note(current_runtime(), "download", who=who)
    response = Response(printed.data, content_type="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=printed.name)
    return web.conditional(response, printed.sha256)


def get_picture(award_id: UUID) -> Response:
    """The certificate as a picture, as wide as a screen; with `?small` as wide as a card."""
    printed, _ = _printed(award_id)
    width = images.THUMBNAIL if "small" in request.args else images.SCREEN
    mark = f"{printed.sha256}-{width}"
    is_there = request.if_none_match.contains_weak(mark)  # then it is not drawn again, which takes longest
    response = Response(b"" if is_there else images.png(printed.data, width), content_type="image/png")
    return web.conditional(response, mark)


def _printed(award_id: UUID) -> tuple[Printed, str]:
    """The document, and as whom it is read."""
    rt = current_runtime()
    web.acting()
    with rt.reading() as session:
        award = awards.get_award(session, award_id)
    who = _require_reader_of(award)
    return printing.get_document(rt, award_id), who


def get_credential(award_id: UUID, form: str) -> Response:
    """The signed credential in one of its forms, for its learner and for those allowed for the run (R-152)."""
    rt = current_runtime()
    web.acting()
    with rt.reading() as session:
        award = awards.get_award(session, award_id)
    who = _require_reader_of(award)
    made = forms.make_form(rt, award_id, form)
    telemetry.note(rt, "download", who=who)
    response = Response(made.data, content_type=made.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=made.name)
    response.cache_control.private = True
    response.cache_control.no_cache = True
    return response


def _require_reader_of(award: AwardView) -> str:
    """Who reads it: its `learner`, or a `mentor`, as all staff of the run are counted.

    Raises Forbidden for others, and NotYetVisible for a learner who has to wait (R-086).
    """
    actor = web.acting()
    about = {"tenant_ref": award.tenant_ref, "run_ref": award.run_ref}
    is_own = actor.learner_ref == award.learner_ref
    is_own = is_own and web.may(actor, "award.read_own", learner_ref=award.learner_ref, **about)
    if is_own and is_visible(award):
        return "learner"
    if web.may(actor, "award.download", **about):
        return "mentor"
    raise NotYetVisible() if is_own else Forbidden()


def _cards(rt: Runtime, session: orm.Session, learner_ref: str) -> list[Card]:
    found = awards.awards_of_learner(session, learner_ref)
    replaced = {each.replaces_id for each in found if each.replaces_id and each.state is not AwardState.GRANTED}
    bases = {issuer.id: issuer.base for issuer in list_issuers(session)} if found else {}
    runs = runs_of(session, {each.run_id for each in found})
    special = exceptions.of_learner(session, learner_ref)
    asked = corrections.of_learner(session, learner_ref) if found else []
    shown = [showing_of(rt, runs[each.run_id].dates, special.get(each.run_id, NONE), each.granted_at) for each in found]
    return [
        _card(
            each,
            bases[each.issuer_id],
            seen,
            is_replaced=each.id in replaced,
            is_correctable=seen.is_visible and asking_of(rt, each, asked).is_shown,
        )
        for each, seen in zip(found, shown, strict=True)
    ]


def _card(award: AwardView, base: str, seen: Showing, *, is_replaced: bool, is_correctable: bool) -> Card:
    frozen = award.frozen
    kind, state = REPLACED if is_replaced and award.state is AwardState.REVOKED else STATES[award.state]
    if not seen.is_visible and award.state is AwardState.ISSUED:
        kind, state = NOT_YET
    if frozen.recipient_name is None:  # whatever it was, others are told the same
        kind, state = ERASED
    issued_on = visibility.day_of(award.issued_at, frozen.zone) if award.issued_at else None
    return Card(
        award_id=award.id,
        run_id=award.run_id,
        title=frozen.achievement_title,
        course=frozen.course_title,
        name=frozen.recipient_name,
        issuer=frozen.issuer_name,
        code=award.code,
        completed_on=frozen.completed_on,
        issued_at=award.issued_at,
        zone=frozen.zone,
        kind=kind,
        state=c_(state),
        public_url=printing.verify_url(base, award.code),
        is_visible=seen.is_visible,
        awaits=not seen.is_visible and award.state is AwardState.ISSUED,
        visible_from=seen.visible_from,
        shown_on=seen.other_date if seen.other_date != issued_on else None,
        may_download=seen.is_visible and award.state is AwardState.ISSUED and frozen.recipient_name is not None,
        is_correctable=is_correctable,
    )
