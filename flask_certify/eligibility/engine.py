"""What an evaluation does to the record of a learner: one pure function for every door (R-051).

`evaluate` is group B2 of the requirements: the regular and the allowlist rules in their order (R-054 to R-056), then
the table of statuses (R-064 to R-066). It is total, and takes a downloadable record away for one thing only: an
active invalidation (R-074).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from .facts import EXEMPT_FROM_IDENTITY, NOTHING_KEPT, Entry, Facts, Kept, RunFacts
from .reasons import Reason


class Status(StrEnum):
    """Those we write (R-062)."""

    DOWNLOADABLE = "downloadable"
    NOTPASSING = "notpassing"
    UNAVAILABLE = "unavailable"
    UNVERIFIED = "unverified"


HISTORICAL = frozenset(
    {
        *("audit_notpassing", "audit_passing", "auditing", "deleted", "deleting", "error", "generating"),
        *("honor_passing", "invalidated", "regenerating", "requesting", "restricted"),
    }
)
"""Statuses that are only read, from records of other systems. No record with one of them is final."""

KNOWN_STATUSES = frozenset(Status) | HISTORICAL
PASSING_STATUSES = frozenset({Status.DOWNLOADABLE.value, "generating"})


class Path(StrEnum):
    """Which rules are asked: those of the learner's allowlist entry, or one kind and never the other."""

    DISPATCH = "dispatch"
    ALLOWLIST_ONLY = "allowlist_only"
    REGULAR_ONLY = "regular_only"


class Act(StrEnum):
    GENERATE = "generate"  # a record is made, or updated, to downloadable
    SET_STATUS = "set_status"  # another status is written, or confirmed
    NONE = "none"  # nothing is written


class Outcome(StrEnum):
    GRANTED = "granted"
    DECLINED = "declined"
    FAULTY = "faulty"  # the data are wrong: neither yes nor no, somebody has to put them right


@dataclass(frozen=True, slots=True)
class Fit:
    """What the attachments of the run say about the learner."""

    passing: bool | None  # whether criteria are met; None: it cannot be said, or not yet
    reasons: tuple[Reason, ...] = ()
    attachment_id: UUID | None = None  # what is granted if all else is fine
    faulty: bool = False
    closed: bool = False  # nothing is open to this learner, or not yet; not even the allowlist opens it


