"""Issue again, one or many: the new certificate is made before the old one is replaced (R-098 to R-102, DESIGN 8).

Prerequisites are checked again by the same decision; that there is a certificate already stops nothing. What is
refused or fails leaves the old one exactly as it was, and is noted with its reason. The way back is `undoing`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import freeze_issuer
from ..awards import moves
from ..awards import service as awards
from ..awards.causes import Cause, Why
from ..awards.labels import ISSUED as ISSUED_LABEL
from ..awards.models import Award
from ..awards.moves import DOWNLOADABLE
from ..awards.service import AwardView, FailureNote, Standing, get_award
from ..awards.states import AwardState, Move
from ..core import audit
from ..core.errors import Conflict
from ..core.i18n import N_
from ..core.ids import spaced
from ..core.runtime import Runtime
from ..core.texts import storable
from ..core.transaction import Transaction
from ..credentials import service as credentials
from ..eligibility import visibility
from ..eligibility.decide import Decision, Outcome
from ..eligibility.facts import Kept
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided
from ..notifications import service as notifications
from ..notifications.service import Channels, Telling
from . import renewals, showing, vetoes
from .drafts import Draft, draw_up, sign
from .keeping import kept_of, mode_of, turned
from .lifecycle import signal_records
from .many import CHANGED, NOBODY, is_as_shown, issue_many
from .orders import Order, open_order
from .results import ALREADY, DECLINED, FAILED, REISSUED, LearnerOutcome

STEP = "reissue"  # in the failure log
ERASED = Decision(Outcome.DECLINED, (Reason("erased"),))


class ReplacedAlready(Conflict):
    code = "reissue.replaced_already"
    sentence = N_("This certificate was replaced already. What counts now is %(code)s: name that one.")


@dataclass(frozen=True)
class Prepared:
    """All that is to be stored about learners who have a certificate already."""

    order: Order
    why: Why
    standing: Mapping[str, Standing]
    decided: Mapping[str, Decided]
    drafts: Mapping[str, Draft]
    faulty: Mapping[str, Reason]
    channels: Mapping[str, Channels]
    kept: Mapping[str, Kept]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What staff see before: the old certificate beside the new one, or why there would be none (R-183)."""

    learner_ref: str
    old: AwardView | None
    new_name: str | None
    new_key: str | None
    new_completed_on: datetime | None
    refused: tuple[Reason, ...]


# ---- issue again -----------------------------------------------------------------------------------


def reissue_many(
    rt: Runtime, run_id: UUID, learner_refs: Sequence[str], why: Why, *, actor: str, notify: bool = True
) -> list[LearnerOutcome]:
    """A new certificate for each who has one and meets the prerequisites; who never had one gets a first (R-099).

    One outcome for each, in order. Raises what `issue_many` raises; then nothing has changed.
    """
    refs = list(dict.fromkeys(learner_refs))
    order = open_order(rt, run_id, actor=actor, notify=notify)
    prepared = prepare(rt, order, refs, why)
    with rt.transaction() as tx:
        outcomes = store(rt, tx, prepared)
    first = [ref for ref in refs if ref not in prepared.standing]
    if first:
        outcomes |= {each.learner_ref: each for each in issue_many(rt, run_id, first, actor=actor, notify=notify)}
    return [outcomes[ref] for ref in refs]


def compare(
    rt: Runtime, run_id: UUID, learner_refs: Sequence[str], cause: Cause = Cause.NAME_CORRECTED
) -> list[Comparison]:
    """What a re-issue for this reason would do for each of these learners. Writes and signs nothing."""
    order = open_order(rt, run_id, actor="", notify=False)
    with rt.reading() as session:
        standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, learner_refs)
        views = {ref: get_award(session, held.award_id) for ref, held in standing.items()}
        kept = kept_of(session, run_id, learner_refs)
    found = vetoes.decide_and_ask(rt, order.course_run, order.attachments, learner_refs, as_if_new(kept))
    told = []
    for each in unless_erased(found, standing):
        old = views.get(each.learner_ref)
        draft = draw_up_successor(rt, order, each, standing.get(each.learner_ref), cause)
        if isinstance(draft, Draft):
            frozen = draft.frozen
            told.append(
                Comparison(
                    each.learner_ref, old, frozen.recipient_name, frozen.achievement_key, frozen.completed_on, ()
                )
            )
        else:
            told.append(Comparison(each.learner_ref, old, None, None, None, draft))
    return told


