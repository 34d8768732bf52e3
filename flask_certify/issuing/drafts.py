"""An award on its way: drawn up from a decision, and signed. No transaction is open here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ..achievements import validity
from ..achievements.service import AttachmentView
from ..awards.frozen import Frozen, FrozenSignatory
from ..awards.service import Standing
from ..core import languages
from ..core.errors import BadInput, Misconfigured
from ..core.ids import new_code, new_id
from ..core.runtime import Runtime
from ..credentials import service as credentials
from ..credentials.service import Refused, SignedCredential
from ..documents import service as documents
from ..eligibility import visibility
from ..eligibility.reasons import Reason
from ..eligibility.service import Decided
from ..host.records import LearnerRecord
from .keeping import mode_of
from .names import name_on_paper
from .orders import Order, Wording
from .printing import printable, verify_url
from .statements import statement_of


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


def draw_up(
    order: Order, decided: Decided, now: datetime, *, replaced: Standing | None = None, renewing: bool = False
) -> Draft | Reason:
    """The award that follows from the decision, or why it cannot be made.

    One that is replaced without being renewed hands on how long it holds.
    """
    assert decided.record is not None and decided.decision.attachment_id is not None
    attachment = order.by_id[decided.decision.attachment_id]
    record, earned = decided.record, attachment.achievement
    name = name_on_paper(record)
    if name is None:
        return Reason("name.missing")
    if missing := documents.unprintable(name):
        return Reason("name.no_glyphs", documents.places(name, missing))
    until = _valid_until(order, attachment, now, None if renewing else replaced)
    if until is not None and until <= now:
        return Reason("validity.over", {"day": visibility.day_of(until, order.tenant.zone).isoformat()})
    language = _language(order, attachment, record.locale)
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
        score=decided.score if "score" in attachment.facts else None,
        valid_until=until,
        facts=_facts(attachment, record),
        signatories=tuple(FrozenSignatory(each.name, each.designation, each.image_sha) for each in wording.signatories),
    )
    draft = Draft(new_id(), decided.learner_ref, new_code(), frozen, earned.id, record.locale)
    if (unfit := _unfit(order, draft, wording)) is not None:
        return unfit
    draft.row = _row(order, draft, attachment, decided)
    return draft


def _valid_until(order: Order, attachment: AttachmentView, now: datetime, replaced: Standing | None) -> datetime | None:
    """The last second in which it holds: from today, or as long as the one that it replaces (R-114)."""
    if replaced is not None and replaced.frozen.achievement_key == attachment.achievement.key:
        return replaced.frozen.valid_until
    since = replaced.frozen.issued_at if replaced else now
    return validity.holds_until(validity.from_json(attachment.validity), since, order.tenant.zone)


def _facts(attachment: AttachmentView, record: LearnerRecord) -> dict[str, str]:
    """What the attachment says is carried along, of what the host has said; nothing else (R-030)."""
    known = {
        "location": record.attributes.get("location"),
        "completion_time": record.completed_on.isoformat() if record.completed_on else None,
    }
    return {name: value for name, value in known.items() if name in attachment.facts and value}


def _unfit(order: Order, draft: Draft, wording: Wording) -> Reason | None:
    """Why the document could not be printed later, so that nothing is granted now."""
    fits, frozen, base = order.fits[wording.version_id], draft.frozen, order.issuer.base
    alike = (
        wording.version_id,
        frozen.achievement_key,
        visibility.day_of(frozen.completed_on, frozen.zone) if frozen.completed_on else None,
        frozen.issued_at,
        frozen.valid_until,
        frozen.score,
        tuple(frozen.facts.items()),
    )
    try:
        if alike in order.checked:
            fits.check_of_each(frozen.recipient_name or "", draft.code, verify_url(base, draft.code))
        else:
            printed = printable(frozen, draft.award_id, draft.code, base=base, version_id=wording.version_id)
            fits.check(printed.values, printed.zone)
            order.checked.add(alike)
    except BadInput as error:
        return Reason(error.code, error.values)
    return None


def _language(order: Order, attachment: AttachmentView, locale: str | None) -> str:
    """That of the template if it has its own; else the learner's, if there is a page in it; else the tenant's first
    (R-175)."""
    known = [language for attachment_id, language in order.wordings if attachment_id == attachment.id]
    return next((each for each in languages.widening(locale) if each in known), known[0])


def _row(order: Order, draft: Draft, attachment: AttachmentView, decided: Decided) -> dict[str, Any]:
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
        "mode": mode_of(decided.record),
        "grade": decided.score,
        "decision": {"reasons": [reason.to_json() for reason in decided.decision.reasons]},
        "frozen": draft.frozen.to_json(),
        "batch_id": order.batch_id,
        "granted_at": draft.frozen.issued_at,
        "valid_until": draft.frozen.valid_until,
    }


def sign(rt: Runtime, order: Order, drafts: dict[str, Draft], faulty: dict[str, Reason]) -> None:
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
