"""Find awards and records, and write what became of learners. Frozen views leave this room, rows stay."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..core.db import insert_or_ignore, upsert
from ..core.errors import NotFound
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.texts import is_reference
from ..core.transaction import Transaction
from .frozen import Frozen
from .models import LIVE_KEYS, ONE_LIVE_AWARD, Award, Failure, Record
from .states import AwardState, Move, after

LIVE = (AwardState.ISSUED, AwardState.WITHDRAWN, AwardState.GRANTED)


class UnknownAward(NotFound):
    code = "award.unknown"
    sentence = N_("There is no such certificate.")


@dataclass(frozen=True, slots=True)
class AwardView:
    id: UUID
    run_id: UUID
    run_ref: str
    tenant_ref: str
    learner_ref: str
    issuer_id: UUID
    code: str
    state: AwardState
    replaces_id: UUID | None
    template_version_id: UUID
    frozen: Frozen
    issued_at: datetime | None
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """The live award of a learner in a run: its id, code, state and what it will print."""

    award_id: UUID
    code: str
    state: AwardState
    achievement_id: UUID
    achievement_key: str
    template_version_id: UUID
    frozen: Frozen


@dataclass(frozen=True, slots=True)
class FailureNote:
    """Something that could not be done for a learner: a code, and the gaps of its sentence."""

    learner_ref: str | None
    step: str
    code: str
    details: Mapping[str, Any]


# ---- finding ---------------------------------------------------------------------------------------


def get_award(session: orm.Session, award_id: UUID) -> AwardView:
    """Raises UnknownAward."""
    award = session.get(Award, award_id)
    if award is None:
        raise UnknownAward()
    return view(award)


def find_by_code(session: orm.Session, code: str) -> AwardView | None:
    award = session.scalar(sa.select(Award).where(Award.code == code))
    return view(award) if award else None


def awards_of_learner(session: orm.Session, learner_ref: str) -> list[AwardView]:
    """All that were ever issued, newest first."""
    found = session.scalars(
        sa.select(Award)
        .where(Award.learner_ref == learner_ref, Award.state != AwardState.GRANTED)
        .order_by(Award.granted_at.desc(), Award.id.desc())
    )
    return [view(each) for each in found]


def standing_of(
    session: orm.Session, tenant_ref: str, run_ref: str, learner_refs: Collection[str]
) -> dict[str, Standing]:
    """The live award of each of these learners who has one; granted but unsigned ones among them."""
    found = session.scalars(
        sa.select(Award).where(
            Award.tenant_ref == tenant_ref,
            Award.run_ref == run_ref,
            Award.learner_ref.in_([ref for ref in learner_refs if is_reference(ref)]),
            sa.text(f"({ONE_LIVE_AWARD})"),  # on its own its OR would let in those of all other runs
        )
    )
    return {each.learner_ref: _standing(each) for each in found}


def last_revoked(session: orm.Session, tenant_ref: str, run_ref: str, learner_refs: Collection[str]) -> dict[str, UUID]:
    """The award that was last revoked for good of each of these learners who has one: what a new one names (R-110)."""
    found = session.execute(
        sa.select(Award.learner_ref, Award.id)
        .where(
            Award.tenant_ref == tenant_ref,
            Award.run_ref == run_ref,
            Award.learner_ref.in_(learner_refs),
            Award.state == AwardState.REVOKED,
        )
        .order_by(Award.granted_at, Award.id)
    )
    return {row[0]: row[1] for row in found}


# ---- writing ---------------------------------------------------------------------------------------


def insert_awards(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Inserts the awards whose learners have no live one; the ids of those that went in.

    The index decides, not a look beforehand: of two batches that issue to one learner, one inserts.
    """
    ids = {row["id"] for row in rows}
    if insert_or_ignore(tx.session, Award, rows, keys=LIVE_KEYS, where=ONE_LIVE_AWARD) == len(rows):
        return ids
    return set(tx.session.scalars(sa.select(Award.id).where(Award.id.in_(ids))))


