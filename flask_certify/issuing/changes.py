"""What follows from a change at the host: records are brought up to date, and events run their course.

A refresh decides for every learner of a run, so that screens are complete before anybody was issued to, and issues
nothing. It is work of the outbox, since a run may be large; a single learner is looked at right away.
"""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..achievements.service import (
    RunView,
    UnknownRun,
    ensure_run,
    find_run,
    get_course_run,
    get_run,
    keep_dates,
    list_attachments,
)
from ..awards.labels import label_of
from ..awards.models import Record
from ..awards.refreshing import Seen, write_seen
from ..core import outbox, working
from ..core.errors import BadInput, HostUnavailable
from ..core.hosts import HostFailed, asking
from ..core.i18n import N_
from ..core.outbox import Chunk, Claim, Kind, Store, Work
from ..core.runtime import Runtime
from ..core.texts import is_reference, storable
from ..core.transaction import Transaction
from ..eligibility import events
from ..eligibility.answers import page_of, refs_of
from ..eligibility.decide import Outcome
from ..eligibility.events import Event
from ..eligibility.facts import Kept, not_earning
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided, ask_records, decide_records
from ..host.records import LearnerRecord
from . import happenings, showing
from .happenings import Change
from .keeping import kept_of
from .models import Refresh

REFRESH = "issuing.refresh"
ACTOR = "host"  # whom the audit log names for what the learning platform told us
PAGE = 1000  # learners of whom the host is asked at once
CONTENT_ADDED = "content_added"
WHAT_OF_LEARNER = ("exam_rejected", "identity_approved", "mode_changed", CONTENT_ADDED)
WHAT_OF_RUN = (CONTENT_ADDED,)
NOT_SAID = Change()

log = logging.getLogger("flask_certify")


class UnknownChange(BadInput):
    code = "change.unknown"
    sentence = N_("Nothing is known that changes and is called %(what)s. Known are %(known)s.")


# ---- all of a run ----------------------------------------------------------------------------------


def refresh_later(rt: Runtime, tx: Transaction, run: RunView, *, whole_course: bool = False) -> None:
    """Has the records of the run, or of all runs of its course, brought up to date; once, however often it is asked."""
    same = sa.and_(Run.tenant_ref == run.tenant_ref, Run.course_ref == run.course_ref)
    chosen = sa.select(Run.id).where(same if whole_course else Run.id == run.id)
    waiting = (
        sa.select(Refresh.run_id)
        .join(Chunk, sa.and_(Chunk.work_id == Refresh.work_id, Refresh.position.between(Chunk.first, Chunk.last)))
        .where(Chunk.state == outbox.PENDING, Chunk.attempts == 0)
        .where(Refresh.learner_ref.is_(None), Refresh.what.is_(None))
    )
    run_ids = list(tx.session.scalars(chosen.where(Run.id.not_in(waiting)).order_by(Run.id)))
    if not run_ids:
        return
    work_id, chunk_ids = outbox.open_work(tx, REFRESH, len(run_ids), 1, rt.clock.now(), tenant_ref=run.tenant_ref)
    tx.session.execute(
        sa.insert(Refresh),
        [{"work_id": work_id, "position": at, "run_id": run_id} for at, run_id in enumerate(run_ids)],
    )
    tx.then(rt.wake, chunk_ids)


def follow_later(
    rt: Runtime, tx: Transaction, run: RunView, learner_ref: str | None, what: str | None, change: Change
) -> None:
    """What was said is kept, and followed as soon as somebody works and the host answers."""
    work_id, chunk_ids = outbox.open_work(tx, REFRESH, 1, 1, rt.clock.now(), tenant_ref=run.tenant_ref)
    tx.session.add(
        Refresh(
            work_id=work_id,
            position=0,
            run_id=run.id,
            learner_ref=learner_ref,
            what=what,
            changed_by=change.by,
            changed_at=change.at,
        )
    )
    tx.then(rt.wake, chunk_ids)


