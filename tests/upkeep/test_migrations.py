"""Our tables go up and down, on empty and on full data, and the host's stay as they are."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.models import Award
from flask_certify.core import schema
from flask_certify.core.db import PREFIX, derive, metadata
from flask_certify.core.runtime import Runtime
from flask_certify.core.schema import DanglingRows, TablesDiffer, UnknownRevision
from flask_certify.issuing import bulk
from tests.support.story import MIA, RUN


def tables(engine: sa.Engine) -> set[str]:
    return {name for name in sa.inspect(engine).get_table_names() if name.startswith(PREFIX)}


def test_up_down_up_leaves_no_difference_to_the_models(database_url: str) -> None:
    engine = derive(sa.create_engine(database_url))
    schema.upgrade(engine)
    assert tables(engine) == {*metadata.tables, schema.VERSION_TABLE}
    schema.check(engine)
    schema.downgrade(engine, "base")
    assert tables(engine) <= {schema.VERSION_TABLE}
    assert not schema.is_current(engine)
    with pytest.raises(TablesDiffer):
        schema.check(engine)
    schema.upgrade(engine)
    schema.check(engine)
    assert schema.is_current(engine)
    engine.dispose()


def test_full_tables_go_down_and_up_too(rt: Runtime) -> None:
    """R-257."""
    bulk.issue_and_wait(rt, RUN, MIA, notify=True, patience=5)
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Award)) == 3
    schema.downgrade(rt.engine, "base")
    schema.upgrade(rt.engine)
    schema.check(rt.engine)


def test_four_upgrades_at_once_all_succeed(database_url: str) -> None:
    engines = [derive(sa.create_engine(database_url)) for _ in range(4)]
    for engine in engines:
        engine.connect().close()  # a host's switch to a write-ahead log does not wait for others
    start, trouble = threading.Barrier(4), list[Exception]()

    def upgrade(engine: sa.Engine) -> None:
        start.wait()
        try:
            schema.upgrade(engine)
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=upgrade, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    schema.check(engines[0])
    for engine in engines:
        engine.dispose()


def test_a_step_that_does_not_exist_is_refused_in_words_and_changes_nothing(database_url: str) -> None:
    engine = derive(sa.create_engine(database_url))
    with pytest.raises(UnknownRevision, match="no such step"):
        schema.upgrade(engine, "nonsense")
    assert tables(engine) == set()
    engine.dispose()


def test_a_step_that_fails_half_way_leaves_nothing_behind(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = derive(sa.create_engine(database_url))

    def makes_half(config: object, revision: str) -> None:
        connection: sa.Connection = config.attributes["connection"]  # type: ignore[attr-defined]
        connection.execute(sa.text("CREATE TABLE certify_half (id INTEGER)"))
        raise ZeroDivisionError

    monkeypatch.setattr(schema.command, "upgrade", makes_half)
    with pytest.raises(ZeroDivisionError):
        schema.upgrade(engine)
    assert tables(engine) == set()
    engine.dispose()


def test_rows_that_would_refer_to_nothing_stop_a_step_on_sqlite(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    if rt.engine.dialect.name != "sqlite":
        return  # PostgreSQL refuses such rows by itself, in the statement that makes them
    bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=5)

    def loses_runs(config: object, revision: str) -> None:
        config.attributes["connection"].execute(sa.text("DELETE FROM certify_run"))  # type: ignore[attr-defined]

    monkeypatch.setattr(schema.command, "upgrade", loses_runs)
    with pytest.raises(DanglingRows):
        schema.upgrade(rt.engine)
    with rt.reading() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM certify_run")) == 2


def test_the_host_makes_and_drops_its_tables_past_ours(host_app: Flask) -> None:
    with host_app.app_context():
        db = host_app.extensions["sqlalchemy"]
        before = tables(db.engine)
        db.drop_all()
        db.create_all()
        assert tables(db.engine) == before
        schema.check(derive(db.engine))
