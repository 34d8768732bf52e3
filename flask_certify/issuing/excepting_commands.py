"""Exceptions for one learner in a course run, typed: the allowlist, invalidations, the date shown; and their history.

Each asks for a reason and keeps it; `--as` names somebody whom the platform has to allow it.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import click
from flask.cli import AppGroup

from ..achievements.service import RunView, ensure_run
from ..awards.causes import Cause, Why
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.ids import spaced
from ..core.runtime import Runtime
from ..eligibility.reasons import worded
from . import excepting, importing
from .commands import SAID, why_options
from .happenings import Happened


def register(group: AppGroup) -> None:
    """Adds the commands about exceptions."""
    _exceptions(group)
    _date(group)


def _target(run: str, as_actor: str | None) -> tuple[Runtime, RunView, str]:
    """The run, and in whose name something is done to it. Raises UnknownRun, UnknownActor, MayNot, HostUnavailable."""
    rt = current_runtime()
    view = ensure_run(rt, run)
    return rt, view, acting(rt, as_actor, "exceptions.edit", tenant_ref=view.tenant_ref, run_ref=run)


def _exceptions(group: AppGroup) -> None:
    def work(act: Callable[[Runtime, RunView, Why, str, str], excepting.Excepted]) -> Callable[..., None]:
        def run(run: str, learner: str, reason: str | None, note: str | None, as_actor: str | None) -> None:
            with told():
                rt, view, actor = _target(run, as_actor)
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
        group.command(name)(click.argument("run")(click.argument("learner")(why_options()(made))))

    exceptions = AppGroup("exceptions", help="All exceptions of a course run.")
    group.add_command(exceptions)
    _show(exceptions)

    @exceptions.command("import")
    @click.argument("run")
    @click.argument("file", type=click.File("rb"))
    @why_options(reason=False)
    def import_file(run: str, file: BinaryIO, as_actor: str | None) -> None:
        """Put those whom the CSV FILE names on the allowlist of RUN: user name or e-mail address, note.

        Prints JSON: how many were added, and the numbers of the other lines by what is wrong with them. Ends with 1 if
        there are any.
        """
        with told(as_json=True):
            rt, view, actor = _target(run, as_actor)
            data = file.read(importing.MOST_BYTES + 1)
            done = importing.import_allowlist(rt, view.id, data, actor=actor, automatic=rt.settings.automatic)
        click.echo(json.dumps({"added": done.added, "errors": done.errors}))
        sys.exit(1 if any(done.errors.values()) else 0)


def _show(group: AppGroup) -> None:
    @group.command("show")
    @click.argument("run")
    @click.argument("learner")
    @why_options(reason=False)
    @click.option("--json", "as_json", is_flag=True, help="One object of JSON a line.")
    def show(run: str, learner: str, as_actor: str | None, as_json: bool) -> None:
        """Show every exception that was ever made for LEARNER in RUN, oldest first: by whom, why, and how it ended."""
        with told(as_json=as_json):
            rt, view, _ = _target(run, as_actor)
            found = excepting.history(rt, view.id, learner)
        for each in found:
            if as_json:
                click.echo(json.dumps(excepting.to_json(each), ensure_ascii=False))
                continue
            what = f"{each.kind} {each.shown_on or ''}".strip()
            click.echo(
                f"{each.made_at:%Y-%m-%d %H:%M} {what} by {each.made_by} [{each.cause}] {each.note or ''}".rstrip()
            )
            if each.ended_at is not None:
                click.echo(f"    until {each.ended_at:%Y-%m-%d %H:%M}, by {each.ended_by} [{each.ended_cause}]")


# ---- the date shown --------------------------------------------------------------------------------


def _date(group: AppGroup) -> None:
    dates = AppGroup("date", help="The date that a certificate shows. It never changes who may see it.")
    group.add_command(dates)

    @dates.command("set")
    @click.argument("run")
    @click.argument("learner")
    @click.argument("day", metavar="YYYY-MM-DD")
    @why_options()
    def set_date(run: str, learner: str, day: str, reason: str | None, note: str | None, as_actor: str | None) -> None:
        """Have the certificate of LEARNER in RUN show another date. A reason is asked for, and kept."""
        with told():
            rt, view, actor = _target(run, as_actor)
            shown_on = excepting.read_day(day)
            excepting.set_date(rt, view.id, learner, shown_on, Why.given(reason, note), actor=actor)
        click.echo(f"{shown_on:%Y-%m-%d} is shown from now on.")

    @dates.command("clear")
    @click.argument("run")
    @click.argument("learner")
    @why_options()
    def clear_date(run: str, learner: str, reason: str | None, note: str | None, as_actor: str | None) -> None:
        """Take such a date back: the date follows from the course run again."""
        with told():
            rt, view, actor = _target(run, as_actor)
            excepting.clear_date(rt, view.id, learner, Why.given(reason, note), actor=actor)
        click.echo("The date follows from the course run again.")


# ---- parts -----------------------------------------------------------------------------------------


def _say_followed(followed: Happened) -> None:
    click.echo("Done.")
    for moved in followed.moved:
        click.echo(f"{spaced(moved.code)} is {SAID[moved.now]}.")
    for outcome in followed.outcomes:
        reasons = " ".join(worded(each.code, each.values) for each in outcome.reasons)
        click.echo(f"{outcome.result}: {reasons}".rstrip(": "))
