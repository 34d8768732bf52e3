"""The way back from a re-issue by mistake: its certificate is revoked, and what it replaced counts again (R-103)."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa

from ..awards import exceptions, moves
from ..awards.causes import Cause, Why
from ..awards.models import Award
from ..awards.service import AwardView, get_award
from ..awards.states import AwardState, Move
from ..core.errors import Conflict
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from .lifecycle import DeclaredInvalid, after_moves


class NothingToUndo(Conflict):
    code = "reissue.nothing_to_undo"
    sentence = N_("This certificate did not replace another one, or does not count any more, so there is no way back.")


class TooLateToUndo(Conflict):
    code = "reissue.too_late"
    sentence = N_("A certificate that was issued again by mistake can be taken back for %(days)s days.")


class UndoneAlready(Conflict):
    code = "reissue.undone_already"
    sentence = N_(
        "This certificate counts again since what replaced it was taken back. "
        "To go back further, name the certificate that is to count instead."
    )


class Erased(Conflict):
    code = "award.erased"
    sentence = N_("What this certificate said was erased at its holder's wish, so it cannot come back.")


def undo(rt: Runtime, award_id: UUID, why: Why, *, actor: str, tell: bool = False) -> AwardView:
    """Revokes a successor that was a mistake, and brings back what it replaced (R-103): the award that counts again.

    What was withdrawn before, or has been since, comes back withdrawn, by whomever and for whatever it was: whether it
    counts again is not decided here. Raises UnknownAward, NothingToUndo, TooLateToUndo, Erased, DeclaredInvalid.
    """
    now = rt.clock.now()
    with rt.transaction() as tx:
        successor = get_award(tx.session, award_id)
        old_id = _undoable(rt, tx, successor, now)
        was = moves.last_moves(tx.session, [old_id], Move.SUPERSEDE)[old_id].from_state
        last = successor.id if successor.state is AwardState.WITHDRAWN else old_id
        withdrawn = last == successor.id or was == AwardState.WITHDRAWN
        # First the successor goes: the index allows one live award.
        details = {successor.id: {"undoes": str(old_id)}, old_id: {"undone": str(successor.id)}}
        gone = moves.move_many(tx, [successor.id], Move.REVOKE, why, actor=actor, now=now, details=details)
        back = moves.move_many(tx, [old_id], Move.UNDO, why, actor=actor, now=now, details=details) if gone else []
        if not back:
            raise NothingToUndo()
        after_moves(rt, tx, gone, Move.REVOKE, why.cause)
        after_moves(rt, tx, back, Move.UNDO, why.cause, tell=tell and not withdrawn)
        if withdrawn:
            taken = moves.last_moves(tx.session, [last], Move.WITHDRAW)[last]
            cause = Cause(taken.cause)
            again = moves.move_many(
                tx,
                [old_id],
                Move.WITHDRAW,
                Why(cause, why.note),
                actor=actor,
                now=now,
                by_person=taken.by_person,
                details=details,
            )
            after_moves(rt, tx, again, Move.WITHDRAW, cause)
        return get_award(tx.session, old_id)


def _undoable(rt: Runtime, tx: Transaction, successor: AwardView, now: datetime) -> UUID:
    if successor.replaces_id is None or successor.state not in (AwardState.ISSUED, AwardState.WITHDRAWN):
        raise NothingToUndo()
    days = rt.settings.undo_days
    if successor.issued_at is None or now > successor.issued_at + timedelta(days=days):
        raise TooLateToUndo(days=days)
    special = exceptions.of_learners(tx.session, successor.run_id, [successor.learner_ref])
    if special.get(successor.learner_ref, exceptions.NONE).invalid:
        raise DeclaredInvalid()
    if get_award(tx.session, successor.replaces_id).frozen.recipient_name is None:
        raise Erased()
    return successor.replaces_id


def find_undoable(rt: Runtime, award: AwardView) -> UUID:
    """The successor that `undo` takes back, whichever of the two somebody named.

    Whoever says the same thing twice means one step back, and not two. Raises NothingToUndo, UndoneAlready.
    """
    with rt.reading() as session:
        if award.replaces_id is not None and award.state is not AwardState.REVOKED:
            if moves.last_moves(session, [award.id], Move.UNDO):
                raise UndoneAlready()
            return award.id
        found = session.scalar(
            sa.select(Award.id).where(
                Award.replaces_id == award.id, Award.state.in_([AwardState.ISSUED, AwardState.WITHDRAWN])
            )
        )
    if found is None:
        raise NothingToUndo()
    return found
