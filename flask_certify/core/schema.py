"""Bring our tables into a host's database, change them, compare them. The host's stay alone (DESIGN decision 5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from .db import PREFIX
from .errors import Conflict, Misconfigured
from .i18n import N_
from .transaction import naming_trouble

VERSION_TABLE = "certify_alembic_version"
LOCK = 7_274_011_998  # of ours alone, among all that use advisory locks in this database


class TablesDiffer(Conflict):
    code = "db.differs"
    sentence = N_("The tables differ from what this version expects. Run: flask certify db upgrade")


class UnknownRevision(Misconfigured):
    code = "db.unknown_revision"
    sentence = N_("There is no such step of our migrations. `base` is before the first, `heads` after the last.")


class DanglingRows(Conflict):
    code = "db.dangling_rows"
    sentence = N_("%(count)s rows would refer to nothing, so nothing was changed.")


def include_object(thing: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """For the host's Alembic: without it, its next autogenerate drops our tables."""
    return not (type_ == "table" and name is not None and name.startswith(PREFIX))


def upgrade(engine: Engine, revision: str = "heads") -> None:
    """All steps or none. Four at once change nothing but the order. Raises UnknownRevision."""
    _run(engine, command.upgrade, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """All steps or none. Raises UnknownRevision."""
    _run(engine, command.downgrade, revision)


def check(engine: Engine) -> None:
    """Raises TablesDiffer where the tables differ from the models."""
    with naming_trouble(), engine.connect() as connection:
        try:
            command.check(_config(connection))
        except CommandError as error:
            raise TablesDiffer() from error


def ping(engine: Engine) -> None:
    """Raises DatabaseAway, DatabaseBusy."""
    with naming_trouble(), engine.connect() as connection:
        connection.execute(sa.select(1))


def is_current(engine: Engine) -> bool:
    """For the doctor: does the database stand where the code does?"""
    with naming_trouble(), engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return set(context.get_current_heads()) == _heads()


@cache
def _heads() -> frozenset[str]:
    """Where the code stands. Read once: each step is a file, and readiness is asked every few seconds."""
    return frozenset(ScriptDirectory.from_config(_settings()).get_heads())


def _run(engine: Engine, step: Any, revision: str) -> None:
    with naming_trouble(), _alone(engine) as connection:
        try:
            step(_config(connection), revision)
        except CommandError as error:
            raise UnknownRevision() from error


def _config(connection: Connection) -> Config:
    made = _settings()
    made.attributes["connection"] = connection
    return made


def _settings() -> Config:
    made = Config()
    made.set_main_option("script_location", str(files("flask_certify.migrations")).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """One transaction and one process at a time: all of the steps are made, or none."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            with _alone_on_sqlite(connection):
                yield connection
            return
        with connection.begin():
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
            yield connection


@contextmanager
def _alone_on_sqlite(connection: Connection) -> Iterator[None]:
    """The driver opens no transaction for DDL, so we do. While foreign keys are enforced, a table that is made anew
    would take the rows that refer to it along; they are checked instead."""
    raw: Any = connection.connection.dbapi_connection
    isolation, enforced = raw.isolation_level, raw.execute("PRAGMA foreign_keys").fetchone()[0]
    raw.isolation_level = None
    raw.execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
    try:
        with connection.begin():
            if raw.in_transaction:
                raw.rollback()  # empty: a listener of the host began it a moment ago
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
            broken = [
                row for row in connection.exec_driver_sql("PRAGMA foreign_key_check") if row[0].startswith(PREFIX)
            ]
            if broken:
                raise DanglingRows(count=len(broken))
    finally:
        raw.execute(f"PRAGMA foreign_keys={int(enforced)}")
        raw.isolation_level = isolation
