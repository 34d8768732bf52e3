"""What could not be done is tried again: one entry of the failure log, several, or all that stand (R-178).

Deciding and signing are tried by the entry that serves every door, so trying again issues nothing twice; a document is
printed; who had no contact is looked up again. A message whose fate nobody knows is decided upon where messages are
(`messages`), and a refused re-issue needs a reason again: both are left, and said to be.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import RunView, get_run
from ..awards import service as awards
from ..awards.models import Failure
from ..awards.service import Standing
from ..awards.states import AwardState
from ..core import audit
from ..core.errors import CertifyError
from ..core.runtime import Runtime
from ..notifications import reasons
from ..notifications import service as notifications
from ..notifications.service import Telling
from .happenings import RESTORED, reconsider
from .many import ALREADY, ISSUED
from .printing import get_document

DECIDING, PRINTING = ("decide", "sign"), "print"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Retried:
    """How many learners were tried again, and what came of it. Left: what is not tried again like this."""

    tried: int
    put_right: int
    still: int
    left: int


def retry(
    rt: Runtime, run_id: UUID, failure_ids: Collection[UUID] | None = None, *, step: str | None = None, actor: str
) -> Retried:
    """Tries again what stands of these entries, or of all of the run, or of one step.

    Raises UnknownRun, NothingAttached, HostUnavailable.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
        found = session.execute(
            sa.select(Failure.id, Failure.learner_ref, Failure.step, Failure.code)
            .where(
                Failure.run_id == run_id,
                Failure.resolved_at.is_(None),
                *([Failure.step == step] if step else []),
                *([Failure.id.in_(list(failure_ids))] if failure_ids is not None else []),
            )
            .order_by(Failure.at, Failure.id)
        ).all()
    again = list(dict.fromkeys(row.learner_ref for row in found if row.learner_ref and row.step in DECIDING))
    to_print = list(dict.fromkeys(row.learner_ref for row in found if row.learner_ref and row.step == PRINTING))
    silent = list(dict.fromkeys(row.learner_ref for row in found if row.learner_ref and row.code == reasons.NO_CONTACT))
    counts: Counter[bool] = Counter()
    for some in _parts(again):
        results = reconsider(rt, run_id, some, actor=actor)
        counts.update(each.result in (ISSUED, RESTORED, ALREADY) for each in results)
        _resolve(rt, run_id, [each.learner_ref for each in results if each.result == ALREADY], DECIDING)
    held = _held(rt, run, [*to_print, *silent])
    printed = [ref for ref in to_print if ref in held and _prints(rt, held[ref].award_id)]
    _resolve(rt, run_id, printed, (PRINTING,))
    reached = _tell(rt, run, {ref: held[ref] for ref in silent if ref in held})
    counts.update(ref in printed for ref in to_print)
    counts.update(ref in reached for ref in silent)
    known = {*DECIDING, PRINTING}
    left = sum(row.learner_ref is None or (row.step not in known and row.code != reasons.NO_CONTACT) for row in found)
    done = Retried(counts.total(), counts[True], counts[False], left)
    with rt.transaction() as tx:
        audit.record(
            tx,
            tenant_ref=run.tenant_ref,
            actor_ref=actor,
            act="failures.retry",
            subject=f"run:{run.id}",
            at=rt.clock.now(),
            **asdict(done),
        )
    return done


def _held(rt: Runtime, run: RunView, refs: Sequence[str]) -> dict[str, Standing]:
    with rt.reading() as session:
        found = awards.standing_of(session, run.tenant_ref, run.run_ref, refs) if refs else {}
    return {ref: each for ref, each in found.items() if each.state is AwardState.ISSUED}


def _prints(rt: Runtime, award_id: UUID) -> bool:
    try:
        get_document(rt, award_id)
    except CertifyError:
        return False  # what failed stands in the log, and goes on standing there
    return True


def _tell(rt: Runtime, run: RunView, held: dict[str, Standing]) -> set[str]:
    """Tells those who can be reached by now: their references."""
    reached: set[str] = set()
    for some in _parts(list(held)):
        channels = notifications.choose_channels(rt, some)
        open_now = [ref for ref in some if channels[ref].open() and channels[ref].unasked is None]
        tellings = [Telling(held[ref].award_id, ref, None, channels[ref]) for ref in open_now]
        if tellings:
            with rt.transaction() as tx:
                now = rt.clock.now()
                chunk_ids = notifications.write_ledger(tx, run.id, run.tenant_ref, "issued", tellings, now)
                tx.then(rt.wake, chunk_ids)
                _resolve_no_contact(rt, tx.session, run.id, open_now)
        reached.update(open_now)
    return reached


def _resolve(rt: Runtime, run_id: UUID, refs: Sequence[str], steps: Collection[str]) -> None:
    if refs:
        with rt.transaction() as tx:
            awards.resolve_failures(tx, run_id, refs, steps, rt.clock.now())


def _resolve_no_contact(rt: Runtime, session: orm.Session, run_id: UUID, refs: Sequence[str]) -> None:
    session.execute(
        sa.update(Failure)
        .where(
            Failure.run_id == run_id,
            Failure.learner_ref.in_(refs),
            Failure.code == reasons.NO_CONTACT,
            Failure.resolved_at.is_(None),
        )
        .values(resolved_at=rt.clock.now())
        .execution_options(synchronize_session=False)
    )


def _parts(refs: Sequence[str]) -> list[Sequence[str]]:
    return [refs[first : first + AT_ONCE] for first in range(0, len(refs), AT_ONCE)]
