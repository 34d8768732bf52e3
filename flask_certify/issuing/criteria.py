"""What the certificates of a run ask for, in words for learners, before and during the course (R-027)."""

from dataclasses import dataclass
from typing import assert_never

from ..achievements.service import AttachmentView, find_run, get_course_run, list_attachments
from ..achievements.service import course_attachments as default_of
from ..core.i18n import N_, c_
from ..core.runtime import Runtime
from ..eligibility import notation
from ..eligibility.rules import AllOf, AnyOf, AttributeIs, Progress, Rule, ScoreAtLeast, ScoreBelow
from ..eligibility.scores import shown
from .setting_up import SHIPPED

PROGRESS = N_("At least %(asked)s %% of the course is done.")
ALL_OF_IT = N_("The whole course is done.")
SCORE_AT_LEAST = N_("The score is %(asked)s %% or more.")
SCORE_BELOW = N_("The score is below %(asked)s %%.")
ATTRIBUTE = N_("The profile says %(value)s for %(name)s.")
ONE_OF = N_("One of these: %(parts)s")
FOR_TENANT = N_("It is for learners of this organisation.")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One certificate of the run: what it is called, and what it asks for, in the reader's language."""

    achievement: str
    name: str
    sentences: tuple[str, ...]


def of_run(rt: Runtime, run_ref: str) -> list[Criterion]:
    """In the order in which they are tried; nothing if no certificate is attached. Raises UnknownRun."""
    course_run = get_course_run(rt, run_ref)
    with rt.reading() as session:
        run = find_run(session, run_ref)
        if run is None:  # nobody has looked at this run yet; its course may have a default
            attached = default_of(session, course_run.tenant_ref, course_run.course_ref)
        else:
            attached = list_attachments(session, run.id)
    return [worded(each) for each in attached]


def worded(attachment: AttachmentView) -> Criterion:
    """One attachment in words."""
    earned = attachment.achievement
    name = c_(SHIPPED[earned.key][0]) if earned.key in SHIPPED else earned.name
    audience = () if attachment.audience == "everyone" else (c_(FOR_TENANT),)
    return Criterion(earned.key, name, (*sentences(notation.from_json(attachment.rule)), *audience))


def sentences(rule: Rule) -> tuple[str, ...]:
    """The rule as sentences that must all hold."""
    match rule:
        case Progress(asked):
            return (c_(ALL_OF_IT) if asked == 100 else c_(PROGRESS, asked=shown(asked)),)
        case ScoreAtLeast(asked):
            return (c_(SCORE_AT_LEAST, asked=shown(asked)),)
        case ScoreBelow(asked):
            return (c_(SCORE_BELOW, asked=shown(asked)),)
        case AttributeIs(name, value):
            return (c_(ATTRIBUTE, name=name, value=value),)
        case AllOf(rules):
            return tuple(sentence for each in rules for sentence in sentences(each))
        case AnyOf(rules):
            return (c_(ONE_OF, parts=" / ".join(" ".join(sentences(each)) for each in rules)),)
        case _:
            assert_never(rule)
