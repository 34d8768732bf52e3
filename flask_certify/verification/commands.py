"""`flask certify verify` and `flask certify legacy-codes`."""

import csv
import json
import re
import sys
from datetime import date
from pathlib import Path
from typing import TextIO
from urllib.parse import parse_qs, unquote, urlsplit

import click
from flask.cli import AppGroup

from ..achievements.service import get_issuer_by_slug
from ..core.commands import COMMAND, told
from ..core.current import current_runtime
from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.ids import spaced
from ..core.runtime import Runtime
from . import aliases, days, presented, service, sharing
from .answers import Verdict
from .disclosure import Level
from .export import export
from .presented import FileTooLarge
from .wording import plain

_BEHIND_V = re.compile(r".*/v/(.+)", re.IGNORECASE | re.DOTALL)  # old codes may have slashes in them
ENDS_WITH = {"valid": 0, "malformed": 2, "cannot_check": 2}


class UnreadableFile(BadInput):
    code = "verification.unreadable_file"
    sentence = N_("The file cannot be read. Check its name and who may read it.")


def register(group: AppGroup) -> None:
    _verify(group)
    _legacy_codes(group)
    _export(group)
    _disclosure(group)


def _verify(group: AppGroup) -> None:
    @group.command("verify")
    @click.argument("what", metavar="FILE|CODE|URL")
    @click.option("--on", metavar="DATE", help="As it was at the end of that day, for example 2026-05-31.")
    @click.option("--json", "as_json", is_flag=True, help="The facts as JSON.")
    def verify(what: str, on: str | None, as_json: bool) -> None:
        """Check a certificate: its CODE, the URL in its QR code, or a FILE (JSON, JWT, PDF, PNG, SVG; - reads stdin).

        Ends with 0 if it is valid, 1 if not, 2 if that cannot be said. Of a URL only the code counts.
        """
        with told(as_json=as_json):
            rt = current_runtime()
            report = plain(check(rt, what, days.asked(on, rt.clock.now())))
        if as_json:
            click.echo(json.dumps(report, ensure_ascii=False))
        else:
            for name, value in report.items():
                if value is not None:
                    click.echo(f"{name}: {value}")
        sys.exit(ENDS_WITH.get(str(report["answer"]), 1))


def check(rt: Runtime, what: str, on: date | None = None) -> Verdict:
    """The verdict about whatever it is. Raises FileTooLarge, UnreadableFile."""
    if what == "-":
        return service.check_file(rt, sys.stdin.buffer.read(presented.LARGEST + 1), on)
    if what[:8].lower().startswith(("http://", "https://")):  # QR codes may be all in capitals
        return service.check_code(rt, code_in(what), on)
    if _is_file(what):
        return service.check_file(rt, _contents(Path(what)), on)
    return service.check_code(rt, what, on)


def code_in(url: str) -> str:
    """What stands behind `/v/`, or what the form asked for. The address itself is not believed."""
    try:
        parts = urlsplit(url)
        asked = parse_qs(parts.query).get("code")
    except ValueError:
        return ""
    if asked:
        return asked[0]
    path = unquote(parts.path).rstrip("/").removesuffix(".json")
    found = _BEHIND_V.search(path)
    return found[1] if found else path.rpartition("/")[2]


def _is_file(what: str) -> bool:
    try:
        return Path(what).is_file()
    except (OSError, ValueError):
        return False


def _contents(path: Path) -> bytes:
    try:
        if path.stat().st_size > presented.LARGEST:
            raise FileTooLarge(megabytes=presented.LARGEST // (1024 * 1024))
        return path.read_bytes()
    except OSError:
        raise UnreadableFile() from None


def _export(group: AppGroup) -> None:
    @group.command("export")
    @click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
    @click.option("--run", help="Only the certificates of this course run.")
    @click.option("--documents", is_flag=True, help="Also the printed certificates, as documents/CODE.pdf.")
    def export_(folder: Path, run: str | None, documents: bool) -> None:
        """Write into DIR all that is needed to verify certificates without this site. Only DIR/web may be published."""
        with told():
            made = export(current_runtime(), folder, run, prints=documents)
        click.echo(
            f"{made.credentials} credentials of {made.certificates} certificates, and {made.documents} documents that "
            "verifiers fetch."
        )
        if documents:
            click.echo(f"{made.printed} PDFs.")
        for code, why in made.not_printed.items():
            click.echo(f"{spaced(code)}: no PDF [{why}]", err=True)
        kept = "credentials and documents" if documents else "credentials"
        click.echo(f"The {kept} name their recipients: publish nothing but the folder web/.", err=True)


def _legacy_codes(group: AppGroup) -> None:
    legacy = AppGroup("legacy-codes", help="Codes that an earlier system printed.")
    group.add_command(legacy)

    @legacy.command("import")
    @click.argument("file", type=click.File("r", encoding="utf-8-sig"))
    def import_(file: TextIO) -> None:
        """Let old codes answer: each line of FILE (CSV) is an old code and the code of its certificate here."""
        with told():
            rows = [(row[0], row[1]) if len(row) > 1 else ("", "") for row in csv.reader(file) if row]
            imported = aliases.import_aliases(current_runtime(), rows)
        click.echo(f"{imported.new} old codes answer from now on; {imported.already} did before.")


def _disclosure(group: AppGroup) -> None:
    @group.command("disclosure")
    @click.option("--tenant", "slug", required=True, metavar="SLUG", help="Whose certificates.")
    @click.argument("level", required=False, type=click.Choice([each.value for each in Level]))
    def disclosure(slug: str, level: str | None) -> None:
        """Tell, or set, the most that the public may see of a tenant's certificates; holders may choose less.

        status: only whether one is valid. initials: also initials and what was earned. full: all that it says.
        """
        with told():
            rt = current_runtime()
            with rt.reading() as session:
                tenant_ref = get_issuer_by_slug(session, slug).tenant_ref
            if level is not None:
                sharing.set_limit(rt, tenant_ref, Level(level), actor=COMMAND)
            click.echo(sharing.limit_of(rt, tenant_ref).value)
