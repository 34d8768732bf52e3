"""What follows from something that happened to a learner's certificate (group B3). Pure: doors carry it out.

Evaluating takes nothing away; of the events only those below that say so do (R-074).
"""

from dataclasses import dataclass, field
from typing import assert_never

from .engine import PASSING_STATUSES, Status
from .facts import NOT_EARNING, Entry, Kept
from .reasons import Reason
from .rules import Percent


@dataclass(frozen=True, slots=True)
class Passed:
    """The host says that the course run was passed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The host says that the course run is not passed, or not any more."""


@dataclass(frozen=True, slots=True)
class ExamRejected:
    """A supervised exam was looked at and not accepted."""


@dataclass(frozen=True, slots=True)
class IdentityApproved:
    """The learner's identity was approved. Each of their enrolments is asked about."""


@dataclass(frozen=True, slots=True)
class ModeChanged:
    mode: str | None
    not_earning: frozenset[str] = NOT_EARNING


@dataclass(frozen=True, slots=True)
class AllowlistSaved:
    """An exception in the learner's favour was made or changed."""


@dataclass(frozen=True, slots=True)
class AllowlistRemoved:
    """It was taken back."""


@dataclass(frozen=True, slots=True)
class InvalidationMade:
    """The certificate was declared invalid by somebody."""


@dataclass(frozen=True, slots=True)
class InvalidationLifted:
    """That declaration was taken back."""


@dataclass(frozen=True, slots=True)
class PacingChanged:
    self_paced: bool


@dataclass(frozen=True, slots=True)
class ProgressSaid:
    """What the host says about progress. `asked`: what the attachment asks, by `rules.progress_asked`."""

    progress: Percent | Reason | None  # None: it said nothing
    asked: Percent = 100


Event = (
    Passed
    | Failed
    | ExamRejected
    | IdentityApproved
    | ModeChanged
    | AllowlistSaved
    | AllowlistRemoved
    | InvalidationMade
    | InvalidationLifted
    | PacingChanged
    | ProgressSaid
)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Leave everything as it is."""


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Ask the engine, and do what it says."""


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Write this status. A withdrawal keeps its code and may come back; a final one is revoked (D-11)."""

    status: Status
    final: bool = False


@dataclass(frozen=True, slots=True)
class Invalidate:
    """Make an invalidation, a record of its own, and write the status that follows from it (R-077)."""

    status: Status = Status.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class LetLearnersStart:
    """Switch on, or off, that learners of this run ask for their certificate themselves."""

    on: bool


Action = Nothing | Evaluate | SetStatus | Invalidate | LetLearnersStart


@dataclass(frozen=True, slots=True)
class Response:
    action: Action
    reasons: tuple[Reason, ...] = field(default=())


def respond(event: Event, kept: Kept, *, automatic: bool = True) -> Response:
    """What is to be done. `automatic`: whether generating without being asked is switched on (R-068).

    Support, issue batches, commands and the learner's own button are no events: they evaluate whenever asked.
    """
    match event:
        case Passed():
            if is_passing(kept):
                return _nothing("already_passing")
            return _evaluate_if(automatic)
        case IdentityApproved() | AllowlistSaved():
            return _evaluate_if(automatic)
        case ModeChanged(mode, not_earning):
            if mode in not_earning:
                return Response(Nothing(), (Reason("mode_does_not_earn", {"mode": mode}),))
            return Response(Evaluate())
        case Failed():
            return _failed(kept)
        case ExamRejected():
            if kept.status is None:
                return _nothing("no_record")
            return _nothing("exempt_as_listed") if is_listed(kept) else Response(Invalidate())
        case AllowlistRemoved():
            return _unavailable(kept, "allowlist_removed")
        case InvalidationMade():
            return _unavailable(kept, "invalidated")
        case InvalidationLifted():
            return Response(Evaluate())
        case PacingChanged(self_paced):
            return Response(LetLearnersStart(self_paced))
        case ProgressSaid(progress, asked):
            return _progress_said(kept, progress, asked)
        case _:
            assert_never(event)


def is_passing(kept: Kept) -> bool:
    """Whether the record stands for a certificate that people have (R-062)."""
    return kept.status in PASSING_STATUSES


def is_listed(kept: Kept) -> bool:
    return kept.allowlist is Entry.ACTIVE


def is_told_as_revoked(kept: Kept) -> bool:
    """Whether the world hears "revoked" when this record is withdrawn (R-080)."""
    return kept.status == Status.DOWNLOADABLE


def _evaluate_if(automatic: bool) -> Response:
    return Response(Evaluate()) if automatic else _nothing("not_automatic")


def _failed(kept: Kept) -> Response:
    if not is_passing(kept):
        return _nothing("no_certificate_to_lose")
    if is_listed(kept):
        return _nothing("exempt_as_listed")
    return Response(SetStatus(Status.NOTPASSING), (Reason("not_passing"),))


def _unavailable(kept: Kept, why: str) -> Response:
    if kept.status is None:
        return _nothing("no_record")
    return Response(SetStatus(Status.UNAVAILABLE), (Reason(why),))


def _progress_said(kept: Kept, progress: Percent | Reason | None, asked: Percent) -> Response:
    """Only a number below what is asked is a drop; silence and nonsense are none (R-075)."""
    if progress is None or isinstance(progress, Reason):
        return _nothing("progress_unknown")
    if progress >= asked:
        return _nothing("progress_kept")
    if not is_passing(kept):
        return _nothing("no_certificate_to_lose")
    if is_listed(kept):
        return _nothing("exempt_as_listed")
    return Response(SetStatus(Status.NOTPASSING, final=True), (Reason("progress_dropped"),))


def _nothing(why: str) -> Response:
    return Response(Nothing(), (Reason(why),))
