"""The databases that every test about rows, races and migrations runs on.

`sqlite` is as it comes, in a host that did nothing; `sqlite-tuned` is a host that followed SQLAlchemy's
advice for SQLite (a real BEGIN, a write-ahead log, foreign keys); `postgres` is PostgreSQL.

Where it is about who comes first, the outbox or the tables themselves, a test runs on all three. Elsewhere the two of
SQLite differ in nothing that is asked, and a test runs on PostgreSQL and one of them, so that each room meets both.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.dialects import plugins

from tests.support.postgres import Postgres

Kind = Literal["sqlite", "sqlite-tuned", "postgres"]
KINDS: tuple[Kind, ...] = ("sqlite", "sqlite-tuned", "postgres")
ON_ALL = (
    "tests/upkeep/",
    "tests/integration/batches/",
    "tests/integration/notifications/",
    "tests/integration/credentials/test_key_dump.py",
    "tests/integration/documents/test_bundles.py",
    "tests/integration/documents/test_sweeping.py",
    "tests/integration/life/test_at_that_moment.py",
    "tests/integration/test_changes.py",
    "tests/integration/test_installation.py",
    "tests/integration/test_many_rows.py",
    "tests/integration/test_night.py",
    "tests/integration/test_outbox.py",
    "tests/integration/test_telemetry.py",
    "tests/integration/test_turns.py",
    "tests/integration/test_worker.py",
)


def kinds_for(test: str) -> tuple[Kind, ...]:
    """The kinds on which the test of this id runs: always the same."""
    if test.startswith(ON_ALL):
        return KINDS
    return ("sqlite" if crc32(test.encode()) % 2 else "sqlite-tuned"), "postgres"


@dataclass(frozen=True)
class Database:
    """An empty database of its own. `url` is for engines made in this process, `url_elsewhere` for programs
    that a test starts: the tuning of SQLite is done by a host's code, which they would not have."""

    kind: Kind
    url: str
    url_elsewhere: str


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """A file as SQLite's driver comes."""
    url = f"sqlite:///{folder}/host.db"
    yield Database("sqlite", url, url)


@contextmanager
def sqlite_tuned(folder: Path) -> Iterator[Database]:
    """A file whose engines, made with this URL in this process, are tuned as a careful host tunes its own."""
    url = f"sqlite:///{folder}/host.db"
    yield Database("sqlite-tuned", f"{url}?plugin=tuned", url)


@contextmanager
def postgres(server: Postgres) -> Iterator[Database]:
    """A database of its own on the session's server."""
    with server.new_database() as url:
        yield Database("postgres", url, url)


class Tuned(sa.CreateEnginePlugin):
    """Puts a careful host's listeners on the engine, and on that engine only."""

    def update_url(self, url: sa.URL) -> sa.URL:
        return url  # there is nothing to take out: SQLAlchemy has taken out the plugin's name

    def engine_created(self, engine: sa.Engine) -> None:
        sa.event.listen(engine, "connect", _connected)
        sa.event.listen(engine, "begin", _begun)


def _connected(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # the driver no longer decides when a transaction begins
    for setting in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        raw.execute(f"PRAGMA {setting}")


def _begun(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN")


plugins.register("tuned", __name__, "Tuned")
