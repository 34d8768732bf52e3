"""Exceptions for learners of a run, one or many: list them, declare invalid, set the date shown; and take each back.

Each is a record of its own with actor and reason (R-077, R-082, R-089). What follows for the certificate is what
`happenings` does for the event. Nobody is listed and invalid at once (R-079).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from ..achievements.service import RunView, get_run
from ..awards import exceptions
from ..awards import service as awards
from ..awards.causes import Cause, Why
from ..awards.exceptions import ExceptionView, Kind
from ..core import audit
from ..core.errors import BadInput, Conflict, NotFound
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..eligibility.events import AllowlistRemoved, AllowlistSaved, Event, InvalidationLifted, InvalidationMade
from ..eligibility.service import ask_records
from . import happenings
from .happenings import Happened
from .keeping import kept_of
from .lifecycle import DeclaredInvalid, OnAllowlist


class NotEnrolled(Conflict):
    code = "exception.not_enrolled"
    sentence = N_("The learner has no active enrolment in this course run, so no exception can be made.")


class UnknownLearner(NotFound):
    code = "learner.unknown"
    sentence = N_("The learning platform does not know this learner.")


class AlreadyListed(Conflict):
    code = "exception.already_listed"
    sentence = N_("The learner is on the list of exceptions of this course run already.")


class AlreadyInvalid(Conflict):
    code = "exception.already_invalid"
    sentence = N_("The learner's certificate is declared invalid in this course run already.")


class NothingToInvalidate(Conflict):
    code = "exception.no_certificate"
    sentence = N_("The learner has no certificate of this course run that could be declared invalid.")


class NotListed(Conflict):
    code = "exception.not_listed"
    sentence = N_("The learner is not on the list of exceptions of this course run.")


class NotInvalid(Conflict):
    code = "exception.not_invalid"
    sentence = N_("The learner's certificate is not declared invalid in this course run.")


class WrongDay(BadInput):
    code = "exception.wrong_day"
    sentence = N_("%(day)s is no day. Write it as 2026-05-31, from %(first)s to %(last)s.")


class NoOtherDate(Conflict):
    code = "exception.no_date"
    sentence = N_("No other date was set for this learner.")


Refusal = type[Conflict] | type[NotFound]


@dataclass(frozen=True)
class Excepted:
    """For whom an exception was made or ended, why not for the others, and what followed."""

    done: tuple[str, ...]
    refused: Mapping[str, Refusal]
    followed: Happened


def only(report: Excepted) -> Happened:
    """What followed for the one learner. Raises what it was refused for."""
    for refusal in report.refused.values():
        raise refusal()
    return report.followed


# ---- the allowlist ---------------------------------------------------------------------------------


def allow(rt: Runtime, run_id: UUID, whys: Mapping[str, Why], *, actor: str, automatic: bool = True) -> Excepted:
    """Puts learners on the allowlist: enrolled actively, not declared invalid, not listed yet (R-082); then evaluates.

    One call of the host for all. Raises UnknownRun, HostUnavailable.
    """
    with rt.reading() as session:
        run = get_run(session, run_id)
    records, _ = ask_records(rt, run.run_ref, list(whys))
    with rt.transaction() as tx:
        found = exceptions.of_learners(tx.session, run_id, list(whys))
        refused: dict[str, Refusal] = {}
        for ref in whys:
            record, own = records.get(ref), found.get(ref, exceptions.NONE)
            if record is None:
                refused[ref] = UnknownLearner
            elif own.listed:
                refused[ref] = AlreadyListed
            elif record.enrolment is None or not record.enrolment.active:
                refused[ref] = NotEnrolled
            elif own.invalid:
                refused[ref] = DeclaredInvalid
        asked = {ref: why for ref, why in whys.items() if ref not in refused}
        made = exceptions.begin_many(tx, run_id, Kind.ALLOW, asked, actor=actor, now=rt.clock.now())
        refused |= dict.fromkeys([ref for ref in asked if ref not in made], AlreadyListed)  # a moment ago
        _note(rt, tx, run, Kind.ALLOW, made, {ref: asked[ref].cause for ref in made}, actor)
    return _followed(rt, run_id, tuple(made), refused, AllowlistSaved(), actor, automatic=automatic)


def disallow(rt: Runtime, run_id: UUID, learner_refs: Sequence[str], why: Why, *, actor: str) -> Excepted:
    """Takes learners off the allowlist. Their certificates are withdrawn, and nothing is evaluated (R-072)."""
    ended: dict[str, UUID] = {}

    def end(tx: Transaction) -> Collection[str]:
        ended.update(_end_in(rt, tx, run_id, Kind.ALLOW, learner_refs, why, actor))
        return ended

    event = dict.fromkeys(learner_refs, AllowlistRemoved())
    followed = happenings.happen(rt, run_id, event, actor=actor, within=end)
    refused: dict[str, Refusal] = dict.fromkeys([ref for ref in learner_refs if ref not in ended], NotListed)
    return Excepted(tuple(ended), refused, followed)


# ---- invalidations ---------------------------------------------------------------------------------


def invalidate(rt: Runtime, run_id: UUID, learner_refs: Sequence[str], why: Why, *, actor: str) -> Excepted:
    """Declares certificates invalid. They are withdrawn at that moment (R-077) and stay so until it is lifted.

    Refused for whom there is nothing to be declared invalid, and for whoever is on the allowlist.
    """
    refs = list(dict.fromkeys(learner_refs))
    refused: dict[str, Refusal] = {}
    made: dict[str, UUID] = {}

    def begin(tx: Transaction) -> Collection[str]:
        run = get_run(tx.session, run_id)
        found = exceptions.of_learners(tx.session, run_id, refs)
        kept = kept_of(tx.session, run_id, refs)
        held = awards.standing_of(tx.session, run.tenant_ref, run.run_ref, refs)
        for ref in refs:
            own = found.get(ref, exceptions.NONE)
            if own.listed:
                refused[ref] = OnAllowlist
            elif own.invalid:
                refused[ref] = AlreadyInvalid
            elif ref not in held and (ref not in kept or kept[ref].status is None):
                refused[ref] = NothingToInvalidate
        asked = [ref for ref in refs if ref not in refused]
        made.update(happenings.invalidate(rt, tx, run, dict.fromkeys(asked, why), actor=actor))
        refused.update(dict.fromkeys([ref for ref in asked if ref not in made], AlreadyInvalid))  # a moment ago
        return made

    followed = happenings.happen(rt, run_id, dict.fromkeys(refs, InvalidationMade()), actor=actor, within=begin)
    return Excepted(tuple(made), refused, followed)


def lift(rt: Runtime, run_id: UUID, learner_refs: Sequence[str], why: Why, *, actor: str) -> Excepted:
    """Ends invalidations, then evaluates: who still meets everything has the same certificate again (R-078)."""
    ended = _end(rt, run_id, Kind.INVALID, learner_refs, why, actor)
    refused: dict[str, Refusal] = dict.fromkeys([ref for ref in learner_refs if ref not in ended], NotInvalid)
    return _followed(rt, run_id, tuple(ended), refused, InvalidationLifted(), actor)


# ---- the date shown --------------------------------------------------------------------------------


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)


def read_day(written: str) -> date:
    """The day as people type it. Raises WrongDay."""
    try:
        day = date.fromisoformat(written) if len(written) == len("2026-05-31") else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day <= LAST_DAY:
        raise WrongDay(day=written[:20], first=FIRST_DAY, last=LAST_DAY)
    return day


def set_date(rt: Runtime, run_id: UUID, learner_ref: str, shown_on: date, why: Why, *, actor: str) -> None:
    """Another date is shown from now on, in place of one set before. Who may see it stays as it is (R-089).

    Raises UnknownRun, HostUnavailable, and UnknownLearner for whom neither the platform nor a record here knows.
    """
    now = rt.clock.now()
    with rt.reading() as session:
        run = get_run(session, run_id)
        is_known = bool(awards.standing_of(session, run.tenant_ref, run.run_ref, [learner_ref]))
    if not is_known and learner_ref not in ask_records(rt, run.run_ref, [learner_ref])[0]:
        raise UnknownLearner()
    with rt.transaction() as tx:
        ended = exceptions.end_many(tx, run_id, Kind.DATE, [learner_ref], why, actor=actor, now=now)
        _note(rt, tx, run, Kind.DATE, ended, dict.fromkeys(ended, why.cause), actor, end=True)
        made = exceptions.begin_many(tx, run_id, Kind.DATE, {learner_ref: why}, actor=actor, now=now, shown_on=shown_on)
        _note(rt, tx, run, Kind.DATE, made, {learner_ref: why.cause}, actor)


def clear_date(rt: Runtime, run_id: UUID, learner_ref: str, why: Why, *, actor: str) -> None:
    """The date follows from the run's settings again. Raises NoOtherDate."""
    if not _end(rt, run_id, Kind.DATE, [learner_ref], why, actor):
        raise NoOtherDate()


