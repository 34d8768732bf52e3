"""The act of attaching achievements to a run, or to a course as the default of its runs (D-01).

It asks templates, rules and keys, and names what is missing (R-010). Each change is a new row that keeps who, when, why
and what was there before (R-028); what was issued already is untouched by it (R-004).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements import validity
from ..achievements.models import Attachment, Issuer
from ..achievements.service import (
    AttachmentStep,
    AttachmentView,
    IssuerView,
    RunView,
    attachment_history,
    course_attachments,
    ensure_run,
    find_achievement,
    get_course_run,
    get_issuer,
    list_attachments,
    of_course,
    own_attachments,
)
from ..achievements.validity import Until, Validity
from ..core import audit
from ..core.hosts import asking
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..documents import service as documents
from ..eligibility import notation, rules
from ..eligibility.rules import Rule
from ..host.records import CourseRun
from . import changes, checking
from .checking import FACTS, Notice
from .errors import (
    AlreadyAttached,
    NothingAttached,
    NotWhatWasSeen,
    UnknownAchievement,
    UnknownFact,
    ValidityOver,
    WrongAudience,
)
from .previewing import seen_by
from .setting_up import ACHIEVEMENT, COMPLETION

AUDIENCES = ("tenant", "everyone")
TEMPLATE = "classic"
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is attached: to the run itself, or to its course as the default of all its runs."""

    run: RunView
    to_course: bool = False

    @property
    def name(self) -> str:
        """How the audit log calls it."""
        return f"course:{self.run.course_ref}"[:140] if self.to_course else f"run:{self.run.id}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is attached, for whom and on which condition."""

    template_id: UUID
    rule: Rule
    achievement: str = COMPLETION
    audience: str = "tenant"
    facts: tuple[str, ...] = ()
    validity: Validity | None = None  # None: what is earned does not expire


@dataclass(frozen=True, slots=True)
class By:
    """Who changes it, why, and what they confirm to have seen (R-013). Without a confirmation it is that of now."""

    actor: str
    reason: str | None = None
    confirmation: str | None = None


@dataclass(frozen=True, slots=True)
class Attached:
    """What stands now, and what the person should know about it."""

    attachments: tuple[AttachmentView, ...]
    notices: tuple[Notice, ...]


# ---- looking ---------------------------------------------------------------------------------------


def at(rt: Runtime, place: Place) -> list[AttachmentView]:
    """What is attached at this very place; nothing inherited."""
    with rt.reading() as session:
        return _standing(session, place)


def in_use(rt: Runtime, run: RunView) -> list[AttachmentView]:
    """What counts for the run: its own attachments, else those of its course (R-009)."""
    with rt.reading() as session:
        return list_attachments(session, run.id)


def history(rt: Runtime, place: Place) -> list[AttachmentStep]:
    """All that were ever attached at this place, the latest first (R-028)."""
    with rt.reading() as session:
        return attachment_history(session, *_where(place))


def step_to_json(step: AttachmentStep) -> dict[str, Any]:
    """One step of the history, for programs."""
    return {
        "id": str(step.id),
        "replaces_id": str(step.replaces_id) if step.replaces_id else None,
        "template_id": str(step.template_id),
        "versions": list(step.confirmed),
        "rule": dict(step.rule),
        "attached_at": step.attached_at.isoformat(),
        "attached_by": step.attached_by,
        "reason": step.reason,
        "detached_at": step.detached_at.isoformat() if step.detached_at else None,
        "detached_by": step.detached_by,
        "detached_reason": step.detached_reason,
    }


# ---- changing --------------------------------------------------------------------------------------


def attach(rt: Runtime, place: Place, terms: Terms, by: By) -> Attached:
    """Attaches where nothing is attached. Raises AlreadyAttached (R-002), and what `checking.check` raises."""
    return attach_many(rt, place, [terms], by)


def attach_many(rt: Runtime, place: Place, wanted: Sequence[Terms], by: By) -> Attached:
    """The same for several, in the order in which they are tried: all of them or none."""
    return _change(rt, place, by, [(None, each) for each in wanted], only_first=True)


def add(rt: Runtime, place: Place, terms: Terms, by: By) -> Attached:
    """Attaches one more, after those that are there; their criteria must exclude each other (R-023, R-024)."""
    return add_many(rt, place, [terms], by)


def add_many(rt: Runtime, place: Place, wanted: Sequence[Terms], by: By) -> Attached:
    """The same for several: all of them or none."""
    return _change(rt, place, by, [(None, each) for each in wanted])