def mark_issued(tx: Transaction, award_ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Moves granted awards to issued; the ids of those that moved. Others are left as they are."""
    if not award_ids:
        return set()
    return set(
        tx.session.scalars(
            sa.update(Award)
            .where(Award.id.in_(award_ids), Award.state == AwardState.GRANTED)
            .values(state=after(AwardState.GRANTED, Move.ISSUE), issued_at=now)
            .returning(Award.id)
            .execution_options(synchronize_session=False)
        )
    )


def write_records(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes the latest outcome of each learner, over the one before. All rows have all columns."""
    upsert(tx.session, Record, rows, keys=("run_id", "learner_ref"))


def note_failures(
    tx: Transaction,
    tenant_ref: str,
    run_id: UUID | None,
    notes: Iterable[FailureNote],
    *,
    now: datetime,
    batch_id: UUID | None = None,
) -> None:
    """Adds to the failure log (R-178)."""
    rows = [
        {
            "id": new_id(),
            "at": now,
            "tenant_ref": tenant_ref,
            "run_id": run_id,
            "learner_ref": note.learner_ref,
            "step": note.step,
            "code": note.code,
            "details": dict(note.details),
            "batch_id": batch_id,
        }
        for note in notes
    ]
    if rows:
        tx.session.execute(sa.insert(Failure), rows)


def note_again(
    tx: Transaction,
    tenant_ref: str,
    run_id: UUID | None,
    notes: Sequence[FailureNote],
    *,
    now: datetime,
    batch_id: UUID | None = None,
    reopening: bool = False,
) -> None:
    """The same, but what stands there already in the same words is counted there: tried again in vain, it has not been
    put right. `reopening`: what was put right as well, which then stands again."""
    if not notes:
        return
    whose = {each.learner_ref for each in notes}
    found = tx.session.execute(
        sa.select(Failure.id, Failure.learner_ref, Failure.step, Failure.code, Failure.details)
        .where(
            Failure.run_id == run_id,
            sa.or_(
                Failure.learner_ref.in_(whose - {None}),
                *([Failure.learner_ref.is_(None)] if None in whose else []),
            ),
            *([] if reopening else [Failure.resolved_at.is_(None)]),
        )
        .order_by(Failure.at)
    )
    standing = {_words(row.learner_ref, row.step, row.code, row.details): row.id for row in found}
    told = [(each, _words(each.learner_ref, each.step, each.code, each.details)) for each in notes]
    again = [standing[words] for _, words in told if words in standing]
    if again:
        tx.session.execute(
            sa.update(Failure)
            .where(Failure.id.in_(again))
            .values(attempts=Failure.attempts + 1, last_at=now, resolved_at=None)
            .execution_options(synchronize_session=False)
        )
    note_failures(
        tx, tenant_ref, run_id, [each for each, words in told if words not in standing], now=now, batch_id=batch_id
    )


def _words(
    learner_ref: str | None, step: str, code: str, details: Mapping[str, Any]
) -> tuple[str | None, str, str, str]:
    return learner_ref, step, code, json.dumps(dict(details), sort_keys=True)


def resolve_delays(tx: Transaction, run_id: UUID, now: datetime) -> None:
    """What kept batches of the run waiting is over. What kept its messages waiting is not."""
    _resolve(tx, Failure.run_id == run_id, Failure.learner_ref.is_(None), Failure.step.in_(("plan", "decide")), now=now)


def resolve_refusals(tx: Transaction, run_id: UUID, now: datetime) -> None:
    """What a batch of the run was refused for before no longer stands in its way."""
    _resolve(tx, Failure.run_id == run_id, Failure.step == "open", now=now)


def _resolve(tx: Transaction, *which: sa.ColumnElement[bool], now: datetime) -> None:
    tx.session.execute(
        sa.update(Failure)
        .where(*which, Failure.resolved_at.is_(None))
        .values(resolved_at=now)
        .execution_options(synchronize_session=False)
    )


def resolve_failures(
    tx: Transaction, run_id: UUID, learner_refs: Collection[str], steps: Collection[str], now: datetime
) -> None:
    """What failed before and has now been done no longer stands (R-107)."""
    if learner_refs:
        whose = Failure.learner_ref.in_(learner_refs)
        _resolve(tx, Failure.run_id == run_id, whose, Failure.step.in_(steps), now=now)


# ---- views -----------------------------------------------------------------------------------------


def view(award: Award | sa.Row[Any]) -> AwardView:
    """The award as others see it, from its row."""
    return AwardView(
        award.id,
        award.run_id,
        award.run_ref,
        award.tenant_ref,
        award.learner_ref,
        award.issuer_id,
        award.code,
        AwardState(award.state),
        award.replaces_id,
        award.template_version_id,
        Frozen.from_json(award.frozen),
        award.issued_at,
        award.granted_at,
    )


def _standing(award: Award) -> Standing:
    frozen = Frozen.from_json(award.frozen)
    return Standing(
        award.id,
        award.code,
        AwardState(award.state),
        award.achievement_id,
        frozen.achievement_key,
        award.template_version_id,
        frozen,
    )
