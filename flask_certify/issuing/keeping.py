"""What our own tables say about learners, as the engine asks it, and what the host says when something is withdrawn."""

import logging
from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards import exceptions
from ..awards.exceptions import Exceptions
from ..awards.models import Award, Record
from ..awards.moves import DOWNLOADABLE, UNAVAILABLE, Fresh, in_parts
from ..awards.states import AwardState
from ..core.errors import CertifyError
from ..core.runtime import Runtime
from ..core.texts import is_reference, storable
from ..eligibility.facts import NOTHING_KEPT, Entry, Kept
from ..eligibility.reasons import Reason
from ..eligibility.service import ask_records
from ..host.records import LearnerRecord

log = logging.getLogger("flask_certify")


def kept_of(session: orm.Session, run_id: UUID, learner_refs: Collection[str]) -> dict[str, Kept]:
    """Record and exceptions of each of these learners of whom there is either. Two queries, however many they are."""
    learner_refs = [ref for ref in learner_refs if is_reference(ref)]  # of others no database can be asked
    rows = {
        # The award is the truth: without one nothing is final, whatever the record says.
        ref: (status if award_id or status != DOWNLOADABLE else UNAVAILABLE, mode)
        for ref, status, mode, award_id in session.execute(
            sa.select(Record.learner_ref, Record.status, sa.func.coalesce(Record.mode, Award.mode), Award.id)
            .outerjoin(Award, sa.and_(Award.id == Record.award_id, Award.state == AwardState.ISSUED))
            .where(Record.run_id == run_id, Record.learner_ref.in_(learner_refs))
        )
    }
    special = exceptions.of_learners(session, run_id, learner_refs)
    found = {}
    for ref in rows.keys() | special.keys():
        status, mode = rows.get(ref, (None, None))
        each = special.get(ref, exceptions.NONE)
        found[ref] = Kept(status, mode, _listed(each), _invalid(each))
    return found


def turned(session: orm.Session, run_id: UUID, kept: Mapping[str, Kept], refs: Collection[str]) -> dict[str, Reason]:
    """Of whom an exception says otherwise than when it was decided, and why nothing is issued for now.

    Asked within the transaction that stores: deciding and signing many takes a while, in which people go on.
    """
    found = exceptions.of_learners(session, run_id, refs)
    reasons: dict[str, Reason] = {}
    for ref in refs:
        now, before = found.get(ref, exceptions.NONE), kept.get(ref, NOTHING_KEPT)
        if now.invalid:
            reasons[ref] = Reason("invalidated")
        elif before.allowlist is Entry.ACTIVE and not now.listed:
            reasons[ref] = Reason("allowlist_removed")
    return reasons


def _listed(each: Exceptions) -> Entry:
    if each.listed:
        return Entry.ACTIVE
    return Entry.INACTIVE if each.listed_disabled else Entry.NONE


def _invalid(each: Exceptions) -> Entry:
    if each.invalid:
        return Entry.ACTIVE
    return Entry.INACTIVE if each.was_invalid else Entry.NONE


# ---- what the host says when something is withdrawn --------------------------------------------------


def ask_fresh(rt: Runtime, learners: Iterable[tuple[UUID, str, str]]) -> dict[tuple[UUID, str], Fresh]:
    """Mode and names of learners, each given as id and reference of a run, and their own reference (R-080).

    One call of the host for each run and 500 learners. It never raises: of whom the host says nothing now, the record
    keeps what it has, and nothing is withdrawn any later for it.
    """
    by_run: dict[tuple[UUID, str], list[str]] = {}
    for run_id, run_ref, learner_ref in learners:
        by_run.setdefault((run_id, run_ref), []).append(learner_ref)
    found: dict[tuple[UUID, str], Fresh] = {}
    for (run_id, run_ref), refs in by_run.items():
        for some in in_parts(refs):
            try:
                records, _ = ask_records(rt, run_ref, some)
            except CertifyError as error:
                log.warning("records not refreshed", extra={"reason": error.code, "count": len(some)})
                continue
            found |= fresh_of(run_id, records)
    return found


def fresh_of(run_id: UUID, records: Mapping[str, LearnerRecord]) -> dict[tuple[UUID, str], Fresh]:
    return {
        (run_id, ref): Fresh(mode_of(record), storable(record.display_name, 300), storable(record.external_id, 100))
        for ref, record in records.items()
    }


def mode_of(record: LearnerRecord | None) -> str | None:
    """Of the enrolment; None: there is none."""
    return storable(record.enrolment.mode, 40) if record is not None and record.enrolment is not None else None
