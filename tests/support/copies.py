"""Tables, and whole sites, that were made once and are copied for each test.

Making them takes tenths of a second, copying them a few milliseconds, and thousands of tests want them. Migrations
and setting up have tests of their own, which never ask for a copy.
"""

from collections.abc import Callable
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql

_sqlite: dict[tuple[str, str], bytes] = {}
"""The whole file, for each content and journal mode: the file says which it has."""
_postgres: dict[tuple[str, str], str] = {}
"""The database that is copied, for each content and server."""


def fill(engine: sa.Engine, make: Callable[[], None], content: str = "tables") -> None:
    """An empty database gets what `make` made in the first one of its kind that was to have this content. For one that
    is not empty, or that lives in memory, `make` is called."""
    if sa.inspect(engine).get_table_names() or not engine.url.database:
        make()
    elif engine.dialect.name == "sqlite":
        _fill_sqlite(engine, Path(engine.url.database), make, content)
    else:
        _fill_postgres(engine, engine.url.database, str(engine.url.query["host"]), make, content)


def _fill_sqlite(engine: sa.Engine, path: Path, make: Callable[[], None], content: str) -> None:
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    if (content, mode) not in _sqlite:
        make()
        engine.dispose()  # the last to leave moves everything into the file
        _sqlite[content, mode] = path.read_bytes()
    else:
        engine.dispose()
        path.write_bytes(_sqlite[content, mode])


def _fill_postgres(engine: sa.Engine, name: str, server: str, make: Callable[[], None], content: str) -> None:
    is_first = (content, server) not in _postgres
    if is_first:
        make()
    engine.dispose()  # a database is copied, or dropped, only while nobody is connected
    with psycopg.connect(host=server, user="postgres", dbname="postgres", autocommit=True) as connection:
        if is_first:
            connection.execute(_copying(f"copied_{name}", name))
            _postgres[content, server] = f"copied_{name}"
        else:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
            connection.execute(_copying(name, _postgres[content, server]))


def _copying(new: str, old: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(new), sql.Identifier(old))
