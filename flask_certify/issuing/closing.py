"""The end of a night: when every run was looked at and every batch of it has ended, its counts are written down."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..awards.models import AwardMove
from ..awards.states import Move
from ..core import audit
from ..core.transaction import Transaction
from .many import FAILED, ISSUED
from .models import FINISHED, RUNNING, IssueBatch, IssueItem, Night, NightRun

ACTOR = "night"  # whom the audit log names for what a night does


def close_night(tx: Transaction, night_id: UUID, now: datetime) -> None:
    """Ends the night if nothing of it is left to do. Whoever comes last does it, since each locks the night first."""
    night = tx.session.scalars(sa.select(Night).where(Night.id == night_id).with_for_update()).one()
    tx.session.flush()
    rows = tx.session.execute(
        sa.select(NightRun.seen, NightRun.due, NightRun.reason, Run.run_ref)
        .join(Run, Run.id == NightRun.run_id)
        .where(NightRun.night_id == night_id)
        .order_by(NightRun.position)
    ).all()
    states = tx.session.scalars(sa.select(IssueBatch.state).where(IssueBatch.night_id == night_id)).all()
    is_open = any(row.seen is None for row in rows) or any(state != FINISHED for state in states)
    if night.state != RUNNING or is_open:
        return
    due, issued, failed = _learners(tx, night_id)
    restored = _restored(tx, night)
    due += restored
    seen = sum(row.seen or 0 for row in rows)
    before = night.result or {}
    began = datetime.fromisoformat(before["again_at"]) if "again_at" in before else night.started_at
    night.state, night.finished_at = FINISHED, now
    night.result = {
        "runs": len(rows),
        "attempted": due,
        "skipped": max(0, seen - due),
        "issued": issued,
        "failed": failed,
        "restored": restored,
        "left_out": [[row.run_ref, row.reason] for row in rows if row.reason],
        "seconds": before.get("seconds", 0) + (now - began).total_seconds(),
    }
    audit.record(
        tx,
        tenant_ref="",
        actor_ref=night.started_by,
        act="night.finish",
        subject=f"night:{night_id}",
        at=now,
        attempted=due,
        issued=issued,
        failed=failed,
        restored=restored,
    )


def _learners(tx: Transaction, night_id: UUID) -> tuple[int, int, int]:
    """How many learners were due, got a certificate, and failed; each once, however often the night was begun."""
    each = (
        sa.select(
            sa.func.max(sa.case((IssueItem.result == ISSUED, 1), else_=0)).label("issued"),
            sa.func.max(sa.case((IssueItem.result == FAILED, 1), else_=0)).label("failed"),
        )
        .join(IssueBatch, IssueBatch.id == IssueItem.batch_id)
        .where(IssueBatch.night_id == night_id)
        .group_by(IssueBatch.run_id, IssueItem.learner_ref)
        .subquery()
    )
    failed = sa.case((sa.and_(each.c.failed == 1, each.c.issued == 0), 1), else_=0)
    counts = sa.select(sa.func.count(), sa.func.sum(each.c.issued), sa.func.sum(failed)).select_from(each)
    due, issued, lost = tx.session.execute(counts).one()
    return due, issued or 0, lost or 0


def _restored(tx: Transaction, night: Night) -> int:
    """How many certificates the night brought back. The moves say so, whoever died in the middle of it."""
    restored = sa.select(sa.func.count(AwardMove.award_id.distinct())).where(
        AwardMove.move == Move.RESTORE, AwardMove.actor_ref == ACTOR, AwardMove.at >= night.started_at
    )
    return tx.session.scalar(restored) or 0