def catch_up(rt: Runtime) -> None:
    """Does here what refreshes are waiting, for commands that need no worker; other work is left to whoever does it."""
    with rt.reading() as session:
        waiting = session.scalars(
            sa.select(Chunk.id)
            .join(Work, Work.id == Chunk.work_id)
            .where(Work.kind == REFRESH, Chunk.state == outbox.PENDING)
            .order_by(Chunk.id)
        ).all()
    for chunk_id in waiting:
        working.run_chunk(rt, chunk_id)


def check_what(what: str | None, known: Collection[str]) -> None:
    """Raises UnknownChange: what is misspelt would else be lost without a word."""
    if what is not None and what not in known:
        raise UnknownChange(what=what[:60], known=", ".join(known))


def run_changed(rt: Runtime, run_ref: str, what: str | None = None, change: Change = NOT_SAID) -> None:
    """The host changed something about the run. Of a run that has no certificates nothing needs to be known.

    With `content_added` whoever is less than complete by it loses the certificate (R-108); by nothing else.
    """
    with rt.transaction() as tx:
        run = find_run(tx.session, run_ref)
        if run is not None and list_attachments(tx.session, run.id):
            if what is None:
                refresh_later(rt, tx, run)
            else:
                follow_later(rt, tx, run, None, what, change)
    if run is not None:
        try:
            keep_dates(rt, run, get_course_run(rt, run.run_ref))
        except (HostUnavailable, HostFailed, UnknownRun):
            return  # what it said last holds until it says more
        showing.tell_of_visible(rt, run.id)


def learner_changed(
    rt: Runtime, run_ref: str, learner_ref: str, what: str | None = None, change: Change = NOT_SAID
) -> None:
    """The host changed something about the learner: the record is brought up to date, and what follows is done.

    A host that does not answer now says neither yes nor no: it is asked again later, and nothing it said is lost.
    """
    later = list[RunView]()
    for run in _runs_about(rt, run_ref, learner_ref, what):
        try:
            _learner_changed(rt, run, learner_ref, what, change)
        except (HostUnavailable, HostFailed):
            later.append(run)
    for run in later:
        with rt.transaction() as tx:
            follow_later(rt, tx, run, learner_ref, what, change)


def _runs_about(rt: Runtime, run_ref: str, learner_ref: str, what: str | None) -> list[RunView]:
    """The run; with an identity approved every run of the learner (R-067). Those without certificates are left out."""
    refs = {run_ref}
    if what == "identity_approved":
        try:
            with asking(rt, "runs_of_learner"):
                refs |= refs_of(rt.host.runs_of_learner(learner_ref))
        except (HostUnavailable, HostFailed):  # then those in which we know the learner
            with rt.reading() as session:
                own = sa.select(Record.run_id).where(Record.learner_ref == learner_ref)
                refs |= set(session.scalars(sa.select(Run.run_ref).where(Run.id.in_(own))))
    with rt.reading() as session:
        found = [find_run(session, ref) for ref in sorted(refs)]
        return [run for run in found if run is not None and list_attachments(session, run.id)]


def _learner_changed(rt: Runtime, run: RunView, learner_ref: str, what: str | None, change: Change) -> None:
    """Raises HostUnavailable, HostFailed; done again from the start, it does nothing twice."""
    if what == "exam_rejected":  # known already: nothing has to be asked for it
        happenings.happen(rt, run.id, {learner_ref: events.ExamRejected()}, actor=ACTOR, change=change)
    records, wrong = ask_records(rt, run.run_ref, [learner_ref])
    record = records.get(learner_ref)
    found = look_at(rt, run, [record] if record else [], wrong)
    with rt.transaction() as tx:
        write(rt, tx, run, found)
    if record is None:
        return  # whoever is gone, or of whom nothing usable is said, loses nothing by it
    dropped = happenings.look_for_drops(rt, run.id, [learner_ref], actor=ACTOR, change=change)
    event = _event(rt, record, found, what)
    if event is not None and not dropped.moved:
        failed = isinstance(event, events.Failed)  # the host has just said how well: that grade is given
        grades = {each.learner_ref: each.score for each in found} if failed else None
        happenings.happen(rt, run.id, {learner_ref: event}, actor=ACTOR, automatic=rt.settings.automatic, grades=grades)