def update(rt: Runtime, place: Place, attachment_id: UUID, terms: Terms, by: By) -> Attached:
    """Puts other terms in the place of an attachment, in one step: if it fails, the former one stands (R-008).

    Raises NothingAttached if it is not attached here (R-005, R-023), and what `attach` raises.
    """
    return _change(rt, place, by, [(attachment_id, terms)])


def remove(rt: Runtime, place: Place, by: By, attachment_id: UUID | None = None) -> Attached:
    """Dissociates one attachment, or all of the place; what was issued stays as it is (R-004).

    Raises NothingAttached.
    """
    with rt.transaction() as tx:
        _lock(tx, place)
        standing = _standing(tx.session, place)
        gone = [each for each in standing if attachment_id in (None, each.id)]
        if not gone:
            raise NothingAttached()
        _detach(tx, rt, [each.id for each in gone], by)
        _audit(tx, rt, place, by, "run.detach", attachments=[str(each.id) for each in gone])
        changes.refresh_later(rt, tx, place.run, whole_course=place.to_course)
        left = [each for each in standing if each not in gone]
        return Attached(tuple(left), ())


def attach_pair(
    rt: Runtime,
    run_ref: str,
    *,
    actor: str,
    audience: str = "tenant",
    threshold: Fraction = Fraction(80),
    again: bool = False,
) -> RunView:
    """Attaches `Course completion` below the threshold and `Certificate of Achievement` from it on (R-038).

    With `again` a run that has certificates attached is left as it is; without it AlreadyAttached is raised (R-002).
    Raises UnknownRun, UnknownIssuer, NotReadyToAttach, RuleNeedsAssessments, NeedsAnEnd, WrongAudience.
    """
    run = ensure_run(rt, run_ref)
    if again:
        with rt.reading() as session:
            if own_attachments(session, run.id):
                return run
    attach_many(rt, Place(run), pair(rt, run, audience=audience, threshold=threshold), By(actor))
    return run


def pair(
    rt: Runtime,
    run: RunView,
    *,
    audience: str = "tenant",
    threshold: Fraction = Fraction(80),
    holds: Validity | None = None,
) -> tuple[Terms, Terms]:
    """The terms of the two certificates that come with us (R-038). `holds`: for how long both do; None: for ever.

    Raises UnknownIssuer.
    """
    with rt.transaction() as tx:
        issuer = get_issuer(tx.session, run.tenant_ref)
        template_id = documents.ensure_shipped_templates(tx, issuer.id)[TEMPLATE]
    return (
        Terms(template_id, rules.completion(threshold), COMPLETION, audience, ("score",), holds),
        Terms(template_id, rules.achievement(threshold), ACHIEVEMENT, audience, ("score",), holds),
    )


def _change(
    rt: Runtime, place: Place, by: By, wanted: Sequence[tuple[UUID | None, Terms]], *, only_first: bool = False
) -> Attached:
    """One transaction: each of these terms, in the place of the attachment named or as a new one."""
    for _, terms in wanted:
        _check_words(terms)
    runs = runs_of(rt, place)
    for _, terms in wanted:
        _check_validity(rt, terms, runs)
    with rt.transaction() as tx:
        _lock(tx, place)
        issuer = get_issuer(tx.session, place.run.tenant_ref)
        standing = _standing(tx.session, place)
        if only_first and standing:
            raise AlreadyAttached()
        replaced = [attachment_id for attachment_id, _ in wanted if attachment_id is not None]
        if any(each not in {one.id for one in standing} for each in replaced):
            raise NothingAttached()
        rows = _rows(tx, rt, place, issuer, standing, wanted, by)
        kept = [each for each in standing if each.id not in replaced]
        notices = checking.check(tx, issuer, runs, [*map(_ruled_view, kept), *map(_ruled_row, rows)])
        _detach(tx, rt, replaced, by)
        tx.session.execute(sa.insert(Attachment), rows)
        _audit(
            tx,
            rt,
            place,
            by,
            "run.update" if replaced else "run.attach",
            attachments=[str(row["id"]) for row in rows],
            replaced=[str(each) for each in replaced],
            confirmed=sorted({version for row in rows for version in row["confirmed"]}),
        )
        changes.refresh_later(rt, tx, place.run, whole_course=place.to_course)
        if replaced:
            notices = (Notice("attachment.later_only"), *notices)
        return Attached(tuple(_standing(tx.session, place)), notices)


