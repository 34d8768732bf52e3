"""What commands of every room share. A room's own commands stand in its `commands.py`, which cli.py composes."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from .errors import CertifyError


@contextmanager
def told(*, as_json: bool = False) -> Iterator[None]:
    """An error of ours becomes a sentence on stderr, and JSON on stdout if asked for; the command ends with 2."""
    try:
        yield
    except CertifyError as error:
        if as_json:
            click.echo(json.dumps({"error": {"code": error.code, "sentence": str(error)}}))
        click.echo(f"{error} [{error.code}]", err=True)
        sys.exit(2)
