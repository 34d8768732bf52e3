"""What we say about a code, or about a document that is handed in. The same for the page, the JSON and the command."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..achievements.validity import end_of
from ..awards.causes import Cause
from ..awards.models import Award, AwardMove
from ..awards.service import AwardView, view
from ..awards.states import AwardState, Move
from ..core.errors import BadInput, Misconfigured, Unavailable
from ..core.i18n import N_
from ..core.ids import parse_code
from ..core.runtime import Runtime
from ..credentials.did_web import PublishedKey
from ..credentials.form_keys import public_keys
from ..credentials.keys import published_keys
from ..credentials.models import Credential
from ..documents.models import Document as PrintedDocument
from . import presented
from .aliases import alias_of
from .answers import SHOWING, Answer, Brief, Step, Verdict, ended_by, judge, shown_with, state_at
from .disclosure import Level, initials, lowest
from .models import CodeAlias, Disclosure
from .presented import Claim
from .seals import examine
from .wording import plain

log = logging.getLogger("flask_certify")

NOBODY = UUID(int=0)
EASTERNMOST = timedelta(hours=14)  # no day begins earlier than there


class FutureDay(BadInput):
    code = "verification.future_day"
    sentence = N_("What will be on a later day cannot be said. Ask about a day up to today.")


class NotADay(BadInput):
    code = "verification.not_a_day"
    sentence = N_("This is not a day. Write it like 2026-05-31: year, month, day.")


@dataclass(frozen=True)
class Found:
    """All that is stored about a certificate. `award` is None for a code that nobody has."""

    award: AwardView | None
    was_replaced: bool
    keys: tuple[PublishedKey, ...]
    document: str | None
    level: Level = Level.FULL
    steps: tuple[Step, ...] = ()  # all its moves in their order; only asked for if it does not count, or about a day


def day_asked(said: str | None, now: datetime) -> date | None:
    """The day that somebody asks about, if any. Raises NotADay, FutureDay."""
    if not said:
        return None
    try:
        day = date.fromisoformat(said) if len(said) == len("2026-05-31") else None
    except ValueError:
        day = None
    if day is None:
        raise NotADay()
    if day > (now + EASTERNMOST).date():
        raise FutureDay()
    return day


def check_code(rt: Runtime, typed: str, on: date | None = None) -> Verdict:
    """The verdict about what somebody typed or scanned, as it was at the end of that day or is now.

    Never raises because something is away: that is an answer.
    """
    now = rt.clock.now()
    code, alias = parse_code(typed), alias_of(typed)
    if code is None and alias is None:
        return Verdict(Answer.MALFORMED, None, now)
    try:
        found = find(rt, code, alias, with_past=on is not None)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a certificate could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, code or alias, now)
    if found.award is None and code is None:
        return Verdict(Answer.MALFORMED, None, now)
    return weigh(found, found.award.code if found.award else code, now, on)


def check_award(rt: Runtime, award_id: UUID, level: Level, on: date | None = None) -> Verdict:
    """The verdict about an award that is known, told at this level at most."""
    now = rt.clock.now()
    try:
        with rt.reading() as session:
            found = _found(session, _BY_ID, {"award_id": award_id}, with_past=on is not None)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a certificate could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, None, now)
    # The holder chose the level of this link; only the issuer's limit goes before it.
    return weigh(replace(found, level=lowest(level, found.level)), found.award.code if found.award else None, now, on)


def report(rt: Runtime, typed: str, on: date | None = None) -> dict[str, object]:
    """The verdict as plain data, for the command and for programs."""
    return plain(check_code(rt, typed, on))


def find(rt: Runtime, code: str | None, alias: str | None = None, *, with_past: bool = False) -> Found:
    """Looks everything up. The same questions are asked about a code that nobody has, so that it takes as long."""
    with rt.reading() as session:
        return _found(session, _BY_CODE, {"code": code or "", "alias": alias or ""}, with_past=with_past)


# Composed once: composing a question takes longer than the database takes to answer it.
_ALL = (
    sa.select(Award, Credential.document, Issuer.disclosure, Disclosure.level)
    .join(Issuer, Issuer.id == Award.issuer_id)
    .outerjoin(Credential, Credential.award_id == Award.id)
    .outerjoin(Disclosure, Disclosure.award_id == Award.id)
)
_ALIASED = sa.select(CodeAlias.award_id).where(CodeAlias.alias == sa.bindparam("alias")).scalar_subquery()
_BY_CODE = _ALL.where(sa.or_(Award.code == sa.bindparam("code"), Award.id == _ALIASED))
_BY_ID = _ALL.where(Award.id == sa.bindparam("award_id"))


def _found(
    session: orm.Session, question: sa.Executable, values: Mapping[str, object], *, with_past: bool = False
) -> Found:
    rows, code = session.execute(question, values).all(), values.get("code")
    row = next((each for each in rows if each.Award.code == code), rows[0] if rows else None)
    award = view(row.Award) if row else None
    asks_past = with_past or (award is not None and award.state in _ENDED)
    was_replaced, steps = _past(session, award) if asks_past else (False, ())
    keys = tuple(published_keys(session, award.issuer_id if award else NOBODY))
    if row is None:
        return Found(None, was_replaced, keys, None)
    return Found(award, was_replaced, keys, row.document, lowest(row.disclosure, row.level), steps)


_ENDED = (AwardState.REVOKED, AwardState.WITHDRAWN)
_Successor = orm.aliased(Award)
_WAS_REPLACED = sa.exists().where(_Successor.replaces_id == Award.id, _Successor.state != AwardState.GRANTED)
_PAST = (
    sa.select(_WAS_REPLACED, AwardMove.at, AwardMove.move, AwardMove.from_state, AwardMove.to_state, AwardMove.cause)
    .select_from(Award)
    .outerjoin(AwardMove, AwardMove.award_id == Award.id)
    .where(Award.id == sa.bindparam("award_id"))
    .order_by(AwardMove.at, AwardMove.id)
)


def _past(session: orm.Session, award: AwardView | None) -> tuple[bool, tuple[Step, ...]]:
    """Whether another has taken its place, and every move it made. One question, about nobody's award as well."""
    rows = session.execute(_PAST, {"award_id": award.id if award else NOBODY}).all()
    steps = [
        Step(at, AwardState(was), AwardState(now), Cause(cause), Move(move) is Move.SUPERSEDE)
        for _, at, move, was, now, cause in rows
        if at is not None
    ]
    was_replaced = award is not None and award.state is AwardState.REVOKED and bool(rows[0][0])
    return was_replaced, tuple(steps)


