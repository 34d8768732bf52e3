"""What we say about a code, or about a document that is handed in. The same for the page, the JSON and the command."""

import logging
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from ..achievements.validity import end_of
from ..core.errors import Misconfigured, Unavailable
from ..core.ids import parse_code
from ..core.runtime import Runtime
from ..credentials import forms
from ..credentials.form_keys import public_keys, unsafe_keys
from ..credentials.models import Credential
from ..documents.models import Document as PrintedDocument
from ..eligibility import visibility
from . import decoy, finding, older, presented
from .aliases import alias_of
from .answers import COUNTING, SHOWING, Answer, Brief, Verdict, ended_by, judge, shown_with, state_at
from .disclosure import Level, initials, lowest
from .finding import Found
from .presented import Claim
from .seals import examine
from .wording import plain

log = logging.getLogger("flask_certify")


def check_code(rt: Runtime, typed: str, on: date | None = None) -> Verdict:
    """The verdict about what somebody typed or scanned, as it was at the end of that day or is now.

    Never raises because something is away: that is an answer.
    """
    now = rt.clock.now()
    code, alias = parse_code(typed), alias_of(typed)
    if code is None and alias is None:
        return Verdict(Answer.MALFORMED, None, now)
    try:
        found = finding.by_code(rt, code, alias, with_past=on is not None)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a certificate could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, code or alias, now)
    if found.award is None and code is None:
        return Verdict(Answer.MALFORMED, None, now)
    return weigh(rt, found, found.award.code if found.award else code, now, on)


def check_award(rt: Runtime, award_id: UUID, level: Level, on: date | None = None) -> Verdict:
    """The verdict about an award that is known, told at this level at most."""
    now = rt.clock.now()
    try:
        with rt.connected() as connection:
            found = finding.by_id(connection, award_id, with_past=on is not None)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a certificate could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, None, now)
    # The holder chose the level of this link; only the issuer's limit goes before it.
    # The code is not told: it would open its own page, at another level, when this link has ended.
    return weigh(rt, replace(found, level=lowest(level, found.level)), None, now, on)


def has_document(verdict: Verdict) -> bool:
    """Whether all that it says may be read, and stands as it was signed, so that it may be handed out as a PDF."""
    return verdict.shown is not None and verdict.answer in (Answer.VALID, Answer.EXPIRED)


def report(rt: Runtime, typed: str, on: date | None = None) -> dict[str, object]:
    """The verdict as plain data, for the command and for programs."""
    return plain(check_code(rt, typed, on))


def weigh(rt: Runtime, found: Found, code: str | None, now: datetime, on: date | None = None) -> Verdict:
    """The verdict that follows from what was found.

    Of one that is not to be seen yet nothing is told but that it exists, or that it does not count (R-086, R-143);
    whatever day is asked about, since it is now that somebody looks.
    """
    award = found.award
    if award is None or found.held is None:
        return Verdict(Answer.UNKNOWN, code, now, on=on, nobodys=weigh(rt, decoy.found(), code, now))
    sealed = examine(found.held, found.keys)
    moment = now if on is None else min(now, end_of(on, award.frozen.zone))
    steps = [step for step in found.steps if step.at <= moment]
    state, was_replaced = award.state, found.was_replaced
    if on is not None:
        then = state_at(moment, award.issued_at, steps)
        if then is None:
            return Verdict(Answer.NOT_YET_ISSUED, code, now, on=on)
        state, was_replaced = then, bool(steps) and steps[-1].is_replacement
    answer = judge(state, award.frozen, sealed, was_replaced=was_replaced, now=moment)
    ended = ended_by(steps)
    if answer in SHOWING and not visibility.is_visible(found.dates, now):
        hidden = Answer.NOT_YET_VISIBLE if answer in COUNTING else answer
        return Verdict(hidden, code, now, None, award.run_ref, ended=ended, on=on)
    other_date = visibility.other_date(found.dates, now, override=found.shown_on, automatic=rt.settings.automatic)
    shown = shown_with(answer, award.frozen, sealed, other_date)
    if found.level is Level.FULL or shown is None:
        return Verdict(answer, code, now, shown, award.run_ref, ended=ended, on=on)
    brief = None
    if found.level is Level.INITIALS and answer in SHOWING:
        brief = Brief(initials(shown.recipient_name), shown.achievement_title, shown.language)
    return Verdict(answer, code, now, None, award.run_ref, brief, ended=ended, on=on)


