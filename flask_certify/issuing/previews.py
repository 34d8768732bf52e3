"""A batch that is looked at before it is confirmed (R-125).

A preview is a batch that does nothing: its learners stand in rows, each with what would happen. Confirming begins with
exactly these rows. Who is left alone, nobody confirms; such previews are swept away after a day.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import find_tenant, get_course_run, get_run
from ..awards import service as awards
from ..awards.causes import Why
from ..awards.service import FailureNote
from ..core import audit
from ..core.db import insert_many
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import bulk, jobs
from .errors import AlreadyUnderWay, UnknownBatch
from .foreseeing import flat, foresee
from .foretelling import count_sms
from .kinds import BatchKind
from .models import PREVIEW, RUNNING, UNDER_WAY_STATES, IssueBatch, IssueItem
from .reissuing import STEP as REISSUE_STEP
from .results import ALREADY, DECLINED, FAILED

KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What would happen to whom. `by_key`: who gets, or loses, which kind of certificate."""

    id: UUID
    run_id: UUID
    kind: BatchKind
    opened_by: str
    opened_at: datetime
    total: int
    by_key: Mapping[str, int]
    already: int
    declined: Mapping[str, int]
    faulty: Mapping[str, int]
    unknown_lines: tuple[int, ...]
    retry_of: UUID | None

    @property
    def to_do(self) -> int:
        return sum(self.by_key.values())


def look(
    rt: Runtime,
    run_id: UUID,
    kind: BatchKind,
    actor: str,
    learner_refs: Sequence[str] | None = None,
    *,
    unknown_lines: Sequence[int] = (),
    retry_of: UUID | None = None,
) -> UUID:
    """A preview for the learners of the list, or for all whom the kind is about.

    Raises UnknownRun, NothingAttached, RunNotEnded, RunWithoutEnd, UnknownIssuer, MasterKeyMissing, HostUnavailable.
    """
    check(rt, run_id, kind)
    found = flat(foresee(rt, run_id, kind, learner_refs))
    batch_id, now = new_id(), rt.clock.now()
    with rt.reading() as session:
        run = get_run(session, run_id)
    row: dict[str, Any] = {
        "id": batch_id,
        "run_id": run_id,
        "tenant_ref": run.tenant_ref,
        "kind": kind.value,
        "state": PREVIEW,
        "opened_by": actor,
        "opened_at": now,
        "notify": False,
        "total": len(found),
        "retry_of": retry_of,
        "unknown_lines": list(unknown_lines) or None,
        "sms_texts": count_sms(rt, found),
    }
    items = [
        jobs.item(
            batch_id,
            at,
            each.learner_ref,
            foreseen=each.result,
            achievement_key=each.achievement_key,
            bound_award_id=each.award_id,
            reason=each.reason.code if each.reason else None,
            details=dict(each.reason.values) if each.reason and each.reason.values else None,
        )
        for at, each in enumerate(found)
    ]
    with rt.transaction() as tx:
        _sweep(tx, now - KEPT)
        tx.session.execute(sa.insert(IssueBatch), [row])
        insert_many(tx.session, IssueItem, items)
    return batch_id


def check(rt: Runtime, run_id: UUID, kind: BatchKind) -> None:
    """Whether such a batch may begin at all. Raises RunNotEnded, RunWithoutEnd, MasterKeyMissing, HostUnavailable."""
    if kind is BatchKind.ISSUE:
        with rt.reading() as session:
            run = get_run(session, run_id)
        course_run = get_course_run(rt, run.run_ref)
        tenant = find_tenant(rt, run.tenant_ref)
        bulk.check_ended(course_run, rt.clock.now(), tenant.zone if tenant else "UTC")
    if kind is not BatchKind.REVOKE:
        rt.settings.require_master_keys()


def _sweep(tx: Transaction, before: datetime) -> None:
    """Takes away the previews that nobody confirmed. They are locked first: who confirms one now is faster or late."""
    old = sa.and_(IssueBatch.state == PREVIEW, IssueBatch.opened_at < before)
    ids = tx.session.scalars(
        sa.update(IssueBatch)
        .where(old)
        .values(state=PREVIEW)
        .returning(IssueBatch.id)
        .execution_options(synchronize_session=False)
    ).all()
    if ids:
        tx.session.execute(sa.delete(IssueItem).where(IssueItem.batch_id.in_(ids)))
        tx.session.execute(sa.delete(IssueBatch).where(IssueBatch.id.in_(ids)))


