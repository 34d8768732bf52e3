from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support import story
from tests.support.templates import make_host


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """For tests of designers, on one kind of database: what depends on it is tested in test_documents_service.py."""
    with story.opened(f"sqlite:///{tmp_path / 'host.db'}", make_host()) as app, app.app_context():
        yield app
