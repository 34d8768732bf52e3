"""`flask certify night`, and the questions support asks: explain, simulate, review."""

import json
import sys
from typing import BinaryIO

import click
from flask.cli import AppGroup

from ..achievements.service import ensure_run
from ..core.commands import COMMAND, told
from ..core.current import current_runtime
from ..core.i18n import speaking
from ..eligibility import notation
from ..issuing import night, renewals
from . import explaining, operations_commands, reviewing, simulating, support_commands
from .reviewing import Queue

WAIT_SECONDS = 60.0
WORDS = {
    "gain": "would gain a certificate",
    "lose": "would lose one",
    "forgo": "have none yet, and would not get the one they would get now",
    "other": "would get another one",
    "stay": "stay as they are",
}
QUEUES = {
    Queue.NOT_ISSUED: "are eligible and have no certificate",
    Queue.NOT_ELIGIBLE: "have a certificate and are no longer eligible",
}


def register(group: AppGroup) -> None:
    """Adds the commands of this room."""
    operations_commands.register(group)
    support_commands.register(group)
    _night(group)
    _explain(group)
    _simulate(group)
    _review(group)


def _explain(group: AppGroup) -> None:
    @group.command("explain")
    @click.argument("run")
    @click.argument("learner")
    @click.option("--json", "as_json", is_flag=True, help="Codes, values and sentences as JSON.")
    @click.option("--lang", help="In which language to answer, for example hi.")
    def explain(run: str, learner: str, as_json: bool, lang: str | None) -> None:
        """Say why LEARNER has, or has not, a certificate of the course run RUN, and what would change it."""
        with speaking(lang), told(as_json=as_json):
            why = explaining.explain(current_runtime(), run, learner)
            if as_json:
                click.echo(json.dumps(explaining.to_json(why), ensure_ascii=False))
            else:
                click.echo("\n".join(explaining.lines(why)))


def _simulate(group: AppGroup) -> None:
    @group.command("simulate")
    @click.argument("run")
    @click.option("--rules", type=click.File("rb"), required=True, help="A rule set as JSON.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON with the learners.")
    def simulate(run: str, rules: BinaryIO, as_json: bool) -> None:
        """Show who would gain, lose or stay if the certificates of RUN had the rules of the file. Writes nothing.

        Ends with 1 if anybody would lose a certificate, which no rules should bring about.
        """
        with told(as_json=as_json):
            rt = current_runtime()
            clauses = notation.rule_set_from_text(rules.read())
            found = simulating.simulate(rt, ensure_run(rt, run), clauses)
        if as_json:
            click.echo(json.dumps({part: list(getattr(found, part)) for part in WORDS}))
        else:
            for part, words in WORDS.items():
                click.echo(f"{len(getattr(found, part)):>8,}  {words}")
        sys.exit(1 if found.lose else 0)


def _review(group: AppGroup) -> None:
    @group.command("review")
    @click.argument("run")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
    def review(run: str, as_json: bool) -> None:
        """List who is eligible and has no certificate, and who has one and is no longer eligible. Changes nothing."""
        with told(as_json=as_json):
            rt = current_runtime()
            run_id = ensure_run(rt, run).id
            with rt.reading() as session:
                found = {queue: reviewing.learners(session, run_id, queue) for queue in Queue}
        if as_json:
            click.echo(json.dumps({queue.value: [each.learner_ref for each in rows] for queue, rows in found.items()}))
            return
        for queue, rows in found.items():
            click.echo(f"{len(rows):>8,}  {QUEUES[queue]}")
            for each in rows:
                click.echo(f"          {each.learner_ref}  {each.external_id or ''}".rstrip())


def _night(group: AppGroup) -> None:
    @group.command("night")
    @click.option("--dry-run", is_flag=True, help="Only say who is due; nothing is written.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON on stdout, all else on stderr.")
    def issue_at_night(dry_run: bool, as_json: bool) -> None:
        """Issue to all learners of all runs who completed and have no certificate. Once a night; a second start on the
        same day joins the first, or does what has become due since."""
        with told(as_json=as_json):
            rt = current_runtime()
            if dry_run:
                _rehearse(as_json)
                return
            night_id, is_first = night.start(rt, COMMAND)
            done = night.work_and_wait(rt, night_id, patience=WAIT_SECONDS)
        if as_json:
            told_result = {
                "date": done.date,
                "runs": done.runs,
                "attempted": done.attempted,
                "skipped": done.skipped,
                "issued": done.issued,
                "failed": done.failed,
                "restored": done.restored,
                "left_out": dict(done.left_out),
                "seconds": done.seconds,
                "first": is_first,
            }
            click.echo(json.dumps(told_result))
        click.echo(
            f"{done.date}: {done.runs} runs, {done.attempted} learners were due, {done.issued} certificates issued, "
            f"{done.restored} brought back, {done.failed} failed, {done.skipped} had one already or none to get.",
            err=as_json,
        )
        for run_ref, code in done.left_out:
            click.echo(f"{run_ref} is left for another night [{code}]", err=True)
        sys.exit(1 if done.failed else 0)


def _rehearse(as_json: bool) -> None:
    for each in night.rehearse(current_runtime()):
        if as_json:
            click.echo(
                json.dumps(
                    {"run": each.run_ref, "seen": each.seen, "due": list(each.learner_refs), "left_out": each.reason}
                )
            )
        else:
            click.echo(
                f"{len(each.learner_refs):>8,} of {each.seen:,} due in {each.run_ref} {each.reason or ''}".rstrip()
            )
    expiring = len(renewals.expiring(current_runtime()))
    if expiring:
        click.echo(f"{expiring:>8,} certificates expire soon, and their holders would be reminded.", err=as_json)
