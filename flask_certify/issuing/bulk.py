"""Bulk issue: look before, open a batch, watch it, wait for it."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Run
from ..achievements.service import RunView, ensure_run, find_tenant, get_run
from ..awards import service as awards
from ..awards.service import FailureNote
from ..core import audit, outbox, reader, workers, working
from ..core.db import insert_or_ignore
from ..core.errors import CertifyError, DatabaseBusy
from ..core.i18n import N_, c_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..eligibility.facts import has_ended
from ..eligibility.reasons import worded
from ..host.records import CourseRun
from . import jobs
from .counts import Counts, count_items
from .errors import AlreadyUnderWay, BatchFailed, BatchStuck, NobodyWorks, RunNotEnded, RunWithoutEnd, UnknownBatch
from .foreseeing import holders
from .kinds import BatchKind
from .models import FINISHED, PAUSED, PLANNING, PREVIEW, RUNNING, UNDER_WAY, UNDER_WAY_STATES, IssueBatch
from .orders import open_order

WILL_BE_ISSUED = {
    "learners": N_("Certificates will be issued to %(count)s learners shortly."),
    "teachers": N_("Certificates will be issued to %(count)s teachers shortly."),
}
NOTHING_NEW = {
    "learners": N_(
        "No new certificates are to be issued. Certificates were already issued to %(count)s learners on %(time)s"
    ),
    "teachers": N_(
        "No new certificates are to be issued. Certificates were already issued to %(count)s teachers on %(time)s"
    ),
}
WILL_BE_REVOKED = {
    "learners": N_("The certificates of %(count)s learners will be revoked shortly."),
    "teachers": N_("The certificates of %(count)s teachers will be revoked shortly."),
}
IS_PAUSED = N_("The batch is paused; let it go on first.")
NOBODY_YET = N_("No new certificates are to be issued. Nobody has earned one yet.")


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it stands. `total` is None until it is planned; `done` counts items with a result."""

    id: UUID
    run_id: UUID
    state: str
    opened_by: str
    opened_at: datetime
    finished_at: datetime | None
    total: int | None
    counts: Counts
    notify: bool
    trouble: str | None
    kind: BatchKind = BatchKind.ISSUE
    cause: str | None = None
    retry_of: UUID | None = None
    rate: float | None = None  # learners a second since it was begun or resumed; None: nobody can say yet
    waits_for: str | None = None  # why some of it rests, as a code; None: it goes on, or was told not to

    @property
    def seconds_left(self) -> int | None:
        """How long it will still take at this rate; None if nobody can say."""
        if not self.rate or self.total is None or self.state != RUNNING:
            return None
        return math.ceil((self.total - self.done) / self.rate)

    @property
    def done(self) -> int:
        return self.counts.done

    @property
    def issued(self) -> Mapping[str, int]:
        return self.counts.issued

    @property
    def declined(self) -> Mapping[str, int]:
        return self.counts.declined

    @property
    def happened(self) -> int:
        """For how many learners that was done which the batch is about."""
        return sum(self.counts.issued.values()) + sum(self.counts.reissued.values()) + self.counts.revoked

    @property
    def to_do_again(self) -> int:
        """Whom a retry would take up."""
        return self.counts.failed + self.counts.stopped

    @property
    def failed(self) -> int:
        return self.counts.failed

    @property
    def already(self) -> int:
        return self.counts.already

    @property
    def is_finished(self) -> bool:
        return self.state == FINISHED


# ---- what is said before -----------------------------------------------------------------------------


def nothing_new_sentence(rt: Runtime, run_id: UUID) -> str:
    """What is said when nobody is left, in the tenant's words and zone (R-120)."""
    people, zone = _words_and_zone(rt, run_id)
    number, last = holders(rt, run_id)
    if last is None:
        return c_(NOBODY_YET)
    time = last.astimezone(ZoneInfo(zone)).strftime("%d-%m-%y-%H-%M-%S")
    return c_(NOTHING_NEW.get(people, NOTHING_NEW["learners"]), count=reader.number(number), time=time)


