"""A site on SQLite whose workers are processes of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import databases, havoc, mail_server
from tests.support.havoc import Site


@pytest.fixture
def make_site(tmp_path: Path, redis_url: str) -> Iterator[Callable[..., Site]]:
    """Makes a site; keywords are those of `havoc.opened`."""
    with ExitStack() as standing:
        database = standing.enter_context(databases.sqlite(tmp_path))
        office = standing.enter_context(mail_server.running())

        def make(learners: int, **settings: str) -> Site:
            settings = {"CERTIFY_REDIS_URL": redis_url} | settings
            return standing.enter_context(
                havoc.opened(database.url_elsewhere, tmp_path, office, learners=learners, **settings)
            )

        yield make
