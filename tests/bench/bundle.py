"""A whole run into ZIP files through the real machine: database, queue, two workers.

    python -m tests.bench.bundle [--learners 50000] [--profile]

Prints figures and fails nothing. The run is issued first, which is not measured. Seconds of processor are those of the
workers and all that they started; on a machine that is shared they say more than seconds on the wall.
"""

import argparse
import cProfile
import os
import pstats
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from flask import Flask

from flask_certify.core import working
from flask_certify.core.children import start_tied, stop
from flask_certify.core.current import runtime_of
from flask_certify.core.embedded import start_valkey
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk, bundles
from tests.support import names, story
from tests.support.processes import family_of

_SCRIPTS = (*["Latn"] * 8, *["Deva"] * 6, *names.SCRIPTS)


def make_host(learners: int) -> MemoryHost:
    """Names of all scripts, half of them Latin or Devanagari."""
    host = story.make_host(learners)
    made = {script: names.names(script, 400) for script in names.SCRIPTS}
    records = host.records[story.RUN]
    for number, (ref, record) in enumerate(list(records.items())):
        if ref.startswith("x"):
            name = made[_SCRIPTS[number % len(_SCRIPTS)]][number % 400]
            records[ref] = replace(record, display_name=name)
    return host


def create_app() -> Flask:
    settings = {name: value for name, value in os.environ.items() if name.startswith("CERTIFY_")}
    return story.make_app(os.environ["BENCH_DATABASE"], make_host(int(os.environ["BENCH_LEARNERS"])), **settings)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=50_000)
    parser.add_argument("--database", default="", help="a PostgreSQL, in place of a SQLite of its own")
    parser.add_argument("--profile", action="store_true", help="in this process, with what takes the time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bundle") as home:
        folder = Path(home)
        os.environ["BENCH_DATABASE"] = options.database or f"sqlite:///{folder / 'host.db'}"
        os.environ["BENCH_LEARNERS"] = str(options.learners)
        os.environ["CERTIFY_FILES"] = str(folder / "files")
        server = start_valkey(folder / "valkey")
        os.environ["CERTIFY_REDIS_URL"] = server.url
        try:
            measure(folder, profile=options.profile)
        finally:
            server.stop()


def measure(folder: Path, *, profile: bool) -> None:
    app = create_app()
    with app.app_context():
        rt = runtime_of(app)
        story.set_up(rt)
        began = time.process_time()
        batch = bulk.issue_and_wait(replace(rt, wake=lambda ids: None), story.RUN, story.MIA, notify=False, patience=60)
        issued = sum(batch.issued.values())
        print(f"{issued} issued: {time.process_time() - began:.0f} s of processor", flush=True)
        if profile:
            profiled(replace(rt, wake=lambda ids: None), batch.run_id)
        else:
            by_workers(rt, batch.run_id, folder)
    story.dispose(app)


def profiled(rt: Runtime, run_id: UUID) -> None:
    began = time.process_time()
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    print(f"opened: {time.process_time() - began:.1f} s of processor")
    with rt.reading() as session:
        ids = working.open_chunks(session, limit=1000)
    began, done = time.process_time(), len(ids)
    with cProfile.Profile() as profile:
        for chunk_id in ids:
            working.run_chunk(rt, chunk_id)
    print(f"{done} chunks: {time.process_time() - began:.1f} s of processor under the profile")
    assert bundles.get_bundle(rt, bundle_id).is_finished
    pstats.Stats(profile).sort_stats("cumtime").print_stats(60)


def by_workers(rt: Runtime, run_id: UUID, folder: Path) -> None:
    workers = [start_worker(folder) for _ in range(2)]
    try:
        time.sleep(8)  # until both have loaded everything
        began, before, peak = time.perf_counter(), sum(map(processor_seconds, workers)), 0
        bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
        opened = time.perf_counter() - began
        while not bundles.get_bundle(rt, bundle_id).is_finished:
            peak = max(peak, *(peak_kb(pid) for each in workers for pid in family_of(each.pid)))
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        time.sleep(1)  # until the last children are buried
        spent = sum(map(processor_seconds, workers)) - before
    finally:
        for each in workers:
            stop(each, signal.SIGTERM)
    bundle = bundles.get_bundle(rt, bundle_id)
    size = sum(each.size for each in bundle.parts) / 1e9
    print(f"{bundle.packed} of {bundle.expected} in {len(bundle.parts)} ZIP files, {size:.1f} GB")
    print(
        f"{seconds:.0f} s on the wall ({opened:.1f} s of it to open), {spent:.1f} s of processor, "
        f"{peak / 1024:.0f} MB the largest process"
    )


def start_worker(folder: Path) -> "subprocess.Popen[bytes]":
    return start_tied(
        [sys.executable, "-m", "flask", "--app", "tests.bench.bundle", "certify", "worker"],
        on_owner_death=signal.SIGKILL,
        log=folder / "workers.log",
        env=dict(os.environ) | {"BENCH_LEARNERS": "0"},  # packing asks the platform for nothing
    )


def processor_seconds(process: "subprocess.Popen[bytes]") -> float:
    """Of a process and of its children that have ended."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def peak_kb(pid: int) -> int:
    """The most memory that a process has had; 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    main()