NO_CRITERIA = Fit(True)
"""Where nothing but the host's verdict is asked (D-06)."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that an evaluation asks, at one moment."""

    facts: Facts
    kept: Kept = NOTHING_KEPT
    fit: Fit = NO_CRITERIA
    # What the host said when it was asked after all else had passed; a reason: why it could not say.
    veto: str | Reason | None = None
    path: Path = Path.DISPATCH


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with the record, and why: what failed first stands first."""

    act: Act
    status_after: str | None  # None: there is still no record
    handled: bool  # generated, or a status set or confirmed
    reasons: tuple[Reason, ...]
    outcome: Outcome
    attachment_id: UUID | None = None  # what is granted


_FIXED = {
    code: (Reason(code),)
    for code in (
        "learner_unknown",
        "account_inactive",
        "not_allowlisted",
        "private_copy",
        "beta_tester",
        "not_passing",
        "invalidated",
        "not_enrolled",
        "identity_not_approved",
        "already_final",
        "course_missing",
        "display_off",
        "passing",
        "allowlisted",
    )
}
_WHY_STATUS = {
    Status.UNAVAILABLE: "invalidated",
    Status.UNVERIFIED: "identity_not_approved",
    Status.NOTPASSING: "not_passing",
}


def evaluate(case: Case) -> Verdict:
    """What to do about the certificate of one learner in one run. The same case gives the same verdict."""
    kept, fit = case.kept, case.fit
    listed = kept.allowlist is Entry.ACTIVE
    by_allowlist = listed if case.path is Path.DISPATCH else case.path is Path.ALLOWLIST_ONLY
    refusal = _refusal(case, by_allowlist)
    if refusal is None:
        if case.veto is not None:
            return _vetoed(case.veto, kept)
        return Verdict(
            Act.GENERATE, Status.DOWNLOADABLE, True, _why_granted(fit, by_allowlist), Outcome.GRANTED, fit.attachment_id
        )
    outcome = Outcome.FAULTY if fit.faulty and refusal is fit.reasons else Outcome.DECLINED
    status = _status(case, by_allowlist=by_allowlist, listed=listed)
    if status is None:
        return Verdict(Act.NONE, kept.status, False, refusal, outcome)
    why = _FIXED[_WHY_STATUS[status]]
    if status is not Status.NOTPASSING and why[0] not in refusal:
        refusal += why
    return Verdict(Act.SET_STATUS, status, True, refusal, outcome)


def _vetoed(veto: str | Reason, kept: Kept) -> Verdict:
    """Nothing is made and no status written, whether the host objects or breaks when it is asked."""
    if isinstance(veto, Reason):
        return Verdict(Act.NONE, kept.status, False, (veto,), Outcome.FAULTY)
    return Verdict(Act.NONE, kept.status, False, (Reason("vetoed", {"answer": veto}),), Outcome.DECLINED)


def _refusal(case: Case, by_allowlist: bool) -> tuple[Reason, ...] | None:
    """Why nothing can be generated: the first that fails, in the order of R-055 or R-056, then the criteria."""
    facts, kept, fit = case.facts, case.kept, case.fit
    run = facts.run
    if not facts.known:
        return _FIXED["learner_unknown"]
    if not facts.account_active:
        return _FIXED["account_inactive"]
    if by_allowlist:
        if kept.allowlist is not Entry.ACTIVE:
            return _FIXED["not_allowlisted"]
    elif run.custom_course:
        return _FIXED["private_copy"]
    elif facts.beta_tester:
        return _FIXED["beta_tester"]
    elif facts.passing is False:
        return _FIXED["not_passing"]
    if kept.invalidation is Entry.ACTIVE:
        return _FIXED["invalidated"]
    if not facts.enrolled:
        return _FIXED["not_enrolled"]
    if facts.mode in run.not_earning:
        return (Reason("mode_does_not_earn", {"mode": facts.mode}),)
    if run.identity_required and not facts.identity_approved and facts.mode not in EXEMPT_FROM_IDENTITY:
        return _FIXED["identity_not_approved"]
    if kept.status == Status.DOWNLOADABLE and kept.made_in not in run.not_earning:
        return _FIXED["already_final"]
    if not run.course_known:
        return _FIXED["course_missing"]
    if not run.display_on:
        return _FIXED["display_off"]
    if fit.closed or not (by_allowlist or fit.passing):
        return fit.reasons
    return None


def _status(case: Case, *, by_allowlist: bool, listed: bool) -> Status | None:
    """The status that a refused evaluation writes or confirms, if it may (R-064) and if there is one (R-065)."""
    facts, kept, fit = case.facts, case.kept, case.fit
    run = facts.run
    invalidated = kept.invalidation is Entry.ACTIVE
    if not _may_set_status(facts, run, by_allowlist=by_allowlist, listed=listed):
        return None
    if kept.status == Status.DOWNLOADABLE and not invalidated:
        return None
    if invalidated and kept.status is not None:
        return Status.UNAVAILABLE
    passing = False if facts.passing is False else fit.passing
    if run.identity_required and not facts.identity_approved:  # here no mode is exempt
        return Status.UNVERIFIED if (listed or passing) and not fit.closed else None
    if not by_allowlist and passing is False and kept.status is not None:
        return Status.NOTPASSING  # failing never makes a record
    return None


def _may_set_status(facts: Facts, run: RunFacts, *, by_allowlist: bool, listed: bool) -> bool:
    if by_allowlist:
        if not listed:
            return False
    elif run.custom_course or facts.beta_tester:
        return False
    return (
        facts.known
        and facts.account_active
        and facts.enrolled
        and facts.mode not in run.not_earning
        and run.course_known
        and run.display_on
    )


def _why_granted(fit: Fit, by_allowlist: bool) -> tuple[Reason, ...]:
    if by_allowlist:
        return _FIXED["allowlisted"] + (fit.reasons if fit.passing else ())
    return fit.reasons or _FIXED["passing"]
