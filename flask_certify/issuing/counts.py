"""What came of a batch, counted from its items: every learner once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..eligibility.reasons import DECLINED as DECLINE_REASONS
from .models import IssueItem
from .results import ALREADY, DECLINED, FAILED, ISSUED, REISSUED, REVOKED, STOPPED
from .setting_up import SHIPPED


@dataclass(frozen=True, slots=True)
class Counts:
    """Learners by result. `issued` and `reissued` by kind, `declined` by the first reason; zeros are there, too."""

    issued: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(SHIPPED, 0))
    declined: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(DECLINE_REASONS, 0))
    failed: int = 0
    already: int = 0
    reissued: Mapping[str, int] = field(default_factory=dict)
    revoked: int = 0
    stopped: int = 0  # their turn did not come

    @property
    def done(self) -> int:
        by_kind = sum(self.issued.values()) + sum(self.reissued.values()) + sum(self.declined.values())
        return by_kind + self.revoked + self.failed + self.already


def count_items(session: orm.Session, batch_id: UUID) -> Counts:
    """One query, whatever the size."""
    issued, declined = dict.fromkeys(SHIPPED, 0), dict.fromkeys(DECLINE_REASONS, 0)
    reissued: dict[str, int] = {}
    others = {FAILED: 0, ALREADY: 0, REVOKED: 0, STOPPED: 0}
    grouped = session.execute(
        sa.select(IssueItem.result, IssueItem.achievement_key, IssueItem.reason, sa.func.count())
        .where(IssueItem.batch_id == batch_id, IssueItem.result.is_not(None))
        .group_by(IssueItem.result, IssueItem.achievement_key, IssueItem.reason)
    )
    for result, key, reason, count in grouped:
        if result == ISSUED:
            issued[str(key)] = issued.get(str(key), 0) + count
        elif result == REISSUED:
            reissued[str(key)] = reissued.get(str(key), 0) + count
        elif result == DECLINED:
            declined[str(reason)] = declined.get(str(reason), 0) + count
        else:
            others[str(result)] += count
    return Counts(issued, declined, others[FAILED], others[ALREADY], reissued, others[REVOKED], others[STOPPED])
