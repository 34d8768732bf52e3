"""What other rules would mean for a run: who would gain, who stays, and that nobody loses (R-085). Writes nothing."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from ..achievements.service import (
    AttachmentView,
    RunView,
    find_achievement,
    get_course_run,
    get_issuer,
    list_attachments,
)
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..eligibility import notation
from ..eligibility.answers import usable
from ..eligibility.decide import Offer
from ..eligibility.facts import NOTHING_KEPT, Facts, Kept, learner_facts
from ..eligibility.notation import Clause
from ..eligibility.service import about_run
from ..eligibility.simulation import Difference, difference
from ..issuing import changes, checking
from ..issuing.errors import UnknownAchievement
from ..issuing.keeping import kept_of


def simulate(rt: Runtime, run: RunView, clauses: Sequence[Clause]) -> Difference:
    """Decides for every learner by the rules of today and by these.

    What could not be attached is not tried either: raises UnknownIssuer, UnknownAchievement and what
    `checking.check_criteria` raises; and HostUnavailable, HostFailed.
    """
    names = [f"{number}. {each.achievement}" for number, each in enumerate(clauses, start=1)]
    with rt.reading() as session:
        attachments = list_attachments(session, run.id)
        issuer = get_issuer(session, run.tenant_ref)
        for each in clauses:
            if find_achievement(session, issuer.id, each.achievement) is None:
                raise UnknownAchievement(achievement=each.achievement)
    checking.check_criteria([get_course_run(rt, run.run_ref)], [each.rule for each in clauses], names)
    today = [Offer(each.id, notation.from_json(each.rule), each.audience) for each in attachments]
    then = _offers(clauses, attachments)
    found = [difference(today, then, page) for page in _pages(rt, run)]
    parts = ("gain", "lose", "forgo", "other", "stay")
    return Difference(*(tuple(ref for each in found for ref in getattr(each, part)) for part in parts))


def _offers(clauses: Sequence[Clause], attachments: Sequence[AttachmentView]) -> list[Offer]:
    """A clause about what is attached today is the same certificate, on other terms."""
    known: dict[str, UUID] = {}
    for each in attachments:
        known.setdefault(each.achievement.key, each.id)
    return [
        Offer(known.pop(each.achievement) if each.achievement in known else new_id(), each.rule, each.audience)
        for each in clauses
    ]


def _pages(rt: Runtime, run: RunView) -> Iterator[list[tuple[str, Facts, Kept]]]:
    now = rt.clock.now()
    about = about_run(rt, get_course_run(rt, run.run_ref), now)
    for page in changes.pages(rt, run.run_ref):
        with rt.reading() as session:
            kept = kept_of(session, run.id, [each.learner_ref for each in page])
        yield [
            (each.learner_ref, learner_facts(about, each, now), kept.get(each.learner_ref, NOTHING_KEPT))
            for each in usable(page)
        ]
