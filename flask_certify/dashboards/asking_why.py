"""Asking about one learner in one run: the decision, facts, rules, history, and what became of a certificate (R-185).

Codes and values only; `explaining` puts them into words. It issues nothing. What became of a certificate is told apart
from what would be decided now: who has a withdrawn one gets none by being eligible. If the platform is silent, what
was last decided is told, and that nothing could be asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..achievements.service import AttachmentView, RunView, ensure_run, find_run, get_course_run, list_attachments
from ..awards import exceptions, moves
from ..awards.models import Award, Failure, Record
from ..awards.states import AwardState
from ..core.audit import AuditEntry
from ..core.errors import HostUnavailable
from ..core.hosts import HostFailed
from ..core.runtime import Runtime
from ..eligibility import notation
from ..eligibility.decide import Offer, is_in_audience
from ..eligibility.facts import NOTHING_KEPT, Facts, Kept, learner_facts
from ..eligibility.judging import judge
from ..eligibility.reasons import Reason
from ..eligibility.rules import AllOf, Rule
from ..eligibility.scores import shown
from ..eligibility.service import Decided, about_run, ask_records, decide_records
from ..host.records import CourseRun
from ..issuing import corrections, printing, vetoes
from ..issuing.changes import as_if_new
from ..issuing.drafts import draw_up
from ..issuing.keeping import kept_of
from ..issuing.orders import open_order
from ..issuing.showing import showing_of
from ..notifications.models import Message


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an attachment's rule, and whether it holds; None: it cannot be said."""

    rule: Rule
    holds: bool | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """One attachment as it looks for this learner."""

    attachment: AttachmentView
    in_audience: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history: who did what, and why; a failure or a message's fate likewise."""

    at: datetime
    what: str  # a code: an act, `failed`, `told`
    code: str | None  # of the award or of the reason
    actor: str | None = None
    reason: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)  # what fills the gaps of the reason's sentence


