"""The night job: issues to every learner who completed and has no certificate, in every run that has one attached.

One row for each date, whoever starts it and however often (R-105): started again while it runs, it is joined; after
that it looks once more, and does what has become due since. Each run is looked at page by page, in a constant
number of questions for each; who is due goes into an issue batch, which is worked off like any other. Whose certificate
an event withdrew, and who meets all again, gets the same one back. A night that was missed needs no making up: the next
one finds the same learners.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import (
    RunView,
    UnknownRun,
    courses_with_attachments,
    ensure_run,
    get_run,
    runs_with_attachments,
)
from ..awards import moves
from ..awards import service as awards
from ..awards.states import AwardState, Move
from ..core import audit, outbox, working
from ..core.db import insert_many, insert_or_ignore
from ..core.duties import Duty, daily
from ..core.errors import HostUnavailable
from ..core.hosts import HostFailed, asking
from ..core.ids import new_id
from ..core.outbox import Claim, Kind, Store
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..eligibility.decide import Outcome
from ..eligibility.service import Decided
from . import changes, happenings, jobs, renewals, showing
from .closing import ACTOR, close_night
from .errors import NightStuck
from .models import FINISHED, RUNNING, UNDER_WAY, IssueBatch, IssueItem, Night, NightRun

SURVEY = "issuing.night"
JOB = "issue"
LATER = (HostUnavailable, HostFailed, UnknownRun)  # the run is left for another night, the others go on


@dataclass(frozen=True, slots=True)
class NightView:
    """A night as it stands. Learners who were due are `attempted`; the others were looked at and `skipped`."""

    id: UUID
    date: str
    started_at: datetime
    finished_at: datetime | None
    runs: int
    attempted: int
    skipped: int
    issued: int
    failed: int
    left_out: tuple[tuple[str, str], ...]  # runs left for another night, and why
    worked: float = 0
    restored: int = 0  # of those who were due: whose certificate came back

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def seconds(self) -> float | None:
        """How long it was worked on, all its beginnings together."""
        return self.worked if self.finished_at else None


@dataclass(frozen=True, slots=True)
class Due:
    """What a night would do in a run."""

    run_ref: str
    seen: int
    learner_refs: tuple[str, ...]
    reason: str | None = None  # why the run would be left for another night


# ---- starting --------------------------------------------------------------------------------------


def start(rt: Runtime, actor: str = ACTOR) -> tuple[UUID, bool]:
    """The night of today, and whether this call is the first to begin it. One that has ended looks once more.

    Raises HostUnavailable, MasterKeyMissing.
    """
    rt.settings.require_master_keys()
    now = rt.clock.now()
    with rt.reading() as session:
        there = _find(session, now)
        if there is not None and session.get_one(Night, there).state == RUNNING:
            return there, False
    renewals.remind(rt)  # of two who begin at once, the ledger lets one say it
    showing.tell_of_visible(rt)
    runs = runs_of_tonight(rt)
    night_id = new_id()
    row = {
        "id": night_id,
        "job": JOB,
        "date": now.date(),
        "state": RUNNING,
        "started_by": actor,
        "started_at": now,
    }
    with rt.transaction() as tx:
        insert_or_ignore(tx.session, Night, [row], keys=["job", "date"])
        night = tx.session.scalars(
            sa.select(Night).where(Night.job == JOB, Night.date == now.date()).with_for_update()
        ).one()
        is_first = night.id == night_id
        if not is_first:
            if night.state == RUNNING:
                return night.id, False
            _begin_again(tx, night, now)
        night.work_id, chunk_ids = outbox.open_work(tx, SURVEY, len(runs), 1, now)
        rows = [{"night_id": night.id, "position": at, "run_id": run.id} for at, run in enumerate(runs)]
        if rows:
            tx.session.execute(sa.insert(NightRun), rows)
        audit.record(
            tx, tenant_ref="", actor_ref=actor, act="night.start", subject=f"night:{night.id}", at=now, runs=len(runs)
        )
        tx.then(rt.wake, chunk_ids)
        return night.id, is_first


def _begin_again(tx: Transaction, night: Night, now: datetime) -> None:
    """The runs are looked at anew; what was counted stays, since the batches of the night do."""
    tx.session.execute(sa.delete(NightRun).where(NightRun.night_id == night.id))
    night.state, night.finished_at = RUNNING, None
    night.result = {**(night.result or {}), "again_at": now.isoformat()}


def work_and_wait(
    rt: Runtime, night_id: UUID, *, patience: float, tick: Callable[[], None] = lambda: None
) -> NightView:
    """Works the night off in this process, besides any workers. Raises NightStuck if nothing moves for so long."""

    ended: list[NightView] = []

    def is_over() -> bool:
        with rt.reading() as session:
            night = session.get_one(Night, night_id)
            ended[:] = [_view(session, night)] if night.state == FINISHED else []
        return bool(ended)

    if not working.work_off(rt, is_over, patience=patience, tick=tick):
        raise NightStuck()
    working.drain(rt)
    return ended[0]  # as it ended: somebody may have begun it again


def rehearse(rt: Runtime) -> Iterator[Due]:
    """What a night would do now, run by run; nothing is written (R-106)."""
    for run in runs_of_tonight(rt):
        seen, due, reason = 0, list[str](), None
        try:
            for page in changes.pages(rt, run.run_ref):
                found = changes.look_at(rt, run, page)
                seen += len(found)
                new, back = _due(rt, run, found)
                due += [*new, *back]
        except LATER as error:
            reason = error.code
        yield Due(run.run_ref, seen, tuple(due), reason)


def runs_of_tonight(rt: Runtime) -> list[RunView]:
    """Every run with certificates; of a course with a default, also those that nobody has looked at yet."""
    with rt.reading() as session:
        known = {each.run_ref: each for each in runs_with_attachments(session)}
        courses = courses_with_attachments(session)
    for tenant_ref, course_ref in courses:
        with asking(rt, "runs_of_course"):
            refs = rt.host.runs_of_course(course_ref)
        for ref in refs:
            if ref not in known:
                run = ensure_run(rt, ref)
                if run.tenant_ref == tenant_ref:
                    known[ref] = run
    return [known[ref] for ref in sorted(known)]


def _find(session: orm.Session, now: datetime) -> UUID | None:
    return session.scalar(sa.select(Night.id).where(Night.job == JOB, Night.date == now.date()))


# ---- looking at a run ------------------------------------------------------------------------------


def survey(rt: Runtime, held: Claim) -> Store:
    """Brings the records of the run up to date, and opens a batch for those who are due."""
    with rt.reading() as session:
        row = session.execute(
            sa.select(NightRun.night_id, NightRun.run_id)
            .join(Night, Night.id == NightRun.night_id)
            .where(Night.work_id == held.work_id, NightRun.position == held.first)
        ).first()
        if row is None:  # there are no runs at all
            return lambda tx: None
        run = get_run(session, row.run_id)
    seen, due, reason = 0, list[str](), None
    try:
        ensure_run(rt, run.run_ref)  # as it is now: title, and when its certificates are seen
        for page in changes.pages(rt, run.run_ref):
            found = changes.look_at(rt, run, page)
            new, back = _due(rt, run, found)
            due += new
            seen += len(found)
            with rt.transaction() as tx:
                outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)
                changes.write(rt, tx, run, found)
            if back:
                happenings.reconsider(rt, run.id, back, actor=ACTOR)
    except LATER as error:
        due, reason = [], error.code

    def store(tx: Transaction) -> None:
        batch_id = _open_batch(rt, tx, row.night_id, run, due) if due else None
        tx.session.execute(
            sa.update(NightRun)
            .where(NightRun.night_id == row.night_id, NightRun.position == held.first)
            .values(
                seen=seen,
                due=len(due) if batch_id else 0,
                batch_id=batch_id,
                reason=reason or ("batch.under_way" if due and batch_id is None else None),
            )
        )

    return store


def _due(rt: Runtime, run: RunView, found: list[Decided]) -> tuple[list[str], list[str]]:
    """Whom the night issues to, and who gets back what they had.

    Issued is to those who may have a certificate and have none, and to those whose data are wrong: that fails, with
    words. What an event withdrew comes back; what a person withdrew does not.
    """
    wanted = [each.learner_ref for each in found if each.decision.outcome is not Outcome.DECLINED]
    granted = {each.learner_ref for each in found if each.decision.granted}
    with rt.reading() as session:
        standing = awards.standing_of(session, run.tenant_ref, run.run_ref, wanted)
        withdrawn = {each.award_id: ref for ref, each in standing.items() if each.state is AwardState.WITHDRAWN}
        last = moves.last_moves(session, [each for each, ref in withdrawn.items() if ref in granted], Move.WITHDRAW)
    return (
        [ref for ref in wanted if ref not in standing or standing[ref].state is AwardState.GRANTED],
        [withdrawn[award_id] for award_id, each in last.items() if not each.by_person],
    )


def _open_batch(rt: Runtime, tx: Transaction, night_id: UUID, run: RunView, due: list[str]) -> UUID | None:
    """The batch for those who are due; None if somebody issues to the run at this moment."""
    batch_id, now = new_id(), rt.clock.now()
    row: dict[str, Any] = {
        "id": batch_id,
        "run_id": run.id,
        "tenant_ref": run.tenant_ref,
        "kind": "issue",
        "state": RUNNING,
        "opened_by": ACTOR,
        "opened_at": now,
        "going_since": now,
        "notify": True,
        "night_id": night_id,
        "total": len(due),
    }
    insert_or_ignore(tx.session, IssueBatch, [row], keys=["run_id", "kind"], where=UNDER_WAY)
    batch = tx.session.get(IssueBatch, batch_id)
    if batch is None:
        return None
    insert_many(tx.session, IssueItem, [jobs.item(batch_id, at, ref) for at, ref in enumerate(due)])
    batch.work_id, chunk_ids = jobs.open_issuing(rt, tx, run.tenant_ref, len(due))
    audit.record(
        tx,
        tenant_ref=run.tenant_ref,
        actor_ref=ACTOR,
        act="batch.open",
        subject=f"batch:{batch_id}",
        at=now,
        run=str(run.id),
        night=str(night_id),
    )
    tx.then(rt.wake, chunk_ids)
    return batch_id


def not_surveyed(rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
    """The run is left for another night."""
    night_id = tx.session.scalars(sa.select(Night.id).where(Night.work_id == held.work_id)).one()
    tx.session.execute(
        sa.update(NightRun)
        .where(NightRun.night_id == night_id, NightRun.position == held.first)
        .values(seen=0, due=0, reason=reason[:60])
    )


def surveyed(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """All runs were looked at. The night is over when its batches are."""
    close_night(tx, tx.session.scalars(sa.select(Night.id).where(Night.work_id == work_id)).one(), rt.clock.now())


# ---- looking back ----------------------------------------------------------------------------------


def get(rt: Runtime, night_id: UUID) -> NightView:
    """The night as it stands."""
    with rt.reading() as session:
        night = session.get_one(Night, night_id)
        return _view(session, night)


def latest(rt: Runtime, limit: int = 30) -> list[NightView]:
    """The last nights, the latest first."""
    with rt.reading() as session:
        found = session.scalars(sa.select(Night).where(Night.job == JOB).order_by(Night.date.desc()).limit(limit))
        return [_view(session, each) for each in found.all()]


def _view(session: orm.Session, night: Night) -> NightView:
    result = night.result or {}
    return NightView(
        night.id,
        night.date.isoformat(),
        night.started_at,
        night.finished_at,
        result.get("runs", 0),
        result.get("attempted", 0),
        result.get("skipped", 0),
        result.get("issued", 0),
        result.get("failed", 0),
        tuple((run, code) for run, code in result.get("left_out", [])),
        result.get("seconds", 0),
        result.get("restored", 0),
    )


KINDS = {SURVEY: Kind(make=survey, sink=not_surveyed, end=surveyed)}
NIGHT = Duty(
    "issuing.night", daily(lambda rt: time.fromisoformat(rt.settings.night_at) if rt.settings.night_at else None), start
)