def prepare(
    rt: Runtime, order: Order, refs: Sequence[str], why: Why, shown: Mapping[str, str | None] = NOBODY
) -> Prepared:
    """Decides, draws up and signs for those who have a certificate. No transaction is open. Of `shown` see `many`."""
    with rt.reading() as session:
        held = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, refs)
        kept = kept_of(session, order.run.id, refs)
    standing = {ref: each for ref, each in held.items() if each.state is not AwardState.GRANTED}
    new = as_if_new(kept)
    found = vetoes.decide_and_ask(rt, order.course_run, order.attachments, list(standing), new) if standing else []
    found = unless_erased(found, standing)
    decided = {each.learner_ref: each for each in found}
    drafts, faulty = dict[str, Draft](), dict[str, Reason]()
    for each in found:
        draft = draw_up_successor(rt, order, each, standing[each.learner_ref], why.cause)
        if isinstance(draft, Draft):
            if is_as_shown(shown, each.learner_ref, draft.frozen.achievement_key):
                drafts[each.learner_ref] = draft
            else:
                decided[each.learner_ref] = replace(each, decision=CHANGED)
        elif each.decision.granted:
            faulty[each.learner_ref] = draft[0]
    sign(rt, order, drafts, faulty)
    signed = [ref for ref, draft in drafts.items() if draft.signed]
    channels = notifications.choose_channels(rt, signed) if order.notify and signed else {}
    return Prepared(order, why, standing, decided, drafts, faulty, channels, kept)


def as_if_new(kept: Mapping[str, Kept]) -> dict[str, Kept]:
    """Rule (8), already final, does not stop a re-issue (R-059); exceptions and invalidations count as ever."""
    return {ref: replace(each, status=None, made_in=None) for ref, each in kept.items()}


def unless_erased(found: Sequence[Decided], standing: Mapping[str, Standing]) -> list[Decided]:
    """What was erased at its holder's wish does not come back, whatever the learning platform still knows (R-254)."""
    gone = {ref for ref, held in standing.items() if held.frozen.recipient_name is None}
    return [replace(each, decision=ERASED) if each.learner_ref in gone else each for each in found]


def draw_up_successor(
    rt: Runtime, order: Order, decided: Decided, held: Standing | None, cause: Cause
) -> Draft | tuple[Reason, ...]:
    """The successor, or why there is none. The date of completion stays that of the first certificate (R-097), and so
    does the end of its validity, unless it is renewed (R-114)."""
    now, renewing = rt.clock.now(), cause is Cause.RENEWED
    if not decided.decision.granted or decided.record is None:
        return decided.decision.reasons
    opens = renewals.opens_at(rt.settings.renewal_days, held.frozen) if held and renewing else None
    if opens is not None and now < opens:
        return (Reason("renewal.too_early", {"day": visibility.day_of(opens, order.tenant.zone).isoformat()}),)
    completed_on = held.frozen.completed_on if held else None
    if completed_on is not None:
        decided = replace(decided, record=replace(decided.record, completed_on=completed_on))
    draft = draw_up(order, decided, now, replaced=held, renewing=renewing)
    if isinstance(draft, Reason):
        return (draft,)
    if held is not None and draft.row is not None:
        draft.row |= {"state": AwardState.GRANTED, "issued_at": None, "replaces_id": held.award_id}
    return draft


# ---- in the transaction ----------------------------------------------------------------------------


def store(rt: Runtime, tx: Transaction, prepared: Prepared) -> dict[str, LearnerOutcome]:
    """Successors are granted, the old ones superseded, the successors issued: all or nothing."""
    order, now = prepared.order, rt.clock.now()
    ready = {ref: draft for ref, draft in prepared.drafts.items() if draft.signed}
    since = turned(tx.session, order.run.id, prepared.kept, list(ready))
    standing = _lock(tx, {ref: prepared.standing[ref] for ref in ready if ref not in since})
    fresh = {ref: ready[ref] for ref in standing}
    rows = [draft.row for draft in fresh.values() if draft.row is not None]
    if rows:
        tx.session.execute(sa.insert(Award), sorted(rows, key=lambda row: str(row["learner_ref"])))
    replaced = {standing[ref].award_id: {"by": str(draft.award_id)} for ref, draft in fresh.items()}
    moved = moves.move_many(
        tx, list(replaced), Move.SUPERSEDE, prepared.why, actor=order.actor, now=now, details=replaced
    )
    awards.mark_issued(tx, [draft.award_id for draft in fresh.values()], now)
    credentials.store_many(tx, [draft.signed for draft in fresh.values() if draft.signed])
    outcomes = {ref: _outcome(prepared, fresh, ref, since.get(ref)) for ref in prepared.standing}
    if fresh:
        freeze_issuer(tx, order.issuer.id, now)
        awards.write_records(tx, [_record(prepared, ref, now) for ref in fresh])
    _note(tx, prepared, outcomes, now)
    audit.record_many(
        tx,
        tenant_ref=order.run.tenant_ref,
        actor_ref=order.actor,
        at=now,
        acts=[
            audit.Act(
                "award.issue",
                f"award:{draft.award_id}",
                prepared.why.cause,
                {"replaces": str(standing[ref].award_id)},
            )
            for ref, draft in fresh.items()
        ],
    )
    credentials.mark_dirty(tx, [each.award_id for each in moved])
    _tell(rt, tx, prepared, fresh, standing, now)
    signal_records(rt, tx, moved)
    return outcomes


