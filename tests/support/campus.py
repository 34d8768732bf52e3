"""Campuses for tests: each keeps everything in a folder of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask

from examples.campus import create_app, opening, oulad
from examples.campus.models import db


@contextmanager
def campus_in(folder: Path, **environ: str) -> Iterator[Flask]:
    """A campus without anything in it. Its connections are closed afterwards."""
    app = create_app({"CAMPUS_VAR": str(folder), **environ})
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()


def load_shipped(app: Flask, *, attach: bool = True) -> list[str]:
    """Loads the run that comes with the campus; what was said meanwhile."""
    said: list[str] = []
    with app.app_context():
        opening.open_campus(oulad.SHIPPED, (), attach=attach, say=said.append)
    return said
