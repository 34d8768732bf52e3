"""What became of a learner in a batch, as items and counts keep it."""

from dataclasses import dataclass
from uuid import UUID

from ..eligibility.reasons import Reason

ISSUED, REISSUED, REVOKED = "issued", "reissued", "revoked"
DECLINED, FAILED, ALREADY, STOPPED = "declined", "failed", "already", "stopped"

DONE = (ISSUED, REISSUED, REVOKED)
"""What was asked for has happened."""

TO_DO_AGAIN = (FAILED, STOPPED)
"""What a retry takes up: it failed, or the batch was stopped before its turn came."""


@dataclass(frozen=True)
class LearnerOutcome:
    """What became of one learner: result, first reason, and the award if there is one."""

    learner_ref: str
    result: str
    reasons: tuple[Reason, ...] = ()
    achievement_key: str | None = None
    award_id: UUID | None = None
