"""What our own tables say about learners, as the engine asks it: records and exceptions."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..awards import exceptions
from ..awards.exceptions import Exceptions
from ..awards.models import Award, Record
from ..awards.moves import DOWNLOADABLE, UNAVAILABLE
from ..awards.states import AwardState
from ..eligibility.facts import Entry, Kept


def kept_of(session: orm.Session, run_id: UUID, learner_refs: Collection[str]) -> dict[str, Kept]:
    """Record and exceptions of each of these learners of whom there is either. Two queries, however many they are."""
    rows = {
        # The award is the truth: without one nothing is final, whatever the record says.
        ref: (status if award_id or status != DOWNLOADABLE else UNAVAILABLE, mode)
        for ref, status, mode, award_id in session.execute(
            sa.select(Record.learner_ref, Record.status, Award.mode, Award.id)
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


def _listed(each: Exceptions) -> Entry:
    if each.listed:
        return Entry.ACTIVE
    return Entry.INACTIVE if each.listed_disabled else Entry.NONE


def _invalid(each: Exceptions) -> Entry:
    if each.invalid:
        return Entry.ACTIVE
    return Entry.INACTIVE if each.was_invalid else Entry.NONE
