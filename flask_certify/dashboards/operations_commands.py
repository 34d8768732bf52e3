"""`flask certify status`: how the work goes, for whoever is called when it does not."""

import json
import sys

import click
from flask.cli import AppGroup

from ..core.commands import told
from ..core.current import current_runtime
from . import operations
from .operations import Operations


def register(group: AppGroup) -> None:
    @group.command("status")
    @click.option("--json", "as_json", is_flag=True, help="One line of JSON.")
    def status(as_json: bool) -> None:
        """Say who works, what waits, what is stuck and what to do. Ends with 1 if anything is stuck."""
        with told(as_json=as_json):
            now = operations.look(current_runtime())
        stuck = operations.findings(now)
        if as_json:
            click.echo(json.dumps(now.to_json(), default=str))
        else:
            for line in _lines(now):
                click.echo(line)
            for each in stuck:
                click.echo(f"MEND  {each.sentence}")
        sys.exit(1 if stuck else 0)


def _lines(now: Operations) -> list[str]:
    """For people: zeros are left out."""
    there = {None: "none is set", True: "Redis answers", False: "Redis does not answer"}[now.is_queue_there]
    lines = [f"queue    {there}"]
    for worker in now.workers:
        how = (
            "stopping" if worker.is_stopping else "here" if worker.is_there else f"silent {worker.silent_ms // 1000} s"
        )
        leads = ", leads" if worker.id == now.leader else ""
        lines.append(f"worker   {worker.machine}:{worker.pid} {' '.join(worker.lanes)} ({how}{leads})")
    if not now.workers:
        lines.append("worker   none")
    for lane in now.lanes:
        counts = ", ".join(f"{count} {state}" for state, count in lane.chunks.items() if count) or "nothing to do"
        jobs = f"; {lane.jobs} hints in Redis" if lane.jobs else ""
        lines.append(f"{lane.lane:<9}{counts}{jobs}")
    for batch in now.batches:
        of = "not planned yet" if batch.total is None else f"{batch.done:,} of {batch.total:,}"
        lines.append(f"batch    {batch.id} of run {batch.run_id}: {batch.state}, {of}")
    if now.bundles:
        lines.append(f"bundles  {now.bundles} being packed")
    if now.messages:
        said = ", ".join(f"{count:,} {state}" for state, count in sorted(now.messages.items()))
        lines.append(f"mail/sms {said}")
    return lines
