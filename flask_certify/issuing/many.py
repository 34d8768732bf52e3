"""Issue to many learners at once; a single issue is many of one (DESIGN decision 2).

The order is: who has one already, decide, draft, reserve places, sign (all without a transaction), then one
transaction that stores it all. Doing it again changes nothing: the index on live awards decides who gets one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from ..achievements.service import (
    AttachmentView,
    IssuerView,
    RunView,
    SignatoryView,
    freeze_issuer,
    get_course_run,
    get_issuer,
    get_run,
    list_attachments,
    list_signatories,
)
from ..awards import service as awards
from ..awards.frozen import Frozen, FrozenSignatory
from ..awards.labels import label_of
from ..awards.service import FailureNote, Standing
from ..awards.states import AwardState
from ..core import audit
from ..core.errors import BadInput, Misconfigured
from ..core.hosts import asking
from ..core.i18n import c_, speaking
from ..core.ids import new_code, new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..credentials import service as credentials
from ..credentials.service import Refused, SignedCredential
from ..documents import service as documents
from ..documents.service import FitCheck
from ..eligibility.decide import Decision, Outcome
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided, decide_many
from ..host.records import CourseRun, Tenant
from ..notifications import service as notifications
from ..notifications.service import Telling
from .errors import NothingAttached
from .names import name_on_paper
from .printing import printable
from .statements import statement_of

ISSUED, DECLINED, FAILED, ALREADY = "issued", "declined", "failed", "already"


@dataclass(frozen=True, slots=True)
class Wording:
    """What an attachment says in one language, and the version of its template that says it."""

    version_id: UUID
    title: str
    description: str
    criteria: str


@dataclass(frozen=True)
class Order:
    """For which run to issue, in whose name, and all that is the same for each of its learners."""

    run: RunView
    course_run: CourseRun
    tenant: Tenant
    issuer: IssuerView
    attachments: tuple[AttachmentView, ...]
    wordings: Mapping[tuple[UUID, str], Wording]  # by attachment and language
    fits: Mapping[UUID, FitCheck]  # by version of the template
    signatories: tuple[SignatoryView, ...]
    actor: str
    notify: bool
    batch_id: UUID | None

    @cached_property
    def by_id(self) -> Mapping[UUID, AttachmentView]:
        return {each.id: each for each in self.attachments}


@dataclass(frozen=True)
class LearnerOutcome:
    """What became of one learner: result, first reason, and the award if there is one."""

    learner_ref: str
    result: str
    reasons: tuple[Reason, ...] = ()
    achievement_key: str | None = None
    award_id: UUID | None = None


@dataclass
class Draft:
    """An award on its way: drawn up now, or granted before and not signed then."""

    award_id: UUID
    learner_ref: str
    code: str
    frozen: Frozen
    achievement_id: UUID
    locale: str | None
    row: dict[str, Any] | None = None  # None: the award is there, granted
    signed: SignedCredential | None = None
    trouble: Reason | None = None  # why it is not signed


@dataclass(frozen=True)
class Prepared:
    """All that is to be stored about some learners. `store` may run after it once, in one transaction."""

    order: Order
    standing: Mapping[str, Standing]
    decided: Mapping[str, Decided]
    drafts: Mapping[str, Draft]
    faulty: Mapping[str, Reason]
    channels: Mapping[str, Any]
    refs: tuple[str, ...]


def open_order(rt: Runtime, run_id: UUID, *, actor: str, notify: bool, batch_id: UUID | None = None) -> Order:
    """What holds for all learners of the run now.

    Raises NothingAttached, UnknownRun, UnknownIssuer, HostUnavailable.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
        issuer = get_issuer(session, run.tenant_ref)
        attachments = tuple(list_attachments(session, run.id))
        signatories = tuple(list_signatories(session, issuer.id))
    if not attachments:
        raise NothingAttached()
    course_run = get_course_run(rt, run.run_ref)
    with asking(rt, "tenant"):
        tenant = rt.host.tenant(run.tenant_ref)
    if tenant is None:
        tenant = Tenant(run.tenant_ref, issuer.slug, issuer.name)
    wordings = _wordings(rt, tenant, attachments)
    versions = {each.version_id for each in wordings.values()}
    return Order(
        run,
        course_run,
        tenant,
        issuer,
        attachments,
        wordings,
        {version_id: documents.fit_check(rt, version_id) for version_id in versions},
        signatories,
        actor,
        notify and rt.settings.notify,
        batch_id,
    )


