"""Several workers by one command: they are forked from a process that has loaded everything, and share its memory."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

from flask import Flask

from . import worker
from .children import has_ended, tie_to
from .queue import LANES

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0  # seconds before a worker that ended by itself is followed by another
LOOK_EACH = 0.2

log = logging.getLogger("flask_certify")


def run_many(app: Flask, number: int, *, fork: bool = True, lanes: Sequence[str] = LANES) -> None:
    """Keeps so many workers running until told to stop, and then waits until each has finished or given back its chunk.

    This process has no thread and no connection, so a fork of it is sound at any time.
    """
    worker.get_ready(app)

    def work() -> None:
        worker.run(app, fork=fork, lanes=lanes)

    Supervisor(work).keep(number)


class Supervisor:
    """Keeps processes running, each of which does `work`."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._running: dict[int, float] = {}  # since when
        self._is_told = False
        self._pause = FIRST_PAUSE

    def keep(self, number: int) -> None:
        """Returns when it was told to stop and all have ended."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._tell)
        due = [0.0] * number  # when each missing one is to be started
        while self._running or not self._is_told:
            if not self._is_told:
                late = [at for at in due if at > time.monotonic()]
                for _ in range(len(due) - len(late)):
                    self._start()
                due = late
            due += [time.monotonic() + self._pause_after(lived) for lived in self._bury()]
            time.sleep(LOOK_EACH)

    def _start(self) -> None:
        tie, owner_of_signals = tie_to(os.getpid(), signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)
        pid = os.fork()
        if pid:
            self._running[pid] = time.monotonic()
            return
        code = 1
        try:
            for each in owner_of_signals:
                signal.signal(each, signal.SIG_DFL)
            tie()
            self._work()
            code = 0
        except SystemExit as told:
            code = told.code if isinstance(told.code, int) else 0
        except BaseException as error:
            log.error("worker ended by itself", extra={"reason": type(error).__name__})
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _bury(self) -> list[float]:
        """How long each lived who has ended since the last look."""
        lived = []
        for pid in list(self._running):
            if has_ended(pid):
                lived.append(time.monotonic() - self._running.pop(pid))
        return lived

    def _pause_after(self, lived: float) -> float:
        """Longer and longer while they end soon after they began."""
        pause = self._pause = min(self._pause * 2, LONGEST_PAUSE) if lived < LONGEST_PAUSE else FIRST_PAUSE
        if not self._is_told:
            log.warning("worker ended, another follows", extra={"seconds": round(pause)})
        return pause

    def _tell(self, number: int, frame: FrameType | None) -> None:
        """Each time: RQ ends its chunk at the first, and its child at the second."""
        self._is_told = True
        for pid in self._running:
            os.kill(pid, signal.SIGTERM)
