"""The campus, as its tests find it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.campus import campus_in, load_shipped


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A campus with the shipped run, for tests that only look."""
    with campus_in(tmp_path_factory.mktemp("campus")) as app:
        load_shipped(app)
        yield app


@pytest.fixture
def new_campus(tmp_path: Path) -> Iterator[Flask]:
    """A campus without anything in it."""
    with campus_in(tmp_path / "var") as app:
        yield app
