"""`flask certify`: the same services, typed. Each command says what to do when it cannot do what was asked."""

import json
import sys
import time
from dataclasses import asdict
from typing import Any
from uuid import UUID

import click
import redis
from flask.cli import AppGroup

from .achievements.service import get_course_run
from .core import logs, queue, schema, supervising, worker
from .core.commands import COMMAND, Commands, acting, told
from .core.current import current_runtime
from .core.errors import Misconfigured, QueueUnavailable
from .core.i18n import N_
from .core.runtime import Runtime
from .credentials.commands import register as register_keys
from .dashboards import batch_commands
from .dashboards import commands as questions
from .dashboards.doctor import examine
from .documents import commands as documents
from .eligibility import commands as eligibility
from .issuing import attaching_commands as attachments
from .issuing import bulk, setting_up
from .issuing import commands as life
from .issuing import excepting_commands as exceptions
from .issuing.bulk import BatchView
from .notifications import commands as messages
from .verification.commands import register as register_checks

WAIT_SECONDS = 60.0  # without any progress; then the command gives up, and the batch stays for the next one


class NoQueue(Misconfigured):
    code = "settings.no_queue"
    sentence = N_("CERTIFY_REDIS_URL is not set, so there is no queue to work on. For example redis://127.0.0.1:6379/0")


def commands() -> AppGroup:
    """The group of commands, made anew for each application."""
    group = Commands("certify", help="Certificates: set up, issue, verify, look after.")
    for make in (_db, _worker, _tenant, _bulk_issue, _doctor, register_keys, register_checks):
        make(group)
    documents.register(group)
    eligibility.register(group)
    attachments.register(group)
    life.register(group)
    exceptions.register(group)
    questions.register(group)
    batch_commands.register(group)
    messages.register(group)
    return group


# ---- the database ----------------------------------------------------------------------------------


def _db(group: AppGroup) -> None:
    db = AppGroup("db", help="Our tables in the database.")
    group.add_command(db)

    @db.command("upgrade")
    @click.argument("revision", default="heads")
    def upgrade(revision: str) -> None:
        """Make or change our tables, up to REVISION. All steps or none."""
        with told():
            schema.upgrade(current_runtime().engine, revision)
        click.echo("The tables are up to date." if revision == "heads" else f"The tables are at {revision}.")

    @db.command("downgrade")
    @click.argument("revision")
    def downgrade(revision: str) -> None:
        """Take our tables back to REVISION; `base` removes them. All steps or none."""
        with told():
            schema.downgrade(current_runtime().engine, revision)
        click.echo(f"The tables are at {revision}.")

    @db.command("check")
    def check() -> None:
        """Say whether the tables are what this version expects."""
        with told():
            schema.check(current_runtime().engine)
        click.echo("The tables are what this version expects.")


# ---- workers ---------------------------------------------------------------------------------------


def _worker(group: AppGroup) -> None:
    @group.command("worker")
    @click.option("-n", "--number", type=click.IntRange(1, 64), default=1, show_default=True, help="Of workers.")
    @click.option("--queues", callback=_lanes, help=f"Only work of these kinds: {', '.join(queue.LANES)}.")
    @click.option("--burst", is_flag=True, help="Stop when nothing waits any more. One worker only.")
    @click.option("--no-fork", is_flag=True, help="Work in this process instead of one child per job.")
    def work(number: int, queues: tuple[str, ...], burst: bool, no_fork: bool) -> None:
        """Work on issue batches, messages and bundles until told to stop.

        SIGTERM: the chunk at hand is finished, or given back after CERTIFY_GRACE_SECONDS.
        """
        with told():
            rt = current_runtime()
            rt.settings.require_master_keys()
            if not rt.settings.redis_url:
                raise NoQueue()
            if rt.settings.log == "json":
                logs.write_json()
            try:
                if number > 1 and not burst:
                    supervising.run_many(queue.application(), number, fork=not no_fork, lanes=queues)
                else:
                    worker.run(queue.application(), burst=burst, fork=not no_fork, lanes=queues)
            except redis.exceptions.ConnectionError as error:
                raise QueueUnavailable() from error


def _lanes(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    """In the order in which they were named: the first has precedence."""
    named = tuple((value or "").replace(",", " ").split()) or queue.LANES
    if unknown := set(named) - set(queue.LANES):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}. There are: {', '.join(queue.LANES)}.")
    return named


# ---- setting up ------------------------------------------------------------------------------------


