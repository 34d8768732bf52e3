"""Issue to many learners at once; a single issue is many of one (DESIGN decision 2).

The order is: who has one already, decide, draft, reserve places, sign (all without a transaction), then one
transaction that stores it all. Doing it again changes nothing: the index on live awards decides who gets one.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from ..achievements.service import freeze_issuer
from ..awards import service as awards
from ..awards.labels import label_of
from ..awards.moves import DOWNLOADABLE
from ..awards.service import FailureNote, Standing
from ..awards.states import AwardState
from ..core import audit
from ..core.runtime import Runtime
from ..core.texts import is_reference, storable
from ..core.transaction import Transaction
from ..credentials import service as credentials
from ..eligibility.answers import UNFIT
from ..eligibility.decide import Decision, Outcome
from ..eligibility.engine import Act
from ..eligibility.facts import NOTHING_KEPT, Entry, Kept
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided
from ..notifications import service as notifications
from ..notifications.service import Telling
from ..telemetry import service as telemetry
from . import showing, vetoes
from .drafts import Draft, draw_up, sign
from .keeping import kept_of, mode_of, turned
from .lifecycle import signal_status
from .orders import Order, languages_of, open_order
from .results import ALREADY, DECLINED, FAILED, ISSUED, LearnerOutcome

__all__ = [
    "ALREADY",
    "DECLINED",
    "FAILED",
    "ISSUED",
    "LearnerOutcome",
    "Order",
    "Prepared",
    "issue_many",
    "languages_of",
    "open_order",
    "prepare",
    "store",
]


NOBODY: Mapping[str, str | None] = MappingProxyType({})
CHANGED = Decision(Outcome.DECLINED, (Reason("changed_since"),))


@dataclass(frozen=True)
class Prepared:
    """All that is to be stored about some learners. `store` may run after it once, in one transaction."""

    order: Order
    standing: Mapping[str, Standing]
    decided: Mapping[str, Decided]
    drafts: Mapping[str, Draft]
    faulty: Mapping[str, Reason]
    channels: Mapping[str, Any]
    refs: tuple[str, ...]
    kept: Mapping[str, Kept] = field(default_factory=dict)
    revoked: Mapping[str, UUID] = field(default_factory=dict)  # the last award that was revoked for good
    turned: Mapping[str, Reason] = field(default_factory=dict)  # found when it was to be stored: not now, and why


def issue_many(
    rt: Runtime, run_id: UUID, learner_refs: Sequence[str], *, actor: str, notify: bool = True
) -> list[LearnerOutcome]:
    """Issues to those of the learners who may have a certificate and have none; one outcome for each, in order."""
    fit = [ref for ref in learner_refs if is_reference(ref)]
    prepared = prepare(rt, open_order(rt, run_id, actor=actor, notify=notify), fit)
    with rt.transaction() as tx:
        outcomes = {each.learner_ref: each for each in store(rt, tx, prepared)}
    return [outcomes.get(ref) or LearnerOutcome(ref, FAILED, (UNFIT,)) for ref in learner_refs]


# ---- before the transaction ------------------------------------------------------------------------


def prepare(
    rt: Runtime, order: Order, learner_refs: Sequence[str], shown: Mapping[str, str | None] = NOBODY
) -> Prepared:
    """Decides, draws up and signs. Writes nothing but the reservation of places in the status list.

    Who stands in `shown` gets that kind of certificate or, if it is None, no certificate: nobody gets what was not
    shown, whatever has become true since.

    Raises HostUnavailable, and whatever the signing key's store raises when it is away: later is not no.
    """
    with rt.reading() as session:
        standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, learner_refs)
        kept = kept_of(session, order.run.id, learner_refs)
        revoked = awards.last_revoked(session, order.run.tenant_ref, order.run.run_ref, learner_refs)
    granted = {ref: held for ref, held in standing.items() if held.state is AwardState.GRANTED}
    drafts = {
        ref: _taken_up(ref, held)
        for ref, held in granted.items()
        if is_as_shown(shown, ref, held.achievement_key) and not _is_invalid(kept, ref)
    }
    undecided = [ref for ref in learner_refs if ref not in standing or ref in granted]
    found = vetoes.decide_and_ask(rt, order.course_run, order.attachments, undecided, kept) if undecided else []
    decided = {each.learner_ref: each for each in found}
    now, faulty = rt.clock.now(), dict[str, Reason]()
    for ref, each in list(decided.items()):
        if each.decision.granted and ref not in drafts:
            draft = draw_up(order, each, now)
            if isinstance(draft, Reason):
                faulty[ref] = draft
            elif not is_as_shown(shown, ref, draft.frozen.achievement_key):
                decided[ref] = replace(each, decision=CHANGED)
            else:
                drafts[ref] = draft
    sign(rt, order, drafts, faulty)
    signed = [ref for ref, draft in drafts.items() if draft.signed]
    channels = notifications.choose_channels(rt, signed) if order.notify and signed else {}
    return Prepared(order, standing, decided, drafts, faulty, channels, tuple(learner_refs), kept, revoked)


def is_as_shown(shown: Mapping[str, str | None], ref: str, key: str) -> bool:
    """Whether a certificate of this kind is what was shown; to whom nothing was shown, anything is."""
    return shown.get(ref, key) == key


def _is_invalid(kept: Mapping[str, Kept], ref: str) -> bool:
    return kept.get(ref, NOTHING_KEPT).invalidation is Entry.ACTIVE


def _taken_up(ref: str, held: Standing) -> Draft:
    """Granted before, and not signed then: the same award and code are signed now."""
    return Draft(held.award_id, ref, held.code, held.frozen, held.achievement_id, held.frozen.language)


# ---- in the transaction ----------------------------------------------------------------------------


def store(rt: Runtime, tx: Transaction, prepared: Prepared) -> list[LearnerOutcome]:
    """Writes what was prepared: awards, credentials, records, failures, audit entries, messages to send."""
    order, now = prepared.order, rt.clock.now()
    prepared = _without_turned(tx, prepared)
    stored = _store_awards(tx, prepared, now)
    outcomes = [_outcome(prepared, stored, ref) for ref in prepared.refs]
    fresh = [draft for draft in prepared.drafts.values() if draft.award_id in stored and draft.signed]
    credentials.store_many(tx, [draft.signed for draft in fresh if draft.signed])
    if fresh:
        freeze_issuer(tx, order.issuer.id, now)
    records = _records(prepared, outcomes, now)
    awards.write_records(tx, records)
    for each in records:
        if not each["award_id"] and each["status"] != prepared.kept.get(each["learner_ref"], NOTHING_KEPT).status:
            signal_status(rt, tx, order.run, each["learner_ref"], each["status"])
    _note_failures(tx, order, outcomes, now)
    of_batch = {"batch": str(order.batch_id or "")}
    audit.record_many(
        tx,
        tenant_ref=order.run.tenant_ref,
        actor_ref=order.actor,
        at=now,
        acts=[audit.Act("award.issue", f"award:{draft.award_id}", None, of_batch) for draft in fresh],
    )
    _tell(rt, tx, prepared, fresh, now)
    return outcomes


def _without_turned(tx: Transaction, prepared: Prepared) -> Prepared:
    """Who was declared invalid, or taken off the allowlist, after it was decided gets nothing by it."""
    found = turned(tx.session, prepared.order.run.id, prepared.kept, list(prepared.drafts))
    if not found:
        return prepared
    drafts = {ref: draft for ref, draft in prepared.drafts.items() if ref not in found}
    return replace(prepared, drafts=drafts, turned=found)


def _store_awards(tx: Transaction, prepared: Prepared, now: datetime) -> set[UUID]:
    """The ids of the awards that are now ours to finish; of a race with another batch one wins."""
    rows = [
        {
            **draft.row,
            "follows_id": prepared.revoked.get(draft.learner_ref),
            "state": AwardState.ISSUED if draft.signed else AwardState.GRANTED,
            "issued_at": now if draft.signed else None,
        }
        for draft in prepared.drafts.values()
        if draft.row is not None
    ]
    stored = awards.insert_awards(tx, rows) if rows else set()
    taken_up = [draft.award_id for draft in prepared.drafts.values() if draft.row is None and draft.signed]
    return stored | awards.mark_issued(tx, taken_up, now)


def _outcome(prepared: Prepared, stored: Collection[UUID], ref: str) -> LearnerOutcome:
    draft, held = prepared.drafts.get(ref), prepared.standing.get(ref)
    if ref in prepared.turned:
        return LearnerOutcome(ref, DECLINED, (prepared.turned[ref],))
    if ref in prepared.faulty:
        return LearnerOutcome(ref, FAILED, (prepared.faulty[ref],), _key_granted(prepared, ref))
    if draft is not None:
        key = draft.frozen.achievement_key
        if draft.trouble is not None:
            return LearnerOutcome(ref, FAILED, (draft.trouble,), key, draft.award_id)
        if draft.award_id in stored:
            return LearnerOutcome(ref, ISSUED, prepared.decided[ref].decision.reasons, key, draft.award_id)
        return LearnerOutcome(ref, ALREADY, (Reason("already_issued"),), key)
    if held is not None and held.state is not AwardState.GRANTED:
        return LearnerOutcome(ref, ALREADY, (Reason("already_issued"),), held.achievement_key, held.award_id)
    decision = prepared.decided[ref].decision
    return LearnerOutcome(ref, FAILED if decision.outcome is Outcome.FAULTY else DECLINED, decision.reasons)


def _key_granted(prepared: Prepared, ref: str) -> str | None:
    """What the learner would have had, had nothing been wrong (R-168)."""
    attachment_id = prepared.decided[ref].decision.attachment_id if ref in prepared.decided else None
    return prepared.order.by_id[attachment_id].achievement.key if attachment_id else None


def _records(prepared: Prepared, outcomes: Sequence[LearnerOutcome], now: datetime) -> list[dict[str, Any]]:
    """The latest outcome of each learner who was decided upon, or whose award was finished."""
    return [
        {
            "run_id": prepared.order.run.id,
            "learner_ref": each.learner_ref,
            "status": _status(prepared, each),
            "label": label_of(
                has_live_award=each.result == ISSUED,
                issue_failed=each.result == FAILED,
                in_audience=decided.in_audience,
            ),
            "type": each.achievement_key,
            "award_id": each.award_id if each.result == ISSUED else None,
            "reasons": [reason.to_json() for reason in each.reasons],
            "eligible": None if decided.decision.outcome is Outcome.FAULTY else decided.decision.granted,
            "grade": decided.score,
            "mode": mode_of(decided.record),
            "completed_on": decided.record.completed_on if decided.record else None,
            "display_name": storable(decided.record.display_name, 300) if decided.record else None,
            "external_id": storable(decided.record.external_id, 100) if decided.record else None,
            "decided_at": now,
        }
        for each in outcomes
        if each.result != ALREADY
        and each.learner_ref not in prepared.turned  # whoever turned it has written what it is now
        and (decided := prepared.decided.get(each.learner_ref)) is not None
    ]


def _status(prepared: Prepared, outcome: LearnerOutcome) -> str | None:
    """What the evaluation writes (R-062); what it would write for a certificate only once that is there."""
    if outcome.result == ISSUED:
        return DOWNLOADABLE
    verdict = prepared.decided[outcome.learner_ref].decision.verdict
    if verdict is not None and verdict.act is Act.SET_STATUS:
        return verdict.status_after
    return prepared.kept.get(outcome.learner_ref, NOTHING_KEPT).status


def _note_failures(tx: Transaction, order: Order, outcomes: Sequence[LearnerOutcome], now: datetime) -> None:
    awards.resolve_failures(
        tx,
        order.run.id,
        [each.learner_ref for each in outcomes if each.result == ISSUED],
        ("decide", "sign"),
        now,
    )
    awards.note_again(
        tx,
        order.run.tenant_ref,
        order.run.id,
        [
            FailureNote(each.learner_ref, "sign" if each.award_id else "decide", reason.code, reason.values)
            for each in outcomes
            if each.result == FAILED
            for reason in each.reasons[:1]
        ],
        now=now,
        batch_id=order.batch_id,
    )


def _tell(rt: Runtime, tx: Transaction, prepared: Prepared, fresh: Sequence[Draft], now: datetime) -> None:
    order = prepared.order
    if order.notify and fresh:
        tellings = [
            Telling(draft.award_id, draft.learner_ref, draft.locale, prepared.channels[draft.learner_ref])
            for draft in fresh
        ]
        showing.tell(rt, tx, order, "issued", tellings, now)
    for key, count in Counter(draft.frozen.achievement_key for draft in fresh).items():
        tx.then(telemetry.note, rt, "issued", times=count, type=key)
    for draft in fresh:
        values = {
            "award_id": draft.award_id,
            "run_ref": order.run.run_ref,
            "learner_ref": draft.learner_ref,
            "code": draft.code,
        }
        tx.then(rt.send_signal, "award_issued", values)
        changed = {
            "run_ref": order.run.run_ref,
            "learner_ref": draft.learner_ref,
            "status": DOWNLOADABLE,
            "awarded_at": now,
        }
        tx.then(rt.send_signal, "record_changed", changed)
