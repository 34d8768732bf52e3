"""The life of certificates, typed: re-issue, revoke, people and the audit log.

Each command acts as the operator, or in the name of somebody the platform knows and allows it (`--as`).
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TextIO
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements.service import ensure_run, get_issuer_by_slug
from ..awards.causes import GIVEN_BY_PEOPLE, Cause, Why
from ..awards.service import AwardView, UnknownAward, get_award
from ..awards.states import AwardState, Move
from ..core import audit
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.ids import spaced
from ..core.runtime import Runtime
from ..eligibility.reasons import worded
from . import evaluating, lifecycle, people, reissuing, searching, undoing
from .evaluating import Whom
from .many import ALREADY, DECLINED, FAILED, LearnerOutcome

SAID = {
    AwardState.ISSUED: "issued",
    AwardState.WITHDRAWN: "withdrawn",
    AwardState.REVOKED: "revoked",
    AwardState.GRANTED: "granted",
}


AT_ONCE = 500  # certificates that are issued again in one transaction


def register(group: AppGroup) -> None:
    _awards(group)
    _evaluate(group)
    _person(group)
    _audit(group)


def why_options(*, reason: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """In whose name; and for a change also why, with a note."""

    def add(command: Callable[..., None]) -> Callable[..., None]:
        command = click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")(
            command
        )
        if reason:
            command = click.option("--note", help="For staff only; never shown to the public.")(command)
            known = ", ".join(GIVEN_BY_PEOPLE)
            command = click.option("--reason", metavar="CLASS", help=f"Why: one of {known}.")(command)
        return command

    return add


# ---- awards ----------------------------------------------------------------------------------------


def _awards(group: AppGroup) -> None:
    @group.command("reissue")
    @click.argument("codes", nargs=-1)
    @click.option("--codes", "file", type=click.File("r", encoding="utf-8-sig"), help="A file with a code a line.")
    @why_options()
    @click.option("--no-notify", is_flag=True, help="Do not tell the learners.")
    @click.option("--preview", is_flag=True, help="Show old and new, and change nothing.")
    def reissue(
        codes: tuple[str, ...],
        file: TextIO | None,
        reason: str | None,
        note: str | None,
        as_actor: str | None,
        no_notify: bool,
        preview: bool,
    ) -> None:
        """Replace the certificates with these CODES by new ones. Ends with 1, and the reasons, if any is refused.

        A file, `-` for stdin, may hold what `keys compromise` writes.
        """
        wanted = [*codes, *(line.strip() for line in file or () if line.strip())]
        if not wanted:
            raise click.UsageError("Name a code, or a file of codes by --codes.")
        with told():
            rt = current_runtime()
            awards = [lifecycle.get_by_code(rt, code) for code in wanted]
            actors = {_acting(rt, as_actor, "award.reissue", award) for award in awards}
            if preview:
                for award in awards:
                    _show_comparison(rt, award)
                return
            [actor] = actors
            refused = _reissue(rt, awards, Why.given(reason, note), actor, notify=not no_notify)
        if refused:
            sys.exit(1)

    @group.command("undo")
    @click.argument("code")
    @why_options()
    @click.option("--tell", is_flag=True, help="Tell the learner.")
    def undo(code: str, reason: str | None, note: str | None, as_actor: str | None, tell: bool) -> None:
        """Take back a re-issue that was a mistake; CODE is that of the new certificate, or of the one it replaced."""
        with told():
            rt = current_runtime()
            award = lifecycle.get_by_code(rt, code)
            actor = _acting(rt, as_actor, "award.undo", award)
            why = Why.given(reason or Cause.MISTAKEN_REISSUE, note)
            back = undoing.undo(rt, undoing.find_undoable(rt, award), why, actor=actor, tell=tell)
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
        grade: str | None = None,
    ) -> None:
        with told():
            rt = current_runtime()
            awards = [lifecycle.get_by_code(rt, code) for code in codes]
            actors = {_acting(rt, as_actor, f"award.{move}", award) for award in awards}
            ids = [award.id for award in awards]
            more: dict[str, Any] = {"bar": not may_earn_again} if move is Move.REVOKE else {}
            graded = {} if move is Move.RESTORE else {"grade": grade}
            if preview:
                report = lifecycle.preview(rt, ids, move, **more)
                click.echo(f"{len(report.moved)} would change, {len(report.left)} would stay as they are.")
                return
            [actor] = actors
            report = act(rt, ids, Why.given(reason, note), actor=actor, tell=tell, **more, **graded)
            for moved in report.moved:
                click.echo(f"{spaced(moved.code)} is {SAID[moved.now]}.")
            for left in report.left:
                lifecycle.only(lifecycle.Report((), (left,)), move)  # raises why

    run.__doc__ = MEANS[move]
    made = why_options()(run)
    made = click.option("--tell", is_flag=True, help="Tell the learners.")(made)
    made = click.option("--preview", is_flag=True, help="Say how many would change, and change nothing.")(made)
    if move is not Move.RESTORE:
        made = click.option("--grade", metavar="PERCENT", help="To be recorded in place of theirs; else it is blank.")(
            made
        )
    if move is Move.REVOKE:
        made = click.option(
            "--may-earn-again", is_flag=True, help="Do not declare it invalid as well: the night may issue a new one."
        )(made)
    group.command(move.value)(click.argument("codes", nargs=-1, required=True)(made))


def _counts(rt: Runtime, award: AwardView) -> bool:
    """Said if not: a list that is worked off a second time makes no second successors."""
    try:
        reissuing.check_counts(rt, award)
    except reissuing.ReplacedAlready as error:
        click.echo(f"{spaced(award.code)}: {error} [{error.code}]", err=True)
        return False
    return True


def _reissue(rt: Runtime, awards: Sequence[AwardView], why: Why, actor: str, *, notify: bool) -> int:
    """Run by run, in parts of some hundred; how many were refused. Each outcome is said as it comes."""
    counting = [each for each in awards if _counts(rt, each)]
    refused, by_learner = len(awards) - len(counting), {(each.run_id, each.learner_ref): each for each in counting}
    for run_id, refs in reissuing.learners_of(counting).items():
        for at in range(0, len(refs), AT_ONCE):
            for outcome in reissuing.reissue_many(rt, run_id, refs[at : at + AT_ONCE], why, actor=actor, notify=notify):
                old = by_learner[run_id, outcome.learner_ref]
                if outcome.result in (DECLINED, FAILED):
                    refused += 1
                    _say_refused(old, outcome)
                elif outcome.result == ALREADY:  # somebody was faster
                    refused += 1
                    if _counts(rt, _award(rt, old.id)):
                        _say_refused(old, outcome)
                else:
                    new = _award(rt, outcome.award_id)
                    click.echo(f"{spaced(old.code)} is replaced by {spaced(new.code)}.")
    return refused


def _show_comparison(rt: Runtime, award: AwardView) -> None:
    [seen] = reissuing.compare(rt, award.run_id, [award.learner_ref])
    if seen.refused:
        click.echo("It would be refused: " + " ".join(worded(each.code, each.values) for each in seen.refused))
        return
    click.echo(f"Name:  {award.frozen.recipient_name} -> {seen.new_name}")
    click.echo(f"Kind:  {award.frozen.achievement_key} -> {seen.new_key}")


def _say_refused(old: AwardView, outcome: LearnerOutcome) -> None:
    for reason in outcome.reasons:
        click.echo(f"{worded(reason.code, reason.values)} [{reason.code}]", err=True)
    click.echo(f"{spaced(old.code)} stays as it was.", err=True)


def _award(rt: Runtime, award_id: UUID | None) -> AwardView:
    if award_id is None:
        raise UnknownAward()
    with rt.reading() as session:
        return get_award(session, award_id)


def _acting(rt: Runtime, name: str | None, act: str, award: AwardView) -> str:
    return acting(rt, name, act, tenant_ref=award.tenant_ref, run_ref=award.run_ref)


# ---- evaluating anew -------------------------------------------------------------------------------


def _evaluate(group: AppGroup) -> None:
    @group.command("evaluate")
    @click.argument("run")
    @click.option("--everyone", "whom", flag_value=Whom.EVERYONE.value, help="All learners of the run.")
    @click.option("--allowlisted", "whom", flag_value=Whom.ALLOWLISTED.value, help="All on the allowlist.")
    @click.option(
        "--allowlisted-without",
        "whom",
        flag_value=Whom.ALLOWLISTED_WITHOUT.value,
        help="All on the allowlist without a certificate.",
    )
    @click.option("--learner", "learners", multiple=True, metavar="LEARNER", help="This learner; may be repeated.")
    @click.option("--status", "statuses", multiple=True, metavar="STATUS", help="Records with this status; likewise.")
    @click.option("--no-notify", is_flag=True, help="Do not tell the learners.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
    @why_options(reason=False)
    def evaluate(
        run: str,
        whom: str | None,
        learners: tuple[str, ...],
        statuses: tuple[str, ...],
        no_notify: bool,
        as_json: bool,
        as_actor: str | None,
    ) -> None:
        """Decide anew for learners of the course run RUN: issue what is due, bring back what an event had withdrawn.

        Takes nothing away. Ends with 1 if somebody failed.
        """
        if not (whom or learners or statuses):
            raise click.UsageError("Say whom: --everyone, --allowlisted, --allowlisted-without, --learner or --status.")
        with told(as_json=as_json):
            rt = current_runtime()
            view = ensure_run(rt, run)
            actor = acting(rt, as_actor, "award.issue", tenant_ref=view.tenant_ref, run_ref=run)
            done = evaluating.evaluate(
                rt,
                view.id,
                Whom(whom) if whom else None,
                learner_refs=learners,
                statuses=statuses,
                actor=actor,
                notify=not no_notify,
            )
        if as_json:
            click.echo(json.dumps(asdict(done)))
        else:
            counts = (
                f"{done.attempted} attempted, {done.skipped} skipped, {done.succeeded} succeeded, {done.failed} failed"
            )
            click.echo(f"{counts}, started by {done.started_by}.")
        sys.exit(1 if done.failed else 0)


# ---- people ----------------------------------------------------------------------------------------


def _person(group: AppGroup) -> None:
    person = AppGroup("person", help="What is stored about somebody.")
    group.add_command(person)

    @person.command("find")
    @click.argument("tenant")
    @click.argument("text")
    @why_options(reason=False)
    def find(tenant: str, text: str, as_actor: str | None) -> None:
        """Find people of TENANT by a part of the name or of the external ID, and list their certificates."""
        with told():
            rt = current_runtime()
            with rt.reading() as session:
                issuer = get_issuer_by_slug(session, tenant)
            acting(rt, as_actor, "person.export", tenant_ref=issuer.tenant_ref)
            found = searching.find(rt, tenant, text)
        for each in found:
            click.echo(f"{each.person.learner_ref}  {each.person.external_id or '–'}  {each.person.display_name}")
            for award in each.awards:
                click.echo(f"    {spaced(award.code)}  {SAID[award.state]:<9}  {award.run_ref}")
        click.echo(f"{len(found)} found")

    @person.command("export")
    @click.argument("learner")
    @why_options(reason=False)
    def export(learner: str, as_actor: str | None) -> None:
        """Print all that is stored about LEARNER as JSON."""
        with told():
            rt = current_runtime()
            found = people.export(rt, learner, actor=_for_person(rt, as_actor, "person.export", learner))
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))

    @person.command("erase")
    @click.argument("learner")
    @why_options()
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
