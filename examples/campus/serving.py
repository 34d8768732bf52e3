"""The whole demo in one command: a queue, two workers, the campus's pages, and certificates for a real run.

Everything started here ends with this process, however that ends: nothing is left behind.
"""

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import click
from flask import Flask
from werkzeug.serving import make_server

from flask_certify.achievements.service import list_issuers
from flask_certify.core.children import start_tied, stop
from flask_certify.core.current import current_runtime
from flask_certify.core.embedded import start_valkey

from . import checking, config, demo, models, opening, oulad

ADDRESS = "127.0.0.1"
NAME = "localhost"  # what the same address is called in certificates: did:web takes no numbers
WORKERS = 2
PATIENCE = 30  # seconds a worker has to finish the chunk it is at
PROJECT = Path(__file__).parents[2]


class CannotServe(Exception):
    """Something the demo needs is missing or has ended. The sentence says what to do."""


def serve(environ: dict[str, str], *, port: int, once: bool) -> int:
    """Serves until told to stop; with `once` until everything is issued and checked. The exit status."""
    _refuse_taken(port)
    environ = dict(environ)
    if not environ.get("CERTIFY_PUBLIC_URL"):
        environ["CERTIFY_PUBLIC_URL"] = f"http://{NAME}:{port}"
    folder = config.folder_of(environ)
    with _until_told_to_stop(), ExitStack() as running:
        if not environ.get("CERTIFY_REDIS_URL"):
            valkey = start_valkey(folder / "valkey")
            running.callback(valkey.stop)
            environ["CERTIFY_REDIS_URL"] = valkey.url
        app = _open(environ, folder)
        workers = running.enter_context(_working(environ, folder))
        running.enter_context(_serving(app, port))

        def watch() -> None:
            _refuse_dead(workers, folder)

        with app.app_context():
            result = demo.issue(oulad.SHIPPED_RUN, watch=watch)
            click.echo(demo.summary(result, demo.wait_for_messages(watch=watch)))
            if once:
                return 0 if checking.check(oulad.SHIPPED_RUN, say=click.echo) else 1
            click.echo(demo.welcome(f"http://{NAME}:{port}", checking.list_issued(oulad.SHIPPED_RUN), folder))
        while True:
            time.sleep(1)  # not signal.pause(): what is told between two looks would be slept through
    return 130 if once else 0


def _open(environ: dict[str, str], folder: Path) -> Flask:
    """The application, with the shipped run in its database."""
    from .app import create_app  # which itself offers the command that leads here

    app = create_app(environ)
    with app.app_context():
        opening.open_campus(oulad.SHIPPED, (), attach=True, say=_say)
        _refuse_another_address(folder)
    return app


@contextmanager
def _until_told_to_stop() -> Iterator[None]:
    """Ctrl-C and SIGTERM end what is inside, in order. Told twice, it goes on ending in order."""
    told = False  # not an Event, whose lock a second signal would wait for

    def stop_once(number: int, frame: object) -> None:
        nonlocal told
        if not told:
            told = True
            raise KeyboardInterrupt

    before = {each: signal.signal(each, stop_once) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        click.echo("\nThe campus is closed.", err=True)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _working(environ: dict[str, str], folder: Path) -> Iterator[Sequence[subprocess.Popen[bytes]]]:
    """Two workers. Ctrl-C in the terminal does not reach them; they are told here, and finish what they are at."""
    command = [sys.executable, "-m", "flask", "--app", "examples.campus", "certify", "worker"]
    workers = [
        start_tied(
            command,
            on_owner_death=signal.SIGTERM,
            log=folder / "workers.log",
            cwd=PROJECT,
            env=environ | {"CAMPUS_VAR": str(folder)},
            start_new_session=True,
        )
        for _ in range(WORKERS)
    ]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.terminate()  # once: whoever is told again while at a chunk drops it
        give_up_at = time.monotonic() + PATIENCE
        for worker in workers:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(max(0, give_up_at - time.monotonic()))
            stop(worker, signal.SIGKILL)


@contextmanager
def _serving(app: Flask, port: int) -> Iterator[None]:
    """The pages, served by threads of this process. Only warnings are written to the terminal."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server(ADDRESS, port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, name="pages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            models.db.engine.dispose()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            raise CannotServe(f"Port {port} is taken. Choose another with --port.") from None


def _refuse_another_address(folder: Path) -> None:
    """An address is printed in every QR code, so a campus that was opened under one keeps it."""
    rt = current_runtime()
    with rt.reading() as session:
        before = {issuer.base for issuer in list_issuers(session)} - {rt.settings.base}
    if before:
        raise CannotServe(
            f"The certificates of this campus lead to {before.pop()}, and now it would be {rt.settings.base}. "
            f"Serve it under the old address (--port, CERTIFY_PUBLIC_URL), or begin anew: remove {folder}, "
            "or name another folder in CAMPUS_VAR."
        )


def _refuse_dead(workers: Sequence[subprocess.Popen[bytes]], folder: Path) -> None:
    if all(worker.poll() is not None for worker in workers):
        raise CannotServe(f"The workers have ended. See why in {folder / 'workers.log'}")


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