@dataclass(frozen=True, slots=True)
class Held:
    """The certificate that stands, or else the last one there was, and what took it away."""

    award_id: UUID
    code: str
    state: AwardState
    changed_at: datetime
    public_url: str
    has_expired: bool = False
    cause: str | None = None  # of the move that withdrew or revoked it
    by_person: bool = False  # somebody decided on that move


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known about one learner in one run. Names are not in it."""

    run: RunView
    learner_ref: str
    external_id: str | None
    answered: bool  # whether the platform could be asked
    decided: bool  # whether there is a decision, of now or of before
    granted: bool
    held: Held | None
    status: str | None
    label: str
    reasons: tuple[Reason, ...]
    facts: Mapping[str, Any]
    rules: tuple[Rules, ...]
    history: tuple[Happening, ...]
    links: Mapping[str, str]

    @property
    def holds(self) -> str | None:
        """The code of the certificate that counts."""
        return self.held.code if self.held is not None and self.held.state is AwardState.ISSUED else None


def explain(rt: Runtime, run_ref: str, learner_ref: str) -> Explanation:
    """Asks the platform anew, decides, and changes nothing. Raises UnknownRun."""
    run = _run(rt, run_ref)
    with rt.reading() as session:
        attachments = list_attachments(session, run.id)
        kept = kept_of(session, run.id, [learner_ref])
        record = session.get(Record, (run.id, learner_ref))
        grade = record.grade if record else None
        held = _held(session, run.id, learner_ref, rt.clock.now())
        special = exceptions.of_learners(session, run.id, [learner_ref]).get(learner_ref, exceptions.NONE)
        history = tuple(sorted(_history(session, run.id, learner_ref), key=lambda each: each.at))
        last = Explanation(
            run,
            learner_ref,
            record.external_id if record else None,
            False,
            record is not None,
            bool(record and record.eligible and not special.invalid),
            held,
            record.status if record else None,
            record.label if record else "",
            _last_reasons(record, special),
            {},
            (),
            history,
            _links(rt, run, held),
        )
    own = kept.get(learner_ref, NOTHING_KEPT)
    try:
        decided, facts, course_run = _ask(rt, run, attachments, learner_ref, kept)
        trouble = _trouble(rt, run, decided) if held is None or held.state is AwardState.REVOKED else None
    except (HostUnavailable, HostFailed):
        return last
    known = _facts(facts, own, decided) | {"pacing": course_run.pacing.value, "grade": grade}
    if held is not None and last.holds:
        seen = showing_of(rt, course_run, special, held.changed_at)
        known |= {"visible": seen.is_visible, "shown_on": seen.shown_on.isoformat()}
    return replace(
        last,
        external_id=decided.record.external_id if decided.record else last.external_id,
        answered=True,
        decided=True,
        granted=decided.decision.granted and trouble is None,
        reasons=(trouble,) if trouble else decided.decision.reasons,
        facts=known,
        rules=tuple(_rules(each, facts) for each in attachments),
    )


def _last_reasons(record: Record | None, special: exceptions.Exceptions) -> tuple[Reason, ...]:
    """Why it was decided so. What has been declared invalid since is known without asking anybody."""
    if special.invalid:
        return (Reason("invalidated"),)
    return tuple(Reason(each["code"], each.get("values", {})) for each in record.reasons) if record else ()


def _held(session: orm.Session, run_id: UUID, learner_ref: str, now: datetime) -> Held | None:
    """Of several the one that stands, else the latest."""
    found = session.execute(
        sa.select(Award, Issuer.base)
        .join(Issuer, Issuer.id == Award.issuer_id)
        .where(Award.run_id == run_id, Award.learner_ref == learner_ref)
        .order_by(Award.granted_at, Award.id)
    ).all()
    if not found:
        return None
    award, base = max(enumerate(found), key=lambda each: (each[1][0].state != AwardState.REVOKED, each[0]))[1]
    state = AwardState(award.state)
    taken = moves.last_move(session, award.id) if state in (AwardState.WITHDRAWN, AwardState.REVOKED) else None
    return Held(
        award.id,
        award.code,
        state,
        award.issued_at or award.granted_at,
        printing.verify_url(base, award.code),
        award.valid_until is not None and award.valid_until < now,
        taken.cause if taken else None,
        bool(taken and taken.by_person),
    )


def _links(rt: Runtime, run: RunView, held: Held | None) -> dict[str, str]:
    links = {"run": f"{rt.settings.base}/runs/{run.id}"}
    if held is not None:
        links["certificate"] = held.public_url
        if held.state is AwardState.ISSUED:
            links["document"] = f"{rt.settings.base}/awards/{held.award_id}/certificate.pdf"
    return links


def _trouble(rt: Runtime, run: RunView, decided: Decided) -> Reason | None:
    """Why what is granted could not be made all the same: a name, for instance, that cannot be printed."""
    if not decided.decision.granted:
        return None
    drawn = draw_up(open_order(rt, run.id, actor="", notify=False), decided, rt.clock.now())
    return drawn if isinstance(drawn, Reason) else None


def _run(rt: Runtime, run_ref: str) -> RunView:
    with rt.reading() as session:
        known = find_run(session, run_ref)
    return known or ensure_run(rt, run_ref)


def _ask(
    rt: Runtime, run: RunView, attachments: Sequence[AttachmentView], learner_ref: str, kept: Mapping[str, Kept]
) -> tuple[Decided, Facts, CourseRun]:
    course_run = get_course_run(rt, run.run_ref)
    records, failed = ask_records(rt, run.run_ref, [learner_ref])
    new = as_if_new(kept)
    found = decide_records(rt, course_run, attachments, [learner_ref], records, failed, new)
    [decided] = vetoes.hear(rt, course_run, attachments, found, new)
    now = rt.clock.now()
    about = about_run(rt, course_run, now)
    record = records.get(learner_ref)
    return decided, learner_facts(about, record, now) if record else Facts(run=about, known=False), course_run


def _facts(facts: Facts, kept: Kept, decided: Decided) -> dict[str, Any]:
    record = decided.record
    return {
        "enrolled": facts.enrolled if facts.known else None,  # of whom nothing is known, nothing is said
        "mode": facts.mode,
        "account_active": facts.account_active if facts.known else None,
        "progress": None if facts.progress is None or isinstance(facts.progress, Reason) else shown(facts.progress),
        "score": None if isinstance(facts.score, Reason) else shown(facts.score),
        "completed_on": record.completed_on.isoformat() if record and record.completed_on else None,
        "passing": facts.passing,
        "identity_required": facts.run.identity_required,
        "identity_approved": facts.identity_approved if facts.known else None,
        "beta_tester": facts.beta_tester if facts.known else None,
        "allowlisted": kept.allowlist == "active",
        "invalidated": kept.invalidation == "active",
        "run_has_ended": facts.run.has_ended,
        "display_on": facts.run.display_on,
    }


def _rules(attachment: AttachmentView, facts: Facts) -> Rules:
    rule = notation.from_json(attachment.rule)
    offer = Offer(attachment.id, rule, attachment.audience)
    parts = rule.rules if isinstance(rule, AllOf) else (rule,)
    judged = [(each, judge(each, facts)) for each in parts]
    return Rules(
        attachment, is_in_audience(offer, facts), tuple(Part(each, said.holds, said.reasons) for each, said in judged)
    )


def _history(session: orm.Session, run_id: UUID, learner_ref: str) -> Iterator[Happening]:
    awards = dict(
        session.execute(
            sa.select(Award.id, Award.code).where(Award.run_id == run_id, Award.learner_ref == learner_ref)
        ).all()
    )
    special = [each.id for each in exceptions.history(session, run_id, learner_ref)]
    subjects = {f"award:{each}": code for each, code in awards.items()} | {
        f"exception:{each}": None for each in special
    }
    asked = [each for each in corrections.of_learner(session, learner_ref) if each.run_id == run_id]
    subjects |= {f"correction:{each.id}": None for each in asked}
    for entry in session.scalars(
        sa.select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.number)
    ):
        yield Happening(entry.at, entry.act, subjects[entry.subject], entry.actor_ref, entry.reason)
    failures = sa.select(Failure).where(Failure.run_id == run_id, Failure.learner_ref == learner_ref)
    for failure in session.scalars(failures):
        yield Happening(failure.at, "failed", failure.step, None, failure.code, failure.details)
    for message in session.scalars(sa.select(Message).where(Message.award_id.in_(list(awards)))):
        yield Happening(message.changed_at, "told", message.channel, message.state, message.reason)
