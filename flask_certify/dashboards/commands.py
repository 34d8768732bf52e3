"""`flask certify night`, and the questions support asks: explain, simulate, review."""

import json
import sys

import click
from flask.cli import AppGroup

from ..core.commands import COMMAND, told
from ..core.current import current_runtime
from ..issuing import night

WAIT_SECONDS = 60.0


def register(group: AppGroup) -> None:
    """Adds the commands of this room."""
    _night(group)


def _night(group: AppGroup) -> None:
    @group.command("night")
    @click.option("--dry-run", is_flag=True, help="Only say who is due; nothing is written.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON on stdout, all else on stderr.")
    def issue_at_night(dry_run: bool, as_json: bool) -> None:
        """Issue to all learners of all runs who completed and have no certificate. Once a night; a second start on the
        same day joins the first, or finds it done."""
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
                "left_out": dict(done.left_out),
                "seconds": done.seconds,
                "first": is_first,
            }
            click.echo(json.dumps(told_result))
        click.echo(
            f"{done.date}: {done.runs} runs, {done.attempted} learners were due, {done.issued} certificates issued, "
            f"{done.failed} failed, {done.skipped} had one already or none to get.",
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
