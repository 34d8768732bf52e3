"""What screens, counts and reports read about each learner, kept up to date without issuing anything (DESIGN 16).

A record whose learner holds a certificate keeps what was said when it was issued; what the host says about the person
(name, external id, date of completion) is always that of the last time it was asked. Where its data were wrong, what
they do not say of the person stays, so that staff still find whom to put right.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..core.db import upsert
from ..core.transaction import Transaction
from .labels import ISSUE_FAILED, ISSUED
from .models import Record

ABOUT_PERSON = ("completed_on", "display_name", "external_id")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a learner found. `eligible` is None if the data are wrong: neither yes nor no."""

    learner_ref: str
    eligible: bool | None
    label: str
    reasons: tuple[Mapping[str, Any], ...]
    completed_on: datetime | None
    display_name: str | None
    external_id: str | None


def write_seen(tx: Transaction, run_id: UUID, seen: Iterable[Seen], now: datetime) -> int:
    """Writes what was found, where it differs from what is there: how many records changed. Two statements."""
    found = list(seen)
    known = _known(tx.session, run_id, [each.learner_ref for each in found])
    changed = [each for each in found if _differs(each, known.get(each.learner_ref))]
    upsert(
        tx.session,
        Record,
        [
            {
                "run_id": run_id,
                "learner_ref": each.learner_ref,
                "status": None,
                "label": each.label,
                "type": None,
                "award_id": None,
                "reasons": list(each.reasons),
                "eligible": each.eligible,
                "grade": None,
                "mode": None,
                "completed_on": each.completed_on,
                "display_name": each.display_name,
                "external_id": each.external_id,
                "decided_at": now,
            }
            for each in changed
        ],
        keys=("run_id", "learner_ref"),
        changes=_changes,
    )
    return len(changed)


def _changes(seen: Any) -> Mapping[str, Any]:
    """The status is for evaluation to write, and what is said about a certificate for the act that issued it."""
    holds = Record.award_id.is_not(None)
    wrong = seen.eligible.is_(None)

    def of_person(name: str) -> Any:
        said, kept = getattr(seen, name), getattr(Record, name)
        return sa.case((wrong, sa.func.coalesce(said, kept)), else_=said)

    stays = sa.or_(Record.label == ISSUED, sa.and_(Record.label == ISSUE_FAILED, seen.eligible.is_not(sa.false())))
    return {
        "label": sa.case((stays, Record.label), else_=seen.label),
        "type": sa.case((stays, Record.type), else_=sa.null()),
        "reasons": sa.case((holds, Record.reasons), else_=seen.reasons),
        "eligible": seen.eligible,
        **{name: of_person(name) for name in ABOUT_PERSON},
        "decided_at": sa.case((holds, Record.decided_at), else_=seen.decided_at),
    }


def _known(session: orm.Session, run_id: UUID, learner_refs: Collection[str]) -> Mapping[str, sa.Row[Any]]:
    rows = session.execute(
        sa.select(
            Record.learner_ref,
            Record.label,
            Record.award_id,
            Record.reasons,
            Record.eligible,
            Record.completed_on,
            Record.display_name,
            Record.external_id,
        ).where(Record.run_id == run_id, Record.learner_ref.in_(learner_refs))
    )
    return {row.learner_ref: row for row in rows}


def _differs(seen: Seen, known: "sa.Row[Any] | None") -> bool:
    if known is None:
        return True
    if known.eligible != seen.eligible or any(
        getattr(seen, name) != getattr(known, name)
        for name in ABOUT_PERSON
        if seen.eligible is not None or getattr(seen, name) is not None
    ):
        return True
    if known.award_id is not None or known.label == ISSUE_FAILED:
        return False
    return (known.label, list(known.reasons)) != (seen.label, list(seen.reasons))
