"""What all commands share: how an error is told, and in whose name they act."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from .errors import CertifyError, Forbidden
from .hosts import asking
from .i18n import N_
from .runtime import Runtime

COMMAND = "command"  # the actor of what an operator types


class MayNot(Forbidden):
    code = "actor.may_not"
    sentence = N_("%(actor)s may not do this for this course run.")


class UnknownActor(Forbidden):
    code = "actor.unknown"
    sentence = N_("The learning platform knows nobody called %(actor)s.")


@contextmanager
def told(*, as_json: bool = False) -> Iterator[None]:
    """An error of ours becomes a sentence on stderr, and JSON on stdout if asked for; the command ends with 2."""
    try:
        yield
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
