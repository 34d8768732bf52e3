"""A template as one file, for another tenant or another site (R-031).

    template.json          what it is: format, key, name, language, and for each page its note
    en/page.html           the newest page in each language
    en/seal.png            its pictures

The same template gives the same bytes. What comes in is a stranger's: nothing is ever unpacked to a disk, every name
stands in the list or is refused, and nothing is read beyond the limits, whatever the file says of itself.
"""

import io
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.runtime import Runtime
from . import saving
from .checks import MOST_MEGABYTES
from .errors import TemplateExists, TemplateNotFound
from .saving import Saved
from .templates import Page, find_by_key, get_page, get_template

FORMAT = "flask-certify template 1"
MEDIA_TYPE = "application/zip"
MOST_ENTRIES, MOST_LANGUAGES = 400, 30
LARGEST = (MOST_MEGABYTES + 1) * 1_000_000
"""Bytes of a file that is taken in, and of all that is in it."""

_ABOUT, _PAGE = "template.json", "page.html"
_NAME = re.compile(r"([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2})/([A-Za-z0-9][A-Za-z0-9._-]{0,90})")
_MOST_TOLD = 200_000  # bytes of template.json
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PLAIN_FLAGS = 0x0800 | 0x0006  # names in UTF-8, and how hard it was compressed


_BAD_FAITH = (
    zipfile.BadZipFile,  # no ZIP file, a wrong checksum, two entries in one place
    zlib.error,  # what is packed was damaged
    EOFError,  # it ends too early
    OSError,  # an entry that lies before the file begins
    ValueError,  # the same elsewhere; a name that is no text
    RuntimeError,  # encrypted; parts on several disks, a way of packing that nobody knows
)
"""What `zipfile` raises for files that were damaged or made in bad faith, as a quarter of a million of them showed."""


class ArchiveRefused(BadInput):
    code = "template.archive_refused"
    sentence = N_("This is no template that was exported from here, or it was damaged: %(what)s. Nothing was taken in.")


