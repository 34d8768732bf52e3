"""`flask certify messages list, decide, rules, switch, opt-out, plan`."""

import json
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements.service import ensure_run
from ..core.commands import COMMAND, acting, told
from ..core.current import current_runtime
from . import decisions, planning, rules, stopping
from .commands import ISSUER, find_issuer
from .decisions import MAY_BECOME
from .shipped import TITLES
from .states import Channel, State

CHANNEL = click.argument("channel", type=click.Choice([each.value for each in Channel]))


def register(messages: AppGroup) -> None:
    for add in (_list, _decide, _rules, _switch, _opt_out, _plan):
        add(messages)


def _list(messages: AppGroup) -> None:
    @messages.command("list")
    @click.argument("run")
    @click.option("--state", type=click.Choice([each.value for each in State]), help="Only those in this state.")
    @click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON for each.")
    def list_messages(run: str, state: str | None, limit: int, as_json: bool) -> None:
        """List messages of the course run RUN, those that changed last first. `unknown`: perhaps sent, nobody knows."""
        with told(as_json=as_json):
            rt = current_runtime()
            run_id = ensure_run(rt, run).id
            with rt.reading() as session:
                asked = State(state) if state else None
                found = decisions.list_messages(session, run_id=run_id, state=asked, limit=limit)
        for each in found:
            row = {
                "id": str(each.id),
                "learner": each.learner_ref,
                "event": each.event,
                "channel": each.channel,
                "state": each.state.value,
                "reason": each.reason,
                "answer": each.answer,
                "report": each.report,
                "attempts": each.attempts,
                "changed_at": each.changed_at.isoformat(),
            }
            if as_json:
                click.echo(json.dumps(row))
            else:
                said = f"{each.id}  {each.learner_ref:<12} {each.channel:<5} {each.event:<10} {each.state.value:<8}"
                click.echo(f"{said} {each.reason or ''} {each.report or ''}".rstrip())


def _decide(messages: AppGroup) -> None:
    @messages.command("decide")
    @click.argument("run")
    @click.argument("verdict", type=click.Choice(list(MAY_BECOME)))
    @click.argument("message", nargs=-1, type=click.UUID, required=True)
    @click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")
    def decide(run: str, verdict: str, message: tuple[UUID, ...], as_actor: str | None) -> None:
        """Say of messages of RUN that they were `sent`, or are to be sent `again`: one by one, since a program never
        sends again what may have been sent."""
        with told():
            rt = current_runtime()
            ours = ensure_run(rt, run)
            actor = acting(rt, as_actor, "messages.decide", tenant_ref=ours.tenant_ref, run_ref=run)
            number = decisions.decide(rt, message, verdict, actor, tenant_ref=ours.tenant_ref, run_id=ours.id)
        click.echo(f"{number} of {len(message)}: {'called sent' if verdict == decisions.SENT else 'sent again'}.")


def _rules(messages: AppGroup) -> None:
    @messages.command("rules")
    @ISSUER
    @click.option("--quiet", metavar="HH:MM-HH:MM", help="Send nothing in these hours; `none` ends that.")
    @click.option("--region", help="Country of phone numbers that name none, like IN; `none` ends that.")
    def change(issuer: str, quiet: str | None, region: str | None) -> None:
        """Show, or change, when the issuer SLUG sends and how it reads phone numbers."""
        with told():
            rt, tenant_ref = current_runtime(), find_issuer(issuer).tenant_ref
            if quiet is not None:
                begins, _, ends = ("", "", "") if quiet == "none" else quiet.partition("-")
                rules.set_quiet(rt, tenant_ref, begins, ends, COMMAND)
            if region is not None:
                rules.set_region(rt, tenant_ref, "" if region == "none" else region, COMMAND)
            policy = rules.get_policy(rt, tenant_ref)
        click.echo(f"quiet   {policy.quiet or 'never'}\nregion  {policy.region or 'none'}")
        for event, channel, is_on in rules.switches(policy):
            click.echo(f"{event:<12} {channel:<6} {'on' if is_on else 'off'}")


def _switch(messages: AppGroup) -> None:
    @messages.command("switch")
    @ISSUER
    @click.argument("event", type=click.Choice(list(TITLES)))
    @CHANNEL
    @click.argument("state", type=click.Choice(["on", "off"]))
    @click.option("--tell-missed", metavar="TOKEN", help="Also tell those who were not told meanwhile, as shown.")
    @click.option("--yes", is_flag=True, help="Do it; without this it is only shown whom it would touch.")
    def switch(issuer: str, event: str, channel: str, state: str, tell_missed: str | None, yes: bool) -> None:
        """Turn on or off that the issuer SLUG tells of EVENT by CHANNEL. Shows first whom that would touch."""
        with told():
            rt, tenant_ref = current_runtime(), find_issuer(issuer).tenant_ref
            touched = rules.touched(rt, tenant_ref, event, channel)
            number = 0
            if yes and state == "off":
                rules.turn_off(rt, tenant_ref, event, channel, COMMAND)
            elif yes:
                number = rules.turn_on(rt, tenant_ref, event, channel, COMMAND, tell_missed)
        if not yes and state == "on":
            for run, missed in touched.runs.items():
                click.echo(f"{missed:>8,}  {run}")
            click.echo(
                f"{touched.learners} were not told while it was off. --yes tells those to come; "
                f"--yes --tell-missed {touched.token} these too."
            )
        elif not yes:
            click.echo("Nobody would be told any more, nor those whose message waits. --yes does it.")
        else:
            click.echo(f"{event} by {channel} is {state}; {number} who were passed by are told now.")


def _opt_out(messages: AppGroup) -> None:
    @messages.command("opt-out")
    @ISSUER
    @click.argument("learner")
    @CHANNEL
    @click.option("--undo", is_flag=True, help="They want messages again.")
    def opt_out(issuer: str, learner: str, channel: str, undo: bool) -> None:
        """Note that LEARNER wants no more messages of the issuer SLUG by CHANNEL."""
        with told():
            rt, tenant_ref = current_runtime(), find_issuer(issuer).tenant_ref
            if undo:
                stopping.start(rt, tenant_ref, learner, Channel(channel))
            else:
                stopping.stop(rt, tenant_ref, learner, Channel(channel), "staff")
        click.echo(f"{learner} {'gets messages again' if undo else 'gets no more messages'} by {channel}.")


def _plan(messages: AppGroup) -> None:
    @messages.command("plan")
    @click.argument("number", type=click.IntRange(1, 100_000_000))
    @click.option("--parts", default=1, show_default=True, type=click.IntRange(1, 10), help="Parts of each SMS.")
    def plan(number: int, parts: int) -> None:
        """Say how long NUMBER SMS take, after those that were handed in before."""
        with told():
            click.echo(planning.plan(current_runtime(), number, segments_each=parts).sentence)
