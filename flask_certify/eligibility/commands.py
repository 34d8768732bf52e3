"""`flask certify decide`: the engine alone, for support and for those who compare it with another."""

import json
import sys
from typing import BinaryIO

import click
from flask.cli import AppGroup

from .cases import UnreadableCase, read_case, verdict_to_json
from .engine import evaluate


def register(group: AppGroup) -> None:
    @group.command("decide")
    @click.argument("file", type=click.File("rb"))
    def decide(file: BinaryIO) -> None:
        """Read one case a line from FILE (JSON; - for standard input) and write one decision a line.

        Nothing but the file is asked: no database, no learning platform. A key that is missing takes the value that
        stands in nobody's way. A line that cannot be read is answered by an error with its number; then the command
        goes on, and ends with 2.
        """
        bad = 0
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                answer = verdict_to_json(evaluate(read_case(line)))
            except UnreadableCase as error:
                bad += 1
                answer = {"error": {"line": number, "code": error.code, "sentence": str(error)}}
            click.echo(json.dumps(answer, ensure_ascii=False))
        if bad:
            click.echo(f"{bad} of the lines could not be read.", err=True)
            sys.exit(2)
