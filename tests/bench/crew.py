"""A whole batch by two real workers: `python -m tests.bench.crew [COUNT]`, on SQLite and on PostgreSQL.

By the clock and by processor time of all processes of the workers, beside bare signatures in the same run: how long the
preview takes, when the first certificate can be seen after *confirm*, when the batch has ended, and what the largest
process needed. Ends with 1 outside its budgets. What a server does for PostgreSQL is not counted.
"""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award
from flask_certify.core.children import stop
from flask_certify.core.embedded import start_valkey
from flask_certify.credentials.signers import fastest_signer
from flask_certify.issuing import bulk, previews
from flask_certify.issuing.kinds import BatchKind
from tests.support import databases, havoc, mail_server, postgres
from tests.support.credentials import DID, SEED
from tests.support.havoc import Site
from tests.support.processes import family_of
from tests.support.story import MIA, RUN

WORKERS = 2
PREVIEW, VISIBLE, MEMORY = 10.0, 3.0, 300  # seconds, seconds, MB a process
PATIENCE = 1800


def main(count: int = 50_000) -> int:
    fits = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as standing:
        valkey = start_valkey(Path(folder))
        standing.callback(valkey.stop)
        office = standing.enter_context(mail_server.running())
        sqlite = standing.enter_context(databases.sqlite(Path(folder)))
        postgresql = standing.enter_context(databases.postgres(standing.enter_context(postgres.running())))
        for number, url in enumerate((sqlite.url, postgresql.url_elsewhere)):
            home = Path(folder, str(number))
            home.mkdir()
            settings = {
                "CERTIFY_REDIS_URL": valkey.url,
                "CERTIFY_CHUNK_SIZE": "0",
                "CERTIFY_LEASE_SECONDS": "60",
                "CERTIFY_QUEUE": f"bench{number}",
            }
            with havoc.opened(url, home, office, learners=count, **settings) as site:
                fits.append(measure(site, count))
    return 0 if all(fits) else 1


def measure(site: Site, count: int) -> bool:
    with site.app.app_context():
        began = time.monotonic()
        batch_id = previews.look(site.rt, ensure_run(site.rt, RUN).id, BatchKind.ISSUE, MIA)
        preview = time.monotonic() - began
    worker = site.start("worker", "-n", str(WORKERS))
    try:
        with site.app.app_context():
            return _measure(site, worker.pid, count, batch_id, preview)
    finally:
        stop(worker, signal.SIGTERM)


def _measure(site: Site, pid: int, count: int, batch_id: UUID, preview: float) -> bool:
    rt = site.rt
    _until(lambda: len(family_of(pid)) > WORKERS)
    time.sleep(5)  # all of them have started
    before, began = _spent(pid), time.monotonic()
    previews.confirm(rt, batch_id, MIA, notify=False)
    _until(lambda: site.count(Award.issued_at.is_not(None), of=Award) > 0)
    visible, largest = time.monotonic() - began, [0.0]

    def is_over() -> bool:
        largest[0] = max(largest[0], *map(_megabytes, family_of(pid)))
        time.sleep(0.2)
        return bulk.get_batch(rt, batch_id).is_finished

    _until(is_over)
    took, spent = time.monotonic() - began, _spent(pid) - before
    assert bulk.get_batch(rt, batch_id).happened == count + 3
    bare = _signatures(count)
    print(
        f"{rt.engine.dialect.name}: {count:,} learners, {WORKERS} workers: preview {preview:.1f} s, first certificate "
        f"{visible:.1f} s after confirm, all after {took:.1f} s; {spent:.1f} s of processor time "
        f"({spent / count * 1000:.3f} ms each, a bare signature {bare / count * 1000:.3f}); "
        f"largest process {largest[0]:.0f} MB"
    )
    return preview <= PREVIEW and visible <= VISIBLE and largest[0] <= MEMORY


def _until(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _spent(pid: int) -> float:
    """Seconds of processor time of the processes, and of all their children that have ended."""
    ticks = 0
    for each in family_of(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):  # it has just ended, and stands with its parent
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _megabytes(pid: int) -> float:
    """What the process holds now, shared or not."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _signatures(count: int) -> float:
    signer, data = fastest_signer(DID, SEED), bytes(64)
    began = time.process_time()
    for _ in range(count):
        signer.sign(data)
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