# ---- looking back ----------------------------------------------------------------------------------


def history(rt: Runtime, run_id: UUID, learner_ref: str) -> list[ExceptionView]:
    """All exceptions that were ever made for the learner in the run, oldest first. Raises UnknownRun."""
    with rt.reading() as session:
        get_run(session, run_id)
        return exceptions.history(session, run_id, learner_ref)


def to_json(each: ExceptionView) -> dict[str, str | None]:
    """One exception, for programs of staff: its note is in it."""
    return {
        "id": str(each.id),
        "kind": each.kind.value,
        "shown_on": each.shown_on.isoformat() if each.shown_on else None,
        "reason": each.cause,
        "note": each.note,
        "made_at": each.made_at.isoformat(),
        "made_by": each.made_by,
        "ended_at": each.ended_at.isoformat() if each.ended_at else None,
        "ended_by": each.ended_by,
        "ended_reason": each.ended_cause,
    }


# ---- parts -----------------------------------------------------------------------------------------


def _end(rt: Runtime, run_id: UUID, kind: Kind, refs: Sequence[str], why: Why, actor: str) -> dict[str, UUID]:
    with rt.transaction() as tx:
        return _end_in(rt, tx, run_id, kind, refs, why, actor)


def _end_in(
    rt: Runtime, tx: Transaction, run_id: UUID, kind: Kind, refs: Sequence[str], why: Why, actor: str
) -> dict[str, UUID]:
    run = get_run(tx.session, run_id)
    ended = exceptions.end_many(tx, run_id, kind, refs, why, actor=actor, now=rt.clock.now())
    _note(rt, tx, run, kind, ended, dict.fromkeys(ended, why.cause), actor, end=True)
    return ended


def _note(
    rt: Runtime,
    tx: Transaction,
    run: RunView,
    kind: Kind,
    ids: Mapping[str, UUID],
    causes: Mapping[str, Cause],
    actor: str,
    *,
    end: bool = False,
) -> None:
    act = f"exception.{kind}.end" if end else f"exception.{kind}"
    acts = [audit.Act(act, f"exception:{ids[ref]}", causes[ref], {"run": str(run.id)}) for ref in ids]
    audit.record_many(tx, tenant_ref=run.tenant_ref, actor_ref=actor, at=rt.clock.now(), acts=acts)


def _followed(
    rt: Runtime,
    run_id: UUID,
    done: tuple[str, ...],
    refused: Mapping[str, Refusal],
    event: Event,
    actor: str,
    *,
    automatic: bool = True,
) -> Excepted:
    followed = Happened({})
    if done:
        followed = happenings.happen(rt, run_id, dict.fromkeys(done, event), actor=actor, automatic=automatic)
    return Excepted(done, refused, followed)
