"""The life of an award is a table (R-113). *Expired* is computed from a date, *superseded* is revoked with a
successor; neither is stored."""

from enum import StrEnum

from ..core.errors import Conflict
from ..core.i18n import N_


class AwardState(StrEnum):
    GRANTED = "granted"  # the fact is recorded, the credential is not signed yet
    ISSUED = "issued"
    WITHDRAWN = "withdrawn"  # reversible; the same code comes back
    REVOKED = "revoked"  # final, but for the undoing of a mistaken re-issue


class Move(StrEnum):
    ISSUE = "issue"
    WITHDRAW = "withdraw"
    RESTORE = "restore"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"  # revoke, because a successor takes its place
    UNDO = "undo"  # the successor was a mistake and is revoked: what it replaced comes back


class IllegalMove(Conflict):
    code = "award.illegal_move"
    sentence = N_("An award that is %(state)s cannot be changed by: %(move)s.")


MOVES: dict[tuple[AwardState, Move], AwardState] = {
    (AwardState.GRANTED, Move.ISSUE): AwardState.ISSUED,
    (AwardState.GRANTED, Move.REVOKE): AwardState.REVOKED,
    (AwardState.ISSUED, Move.WITHDRAW): AwardState.WITHDRAWN,
    (AwardState.ISSUED, Move.REVOKE): AwardState.REVOKED,
    (AwardState.ISSUED, Move.SUPERSEDE): AwardState.REVOKED,
    (AwardState.WITHDRAWN, Move.RESTORE): AwardState.ISSUED,
    (AwardState.WITHDRAWN, Move.REVOKE): AwardState.REVOKED,
    (AwardState.WITHDRAWN, Move.SUPERSEDE): AwardState.REVOKED,
    (AwardState.REVOKED, Move.UNDO): AwardState.ISSUED,
}


def after(state: AwardState, move: Move) -> AwardState:
    """The state that follows. Raises IllegalMove."""
    try:
        return MOVES[state, move]
    except KeyError:
        raise IllegalMove(state=state.value, move=move.value) from None


def before(move: Move) -> tuple[AwardState, ...]:
    """The states from which this move leads somewhere."""
    return tuple(state for state, each in MOVES if each is move)
