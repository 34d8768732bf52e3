"""Evaluate many learners of a run anew, by hand: everybody, those on the allowlist, or those with certain statuses.

It is the same entry as for every event (R-068): what is due is issued or comes back, a refusal writes its status, and
nothing is taken away (R-074). Who started it, for whom and what came of it stands in the audit log (R-084).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import RunView, get_run
from ..awards.exceptions import Kind, LearnerException
from ..awards.models import Record
from ..core import audit
from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..eligibility.engine import KNOWN_STATUSES, PASSING_STATUSES
from . import changes
from .happenings import RESTORED, reconsider
from .keeping import kept_of
from .many import FAILED, ISSUED

PAGE = 1000


class UnknownStatus(BadInput):
    code = "evaluation.status"
    sentence = N_("There is no status %(status)s. Known are %(known)s.")


class Whom(StrEnum):
    """Of whom it is asked."""

    EVERYONE = "everyone"
    ALLOWLISTED = "allowlisted"
    ALLOWLISTED_WITHOUT = "allowlisted_without_certificate"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of it. Everybody chosen is attempted; who has a certificate already, or may have none, is skipped."""

    attempted: int
    skipped: int
    succeeded: int  # issued, or brought back
    failed: int
    started_by: str


def evaluate(
    rt: Runtime,
    run_id: UUID,
    whom: Whom | None = None,
    *,
    learner_refs: Sequence[str] = (),
    statuses: Collection[str] = (),
    actor: str,
    notify: bool = True,
) -> Evaluated:
    """Evaluates those who are meant by any of the three. Doing it again changes nothing beyond what is due.

    Raises UnknownRun, UnknownStatus, NothingAttached, HostUnavailable; what was done before that stays.
    """
    for status in statuses:
        if status not in KNOWN_STATUSES:
            raise UnknownStatus(status=status[:60], known=", ".join(sorted(KNOWN_STATUSES)))
    with rt.reading() as session:
        run = get_run(session, run_id)
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for page in _chosen(rt, run, whom, learner_refs, statuses):
        refs = [ref for ref in dict.fromkeys(page) if ref not in seen]
        seen.update(refs)
        counts.update(each.result for each in reconsider(rt, run_id, refs, actor=actor, notify=notify) if refs)
    succeeded = counts[ISSUED] + counts[RESTORED]
    done = Evaluated(len(seen), len(seen) - succeeded - counts[FAILED], succeeded, counts[FAILED], actor)
    with rt.transaction() as tx:
        audit.record(
            tx,
            tenant_ref=run.tenant_ref,
            actor_ref=actor,
            act="run.evaluate",
            subject=f"run:{run.id}",
            at=rt.clock.now(),
            whom=whom.value if whom else None,
            statuses=sorted(statuses),
            **{name: number for name, number in asdict(done).items() if name != "started_by"},
        )
    return done


def _chosen(
    rt: Runtime, run: RunView, whom: Whom | None, learner_refs: Sequence[str], statuses: Collection[str]
) -> Iterator[Sequence[str]]:
    """The learners who are meant, in parts. Somebody may be in several."""
    yield from _parts(learner_refs)
    match whom:
        case Whom.EVERYONE:
            for page in changes.pages(rt, run.run_ref):
                yield [each.learner_ref for each in page]
        case Whom.ALLOWLISTED | Whom.ALLOWLISTED_WITHOUT:
            for part in _parts(_listed(rt, run.id)):
                yield _without(rt, run.id, part) if whom is Whom.ALLOWLISTED_WITHOUT else part
    if statuses:
        with rt.reading() as session:
            found = session.scalars(
                sa.select(Record.learner_ref)
                .where(Record.run_id == run.id, Record.status.in_(statuses))
                .order_by(Record.learner_ref)
            ).all()
        yield from _parts(found)


def _listed(rt: Runtime, run_id: UUID) -> Sequence[str]:
    with rt.reading() as session:
        return session.scalars(
            sa.select(LearnerException.learner_ref)
            .where(
                LearnerException.run_id == run_id,
                LearnerException.kind == Kind.ALLOW,
                LearnerException.ended_at.is_(None),
            )
            .order_by(LearnerException.learner_ref)
        ).all()


def _without(rt: Runtime, run_id: UUID, refs: Sequence[str]) -> Sequence[str]:
    """Those whose record does not stand for a certificate that people have (R-062)."""
    with rt.reading() as session:
        kept = kept_of(session, run_id, refs)
    return [ref for ref in refs if ref not in kept or kept[ref].status not in PASSING_STATUSES]


def _parts(refs: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(refs), PAGE):
        yield refs[first : first + PAGE]
