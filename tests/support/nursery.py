"""Programs that begin ready: a process that has loaded all of ours forks each of them.

Loading takes two seconds of processor, and tests that kill start dozens. What begins here is a process of its own in
every other respect: its group, its environment, its log, its connections.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from flask_certify.core.children import start_tied, tie_to, without_secrets

PROJECT = Path(__file__).parents[2]
READY = "ready"


def flask() -> None:
    from flask.cli import main

    main()


def gunicorn() -> None:
    from gunicorn.app.wsgiapp import run

    run()


MAINS = {"flask": flask, "gunicorn": gunicorn}


class Nursery:
    """Starts programs, and hears how they ended."""

    def __init__(self) -> None:
        self.log = Path(tempfile.gettempdir(), f"nursery-{os.getpid()}.log")
        atexit.register(self.log.unlink, missing_ok=True)
        ours, theirs = os.pipe(), os.pipe()
        self._process = start_tied(
            [sys.executable, "-m", "tests.support.nursery", str(ours[0]), str(theirs[1])],
            on_owner_death=signal.SIGKILL,
            log=self.log,
            cwd=PROJECT,
            env=without_secrets(os.environ),
            pass_fds=(ours[0], theirs[1]),
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._tell, self._hear = os.fdopen(ours[1], "w"), theirs[0]
        self._rest = b""
        self._said: list[Any] = []
        self.ended: dict[int, int] = {}  # process → how, as Popen says it
        self._next()  # it is ready

    def start(self, words: Sequence[str], environ: Mapping[str, str], log: Path) -> "Started":
        """`flask …` or `gunicorn …` with these words, told nothing but this environment."""
        order = {"words": words, "environ": dict(environ), "log": str(log)}
        print(json.dumps(order), file=self._tell, flush=True)
        return Started(self, int(self._next()))

    def listen(self, seconds: float = 0) -> None:
        """Hears who has ended meanwhile."""
        if select.select([self._hear], [], [], seconds)[0]:
            self._read()

    def _next(self) -> Any:
        while not self._said:
            self._read()
        return self._said.pop(0)

    def _read(self) -> None:
        came = os.read(self._hear, 65536)
        assert came, f"the nursery has ended: {self.log.read_text()[-2000:]}"
        *lines, self._rest = (self._rest + came).split(b"\n")
        for said in map(json.loads, lines):
            if isinstance(said, list):
                self.ended[said[0]] = said[1]
            else:
                self._said.append(said)


class Started:
    """A program that was started so; what tests ask of it is called as with Popen."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid

    @property
    def returncode(self) -> int | None:
        return self._nursery.ended.get(self.pid)

    def poll(self) -> int | None:
        self._nursery.listen()
        return self.returncode

    def wait(self, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), seconds)
            self._nursery.listen(0.05)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@cache
def nursery() -> Nursery:
    """One for each test run, which it does not outlive."""
    return Nursery()


# ---- the process itself ----------------------------------------------------------------------------


def load() -> None:
    """All that a program of ours loads, by being one for a moment."""
    from flask_certify.core import worker
    from tests.support import site, story

    with tempfile.TemporaryDirectory() as folder:
        app = story.make_app(f"sqlite:///{folder}/host.db", site.make_host(0, Path(folder)))
        worker.get_ready(app)
        story.dispose(app)


def serve(hear: int, tell: int) -> None:
    """No thread and no connection, so that each fork is sound."""
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake)
    os.write(tell, json.dumps(READY).encode() + b"\n")
    with os.fdopen(hear) as told:
        while True:
            ready, _, _ = select.select([told, woken], [], [])
            if woken in ready:
                os.read(woken, 4096)
                for pid, code in iter(bury, None):
                    os.write(tell, json.dumps([pid, code]).encode() + b"\n")
            if told in ready:
                line = told.readline()
                if not line:
                    return
                pid = fork(json.loads(line))
                os.write(tell, json.dumps(pid).encode() + b"\n")


def bury() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, os.waitstatus_to_exitcode(status)) if pid else None


def fork(order: dict[str, Any]) -> int:
    tie = tie_to(os.getpid(), signal.SIGKILL)
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        tie()
        with open(os.devnull) as nothing, open(order["log"], "ab") as log:
            os.dup2(nothing.fileno(), 0)
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        os.closerange(3, 64)
        os.environ.clear()
        os.environ.update(order["environ"])
        sys.argv = order["words"]
        MAINS[order["words"][0]]()
        code = 0
    except SystemExit as told:
        code = told.code if isinstance(told.code, int) else int(told.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    load()
    serve(int(sys.argv[1]), int(sys.argv[2]))
