"""What we say about a code. The same for the page, the JSON and the command."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from ..awards.service import AwardView, find_by_code, find_successor
from ..awards.states import AwardState
from ..core.errors import Misconfigured, Unavailable
from ..core.ids import parse_code
from ..core.runtime import Runtime
from ..credentials.did_web import PublishedKey
from ..credentials.keys import published_keys
from ..credentials.service import get_document
from .answers import Answer, Verdict, judge, shown_with
from .seals import examine
from .wording import plain

log = logging.getLogger("flask_certify")

NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Found:
    """All that is stored about a code. `award` is None for a code that nobody has."""

    award: AwardView | None
    was_replaced: bool
    keys: tuple[PublishedKey, ...]
    document: str | None


def check_code(rt: Runtime, typed: str) -> Verdict:
    """The verdict about what somebody typed or scanned. Never raises because something is away: that is an answer."""
    now = rt.clock.now()
    code = parse_code(typed)
    if code is None:
        return Verdict(Answer.MALFORMED, None, now)
    try:
        found = find(rt, code)
    except (sa.exc.SQLAlchemyError, Unavailable, Misconfigured) as error:
        log.warning("a certificate could not be checked", extra={"reason": type(error).__name__})
        return Verdict(Answer.CANNOT_CHECK, code, now)
    return weigh(found, code, now)


def report(rt: Runtime, typed: str) -> dict[str, object]:
    """The verdict as plain data, for the command and for programs."""
    return plain(check_code(rt, typed))


def find(rt: Runtime, code: str) -> Found:
    """Looks everything up. The same questions are asked about a code that nobody has, so that it takes as long."""
    with rt.reading() as session:
        award = find_by_code(session, code)
        was_replaced = (
            award is not None and award.state is AwardState.REVOKED and find_successor(session, award.id) is not None
        )
        keys = tuple(published_keys(session, award.issuer_id if award else NOBODY))
    return Found(award, was_replaced, keys, get_document(rt, award.id if award else NOBODY))


def weigh(found: Found, code: str, now: datetime) -> Verdict:
    """The verdict that follows from what was found."""
    award = found.award
    if award is None:
        return Verdict(Answer.UNKNOWN, code, now)
    sealed = examine(found.document, award.frozen, found.keys)
    answer = judge(award.state, award.frozen, sealed, was_replaced=found.was_replaced, now=now)
    return Verdict(answer, code, now, shown_with(answer, award.frozen, sealed), award.run_ref)
