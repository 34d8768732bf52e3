"""What learners ask for on pages of their own: another name on a certificate, and their certificate itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from ..achievements.service import get_run
from ..awards.service import AwardView
from ..awards.states import AwardState
from ..core import web
from ..core.current import current_actor, current_runtime
from ..core.errors import BadInput, Conflict, Forbidden
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..issuing import corrections, own
from ..issuing.corrections import LONGEST_NAME, CorrectionView, Stage
from .access import NotYetVisible, View, as_holder, is_visible

STAGES = {
    Stage.OPEN: ("calm", N_("Asked for")),
    Stage.CONFIRMED: ("calm", N_("Confirmed, is being worked on")),
    Stage.DONE: ("good", N_("Issued again with the corrected name")),
    Stage.REFUSED: ("bad", N_("Another name refused")),
}


@dataclass(frozen=True, slots=True)
class Asking:
    """How it stands with the name on one certificate."""

    latest: CorrectionView | None  # the last request about it
    until: datetime  # the last moment to ask
    may_ask: bool

    @property
    def is_pending(self) -> bool:
        return self.latest is not None and self.latest.state in corrections.PENDING

    @property
    def is_shown(self) -> bool:
        """Whether the certificate's card leads here."""
        return self.may_ask or self.is_pending


def register(bp: Blueprint) -> None:
    page = "/awards/<uuid:award_id>/correction"
    bp.add_url_rule(page, "correction", get_correction)
    bp.add_url_rule(page, "post_correction", post_correction, methods=["POST"])
    bp.add_url_rule(f"{page}/confirm", "confirm_correction", confirm_correction, methods=["POST"])
    bp.add_url_rule("/runs/<uuid:run_id>/own", "post_own", post_own, methods=["POST"])


# ---- my name is wrong ------------------------------------------------------------------------------


def of_its_holder(view: View) -> View:
    """The view gets the award, if it is the caller's own and to be seen. Raises NotYetVisible."""

    @as_holder
    def guarded(*, award: AwardView) -> Any:
        if not is_visible(award):
            raise NotYetVisible()
        return view(award)

    return guarded


@of_its_holder
def get_correction(award: AwardView) -> str:
    """The form, or how far the request has come (R-184)."""
    return _page(award)


@of_its_holder
def post_correction(award: AwardView) -> AnyResponse | tuple[str, int]:
    """Asks for the name; it is free, and what cannot be asked for is said beside what was typed."""
    typed = {"name": request.form.get("name", ""), "note": request.form.get("note", "")}
    actor = current_actor().ref
    try:
        corrections.file(
            current_runtime(), award.id, typed["name"], typed["note"], learner_ref=award.learner_ref, actor=actor
        )
    except (BadInput, Conflict) as error:
        return _page(award, sentence=error.worded(), typed=typed), error.status
    return redirect(url_for(".correction", award_id=award.id), 303)


@of_its_holder
def confirm_correction(award: AwardView) -> AnyResponse | tuple[str, int]:
    """The learner says that the platform has the right name now (R-179)."""
    rt = current_runtime()
    try:
        latest = asking_of(rt, award, _of_learner(rt, award.learner_ref)).latest
        if latest is None:
            raise corrections.UnknownCorrection()
        corrections.confirm(rt, latest.id, actor=current_actor().ref, learner_ref=award.learner_ref)
    except Conflict as error:
        return _page(award, sentence=error.worded()), error.status
    return redirect(url_for(".correction", award_id=award.id), 303)


def asking_of(rt: Runtime, award: AwardView, asked: list[CorrectionView]) -> Asking:
    """`asked`: all that its learner ever asked for, the oldest first."""
    about = [each for each in asked if each.award_id == award.id]
    until = corrections.last_moment(rt, award)
    is_good = award.state is AwardState.ISSUED and award.frozen.recipient_name is not None
    latest = about[-1] if about else None
    is_pending = latest is not None and latest.state in corrections.PENDING
    return Asking(latest, until, is_good and not is_pending and rt.clock.now() <= until)


def _of_learner(rt: Runtime, learner_ref: str) -> list[CorrectionView]:
    with rt.reading() as session:
        return corrections.of_learner(session, learner_ref)


def _page(award: AwardView, **more: Any) -> str:
    rt = current_runtime()
    asking = asking_of(rt, award, _of_learner(rt, award.learner_ref))
    if not asking.may_ask and asking.latest is None and "sentence" not in more:
        late = rt.clock.now() > asking.until
        why = corrections.TooLateToAsk(days=rt.settings.correction_days) if late else corrections.NotCorrectable()
        more["sentence"] = why.worded()
    shown = {"sentence": None, "typed": {}} | more
    return web.render(
        "certify/correction.html",
        award=award,
        frozen=award.frozen,
        asking=asking,
        stages=STAGES,
        longest=LONGEST_NAME,
        **shown,
    )


# ---- my own certificate ----------------------------------------------------------------------------


def post_own(run_id: UUID) -> AnyResponse:
    """Decides for the learner who asks, and issues what is due (R-073); their page says what came of it."""
    rt, actor = current_runtime(), web.acting()
    with rt.reading() as session:
        run = get_run(session, run_id)
    if actor.learner_ref is None:
        raise Forbidden()
    own.ask(rt, run.id, actor.learner_ref, actor=actor.ref)
    return redirect(url_for(".me", asked=run.id), 303)
