"""What the outbox does for bulk issue: plan a batch into items, issue a chunk of them, and end."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..achievements.service import get_run
from ..awards import service as awards
from ..awards.service import FailureNote
from ..core import audit, logs, outbox, steering
from ..core.db import insert_many, update_many
from ..core.errors import CertifyError
from ..core.hosts import asking
from ..core.outbox import Claim, Kind, Store
from ..core.runtime import Runtime
from ..core.texts import is_reference
from ..core.transaction import Transaction
from ..credentials import rehearsal
from ..documents import service as documents
from ..eligibility.answers import page_of
from . import kinds
from .closing import close_night
from .counts import count_items
from .kinds import Item
from .models import FINISHED, PAUSED, PLANNING, RUNNING, STOPPING, IssueBatch, IssueItem
from .results import DECLINED, FAILED, STOPPED, LearnerOutcome

PLAN, ISSUE = "issuing.plan", "issuing.issue"
PAGE = 1000
SMALLEST_CHUNK, CHUNKS_WANTED = 100, 8
NOT_FORESEEN: dict[str, Any] = dict.fromkeys(("foreseen", "bound_award_id", "reason", "details", "achievement_key"))


def delayed(rt: Runtime, tx: Transaction, held: Claim, error: CertifyError) -> None:
    """Says in the failure log why the batch does not go on. It is taken back when a batch of the run has ended."""
    batch = _batch_of(tx.session, held.work_id)
    details = {name: str(value) for name, value in error.values.items()}
    note = FailureNote(None, "plan" if held.kind == PLAN else "decide", error.code, details)
    awards.note_again(tx, batch.tenant_ref, batch.run_id, [note], now=rt.clock.now(), batch_id=batch.id)


# ---- planning --------------------------------------------------------------------------------------


def plan(rt: Runtime, held: Claim) -> Store:
    """One item for each learner of the run, as the host lists them now, cut into chunks of work."""
    with rt.reading() as session:
        batch = _batch_of(session, held.work_id)
        run = get_run(session, batch.run_id)
    logs.note(batch=str(batch.id))
    refs = _all_learners(rt, run.run_ref)

    def write(tx: Transaction) -> None:
        insert_many(tx.session, IssueItem, [item(batch.id, at, ref) for at, ref in enumerate(refs)])
        work_id, chunk_ids = open_issuing(rt, tx, batch.tenant_ref, len(refs))
        _hand_on(rt, tx, batch.id, held.work_id, work_id, len(refs))
        tx.then(rt.wake, chunk_ids)

    return write


def _hand_on(rt: Runtime, tx: Transaction, batch_id: UUID, planning: UUID, issuing: UUID, total: int) -> None:
    """From the work of planning to that of issuing. Who paused or stopped the one has paused or stopped the other.

    Rows are locked in the order in which whoever pauses locks them.
    """
    tx.session.execute(sa.select(outbox.Work.id).where(outbox.Work.id == planning).with_for_update())
    state = tx.session.scalar(sa.select(IssueBatch.state).where(IssueBatch.id == batch_id).with_for_update())
    values: dict[str, Any] = {"total": total, "work_id": issuing}
    if state == PLANNING:
        values["state"] = RUNNING
    elif state == PAUSED:
        steering.pause(tx.session, issuing)
    tx.session.execute(sa.update(IssueBatch).where(IssueBatch.id == batch_id).values(**values))
    if state == STOPPING and steering.stop(tx.session, issuing):
        end_batch(rt, tx, issuing)


def item(batch_id: UUID, position: int, ref: str, **preview: Any) -> dict[str, Any]:
    """A learner in a batch, with what a preview says of them.

    One whose reference no database can store has failed already, under a name made of it.
    """
    row = {"batch_id": batch_id, "position": position, "learner_ref": ref, "result": None, **NOT_FORESEEN, **preview}
    if is_reference(ref):
        return row
    return (
        row
        | NOT_FORESEEN
        | {
            "learner_ref": f"unfit-{hashlib.sha256(ref.encode(errors='surrogatepass')).hexdigest()[:32]}",
            "foreseen": FAILED if preview else None,
            "result": FAILED,
            "reason": "learner.unfit_reference",
        }
    )


def open_issuing(rt: Runtime, tx: Transaction, tenant_ref: str, total: int) -> tuple[UUID, list[UUID]]:
    """The work of a batch with so many items."""
    size = chunk_size(rt, total)
    return outbox.open_work(
        tx, ISSUE, total, size, rt.clock.now(), tenant_ref=tenant_ref, first=min(size, SMALLEST_CHUNK)
    )


def chunk_size(rt: Runtime, total: int) -> int:
    """As the setting says; else so that each of two workers gets several chunks, from 100 to 1,000 learners."""
    if rt.settings.chunk_size:
        return rt.settings.chunk_size
    return max(SMALLEST_CHUNK, min(outbox.LARGEST_CHUNK, -(-total // CHUNKS_WANTED)))


def _all_learners(rt: Runtime, run_ref: str) -> list[str]:
    refs: list[str] = []
    while True:
        with asking(rt, "learners"):
            after = refs[-1] if refs else None
            page = page_of(rt.host.learners(run_ref, after=after, limit=PAGE), after)
        refs.extend(record.learner_ref for record in page)
        if len(page) < PAGE:
            return list(dict.fromkeys(refs))  # a host that lists somebody twice gets them issued once


def planning_failed(rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
    """Nobody was planned, so nobody is issued to; the batch ends and says why."""
    batch = _batch_of(tx.session, held.work_id)
    batch.trouble, batch.total = reason, 0
    if reason == outbox.DIED:  # any other reason was told to the failure log when it was tried
        note = FailureNote(None, "plan", reason, {})
        awards.note_again(tx, batch.tenant_ref, batch.run_id, [note], now=rt.clock.now(), batch_id=batch.id)
    end_batch(rt, tx, held.work_id)


def planned(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """The end of planning is the beginning of issuing, which the plan itself has opened; unless it never began."""
    stopped = sa.select(IssueBatch).where(IssueBatch.work_id == work_id, IssueBatch.state == STOPPING)
    for batch in tx.session.scalars(stopped):
        batch.total = 0
        end_batch(rt, tx, work_id)


# ---- issuing ---------------------------------------------------------------------------------------


def work_on(rt: Runtime, held: Claim) -> Store:
    """Does for the learners of the chunk what the batch is about; those who have a result are left alone."""
    with rt.reading() as session:
        batch = _batch_of(session, held.work_id)
        logs.note(batch=str(batch.id))
        items = [
            Item(*row)
            for row in session.execute(
                sa.select(
                    IssueItem.learner_ref,
                    IssueItem.position,
                    IssueItem.foreseen,
                    IssueItem.bound_award_id,
                    IssueItem.achievement_key,
                    IssueItem.reason,
                )
                .where(
                    IssueItem.batch_id == batch.id,
                    IssueItem.position.between(held.first, held.last),
                    IssueItem.result.is_(None),
                )
                .order_by(IssueItem.position)
            )
        ]
    if not items:
        return lambda tx: None
    do = kinds.prepare(rt, batch, items)
    positions = {each.learner_ref: each.position for each in items}

    def write(tx: Transaction) -> None:
        _write_results(tx, batch.id, positions, do(tx))

    return write


def _write_results(
    tx: Transaction, batch_id: UUID, positions: Mapping[str, int], outcomes: Sequence[LearnerOutcome]
) -> None:
    """Each item's own result."""
    rows = [
        {
            "batch_id": batch_id,
            "position": positions[each.learner_ref],
            "result": each.result,
            "reason": each.reasons[0].code if each.reasons else None,
            "details": _details(each),
            "achievement_key": each.achievement_key,
            "award_id": each.award_id,
        }
        for each in outcomes
    ]
    update_many(tx.session, IssueItem, rows, keys=("batch_id", "position"))


