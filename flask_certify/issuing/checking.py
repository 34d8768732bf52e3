"""Whether something may be attached: what is missing is named, and criteria are solved, not compared as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Achievement
from ..achievements.service import IssuerView
from ..core.i18n import N_, c_
from ..core.transaction import Transaction
from ..credentials import service as credentials
from ..documents.models import IN_USE, Template
from ..eligibility import rules, solver
from ..eligibility.rules import Rule
from ..eligibility.scores import COUNTED_KIND, shown
from ..host.records import CourseRun
from .errors import (
    ImpossibleCriteria,
    NeedsAnEnd,
    NotReadyToAttach,
    OverlappingCriteria,
    RuleNeedsAssessments,
    RuleNotAboutTheCourse,
)

FACTS = ("score", "location", "completion_time")
"""What an attachment may carry into the certificate (R-030)."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A template and what is earned by it, with the rule on which it is, and its number in the order of the place."""

    number: int
    template_id: UUID
    achievement_id: UUID
    rule: Rule


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that does not stand in the way, and that the person should know."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def worded(self) -> str:
        return c_(NOTICES[self.code], **self.values)


NOTICES: Mapping[str, str] = {
    "attachment.gap": N_(
        "Whoever completes the course with a score from %(score)s to %(below)s %% gets no certificate."
    ),
    "attachment.gap_of_some": N_(
        "Some who complete the course get no certificate, depending on what their profile says about %(attributes)s."
    ),
    "attachment.later_only": N_("The change holds for later certificates only; those already issued stay as they are."),
}


def check(
    tx: Transaction, issuer: IssuerView, runs: Sequence[CourseRun], attachments: Sequence[Ruled]
) -> tuple[Notice, ...]:
    """What the person should know about these attachments together.

    Raises NotReadyToAttach, RuleNeedsAssessments, NeedsAnEnd, RuleNotAboutTheCourse, ImpossibleCriteria and
    OverlappingCriteria.
    """
    _check_ready(tx, issuer, runs, attachments)
    criteria = [each.rule for each in attachments]
    check_criteria(runs, criteria, _names(tx, attachments))
    return tuple(_gap(each) for each in solver.find_gaps(criteria)[:1])


def check_criteria(runs: Sequence[CourseRun], criteria: Sequence[Rule], names: Sequence[str]) -> None:
    """Whether these could be attached together, as far as the criteria go; also for those who only try them.

    Raises RuleNeedsAssessments, NeedsAnEnd, RuleNotAboutTheCourse, ImpossibleCriteria and OverlappingCriteria.
    """
    for run in runs:
        _check_run(run, criteria)
    for name, rule in zip(names, criteria, strict=True):
        if solver.find_somebody(rule) is None:
            raise ImpossibleCriteria(one=name)
        if solver.is_about_the_learner_alone(rule):
            raise RuleNotAboutTheCourse()
    for overlap in solver.find_overlaps(criteria):
        raise OverlappingCriteria(one=names[overlap.one], other=names[overlap.other])


def _gap(gap: solver.Gap) -> Notice:
    """Scores between two thresholds, or for people with certain attributes only."""
    if gap.attributes:
        return Notice("attachment.gap_of_some", {"attributes": ", ".join(sorted(gap.attributes))})
    below = 100 if gap.below is None else gap.below
    return Notice("attachment.gap", {"score": shown(Fraction(gap.score)), "below": shown(Fraction(below))})


def _names(tx: Transaction, attachments: Sequence[Ruled]) -> list[str]:
    """How people tell them apart: number, what is earned, and the template it is printed on.

    The number is that of `attachments show`: the same may be earned by several criteria, on one template.
    """
    ids = [each.template_id for each in attachments], [each.achievement_id for each in attachments]
    templates = dict(tx.session.execute(sa.select(Template.id, Template.name).where(Template.id.in_(ids[0]))).all())
    earned = dict(
        tx.session.execute(sa.select(Achievement.id, Achievement.name).where(Achievement.id.in_(ids[1]))).all()
    )
    return [f"{each.number}. {earned[each.achievement_id]} ({templates[each.template_id]})" for each in attachments]


def _check_ready(tx: Transaction, issuer: IssuerView, runs: Sequence[CourseRun], attachments: Sequence[Ruled]) -> None:
    """Each missing item is named (R-010)."""
    usable = set(
        tx.session.scalars(sa.select(Template.id).where(Template.issuer_id == issuer.id, Template.state == IN_USE))
    )
    there = {
        "run": bool(runs),
        "published": all(each.published for each in runs),
        "template": all(each.template_id in usable for each in attachments),
        "issuer_name": bool(issuer.name.strip()),
        "issuer_url": bool(issuer.url.strip()),
        "key": credentials.has_active_key(tx.session, issuer.id),
    }
    missing = [what for what, is_there in there.items() if not is_there]
    if missing:
        raise NotReadyToAttach(missing)


def _check_run(run: CourseRun, criteria: Sequence[Rule]) -> None:
    asks = any(rules.asks_for_score(each) for each in criteria)
    if asks and not any(each.kind == COUNTED_KIND for each in run.assessments):
        raise RuleNeedsAssessments()
    if len(criteria) > 1 and run.end is None:
        raise NeedsAnEnd()
