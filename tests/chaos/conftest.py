"""A site on SQLite as it comes, and on PostgreSQL, with a mail server that takes every letter."""

import os
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import databases, havoc, mail_server
from tests.support.havoc import Site

MakeSite = Callable[..., Site]


@pytest.fixture(params=["sqlite", "postgres"])
def make_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeSite]:
    """Makes a site; keywords are those of `havoc.opened`."""
    with ExitStack() as standing:
        if request.param == "sqlite":
            database = standing.enter_context(databases.sqlite(tmp_path))
        else:
            database = standing.enter_context(databases.postgres(request.getfixturevalue("pg_server")))
        office = standing.enter_context(mail_server.running())

        def make(learners: int, **settings: str) -> Site:
            opened = havoc.opened(database.url_elsewhere, tmp_path, office, learners=learners, **settings)
            return standing.enter_context(opened)

        yield make


@pytest.fixture
def dice() -> random.Random:
    """Chance that can be had again: it says what it began with, and pytest shows that when a test fails."""
    seed = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
    print(f"to have the same chances again: CHAOS_SEED={seed}")
    return random.Random(seed)