def weigh(found: Found, code: str | None, now: datetime, on: date | None = None) -> Verdict:
    """The verdict that follows from what was found."""
    award = found.award
    if award is None:
        return Verdict(Answer.UNKNOWN, code, now, on=on)
    sealed = examine(found.document, award.frozen, found.keys)
    moment = now if on is None else min(now, end_of(on, award.frozen.zone))
    steps = [step for step in found.steps if step.at <= moment]
    state, was_replaced = award.state, found.was_replaced
    if on is not None:
        then = state_at(moment, award.issued_at, steps)
        if then is None:
            return Verdict(Answer.NOT_YET_ISSUED, code, now, on=on)
        state, was_replaced = then, bool(steps) and steps[-1].is_replacement
    answer = judge(state, award.frozen, sealed, was_replaced=was_replaced, now=moment)
    shown = shown_with(answer, award.frozen, sealed)
    ended = ended_by(steps)
    if found.level is Level.FULL or shown is None:
        return Verdict(answer, code, now, shown, award.run_ref, ended=ended, on=on)
    brief = None
    if found.level is Level.INITIALS and answer in SHOWING:
        brief = Brief(initials(shown.recipient_name), shown.achievement_title, shown.language)
    return Verdict(answer, code, now, None, award.run_ref, brief, ended=ended, on=on)


# ---- documents that are handed in --------------------------------------------------------------------------------


def check_file(rt: Runtime, data: bytes, on: date | None = None) -> Verdict:
    """The verdict about a file: JSON, JWT, PDF, PNG or SVG. Raises FileTooLarge."""
    now = rt.clock.now()
    claim = presented.read(data)
    try:
        return replace(_weighed(rt, claim, data[:1024], now, on), is_about_file=True)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a document could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, None, now, is_about_file=True)


def _weighed(rt: Runtime, claim: Claim, beginning: bytes, now: datetime, on: date | None) -> Verdict:
    is_pdf = b"%PDF-" in beginning
    with rt.reading() as session:
        printed = _printed(session, claim.sha256) if is_pdf else None
        if printed is not None:  # hash first: it is the very file that we printed
            found = _found(session, _BY_ID, {"award_id": printed}, with_past=on is not None)
            return replace(_told(found, now, on), is_our_file=True)
        if claim.credential_id is None:
            return Verdict(Answer.MALFORMED, None, now, is_our_file=False if is_pdf else None)
        award_id = session.scalar(sa.select(Credential.award_id).where(Credential.credential_id == claim.credential_id))
        if award_id is None:
            return Verdict(Answer.UNKNOWN, None, now)
        found = _found(session, _BY_ID, {"award_id": award_id}, with_past=on is not None)
        assert found.award is not None
        pems = dict(public_keys(session, found.award.issuer_id)) if claim.token else {}
    if found.award.frozen.recipient_name is None:
        return _told(found, now, on)
    if found.document is None or not presented.is_the_same(claim, found.document, pems):
        return Verdict(Answer.ALTERED, None, now)
    return replace(_told(found, now, on), is_our_file=False if is_pdf else None)


def _told(found: Found, now: datetime, on: date | None) -> Verdict:
    """Whoever hands the document in has it: what it says is shown in full."""
    assert found.award is not None
    return weigh(replace(found, level=Level.FULL), found.award.code, now, on)


def _printed(session: orm.Session, sha256: str) -> UUID | None:
    return session.scalar(sa.select(PrintedDocument.award_id).where(PrintedDocument.sha256 == sha256))
