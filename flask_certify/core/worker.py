"""Our own worker: the application is built once, every job runs in its context, and somebody tends it beside."""

import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any

import redis
from flask import Flask
from rq import SimpleWorker, Worker
from rq.exceptions import StopRequested

from . import stopping
from .current import runtime_of
from .i18n import c_, speaking
from .queue import A_MOMENT, LANES, NamedJob, connect, open_queue, patience
from .runtime import Runtime
from .tending import Tender, engines, let_go
from .transaction import naming_trouble
from .working import Unexpected

LONGEST_WAIT = 5.0  # seconds between two looks for a queue that is away

log = logging.getLogger("flask_certify")


def build(
    app: Flask,
    connection: "redis.Redis",
    *,
    fork: bool = True,
    lanes: Sequence[str] = LANES,
    tender: Tender | None = None,
) -> Worker:
    """A worker whose jobs find the application, the driver and the engines already there.

    A forked child inherits them from its parent but must not use the parent's connections.
    """
    kind: Any = Worker if fork else SimpleWorker
    settings = runtime_of(app).settings

    class ChunkWorker(kind):  # type: ignore[misc]
        def perform_job(self, *args: Any, **kwargs: Any) -> Any:  # RQ 3 passes one argument more than RQ 2
            stopping.listen()
            with app.app_context():
                return super().perform_job(*args, **kwargs)

        def fork_work_horse(self, *args: Any, **kwargs: Any) -> Any:
            with tender.still() if tender else nullcontext():
                return super().fork_work_horse(*args, **kwargs)

        def main_work_horse(self, *args: Any, **kwargs: Any) -> Any:
            let_go(app, close=False)
            return super().main_work_horse(*args, **kwargs)

        def setup_work_horse_signals(self) -> None:
            """A supervisor that ends a whole group tells parent and child at once. The parent waits for the child, so
            the child goes on; if that takes too long, the parent tells it to give its chunk back."""
            super().setup_work_horse_signals()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.connection.set_retry(patience(A_MOMENT))  # what is done is in the database; the queue only hears of it

        def subscribe(self) -> None:
            """Nobody stops or kills a worker through Redis. Nor does RQ 2 then wait, at its end, for a thread that
            listens on a connection which is gone."""

        def unsubscribe(self) -> None:
            """There is nothing to end."""

        def request_stop(self, signum: int, frame: FrameType | None) -> None:
            if tender is not None:
                tender.is_stopping = True
            self.connection.set_retry(patience(0))  # it takes its leave of a queue that is there
            timer = threading.Timer(settings.grace_seconds, self.take_back)
            timer.daemon = True
            timer.start()
            self._stop_requested = True  # also if what is raised below gets lost on its way
            if fork and not self.horse_pid:  # whatever RQ believes: nobody is at a chunk, and a hint may be lost
                raise StopRequested()
            super().request_stop(signum, frame)

        def take_back(self) -> None:
            """Whoever is at a chunk gives it back; another worker takes it up at once."""
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(self.horse_pid or os.getpid(), stopping.SIGNAL)

    return ChunkWorker(
        [open_queue(connection, settings, lane) for lane in lanes],
        connection=connection,
        serializer="json",
        job_class=NamedJob,
        worker_ttl=60,
        job_monitoring_interval=15,
        maintenance_interval=60,
        log_job_description=False,
    )


def get_ready(app: Flask) -> None:
    """Loads what chunks need before any process is forked: each child would else load it anew.

    Raises DatabaseAway.
    """
    with app.app_context(), naming_trouble():
        preload(runtime_of(app))
        for engine in engines(app):  # asks the database once who it is, so that no child has to
            engine.connect().close()
        let_go(app)


def preload(rt: Runtime) -> None:
    """Words, libraries, fonts: whatever a kind of work says that it needs."""
    for language in rt.settings.languages:
        with speaking(language):
            c_(Unexpected.sentence, kind="")
    for kind in rt.kinds.values():
        try:
            kind.preload(rt)
        except Exception as error:  # whoever gets a chunk meets it again, and says what it means for that chunk
            log.warning("not loaded beforehand", extra={"reason": type(error).__name__})


def run(app: Flask, *, burst: bool = False, fork: bool = True, lanes: Sequence[str] = LANES) -> None:
    """Works until told to stop; with `burst` until nothing waits.

    A queue that is away is waited for, unless it is a burst. What is due is hinted at by a thread of its own.
    """
    get_ready(app)
    with _own_signals(), Tender(app, lanes, alone=burst, fork=fork) as tender, _told_once():
        wait = 0.0
        while True:
            connection = connect(runtime_of(app).settings.redis_url, patient=True)
            try:
                worker = build(app, connection, fork=fork, lanes=lanes, tender=tender)
                _until_told_to_stop(tender, wait)
                worker.work(burst=burst, logging_level="WARNING")
                if burst or tender.is_stopping:
                    return
            except StopRequested:  # told again while it took its leave of the queue
                return
            except redis.exceptions.RedisError as error:
                if burst:
                    raise
                if tender.is_stopping:  # the queue went away while it took its leave of it
                    return
                log.warning("queue away, waiting for it", extra={"reason": type(error).__name__})
            finally:
                connection.close()
            wait = min(wait + 1, LONGEST_WAIT)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Signals are the worker's for as long as it runs."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, stopping.SIGNAL)}
    stopping.listen()
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _told_once() -> Iterator[None]:
    """Who leaves leaves in order, however often it is told: the others would take it for one that fell silent."""
    try:
        yield
    finally:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)


def _until_told_to_stop(tender: Tender, seconds: float) -> None:
    """Waits so long, and ends in order if told to meanwhile: there is no chunk to finish."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, leave)
    tender.rest(seconds)
