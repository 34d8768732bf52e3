"""My name is wrong: a learner asks for its correction, and a re-issue follows (R-179 to R-184).

The name is corrected where it comes from: in the tenant's directory, or by the tenant's admin in the platform; never
here, since the next refresh would bring the old one back. The request is `open` until the learner, or staff for them,
confirms that the platform has the right name now; staff then see old name, new name and the certificate that would
come, and re-issue. Asking is free, and possible for CERTIFY_CORRECTION_DAYS from the issue on. People who registered
themselves have no directory: they correct their profile, and take part only where a certificate is for everyone
(R-181, D-15).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Attachment
from ..achievements.service import get_run
from ..awards.causes import LONGEST_NOTE, Cause, Why
from ..awards.models import Award
from ..awards.service import AwardView, get_award
from ..awards.states import AwardState
from ..core import audit
from ..core.db import insert_or_ignore
from ..core.errors import BadInput, Conflict, Forbidden, NotFound
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.texts import storable
from ..core.transaction import Transaction
from ..eligibility.service import ask_records
from . import reissuing
from .many import LearnerOutcome
from .models import ONE_PENDING, NameCorrection
from .names import name_on_paper, tidy
from .reissuing import Comparison
from .results import REISSUED

LONGEST_NAME = 300


class Stage(StrEnum):
    """How far a request has come."""

    OPEN = "open"
    CONFIRMED = "confirmed"  # the platform has the right name, says the learner
    DONE = "done"
    REFUSED = "refused"


PENDING = (Stage.OPEN, Stage.CONFIRMED)


class TooLateToAsk(Conflict):
    code = "correction.too_late"
    sentence = N_("A name can be corrected for %(days)s days after the issue. Ask the issuer's help desk.")


class AlreadyAsked(Conflict):
    code = "correction.pending"
    sentence = N_("A correction of this name has been asked for already, and is being worked on.")


class OwnProfile(Conflict):
    code = "correction.own_profile"
    sentence = N_(
        "You registered yourself, so your name comes from your own profile. Correct it there; this certificate is not "
        "issued again for people whom no organisation knows."
    )


class NotCorrectable(Conflict):
    code = "correction.not_live"
    sentence = N_("Only a certificate that counts can be corrected.")


class SameName(Conflict):
    code = "correction.same_name"
    sentence = N_(
        "The learning platform still has the name that is printed. It has to be corrected there first: in the "
        "directory of the organisation, or by its admin."
    )


class NoName(BadInput):
    code = "correction.no_name"
    sentence = N_("Write the name as it should be printed, with at most 300 letters.")


class NotConfirmed(Conflict):
    code = "correction.not_confirmed"
    sentence = N_("The learner has not confirmed yet that the learning platform has the right name.")


class Decided(Conflict):
    code = "correction.decided"
    sentence = N_("This request has been decided already.")


class UnknownCorrection(NotFound):
    code = "correction.unknown"
    sentence = N_("There is no such request.")


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A request as staff and its learner may read it. Names are personal data."""

    id: UUID
    award_id: UUID
    run_id: UUID
    learner_ref: str
    name: str | None
    note: str | None
    state: Stage
    filed_at: datetime
    confirmed_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None
    new_award_id: UUID | None


# ---- what learners do ------------------------------------------------------------------------------


def file(rt: Runtime, award_id: UUID, name: str, note: str | None = None, *, learner_ref: str, actor: str) -> UUID:
    """Asks for another name on the learner's own certificate: the id of the request, which is its ticket (R-184).

    Raises UnknownAward, Forbidden, NotCorrectable, NoName, TooLateToAsk, OwnProfile, AlreadyAsked, HostUnavailable.
    """
    wanted, now = tidy(name), rt.clock.now()
    with rt.reading() as session:
        award = get_award(session, award_id)
        attachment = session.get(Attachment, session.get_one(Award, award_id).attachment_id)
        audience = attachment.audience if attachment else "tenant"
    if award.learner_ref != learner_ref:
        raise Forbidden()
    if award.state is not AwardState.ISSUED or award.frozen.recipient_name is None:
        raise NotCorrectable()
    if not wanted or len(wanted) > LONGEST_NAME:
        raise NoName()
    if now > last_moment(rt, award):
        raise TooLateToAsk(days=rt.settings.correction_days)
    record = ask_records(rt, award.run_ref, [learner_ref])[0].get(learner_ref)
    if audience != "everyone" and (record is None or record.tenant_ref is None):
        raise OwnProfile()
    ticket = new_id()
    row = {
        "id": ticket,
        "award_id": award.id,
        "run_id": award.run_id,
        "learner_ref": learner_ref,
        "name": wanted,
        "note": storable(note.strip()[:LONGEST_NOTE], LONGEST_NOTE) if note else None,
        "state": Stage.OPEN,
        "filed_at": now,
    }
    with rt.transaction() as tx:
        insert_or_ignore(tx.session, NameCorrection, [row], keys=["award_id"], where=ONE_PENDING)
        if tx.session.get(NameCorrection, ticket) is None:
            raise AlreadyAsked()
        _note(tx, award.tenant_ref, actor, "correction.file", ticket, now)
    return ticket


def last_moment(rt: Runtime, award: AwardView) -> datetime:
    """Until when a correction can be asked for: counted from the issue, not from the end of the course (R-184)."""
    return (award.issued_at or award.granted_at) + timedelta(days=rt.settings.correction_days)


