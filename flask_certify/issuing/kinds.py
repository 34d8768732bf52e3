"""The kinds of batch, what each asks leave for, and what it does with the learners of a chunk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from ..awards import service as awards
from ..awards.causes import Cause, Why
from ..awards.service import FailureNote
from ..awards.states import AwardState, Move
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..eligibility.reasons import Reason
from . import lifecycle, many, reissuing
from .errors import NothingAttached
from .models import IssueBatch
from .orders import open_order
from .results import DECLINED, FAILED, REVOKED, LearnerOutcome

CHANGED = Reason("changed_since")
WITHDRAWN = Reason("is_withdrawn")


class BatchKind(StrEnum):
    ISSUE = "issue"
    REISSUE = "reissue"
    REVOKE = "revoke"

    @property
    def act(self) -> str:
        """What the host is asked to allow."""
        return f"award.{self.value}"

    @property
    def needs_reason(self) -> bool:
        return self is not BatchKind.ISSUE


@dataclass(frozen=True, slots=True)
class Item:
    """A learner whose turn has come, and what was shown of them in the preview. `foreseen` None: there was none.

    `shown_key`: the kind of certificate; None if it was to be none. `reason`: the code of what was said about it.
    """

    learner_ref: str
    position: int
    foreseen: str | None
    bound_award_id: UUID | None
    shown_key: str | None
    reason: str | None


Store = Callable[[Transaction], list[LearnerOutcome]]


def prepare(rt: Runtime, batch: IssueBatch, items: Sequence[Item]) -> Store:
    """Does all that can be done without a transaction; the rest, and an outcome for each learner, by what it returns.

    A batch that was previewed does what was shown and no more: who has become eligible since is not issued to, who
    would get another kind of certificate by now gets none, and whose certificate is another one, or was withdrawn
    meanwhile, is left alone. Each of them is told apart by `changed_since`, and the next preview shows what it is now.
    """
    try:
        match BatchKind(batch.kind):
            case BatchKind.ISSUE:
                return _issue(rt, batch, items)
            case BatchKind.REISSUE:
                return _reissue(rt, batch, items)
            case BatchKind.REVOKE:
                return _revoke(rt, batch, items)
    except NothingAttached as since:
        return _fail(rt, batch, items, Reason(since.code))


def _fail(rt: Runtime, batch: IssueBatch, items: Sequence[Item], reason: Reason) -> Store:
    """It is not about one of them, so nobody need be sought by trying them one by one."""
    to_do = {each.learner_ref for each in items if each.foreseen != DECLINED}
    notes = [FailureNote(ref, "decide", reason.code, reason.values) for ref in sorted(to_do)]

    def store(tx: Transaction) -> list[LearnerOutcome]:
        awards.note_again(tx, batch.tenant_ref, batch.run_id, notes, now=rt.clock.now(), batch_id=batch.id)
        refs = [each.learner_ref for each in items]
        return [LearnerOutcome(ref, FAILED if ref in to_do else DECLINED, (reason,)) for ref in refs]

    return store


def why_of(batch: IssueBatch) -> Why:
    return Why(Cause(batch.cause or Cause.OTHER), batch.note)


def _issue(rt: Runtime, batch: IssueBatch, items: Sequence[Item]) -> Store:
    order = open_order(rt, batch.run_id, actor=batch.opened_by, notify=batch.notify, batch_id=batch.id)
    prepared = many.prepare(rt, order, [each.learner_ref for each in items], _shown(items))
    return lambda tx: many.store(rt, tx, prepared)


def _shown(items: Sequence[Item]) -> dict[str, str | None]:
    """Who was shown to get which kind of certificate, or none."""
    return {each.learner_ref: each.shown_key for each in items if each.foreseen is not None}


def _reissue(rt: Runtime, batch: IssueBatch, items: Sequence[Item]) -> Store:
    order = open_order(rt, batch.run_id, actor=batch.opened_by, notify=batch.notify, batch_id=batch.id)
    with rt.reading() as session:
        held = awards.standing_of(
            session, order.run.tenant_ref, order.run.run_ref, [each.learner_ref for each in items]
        )
    now = {ref: each.award_id for ref, each in held.items() if each.state is not AwardState.GRANTED}
    withdrawn = {ref for ref, each in held.items() if each.state is AwardState.WITHDRAWN}
    as_shown = [
        each.learner_ref
        for each in items
        if now.get(each.learner_ref) == each.bound_award_id
        and (each.learner_ref not in withdrawn or each.reason == WITHDRAWN.code)
    ]
    again = reissuing.prepare(rt, order, [ref for ref in as_shown if ref in now], why_of(batch), _shown(items))
    first = many.prepare(rt, order, [ref for ref in as_shown if ref not in now], _shown(items))
    changed = _changed(items, set(as_shown))

    def store(tx: Transaction) -> list[LearnerOutcome]:
        outcomes = [*reissuing.store(rt, tx, again).values(), *changed]
        return outcomes + (many.store(rt, tx, first) if first.refs else [])

    return store


def _revoke(rt: Runtime, batch: IssueBatch, items: Sequence[Item]) -> Store:
    bound = {each.bound_award_id: each.learner_ref for each in items if each.bound_award_id is not None}
    fresh = lifecycle.fresh_for(rt, list(bound), Move.REVOKE, bar=True)

    def store(tx: Transaction) -> list[LearnerOutcome]:
        report = lifecycle.move_in(
            rt,
            tx,
            list(bound),
            Move.REVOKE,
            why_of(batch),
            actor=batch.opened_by,
            tell=batch.notify,
            bar=True,
            fresh=fresh,
        )
        done = [LearnerOutcome(each.learner_ref, REVOKED, award_id=each.award_id) for each in report.moved]
        left = [
            LearnerOutcome(bound[each.award_id], DECLINED, (_why_left(each),), award_id=each.award_id)
            for each in report.left
        ]
        return done + left

    return store


def _why_left(left: lifecycle.Left) -> Reason:
    return CHANGED if left.code in (lifecycle.ILLEGAL, lifecycle.UNKNOWN) else Reason(left.code)


def _changed(items: Sequence[Item], as_shown: set[str]) -> list[LearnerOutcome]:
    return [
        LearnerOutcome(each.learner_ref, DECLINED, (CHANGED,), award_id=each.bound_award_id)
        for each in items
        if each.learner_ref not in as_shown
    ]
