"""What the demo does once everything runs: a mentor issues, the workers work, everything is looked at, and told."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import click
import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.core.current import current_runtime
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import wording
from flask_certify.issuing import bulk
from flask_certify.issuing.bulk import BatchView
from flask_certify.issuing.errors import AlreadyUnderWay
from flask_certify.notifications.models import Message
from flask_certify.notifications.states import Channel, State

from . import people
from .checking import Issued

MENTOR = "mentor.aaa"
LOOK_AGAIN = 0.2  # seconds
PATIENCE = 120  # seconds without any progress
WAITING = (State.QUEUED, State.SENDING)
WAYS: Mapping[str, str] = {Channel.EMAIL: "emails", Channel.SMS: "SMS"}


class Stuck(Exception):
    """The workers do not get on. The sentence says where to look."""


@dataclass(frozen=True)
class Result:
    """What came of a bulk issue, and what is said if nobody was left."""

    batch: BatchView
    nothing_new: str | None


def issue(run_ref: str, *, watch: Callable[[], None]) -> Result:
    """Issues to all of the run in the mentor's name. The workers do it; we show how far they are.

    `watch` is called now and then, and may raise.
    """
    rt = current_runtime()
    batch = _follow(rt, _open(rt, run_ref, watch), f"Issuing {run_ref}", watch)
    if batch.trouble:
        raise Stuck(
            f"The learners could not be listed ({batch.trouble}). Run: flask --app examples.campus certify doctor"
        )
    nothing = not sum(batch.issued.values()) and not batch.failed
    return Result(batch, bulk.nothing_new_sentence(rt, batch.run_id) if nothing else None)


def _open(rt: Runtime, run_ref: str, watch: Callable[[], None]) -> UUID:
    """A batch of our own. One that an earlier demo left half-done is finished first."""
    while True:
        try:
            return bulk.open_by_ref(rt, run_ref, MENTOR)
        except AlreadyUnderWay:
            _finish_left(rt, run_ref, watch)


def _finish_left(rt: Runtime, run_ref: str, watch: Callable[[], None]) -> None:
    left = bulk.find_under_way(rt, ensure_run(rt, run_ref).id)
    if left is not None:
        _follow(rt, left, f"Finishing what was left of {run_ref}", watch)


def _follow(rt: Runtime, batch_id: UUID, label: str, watch: Callable[[], None]) -> BatchView:
    moved, done = time.monotonic(), -1
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:
        while not (batch := bulk.get_batch(rt, batch_id)).is_finished:
            watch()
            if batch.done != done:
                moved, done = time.monotonic(), batch.done
            if time.monotonic() - moved > PATIENCE:
                raise Stuck("Nothing has moved for two minutes. Look into workers.log in the campus's folder.")
            if batch.total:
                bar.length = batch.total
                bar.update(batch.done - bar.pos)
            time.sleep(LOOK_AGAIN)
        bar.update((bar.length or 1) - bar.pos)
    return batch


def wait_for_messages(*, watch: Callable[[], None]) -> Mapping[str, int]:
    """How many messages have left, by channel, once none waits any more or nothing has moved for a while."""
    rt = current_runtime()
    moved, before = time.monotonic(), -1
    while True:
        found = _messages(rt)
        waiting = sum(count for (_, state), count in found.items() if state in WAITING)
        if waiting != before:
            moved, before = time.monotonic(), waiting
        if not waiting or time.monotonic() - moved > PATIENCE:
            return {way: count for (way, state), count in sorted(found.items()) if state == State.SENT}
        watch()
        time.sleep(LOOK_AGAIN)


def _messages(rt: Runtime) -> Mapping[tuple[str, str], int]:
    with rt.reading() as session:
        asked = sa.select(Message.channel, Message.state, sa.func.count()).group_by(Message.channel, Message.state)
        return {(row[0], row[1]): row[2] for row in session.execute(asked)}


# ---- telling ---------------------------------------------------------------------------------------


def summary(result: Result, messages: Mapping[str, int]) -> str:
    """What came of it as a table, and the sentence for "nobody was left"."""
    batch = result.batch
    rows = [("Issued", wording.kind_name(kind), count) for kind, count in batch.issued.items()]
    declined = {code: count for code, count in batch.declined.items() if count}
    rows += [("Declined", why, count) for why, count in wording.of_many(declined)]
    rows += [("Failed", "see the failure log", batch.failed)] if batch.failed else []
    rows += [("Already issued", "", batch.already)] if batch.already else []
    lines = [f"  {what:<15} {which:<46} {count:>6,}" for what, which, count in rows]
    lines.append(f"  {'Learners':<15} {'':<46} {sum(count for _, _, count in rows):>6,}")
    told = ", ".join(f"{count:,} {WAYS.get(way, way)}" for way, count in messages.items())
    lines += ["", f"  Told so far by {told}"] if told else []
    return "\n".join(["", *lines, "", *([result.nothing_new, ""] if result.nothing_new else [])])


def welcome(address: str, issued: Sequence[Issued], folder: Path) -> str:
    """Where to go, and as whom."""
    pages = [
        ("The campus", address),
        ("Check a certificate", f"{address}/certify/verify"),
        ("One of them", f"{address}/certify/v/{issued[0].code}" if issued else ""),
        ("Sent messages", str(folder / "outbox")),
    ]
    logins = [
        ("learner11391", "a learner with a certificate"),
        ("mentor.aaa", "the mentor of AAA-2013J: the dashboard"),
        ("author.aaa", "the course's author"),
        ("admin.east-anglian-region", "the admin of the region that issues"),
        ("support", "the support team"),
    ]
    return "\n".join(
        [
            *(f"  {what:<22} {where}" for what, where in pages if where),
            "",
            f"  Log in (every password is {people.PASSWORD}):",
            *(f"  {who:<26} {what}" for who, what in logins),
            "",
            "  Ctrl-C closes the campus.",
        ]
    )