def get(rt: Runtime, batch_id: UUID) -> PreviewView | None:
    """The preview; None if it was confirmed. Raises UnknownBatch."""
    with rt.reading() as session:
        batch = session.get(IssueBatch, batch_id)
        if batch is None:
            raise UnknownBatch()
        if batch.state != PREVIEW:
            return None
        rows = session.execute(
            sa.select(IssueItem.foreseen, IssueItem.achievement_key, IssueItem.reason, sa.func.count())
            .where(IssueItem.batch_id == batch_id)
            .group_by(IssueItem.foreseen, IssueItem.achievement_key, IssueItem.reason)
        ).all()
    by_key: Counter[str] = Counter()
    declined: Counter[str] = Counter()
    faulty: Counter[str] = Counter()
    already = 0
    for foreseen, key, reason, number in rows:
        if foreseen == ALREADY:
            already += number
        elif foreseen in (DECLINED, FAILED):
            (declined if foreseen == DECLINED else faulty)[reason or ""] += number
        else:
            by_key[key or ""] += number
    return PreviewView(
        batch.id,
        batch.run_id,
        BatchKind(batch.kind),
        batch.opened_by,
        batch.opened_at,
        batch.total or 0,
        by_key,
        already,
        declined,
        faulty,
        tuple(batch.unknown_lines or ()),
        batch.retry_of,
    )


# ---- confirming ------------------------------------------------------------------------------------


def confirm(rt: Runtime, batch_id: UUID, actor: str, *, notify: bool, why: Why | None = None) -> UUID:
    """Begins with exactly what was shown: the id of the batch. Pressed twice, there is one batch (R-127).

    Raises UnknownBatch, AlreadyUnderWay, UnknownCause, and what `look` raises; the failure log keeps what stood in the
    way.
    """
    with rt.reading() as session:
        batch = session.get(IssueBatch, batch_id)
        if batch is None:
            raise UnknownBatch()
        if batch.state != PREVIEW:
            return batch_id
    kind = BatchKind(batch.kind)
    if kind.needs_reason and why is None:
        why = Why.given(None)
    with bulk.noting_refusals(rt, batch.run_id):
        check(rt, batch.run_id, kind)
        try:
            with rt.transaction() as tx:
                _begin(rt, tx, batch, actor, notify, why)
        except sa.exc.IntegrityError:  # somebody began another one at the same moment
            raise AlreadyUnderWay() from None
    return batch_id


def _begin(rt: Runtime, tx: Transaction, batch: IssueBatch, actor: str, notify: bool, why: Why | None) -> None:
    now = rt.clock.now()
    other = orm.aliased(IssueBatch)
    another = sa.exists().where(
        other.run_id == batch.run_id, other.kind == batch.kind, other.state.in_(UNDER_WAY_STATES)
    )
    begun = tx.session.execute(
        sa.update(IssueBatch)
        .where(IssueBatch.id == batch.id, IssueBatch.state == PREVIEW, ~another)
        .values(
            state=RUNNING,
            opened_by=actor,
            opened_at=now,
            going_since=now,
            notify=notify,
            cause=why.cause if why else None,
            note=why.note if why else None,
        )
        .execution_options(synchronize_session=False)
    )
    if not begun.rowcount:  # type: ignore[attr-defined]
        state = tx.session.scalar(sa.select(IssueBatch.state).where(IssueBatch.id == batch.id))
        if state is None:
            raise UnknownBatch()
        if state == PREVIEW:
            raise AlreadyUnderWay()
        return  # the other press was faster
    _settle(tx, batch)
    if batch.kind == BatchKind.REISSUE:
        _note_faulty(tx, batch, now)
    work_id, chunk_ids = jobs.open_issuing(rt, tx, batch.tenant_ref, batch.total or 0)
    tx.session.execute(sa.update(IssueBatch).where(IssueBatch.id == batch.id).values(work_id=work_id))
    awards.resolve_refusals(tx, batch.run_id, now)
    audit.record(
        tx,
        tenant_ref=batch.tenant_ref,
        actor_ref=actor,
        act="batch.open",
        subject=f"batch:{batch.id}",
        at=now,
        reason=why.cause if why else None,
        run=str(batch.run_id),
        kind=batch.kind,
        notify=notify,
    )
    tx.then(rt.wake, chunk_ids)


def _note_faulty(tx: Transaction, batch: IssueBatch, now: datetime) -> None:
    """Who was shown as to be put right first stands in the failure log, too: somebody asked for it (R-098)."""
    faulty = tx.session.execute(
        sa.select(IssueItem.learner_ref, IssueItem.reason, IssueItem.details).where(
            IssueItem.batch_id == batch.id, IssueItem.result == FAILED
        )
    )
    notes = [FailureNote(ref, REISSUE_STEP, reason, details or {}) for ref, reason, details in faulty if reason]
    awards.note_again(tx, batch.tenant_ref, batch.run_id, notes, now=now, batch_id=batch.id)


def _settle(tx: Transaction, batch: IssueBatch) -> None:
    """Who was shown to be left alone has a result at once; in an issue those who got none are looked at again, for what
    the dashboard shows of them."""
    settled = [ALREADY] if batch.kind == BatchKind.ISSUE else [ALREADY, DECLINED, FAILED]
    tx.session.execute(
        sa.update(IssueItem)
        .where(IssueItem.batch_id == batch.id, IssueItem.foreseen.in_(settled), IssueItem.result.is_(None))
        .values(result=IssueItem.foreseen, award_id=IssueItem.bound_award_id)
        .execution_options(synchronize_session=False)
    )
