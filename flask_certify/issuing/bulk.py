"""Bulk issue: look before, open a batch, watch it, wait for it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ..achievements.models import Run
from ..achievements.service import RunView, ensure_run, get_run
from ..awards import service as awards
from ..awards.models import Award
from ..awards.service import FailureNote
from ..awards.states import AwardState
from ..core import audit, outbox, working
from ..core.db import insert_or_ignore
from ..core.errors import CertifyError, DatabaseBusy
from ..core.hosts import asking
from ..core.i18n import N_, c_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..eligibility.decide import Outcome
from ..eligibility.facts import has_ended
from ..eligibility.reasons import worded
from ..eligibility.service import decide_records
from ..host.records import CourseRun
from . import jobs, many
from .counts import Counts, count_items
from .errors import AlreadyUnderWay, BatchFailed, BatchStuck, RunNotEnded, RunWithoutEnd, UnknownBatch
from .keeping import kept_of
from .models import FINISHED, PLANNING, UNDER_WAY, IssueBatch

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
NOBODY_YET = N_("No new certificates are to be issued. Nobody has earned one yet.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk issue would do now: by kind, and by the first reason for the others."""

    to_issue: int
    by_key: Mapping[str, int]
    declined: Mapping[str, int]
    faulty: Mapping[str, int]
    holders: int
    last_issued_at: datetime | None


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
    def failed(self) -> int:
        return self.counts.failed

    @property
    def already(self) -> int:
        return self.counts.already

    @property
    def is_finished(self) -> bool:
        return self.state == FINISHED


# ---- before ----------------------------------------------------------------------------------------


def preview(rt: Runtime, run_id: UUID) -> Preview:
    """Decides for every learner of the run, and writes nothing. Raises NothingAttached, HostUnavailable."""
    order = many.open_order(rt, run_id, actor="", notify=False)
    by_key: Counter[str] = Counter()
    declined: Counter[str] = Counter()
    faulty: Counter[str] = Counter()
    after: str | None = None
    while True:
        with asking(rt, "learners"):
            page = rt.host.learners(order.run.run_ref, after=after, limit=jobs.PAGE)
        records = {record.learner_ref: record for record in page}
        with rt.reading() as session:
            standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, list(records))
            kept = kept_of(session, run_id, list(records))
        without = [ref for ref in records if ref not in standing]
        for each in decide_records(rt, order.course_run, order.attachments, without, records, {}, kept):
            decision = each.decision
            if decision.attachment_id is not None:
                by_key[order.by_id[decision.attachment_id].achievement.key] += 1
            else:
                found = faulty if decision.outcome is Outcome.FAULTY else declined
                found[decision.reasons[0].code] += 1
        by_key.update(held.achievement_key for held in standing.values() if held.state is AwardState.GRANTED)
        if len(page) < jobs.PAGE:
            break
        after = page[-1].learner_ref
    holders, last = _holders(rt, run_id)
    return Preview(sum(by_key.values()), by_key, declined, faulty, holders, last)


def nothing_new_sentence(rt: Runtime, run_id: UUID) -> str:
    """What is said when nobody is left, in the tenant's words and zone (R-120)."""
    people, zone = _words_and_zone(rt, run_id)
    holders, last = _holders(rt, run_id)
    if last is None:
        return c_(NOBODY_YET)
    time = last.astimezone(ZoneInfo(zone)).strftime("%d-%m-%y-%H-%M-%S")
    return c_(NOTHING_NEW.get(people, NOTHING_NEW["learners"]), count=holders, time=time)


def will_be_issued_sentence(rt: Runtime, run_id: UUID, count: int) -> str:
    """What the pop-up says before (R-116)."""
    people, _ = _words_and_zone(rt, run_id)
    return c_(WILL_BE_ISSUED.get(people, WILL_BE_ISSUED["learners"]), count=count)


def _words_and_zone(rt: Runtime, run_id: UUID) -> tuple[str, str]:
    """What the tenant calls its people (D-18), and its zone."""
    with rt.reading() as session:
        tenant_ref = get_run(session, run_id).tenant_ref
    with asking(rt, "tenant"):
        tenant = rt.host.tenant(tenant_ref)
    return (tenant.people, tenant.zone) if tenant else ("learners", "UTC")


