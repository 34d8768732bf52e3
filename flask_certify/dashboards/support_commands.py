"""`flask certify corrections`, `failures` and `check`: what those who help do, typed (R-178 to R-187)."""

import csv
import json
import sys
from dataclasses import asdict
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements.service import ensure_run, get_run
from ..awards.service import get_award
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.ids import spaced
from ..core.runtime import Runtime
from ..eligibility.reasons import worded
from ..issuing import corrections, lifecycle, oddities, retrying
from ..issuing.oddities import Oddity
from ..issuing.results import REISSUED
from . import queries, sheets, wording

WORDS = {
    Oddity.COMPLETE_WITHOUT: "have completed it and have no certificate",
    Oddity.BEFORE_ENROLMENT: "completed it before they enrolled",
    Oddity.AFTER_END: "completed it after the end of the run",
    Oddity.WRONG_TOTAL: "have an attempt whose total is not that of its assessment",
    Oddity.NO_DOCUMENT: "have a certificate that was never printed",
    Oddity.NO_MESSAGE: "have a certificate of which nobody was told",
}
As = click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")


def register(group: AppGroup) -> None:
    """Adds the commands of this room."""
    _corrections(group)
    _failures(group)
    _check(group)


# ---- names -----------------------------------------------------------------------------------------


def _corrections(group: AppGroup) -> None:
    asked = AppGroup("corrections", help="Learners who ask for another name on a certificate.")
    group.add_command(asked)

    @asked.command("list")
    @click.argument("run")
    @click.option("--all", "everything", is_flag=True, help="Also those that were decided.")
    def list_(run: str, everything: bool) -> None:
        """List the requests of the course run RUN, the oldest first."""
        with told():
            rt = current_runtime()
            run_id = ensure_run(rt, run).id
            with rt.reading() as session:
                found = corrections.of_run(session, run_id, pending=not everything)
        for each in found:
            click.echo(f"{each.id}  {each.filed_at:%Y-%m-%d}  {each.state:<9}  {each.learner_ref}  {each.name or '–'}")

    @asked.command("file")
    @click.argument("code")
    @click.option("--name", required=True, help="As it should be printed.")
    @click.option("--note", help="For staff only.")
    @As
    def file(code: str, name: str, note: str | None, as_actor: str | None) -> None:
        """Ask for another name on the certificate with this CODE, for its learner. Prints the ticket."""
        with told():
            rt = current_runtime()
            award = lifecycle.get_by_code(rt, code)
            actor = acting(rt, as_actor, "award.reissue", tenant_ref=award.tenant_ref, run_ref=award.run_ref)
            click.echo(corrections.file(rt, award.id, name, note, learner_ref=award.learner_ref, actor=actor))

    @asked.command("show")
    @click.argument("ticket", type=click.UUID)
    def show(ticket: UUID) -> None:
        """Show old name, new name at its source, and the certificate that would come; changes nothing."""
        with told():
            rt = current_runtime()
            found = corrections.get(rt, ticket)
            seen = corrections.look_at(rt, ticket)
        click.echo(f"Request:       {found.state}, {found.name or '–'}")
        click.echo(f"Printed name:  {seen.old.frozen.recipient_name if seen.old else '–'}")
        if seen.refused:
            click.echo("It would be refused: " + " ".join(worded(each.code, each.values) for each in seen.refused))
            return
        click.echo(f"At its source: {seen.new_name}")
        click.echo(f"Certificate:   {wording.kind_name(seen.new_key or '')}")

    @asked.command("confirm")
    @click.argument("ticket", type=click.UUID)
    @As
    def confirm(ticket: UUID, as_actor: str | None) -> None:
        """Say for the learner that the platform has the right name now."""
        with told():
            rt = current_runtime()
            corrections.confirm(rt, ticket, actor=_acting(rt, ticket, as_actor))
        click.echo("Confirmed.")

    @asked.command("reissue")
    @click.argument("ticket", type=click.UUID)
    @click.option("--no-notify", is_flag=True, help="Do not tell the learner.")
    @As
    def reissue(ticket: UUID, no_notify: bool, as_actor: str | None) -> None:
        """Issue again with the corrected name. Ends with 1, and the reason, if it is refused."""
        with told():
            rt = current_runtime()
            done = corrections.complete(rt, ticket, actor=_acting(rt, ticket, as_actor), notify=not no_notify)
            if done.result != REISSUED or done.award_id is None:
                for reason in done.reasons:
                    click.echo(f"{worded(reason.code, reason.values)} [{reason.code}]", err=True)
                sys.exit(1)
            with rt.reading() as session:
                code = get_award(session, done.award_id).code
        click.echo(f"The new certificate is {spaced(code)}.")

    @asked.command("refuse")
    @click.argument("ticket", type=click.UUID)
    @As
    def refuse(ticket: UUID, as_actor: str | None) -> None:
        """Refuse the request; the certificate stays as it is."""
        with told():
            rt = current_runtime()
            corrections.refuse(rt, ticket, actor=_acting(rt, ticket, as_actor))
        click.echo("Refused.")


