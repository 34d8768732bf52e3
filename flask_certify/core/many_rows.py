"""Many rows into one table, or over those that are there: as few steps for each as the database allows.

SQLAlchemy looks at every value of every row again; for thousands of rows of one shape that takes several times as long
as the database itself. Here it is asked once what the statement is and how a column is written. SQLite then gets the
rows as its driver wants them, PostgreSQL all of them in one JSON text, which it takes apart itself. Whatever either
cannot take that way goes by SQLAlchemy, as any other row.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect

MANY = 50
"""From so many rows on it is worth while."""

COUNTED: Mapping[str, Any] = {"preserve_rowcount": True}

Row = Mapping[str, Any]
Write = Callable[[Any], Any]


@dataclass(frozen=True)
class Statement:
    """What is done with rows that have these columns: inserted, or written over those with the same keys."""

    table: sa.Table
    names: tuple[str, ...]
    keys: tuple[str, ...] = ()
    where: str | None = None
    """The condition of the index on the keys."""
    clash: str = "fail"
    """Of a row that is there already: `fail`, `keep` it, or `replace` what it says."""
    only_there: bool = False
    """Rows that are not there are not inserted."""


def write(connection: Connection, statement: Statement, rows: Sequence[Row]) -> int:
    """How many rows it has made or changed. All rows have the columns of the statement, and no keys twice."""
    if len(rows) >= MANY and not _is_filled_in_python(statement):
        way = _to_sqlite if connection.dialect.name == "sqlite" else _to_postgresql
        done = way(connection, statement, rows)
        if done is not None:
            return done
    given = [{_gap(name): row[name] for name in statement.names} for row in rows] if statement.only_there else rows
    plain = _plain(statement, connection.dialect.name)
    return connection.execute(plain, given, execution_options=COUNTED).rowcount


@lru_cache(maxsize=256)
def _is_filled_in_python(statement: Statement) -> bool:
    """Whether SQLAlchemy adds a column to the rows."""
    others = [column for column in statement.table.columns if column.name not in statement.names]
    return any(column.onupdate if statement.only_there else column.default for column in others)


# ---- what is said ----------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _plain(statement: Statement, dialect: str) -> Any:
    """The statement for one row at a time."""
    table = statement.table
    if statement.only_there:
        found = sa.and_(*(table.c[key] == sa.bindparam(_gap(key), type_=table.c[key].type) for key in statement.keys))
        return sa.update(table).where(found).values({name: sa.bindparam(_gap(name)) for name in _others(statement)})
    return _clashing(statement, dialect, inserting(table, dialect))


def _gap(name: str) -> str:
    """SQLAlchemy keeps the names of columns for itself."""
    return f"to_{name}"


def inserting(table: sa.Table, dialect: str) -> Any:
    """Both dialects offer the same methods here, but share no type that has them."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def _clashing(statement: Statement, dialect: str, insert: Any) -> Any:
    """The condition is text: as an expression it carries parameters, which PostgreSQL refuses from the 11th execution
    on."""
    where = sa.text(statement.where) if statement.where else None
    if statement.clash == "keep":
        return insert.on_conflict_do_nothing(index_elements=list(statement.keys), index_where=where)
    if statement.clash == "replace":
        written = {name: insert.excluded[name] for name in _others(statement)}
        return insert.on_conflict_do_update(index_elements=list(statement.keys), index_where=where, set_=written)
    return insert


def _others(statement: Statement) -> list[str]:
    return [name for name in statement.names if name not in statement.keys]


# ---- SQLite ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Prepared:
    """A statement as the driver takes it, the columns in the order of its gaps, and how each is written."""

    text: str
    names: tuple[str, ...]
    writers: tuple[Write | None, ...]


_prepared: WeakKeyDictionary[Dialect, dict[Statement, _Prepared | None]] = WeakKeyDictionary()


def _to_sqlite(connection: Connection, statement: Statement, rows: Sequence[Row]) -> int | None:
    known = _prepared.setdefault(connection.dialect, {})
    if statement not in known:
        known[statement] = _prepare(statement, connection.dialect)
    ready = known[statement]
    if ready is None:
        return None
    columns = [_column(rows, name, write) for name, write in zip(ready.names, ready.writers, strict=True)]
    return connection.exec_driver_sql(ready.text, list(zip(*columns, strict=True)), COUNTED).rowcount


