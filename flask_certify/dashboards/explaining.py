"""Why not? The decision about one learner in one run, with facts, rules, history, and what would change it (R-185).

`explain` gathers codes and values, and issues nothing; `lines` and `to_json` put them into the reader's language. If
the platform is silent, what was last decided is told, and that nothing could be asked.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import AttachmentView, RunView, ensure_run, find_run, get_course_run, list_attachments
from ..awards import exceptions
from ..awards.causes import WORDS as CAUSES
from ..awards.models import Award, Failure, Record
from ..core.audit import AuditEntry
from ..core.errors import HostUnavailable
from ..core.hosts import HostFailed
from ..core.i18n import N_, c_
from ..core.ids import spaced
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
from ..issuing import corrections, vetoes
from ..issuing.changes import as_if_new
from ..issuing.criteria import sentences
from ..issuing.keeping import kept_of
from ..issuing.showing import showing_of
from ..notifications.models import Message
from . import wording

FACTS: Mapping[str, str] = {
    "enrolled": N_("Enrolled"),
    "mode": N_("Mode of the enrolment"),
    "account_active": N_("Account active"),
    "progress": N_("Progress"),
    "score": N_("Score"),
    "completed_on": N_("Completed on"),
    "passing": N_("Passed, says the platform"),
    "identity_approved": N_("Identity approved"),
    "beta_tester": N_("Beta tester"),
    "allowlisted": N_("On the list of exceptions"),
    "invalidated": N_("Declared invalid"),
    "run_has_ended": N_("The course run has ended"),
    "display_on": N_("Certificates are switched on"),
    "pacing": N_("Pacing of the course run"),
    "grade": N_("Grade of the last evaluation"),
    "visible": N_("The certificate may be seen"),
    "shown_on": N_("The date that it shows"),
}

NOTHING = N_("Nothing: there is a certificate.")
WOULD_CHANGE: Mapping[str, str] = {
    # What has to happen first, by the reason that stands in the way.
    "learner_unknown": N_("The learning platform has to know the learner again."),
    "account_inactive": N_("The account has to be unblocked."),
    "private_copy": N_("Certificates are earned in the original course run; or an exception is made for the learner."),
    "beta_tester": N_("The learner must no longer be a beta tester; or an exception is made for the learner."),
    "not_passing": N_("The learner has to pass; or an exception is made for the learner."),
    "invalidated": N_("Somebody has to lift the declaration that it is invalid."),
    "not_enrolled": N_("The learner has to be enrolled in this course run."),
    "mode_does_not_earn": N_("The enrolment has to be changed to a mode that earns certificates."),
    "identity_not_approved": N_("The learner's identity has to be approved."),
    "course_missing": N_("The course run has to be restored in the learning platform."),
    "display_off": N_("Certificates have to be switched on for this course run."),
    "nothing_attached": N_("Somebody has to attach a certificate to this course run."),
    "outside_audience": N_("The certificate has to be opened to everyone, or the learner's organisation corrected."),
    "run_not_ended": N_("The course run has to end; nothing is issued before."),
    "progress_unknown": N_("The learning platform has to say how much of the course is done."),
    "progress_below": N_("The learner has to complete the rest of the course."),
    "completion_unknown": N_("The learning platform has to say when the course was completed."),
    "completed_late": N_("The end of the run would have to be moved; or an exception is made for the learner."),
    "score_below": N_("A better attempt is needed, so that the score is high enough."),
    "score_above": N_("The score is too good for this certificate; another one would have to be attached for it."),
    "attribute_differs": N_("The learner's profile has to be corrected in the learning platform."),
    "attribute_unknown": N_("The learner's profile has to be completed in the learning platform."),
    "vetoed": N_("The learning platform has to withdraw its objection."),
    "already_issued": NOTHING,
    "already_final": NOTHING,
}
PUT_RIGHT = N_("The data have to be put right; then issue again.")
ISSUE_IT = N_("Nothing stands in the way: the next night issues it, or a mentor does.")
NO_ANSWER = N_("The learning platform does not answer at the moment. This is what was decided last.")

ACTS: Mapping[str, str] = {
    "award.issue": N_("Issued"),
    "award.reissue": N_("Issued again"),
    "award.withdraw": N_("Withdrawn"),
    "award.restore": N_("Restored"),
    "award.revoke": N_("Revoked"),
    "award.supersede": N_("Replaced by a new one"),
    "award.undo": N_("Re-issue taken back"),
    "correction.file": N_("Another name asked for"),
    "correction.confirm": N_("Name corrected at its source"),
    "correction.done": N_("Issued again with the corrected name"),
    "correction.refuse": N_("Another name refused"),
    "exception.allow": N_("Put on the list of exceptions"),
    "exception.allow.end": N_("Taken off the list of exceptions"),
    "exception.invalid": N_("Declared invalid"),
    "exception.invalid.end": N_("No longer declared invalid"),
    "exception.date": N_("Another date set"),
    "exception.date.end": N_("Other date taken back"),
}


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


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is known about one learner in one run. Names are not in it."""

    run: RunView
    learner_ref: str
    external_id: str | None
    answered: bool  # whether the platform could be asked
    granted: bool
    holds: str | None  # the code of the certificate that counts
    status: str | None
    label: str
    reasons: tuple[Reason, ...]
    facts: Mapping[str, Any]
    rules: tuple[Rules, ...]
    history: tuple[Happening, ...]