def _acting(rt: Runtime, ticket: UUID, name: str | None) -> str:
    found = corrections.get(rt, ticket)
    with rt.reading() as session:
        run = get_run(session, found.run_id)
    return acting(rt, name, "award.reissue", tenant_ref=run.tenant_ref, run_ref=run.run_ref)


# ---- what failed -----------------------------------------------------------------------------------


def _failures(group: AppGroup) -> None:
    failures = AppGroup("failures", help="What could not be done, and why.")
    group.add_command(failures)

    @failures.command("list")
    @click.argument("run")
    @click.option("--step", help="Only of this step: attach, plan, decide, sign, print, notify, reissue.")
    @click.option("--all", "everything", is_flag=True, help="Also what was put right since.")
    @click.option("--csv", "as_csv", is_flag=True, help="As CSV with a line of titles.")
    def list_(run: str, step: str | None, everything: bool, as_csv: bool) -> None:
        """List what could not be done in the course run RUN, the latest first."""
        with told():
            rt = current_runtime()
            run_id = ensure_run(rt, run).id
            with rt.reading() as session:
                found = queries.failures(session, run_id, step=step, standing=not everything)
        rows = [
            [
                str(each.id),
                each.at.isoformat(timespec="seconds"),
                each.learner_ref or "",
                each.step,
                each.code,
                wording.sentence_of(each.code, each.details),
                each.resolved_at.isoformat(timespec="seconds") if each.resolved_at else "",
                *([str(each.attempts), each.last_at.isoformat(timespec="seconds")] if as_csv else []),
            ]
            for each in found
        ]
        if as_csv:
            writer = csv.writer(sys.stdout)
            writer.writerow(["id", "time", "learner", "step", "code", "reason", "put_right", "attempts", "last"])
            writer.writerows([sheets.safe(value) for value in row] for row in rows)
            return
        for row in rows:
            click.echo("  ".join(value for value in row if value))

    @failures.command("retry")
    @click.argument("run")
    @click.argument("entries", nargs=-1, type=click.UUID)
    @click.option("--step", help="Only of this step.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
    @As
    def retry(run: str, entries: tuple[UUID, ...], step: str | None, as_json: bool, as_actor: str | None) -> None:
        """Try again what stands in the failure log of RUN: these ENTRIES, or all. Ends with 1 if it still fails."""
        with told(as_json=as_json):
            rt = current_runtime()
            view = ensure_run(rt, run)
            actor = acting(rt, as_actor, "award.issue", tenant_ref=view.tenant_ref, run_ref=run)
            done = retrying.retry(rt, view.id, entries or None, step=step, actor=actor)
        if as_json:
            click.echo(json.dumps(asdict(done)))
        else:
            click.echo(f"{done.tried} tried again, {done.put_right} put right, {done.still} not, {done.left} left.")
        sys.exit(1 if done.still else 0)


def _check(group: AppGroup) -> None:
    @group.command("check")
    @click.argument("run")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON with the learners.")
    def check(run: str, as_json: bool) -> None:
        """Find data of RUN that do not fit: dates, totals, certificates without document or message."""
        with told(as_json=as_json):
            found = oddities.find(current_runtime(), run)
        if as_json:
            click.echo(json.dumps({"seen": found.seen, **{each.value: refs for each, refs in found.learners.items()}}))
            return
        click.echo(f"{found.seen:>8,}  learners")
        for each, refs in found.learners.items():
            click.echo(f"{len(refs):>8,}  {WORDS[each]}")
            for ref in refs:
                click.echo(f"          {ref}")