def _lock(tx: Transaction, standing: Mapping[str, Standing]) -> dict[str, Standing]:
    """Those whose certificate is still the one that was looked at. Of two re-issues at once the second finds none; nor
    is there one of whom was erased at that moment."""
    found = {
        award_id: (state, frozen.get("recipient_name"))
        for some in moves.in_parts([held.award_id for held in standing.values()])
        for award_id, state, frozen in tx.session.execute(
            sa.select(Award.id, Award.state, Award.frozen)
            .where(Award.id.in_(some))
            .order_by(Award.id)
            .with_for_update()
        )
    }
    return {
        ref: held
        for ref, held in standing.items()
        if found.get(held.award_id) == (held.state, held.frozen.recipient_name)
    }


def _outcome(prepared: Prepared, fresh: Mapping[str, Draft], ref: str, since: Reason | None) -> LearnerOutcome:
    held, decision = prepared.standing[ref], prepared.decided[ref].decision
    key = held.achievement_key
    if ref in prepared.faulty:
        return LearnerOutcome(ref, FAILED, (prepared.faulty[ref],), key, held.award_id)
    draft = prepared.drafts.get(ref)
    if draft is None:
        result = FAILED if decision.outcome is Outcome.FAULTY else DECLINED
        return LearnerOutcome(ref, result, decision.reasons, key, held.award_id)
    if draft.trouble is not None:
        return LearnerOutcome(ref, FAILED, (draft.trouble,), key, held.award_id)
    if since is not None:
        return LearnerOutcome(ref, DECLINED, (since,), key, held.award_id)
    if ref not in fresh:
        return LearnerOutcome(ref, ALREADY, (Reason("already_issued"),), key, held.award_id)
    return LearnerOutcome(ref, REISSUED, decision.reasons, draft.frozen.achievement_key, draft.award_id)


def _record(prepared: Prepared, ref: str, now: datetime) -> dict[str, Any]:
    decided, draft = prepared.decided[ref], prepared.drafts[ref]
    assert decided.record is not None
    return {
        "run_id": prepared.order.run.id,
        "learner_ref": ref,
        "status": DOWNLOADABLE,
        "label": ISSUED_LABEL,
        "type": draft.frozen.achievement_key,
        "award_id": draft.award_id,
        "reasons": [reason.to_json() for reason in decided.decision.reasons],
        "eligible": True,
        "grade": decided.score,
        "mode": mode_of(decided.record),
        "completed_on": draft.frozen.completed_on,
        "display_name": storable(decided.record.display_name, 300),
        "external_id": storable(decided.record.external_id, 100),
        "decided_at": now,
    }


def _note(tx: Transaction, prepared: Prepared, outcomes: Mapping[str, LearnerOutcome], now: datetime) -> None:
    """A re-issue that was refused is a failure as well: somebody asked for it (R-098)."""
    order = prepared.order
    settled = [ref for ref, each in outcomes.items() if each.result == REISSUED]
    awards.resolve_failures(tx, order.run.id, settled, (STEP,), now)
    notes = [
        FailureNote(ref, STEP, each.reasons[0].code, each.reasons[0].values)
        for ref, each in outcomes.items()
        if each.result in (DECLINED, FAILED)
    ]
    awards.note_again(tx, order.run.tenant_ref, order.run.id, notes, now=now, batch_id=order.batch_id)


def _tell(
    rt: Runtime,
    tx: Transaction,
    prepared: Prepared,
    fresh: Mapping[str, Draft],
    standing: Mapping[str, Standing],
    now: datetime,
) -> None:
    order = prepared.order
    if order.notify and fresh:
        tellings = [Telling(draft.award_id, ref, draft.locale, prepared.channels[ref]) for ref, draft in fresh.items()]
        showing.tell(rt, tx, order, REISSUED, tellings, now)
    for ref, draft in fresh.items():
        values = {
            "award_id": draft.award_id,
            "run_ref": order.run.run_ref,
            "learner_ref": ref,
            "code": draft.code,
            "replaces_id": standing[ref].award_id,
            "replaced_code": standing[ref].code,
        }
        tx.then(rt.send_signal, "award_reissued", values)


# ---- by what people name -----------------------------------------------------------------------------


def check_counts(rt: Runtime, award: AwardView) -> None:
    """Raises ReplacedAlready: whoever says the same thing twice means one new certificate, and not two."""
    if award.state is not AwardState.REVOKED:
        return
    with rt.reading() as session:
        held = awards.standing_of(session, award.tenant_ref, award.run_ref, [award.learner_ref])
    if award.learner_ref in held:
        raise ReplacedAlready(code=spaced(held[award.learner_ref].code))


def learners_of(awards: Collection[AwardView]) -> dict[UUID, list[str]]:
    """The learners of these awards, by run: what `reissue_many` takes."""
    found: dict[UUID, list[str]] = {}
    for each in awards:
        found.setdefault(each.run_id, []).append(each.learner_ref)
    return found
