"""The end of a night: when every run was looked at and every batch of it has ended, its counts are written down."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..core import audit
from ..core.transaction import Transaction
from .models import FINISHED, RUNNING, IssueBatch, Night, NightRun


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
    batches = tx.session.execute(
        sa.select(IssueBatch.state, IssueBatch.result).where(IssueBatch.night_id == night_id)
    ).all()
    is_open = any(row.seen is None for row in rows) or any(row.state != FINISHED for row in batches)
    if night.state != RUNNING or is_open:
        return
    results = [row.result or {} for row in batches]
    issued = sum(sum(each.get("issued", {}).values()) for each in results)
    failed = sum(each.get("failed", 0) for each in results)
    due, seen = sum(row.due or 0 for row in rows), sum(row.seen or 0 for row in rows)
    night.state, night.finished_at = FINISHED, now
    night.result = {
        "runs": len(rows),
        "attempted": due,
        "skipped": seen - due,
        "issued": issued,
        "failed": failed,
        "left_out": [[row.run_ref, row.reason] for row in rows if row.reason],
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
    )
