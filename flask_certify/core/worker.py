"""Our own worker: the application is built once, every job runs in its context, and a sweeper runs beside it."""

import logging
import signal
import threading
from collections.abc import Iterable
from typing import Any

import redis
import sqlalchemy as sa
from flask import Flask
from rq import SimpleWorker, Worker
from sqlalchemy import Engine

from .current import runtime_of
from .errors import CertifyError
from .i18n import c_, speaking
from .queue import NamedJob, connect, hint, open_queue
from .runtime import Runtime
from .working import Unexpected, sweep

SWEEP_SECONDS = 1.0

log = logging.getLogger("flask_certify")


def build(app: Flask, connection: "redis.Redis", *, fork: bool = True) -> Worker:
    """A worker whose jobs find the application, the driver and the engines already there.

    A forked child inherits them from its parent but must not use the parent's connections.
    """
    kind: Any = Worker if fork else SimpleWorker

    class ChunkWorker(kind):  # type: ignore[misc]
        def perform_job(self, *args: Any, **kwargs: Any) -> Any:  # RQ 3 passes one argument more than RQ 2
            with app.app_context():
                return super().perform_job(*args, **kwargs)

        def main_work_horse(self, *args: Any, **kwargs: Any) -> Any:
            with app.app_context():
                for engine in _engines(app):
                    engine.dispose(close=False)
            return super().main_work_horse(*args, **kwargs)

        def setup_work_horse_signals(self) -> None:
            """A supervisor that ends a whole group tells parent and child at once. The parent waits for the child,
            so the child goes on; what must end is killed with -9."""
            super().setup_work_horse_signals()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    with app.app_context():
        preload(runtime_of(app))
        for engine in _engines(app):  # asks the database once who it is, so that no child has to
            engine.connect().close()
            engine.dispose()
    settings = runtime_of(app).settings
    return ChunkWorker(
        [open_queue(connection, settings)],
        connection=connection,
        serializer="json",
        job_class=NamedJob,
        worker_ttl=60,
        job_monitoring_interval=15,
        maintenance_interval=60,
        log_job_description=False,
    )


def preload(rt: Runtime) -> None:
    """Loads what chunks need before any process is forked: each child would else load it anew."""
    for language in rt.settings.languages:
        with speaking(language):
            c_(Unexpected.sentence, kind="")
    for kind in rt.kinds.values():
        try:
            kind.preload(rt)
        except Exception as error:  # whoever gets a chunk meets it again, and says what it means for that chunk
            log.warning("not loaded beforehand", extra={"reason": type(error).__name__})


def run(app: Flask, *, burst: bool = False, fork: bool = True) -> None:
    """Works until told to stop; with `burst` until nothing waits. A sweeper runs in a thread of its own."""
    settings = runtime_of(app).settings
    stopped = threading.Event()
    sweeper = threading.Thread(target=_sweep_until, args=(app, stopped), name="sweeper", daemon=True)
    connection = connect(settings.redis_url, patient=True)
    try:
        sweep_once(app)
        if not burst:
            sweeper.start()
        build(app, connection, fork=fork).work(burst=burst, logging_level="WARNING")
    finally:
        stopped.set()
        connection.close()


def sweep_once(app: Flask) -> int:
    """Hints at what is due now; 0 if database or queue are away, which the next sweep finds out again."""
    with app.app_context():
        rt = runtime_of(app)
        try:
            connection = connect(rt.settings.redis_url, patient=False)
            try:
                queue = open_queue(connection, rt.settings)
                return sweep(rt, lambda ids: hint(queue, ids), queue.count)
            finally:
                connection.close()
        except (redis.exceptions.RedisError, sa.exc.OperationalError, CertifyError) as error:
            log.warning("sweep postponed", extra={"reason": type(error).__name__})
            return 0


def _sweep_until(app: Flask, stopped: threading.Event) -> None:
    while not stopped.wait(SWEEP_SECONDS):
        sweep_once(app)


def _engines(app: Flask) -> Iterable[Engine]:
    engines: dict[str | None, Engine] = app.extensions["sqlalchemy"].engines
    return engines.values()