# ---- documents that are handed in --------------------------------------------------------------------------------


def check_file(rt: Runtime, data: bytes, on: date | None = None) -> Verdict:
    """The verdict about a file: JSON, JWT, PDF, PNG or SVG. Raises FileTooLarge."""
    now, mark = rt.clock.now(), presented.mark_of(data)
    try:
        # Hash first: the very file that we printed need not be read.
        verdict = _printed(rt, mark, now, on) if presented.is_pdf(data) else None
        verdict = verdict or _weighed(rt, presented.read(data), now, on, is_pdf=presented.is_pdf(data))
        return replace(verdict, is_about_file=True)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a document could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, None, now, is_about_file=True)


def _printed(rt: Runtime, sha256: str, now: datetime, on: date | None) -> Verdict | None:
    """The verdict about a document that we printed; None: no document of ours has this hash."""
    with rt.reading() as session:
        award_id = session.scalar(sa.select(PrintedDocument.award_id).where(PrintedDocument.sha256 == sha256))
        if award_id is None:
            return None
        found = finding.by_id(session, award_id, with_past=on is not None)
    return replace(_told(rt, found, now, on), is_our_file=True)


def _weighed(rt: Runtime, claim: Claim, now: datetime, on: date | None, *, is_pdf: bool) -> Verdict:
    if claim.credential_id is None:
        return Verdict(Answer.MALFORMED, None, now, is_our_file=False if is_pdf else None)
    with rt.reading() as session:
        award_id = session.scalar(sa.select(Credential.award_id).where(Credential.credential_id == claim.credential_id))
        if award_id is None:
            return Verdict(Answer.UNKNOWN, None, now)
        found = finding.by_id(session, award_id, with_past=on is not None)
        assert found.award is not None and found.held is not None
        safe = dict(public_keys(session, found.award.issuer_id)) if claim.key_name else {}
        unsafe = dict(unsafe_keys(session, found.award.issuer_id)) if claim.key_name else {}
    if found.award.frozen.recipient_name is None:
        return _told(rt, found, now, on)
    if found.held.text is None or not _is_the_same(rt, claim, award_id, found.held.text, safe | unsafe):
        return Verdict(Answer.ALTERED, None, now)
    if claim.older is not None:  # it names nobody, so who has it sees no more than who has the code
        verdict = weigh(rt, found, found.award.code, now, on)
    else:
        verdict = replace(_told(rt, found, now, on), is_our_file=False if is_pdf else None)
    if claim.key_name not in unsafe:
        return verdict
    if verdict.answer in COUNTING:
        return Verdict(Answer.REISSUE_NEEDED, None, now)
    return replace(verdict, shown=None, brief=None)  # it was taken back, whoever signed this form of it


def _is_the_same(rt: Runtime, claim: Claim, award_id: UUID, ours: str, pems: dict[str, str]) -> bool:
    try:
        if claim.older is None:
            return presented.is_the_same(claim, ours, pems)
        return older.is_the_same(claim.older, forms.badge_of(forms.source_of(rt, award_id)), pems)
    except (ValueError, KeyError, TypeError):  # what we hold was damaged, and is not what anybody was given
        return False


def _told(rt: Runtime, found: Found, now: datetime, on: date | None) -> Verdict:
    """Whoever hands the document in has it: what it says is shown in full."""
    assert found.award is not None
    return weigh(rt, replace(found, level=Level.FULL), found.award.code, now, on)
