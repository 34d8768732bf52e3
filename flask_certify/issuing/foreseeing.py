"""What a batch would do, decided page by page and without writing anything: who gets what, who not and why (R-125)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import get_run
from ..awards import service as awards
from ..awards.causes import Cause
from ..awards.models import Award
from ..awards.states import AwardState, Move
from ..core.hosts import asking
from ..core.runtime import Runtime
from ..eligibility.answers import page_of
from ..eligibility.decide import Outcome
from ..eligibility.facts import Kept
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided, ask_records, decide_records
from ..host.records import LearnerRecord
from . import lifecycle
from .drafts import Draft, draw_up
from .keeping import kept_of
from .kinds import WITHDRAWN, BatchKind
from .orders import Order, open_order
from .reissuing import as_if_new, draw_up_successor, unless_erased
from .results import ALREADY, DECLINED, FAILED, ISSUED, REISSUED, REVOKED

PAGE = 1000  # learners of whom the host is asked at once

NO_CERTIFICATE = Reason("no_certificate")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a batch would do with one learner. `award_id` is the certificate there is now."""

    learner_ref: str
    result: str
    reason: Reason | None = None
    achievement_key: str | None = None
    award_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a batch would do now: by kind of certificate, and by the first reason for the others."""

    to_do: int
    by_key: Mapping[str, int]
    declined: Mapping[str, int]
    faulty: Mapping[str, int]
    holders: int
    last_issued_at: datetime | None


def preview(rt: Runtime, run_id: UUID, kind: BatchKind = BatchKind.ISSUE) -> Preview:
    """Decides for every learner of the run, and writes nothing. Raises NothingAttached, HostUnavailable."""
    by_key: Counter[str] = Counter()
    declined: Counter[str] = Counter()
    faulty: Counter[str] = Counter()
    for page in foresee(rt, run_id, kind):
        for each in page:
            if each.result in (DECLINED, FAILED):
                found = faulty if each.result == FAILED else declined
                found[each.reason.code if each.reason else ""] += 1
            elif each.result != ALREADY:
                by_key[each.achievement_key or ""] += 1
    return Preview(sum(by_key.values()), by_key, declined, faulty, *holders(rt, run_id))


def holders(rt: Runtime, run_id: UUID) -> tuple[int, datetime | None]:
    """How many hold a live certificate, and when the last one was issued."""
    with rt.reading() as session:
        number, last = session.execute(
            sa.select(sa.func.count(), sa.func.max(Award.issued_at)).where(
                Award.run_id == run_id, Award.state == AwardState.ISSUED
            )
        ).one()
    return number, last


def foresee(
    rt: Runtime, run_id: UUID, kind: BatchKind, learner_refs: Sequence[str] | None = None
) -> Iterator[list[Foreseen]]:
    """Learners by the page: those of the list, or all whom the kind is about. Each once, whoever is listed twice.

    An issue is about all learners of the run, as the host lists them; the others about all who hold a certificate.
    What is withdrawn is revoked with them, and issued again only for who is named: it has its reasons.
    """
    if kind is BatchKind.REVOKE:
        for refs in _parts(_listed(rt, run_id, learner_refs, [AwardState.ISSUED, AwardState.WITHDRAWN])):
            yield _revocations(rt, run_id, refs)
        return
    order = open_order(rt, run_id, actor="", notify=False)
    if kind is BatchKind.ISSUE and learner_refs is None:
        for page in _all_learners(rt, order.run.run_ref):
            yield _issues(rt, order, page, {}, list(page))
        return
    for refs in _parts(_listed(rt, run_id, learner_refs, [AwardState.ISSUED])):
        records, failed = ask_records(rt, order.run.run_ref, refs)
        look = _issues if kind is BatchKind.ISSUE else _reissues
        yield look(rt, order, records, failed, refs)


# ---- pages -----------------------------------------------------------------------------------------


def _all_learners(rt: Runtime, run_ref: str) -> Iterator[dict[str, LearnerRecord]]:
    after: str | None = None
    seen: set[str] = set()
    while True:
        with asking(rt, "learners"):
            page = page_of(rt.host.learners(run_ref, after=after, limit=PAGE), after)
        fresh = {each.learner_ref: each for each in page if each.learner_ref not in seen}
        seen.update(fresh)  # a host that lists somebody twice gets them issued once
        if fresh:
            yield fresh
        if len(page) < PAGE:
            return
        after = page[-1].learner_ref


def _listed(rt: Runtime, run_id: UUID, learner_refs: Sequence[str] | None, states: Sequence[AwardState]) -> list[str]:
    if learner_refs is not None:
        return list(dict.fromkeys(learner_refs))
    with rt.reading() as session:
        return list(
            session.scalars(
                sa.select(Award.learner_ref)
                .where(Award.run_id == run_id, Award.state.in_(states))
                .order_by(Award.learner_ref)
            )
        )


def _parts(refs: Sequence[str]) -> Iterator[list[str]]:
    for at in range(0, len(refs), PAGE):
        yield list(refs[at : at + PAGE])


# ---- one page --------------------------------------------------------------------------------------


def _issues(
    rt: Runtime,
    order: Order,
    records: Mapping[str, LearnerRecord],
    failed: Mapping[str, Reason],
    refs: Sequence[str],
) -> list[Foreseen]:
    with rt.reading() as session:
        standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, refs)
        kept = kept_of(session, order.run.id, refs)
    decided = _decide(rt, order, [ref for ref in refs if ref not in standing], records, failed, kept)
    now, found = rt.clock.now(), []
    for ref in refs:
        held = standing.get(ref)
        if held is None:
            each = decided[ref]
            drawn = draw_up(order, each, now) if each.decision.granted else None
            found.append(_foreseen(each, drawn, ISSUED))
        elif held.state is AwardState.GRANTED:  # it is signed by the batch
            found.append(Foreseen(ref, ISSUED, None, held.achievement_key, held.award_id))
        else:
            found.append(Foreseen(ref, ALREADY, Reason("already_issued"), held.achievement_key, held.award_id))
    return found


def _reissues(
    rt: Runtime,
    order: Order,
    records: Mapping[str, LearnerRecord],
    failed: Mapping[str, Reason],
    refs: Sequence[str],
) -> list[Foreseen]:
    with rt.reading() as session:
        standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, refs)
        kept = kept_of(session, order.run.id, refs)
    holding = {ref: held for ref, held in standing.items() if held.state is not AwardState.GRANTED}
    decided = _decide(rt, order, list(holding), records, failed, as_if_new(kept))
    decided = {each.learner_ref: each for each in unless_erased(list(decided.values()), holding)}
    others = [ref for ref in refs if ref not in holding]  # a first certificate
    found = {each.learner_ref: each for each in _issues(rt, order, records, failed, others)} if others else {}
    for ref, held in holding.items():
        each = decided[ref]
        drawn = draw_up_successor(rt, order, each, held, Cause.OTHER) if each.decision.granted else None
        reason = drawn[0] if isinstance(drawn, tuple) else drawn
        said = WITHDRAWN if held.state is AwardState.WITHDRAWN else None
        found[ref] = _foreseen(each, reason, REISSUED, held.award_id, said)
    return [found[ref] for ref in refs]


def _decide(
    rt: Runtime,
    order: Order,
    refs: Sequence[str],
    records: Mapping[str, LearnerRecord],
    failed: Mapping[str, Reason],
    kept: Mapping[str, Kept],
) -> dict[str, Decided]:
    found = decide_records(rt, order.course_run, order.attachments, refs, records, failed, kept)
    return {each.learner_ref: each for each in found}


def _foreseen(
    decided: Decided, drawn: Draft | Reason | None, does: str, award_id: UUID | None = None, said: Reason | None = None
) -> Foreseen:
    """`drawn`: what would be signed, or why it could not be made; None if nothing is granted. `said`: what is to be
    known about one that would be signed."""
    ref = decided.learner_ref
    if isinstance(drawn, Draft):
        return Foreseen(ref, does, said, drawn.frozen.achievement_key, award_id)
    if drawn is not None:
        return Foreseen(ref, FAILED, drawn, None, award_id)
    result = FAILED if decided.decision.outcome is Outcome.FAULTY else DECLINED
    return Foreseen(ref, result, decided.decision.reasons[0], None, award_id)


def _revocations(rt: Runtime, run_id: UUID, refs: Sequence[str]) -> list[Foreseen]:
    with rt.reading() as session:
        run = get_run(session, run_id)
        standing = awards.standing_of(session, run.tenant_ref, run.run_ref, refs)
        ids = [held.award_id for held in standing.values()]
        left = {each.award_id: each.code for each in lifecycle.plan_moves(session, ids, Move.REVOKE, bar=True).left}
    return [_revocation(ref, standing.get(ref), left) for ref in refs]


def _revocation(ref: str, held: awards.Standing | None, left: Mapping[UUID, str]) -> Foreseen:
    if held is None:
        return Foreseen(ref, DECLINED, NO_CERTIFICATE)
    if held.award_id in left:
        return Foreseen(ref, DECLINED, Reason(left[held.award_id]), held.achievement_key, held.award_id)
    return Foreseen(ref, REVOKED, None, held.achievement_key, held.award_id)


def flat(pages: Iterable[list[Foreseen]]) -> list[Foreseen]:
    """All pages as one list."""
    return [each for page in pages for each in page]
