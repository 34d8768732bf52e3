"""A whole batch, from the click to its end, against bare signatures and bare row inserts of the same size in one run.

    python -m tests.bench.batches [COUNT] [--database URL | --postgres]
    python -m tests.bench.batches --sizes 5000 500000 [--postgres]

With `--sizes` it says what one certificate costs in batches of these sizes, each in a process of its own; in the last
one it may cost 1.2 times as much as in the first.

CPU seconds of one process, with two achievements and nobody told; both sides sign with pycryptodome, which is there
without an extra. Ends with 1 above five times the bare work.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award, Record
from flask_certify.core import working
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import keys
from flask_certify.credentials.models import Credential
from flask_certify.credentials.signers import pycryptodome_signer
from flask_certify.host.records import Attempt
from flask_certify.issuing import bulk, changes, previews
from flask_certify.issuing.kinds import BatchKind
from flask_certify.issuing.models import IssueItem
from tests.support import postgres, story
from tests.support.credentials import DID, SEED

GOAL, BUDGET = 3.0, 5.0
GROWTH = 1.2  # times the cost of one, in a batch of another size
STORED = (Award, Credential, AuditEntry, Record, IssueItem)  # a row in each of them for a learner


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=50_000)
    parser.add_argument("--database", help="default: SQLite in a new folder")
    parser.add_argument("--postgres", action="store_true", help="a new server on this machine")
    parser.add_argument("--sizes", nargs="+", type=int, help="what one costs in batches of these sizes")
    options = parser.parse_args()
    if options.sizes:
        return compare(options.sizes, options.database, options.postgres)
    with database(options.database, options.postgres) as url:
        measured = measure(url, options.count)
    return 0 if measured.ratio <= BUDGET else 1


@contextmanager
def database(url: str | None, on_postgres: bool) -> Iterator[str]:
    with ExitStack() as standing:
        if on_postgres:
            server = standing.enter_context(postgres.running())
            url = standing.enter_context(server.new_database())
        folder = standing.enter_context(tempfile.TemporaryDirectory())
        yield url or f"sqlite:///{Path(folder, 'host.db')}"


def compare(sizes: Sequence[int], url: str | None, on_postgres: bool) -> int:
    """Each size in a process that has done nothing before."""
    found = []
    for size in sizes:
        with database(url, on_postgres) as place, get_context("spawn").Pool(1) as alone:
            found.append(alone.apply(measure, (place, size)))
    growth = found[-1].each / found[0].each
    print(f"one costs {growth:.2f} times as much (at most {GROWTH})")
    return 0 if growth <= GROWTH else 1


@dataclass(frozen=True)
class Measured:
    ratio: float
    each: float
    """Milliseconds."""


def measure(url: str, count: int) -> Measured:
    with mock.patch.object(keys, "fastest_signer", pycryptodome_signer):
        host = story.make_host(count)
        for number in range(0, count, 2):
            merit = (Attempt("quiz", 90), Attempt("essay", 90))
            host.change_learner(story.RUN, f"x{number:05}", attempts=merit)
        app = story.make_app(url, host)
        with app.app_context():
            measured = _measure(runtime_of(app), count)
        story.dispose(app)
    return measured


def _measure(rt: Runtime, count: int) -> Measured:
    story.set_up(rt)
    changes.catch_up(rt)
    run_id = ensure_run(rt, story.RUN).id
    batch_id, preview = cpu(lambda: previews.look(rt, run_id, BatchKind.ISSUE, story.MIA))
    began = time.perf_counter()
    _, confirm = cpu(lambda: previews.confirm(rt, batch_id, story.MIA, notify=False))
    with rt.reading() as session:
        [first, *_] = working.open_chunks(session)
    _, beginning = cpu(lambda: working.run_chunk(rt, first))
    visible = time.perf_counter() - began
    done, rest = cpu(lambda: bulk.work_off(rt, batch_id, 600))
    assert done.happened == count + 3
    signatures, inserts = bare(rt, count)
    issue = confirm + beginning + rest
    ratio, each = issue / (signatures + inserts), issue * 1000 / count
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rt.engine.dialect.name}: {count:,} learners, preview {preview:.2f} s, first chunk after {visible:.2f} s")
    print(f"batch {issue:.2f} s ({each:.3f} ms each), signatures {signatures:.2f} s, rows {inserts:.2f} s")
    print(f"{ratio:.2f} times (goal {GOAL}, at most {BUDGET}); {memory:.0f} MB, the host's learners among them")
    return Measured(ratio, each)


def bare(rt: Runtime, count: int) -> tuple[float, float]:
    """Signatures of 64 bytes, and rows of one text as long as all that the batch stored about a learner."""
    signer, data = pycryptodome_signer(DID, SEED), bytes(64)
    _, signatures = cpu(lambda: [signer.sign(data) for _ in range(count)])
    with rt.reading() as session:
        length = sum(len(json.dumps(one(session, table), default=str)) for table in STORED)
    meta = sa.MetaData()
    table = sa.Table("bench_bare", meta, sa.Column("id", sa.Integer, primary_key=True), sa.Column("text", sa.Text))
    meta.create_all(rt.engine)
    text = "x" * length

    def insert() -> None:
        for at in range(0, count, 1000):
            with rt.engine.begin() as connection:
                rows = [{"id": number, "text": text} for number in range(at, min(at + 1000, count))]
                connection.execute(sa.insert(table), rows)

    _, inserts = cpu(insert)
    meta.drop_all(rt.engine)
    return signatures, inserts


def one(session: sa.orm.Session, table: type[Any]) -> dict[str, Any]:
    return dict(session.execute(sa.select(table.__table__).limit(1)).mappings().one())


def cpu(do: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    return do(), time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
