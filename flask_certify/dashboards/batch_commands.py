"""`flask certify batch …`: look, confirm, watch, pause, go on, stop, take up again, and the learners as CSV."""

import csv
import json
import sys
from datetime import datetime
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup

from ..achievements.service import RunView, ensure_run, get_run
from ..awards.causes import GIVEN_BY_PEOPLE, Why
from ..core import working
from ..core.commands import acting, told
from ..core.current import current_runtime
from ..core.runtime import Runtime
from ..issuing import bulk, foretelling, handling, naming, previews
from ..issuing.bulk import BatchView
from ..issuing.importing import MOST_BYTES
from ..issuing.kinds import BatchKind
from . import queries, results, sheets, wording
from .access import tenant_of
from .batch_api import as_json
from .listing import Listing, Status

WAIT_SECONDS = 60.0


def register(group: AppGroup) -> None:
    batch = AppGroup("batch", help="Issue, issue again or revoke for many: look first, then confirm.")
    group.add_command(batch)
    _preview(batch)
    _confirm(batch)
    _show(batch)
    for name, means in (
        ("pause", "Begin with nobody else; who is being worked on is finished."),
        ("resume", "Go on with a batch that was paused."),
        ("stop", "End the batch for those whose turn has not come. What is done stays."),
        ("retry", "Look at a new batch for those who failed or were left out, and nobody else."),
    ):
        _handle(batch, name, means)


def _as(command: Any) -> Any:
    return click.option("--as", "as_actor", metavar="ACTOR", help="In whose name; asked of the platform.")(command)


def _preview(group: AppGroup) -> None:
    @group.command("preview")
    @click.argument("run")
    @click.option("--kind", type=click.Choice([each.value for each in BatchKind]), default="issue", show_default=True)
    @click.option("--learner", "learners", multiple=True, help="The platform's reference; may be given often.")
    @click.option("--file", type=click.File("rb"), help="CSV; external id, user name or e-mail address first.")
    @click.option("--status", type=click.Choice([each.value for each in Status]), help="Those with this status.")
    @click.option("--completed-from", type=click.DateTime(["%Y-%m-%d"]), help="Those who completed then or later.")
    @click.option("--completed-until", type=click.DateTime(["%Y-%m-%d"]), help="Those who completed until then.")
    @_as
    def preview(
        run: str,
        kind: str,
        learners: tuple[str, ...],
        file: Any,
        status: str | None,
        completed_from: datetime | None,
        completed_until: datetime | None,
        as_actor: str | None,
    ) -> None:
        """Say what would happen to whom in the course run RUN. Nothing does until it is confirmed."""
        with told():
            rt, chosen, unknown = current_runtime(), list(learners), tuple[int, ...]()
            view = ensure_run(rt, run)
            actor = _acting(rt, as_actor, BatchKind(kind), view)
            if file is not None:
                found = naming.from_file(rt, view.id, file.read(MOST_BYTES + 1))
                chosen, unknown = [*chosen, *found.learner_refs], found.unknown_lines
            listing = Listing(
                status=Status(status) if status else None,
                first_day=completed_from.date() if completed_from else None,
                last_day=completed_until.date() if completed_until else None,
            )
            question = listing.question(tenant_of(view).zone)
            if question.is_filtered:
                with rt.reading() as session:
                    chosen += queries.refs(session, view.id, question)
            is_chosen = bool(learners or file or question.is_filtered)
            batch_id = previews.look(
                rt, view.id, BatchKind(kind), actor, chosen if is_chosen else None, unknown_lines=unknown
            )
        _say(rt, batch_id)


