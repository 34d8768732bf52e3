"""The life of certificates, typed: re-issue, revoke, exceptions, people and the audit log.

Each command acts as the operator, or in the name of somebody the platform knows and allows it (`--as`).
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements.service import RunView, ensure_run
from ..awards.causes import GIVEN_BY_PEOPLE, Cause, Why
from ..awards.service import AwardView, UnknownAward, get_award
from ..awards.states import AwardState, Move
from ..core import audit
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.ids import spaced
from ..core.runtime import Runtime
from ..eligibility.reasons import worded
from . import excepting, importing, lifecycle, people, reissuing
from .happenings import Happened
from .many import DECLINED, FAILED, LearnerOutcome

SAID = {
    AwardState.ISSUED: "issued",
    AwardState.WITHDRAWN: "withdrawn",
    AwardState.REVOKED: "revoked",
    AwardState.GRANTED: "granted",
}


def register(group: AppGroup) -> None:
    _awards(group)
    _exceptions(group)
    _person(group)
    _audit(group)


def _options(*, reason: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options that all of these share."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        command = click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")(
            command
        )
        command = click.option("--note", help="For staff only; never shown to the public.")(command)
        if reason:
            known = ", ".join(GIVEN_BY_PEOPLE)
            command = click.option("--reason", metavar="CLASS", help=f"Why: one of {known}.")(command)
        return command

    return add


# ---- awards ----------------------------------------------------------------------------------------


def _awards(group: AppGroup) -> None:
    @group.command("reissue")
    @click.argument("code")
    @_options()
    @click.option("--no-notify", is_flag=True, help="Do not tell the learner.")
    @click.option("--preview", is_flag=True, help="Show old and new, and change nothing.")
    def reissue(
        code: str, reason: str | None, note: str | None, as_actor: str | None, no_notify: bool, preview: bool
    ) -> None:
        """Replace the certificate with this CODE by a new one. Ends with 1, and the reason, if it is refused."""
        with told():
            rt = current_runtime()
            award = lifecycle.get_by_code(rt, code)
            actor = _acting(rt, as_actor, "award.reissue", award)
            if preview:
                _show_comparison(rt, award)
                return
            why = Why.given(reason, note)
            [outcome] = reissuing.reissue_many(
                rt, award.run_id, [award.learner_ref], why, actor=actor, notify=not no_notify
            )
        if outcome.result in (DECLINED, FAILED):
            _say_refused(outcome)
            sys.exit(1)
        new = _award(rt, outcome.award_id)
        click.echo(f"{spaced(award.code)} is replaced by {spaced(new.code)}.")

    @group.command("undo")
    @click.argument("code")
    @_options()
    @click.option("--tell", is_flag=True, help="Tell the learner.")
    def undo(code: str, reason: str | None, note: str | None, as_actor: str | None, tell: bool) -> None:
        """Take back a re-issue that was a mistake; CODE is that of the new certificate, or of the one it replaced."""
        with told():
            rt = current_runtime()
            award = lifecycle.get_by_code(rt, code)
            actor = _acting(rt, as_actor, "award.undo", award)
            why = Why.given(reason or Cause.MISTAKEN_REISSUE, note)
            back = reissuing.undo(rt, reissuing.find_undoable(rt, award), why, actor=actor, tell=tell)
        click.echo(f"{spaced(back.code)} is {SAID[back.state]} again.")

    for move, act in (
        (Move.WITHDRAW, lifecycle.withdraw),
        (Move.RESTORE, lifecycle.restore),
        (Move.REVOKE, lifecycle.revoke),
    ):
        _add_move(group, move, act)


MEANS = {
    Move.WITHDRAW: "Take the certificates with these CODES back for now. They may be restored.",
    Move.RESTORE: "Bring back the withdrawn certificates with these CODES.",
    Move.REVOKE: "Take the certificates with these CODES back for good.",
}


def _add_move(group: AppGroup, move: Move, act: Callable[..., lifecycle.Report]) -> None:
    def run(
        codes: tuple[str, ...],
        reason: str | None,
        note: str | None,
        as_actor: str | None,
        tell: bool,
        preview: bool,
        may_earn_again: bool = False,
    ) -> None:
        with told():
            rt = current_runtime()
            awards = [lifecycle.get_by_code(rt, code) for code in codes]
            actors = {_acting(rt, as_actor, f"award.{move}", award) for award in awards}
            ids = [award.id for award in awards]
            more: dict[str, Any] = {"bar": not may_earn_again} if move is Move.REVOKE else {}
            if preview:
                report = lifecycle.preview(rt, ids, move, **more)
                click.echo(f"{len(report.moved)} would change, {len(report.left)} would stay as they are.")
                return
            [actor] = actors
            report = act(rt, ids, Why.given(reason, note), actor=actor, tell=tell, **more)
            for moved in report.moved:
                click.echo(f"{spaced(moved.code)} is {SAID[moved.now]}.")
            for left in report.left:
                lifecycle.only(lifecycle.Report((), (left,)), move)  # raises why

    run.__doc__ = MEANS[move]
    made = _options()(run)
    made = click.option("--tell", is_flag=True, help="Tell the learners.")(made)
    made = click.option("--preview", is_flag=True, help="Say how many would change, and change nothing.")(made)
    if move is Move.REVOKE:
        made = click.option(
            "--may-earn-again", is_flag=True, help="Do not declare it invalid as well: the night may issue a new one."
        )(made)
    group.command(move.value)(click.argument("codes", nargs=-1, required=True)(made))


def _show_comparison(rt: Runtime, award: AwardView) -> None:
    [seen] = reissuing.compare(rt, award.run_id, [award.learner_ref])
    if seen.refused:
        click.echo("It would be refused: " + " ".join(worded(each.code, each.values) for each in seen.refused))
        return
    click.echo(f"Name:  {award.frozen.recipient_name} -> {seen.new_name}")
    click.echo(f"Kind:  {award.frozen.achievement_key} -> {seen.new_key}")


def _say_refused(outcome: LearnerOutcome) -> None:
    for reason in outcome.reasons:
        click.echo(f"{worded(reason.code, reason.values)} [{reason.code}]", err=True)
    click.echo("The certificate stays as it was.", err=True)


def _award(rt: Runtime, award_id: UUID | None) -> AwardView:
    if award_id is None:
        raise UnknownAward()
    with rt.reading() as session:
        return get_award(session, award_id)


def _acting(rt: Runtime, name: str | None, act: str, award: AwardView) -> str:
    return acting(rt, name, act, tenant_ref=award.tenant_ref, run_ref=award.run_ref)


# ---- exceptions ------------------------------------------------------------------------------------


def _exceptions(group: AppGroup) -> None:
    def work(act: Callable[[Runtime, RunView, Why, str, str], excepting.Excepted]) -> Callable[..., None]:
        def run(run: str, learner: str, reason: str | None, note: str | None, as_actor: str | None) -> None:
            with told():
                rt = current_runtime()
                view = ensure_run(rt, run)
                actor = acting(rt, as_actor, "exceptions.edit", tenant_ref=view.tenant_ref, run_ref=run)
                why = Why.given(reason or Cause.EXCEPTION, note)
                followed = excepting.only(act(rt, view, why, learner, actor))
            _say_followed(followed)

        return run

    commands: dict[str, tuple[str, Any]] = {
        "allow": (
            "Put LEARNER on the allowlist of the course run RUN. CERTIFY_AUTOMATIC says whether that issues at once.",
            lambda rt, run, why, ref, actor: excepting.allow(
                rt, run.id, {ref: why}, actor=actor, automatic=rt.settings.automatic
            ),
        ),
        "disallow": (
            "Take LEARNER off the allowlist of the course run RUN. The certificate is withdrawn.",
            lambda rt, run, why, ref, actor: excepting.disallow(rt, run.id, [ref], why, actor=actor),
        ),
        "invalidate": (
            "Declare the certificate of LEARNER in the course run RUN invalid, until that is lifted.",
            lambda rt, run, why, ref, actor: excepting.invalidate(rt, run.id, [ref], why, actor=actor),
        ),
        "lift": (
            "Lift what was declared invalid, and decide again.",
            lambda rt, run, why, ref, actor: excepting.lift(rt, run.id, [ref], why, actor=actor),
        ),
    }
    for name, (means, act) in commands.items():
        made = work(act)
        made.__doc__ = means
        group.command(name)(click.argument("run")(click.argument("learner")(_options()(made))))

    exceptions = AppGroup("exceptions", help="The allowlist of a course run.")
    group.add_command(exceptions)

    @exceptions.command("import")
    @click.argument("run")
    @click.argument("file", type=click.File("rb"))
    @_options(reason=False)
    def import_file(run: str, file: Any, note: str | None, as_actor: str | None) -> None:
        """Put those whom the CSV FILE names on the allowlist of RUN: user name or e-mail address, note.

        Prints JSON: how many were added, and the numbers of the other lines by what is wrong with them. Ends with 1 if
        there are any.
        """
        with told(as_json=True):
            rt = current_runtime()
            view = ensure_run(rt, run)
            actor = acting(rt, as_actor, "exceptions.edit", tenant_ref=view.tenant_ref, run_ref=run)
            data = file.read(importing.MOST_BYTES + 1)
            done = importing.import_allowlist(rt, view.id, data, actor=actor, automatic=rt.settings.automatic)
        click.echo(json.dumps({"added": done.added, "errors": done.errors}))
        sys.exit(1 if any(done.errors.values()) else 0)


def _say_followed(followed: Happened) -> None:
    click.echo("Done.")
    for moved in followed.moved:
        click.echo(f"{spaced(moved.code)} is {SAID[moved.now]}.")
    for outcome in followed.outcomes:
        reasons = " ".join(worded(each.code, each.values) for each in outcome.reasons)
        click.echo(f"{outcome.result}: {reasons}".rstrip(": "))


# ---- people ----------------------------------------------------------------------------------------


def _person(group: AppGroup) -> None:
    person = AppGroup("person", help="What is stored about somebody.")
    group.add_command(person)

    @person.command("export")
    @click.argument("learner")
    @_options(reason=False)
    def export(learner: str, note: str | None, as_actor: str | None) -> None:
        """Print all that is stored about LEARNER as JSON."""
        with told():
            rt = current_runtime()
            found = people.export(rt, learner, actor=_for_person(rt, as_actor, "person.export", learner))
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))

    @person.command("erase")
    @click.argument("learner")
    @_options()
    @click.option("--yes", is_flag=True, help="Do not ask again.")
    def erase(learner: str, reason: str | None, note: str | None, as_actor: str | None, yes: bool) -> None:
        """Erase the name of LEARNER everywhere. Codes are answered on; nothing brings the name back."""
        with told():
            rt = current_runtime()
            actor = _for_person(rt, as_actor, "person.erase", learner)
            why = Why.given(reason or Cause.HOLDER_REQUEST, note)
            if not yes:
                click.confirm("Nothing brings the name back. Erase it?", abort=True)
            changed = people.erase(rt, learner, why, actor=actor)
        for name, count in changed.items():
            click.echo(f"{count:>8,}  {name}")


def _for_person(rt: Runtime, name: str | None, act: str, learner: str) -> str:
    """They must be allowed it by every tenant that stores something."""
    actors = {acting(rt, name, act, tenant_ref=each, learner_ref=learner) for each in people.tenants_of(rt, learner)}
    [actor] = actors
    return actor


# ---- the audit log ---------------------------------------------------------------------------------


def _audit(group: AppGroup) -> None:
    log = AppGroup("audit", help="Who did what, and why.")
    group.add_command(log)

    @log.command("verify")
    @click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
    def verify(as_json: bool) -> None:
        """Check that no entry of the audit log was changed, taken away or slipped in. Ends with 1 if one was."""
        with told(as_json=as_json):
            found = audit.verify(current_runtime())
        if as_json:
            click.echo(json.dumps([asdict(each) for each in found]))
        else:
            for each in found:
                state = "ok  " if each.broken is None else "BAD "
                click.echo(f"{state} {each.tenant_ref}: {each.entries} entries" + _where(each.broken))
        sys.exit(0 if all(each.broken is None for each in found) else 1)


def _where(broken: int | None) -> str:
    return "" if broken is None else f", the first that does not fit is number {broken}"
