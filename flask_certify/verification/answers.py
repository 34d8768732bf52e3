"""The answers there are about a certificate, and which one it is. Pure: the thinking alone, no database, no words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from ..awards.causes import Cause, public
from ..awards.frozen import Frozen
from ..awards.states import AwardState
from .seals import Seal, Sealed


class Answer(StrEnum):
    """Nine as R-143 asks, two about what was signed, one about a day of the past. Only VALID speaks for it."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_ISSUED = "not_yet_issued"  # on the day that was asked about
    REVOKED = "revoked"
    SUPERSEDED = "superseded"  # revoked, and a newer certificate took its place
    NOT_YET_VISIBLE = "not_yet_visible"  # it exists, and its platform shows it later; or it is not signed yet
    ERASED = "erased"  # at the holder's wish
    UNKNOWN = "unknown"  # nothing is known for it, nor against it
    MALFORMED = "malformed"  # no code can look like this
    CANNOT_CHECK = "cannot_check"  # our fault, and says nothing about the certificate
    ALTERED = "altered"  # what is stored is not what the issuer signed
    REISSUE_NEEDED = "reissue_needed"  # signed with a key that others may have


SHOWING = frozenset({Answer.VALID, Answer.EXPIRED, Answer.REVOKED, Answer.SUPERSEDED})
"""The answers with which the certificate's contents are shown."""

COUNTING = frozenset({Answer.VALID, Answer.EXPIRED})
"""Those about a certificate that nobody has taken back."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What anybody may read on the page: values frozen at issue that agree with what was signed. Times are aware."""

    recipient_name: str
    achievement_title: str
    course_title: str
    issuer_name: str
    completed_on: datetime | None  # shown as a month
    issued_at: datetime  # when it was made and signed, whatever date it shows
    shown_on: date  # the date that it shows: another one only by what the platform says or somebody chose
    valid_until: datetime | None  # None: it does not expire
    score: str | None  # percent; None: none is told
    zone: str  # in which the days are meant
    language: str  # of the texts
    issuer_did: str
    key_id: str  # of the key that signed it
    location: str | None = None  # None: the attachment does not carry it
    completion_time: datetime | None = None  # likewise; else the moment, and not only its month


@dataclass(frozen=True, slots=True)
class Step:
    """A move that the award has made: when, between which states, and the class of its reason."""

    at: datetime
    was: AwardState
    now: AwardState
    cause: Cause
    is_replacement: bool = False  # another took its place


@dataclass(frozen=True, slots=True)
class Ended:
    """Since when a certificate no longer counts, and the class of the reason that anybody may read (R-102, R-143)."""

    at: datetime
    cause: Cause


@dataclass(frozen=True, slots=True)
class Brief:
    """The little that may be read where no more is disclosed."""

    initials: str
    achievement_title: str
    language: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about a code or a file, and what may be shown with it."""

    answer: Answer
    code: str | None  # as it is stored. None: what was typed cannot be one, or it is not told
    checked_at: datetime
    shown: Shown | None = None
    run_ref: str | None = None  # the host's, to ask it for a video; never shown
    brief: Brief | None = None  # where less than everything may be shown
    is_about_file: bool = False  # something was handed in, and no code typed
    is_our_file: bool | None = None  # a PDF that is, byte for byte, the one we printed. None: it is no PDF
    ended: Ended | None = None  # at every level: it is part of the status
    on: date | None = None  # the day that was asked about. None: now
    nobodys: "Verdict | None" = None  # of a code that nobody has: what is worked out, and told to nobody (`decoy`)

    @property
    def is_valid(self) -> bool:
        return self.answer is Answer.VALID


def judge(state: AwardState, frozen: Frozen, sealed: Sealed, *, was_replaced: bool, now: datetime) -> Answer:
    """The answer about a certificate that we know.

    What its issuer or holder did to it comes first, since that holds whatever was signed; then whether it is what was
    signed; then its dates.
    """
    if state is AwardState.REVOKED:
        return Answer.SUPERSEDED if was_replaced else Answer.REVOKED
    if state is AwardState.WITHDRAWN:
        return Answer.REVOKED
    if frozen.recipient_name is None:
        return Answer.ERASED
    if state is AwardState.GRANTED:
        return Answer.NOT_YET_VISIBLE
    if sealed.seal is Seal.UNSAFE_KEY:
        return Answer.REISSUE_NEEDED
    if sealed.signed is None:
        return Answer.ALTERED
    if now < sealed.signed.valid_from:
        return Answer.NOT_YET_VISIBLE
    if sealed.signed.valid_until is not None and now > sealed.signed.valid_until:
        return Answer.EXPIRED
    return Answer.VALID


def state_at(moment: datetime, issued_at: datetime | None, steps: Sequence[Step]) -> AwardState | None:
    """Which state it was in then, given all moves in their order. None: it had not been issued."""
    if issued_at is None or moment < issued_at:
        return None
    return next((step.now for step in reversed(steps) if step.at <= moment), AwardState.ISSUED)


def ended_by(steps: Sequence[Step]) -> Ended | None:
    """The move since which it does not count, given all moves so far in their order. None: it counts, or never did."""
    if not steps or steps[-1].now is AwardState.ISSUED:
        return None
    last = next((step for step in reversed(steps) if step.was is AwardState.ISSUED), steps[0])
    # What was withdrawn first and then revoked does not count since it was withdrawn; why is what was said last.
    return Ended(last.at, public(steps[-1].cause))


def shown_with(answer: Answer, frozen: Frozen, sealed: Sealed, other_date: date | None = None) -> Shown | None:
    """The certificate's contents, if this answer shows them and they are what was signed.

    `other_date`: the one that it shows instead of the day of its issue.
    """
    if answer not in SHOWING or sealed.signed is None or frozen.recipient_name is None:
        return None
    return Shown(
        recipient_name=frozen.recipient_name,
        achievement_title=frozen.achievement_title,
        course_title=frozen.course_title,
        issuer_name=frozen.issuer_name,
        completed_on=frozen.completed_on,
        issued_at=frozen.issued_at,
        shown_on=other_date or frozen.issued_at.astimezone(ZoneInfo(frozen.zone)).date(),
        valid_until=sealed.signed.valid_until,
        score=frozen.score,
        zone=frozen.zone,
        language=frozen.language,
        issuer_did=frozen.issuer_did,
        key_id=sealed.signed.key_id,
        location=frozen.facts.get("location"),
        completion_time=_moment(frozen.facts.get("completion_time")),
    )


def _moment(carried: str | None) -> datetime | None:
    return datetime.fromisoformat(carried) if carried else None
