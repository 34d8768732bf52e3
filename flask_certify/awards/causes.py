"""Why an award was moved, or an exception made: a class that may be public (R-102), in words at the door.

The private note beside it is free text of the person who acts. It may name people, so it is shown to staff only,
stands in no audit entry, and goes when the person is erased.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.texts import storable

LONGEST_NOTE = 1000


class Cause(StrEnum):
    """What a person may give as a reason, and then what only happens by itself."""

    NAME_CORRECTED = "name_corrected"
    CONTENT_CORRECTED = "content_corrected"
    RESULT_CORRECTED = "result_corrected"
    ISSUED_IN_ERROR = "issued_in_error"
    MISCONDUCT = "misconduct"
    UNDER_REVIEW = "under_review"
    REVIEW_ENDED = "review_ended"
    RENEWED = "renewed"
    HOLDER_REQUEST = "holder_request"
    EXCEPTION = "exception"
    KEY_UNSAFE = "key_unsafe"
    MISTAKEN_REISSUE = "mistaken_reissue"
    OTHER = "other"
    CONTENT_ADDED = "content_added"
    NOT_PASSING = "not_passing"
    EXAM_REJECTED = "exam_rejected"
    EXCEPTION_REMOVED = "exception_removed"
    INVALIDATED = "invalidated"
    PASSING_AGAIN = "passing_again"


WORDS: Mapping[Cause, str] = {
    Cause.NAME_CORRECTED: N_("The name was corrected."),
    Cause.CONTENT_CORRECTED: N_("What the certificate says was corrected."),
    Cause.RESULT_CORRECTED: N_("The result was corrected."),
    Cause.ISSUED_IN_ERROR: N_("It was issued in error."),
    Cause.MISCONDUCT: N_("The rules of the course were broken."),
    Cause.UNDER_REVIEW: N_("It is being reviewed."),
    Cause.REVIEW_ENDED: N_("The review has ended."),
    Cause.RENEWED: N_("It was renewed."),
    Cause.HOLDER_REQUEST: N_("Its holder asked for it."),
    Cause.EXCEPTION: N_("An exception was decided on."),
    Cause.KEY_UNSAFE: N_("The key that signed it is no longer safe."),
    Cause.MISTAKEN_REISSUE: N_("It was issued again by mistake."),
    Cause.OTHER: N_("Another reason, known to its issuer."),
    Cause.CONTENT_ADDED: N_("The course has grown, and is no longer complete."),
    Cause.NOT_PASSING: N_("The course run is no longer passed."),
    Cause.EXAM_REJECTED: N_("The exam was rejected."),
    Cause.EXCEPTION_REMOVED: N_("The exception it rested on was removed."),
    Cause.INVALIDATED: N_("It was declared invalid."),
    Cause.PASSING_AGAIN: N_("The course run is passed again."),
}

PRIVATE = frozenset({Cause.MISCONDUCT, Cause.EXAM_REJECTED})
"""These are never told to the public, which reads the words of OTHER instead."""

GIVEN_BY_PEOPLE = tuple(Cause)[: tuple(Cause).index(Cause.CONTENT_ADDED)]


class UnknownCause(BadInput):
    code = "reason.unknown"
    sentence = N_("A reason is needed, one of: %(known)s.")


class NoteTooLong(BadInput):
    code = "reason.note_too_long"
    sentence = N_("The note may have at most %(most)s characters.")


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of an act: its class, and the private note."""

    cause: Cause
    note: str | None = None

    @classmethod
    def given(cls, cause: str | None, note: str | None = None) -> "Why":
        """What a person typed. Raises UnknownCause, NoteTooLong."""
        if cause not in GIVEN_BY_PEOPLE:
            raise UnknownCause(known=", ".join(GIVEN_BY_PEOPLE))
        noted = (note or "").strip() or None
        if noted is not None and len(noted) > LONGEST_NOTE:
            raise NoteTooLong(most=LONGEST_NOTE)
        return cls(Cause(cause), storable(noted, LONGEST_NOTE))


def public(cause: Cause) -> Cause:
    """What anybody may read of it."""
    return Cause.OTHER if cause in PRIVATE else cause