def _confirm(group: AppGroup) -> None:
    @group.command("confirm")
    @click.argument("batch", type=click.UUID)
    @click.option("--reason", metavar="CLASS", help=f"Why: one of {', '.join(GIVEN_BY_PEOPLE)}.")
    @click.option("--note", help="For staff only; never shown to the public.")
    @click.option("--tell/--no-tell", default=None, help="Tell the learners. Not for a revocation unless asked for.")
    @click.option("--wait", is_flag=True, help="Do the work here, without queue or worker.")
    @_as
    def confirm(
        batch: UUID, reason: str | None, note: str | None, tell: bool | None, wait: bool, as_actor: str | None
    ) -> None:
        """Begin with exactly what the preview BATCH has shown."""
        with told():
            rt = current_runtime()
            seen, actor = _open(rt, batch, as_actor)
            why = Why.given(reason, note) if seen.kind.needs_reason else None
            notify = seen.kind is not BatchKind.REVOKE if tell is None else tell
            previews.confirm(rt, batch, actor, notify=notify, why=why)
            if wait:
                bulk.work_off(rt, batch, WAIT_SECONDS)
                working.drain(rt)
        _say(rt, batch)


def _show(group: AppGroup) -> None:
    @group.command("show")
    @click.argument("batch", type=click.UUID)
    @click.option("--json", "is_json", is_flag=True, help="One line of JSON.")
    @click.option("--csv", "which", type=click.Choice(["all", *results.WHICH]), help="The learners as CSV instead.")
    def show(batch: UUID, is_json: bool, which: str | None) -> None:
        """Say how BATCH stands."""
        with told():
            rt = current_runtime()
            found = bulk.get_batch(rt, batch)
            if which is not None:
                with rt.reading() as session:
                    run = get_run(session, found.run_id)
                writer = csv.writer(sys.stdout)
                for row in results.make(rt, found, run, which):
                    writer.writerow([sheets.safe(cell) for cell in row])
                return
        if is_json:
            click.echo(
                json.dumps(as_json(found, previews.get(rt, batch), foretelling.sms_plan(rt, batch)), default=str)
            )
        else:
            _say(rt, batch)


def _handle(group: AppGroup, name: str, means: str) -> None:
    def handle(batch: UUID, as_actor: str | None) -> None:
        with told():
            rt = current_runtime()
            _, actor = _open(rt, batch, as_actor)
            leads_to = getattr(handling, name)(rt, batch, actor) or batch
        _say(rt, leads_to)

    handle.__doc__ = means
    group.command(name)(click.argument("batch", type=click.UUID)(_as(handle)))


def _open(rt: Runtime, batch_id: UUID, as_actor: str | None) -> tuple[BatchView, str]:
    found = bulk.get_batch(rt, batch_id)
    with rt.reading() as session:
        run = get_run(session, found.run_id)
    return found, _acting(rt, as_actor, found.kind, run)


def _acting(rt: Runtime, name: str | None, kind: BatchKind, run: RunView) -> str:
    return acting(rt, name, kind.act, tenant_ref=run.tenant_ref, run_ref=run.run_ref)


def _say(rt: Runtime, batch_id: UUID) -> None:
    """For people: zeros are left out."""
    seen = previews.get(rt, batch_id)
    found = bulk.get_batch(rt, batch_id)
    click.echo(f"Batch {batch_id}: {found.kind.value}, {found.state}")
    if seen is not None:
        if seen.to_do:
            click.echo(bulk.will_be_issued_sentence(rt, seen.run_id, seen.to_do, seen.kind))
        counts = [("", wording.kind_name(key), number) for key, number in sorted(seen.by_key.items())]
        counts += [("", "has one already", seen.already)]
        counts += [("not: ", text, number) for text, number in wording.of_many({**seen.declined, **seen.faulty})]
        if plan := foretelling.sms_plan(rt, batch_id):
            click.echo(plan.sentence)
        if seen.unknown_lines:
            click.echo(f"Lines that name nobody: {', '.join(map(str, seen.unknown_lines))}")
    else:
        told_counts = as_json(found, None, None)
        counts = [("issued ", wording.kind_name(key), number) for key, number in told_counts["issued"].items()]
        counts += [("issued again ", wording.kind_name(key), n) for key, n in told_counts["reissued"].items()]
        counts += [("", word, told_counts[word]) for word in ("revoked", "failed", "already", "stopped")]
        counts += [("not: ", text, number) for text, number in wording.of_many(found.declined)]
    for before, text, number in counts:
        if number:
            click.echo(f"{number:>8,}  {before}{text}")