def explain(rt: Runtime, run_ref: str, learner_ref: str) -> Explanation:
    """Asks the platform anew, decides, and changes nothing. Raises UnknownRun."""
    run = _run(rt, run_ref)
    with rt.reading() as session:
        attachments = list_attachments(session, run.id)
        kept = kept_of(session, run.id, [learner_ref])
        record = session.get(Record, (run.id, learner_ref))
        award = session.get(Award, record.award_id) if record is not None and record.award_id else None
        code = award.code if award else None
        issued_at = award.issued_at if award else None
        grade = record.grade if record else None
        special = exceptions.of_learners(session, run.id, [learner_ref]).get(learner_ref, exceptions.NONE)
        history = tuple(sorted(_history(session, run.id, learner_ref), key=lambda each: each.at))
        status, label = (record.status, record.label) if record else (None, "")
        stored = tuple(Reason(each["code"], each.get("values", {})) for each in record.reasons) if record else ()
        external_id = record.external_id if record else None
        was_eligible = bool(record and record.eligible)
    own = kept.get(learner_ref, NOTHING_KEPT)
    try:
        decided, facts, course_run = _ask(rt, run, attachments, learner_ref, kept)
    except (HostUnavailable, HostFailed):
        return Explanation(
            run, learner_ref, external_id, False, was_eligible, code, status, label, stored, {}, (), history
        )
    reasons = (Reason("already_issued"),) if code else decided.decision.reasons
    known = _facts(facts, own, decided) | {"pacing": course_run.pacing.value, "grade": grade}
    if issued_at is not None:
        seen = showing_of(rt, course_run, special, issued_at)
        known |= {"visible": seen.is_visible, "shown_on": seen.shown_on.isoformat()}
    return Explanation(
        run,
        learner_ref,
        decided.record.external_id if decided.record else external_id,
        True,
        decided.decision.granted,
        code,
        status,
        label,
        reasons,
        known,
        tuple(_rules(each, facts) for each in attachments),
        history,
    )


def _run(rt: Runtime, run_ref: str) -> RunView:
    with rt.reading() as session:
        known = find_run(session, run_ref)
    return known or ensure_run(rt, run_ref)


def _ask(
    rt: Runtime, run: RunView, attachments: Sequence[AttachmentView], learner_ref: str, kept: Mapping[str, Kept]
) -> tuple[Decided, Facts, CourseRun]:
    course_run = get_course_run(rt, run.run_ref)
    records, _ = ask_records(rt, run.run_ref, [learner_ref])
    new = as_if_new(kept)
    found = decide_records(rt, course_run, attachments, [learner_ref], records, {}, new)
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
    for entry in session.scalars(sa.select(AuditEntry).where(AuditEntry.subject.in_(subjects))):
        yield Happening(entry.at, entry.act, subjects[entry.subject], entry.actor_ref, entry.reason)
    failures = sa.select(Failure).where(Failure.run_id == run_id, Failure.learner_ref == learner_ref)
    for failure in session.scalars(failures):
        yield Happening(failure.at, "failed", failure.step, None, failure.code)
    for message in session.scalars(sa.select(Message).where(Message.award_id.in_(list(awards)))):
        yield Happening(message.changed_at, "told", message.channel, message.state, message.reason)