def will_be_issued_sentence(rt: Runtime, run_id: UUID, count: int, kind: BatchKind = BatchKind.ISSUE) -> str:
    """What the pop-up says before (R-116); the same for a re-issue (R-121)."""
    people, _ = _words_and_zone(rt, run_id)
    said = WILL_BE_REVOKED if kind is BatchKind.REVOKE else WILL_BE_ISSUED
    return c_(said.get(people, said["learners"]), count=reader.number(count))


def _words_and_zone(rt: Runtime, run_id: UUID) -> tuple[str, str]:
    """What the tenant calls its people (D-18), and its zone."""
    with rt.reading() as session:
        tenant_ref = get_run(session, run_id).tenant_ref
    tenant = find_tenant(rt, tenant_ref)
    return (tenant.people, tenant.zone) if tenant else ("learners", "UTC")


# ---- opening ---------------------------------------------------------------------------------------


def open_batch(rt: Runtime, run_id: UUID, actor: str, *, notify: bool = True) -> UUID:
    """Records that certificates are to be issued to all who may have one, and wakes the planning of it.

    Raises NothingAttached, RunNotEnded, RunWithoutEnd, AlreadyUnderWay, UnknownIssuer, MasterKeyMissing,
    HostUnavailable; the failure log keeps each of these.
    """
    with noting_refusals(rt, run_id):
        order = open_order(rt, run_id, actor=actor, notify=notify)
        check_ended(order.course_run, rt.clock.now(), order.tenant.zone)
        rt.settings.require_master_keys()
        return _insert(rt, order.run, actor, notify)


def open_by_ref(rt: Runtime, run_ref: str, actor: str, *, notify: bool = True) -> UUID:
    """The same, for the host's name of the run. Raises UnknownRun as well."""
    with noting_refusals(rt, None):
        run = ensure_run(rt, run_ref)
    return open_batch(rt, run.id, actor, notify=notify)


def check_ended(run: CourseRun, now: datetime, zone: str) -> None:
    """Bulk issue waits for the end of the run (R-037). Raises RunNotEnded, RunWithoutEnd."""
    if run.end is None:
        raise RunWithoutEnd()
    if not has_ended(run, now):
        raise RunNotEnded(end=run.end.astimezone(ZoneInfo(zone)).date().isoformat())


def _insert(rt: Runtime, run: RunView, actor: str, notify: bool) -> UUID:
    batch_id, now = new_id(), rt.clock.now()
    row = {
        "id": batch_id,
        "run_id": run.id,
        "tenant_ref": run.tenant_ref,
        "kind": BatchKind.ISSUE.value,
        "state": PLANNING,
        "opened_by": actor,
        "opened_at": now,
        "going_since": now,
        "notify": notify,
    }
    with rt.transaction() as tx:
        insert_or_ignore(tx.session, IssueBatch, [row], keys=["run_id", "kind"], where=UNDER_WAY)
        batch = tx.session.get(IssueBatch, batch_id)
        if batch is None:
            raise AlreadyUnderWay()
        batch.work_id, chunk_ids = outbox.open_work(tx, jobs.PLAN, 1, 1, now, tenant_ref=run.tenant_ref)
        awards.resolve_refusals(tx, run.id, now)
        audit.record(
            tx,
            tenant_ref=run.tenant_ref,
            actor_ref=actor,
            act="batch.open",
            subject=f"batch:{batch_id}",
            at=now,
            run=str(run.id),
            notify=notify,
        )
        tx.then(rt.wake, chunk_ids)
    return batch_id


@contextmanager
def noting_refusals(rt: Runtime, run_id: UUID | None) -> Iterator[None]:
    """The failure log keeps why a batch was not begun."""
    try:
        yield
    except AlreadyUnderWay:
        raise  # nothing is wrong: somebody was quicker
    except CertifyError as error:
        _note_refusal(rt, run_id, error)
        raise


def _note_refusal(rt: Runtime, run_id: UUID | None, error: CertifyError) -> None:
    with rt.transaction() as tx:
        run = tx.session.get(Run, run_id) if run_id else None
        note = FailureNote(None, "open", error.code, {name: str(value) for name, value in error.values.items()})
        awards.note_again(tx, run.tenant_ref if run else "", run_id if run else None, [note], now=rt.clock.now())


# ---- watching --------------------------------------------------------------------------------------


