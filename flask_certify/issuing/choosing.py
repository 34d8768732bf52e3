"""Whose certificates a bundle holds: all valid ones of a run, or those of chosen learners; and who has none."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards.models import Award, Record
from ..awards.states import AwardState
from ..core.errors import Conflict
from ..core.i18n import N_
from .models import Bundle, BundleItem
from .printing import NotLive

PACKED = "packed"
_ONCE = 500  # references in one question: SQLite takes no more than 32,766


class NoCertificate(Conflict):
    code = "bundle.no_certificate"
    sentence = N_("This learner has no certificate of this course run.")


@dataclass(frozen=True)
class Chosen:
    """The certificates to pack, in the order of the learners' references; and by reference, why others have none."""

    award_ids: Sequence[UUID]
    without: Mapping[str, str]

    @property
    def expected(self) -> int:
        return len(self.award_ids) + len(self.without)


class LeftOut(NamedTuple):
    """A learner, by the external id, or by the platform's reference if there is none; and the code of why."""

    learner: str
    why: str


def choose(session: orm.Session, run_id: UUID, learner_refs: Collection[str] | None) -> Chosen:
    """All valid certificates of the run, or those of these learners."""
    wanted = sa.select(Award.id, Award.learner_ref, Award.state).where(Award.run_id == run_id)
    if learner_refs is None:
        live = wanted.where(Award.state == AwardState.ISSUED).order_by(Award.learner_ref)
        return Chosen([row.id for row in session.execute(live)], {})
    refs, found = sorted(set(learner_refs)), []
    without = dict.fromkeys(refs, NoCertificate.code)
    for at in range(0, len(refs), _ONCE):
        some = wanted.where(Award.learner_ref.in_(refs[at : at + _ONCE])).order_by(Award.learner_ref)
        rows = session.execute(some).all()
        without |= {row.learner_ref: NotLive.code for row in rows}
        found += [row for row in rows if row.state == AwardState.ISSUED]
    for row in found:
        del without[row.learner_ref]
    return Chosen([row.id for row in found], without)


def list_left_out(session: orm.Session, bundle: Bundle, *, without_award: bool = False) -> list[LeftOut]:
    """Who of the bundle is left out as far as is known; or only those who had nothing to pack from the beginning."""
    learner_ref = sa.func.coalesce(BundleItem.learner_ref, Award.learner_ref)
    rows = session.execute(
        sa.select(BundleItem.result, learner_ref.label("learner_ref"), Record.external_id)
        .outerjoin(Award, Award.id == BundleItem.award_id)
        .outerjoin(Record, sa.and_(Record.run_id == bundle.run_id, Record.learner_ref == learner_ref))
        .where(
            BundleItem.bundle_id == bundle.id,
            BundleItem.award_id.is_(None) if without_award else sa.true(),
            BundleItem.result.is_not(None),
            BundleItem.result != PACKED,
        )
        .order_by(BundleItem.position)
    )
    return [LeftOut(row.external_id or row.learner_ref or "", row.result) for row in rows]


def told(packed: int, left_out: Sequence[LeftOut]) -> dict[str, Any]:
    """What a manifest says: how many were expected, packed and left out, and who was left out for which reason."""
    return {
        "expected": packed + len(left_out),
        "packed": packed,
        "left_out": len(left_out),
        "why": dict(Counter(each.why for each in left_out)),
        "learners": [{"external_id": each.learner, "why": each.why} for each in left_out],
    }
