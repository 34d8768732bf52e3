"""What another rule set would change: who would gain, who stays, and that nobody loses (R-085). Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .decide import Decision, Offer, decide
from .engine import Status
from .facts import Facts, Kept


@dataclass(frozen=True, slots=True)
class Difference:
    """Learners, by what the other rule set would mean for them. Everybody stands in exactly one of these."""

    gain: tuple[str, ...]  # would get a certificate, and do not with the rules of today
    lose: tuple[str, ...]  # have one and would lose it by the other rules: nobody, since final is final
    forgo: tuple[str, ...]  # have none yet; would get one with the rules of today, and not with the others
    other: tuple[str, ...]  # have none yet; would get a certificate with either, but another one
    stay: tuple[str, ...]  # nothing changes


def difference(
    today: Sequence[Offer], then: Sequence[Offer], learners: Iterable[tuple[str, Facts, Kept]]
) -> Difference:
    """Decides for each learner by both rule sets. `kept`: the record as it is, and exceptions."""
    gain: list[str] = []
    lose: list[str] = []
    forgo: list[str] = []
    other: list[str] = []
    stay: list[str] = []
    for ref, facts, kept in learners:
        now, after = decide(today, facts, kept), decide(then, facts, kept)
        if kept.status == Status.DOWNLOADABLE:
            (lose if _keeps(now) and not _keeps(after) else stay).append(ref)
        elif after.granted and not now.granted:
            gain.append(ref)
        elif now.granted and not after.granted:
            forgo.append(ref)
        elif after.granted and now.attachment_id != after.attachment_id:
            other.append(ref)
        else:
            stay.append(ref)
    return Difference(tuple(gain), tuple(lose), tuple(forgo), tuple(other), tuple(stay))


def _keeps(decision: Decision) -> bool:
    """Whether a certificate that is there would be there after it."""
    return decision.verdict is not None and decision.verdict.status_after == Status.DOWNLOADABLE