def runs_of(rt: Runtime, place: Place) -> list[CourseRun]:
    """The run, or every run of its course that the same tenant teaches. Raises UnknownRun, HostUnavailable."""
    if not place.to_course:
        return [get_course_run(rt, place.run.run_ref)]
    with asking(rt, "runs_of_course"):
        refs = rt.host.runs_of_course(place.run.course_ref)
    found = [get_course_run(rt, ref) for ref in refs]
    return [each for each in found if each.tenant_ref == place.run.tenant_ref]


def _check_words(terms: Terms) -> None:
    if terms.audience not in AUDIENCES:
        raise WrongAudience(audience=terms.audience)
    for fact in terms.facts:
        if fact not in FACTS:
            raise UnknownFact(fact=fact, known=", ".join(FACTS))


def _check_validity(rt: Runtime, terms: Terms, runs: Sequence[CourseRun]) -> None:
    if isinstance(terms.validity, Until):
        day = terms.validity.day
        if any(validity.end_of(day, run.zone) < rt.clock.now() for run in runs):
            raise ValidityOver(day=day.isoformat())


def _rows(
    tx: Transaction,
    rt: Runtime,
    place: Place,
    issuer: IssuerView,
    standing: Sequence[AttachmentView],
    wanted: Sequence[tuple[UUID | None, Terms]],
    by: By,
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    position = max((each.position for each in standing), default=0)
    places = {each.id: each.position for each in standing}
    for attachment_id, terms in wanted:
        earned = find_achievement(tx.session, issuer.id, terms.achievement)
        if earned is None:
            raise UnknownAchievement(achievement=terms.achievement)
        seen = seen_by(tx.session, rt, issuer, terms.template_id)
        if by.confirmation is not None and by.confirmation != seen.token:
            raise NotWhatWasSeen()
        position += attachment_id is None
        rows.append(
            {
                "id": new_id(),
                "run_id": None if place.to_course else place.run.id,
                "tenant_ref": place.run.tenant_ref if place.to_course else None,
                "course_ref": place.run.course_ref if place.to_course else None,
                "achievement_id": earned.id,
                "template_id": terms.template_id,
                "position": position if attachment_id is None else places[attachment_id],
                "rule": notation.to_json(terms.rule),
                "audience": terms.audience,
                "facts": list(dict.fromkeys(terms.facts)),
                "validity": validity.to_json(terms.validity),
                "confirmed": [str(each) for each in seen.versions.values()],
                "replaces_id": attachment_id,
                "reason": _short(by.reason),
                "attached_at": rt.clock.now(),
                "attached_by": by.actor,
            }
        )
    return rows


def _ruled_view(each: AttachmentView) -> checking.Ruled:
    return checking.Ruled(each.position, each.template_id, each.achievement.id, notation.from_json(each.rule))


def _ruled_row(row: Mapping[str, Any]) -> checking.Ruled:
    return checking.Ruled(row["position"], row["template_id"], row["achievement_id"], notation.from_json(row["rule"]))


# ---- in the transaction ----------------------------------------------------------------------------


def _lock(tx: Transaction, place: Place) -> None:
    """Changes of one tenant's attachments come one after the other."""
    tx.session.execute(sa.select(Issuer.id).where(Issuer.tenant_ref == place.run.tenant_ref).with_for_update())


def _standing(session: orm.Session, place: Place) -> list[AttachmentView]:
    if place.to_course:
        return course_attachments(session, place.run.tenant_ref, place.run.course_ref)
    return own_attachments(session, place.run.id)


def _where(place: Place) -> tuple[sa.ColumnElement[bool], ...]:
    if place.to_course:
        return of_course(place.run.tenant_ref, place.run.course_ref)
    return (Attachment.run_id == place.run.id,)


def _detach(tx: Transaction, rt: Runtime, attachment_ids: Sequence[UUID], by: By) -> None:
    if attachment_ids:
        tx.session.execute(
            sa.update(Attachment)
            .where(Attachment.id.in_(attachment_ids))
            .values(detached_at=rt.clock.now(), detached_by=by.actor, detached_reason=_short(by.reason))
            .execution_options(synchronize_session=False)
        )


def _audit(tx: Transaction, rt: Runtime, place: Place, by: By, act: str, **details: object) -> None:
    audit.record_many(
        tx,
        tenant_ref=place.run.tenant_ref,
        actor_ref=by.actor,
        at=rt.clock.now(),
        acts=[audit.Act(act, place.name, None, details)],
    )


def _short(reason: str | None) -> str | None:
    return (reason or "").strip()[:LONGEST_REASON] or None
