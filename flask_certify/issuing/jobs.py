"""What the outbox does for bulk issue: plan a batch into items, issue a chunk of them, and end."""

import hashlib
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..achievements.service import get_run
from ..awards import service as awards
from ..awards.models import Failure
from ..awards.service import FailureNote
from ..core import audit, logs, outbox
from ..core.db import is_storable
from ..core.errors import CertifyError
from ..core.hosts import asking
from ..core.outbox import Claim, Kind, Store
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..credentials import rehearsal
from ..documents import service as documents
from . import many
from .closing import close_night
from .counts import count_items
from .models import FINISHED, RUNNING, IssueBatch, IssueItem

PLAN, ISSUE = "issuing.plan", "issuing.issue"
PAGE = 1000
LONGEST_REF = 100  # characters of a learner's reference; host/ports.py says so
SMALLEST_CHUNK, CHUNKS_WANTED = 100, 8


def delayed(rt: Runtime, tx: Transaction, held: Claim, error: CertifyError) -> None:
    """Says once in the failure log why the batch does not go on. It is taken back when the batch has ended."""
    batch = _batch_of(tx.session, held.work_id)
    step = "plan" if held.kind == PLAN else "decide"
    said = sa.select(Failure.id).where(
        Failure.batch_id == batch.id, Failure.learner_ref.is_(None), Failure.step == step, Failure.code == error.code
    )
    if tx.session.scalar(said.limit(1)) is None:
        details = {name: str(value) for name, value in error.values.items()}
        _note(rt, tx, batch, FailureNote(None, step, error.code, details))


def _note(rt: Runtime, tx: Transaction, batch: IssueBatch, note: FailureNote) -> None:
    awards.note_failures(tx, batch.tenant_ref, batch.run_id, [note], now=rt.clock.now(), batch_id=batch.id)


# ---- planning --------------------------------------------------------------------------------------


def plan(rt: Runtime, held: Claim) -> Store:
    """One item for each learner of the run, as the host lists them now, cut into chunks of work."""
    with rt.reading() as session:
        batch = _batch_of(session, held.work_id)
        run = get_run(session, batch.run_id)
    logs.note(batch=str(batch.id))
    refs = _all_learners(rt, run.run_ref)

    def write(tx: Transaction) -> None:
        if refs:
            tx.session.execute(sa.insert(IssueItem), [_item(batch.id, at, ref) for at, ref in enumerate(refs)])
        work_id, chunk_ids = outbox.open_work(tx, ISSUE, len(refs), chunk_size(rt, len(refs)), rt.clock.now())
        tx.session.execute(
            sa.update(IssueBatch)
            .where(IssueBatch.id == batch.id)
            .values(state=RUNNING, total=len(refs), work_id=work_id)
        )
        tx.then(rt.wake, chunk_ids)

    return write


def _item(batch_id: UUID, position: int, ref: str) -> dict[str, Any]:
    """A learner whose reference no database can store has failed already, under a name made of it."""
    if is_storable(ref, LONGEST_REF):
        return {"batch_id": batch_id, "position": position, "learner_ref": ref, "result": None, "reason": None}
    return {
        "batch_id": batch_id,
        "position": position,
        "learner_ref": f"unfit-{hashlib.sha256(ref.encode(errors='surrogatepass')).hexdigest()[:32]}",
        "result": many.FAILED,
        "reason": "learner.unfit_reference",
    }


def chunk_size(rt: Runtime, total: int) -> int:
    """As the setting says; else so that each of two workers gets several chunks, from 100 to 5,000 learners."""
    if rt.settings.chunk_size:
        return rt.settings.chunk_size
    return max(SMALLEST_CHUNK, min(outbox.LARGEST_CHUNK, -(-total // CHUNKS_WANTED)))


def _all_learners(rt: Runtime, run_ref: str) -> list[str]:
    refs: list[str] = []
    while True:
        with asking(rt, "learners"):
            page = rt.host.learners(run_ref, after=refs[-1] if refs else None, limit=PAGE)
        refs.extend(record.learner_ref for record in page)
        if len(page) < PAGE:
            return list(dict.fromkeys(refs))  # a host that lists somebody twice gets them issued once


def planning_failed(rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
    """Nobody was planned, so nobody is issued to; the batch ends and says why."""
    batch = _batch_of(tx.session, held.work_id)
    batch.trouble, batch.total = reason, 0  # the failure log was told why when it was tried
    end_batch(rt, tx, held.work_id)


def planned(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """The end of planning is the beginning of issuing, which the plan itself has opened."""


# ---- issuing ---------------------------------------------------------------------------------------


def issue(rt: Runtime, held: Claim) -> Store:
    """Issues to the learners of the chunk who have no certificate and may have one."""
    with rt.reading() as session:
        batch = _batch_of(session, held.work_id)
        logs.note(batch=str(batch.id))
        positions = dict(
            session.execute(
                sa.select(IssueItem.learner_ref, IssueItem.position).where(
                    IssueItem.batch_id == batch.id,
                    IssueItem.position.between(held.first, held.last),
                    IssueItem.result.is_(None),
                )
            ).all()
        )
    if not positions:
        return lambda tx: None
    order = many.open_order(rt, batch.run_id, actor=batch.opened_by, notify=batch.notify, batch_id=batch.id)
    prepared = many.prepare(rt, order, list(positions))

    def write(tx: Transaction) -> None:
        _write_results(tx, batch.id, positions, many.store(rt, tx, prepared))

    return write


def _write_results(
    tx: Transaction, batch_id: UUID, positions: dict[str, int], outcomes: list[many.LearnerOutcome]
) -> None:
    """Each item's own result. Many rows by one statement each, in the order of their key."""
    tx.session.connection().execute(
        sa.update(IssueItem)
        .where(
            IssueItem.batch_id == sa.bindparam("b_batch"),
            IssueItem.position == sa.bindparam("b_position"),
        )
        .values({name: sa.bindparam(f"b_{name}") for name in ("result", "reason", "achievement_key", "award_id")}),
        [
            {
                "b_batch": batch_id,
                "b_position": positions[each.learner_ref],
                "b_result": each.result,
                "b_reason": each.reasons[0].code if each.reasons else None,
                "b_achievement_key": each.achievement_key,
                "b_award_id": each.award_id,
            }
            for each in sorted(outcomes, key=lambda each: positions[each.learner_ref])
        ],
    )


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
    item.result, item.reason = many.FAILED, reason
    awards.note_unless_standing(
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
    counts = count_items(tx.session, batch.id)
    batch.state, batch.finished_at, batch.result = FINISHED, rt.clock.now(), asdict(counts)
    if batch.trouble is None:
        awards.resolve_delays(tx, batch.id, batch.finished_at)
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


def _batch_of(session: sa.orm.Session, work_id: UUID) -> IssueBatch:
    return session.scalars(sa.select(IssueBatch).where(IssueBatch.work_id == work_id)).one()


KINDS = {
    PLAN: Kind(make=plan, sink=planning_failed, end=planned, delay=delayed),
    ISSUE: Kind(make=issue, sink=learner_failed, end=end_batch, delay=delayed, preload=preload),
}