def confirm(rt: Runtime, correction_id: UUID, *, actor: str, learner_ref: str | None = None) -> CorrectionView:
    """Says that the platform has the right name now. `learner_ref`: only if the request is theirs; None: staff.

    Doing it again changes nothing. Raises UnknownCorrection, Forbidden, Decided, SameName, HostUnavailable.
    """
    found = get(rt, correction_id)
    if learner_ref is not None and found.learner_ref != learner_ref:
        raise Forbidden()
    if found.state not in PENDING:
        raise Decided()
    with rt.reading() as session:
        award = get_award(session, found.award_id)
    record = ask_records(rt, award.run_ref, [found.learner_ref])[0].get(found.learner_ref)
    if record is None or name_on_paper(record) in (None, award.frozen.recipient_name):
        raise SameName()
    if found.state is Stage.OPEN:
        with rt.transaction() as tx:
            now = rt.clock.now()
            if _move(tx, correction_id, (Stage.OPEN,), state=Stage.CONFIRMED, confirmed_at=now):
                _note(tx, award.tenant_ref, actor, "correction.confirm", correction_id, now)
    return get(rt, correction_id)


# ---- what staff do ---------------------------------------------------------------------------------


def look_at(rt: Runtime, correction_id: UUID) -> Comparison:
    """Old name, new name at its source, and the certificate that would come, or why none would (R-183)."""
    found = get(rt, correction_id)
    [seen] = reissuing.compare(rt, found.run_id, [found.learner_ref], Cause.NAME_CORRECTED)
    return seen


def complete(rt: Runtime, correction_id: UUID, *, actor: str, notify: bool = True) -> LearnerOutcome:
    """Re-issues with the corrected name; the reason refers to the request, and the learner is told (R-180, R-182).

    A refused re-issue says why, leaves the certificate as it was, and the request waits on. Raises
    UnknownCorrection, Decided, NotConfirmed, SameName, and what `reissue_many` raises.
    """
    found = get(rt, correction_id)
    if found.state not in PENDING:
        raise Decided()
    if found.state is Stage.OPEN:
        raise NotConfirmed()
    seen = look_at(rt, correction_id)
    if seen.old is None or seen.old.id != found.award_id:
        raise Decided()  # another certificate has taken its place meanwhile
    if not seen.refused and seen.new_name == seen.old.frozen.recipient_name:
        raise SameName()
    why = Why(Cause.NAME_CORRECTED, f"correction {correction_id}")
    [outcome] = reissuing.reissue_many(rt, found.run_id, [found.learner_ref], why, actor=actor, notify=notify)
    if outcome.result == REISSUED:
        with rt.transaction() as tx:
            now = rt.clock.now()
            done = {"state": Stage.DONE, "decided_at": now, "decided_by": actor, "new_award_id": outcome.award_id}
            if _move(tx, correction_id, PENDING, **done):
                _note(tx, seen.old.tenant_ref, actor, "correction.done", correction_id, now)
    return outcome


def refuse(rt: Runtime, correction_id: UUID, *, actor: str) -> CorrectionView:
    """Ends the request; the certificate stays as it is. Raises UnknownCorrection, Decided."""
    found, now = get(rt, correction_id), rt.clock.now()
    with rt.transaction() as tx:
        if not _move(tx, correction_id, PENDING, state=Stage.REFUSED, decided_at=now, decided_by=actor):
            raise Decided()
        tenant_ref = get_run(tx.session, found.run_id).tenant_ref
        _note(tx, tenant_ref, actor, "correction.refuse", correction_id, now)
    return get(rt, correction_id)


# ---- looking ---------------------------------------------------------------------------------------


def get(rt: Runtime, correction_id: UUID) -> CorrectionView:
    """Raises UnknownCorrection."""
    with rt.reading() as session:
        found = session.get(NameCorrection, correction_id)
        if found is None:
            raise UnknownCorrection()
        return _view(found)


def of_run(session: orm.Session, run_id: UUID, *, pending: bool = True) -> list[CorrectionView]:
    """The requests of a run, the oldest first; all of them, or those that wait."""
    conditions = [NameCorrection.run_id == run_id]
    if pending:
        conditions.append(NameCorrection.state.in_(PENDING))
    return _listed(session, conditions)


def of_learner(session: orm.Session, learner_ref: str) -> list[CorrectionView]:
    """All that the learner ever asked for, the oldest first."""
    return _listed(session, [NameCorrection.learner_ref == learner_ref])


def _listed(session: orm.Session, conditions: Sequence[sa.ColumnElement[bool]]) -> list[CorrectionView]:
    found = session.scalars(
        sa.select(NameCorrection).where(*conditions).order_by(NameCorrection.filed_at, NameCorrection.id)
    )
    return [_view(each) for each in found]


def _view(row: NameCorrection) -> CorrectionView:
    return CorrectionView(
        row.id,
        row.award_id,
        row.run_id,
        row.learner_ref,
        row.name,
        row.note,
        Stage(row.state),
        row.filed_at,
        row.confirmed_at,
        row.decided_at,
        row.decided_by,
        row.new_award_id,
    )


def _move(tx: Transaction, correction_id: UUID, was: Sequence[Stage], **values: object) -> bool:
    moved = tx.session.execute(
        sa.update(NameCorrection)
        .where(NameCorrection.id == correction_id, NameCorrection.state.in_(was))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]


def _note(tx: Transaction, tenant_ref: str, actor: str, act: str, correction_id: UUID, now: datetime) -> None:
    audit.record(tx, tenant_ref=tenant_ref, actor_ref=actor, act=act, subject=f"correction:{correction_id}", at=now)
