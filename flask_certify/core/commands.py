"""What all commands share: how an error is told, and in whose name something is done."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from .errors import CertifyError

COMMAND = "command"  # the actor of what an operator types


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
