"""What all commands share: how an error is told, and in whose name they act."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike

import click
from flask.cli import AppGroup

from .errors import BadInput, CertifyError, Forbidden
from .hosts import asking
from .i18n import N_
from .runtime import Runtime
from .texts import is_storable

COMMAND = "command"  # the actor of what an operator types


class MayNot(Forbidden):
    code = "actor.may_not"
    sentence = N_("%(actor)s may not do this for this course run.")


class UnknownActor(Forbidden):
    code = "actor.unknown"
    sentence = N_("The learning platform knows nobody called %(actor)s.")


class NotText(BadInput):
    code = "command.not_text"
    sentence = N_("What was typed is not text in UTF-8, so nothing was done. Check the settings of the terminal.")


class UnusableFile(BadInput):
    code = "command.unusable_file"
    sentence = N_("%(file)s cannot be read or written here: %(why)s.")


class Commands(AppGroup):
    """Commands that are given text, in whatever the terminal writes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What no database stores and no output writes is refused before anything is done."""
        with told():
            if not all(map(is_storable, args)):
                raise NotText()
        return super().parse_args(ctx, args)


@contextmanager
def told(*, as_json: bool = False) -> Iterator[None]:
    """An error of ours becomes a sentence on stderr, and JSON on stdout if asked for, as does trouble with a file that
    was named; the command ends with 2."""
    try:
        try:
            yield
        except OSError as error:
            if not isinstance(error.filename, str | PathLike):
                raise
            raise UnusableFile(file=str(error.filename), why=error.strerror) from None
    except CertifyError as error:
        if as_json:
            click.echo(json.dumps({"error": {"code": error.code, "sentence": error.worded()}}))
        click.echo(f"{error.worded()} [{error.code}]", err=True)
        sys.exit(2)


def acting(
    rt: Runtime,
    name: str | None,
    act: str,
    *,
    tenant_ref: str,
    run_ref: str | None = None,
    learner_ref: str | None = None,
) -> str:
    """Who acts: the operator of the command, or somebody the host knows and allows it.

    Raises UnknownActor, MayNot, HostUnavailable.
    """
    if name is None:
        return COMMAND
    with asking(rt, "find_actor"):
        actor = rt.host.find_actor(name)
    if actor is None:
        raise UnknownActor(actor=name)
    with asking(rt, "may"):
        may = rt.host.may(actor, act, tenant_ref=tenant_ref, run_ref=run_ref, learner_ref=learner_ref)
    if not may:
        raise MayNot(actor=name)
    return actor.ref
