"""`flask certify messages`: what is said, and what became of it."""

import json
from typing import Any, TextIO

import click
from flask.cli import AppGroup

from ..achievements.service import IssuerView, get_issuer_by_slug
from ..core.commands import COMMAND, told
from ..core.current import current_runtime
from ..core.errors import BadInput
from ..core.i18n import N_
from . import editing
from .editing import MOST, TextView
from .shipped import TITLES, Wording

ISSUER = click.argument("issuer", metavar="SLUG")
EVENT = click.argument("event", type=click.Choice(list(TITLES)))
LANGUAGE = click.argument("language")


class NotAText(BadInput):
    code = "text.not_json"
    sentence = N_("The file has to be a JSON object with the texts %(parts)s.")


def register(group: AppGroup) -> None:
    """Adds the commands of this room."""
    from . import ledger_commands

    messages = AppGroup("messages", help="What learners are told, and what became of it.")
    group.add_command(messages)
    _texts(messages)
    ledger_commands.register(messages)


# ---- texts -----------------------------------------------------------------------------------------


def _texts(group: AppGroup) -> None:
    text = AppGroup("text", help="What an issuer says of an event in a language.")
    group.add_command(text)

    @text.command("list")
    @ISSUER
    def list_texts(issuer: str) -> None:
        """List the texts of the issuer SLUG, and who changed them last."""
        with told():
            for each in editing.list_texts(current_runtime(), find_issuer(issuer).tenant_ref):
                since = f"by {each.changed_by} on {each.changed_at:%Y-%m-%d}" if each.changed_at else "as it comes"
                click.echo(f"{each.event:<12} {each.language:<8} {since}")

    @text.command("show")
    @ISSUER
    @EVENT
    @LANGUAGE
    def show(issuer: str, event: str, language: str) -> None:
        """Print a text as JSON: a file that `save` takes back."""
        with told():
            click.echo(_as_json(editing.get_text(current_runtime(), find_issuer(issuer).tenant_ref, event, language)))

    @text.command("save")
    @ISSUER
    @EVENT
    @LANGUAGE
    @click.argument("file", type=click.File(encoding="utf-8"))
    def save(issuer: str, event: str, language: str, file: TextIO) -> None:
        """Change a text to what stands in FILE. What learners are told from then on uses it."""
        with told():
            rt, tenant_ref = current_runtime(), find_issuer(issuer).tenant_ref
            editing.save(rt, tenant_ref, event, language, _wording(file), COMMAND)
        click.echo("Saved.")

    @text.command("preview")
    @ISSUER
    @EVENT
    @LANGUAGE
    @click.argument("file", type=click.File(encoding="utf-8"), required=False)
    def preview(issuer: str, event: str, language: str, file: TextIO | None) -> None:
        """Print how a text would arrive: that of FILE, or the one that is in use."""
        with told():
            rt, ours = current_runtime(), find_issuer(issuer)
            in_use = editing.get_text(rt, ours.tenant_ref, event, language).wording
            shown = editing.preview(rt, ours, event, language, _wording(file) if file else in_use)
        click.echo(f"From: {shown.email.sender_name}\nSubject: {shown.email.subject}\n\n{shown.email.text}")
        click.echo(f"SMS ({shown.size.letters} letters, {shown.size.segments} parts):\n{shown.sms}")

    @text.command("reset")
    @ISSUER
    @EVENT
    @LANGUAGE
    def reset(issuer: str, event: str, language: str) -> None:
        """Go back to the text as it comes."""
        with told():
            editing.put_back(current_runtime(), find_issuer(issuer).tenant_ref, event, language, COMMAND)
        click.echo("The text is as it comes.")


def find_issuer(slug: str) -> IssuerView:
    with current_runtime().reading() as session:
        return get_issuer_by_slug(session, slug)


def _as_json(text: TextView) -> str:
    return json.dumps({part: getattr(text.wording, part) for part in MOST}, ensure_ascii=False, indent=2)


def _wording(file: TextIO) -> Wording:
    try:
        said: Any = json.load(file)
    except ValueError:  # no JSON, or no UTF-8
        raise NotAText(parts=", ".join(MOST)) from None
    if not isinstance(said, dict) or set(said) != set(MOST) or not all(isinstance(each, str) for each in said.values()):
        raise NotAText(parts=", ".join(MOST))
    return Wording(**said)