def get_batch(rt: Runtime, batch_id: UUID) -> BatchView:
    """Raises UnknownBatch."""
    with rt.reading() as session:
        batch = session.get(IssueBatch, batch_id)
        if batch is None:
            raise UnknownBatch()
        counts = Counts(**batch.result) if batch.result else count_items(session, batch.id)
        return BatchView(
            batch.id,
            batch.run_id,
            batch.state,
            batch.opened_by,
            batch.opened_at,
            batch.finished_at,
            batch.total,
            counts,
            batch.notify,
            batch.trouble,
            BatchKind(batch.kind),
            batch.cause,
            batch.retry_of,
            _rate(batch, counts.done, rt.clock.now()),
            _waits_for(rt, session, batch),
        )


def _waits_for(rt: Runtime, session: orm.Session, batch: IssueBatch) -> str | None:
    if batch.state not in (PLANNING, RUNNING) or batch.work_id is None:
        return None
    is_there = workers.is_served(session, rt.kinds[jobs.ISSUE].lane) or outbox.is_held(session)
    return outbox.find_reason(session, batch.work_id) if is_there else NobodyWorks.code


def _rate(batch: IssueBatch, done: int, now: datetime) -> float | None:
    seconds = ((batch.finished_at or now) - batch.going_since).total_seconds() if batch.going_since else 0
    fresh = done - batch.done_before
    return fresh / seconds if seconds > 0 and fresh > 0 else None


def find_under_way(rt: Runtime, run_id: UUID, kind: BatchKind = BatchKind.ISSUE) -> UUID | None:
    with rt.reading() as session:
        return session.scalar(
            sa.select(IssueBatch.id).where(
                IssueBatch.run_id == run_id, IssueBatch.kind == kind, IssueBatch.state.in_(UNDER_WAY_STATES)
            )
        )


def find_latest(rt: Runtime, run_id: UUID) -> UUID | None:
    with rt.reading() as session:
        return session.scalar(
            sa.select(IssueBatch.id)
            .where(IssueBatch.run_id == run_id, IssueBatch.state != PREVIEW)
            .order_by(IssueBatch.opened_at.desc(), IssueBatch.id.desc())
            .limit(1)
        )


def issue_and_wait(
    rt: Runtime,
    run_ref: str,
    actor: str,
    *,
    notify: bool,
    patience: float,
    watch: Callable[[BatchView], None] = lambda batch: None,
    joined: Callable[[BatchView], None] = lambda batch: None,
) -> BatchView:
    """Issues to all of the run and works it off in this process, besides any workers: the finished batch.

    If a batch of the run is under way already, perhaps left behind by a process that was killed, that one is worked
    off first and handed to `joined`, and then one of our own.

    Raises what `open_by_ref` raises, BatchStuck and BatchFailed.
    """
    while True:
        try:
            batch_id = open_by_ref(rt, run_ref, actor, notify=notify)
            break
        except AlreadyUnderWay:
            under_way = find_under_way(rt, ensure_run(rt, run_ref).id)
            if under_way is not None:
                joined(work_off(rt, under_way, patience, watch))
    batch = work_off(rt, batch_id, patience, watch)
    working.drain(rt)
    if batch.trouble is not None:
        raise BatchFailed(reason=batch.trouble)
    return batch


def work_off(
    rt: Runtime, batch_id: UUID, patience: float, watch: Callable[[BatchView], None] = lambda batch: None
) -> BatchView:
    """Works the batch off in this process, besides any workers. Raises BatchStuck."""
    is_over = working.work_off(
        rt,
        lambda: get_batch(rt, batch_id).is_finished,
        patience=patience,
        tick=lambda: watch(get_batch(rt, batch_id)),
    )
    batch = get_batch(rt, batch_id)
    if not is_over:
        raise BatchStuck(done=batch.done, total=batch.total or 0, why=_why_stuck(rt, batch))
    return batch


def _why_stuck(rt: Runtime, batch: BatchView) -> str:
    """The sentence of what the batch waits for, or the code if it has none."""
    if batch.state == PAUSED:
        return c_(IS_PAUSED)
    with rt.reading() as session:
        work_id = session.scalar(sa.select(IssueBatch.work_id).where(IssueBatch.id == batch.id))
        code = outbox.find_reason(session, work_id) if work_id else None
    return worded(code, {}) if code else c_(DatabaseBusy.sentence)
