"""The learners of a batch one by one: what would happen to each, or what has (R-125, R-126).

Names and external ids are asked of the host when somebody looks; a batch keeps neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ..achievements.service import RunView
from ..awards.models import Award
from ..core.errors import CertifyError
from ..core.hosts import asking
from ..core.i18n import N_, c_
from ..core.ids import spaced
from ..core.runtime import Runtime
from ..host.records import LearnerRecord
from ..issuing.bulk import BatchView
from ..issuing.kinds import WITHDRAWN
from ..issuing.models import PREVIEW, IssueItem
from ..issuing.results import ALREADY, DECLINED, DONE, FAILED, ISSUED, REISSUED, REVOKED, STOPPED
from . import queries, wording

AT_ONCE = 1000
WHICH: Mapping[str, tuple[str, ...]] = {"succeeded": DONE, "failed": (FAILED, STOPPED), "declined": (DECLINED,)}

WILL: Mapping[str, str] = {
    ISSUED: N_("Gets a certificate"),
    REISSUED: N_("Gets a new certificate"),
    REVOKED: N_("Loses the certificate"),
    DECLINED: N_("Gets none"),
    FAILED: N_("Cannot be done"),
    ALREADY: N_("Has one already"),
}
WAS: Mapping[str, str] = {
    ISSUED: N_("Issued"),
    REISSUED: N_("Issued again"),
    REVOKED: N_("Revoked"),
    DECLINED: N_("Left as it was"),
    FAILED: N_("Failed"),
    ALREADY: N_("Had one already"),
    STOPPED: N_("Stopped before its turn"),
}


@dataclass(frozen=True, slots=True)
class LearnerLine:
    """One learner of a batch. `result` None: not yet; of a preview it is what would come."""

    position: int
    learner_ref: str
    result: str | None
    achievement_key: str | None
    reason: str | None
    details: Mapping[str, Any]
    code: str | None
    """Of the certificate, if there is one."""

    @property
    def sentence(self) -> str:
        """Why not, or what else is to be known; empty where there is nothing to be explained."""
        if self.reason is None or (self.result in (*DONE, None) and self.reason != WITHDRAWN.code):
            return ""
        return wording.sentence_of(self.reason, self.details)


def page(rt: Runtime, batch: BatchView, which: str = "", *, after: int = -1, limit: int = AT_ONCE) -> list[LearnerLine]:
    """Learners of the batch whose position comes after `after`. One question."""
    shown = IssueItem.foreseen if batch.state == PREVIEW else IssueItem.result
    conditions = [IssueItem.batch_id == batch.id, IssueItem.position > after]
    if which in WHICH:
        conditions.append(shown.in_(WHICH[which]))
    with rt.reading() as session:
        found = session.execute(
            sa.select(
                IssueItem.position,
                IssueItem.learner_ref,
                shown,
                IssueItem.achievement_key,
                IssueItem.reason,
                IssueItem.details,
                Award.code,
            )
            .outerjoin(Award, Award.id == sa.func.coalesce(IssueItem.award_id, IssueItem.bound_award_id))
            .where(*conditions)
            .order_by(IssueItem.position)
            .limit(limit)
        )
        return [LearnerLine(row[0], row[1], row[2], row[3], row[4], row[5] or {}, row[6]) for row in found]


def make(rt: Runtime, batch: BatchView, run: RunView, which: str) -> Iterator[Sequence[str]]:
    """The rows of the file, titles first; made while they are sent, a page at a time."""
    words = WILL if batch.state == PREVIEW else WAS
    with rt.reading() as session:
        names = queries.names_of_kinds(session, run.tenant_ref)
    yield (c_("External ID"), c_("Name"), c_("Result"), c_("Certificate Type"), c_("Certificate code"), c_("Reason"))
    after = -1
    while lines := page(rt, batch, which, after=after):
        people = _people(rt, run, lines)
        for each in lines:
            person = people.get(each.learner_ref)
            yield (
                (person.external_id if person else None) or "",
                (person.display_name if person else None) or "",
                c_(words[each.result]) if each.result else "",
                wording.kind_name(each.achievement_key, names),
                spaced(each.code) if each.code else "",
                each.sentence,
            )
        after = lines[-1].position


def _people(rt: Runtime, run: RunView, lines: Sequence[LearnerLine]) -> Mapping[str, LearnerRecord]:
    """What the host calls them now. Without an answer the file has no names, and is still worth something."""
    try:
        with asking(rt, "learner_records"):
            return rt.host.learner_records(run.run_ref, [each.learner_ref for each in lines])
    except CertifyError:
        return {}