def languages_of(rt: Runtime, tenant: Tenant) -> tuple[str, ...]:
    """In which certificates of the tenant may be made, its first one first; never none."""
    return tuple(each for each in tenant.languages if each in rt.settings.languages) or rt.settings.languages[:1]


def _wordings(rt: Runtime, tenant: Tenant, attachments: Sequence[AttachmentView]) -> Mapping[tuple[UUID, str], Wording]:
    """Said once for all learners. What an issuer wrote itself is in no catalogue, and stays as it is."""
    found = {}
    with rt.reading() as session:
        for language in languages_of(rt, tenant):
            with speaking(language):
                for each in attachments:
                    version = documents.latest_version(session, each.template_id, language)
                    earned = each.achievement
                    found[each.id, language] = Wording(
                        version.id, c_(earned.name), c_(earned.description), c_(earned.criteria)
                    )
    return found


def issue_many(
    rt: Runtime, run_id: UUID, learner_refs: Sequence[str], *, actor: str, notify: bool = True
) -> list[LearnerOutcome]:
    """Issues to those of the learners who may have a certificate and have none; one outcome for each, in order."""
    prepared = prepare(rt, open_order(rt, run_id, actor=actor, notify=notify), learner_refs)
    with rt.transaction() as tx:
        return store(rt, tx, prepared)


# ---- before the transaction ------------------------------------------------------------------------


def prepare(rt: Runtime, order: Order, learner_refs: Sequence[str]) -> Prepared:
    """Decides, draws up and signs. Writes nothing but the reservation of places in the status list.

    Raises HostUnavailable, and whatever the signing key's store raises when it is away: later is not no.
    """
    with rt.reading() as session:
        standing = awards.standing_of(session, order.run.tenant_ref, order.run.run_ref, learner_refs)
    drafts = {ref: _taken_up(held) for ref, held in standing.items() if held.state is AwardState.GRANTED}
    undecided = [ref for ref in learner_refs if ref not in standing or ref in drafts]
    found = decide_many(rt, order.course_run, order.attachments, undecided) if undecided else []
    decided = {each.learner_ref: each for each in found}
    now, faulty = rt.clock.now(), dict[str, Reason]()
    for ref, each in decided.items():
        if each.decision.granted and ref not in drafts:
            draft = _draw_up(order, each, now)
            if isinstance(draft, Reason):
                faulty[ref] = draft
            else:
                drafts[ref] = draft
    _sign(rt, order, drafts, faulty)
    signed = [ref for ref, draft in drafts.items() if draft.signed]
    channels = notifications.choose_channels(rt, signed) if order.notify and signed else {}
    return Prepared(order, standing, decided, drafts, faulty, channels, tuple(learner_refs))


def _taken_up(held: Standing) -> Draft:
    """Granted before, and not signed then: the same award and code are signed now."""
    return Draft(held.award_id, "", held.code, held.frozen, held.achievement_id, held.frozen.language)


def _draw_up(order: Order, decided: Decided, now: datetime) -> Draft | Reason:
    """The award that follows from the decision, or why it cannot be made."""
    assert decided.record is not None and decided.decision.attachment_id is not None
    attachment = order.by_id[decided.decision.attachment_id]
    record, earned = decided.record, attachment.achievement
    name = name_on_paper(record)
    if name is None:
        return Reason("name.missing")
    if missing := documents.unprintable(name):
        return Reason("name.no_glyphs", {"characters": documents.named(missing)})
    language = _language(order, record.locale)
    wording = order.wordings[attachment.id, language]
    frozen = Frozen(
        recipient_name=name,
        course_title=order.course_run.title,
        achievement_key=earned.key,
        achievement_title=wording.title,
        description=wording.description,
        criteria=wording.criteria,
        issuer_name=order.issuer.name,
        issuer_slug=order.issuer.slug,
        issuer_did=order.issuer.did,
        completed_on=record.completed_on,
        issued_at=now,
        zone=order.tenant.zone,
        language=language,
        score=decided.score,
        signatories=tuple(FrozenSignatory(each.name, each.designation, each.image_sha) for each in order.signatories),
    )
    draft = Draft(new_id(), decided.learner_ref, new_code(), frozen, earned.id, record.locale)
    if (unfit := _unfit(order, draft, wording)) is not None:
        return unfit
    draft.row = _row(order, draft, attachment, decided.decision, record.enrolment.mode if record.enrolment else None)
    return draft