def _prepare(statement: Statement, dialect: Dialect) -> _Prepared | None:
    """None: it has other gaps than the columns of the rows."""
    names = {_gap(name) if statement.only_there else name: name for name in statement.names}
    compiled = _plain(statement, "sqlite").compile(
        dialect=dialect, column_keys=None if statement.only_there else list(names)
    )
    gaps = compiled.positiontup
    if gaps is None or sorted(gaps) != sorted(names):
        return None
    order = tuple(names[gap] for gap in gaps)
    writers = tuple(statement.table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order)
    return _Prepared(str(compiled), order, writers)


def _column(rows: Sequence[Row], name: str, write: Write | None) -> list[Any]:
    """All values of one column. Those that are one and the same object are written once."""
    values = [row[name] for row in rows]
    if write is None:
        return values
    known = {id(value): value for value in values}
    if len(known) == len(values):
        return [write(value) for value in values]
    written = {key: write(value) for key, value in known.items()}
    return [written[id(value)] for value in values]


# ---- PostgreSQL ------------------------------------------------------------------------------------


def _to_postgresql(connection: Connection, statement: Statement, rows: Sequence[Row]) -> int | None:
    text = _as_json(statement, rows, connection.dialect)
    if text is None:
        return None
    return connection.execute(_from_json(statement), {"rows": text}, execution_options=COUNTED).rowcount


def _as_json(statement: Statement, rows: Sequence[Row], dialect: Dialect) -> str | None:
    """None: there is something that JSON cannot say, or PostgreSQL not read from it."""
    columns = []
    for name in statement.names:
        type_ = statement.table.c[name].type
        if not _is_sayable(type_):
            return None
        values = _column(rows, name, _writer(type_, dialect))
        if isinstance(type_, sa.JSON) and not type_.none_as_null and None in values:
            return None
        columns.append(values)
    given = [dict(zip(statement.names, row, strict=True)) for row in zip(*columns, strict=True)]
    text = json.dumps(given, ensure_ascii=False, separators=(",", ":"))
    # In a JSON column zero bytes and half characters are kept as they are escaped, here both are refused.
    return None if "\\u0000" in text or _has_half_characters(text) else text


def _has_half_characters(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _is_sayable(type_: Any) -> bool:
    shown = type_.impl if isinstance(type_, sa.types.TypeDecorator) else type_
    return isinstance(shown, (sa.String, sa.Integer, sa.Boolean, sa.Uuid, sa.DateTime, sa.JSON))


def _writer(type_: Any, dialect: Dialect) -> Write | None:
    shown = type_.impl if isinstance(type_, sa.types.TypeDecorator) else type_
    if isinstance(shown, sa.Uuid):
        return lambda value: None if value is None else str(value)
    if not isinstance(shown, sa.DateTime):
        return None

    def moment(value: Any) -> str | None:
        bound = type_.process_bind_param(value, dialect) if isinstance(type_, sa.types.TypeDecorator) else value
        return None if bound is None else bound.isoformat()

    return moment


@lru_cache(maxsize=256)
def _from_json(statement: Statement) -> Any:
    """One statement for all rows, in their order."""
    table = statement.table
    columns = [sa.column(name, table.c[name].type) for name in statement.names]
    said = sa.cast(sa.bindparam("rows", type_=sa.Text()), sa.JSON)
    given = sa.func.json_to_recordset(said).table_valued(*columns).render_derived(name="given", with_types=True)
    if statement.only_there:
        found = sa.and_(*(table.c[key] == given.c[key] for key in statement.keys))
        return sa.update(table).where(found).values({name: given.c[name] for name in _others(statement)})
    chosen = sa.select(*(given.c[name] for name in statement.names))
    insert = inserting(table, "postgresql").from_select(list(statement.names), chosen, include_defaults=False)
    return _clashing(statement, "postgresql", insert)


# ---- order -----------------------------------------------------------------------------------------


def in_order(rows: Iterable[Row], keys: Sequence[str]) -> list[Row]:
    """The rows by their keys, so that two transactions about the same rows cannot deadlock."""
    found = list(rows)
    for key in reversed([each for each in keys if _differs(found, each)]):
        found.sort(key=lambda row, key=key: str(row[key]))  # type: ignore[misc]
    return found


def _differs(rows: Sequence[Row], key: str) -> bool:
    return any(row[key] is not rows[0][key] and row[key] != rows[0][key] for row in rows)
