"""Whether a certificate that exists may be seen by now, and which date it shows (group B4).

Both follow from what the host said of the run, which is kept with it, and from the date that somebody may have set for
the learner. A host that says nothing about it hides nothing (D-06). What was signed and printed does not change by it:
credential and document tell the day of issue, named as such, and the learner's completion (R-020, R-097); the date
that a certificate shows (R-088) stands on the public page, on the learner's page and where support looks. Staff of the
run may download before: they print what is handed over on the day.

Nobody is told of a certificate that cannot be seen: what is to be said is held back with the award, and said by the
first night, or the first change of the run, that finds it visible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Run
from ..achievements.run_dates import RunDates
from ..awards.exceptions import Exceptions
from ..awards.models import Award
from ..awards.states import AwardState
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..eligibility import visibility
from ..eligibility.visibility import Dates
from ..notifications import service as notifications
from ..notifications.service import Telling
from .orders import Order

AT_ONCE = 500  # learners of whose contacts the host is asked at once


@dataclass(frozen=True, slots=True)
class Showing:
    """How a certificate stands towards those who look for it. The date is that of the run's zone."""

    is_visible: bool
    shown_on: date
    visible_from: datetime | None = None  # None: always, or nobody can say
    other_date: date | None = None  # the same date, where it does not follow from when the certificate was changed


def showing_of(rt: Runtime, run: Dates, own: Exceptions, changed_at: datetime) -> Showing:
    """`own`: what holds for the learner; `changed_at`: when the certificate was last changed (R-086, R-088, R-089)."""
    now = rt.clock.now()
    since = visibility.visible_from(run)
    other = visibility.other_date(run, now, override=own.shown_on, automatic=rt.settings.automatic)
    return Showing(
        visibility.is_visible(run, now),
        other or visibility.day_of(changed_at, run.zone),
        None if since == visibility.NEVER else since,
        other,
    )


# ---- who is told, and when -------------------------------------------------------------------------


def tell(rt: Runtime, tx: Transaction, order: Order, event: str, tellings: Sequence[Telling], now: datetime) -> None:
    """Has the learners told of their new certificates: now, or as soon as these may be seen."""
    if not visibility.is_visible(order.course_run, now):
        tx.session.execute(
            sa.update(Award)
            .where(Award.id.in_([each.award_id for each in tellings]))
            .values(held_back=event)
            .execution_options(synchronize_session=False)
        )
        return
    chunk_ids = notifications.write_ledger(
        tx, order.run.id, order.run.tenant_ref, event, tellings, now, batch_id=order.batch_id
    )
    tx.then(rt.wake, chunk_ids)


def tell_of_visible(rt: Runtime, run_id: UUID | None = None) -> int:
    """Has those told whose certificates may be seen by now, of the run or of all: of how many certificates.

    Saying it twice says it once: what is said stands in the ledger, and is held back no more.
    """
    count = 0
    for run, event, awards in _held_back(rt, run_id):
        for first in range(0, len(awards), AT_ONCE):
            some = awards[first : first + AT_ONCE]
            channels = notifications.choose_channels(rt, [learner for _, learner in some])
            tellings = [Telling(award_id, learner, None, channels[learner]) for award_id, learner in some]
            with rt.transaction() as tx:
                chunk_ids = notifications.write_ledger(tx, run.id, run.tenant_ref, event, tellings, rt.clock.now())
                _let_go(tx, [award_id for award_id, _ in some])
                tx.then(rt.wake, chunk_ids)
            count += len(some)
    return count


def _held_back(rt: Runtime, run_id: UUID | None) -> list[tuple[Run, str, list[tuple[UUID, str]]]]:
    """By run and event: the awards whose time has come, with their learners. What does not count is not told of."""
    now = rt.clock.now()
    of_run = [] if run_id is None else [Award.run_id == run_id]
    with rt.reading() as session:
        found = session.execute(
            sa.select(Run, Award.held_back, Award.id, Award.learner_ref)
            .join(Run, Run.id == Award.run_id)
            .where(Award.held_back.is_not(None), Award.state == AwardState.ISSUED, *of_run)
            .order_by(Award.run_id, Award.held_back, Award.id)
        ).all()
        groups = []
        for (_, event), rows in groupby(found, lambda row: (row[0].id, row[1])):
            same = list(rows)
            run = same[0][0]
            dates = RunDates.kept(run.pacing, run.display, run.available_on, run.ends_at, run.zone)
            if visibility.is_visible(dates, now):
                groups.append((run, event, [(row[2], row[3]) for row in same]))
        return groups


def _let_go(tx: Transaction, award_ids: Sequence[UUID]) -> None:
    tx.session.execute(
        sa.update(Award)
        .where(Award.id.in_(award_ids))
        .values(held_back=None)
        .execution_options(synchronize_session=False)
    )
