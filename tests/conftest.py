"""Fixtures that several kinds of test share.

No fixture is called `app`: pytest-flask would then keep a request open around every test that uses it, and
hide what does not work without one. Call it `host_app`, or what it is.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from flask import Flask

from flask_certify.core.current import runtime_of
from flask_certify.core.embedded import Valkey, start_valkey
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from tests.support import databases, postgres, story
from tests.support.databases import Database, Kind, kinds_for
from tests.support.postgres import Postgres

hypothesis.settings.register_profile("house", deadline=None)  # no test asks how long something took
hypothesis.settings.load_profile("house")


@pytest.fixture(scope="session")
def pg_server() -> Iterator[Postgres]:
    """One PostgreSQL server for the whole run."""
    with postgres.running() as server:
        yield server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", kinds_for(metafunc.definition.nodeid), indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind in turn that is asked of the test (`kinds_for`), one test each."""
    kind: Kind = request.param
    match kind:
        case "sqlite":
            opened = databases.sqlite(tmp_path)
        case "sqlite-tuned":
            opened = databases.sqlite_tuned(tmp_path)
        case "postgres":
            opened = databases.postgres(request.getfixturevalue("pg_server"))
    with opened as ready:
        yield ready


@pytest.fixture
def database_url(database: Database) -> str:
    """The URL of an empty database, of each kind in turn. Whoever makes an engine disposes of it."""
    return database.url


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """One Valkey server for the whole run. Who needs it empty asks for `redis_url`."""
    with tempfile.TemporaryDirectory(prefix="vk") as home:
        server = start_valkey(Path(home))
        yield server
        server.stop()


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """The URL of the Valkey server, emptied for this test."""
    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def host() -> MemoryHost:
    """The small platform of tests/support/story.py."""
    return story.make_host()


@pytest.fixture
def host_app(database_url: str, host: MemoryHost) -> Iterator[Flask]:
    """An application with Certify on it, on each kind of database in turn; two tenants may issue at once."""
    with story.opened(database_url, host) as application:
        yield application


@pytest.fixture
def rt(host_app: Flask) -> Iterator[Runtime]:
    """Its runtime, within the context that a command or a job has."""
    with host_app.app_context():
        yield runtime_of(host_app)