# ---- in words --------------------------------------------------------------------------------------


def would_change(why: Explanation) -> list[str]:
    """What has to happen for the answer to become another one."""
    if why.holds is not None:
        return [c_(NOTHING)]
    if why.granted:
        return [c_(ISSUE_IT)]
    return list(dict.fromkeys(c_(WOULD_CHANGE.get(each.code, PUT_RIGHT)) for each in why.reasons))


def lines(why: Explanation) -> Iterator[str]:
    """One screen for the reader."""
    yield f"{why.run.title} ({why.run.run_ref}) · {why.learner_ref} · {why.external_id or '–'}"
    if not why.answered:
        yield c_(NO_ANSWER)
    yield ""
    yield _answer(why)
    yield from (f"  {sentence}" for sentence in wording.sentences(why.reasons))
    yield ""
    yield c_(N_("What would change it"))
    yield from (f"  {sentence}" for sentence in would_change(why))
    if why.facts:
        yield ""
        yield c_(N_("What is known"))
        yield from (f"  {c_(FACTS[name])}: {_shown(value)}" for name, value in why.facts.items())
    for each in why.rules:
        yield ""
        yield wording.kind_name(each.attachment.achievement.key)
        yield from (f"  [{_mark(part.holds)}] {' '.join(sentences(part.rule))}" for part in each.parts)
    if why.history:
        yield ""
        yield c_(N_("What has happened"))
        yield from (f"  {each.at:%Y-%m-%d %H:%M} {_told(each)}" for each in why.history)


def to_json(why: Explanation) -> dict[str, Any]:
    """The same for programs: codes with values, and sentences in the reader's language."""
    return {
        "run": why.run.run_ref,
        "learner": why.learner_ref,
        "external_id": why.external_id,
        "answered": why.answered,
        "eligible": why.granted,
        "certificate": why.holds,
        "status": why.status,
        "label": why.label,
        "reasons": [
            {**each.to_json(), "sentence": sentence}
            for each, sentence in zip(why.reasons, wording.sentences(why.reasons), strict=True)
        ],
        "would_change": would_change(why),
        "facts": dict(why.facts),
        "rules": [
            {
                "attachment": str(each.attachment.id),
                "achievement": each.attachment.achievement.key,
                "in_audience": each.in_audience,
                "parts": [{"sentence": " ".join(sentences(part.rule)), "holds": part.holds} for part in each.parts],
            }
            for each in why.rules
        ],
        "history": [
            {
                "at": each.at.isoformat(),
                "what": each.what,
                "about": each.code,
                "by": each.actor,
                "reason": each.reason,
                "sentence": _told(each),
            }
            for each in why.history
        ],
    }


def _answer(why: Explanation) -> str:
    if why.holds is not None:
        return c_(N_("There is a certificate: %(code)s."), code=spaced(why.holds))
    return c_(N_("Eligible, not issued yet.")) if why.granted else c_(N_("No certificate, because:"))


def _told(each: Happening) -> str:
    if each.what == "failed":
        return f"{wording.step_name(each.code or '')}: {wording.sentence_of(each.reason or '', {})}"
    if each.what == "told":
        told = c_(N_("Message by %(channel)s: %(state)s."), channel=each.code or "", state=each.actor or "")
        return f"{told} {wording.sentence_of(each.reason, {})}" if each.reason else told
    what = c_(ACTS[each.what]) if each.what in ACTS else each.what
    code = f" {spaced(each.code)}" if each.code else ""
    cause = c_(CAUSES[each.reason]) if each.reason in CAUSES else ""  # type: ignore[index]
    by = c_(N_("by %(actor)s"), actor=each.actor or "")
    return f"{what}{code}, {by}. {cause}".rstrip()


def _mark(holds: bool | None) -> str:
    return {True: "x", False: " ", None: "?"}[holds]


def _shown(value: Any) -> str:
    match value:
        case True:
            return c_(N_("yes"))
        case False:
            return c_(N_("no"))
        case None:
            return c_(N_("not known"))
        case _:
            return str(value)