def _details(outcome: LearnerOutcome) -> dict[str, Any] | None:
    """The gaps of the sentence, where there is one to be told: why not."""
    told = outcome.result in (DECLINED, FAILED) and outcome.reasons
    return dict(outcome.reasons[0].values) or None if told else None


def preload(rt: Runtime) -> None:
    """What signing and the check of a document load, which takes longer than many a chunk."""
    rehearsal.rehearse()
    documents.preload(rt.settings.languages)


def learner_failed(rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
    """One learner who could not be issued to, however often it was tried, fails alone."""
    batch = _batch_of(tx.session, held.work_id)
    item = tx.session.get(IssueItem, (batch.id, held.first))
    if item is None:
        return
    item.result, item.reason = FAILED, reason
    awards.note_again(
        tx,
        batch.tenant_ref,
        batch.run_id,
        [FailureNote(item.learner_ref, "decide", reason, {})],
        now=rt.clock.now(),
        batch_id=batch.id,
    )


def end_batch(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """Counts what came of it, and makes room for the next batch of the run."""
    batch = _batch_of(tx.session, work_id)
    tx.session.flush()
    if batch.state == STOPPING:
        _mark_stopped(tx, batch.id)
    counts = count_items(tx.session, batch.id)
    batch.state, batch.finished_at, batch.result, batch.note = FINISHED, rt.clock.now(), asdict(counts), None
    if batch.trouble is None:
        awards.resolve_delays(tx, batch.run_id, batch.finished_at)
    audit.record(
        tx,
        tenant_ref=batch.tenant_ref,
        actor_ref=batch.opened_by,
        act="batch.finish",
        subject=f"batch:{batch.id}",
        at=batch.finished_at,
        reason=batch.trouble,
        **asdict(counts),
    )
    if batch.night_id is not None:
        close_night(tx, batch.night_id, batch.finished_at)
    run_ref = tx.session.scalar(sa.select(Run.run_ref).where(Run.id == batch.run_id))
    tx.then(rt.send_signal, "batch_finished", {"batch_id": batch.id, "run_ref": run_ref})


def _mark_stopped(tx: Transaction, batch_id: UUID) -> None:
    """Those whose turn did not come; a retry takes them up."""
    tx.session.execute(
        sa.update(IssueItem)
        .where(IssueItem.batch_id == batch_id, IssueItem.result.is_(None))
        .values(result=STOPPED, reason="batch.stopped", details=None, achievement_key=None)
        .execution_options(synchronize_session=False)
    )


def first_chunks(tx: Transaction, work_id: UUID) -> list[UUID]:
    """Of which the queue is told when a batch goes on."""
    waiting = sa.select(outbox.Chunk.id).where(outbox.Chunk.work_id == work_id, outbox.Chunk.state == outbox.PENDING)
    return list(tx.session.scalars(waiting.order_by(outbox.Chunk.first).limit(8)))


def _batch_of(session: sa.orm.Session, work_id: UUID) -> IssueBatch:
    return session.scalars(sa.select(IssueBatch).where(IssueBatch.work_id == work_id)).one()


KINDS = {
    PLAN: Kind(make=plan, sink=planning_failed, end=planned, delay=delayed),
    ISSUE: Kind(make=work_on, sink=learner_failed, end=end_batch, delay=delayed, preload=preload, keeps_all=True),
}
