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
    """Which certificates to pack, and by reference, why other learners have none."""

    number: int
    one: UUID | None
    """Any of the certificates, to tell from it how large they are."""
    award_ids: Sequence[UUID] | None
    """In the order of the learners' references. None: all that are valid, whoever has them."""
    without: Mapping[str, str]


class LeftOut(NamedTuple):
    """A learner, by the external id, or by the platform's reference if there is none; and the code of why."""

    learner: str
    why: str


def choose(session: orm.Session, run_id: UUID, learner_refs: Collection[str] | None) -> Chosen:
    """All valid certificates of the run, or those of these learners."""
    if learner_refs is None:
        live = Award.run_id == run_id, Award.state == AwardState.ISSUED
        number = session.scalar(sa.select(sa.func.count()).select_from(Award).where(*live)) or 0
        return Chosen(number, session.scalar(sa.select(Award.id).where(*live).limit(1)), None, {})
    refs, found = sorted(set(learner_refs)), list[UUID]()
    without = dict.fromkeys(refs, NoCertificate.code)
    for at in range(0, len(refs), _ONCE):
        rows = session.execute(
            sa.select(Award.id, Award.learner_ref, Award.state)
            .where(Award.run_id == run_id, Award.learner_ref.in_(refs[at : at + _ONCE]))
            .order_by(Award.learner_ref)
        ).all()
        without |= {row.learner_ref: NotLive.code for row in rows}
        for row in rows:
            if row.state == AwardState.ISSUED:
                found.append(row.id)
                without.pop(row.learner_ref, None)
    return Chosen(len(found), found[0] if found else None, found, without)


def write_items(session: orm.Session, bundle_id: UUID, run_id: UUID, chosen: Chosen) -> int:
    """Numbers the certificates from 0, which are packed in chunks; after them the learners who have none. How many
    certificates."""
    if chosen.award_ids is None:
        return _write_all(session, bundle_id, run_id)
    asked: list[tuple[UUID | None, str | None, str | None]] = [(each, None, None) for each in chosen.award_ids]
    asked += [(None, learner_ref, why) for learner_ref, why in chosen.without.items()]
    rows = [
        {"bundle_id": bundle_id, "position": at, "award_id": award_id, "learner_ref": learner_ref, "result": result}
        for at, (award_id, learner_ref, result) in enumerate(asked)
    ]
    if rows:
        session.execute(sa.insert(BundleItem), rows)
    return len(chosen.award_ids)


def _write_all(session: orm.Session, bundle_id: UUID, run_id: UUID) -> int:
    """In the database alone: fifty thousand ids do not travel here and back while a mentor waits for the page."""
    position = sa.func.row_number().over(order_by=(Award.learner_ref, Award.id)) - 1
    live = sa.select(sa.literal(bundle_id, sa.Uuid()), position, Award.id).where(
        Award.run_id == run_id, Award.state == AwardState.ISSUED
    )
    session.execute(sa.insert(BundleItem).from_select(["bundle_id", "position", "award_id"], live))
    counted = sa.select(sa.func.count()).select_from(BundleItem).where(BundleItem.bundle_id == bundle_id)
    return session.scalar(counted) or 0


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
