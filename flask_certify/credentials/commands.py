"""`flask certify keys`: what an operator does with the keys of issuers."""

import json
from datetime import datetime

import click
from flask.cli import AppGroup

from ..core.commands import COMMAND, told
from ..core.current import current_runtime
from . import rotation
from .form_keys import KINDS
from .rotation import KeyView

_TENANT = click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose keys.")
# A key of another kind may begin with a dash.
_NAMED = {"ignore_unknown_options": True}
_JSON = click.option("--json", "as_json", is_flag=True, help="One line of JSON on stdout.")


def register(group: AppGroup) -> None:
    keys = AppGroup("keys", help="The keys with which issuers sign.")
    group.add_command(keys)
    for make in (_list, _rotate, _retire, _compromise, _reseal):
        make(keys)


def _list(keys: AppGroup) -> None:
    @keys.command("list")
    @_TENANT
    @_JSON
    def list_(slug: str, as_json: bool) -> None:
        """List the keys of a tenant, oldest first, and how many certificates each has signed."""
        with told(as_json=as_json):
            found = rotation.list_keys(current_runtime(), slug)
        if as_json:
            click.echo(json.dumps([_plain(each) for each in found]))
        else:
            for each in found:
                click.echo(_line(each))


def _rotate(keys: AppGroup) -> None:
    @keys.command("rotate")
    @_TENANT
    @click.option("--at-once", is_flag=True, help="Do not wait until everybody can know the new key.")
    @click.option(
        "--kind",
        type=click.Choice([rotation.ED25519, *KINDS]),
        default=rotation.ED25519,
        help="Of credentials (Ed25519), of JWT (ES256), or of Open Badges 2.0 (RS256).",
    )
    @click.option("--public", metavar="MULTIKEY", help="A key service holds the next key; this is its public half.")
    @_JSON
    def rotate(slug: str, at_once: bool, kind: str, public: str | None, as_json: bool) -> None:
        """Publish the next key; repeated some minutes later, let it take over. The old one stays good for ever."""
        if public and kind != rotation.ED25519:
            raise click.UsageError("--public is for keys of credentials: a key service holds no others for us.")
        with told(as_json=as_json):
            view, signs = rotation.rotate(
                current_runtime(), slug, actor=COMMAND, at_once=at_once, public=public, kind=kind
            )
        if as_json:
            click.echo(json.dumps(_plain(view)))
        elif signs:
            click.echo(f"{view.multikey} signs from now on.")
        else:
            minutes = int(rotation.CACHED.total_seconds() // 60)
            click.echo(f"{view.multikey} is published. Repeat the command in {minutes} minutes, and it takes over.")


def _retire(keys: AppGroup) -> None:
    @keys.command("retire", context_settings=_NAMED)
    @_TENANT
    @click.argument("key")
    @_JSON
    def retire(slug: str, key: str, as_json: bool) -> None:
        """Let KEY sign no more. What it has signed stays good. KEY may be the beginning of it."""
        with told(as_json=as_json):
            view = rotation.retire(current_runtime(), slug, key, actor=COMMAND)
        click.echo(json.dumps(_plain(view)) if as_json else f"{view.multikey} is retired.")


def _compromise(keys: AppGroup) -> None:
    @keys.command("compromise", context_settings=_NAMED)
    @_TENANT
    @click.argument("key")
    @_JSON
    def compromise(slug: str, key: str, as_json: bool) -> None:
        """Others may have KEY: publish it no more, and list the certificates that must be issued again.

        One code a line on stdout, which `flask certify reissue --codes FILE --reason key_unsafe` takes; with --json
        also awards, runs and learners. What holders have downloaded as JWT or Open Badges 2.0 they download anew.
        """
        with told(as_json=as_json):
            affected = rotation.compromise(current_runtime(), slug, key, actor=COMMAND)
        if as_json:
            rows = [
                {"award": str(each.award_id), "code": each.code, "run": each.run_ref, "learner": each.learner_ref}
                for each in affected
            ]
            click.echo(json.dumps({"tenant": slug, "affected": rows}))
        else:
            for each in affected:
                click.echo(each.code)
        click.echo(f"{len(affected)} certificates are no longer verified by anybody; issue them again.", err=True)


def _reseal(keys: AppGroup) -> None:
    @keys.command("reseal")
    def reseal() -> None:
        """Seal all keys with the newest of the keys in CERTIFY_MASTER_KEY, so that older ones may be thrown away."""
        with told():
            count = rotation.reseal(current_runtime(), actor=COMMAND)
        click.echo(f"{count} keys were sealed anew.")


def _plain(key: KeyView) -> dict[str, object]:
    return {
        "key": key.multikey,
        "kind": key.kind,
        "state": key.state.value,
        "created_at": _moment(key.created_at),
        "activated_at": _moment(key.activated_at),
        "retired_at": _moment(key.retired_at),
        "signed": key.signed,
        "remote": key.is_remote,
    }


def _line(key: KeyView) -> str:
    since = _moment(key.activated_at) or "-"
    return f"{key.multikey:<48}  {key.kind:<7}  {key.state.value:<11}  since {since:<25}  {key.signed:>8,} certificates"


def _moment(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
