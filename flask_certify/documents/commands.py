"""`flask certify documents`: trying a template before anybody gets a certificate from it."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

from ..core.commands import told
from ..core.current import current_runtime
from . import images, preview, template_commands
from .placeholders import Value
from .press import Pictures
from .preview import Tried

_PIXELS = 1400  # of a picture


def register(group: AppGroup) -> None:
    documents = AppGroup("documents", help="Templates, and what is printed from them.")
    group.add_command(documents)
    template_commands.register(documents)

    @documents.command("preview")
    @click.argument("template")
    @click.option(
        "--names", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="One name a line, UTF-8."
    )
    @click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where files go.")
    @click.option("--language", default="en", show_default=True, help="Of the template's words and dates.")
    @click.option("--png", is_flag=True, help="A picture of each as well.")
    @click.option("--tenant", "slug", metavar="SLUG", help="TEMPLATE is the key of a template of this tenant.")
    def try_template(template: str, names: Path | None, out: Path, language: str, png: bool, slug: str | None) -> None:
        """Print a certificate for each name from TEMPLATE: a design that comes with us, an HTML file, or, with
        --tenant, a template that was saved.

        Files are numbered by the lines of the names. Says of each name how it was set. Without --names: the hardest
        names of all scripts. Ends with 1 if a name was refused, with 2 if the template was.
        """
        refused = 0
        with told():
            said = preview.read_names(names) if names else list(enumerate(preview.HARD_NAMES, 1))
            known: dict[str, Value] = {}
            find: Pictures = preview.no_pictures
            if slug is None:
                plate = preview.plate_of(template, language)
            else:
                rt = current_runtime()
                plate, known = preview.saved_plate(rt, slug, template, language)
                find = preview.pictures_of(rt, known)
            out.mkdir(parents=True, exist_ok=True)
            tried = preview.tried(plate, [name for _, name in said], known, find)
            for (number, _), each in zip(said, tried, strict=True):
                refused += each.pdf is None
                click.echo(f"{number:04d}  {_outcome(each)}")
                if each.pdf is not None:
                    (out / f"{number:04d}.pdf").write_bytes(each.pdf)
                    if png:
                        (out / f"{number:04d}.png").write_bytes(images.png(each.pdf, _PIXELS))
        sys.exit(1 if refused else 0)


def _outcome(each: Tried) -> str:
    if each.refused is not None:
        return f"refused: {each.refused} [{each.refused.code}]"
    how = [f"shrunk from {each.wanted:g} to {each.size:g} pt"] if each.is_shrunk else []
    how += [f"wrapped to {each.lines} lines"] if each.lines > 1 else []
    return "; ".join(how) or "as designed"
