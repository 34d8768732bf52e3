"""Pause a batch, let it go on, stop it, and take up again those for whom it failed (R-126)."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from ..core import audit, steering
from ..core.errors import Conflict, DatabaseBusy
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import jobs, previews
from .counts import count_items
from .errors import UnknownBatch
from .kinds import BatchKind
from .models import FINISHED, PAUSED, PLANNING, PREVIEW, RUNNING, STOPPING, IssueBatch, IssueItem
from .results import TO_DO_AGAIN

TRIES = 4  # while workers hold what is to be changed

AFTER = {"pause": PAUSED, "resume": RUNNING, "stop": STOPPING}


class NotPossibleNow(Conflict):
    code = "batch.not_possible_now"
    sentence = N_("This cannot be done now: the batch is %(state)s.")


class NobodyToTakeUp(Conflict):
    code = "batch.nobody_to_take_up"
    sentence = N_("Nobody in this batch has failed or was left out.")


def pause(rt: Runtime, batch_id: UUID, actor: str) -> None:
    """No further learners are begun with; those who are being worked on are finished. Raises NotPossibleNow."""
    _insist(rt, _pause, batch_id, actor)


def _pause(rt: Runtime, tx: Transaction, batch_id: UUID, actor: str) -> None:
    work_id = _work_of(tx, batch_id)
    if not steering.pause(tx.session, work_id):
        raise NotPossibleNow(state=_state(tx, batch_id))
    _note(rt, tx, batch_id, work_id, actor, "pause", (PLANNING, RUNNING))


def resume(rt: Runtime, batch_id: UUID, actor: str) -> None:
    """Goes on where it was paused. Raises NotPossibleNow."""
    _insist(rt, _resume, batch_id, actor)


def _resume(rt: Runtime, tx: Transaction, batch_id: UUID, actor: str) -> None:
    work_id = _work_of(tx, batch_id)
    if not steering.resume(tx.session, work_id):
        raise NotPossibleNow(state=_state(tx, batch_id))
    batch = _note(rt, tx, batch_id, work_id, actor, "resume", (PAUSED,))
    batch.state = RUNNING if batch.total is not None else PLANNING
    batch.going_since, batch.done_before = rt.clock.now(), count_items(tx.session, batch_id).done
    tx.then(rt.wake, jobs.first_chunks(tx, work_id))


def stop(rt: Runtime, batch_id: UUID, actor: str) -> None:
    """Ends the batch for those whose turn has not come. What is done stays. Raises NotPossibleNow."""
    _insist(rt, _stop, batch_id, actor)


def _stop(rt: Runtime, tx: Transaction, batch_id: UUID, actor: str) -> None:
    work_id = _work_of(tx, batch_id)
    is_over = steering.stop(tx.session, work_id)
    batch = _note(rt, tx, batch_id, work_id, actor, "stop", (PLANNING, RUNNING, PAUSED))
    tx.session.flush()
    if is_over:
        (jobs.end_batch if batch.total is not None else jobs.planned)(rt, tx, work_id)


def _insist(rt: Runtime, do: Callable[[Runtime, Transaction, UUID, str], None], batch_id: UUID, actor: str) -> None:
    """Somebody who presses a button is not asked to press it again because a worker was at the same rows."""
    for left in reversed(range(TRIES)):
        try:
            with rt.transaction() as tx:
                do(rt, tx, batch_id, actor)
            return
        except DatabaseBusy:
            if not left:
                raise


def retry(rt: Runtime, batch_id: UUID, actor: str) -> UUID:
    """A preview for those who failed, or whose turn did not come, and nobody else. Raises NobodyToTakeUp."""
    with rt.reading() as session:
        batch = session.get(IssueBatch, batch_id)
        if batch is None:
            raise UnknownBatch()
        if batch.state != FINISHED:
            raise NotPossibleNow(state=batch.state)
        refs = list(
            session.scalars(
                sa.select(IssueItem.learner_ref)
                .where(
                    IssueItem.batch_id == batch_id,
                    IssueItem.result.in_(TO_DO_AGAIN),
                    IssueItem.reason != "learner.unfit_reference",
                )
                .order_by(IssueItem.position)
            )
        )
    if not refs:
        raise NobodyToTakeUp()
    return previews.look(rt, batch.run_id, BatchKind(batch.kind), actor, refs, retry_of=batch_id)


def _work_of(tx: Transaction, batch_id: UUID) -> UUID:
    found = tx.session.execute(
        sa.select(IssueBatch.state, IssueBatch.work_id, IssueBatch.tenant_ref).where(IssueBatch.id == batch_id)
    ).one_or_none()
    if found is None:
        raise UnknownBatch()
    if found.work_id is None or found.state in (PREVIEW, FINISHED, STOPPING):
        raise NotPossibleNow(state=found.state)
    audit.hold(tx, found.tenant_ref)  # as a worker does, which has issued before it counts down
    work_id: UUID = found.work_id
    return work_id


def _note(
    rt: Runtime, tx: Transaction, batch_id: UUID, work_id: UUID, actor: str, act: str, before: tuple[str, ...]
) -> IssueBatch:
    """The batch in its new state. It is locked after its work, as by everybody."""
    batch = tx.session.scalars(
        sa.select(IssueBatch)
        .where(IssueBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if batch.work_id != work_id:  # it has just gone over from planning to issuing
        raise DatabaseBusy()
    if batch.state not in before:
        raise NotPossibleNow(state=batch.state)
    batch.state = AFTER[act]
    audit.record(
        tx,
        tenant_ref=batch.tenant_ref,
        actor_ref=actor,
        act=f"batch.{act}",
        subject=f"batch:{batch_id}",
        at=rt.clock.now(),
    )
    return batch


def _state(tx: Transaction, batch_id: UUID) -> str:
    return str(tx.session.scalar(sa.select(IssueBatch.state).where(IssueBatch.id == batch_id)))
