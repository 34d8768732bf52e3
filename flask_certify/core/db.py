"""Our tables, in a MetaData of our own, and our transactions on the host's engine, which stays as it is.

The host's `create_all` and `drop_all` pass our tables by. We never touch `db.session`, add no listener and set
no pragma or isolation level on the host's engine (DESIGN decision 4).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, orm
from sqlalchemy.engine import Dialect

from . import many_rows
from .errors import Misconfigured
from .i18n import N_

PREFIX = "certify_"

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(orm.DeclarativeBase):
    metadata = metadata


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware in, aware UTC out, on databases that keep zones and on those that do not (R-090)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a zone cannot be stored.")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = sa.JSON()
"""A JSON column on both databases. Nothing is ever searched inside it."""


class SharedConnection(Misconfigured):
    code = "database.shared_connection"
    sentence = N_(
        "Certificates need a database in a file or on a server. This one is in memory, where everybody shares "
        "one connection. Set SQLALCHEMY_DATABASE_URI to a file, for example sqlite:///site.db"
    )


def derive(host_engine: Engine) -> Engine:
    """Our view of the host's engine: the same pool, and an option by which our work can be told apart.

    Raises SharedConnection for a database in memory.
    """
    if isinstance(host_engine.pool, (sa.pool.StaticPool, sa.pool.SingletonThreadPool)):
        raise SharedConnection()
    return host_engine.execution_options(certify=True)


def may_write(connection: Connection) -> None:
    """Makes the transaction that has just begun a real one that may write from its beginning.

    Not as a listener to "begin" on the derived engine: that one is called before the host's own, and a host that
    begins by itself, as SQLAlchemy's manual advises, then fails.
    """
    if connection.dialect.name != "sqlite":
        return
    raw = connection.connection.dbapi_connection
    assert raw is not None
    if raw.in_transaction:
        raw.rollback()  # nothing happened in it: the host's listener began it a moment ago
    connection.exec_driver_sql("BEGIN IMMEDIATE")


class WritingSession(orm.Session):
    """A session of ours that writes. Bound to the derived engine, never the host's session."""


@sa.event.listens_for(WritingSession, "after_begin")
def _begun(session: WritingSession, transaction: orm.SessionTransaction, connection: Connection) -> None:
    if not transaction.nested:
        may_write(connection)


def insert_or_ignore(
    session: orm.Session,
    table: type[Base],
    rows: Iterable[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    where: str | None = None,
) -> int:
    """Inserts the rows that are not there yet, judged by the unique index on `keys` (with condition `where`): how many.

    Rows go in sorted by these keys, so two transactions about the same rows cannot deadlock. No rows is nothing: an
    empty insert would otherwise make a row of defaults.
    """
    ordered = many_rows.in_order(rows, keys)
    return _write(session, table, ordered, keys=tuple(keys), where=where, clash="keep")


def insert_many(session: orm.Session, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows as they are, without the detour over objects, which takes as long again. No rows is nothing."""
    _write(session, table, rows)


def update_many(
    session: orm.Session, table: type[Base], rows: Iterable[Mapping[str, Any]], *, keys: Sequence[str]
) -> None:
    """Writes each row over the one with the same keys, if there is one. All rows have the same columns."""
    _write(session, table, many_rows.in_order(rows, keys), keys=tuple(keys), only_there=True)


def upsert(
    session: orm.Session,
    table: type[Base],
    rows: Iterable[Mapping[str, Any]],
    *,
    keys: Sequence[str],
    changes: Callable[[Any], Mapping[str, Any]] | None = None,
) -> None:
    """Inserts the rows, or writes them over those with the same keys, the last one of each. All rows have the same
    columns.

    `changes` says what is written over a row that is there, given the row that would have been inserted; without it all
    of it is.
    """
    last = {tuple(row[key] for key in keys): row for row in rows}
    ordered = many_rows.in_order(last.values(), keys)
    if changes is None:
        _write(session, table, ordered, keys=tuple(keys), clash="replace")
    elif ordered:
        statement = many_rows.inserting(_of(table), session.get_bind().dialect.name)
        written = dict(changes(statement.excluded))
        session.connection().execute(statement.on_conflict_do_update(index_elements=list(keys), set_=written), ordered)


def _write(session: orm.Session, table: type[Base], rows: Sequence[Mapping[str, Any]], **how: Any) -> int:
    if not rows:
        return 0
    return many_rows.write(session.connection(), many_rows.Statement(_of(table), tuple(rows[0]), **how), rows)


def _of(table: type[Base]) -> sa.Table:
    found = table.__table__
    assert isinstance(found, sa.Table)
    return found
