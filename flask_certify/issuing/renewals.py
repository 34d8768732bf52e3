"""Who is reminded that a certificate expires soon, and from when on it can be renewed (R-114).

Renewing is issuing again for the reason `renewed`: the new certificate names the old one, and holds from its own day.
A reminder stands in the ledger once for each award and window. Nobody is reminded until CERTIFY_RENEWAL_DAYS says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

import sqlalchemy as sa

from ..awards.frozen import Frozen
from ..awards.models import Award
from ..awards.states import AwardState
from ..core.runtime import Runtime
from ..notifications import service as notifications
from ..notifications.service import Telling

EVENT = "expiring"
AT_ONCE = 500  # learners of whose contacts the host is asked at once


@dataclass(frozen=True, slots=True)
class Expiring:
    """A certificate that expires within one of the windows, and in no narrower one."""

    award_id: UUID
    run_id: UUID
    tenant_ref: str
    learner_ref: str
    days: int

    @property
    def event(self) -> str:
        """As the ledger knows it: each window once."""
        return f"{EVENT}.{self.days}"


def opens_at(windows: Sequence[int], frozen: Frozen) -> datetime | None:
    """From when on it can be renewed. None: at any time."""
    if not windows or frozen.valid_until is None:
        return None
    return frozen.valid_until - timedelta(days=max(windows))


def expiring(rt: Runtime) -> list[Expiring]:
    """The certificates that are in a window now and of which its reminder is not in the ledger. Writes nothing."""
    return [each for some in _found(rt) for each in some]


def remind(rt: Runtime) -> int:
    """Writes the reminders that are due into the ledger: how many certificates they are about. Once for each window.

    A window that was missed, because no night came, is not made up for: only the narrowest counts.
    """
    if not rt.settings.notify:
        return 0
    count = 0
    for some in _found(rt):
        channels = notifications.choose_channels(rt, [each.learner_ref for each in some])
        with rt.transaction() as tx:
            for (run_id, tenant_ref, event), same in groupby(
                some, lambda each: (each.run_id, each.tenant_ref, each.event)
            ):
                tellings = [Telling(each.award_id, each.learner_ref, None, channels[each.learner_ref]) for each in same]
                chunk_ids = notifications.write_ledger(tx, run_id, tenant_ref, event, tellings, rt.clock.now())
                tx.then(rt.wake, chunk_ids)
        count += len(some)
    return count


def _found(rt: Runtime) -> Iterator[list[Expiring]]:
    """In parts, run by run. Each window is a question of its own, the narrowest first."""
    now, from_ = rt.clock.now(), timedelta(0)
    for days in sorted(rt.settings.renewal_days):
        window = timedelta(days=days)
        last: tuple[UUID, UUID] | None = None
        while True:
            with rt.reading() as session:
                rows = session.execute(
                    sa.select(Award.id, Award.run_id, Award.tenant_ref, Award.learner_ref)
                    .where(
                        Award.state == AwardState.ISSUED,
                        Award.valid_until > now + from_,
                        Award.valid_until <= now + window,
                        notifications.not_told(Award.id, f"{EVENT}.{days}"),
                        *([sa.tuple_(Award.run_id, Award.id) > sa.tuple_(*last)] if last else []),
                    )
                    .order_by(Award.run_id, Award.id)
                    .limit(AT_ONCE)
                ).all()
            if rows:
                last = rows[-1].run_id, rows[-1].id
                yield [Expiring(row.id, row.run_id, row.tenant_ref, row.learner_ref, days) for row in rows]
            if len(rows) < AT_ONCE:
                break
        from_ = window
