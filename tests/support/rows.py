"""Rows with nothing in them but what the database asks for, for tests that care about one table only."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import orm

_numbers = count(1)


def plant(session: orm.Session, model: type[Any], **given: Any) -> Any:
    """The primary key of a new row of the model. What is needed and not given is made up; rows it refers to, too."""
    [key] = plant_many(session, model, 1, **given)
    return key


def plant_many(session: orm.Session, model: type[Any], count: int, **given: Any) -> list[Any]:
    """The primary keys of so many new rows, which all refer to the same others."""
    table = model.__table__
    [key] = table.primary_key
    shared, keys = dict(given), []
    for _ in range(count):
        row = _planted(session, table, shared)
        shared |= {
            column.name: row[column.name] for column in table.columns if column.foreign_keys and column.name in row
        }
        keys.append(row[key.name])
    return keys


def _planted(session: orm.Session, table: sa.Table, given: dict[str, Any]) -> dict[str, Any]:
    unknown = given.keys() - table.columns.keys()
    assert not unknown, f"{table.name} has no {unknown}"
    row = dict(given)
    for column in table.columns:
        if column.name not in row and _is_needed(column):
            row[column.name] = _referred(session, column) if column.foreign_keys else _made_up(column)
    session.execute(sa.insert(table).values(row))
    return row


def _is_needed(column: sa.Column[Any]) -> bool:
    return column.primary_key or not (column.nullable or column.default or column.server_default)


def _referred(session: orm.Session, column: sa.Column[Any]) -> Any:
    [reference] = column.foreign_keys
    return _planted(session, reference.column.table, {})[reference.column.name]


def _made_up(column: sa.Column[Any]) -> Any:
    number = next(_numbers)
    if isinstance(column.type, sa.JSON):
        return {}
    plain = column.type.impl_instance if isinstance(column.type, sa.types.TypeDecorator) else column.type
    kind = plain.python_type
    if kind is str:
        return f"x{number}"[: getattr(column.type, "length", None)]
    values: dict[type, Any] = {
        UUID: uuid4(),
        int: number,
        bool: False,
        bytes: b"x",
        datetime: datetime(2026, 1, 1, tzinfo=UTC),
    }
    return values[kind]