class ArchiveTooLarge(BadInput):
    code = "template.archive_too_large"
    sentence = N_("A template to import has at most %(most_mb)s MB in %(most)s files. Nothing of it was taken in.")

    def __init__(self) -> None:
        super().__init__(most_mb=LARGEST // 1_000_000, most=MOST_ENTRIES)


@dataclass(frozen=True, slots=True)
class Carried:
    """A template on its way: `language` None follows the learner."""

    key: str
    name: str
    language: str | None
    pages: Mapping[str, Page]
    notes: Mapping[str, str]  # what was different in each page's last version


# ---- out -------------------------------------------------------------------------------------------


def export(rt: Runtime, template_id: UUID) -> bytes:
    """The template as one file, with its newest page in each language. Raises TemplateNotFound."""
    with rt.reading() as session:
        template = get_template(session, template_id)
        newest = {language: template.latest(language) for language in template.languages}
        pages = {language: get_page(session, version.id) for language, version in newest.items() if version}
    notes = {language: version.note for language, version in newest.items() if version}
    if not pages:
        raise TemplateNotFound()
    return packed(Carried(template.key, template.name, template.language, pages, notes))


def packed(carried: Carried) -> bytes:
    """The same template gives the same bytes."""
    about = {
        "format": FORMAT,
        "key": carried.key,
        "name": carried.name,
        "language": carried.language,
        "pages": {language: {"note": carried.notes.get(language, "")} for language in sorted(carried.pages)},
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive, _ABOUT, json.dumps(about, ensure_ascii=False, indent=1).encode())
        for language, page in sorted(carried.pages.items()):
            _write(archive, f"{language}/{_PAGE}", page.html.encode())
            for name, data in sorted(page.pictures.items()):
                _write(archive, f"{language}/{name}", data)
    return out.getvalue()


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    archive.writestr(entry, data)


# ---- in --------------------------------------------------------------------------------------------


def take_in(
    rt: Runtime,
    tenant_ref: str,
    data: bytes,
    *,
    key: str | None = None,
    replace: bool = False,
    within: float | None = None,
    actor: str,
) -> Saved:
    """The template as one of the tenant, under its own key or this one; with `replace` as new versions of the one that
    has that key. Every page is checked as if it was typed; once `within` seconds are over no other is begun.

    Raises ArchiveRefused, ArchiveTooLarge, TemplateExists, and what `saving.make` and `saving.save` raise.
    """
    carried = unpacked(data)
    wanted = key or carried.key
    note = "; ".join(sorted({each for each in carried.notes.values() if each}))[: saving.LONGEST_NOTE]
    with rt.reading() as session:
        there = find_by_key(session, tenant_ref, wanted)
    if there is None:
        return saving.make(
            rt,
            tenant_ref,
            wanted,
            carried.name,
            carried.pages,
            language=carried.language,
            note=note,
            within=within,
            actor=actor,
        )
    if not replace:
        raise TemplateExists(key=wanted)
    return saving.save(rt, there.id, carried.pages, note=note, within=within, actor=actor)


def unpacked(data: bytes) -> Carried:
    """What is in the file. Raises ArchiveRefused, ArchiveTooLarge."""
    if len(data) > LARGEST:
        raise ArchiveTooLarge()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = _read(archive)
    except _BAD_FAITH as error:
        raise ArchiveRefused(what=type(error).__name__) from None
    about = _about(found.pop(_ABOUT, b""))
    pages: dict[str, Page] = {}
    notes = _notes(about)
    for language in notes:
        prefix = f"{language}/"
        parts = {name.removeprefix(prefix): found.pop(name) for name in list(found) if name.startswith(prefix)}
        try:
            html = parts.pop(_PAGE).decode()
        except (KeyError, UnicodeDecodeError):
            raise ArchiveRefused(what=f"{prefix}{_PAGE}") from None
        pages[language] = Page(html, parts)
    if found:
        raise ArchiveRefused(what=_shown(min(found)))
    return Carried(_said(about, "key"), _said(about, "name"), _said(about, "language") or None, pages, notes)


def _read(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """All entries, each looked at before it is read, and read no further than allowed."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ArchiveTooLarge()
    found: dict[str, bytes] = {}
    left = LARGEST
    for entry in entries:
        _check(entry, found)
        with archive.open(entry) as opened:
            found[entry.filename] = opened.read(left + 1)
        left -= len(found[entry.filename])
        if left < 0:
            raise ArchiveTooLarge()
    return found


def _check(entry: zipfile.ZipInfo, found: Mapping[str, bytes]) -> None:
    """Raises ArchiveRefused for a name that leads elsewhere, a link, a second one of the same name, a riddle."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    is_file = kind in (0, stat.S_IFREG)
    is_named = entry.filename == _ABOUT or _NAME.fullmatch(entry.filename)
    is_plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not entry.flag_bits & ~_PLAIN_FLAGS
    if not (is_file and is_named and is_plain) or entry.filename in found or entry.filename != entry.orig_filename:
        raise ArchiveRefused(what=_shown(entry.filename))


def _about(data: bytes) -> Mapping[str, Any]:
    if len(data) > _MOST_TOLD:
        raise ArchiveRefused(what=_ABOUT)
    try:
        about = json.loads(data)
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ArchiveRefused(what=_ABOUT)
    return about


def _notes(about: Mapping[str, Any]) -> dict[str, str]:
    pages = about.get("pages")
    if not isinstance(pages, dict) or not 0 < len(pages) <= MOST_LANGUAGES:
        raise ArchiveRefused(what=_ABOUT)
    notes = {}
    for language, each in pages.items():
        if not isinstance(each, dict) or not _NAME.fullmatch(f"{language}/{_PAGE}"):
            raise ArchiveRefused(what=_ABOUT)
        notes[language] = _said(each, "note")
    return notes


def _said(about: Mapping[str, Any], name: str) -> str:
    value = about.get(name) or ""
    if not isinstance(value, str) or "\0" in value or not value.isprintable():
        raise ArchiveRefused(what=_ABOUT)
    return value


def _shown(name: str) -> str:
    """A name that a stranger chose, fit for a sentence."""
    return "".join(char if char.isprintable() else "?" for char in name[:60])