def _holders(rt: Runtime, run_id: UUID) -> tuple[int, datetime | None]:
    """How many hold a live certificate, and when the last one was issued."""
    with rt.reading() as session:
        holders, last = session.execute(
            sa.select(sa.func.count(), sa.func.max(Award.issued_at)).where(
                Award.run_id == run_id, Award.state == AwardState.ISSUED
            )
        ).one()
    return holders, last


# ---- opening ---------------------------------------------------------------------------------------


def open_batch(rt: Runtime, run_id: UUID, actor: str, *, notify: bool = True) -> UUID:
    """Records that certificates are to be issued to all who may have one, and wakes the planning of it.

    Raises NothingAttached, RunNotEnded, RunWithoutEnd, AlreadyUnderWay, UnknownIssuer, MasterKeyMissing,
    HostUnavailable; the failure log keeps each of these.
    """
    try:
        order = many.open_order(rt, run_id, actor=actor, notify=notify)
        check_ended(order.course_run, rt.clock.now(), order.tenant.zone)
        rt.settings.require_master_keys()
        return _insert(rt, order.run, actor, notify)
    except AlreadyUnderWay:
        raise  # nothing is wrong: somebody was quicker
    except CertifyError as error:
        _note_refusal(rt, run_id, error)
        raise


def open_by_ref(rt: Runtime, run_ref: str, actor: str, *, notify: bool = True) -> UUID:
    """The same, for the host's name of the run. Raises UnknownRun as well."""
    try:
        run = ensure_run(rt, run_ref)
    except CertifyError as error:
        _note_refusal(rt, None, error)
        raise
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
        "state": PLANNING,
        "opened_by": actor,
        "opened_at": now,
        "notify": notify,
    }
    with rt.transaction() as tx:
        insert_or_ignore(tx.session, IssueBatch, [row], keys=["run_id"], where=UNDER_WAY)
        batch = tx.session.get(IssueBatch, batch_id)
        if batch is None:
            raise AlreadyUnderWay()
        batch.work_id, chunk_ids = outbox.open_work(tx, jobs.PLAN, 1, 1, now)
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


def _note_refusal(rt: Runtime, run_id: UUID | None, error: CertifyError) -> None:
    with rt.transaction() as tx:
        run = tx.session.get(Run, run_id) if run_id else None
        note = FailureNote(None, "open", error.code, {name: str(value) for name, value in error.values.items()})
        awards.note_failures(tx, run.tenant_ref if run else "", run_id if run else None, [note], now=rt.clock.now())


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
        )


def find_under_way(rt: Runtime, run_id: UUID) -> UUID | None:
    with rt.reading() as session:
        return session.scalar(sa.select(IssueBatch.id).where(IssueBatch.run_id == run_id, sa.text(UNDER_WAY)))


def find_latest(rt: Runtime, run_id: UUID) -> UUID | None:
    with rt.reading() as session:
        return session.scalar(
            sa.select(IssueBatch.id)
            .where(IssueBatch.run_id == run_id)
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
                joined(_work_off(rt, under_way, patience, watch))
    batch = _work_off(rt, batch_id, patience, watch)
    working.drain(rt)
    if batch.trouble is not None:
        raise BatchFailed(reason=batch.trouble)
    return batch


def _work_off(rt: Runtime, batch_id: UUID, patience: float, watch: Callable[[BatchView], None]) -> BatchView:
    is_over = working.work_off(
        rt,
        lambda: get_batch(rt, batch_id).is_finished,
        patience=patience,
        tick=lambda: watch(get_batch(rt, batch_id)),
    )
    batch = get_batch(rt, batch_id)
    if not is_over:
        raise BatchStuck(done=batch.done, total=batch.total or 0, why=_why_stuck(rt, batch_id))
    return batch


def _why_stuck(rt: Runtime, batch_id: UUID) -> str:
    """The sentence of what the batch waits for, or the code if it has none."""
    with rt.reading() as session:
        work_id = session.scalar(sa.select(IssueBatch.work_id).where(IssueBatch.id == batch_id))
        code = outbox.find_reason(session, work_id) if work_id else None
    return worded(code, {}) if code else c_(DatabaseBusy.sentence)