def _unfit(order: Order, draft: Draft, wording: Wording) -> Reason | None:
    """Why the document could not be printed later, so that nothing is granted now."""
    printed = printable(draft.frozen, draft.award_id, draft.code, base=order.issuer.base, version_id=wording.version_id)
    try:
        order.fits[wording.version_id].check(printed.values, printed.zone)
    except BadInput as error:
        return Reason(error.code, error.values)
    return None


def _language(order: Order, locale: str | None) -> str:
    """The learner's, if certificates are made in it; else the tenant's first (R-175)."""
    known = [language for _, language in order.wordings]
    spoken = (locale or "").replace("-", "_")
    return next((each for each in known if each in (spoken, spoken.partition("_")[0])), known[0])


def _row(
    order: Order, draft: Draft, attachment: AttachmentView, decision: Decision, mode: str | None
) -> dict[str, Any]:
    return {
        "id": draft.award_id,
        "tenant_ref": order.run.tenant_ref,
        "run_id": order.run.id,
        "run_ref": order.run.run_ref,
        "learner_ref": draft.learner_ref,
        "issuer_id": order.issuer.id,
        "achievement_id": draft.achievement_id,
        "attachment_id": attachment.id,
        "template_version_id": order.wordings[attachment.id, draft.frozen.language].version_id,
        "code": draft.code,
        "mode": mode,
        "decision": {"reasons": [reason.to_json() for reason in decision.reasons]},
        "frozen": draft.frozen.to_json(),
        "batch_id": order.batch_id,
        "granted_at": draft.frozen.issued_at,
    }


def _sign(rt: Runtime, order: Order, drafts: dict[str, Draft], faulty: dict[str, Reason]) -> None:
    """Signs the drafts. Without a usable key the awards stay granted; a text that cannot be signed is faulty."""
    if not drafts:
        return
    refs = list(drafts)
    try:
        places = credentials.reserve_many(rt, order.issuer.id, len(refs))
        statements = [statement_of(order.issuer, drafts[ref]) for ref in refs]
        signed = credentials.sign_many(rt, order.issuer, statements, places)
    except Misconfigured as error:
        for draft in drafts.values():
            draft.trouble = Reason(error.code, error.values)
        return
    for ref, each in zip(refs, signed, strict=True):
        if isinstance(each, Refused):
            del drafts[ref]
            faulty[ref] = Reason(each.code, each.values)
        else:
            drafts[ref].signed = each


# ---- in the transaction ----------------------------------------------------------------------------


def store(rt: Runtime, tx: Transaction, prepared: Prepared) -> list[LearnerOutcome]:
    """Writes what was prepared: awards, credentials, records, failures, audit entries, messages to send."""
    order, now = prepared.order, rt.clock.now()
    stored = _store_awards(tx, prepared, now)
    outcomes = [_outcome(prepared, stored, ref) for ref in prepared.refs]
    fresh = [draft for draft in prepared.drafts.values() if draft.award_id in stored and draft.signed]
    credentials.store_many(tx, [draft.signed for draft in fresh if draft.signed])
    if fresh:
        freeze_issuer(tx, order.issuer.id, now)
    awards.write_records(tx, _records(prepared, outcomes, now))
    _note_failures(tx, order, outcomes, now)
    audit.record_many(
        tx,
        tenant_ref=order.run.tenant_ref,
        actor_ref=order.actor,
        at=now,
        acts=[
            audit.Act("award.issue", f"award:{draft.award_id}", None, {"batch": str(order.batch_id or "")})
            for draft in fresh
        ],
    )
    _tell(rt, tx, prepared, fresh, now)
    return outcomes


