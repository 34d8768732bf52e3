"""Beside each worker: it shows that it is there, and the one that leads hints at what is due and keeps the clock.

A worker forks. SQLite keeps the locks of a process in its memory: a child that was forked while this thread wrote would
find the database locked for as long as it lives, or read it without a lock. So whoever forks asks for `still` first.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from types import TracebackType
from typing import Self

import redis
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine

from . import duties, workers
from .children import has_ended, tie_to
from .current import runtime_of
from .errors import CertifyError
from .ids import new_id
from .queue import LANES, connect, hint, open_queue
from .runtime import Runtime
from .working import sweep

LOOK_EACH = 1.0  # seconds

log = logging.getLogger("flask_certify")


class Tender:
    """A thread for as long as a worker runs. With `alone` it sweeps once, and there is no thread.

    Duties may take minutes: with `fork` they are done by a process of their own, and the thread looks on meanwhile. It
    ends that process when one of them takes longer than any may.
    """

    def __init__(self, app: Flask, lanes: Sequence[str] = LANES, *, alone: bool = False, fork: bool = True) -> None:
        self.id = new_id()
        self.is_stopping = False
        self._app, self._lanes, self._alone, self._fork = app, lanes, alone, fork
        self._looking = threading.RLock()
        self._on_duty: int | None = None  # the process that is at them
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tend, name="tender", daemon=True)
        self._seen = -workers.SEEN_EACH

    def __enter__(self) -> Self:
        sweep_once(self._app)  # at once, whoever leads: it may be one that was killed
        if not self._alone:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if not self._alone:
            self._thread.join(LOOK_EACH * 5)
            self._guarded(self._leave)
            self._end_duties()  # what it was at is done again

    def rest(self, seconds: float) -> None:
        """Waits so long, or until all of this ends."""
        self._ended.wait(seconds)

    @contextmanager
    def still(self) -> Iterator[None]:
        """For a fork: nobody but the caller is at anything here, and no connection to the database is open."""
        with self._looking:
            let_go(self._app)
            yield

    def _tend(self) -> None:
        while not self._ended.is_set():
            with self._looking:
                self._guarded(self._look)
            self._ended.wait(LOOK_EACH)

    def _guarded(self, do: Callable[[Runtime], None]) -> None:
        try:
            with self._app.app_context():
                do(runtime_of(self._app))
        except Exception as error:  # whatever it is, it looks again: without it, nothing that was lost is found again
            log.warning("not tended", extra={"reason": type(error).__name__})

    def _look(self, rt: Runtime) -> None:
        if time.monotonic() - self._seen >= workers.SEEN_EACH:
            self._be_seen(rt)
            self._seen = time.monotonic()
        if self._on_duty and duties.is_late(rt, self.id):
            self._end_duties()
            duties.give_up_late(rt, self.id)
        if not self.is_stopping and duties.lead(rt, self.id):
            sweep_once(self._app)
            self._do_duties(rt)

    def _do_duties(self, rt: Runtime) -> None:
        if not self._fork:
            duties.do_due(rt, self.id)
            return
        if self._on_duty and has_ended(self._on_duty):
            self._on_duty = None
        if not self._on_duty and duties.are_due(rt):
            self._on_duty = self._start_duties()

    def _end_duties(self) -> None:
        if self._on_duty:
            with suppress(ProcessLookupError, ChildProcessError):  # it has ended by itself
                os.kill(self._on_duty, signal.SIGKILL)
                os.waitpid(self._on_duty, 0)
            self._on_duty = None

    def _start_duties(self) -> int:
        tie = tie_to(os.getpid(), signal.SIGKILL)
        with self.still():
            pid = os.fork()
        if pid:
            return pid
        try:
            for each in (signal.SIGTERM, signal.SIGINT):
                signal.signal(each, signal.SIG_DFL)
            tie()
            with self._app.app_context():
                let_go(self._app, close=False)
                duties.do_due(runtime_of(self._app), self.id)
        except BaseException as error:
            log.warning("not tended", extra={"reason": type(error).__name__})
        finally:
            os._exit(0)

    def _be_seen(self, rt: Runtime) -> None:
        with rt.transaction() as tx:
            if not workers.be_seen(tx.session, self.id, is_stopping=self.is_stopping):
                workers.arrive(tx.session, self.id, self._lanes, version("flask-certify"), rt.clock.now())

    def _leave(self, rt: Runtime) -> None:
        duties.step_down(rt, self.id)
        with rt.transaction() as tx:
            workers.leave(tx.session, self.id)


def sweep_once(app: Flask) -> int:
    """Hints at what is due now; 0 if database or queue are away, which the next sweep finds out again."""
    with app.app_context():
        rt = runtime_of(app)
        try:
            connection = connect(rt.settings.redis_url, patient=False)
            try:
                return sum(_sweep(rt, connection, lane) for lane in LANES)
            finally:
                connection.close()
        except (redis.exceptions.RedisError, sa.exc.OperationalError, CertifyError) as error:
            log.warning("sweep postponed", extra={"reason": type(error).__name__})
            return 0


def _sweep(rt: Runtime, connection: "redis.Redis", lane: str) -> int:
    queue = open_queue(connection, rt.settings, lane)
    kinds = [name for name, kind in rt.kinds.items() if kind.lane == lane]
    return sweep(rt, lambda ids: hint(queue, ids), queue.count, kinds=kinds)


def let_go(app: Flask, *, close: bool = True) -> None:
    """Lets go of all connections; a child does not close those of its parent."""
    with app.app_context():
        for engine in engines(app):
            engine.dispose(close=close)


def engines(app: Flask) -> Iterable[Engine]:
    """Of the host's databases, in a context of its application."""
    found: dict[str | None, Engine] = app.extensions["sqlalchemy"].engines
    return found.values()
