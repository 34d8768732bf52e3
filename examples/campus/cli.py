"""`flask --app examples.campus campus load|serve`."""

import os
import sys
from pathlib import Path

import click
import sqlalchemy as sa
from flask.cli import AppGroup

from flask_certify.core.errors import CertifyError

from . import opening, people
from .oulad import Unreadable

campus = AppGroup("campus", help="The campus: its teaching records, and the whole demo.")


@campus.command("load")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--run", "runs", multiple=True, metavar="RUN", help="Only this run, for example AAA-2013J. May be repeated."
)
@click.option("--no-attach", is_flag=True, help="Attach no certificates to the runs.")
def load(folder: Path, runs: tuple[str, ...], no_attach: bool) -> None:
    """Load the four OULAD files in FOLDER, and set up all that certificates need. Repeating it changes nothing."""
    try:
        opening.open_campus(folder, runs, attach=not no_attach, say=_say)
    except (Unreadable, CertifyError) as error:
        _say(str(error))
        sys.exit(2)
    except sa.exc.OperationalError as error:
        _say(f"The database is away or busy ({type(error.orig).__name__}). Nothing is half loaded; try again.")
        sys.exit(2)
    _say(f"Log in as learner11391, mentor.aaa, author.aaa or support; every password is {people.PASSWORD}.")


@campus.command("serve", with_appcontext=False)
@click.option("--once", is_flag=True, help="Issue, check everything, and end: 0 if all is well.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
def serve(once: bool, port: int) -> None:
    """Run it all: Valkey, two workers and the campus itself; issue the certificates of the shipped run."""
    from . import demo, serving  # only the demo needs a queue of its own, and eyes that read a QR code

    try:
        sys.exit(serving.serve(dict(os.environ), port=port, once=once))
    except (Unreadable, CertifyError, serving.CannotServe, demo.Stuck) as error:
        _say(str(error))
        sys.exit(2)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