def _store_awards(tx: Transaction, prepared: Prepared, now: datetime) -> set[UUID]:
    """The ids of the awards that are now ours to finish; of a race with another batch one wins."""
    rows = [
        {
            **draft.row,
            "state": AwardState.ISSUED if draft.signed else AwardState.GRANTED,
            "issued_at": now if draft.signed else None,
        }
        for draft in prepared.drafts.values()
        if draft.row is not None
    ]
    stored = awards.insert_awards(tx, rows) if rows else set()
    taken_up = [draft.award_id for draft in prepared.drafts.values() if draft.row is None and draft.signed]
    return stored | awards.mark_issued(tx, taken_up, now)


def _outcome(prepared: Prepared, stored: Collection[UUID], ref: str) -> LearnerOutcome:
    draft, held = prepared.drafts.get(ref), prepared.standing.get(ref)
    if ref in prepared.faulty:
        return LearnerOutcome(ref, FAILED, (prepared.faulty[ref],), _key_granted(prepared, ref))
    if draft is not None:
        key = draft.frozen.achievement_key
        if draft.trouble is not None:
            return LearnerOutcome(ref, FAILED, (draft.trouble,), key, draft.award_id)
        if draft.award_id in stored:
            return LearnerOutcome(ref, ISSUED, prepared.decided[ref].decision.reasons, key, draft.award_id)
        return LearnerOutcome(ref, ALREADY, (Reason("already_issued"),), key)
    if held is not None:
        return LearnerOutcome(ref, ALREADY, (Reason("already_issued"),), held.achievement_key, held.award_id)
    decision = prepared.decided[ref].decision
    return LearnerOutcome(ref, FAILED if decision.outcome is Outcome.FAULTY else DECLINED, decision.reasons)


def _key_granted(prepared: Prepared, ref: str) -> str | None:
    """What the learner would have had, had nothing been wrong (R-168)."""
    attachment_id = prepared.decided[ref].decision.attachment_id if ref in prepared.decided else None
    return prepared.order.by_id[attachment_id].achievement.key if attachment_id else None


def _records(prepared: Prepared, outcomes: Sequence[LearnerOutcome], now: datetime) -> list[dict[str, Any]]:
    """The latest outcome of each learner who was decided upon, or whose award was finished."""
    return [
        {
            "run_id": prepared.order.run.id,
            "learner_ref": each.learner_ref,
            "status": "downloadable" if each.result == ISSUED else None,
            "label": label_of(
                has_live_award=each.result == ISSUED,
                issue_failed=each.result == FAILED,
                in_audience=decided.in_audience,
            ),
            "type": each.achievement_key,
            "award_id": each.award_id if each.result == ISSUED else None,
            "reasons": [reason.to_json() for reason in each.reasons],
            "completed_on": decided.record.completed_on if decided.record else None,
            "display_name": decided.record.display_name if decided.record else None,
            "external_id": decided.record.external_id if decided.record else None,
            "decided_at": now,
        }
        for each in outcomes
        if each.result != ALREADY and (decided := prepared.decided.get(each.learner_ref)) is not None
    ]


def _note_failures(tx: Transaction, order: Order, outcomes: Sequence[LearnerOutcome], now: datetime) -> None:
    awards.resolve_failures(
        tx,
        order.run.id,
        [each.learner_ref for each in outcomes if each.result in (ISSUED, FAILED)],
        ("decide", "sign"),
        now,
    )
    awards.note_failures(
        tx,
        order.run.tenant_ref,
        order.run.id,
        [
            FailureNote(each.learner_ref, "sign" if each.award_id else "decide", reason.code, reason.values)
            for each in outcomes
            if each.result == FAILED
            for reason in each.reasons[:1]
        ],
        now=now,
        batch_id=order.batch_id,
    )


def _tell(rt: Runtime, tx: Transaction, prepared: Prepared, fresh: Sequence[Draft], now: datetime) -> None:
    order = prepared.order
    if order.notify and fresh:
        tellings = [
            Telling(draft.award_id, draft.learner_ref, draft.locale, prepared.channels[draft.learner_ref])
            for draft in fresh
        ]
        chunk_ids = notifications.write_ledger(
            tx, order.run.id, order.run.tenant_ref, "issued", tellings, now, batch_id=order.batch_id
        )
        tx.then(rt.wake, chunk_ids)
    for draft in fresh:
        values = {
            "award_id": draft.award_id,
            "run_ref": order.run.run_ref,
            "learner_ref": draft.learner_ref,
            "code": draft.code,
        }
        tx.then(rt.send_signal, "award_issued", values)
