from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Issued, issued_in


@pytest.fixture
def issued(database_url: str) -> Iterator[Issued]:
    """The story's host, on each kind of database."""
    with issued_in(database_url) as ready:
        yield ready


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Issued]:
    """The same on SQLite alone: for what no database can change."""
    with issued_in(f"sqlite:///{tmp_path}/host.db") as ready:
        yield ready