def _event(rt: Runtime, record: LearnerRecord, found: Sequence[Decided], what: str | None) -> Event | None:
    """What has happened, as far as the host says so or its facts do."""
    match what:
        case "exam_rejected":
            return None
        case "identity_approved":
            return events.IdentityApproved()
        case "mode_changed":
            mode = record.enrolment.mode if record.enrolment else None
            return events.ModeChanged(mode, not_earning(rt.settings.honor_earns))
    if record.passing is False:
        return events.Failed()
    return events.Passed() if any(each.decision.granted for each in found) else None


def refresh(rt: Runtime, held: Claim) -> Store:
    """Looks at every learner of the run, a page at a time; each page is written and the lease renewed with it.

    Or follows what the host said of one of them, or of the course.
    """
    with rt.reading() as session:
        row = session.get_one(Refresh, (held.work_id, held.first))
        run, change = get_run(session, row.run_id), Change(row.changed_by, row.changed_at)
    if row.learner_ref is not None:
        _learner_changed(rt, run, row.learner_ref, row.what, change)
        return lambda tx: None
    ensure_run(rt, run.run_ref)  # title, and when its certificates are seen
    for page in pages(rt, run.run_ref):
        found = look_at(rt, run, page)
        with rt.transaction() as tx:
            outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)
            write(rt, tx, run, found)
        if row.what == CONTENT_ADDED:
            happenings.look_for_drops(rt, run.id, [each.learner_ref for each in page], actor=ACTOR, change=change)
    return lambda tx: None


def pages(rt: Runtime, run_ref: str) -> Iterator[Sequence[LearnerRecord]]:
    """All learners of the run, as the host lists them now. Raises HostUnavailable, HostFailed."""
    after: str | None = None
    while True:
        with asking(rt, "learners"):
            page = page_of(rt.host.learners(run_ref, after=after, limit=PAGE), after)
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].learner_ref


def look_at(
    rt: Runtime, run: RunView, page: Collection[LearnerRecord], wrong: Mapping[str, Reason] | None = None
) -> list[Decided]:
    """A decision for each of them, and for each of whom what the host said cannot be used; none if nothing is
    attached."""
    records, wrong = {each.learner_ref: each for each in page}, wrong or {}
    refs = [*records, *wrong]
    with rt.reading() as session:
        attachments = list_attachments(session, run.id)
        kept = kept_of(session, run.id, refs) if attachments else {}
    if not attachments:
        return []
    course_run = get_course_run(rt, run.run_ref)
    return decide_records(rt, course_run, attachments, refs, records, wrong, as_if_new(kept))


def as_if_new(kept: Mapping[str, Kept]) -> Mapping[str, Kept]:
    """The exceptions, without the record: whether they would get one now, also of those who have one."""
    return {ref: replace(each, status=None, made_in=None) for ref, each in kept.items()}


def write(rt: Runtime, tx: Transaction, run: RunView, found: Collection[Decided]) -> None:
    """Who has a reference that no table can hold has no record; an issue tells of them in the failure log."""
    write_seen(tx, run.id, (seen(each) for each in found if is_reference(each.learner_ref)), rt.clock.now())


def seen(decided: Decided) -> Seen:
    """What screens show of a decision that issues nothing."""
    record, outcome = decided.record, decided.decision.outcome
    return Seen(
        learner_ref=decided.learner_ref,
        eligible=None if outcome is Outcome.FAULTY else outcome is Outcome.GRANTED,
        label=label_of(has_live_award=False, issue_failed=False, in_audience=decided.in_audience),
        reasons=tuple(each.to_json() for each in decided.decision.reasons),
        completed_on=record.completed_on if record else None,
        display_name=storable(record.display_name, 300) if record else None,
        external_id=storable(record.external_id, 100) if record else None,
    )


def not_refreshed(rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
    """The records stay as they were; the night looks at the run again."""
    log.warning("records not refreshed", extra={"reason": reason})


def refreshed(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """Nothing follows."""


KINDS = {REFRESH: Kind(make=refresh, sink=not_refreshed, end=refreshed)}