def _tenant(group: AppGroup) -> None:
    tenant = AppGroup("tenant", help="Organisations that issue.")
    group.add_command(tenant)

    @tenant.command("add")
    @click.argument("slug")
    @click.option("--name", required=True, help="As it is printed on certificates.")
    @click.option("--ref", help="The platform's own reference of the tenant. Default: SLUG.")
    @click.option("--url", help="The organisation's address. Default: the public address of this site.")
    def add(slug: str, name: str, ref: str | None, url: str | None) -> None:
        """Make the tenant SLUG an issuer, with a key, two achievements and a template. Repeating it changes nothing."""
        with told():
            issuer = setting_up.add_tenant(
                current_runtime(), tenant_ref=ref or slug, slug=slug, name=name, url=url, actor=COMMAND
            )
        click.echo(f"{issuer.name} issues as {issuer.did}")


# ---- issuing ---------------------------------------------------------------------------------------


def _bulk_issue(group: AppGroup) -> None:
    @group.command("bulk-issue")
    @click.argument("run")
    @click.option("--wait", is_flag=True, help="Do the work here, without queue or worker, and say what came of it.")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON on stdout, all else on stderr.")
    @click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")
    @click.option("--no-notify", is_flag=True, help="Do not tell the learners.")
    def bulk_issue(run: str, wait: bool, as_json: bool, as_actor: str | None, no_notify: bool) -> None:
        """Issue certificates to all learners of the course run RUN who have earned one and have none."""
        began = time.monotonic()
        with told(as_json=as_json):
            rt = current_runtime()
            actor = _acting(rt, as_actor, "award.issue", run)
            if not wait:
                _say_opened(rt, run, bulk.open_by_ref(rt, run, actor, notify=not no_notify), as_json)
                return
            with click.progressbar(length=1, label=f"Issuing {run}", file=sys.stderr) as bar:
                batch = bulk.issue_and_wait(
                    rt,
                    run,
                    actor,
                    notify=not no_notify,
                    patience=WAIT_SECONDS,
                    watch=lambda seen: _show(bar, seen),
                    joined=_say_joined,
                )
            _say_result(rt, run, batch, as_json, time.monotonic() - began)
        sys.exit(1 if batch.failed else 0)


def _acting(rt: Runtime, name: str | None, act: str, run: str) -> str:
    """Raises UnknownRun, UnknownActor, MayNot, HostUnavailable."""
    if name is None:
        return COMMAND
    return acting(rt, name, act, tenant_ref=get_course_run(rt, run).tenant_ref, run_ref=run)


def _show(bar: Any, batch: BatchView) -> None:
    if batch.total:
        bar.length = batch.total
        bar.update(batch.done - bar.pos)


def _say_opened(rt: Runtime, run: str, batch_id: UUID, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"run": run, "batch": str(batch_id)}))
    click.echo(f"Recorded as issue batch {batch_id}.", err=True)
    if not rt.settings.redis_url:
        click.echo("No queue is set (CERTIFY_REDIS_URL): give the command again with --wait to do the work.", err=True)
    elif not queue.is_there(rt.settings):
        click.echo(str(QueueUnavailable()), err=True)


def _say_joined(batch: BatchView) -> None:
    """An earlier batch, left behind or under way elsewhere, was worked off first."""
    click.echo(f"\nA batch that was under way came first; it issued {sum(batch.issued.values())}.", err=True)


def _say_result(rt: Runtime, run: str, batch: BatchView, as_json: bool, seconds: float) -> None:
    if as_json:
        told_result = {
            "run": run,
            "issued": dict(batch.issued),
            "declined": dict(batch.declined),
            "failed": batch.failed,
            "already": batch.already,
            "seconds": round(seconds, 3),
        }
        click.echo(json.dumps(told_result))
    click.echo(_table(batch), err=as_json)
    if not sum(batch.issued.values()) and not batch.failed:
        click.echo(bulk.nothing_new_sentence(rt, batch.run_id), err=as_json)


def _table(batch: BatchView) -> str:
    """What came of the batch, for people: zeros are left out."""
    lines = [("issued", key, count) for key, count in batch.issued.items()]
    lines += [("declined", reason, count) for reason, count in batch.declined.items() if count]
    lines += [("failed", "", batch.failed)] if batch.failed else []
    lines += [("already issued", "", batch.already)] if batch.already else []
    return "\n".join(f"{count:>8,}  {what:<15} {which}".rstrip() for what, which, count in lines)


# ---- checking --------------------------------------------------------------------------------------


def _doctor(group: AppGroup) -> None:
    @group.command("doctor")
    @click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
    def doctor(as_json: bool) -> None:
        """Check settings, database, queue, keys and fonts, and say what to do. Ends with 1 if anything is wrong."""
        with told(as_json=as_json):
            findings = examine(queue.application(), current_runtime())
        if as_json:
            click.echo(json.dumps([asdict(each) for each in findings]))
        else:
            for each in findings:
                click.echo(f"{'ok  ' if each.is_well else 'MEND'}  {each.about}: {each.sentence}")
        sys.exit(0 if all(each.is_well for each in findings) else 1)
