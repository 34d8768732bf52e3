"""Templates and their versions, and the documents printed from them."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from threading import Lock
from typing import NamedTuple
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..core import languages
from ..core.db import insert_or_ignore
from ..core.runtime import Runtime
from ..core.storage import get_blob, put_blob
from ..core.transaction import Transaction
from ..credentials.models import Credential
from . import fonts, pictures, placeholders, shipped
from .compiling import IN_THE_END, compiled
from .errors import NotLive, TemplateNotFound
from .models import IN_USE, Document, PlateFile, Template, TemplateVersion
from .painting import FitCheck
from .placeholders import PLACEHOLDERS, Picture, Words
from .plate import ENGINE, Plate
from .press import Press, Tail
from .printable import PrintableAward

__all__ = ["PLACEHOLDERS", "FitCheck", "PrintableAward", "Printed", "TemplateVersionView", "places", "unprintable"]

PDF = "application/pdf"

unprintable, places = fonts.missing, fonts.places
"""The characters of a text that no font here can draw."""
named = fonts.named
"""Such characters by number and name, for people."""


@dataclass(frozen=True, slots=True)
class TemplateVersionView:
    id: UUID
    template_id: UUID
    number: int
    language: str
    html_sha: str
    assets: Mapping[str, str]
    engine: str

    @property
    def plate_key(self) -> str:
        """Tells a plate from any other: the same template in the same language by the same engine."""
        said = [self.html_sha, sorted(self.assets.items()), self.language, self.engine]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Printed:
    """A document. `name` is for the reader's disk and holds no personal data (R-134)."""

    data: bytes
    sha256: str
    name: str


@dataclass(frozen=True, slots=True)
class Keepsake:
    """A document that was just printed, and has to be kept."""

    award_id: UUID
    template_version_id: UUID
    press: Press
    tail: Tail


# ---- templates


def ensure_shipped_templates(tx: Transaction, issuer_id: UUID) -> dict[str, UUID]:
    """The designs that come with us as templates of the issuer, by key. Those that are there stay as they are."""
    found = {}
    for design in shipped.designs():
        template_id = uuid5(issuer_id, design.key)  # the same for all who come here at once
        row = {"id": template_id, "issuer_id": issuer_id, "key": design.key, "name": design.name, "state": IN_USE}
        insert_or_ignore(tx.session, Template, [row], keys=["issuer_id", "key"])
        _ensure_versions(tx.session, issuer_id, template_id, design)
        found[design.key] = template_id
    return found


def _ensure_versions(session: orm.Session, issuer_id: UUID, template_id: UUID, design: shipped.Design) -> None:
    there = sa.select(TemplateVersion.language).where(TemplateVersion.template_id == template_id)
    known = set(session.scalars(there))
    missing = {language: html for language, html in design.pages.items() if language not in known}
    if not missing:
        return
    since = sa.select(Issuer.created_at).where(Issuer.id == issuer_id)
    assets = {name: put_blob(session, data, pictures.media_type(name)) for name, data in design.pictures.items()}
    rows = [
        {
            "id": uuid5(template_id, language),
            "template_id": template_id,
            "number": 1,
            "language": language,
            "html_sha": put_blob(session, html.encode(), "text/html"),
            "assets": assets,
            "engine": ENGINE,
            "created_at": session.scalars(since).one(),
            "created_by": "flask-certify",
        }
        for language, html in missing.items()
    ]
    insert_or_ignore(session, TemplateVersion, rows, keys=["template_id", "language", "number"])


def latest_version(session: orm.Session, template_id: UUID, language: str | None = None) -> TemplateVersionView:
    """The version that a certificate issued now is printed from: in this language if there is one, else in English,
    else the newest. Raises TemplateNotFound.
    """
    rows = session.scalars(
        sa.select(TemplateVersion)
        .where(TemplateVersion.template_id == template_id)
        .order_by(TemplateVersion.number.desc(), TemplateVersion.id.desc())
    ).all()
    for wanted in (*languages.widening(language), "en"):
        for row in rows:
            if row.language == wanted:
                return view_of(row)
    if not rows:
        raise TemplateNotFound()
    return view_of(rows[0])


def get_version(session: orm.Session, version_id: UUID) -> TemplateVersionView:
    """Raises TemplateNotFound."""
    row = session.get(TemplateVersion, version_id)
    if row is None:
        raise TemplateNotFound()
    return view_of(row)


def view_of(row: TemplateVersion) -> TemplateVersionView:
    return TemplateVersionView(row.id, row.template_id, row.number, row.language, row.html_sha, row.assets, row.engine)


# ---- plates


def preload(languages: Iterable[str]) -> None:
    """Loads what a check of values needs, before a worker forks: fonts' lists of characters, and names of months."""
    fonts.drawable()
    for language in languages:
        fonts.stack(language)
        placeholders.in_words({"award.date": date(2026, 1, 1)}, language, "UTC")


def get_plate(rt: Runtime, version_id: UUID) -> Plate:
    """The plate of a version, made when first wanted. Raises TemplateNotFound."""
    with rt.reading() as session:
        version = get_version(session, version_id)
        blob_sha = session.scalar(sa.select(PlateFile.blob_sha).where(PlateFile.key == version.plate_key))
        if blob_sha is not None:
            return _read_plate(get_blob(session, blob_sha))
        html = get_blob(session, version.html_sha).decode()
        kept = {name: get_blob(session, sha256) for name, sha256 in version.assets.items()}
    plate = compiled(html, version.language, kept, IN_THE_END)
    with rt.transaction() as tx:
        keep_plate(rt, tx.session, version, plate)
    return plate


def keep_plate(rt: Runtime, session: orm.Session, version: TemplateVersionView, plate: Plate) -> None:
    blob_sha = put_blob(session, plate.written(), PDF)
    row = {"key": version.plate_key, "blob_sha": blob_sha, "made_at": rt.clock.now()}
    insert_or_ignore(session, PlateFile, [row], keys=["key"])


@lru_cache(maxsize=32)
def _read_plate(data: bytes) -> Plate:
    return Plate.read(data)


# ---- presses


def get_press(rt: Runtime, version_id: UUID, words: Words, *, attaches: bool = True) -> Press:
    """The press that prints certificates with these shared words, set up when first wanted in this process.

    Raises NoGlyph, TooLong and TemplateNotFound.
    """
    common = placeholders.shared(words)
    key = PressKey(_VERSIONS.get(rt, version_id).plate_key, tuple(sorted(common.items())), attaches)
    if (found := _PRESSES.get(key)) is not None:
        return found
    with rt.reading() as session:
        seen = {value: get_blob(session, value.sha256) for value in common.values() if isinstance(value, Picture)}
    return _PRESSES.keep(key, Press(get_plate(rt, version_id), common, seen.__getitem__, attaches=attaches))


class PressKey(NamedTuple):
    plate_key: str
    shared: tuple[tuple[str, str | Picture], ...]
    attaches: bool


class _Kept:
    """The last presses that were used. Each holds a prefix of some 60 kB."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._presses: dict[PressKey, Press] = {}

    def get(self, key: PressKey) -> Press | None:
        return self._presses.get(key)

    def forget(self) -> None:
        self._presses.clear()

    def keep(self, key: PressKey, press: Press) -> Press:
        with self._lock:
            while len(self._presses) >= self._most:
                del self._presses[next(iter(self._presses))]
            return self._presses.setdefault(key, press)


_PRESSES = _Kept(64)


class _Versions:
    """Versions that were asked for in this process. They never change, and thousands of certificates share one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[UUID, TemplateVersionView] = {}

    def get(self, rt: Runtime, version_id: UUID) -> TemplateVersionView:
        found = self._found.get(version_id)
        if found is None:
            with rt.reading() as session:
                found = get_version(session, version_id)
            if len(self._found) >= self._most:
                self._found.clear()
            self._found[version_id] = found
        return found


_VERSIONS = _Versions(256)


# ---- documents


def fit_check(rt: Runtime, version_id: UUID) -> FitCheck:
    """Says of values whether they can be printed, before anything is granted. Raises TemplateNotFound."""
    return FitCheck(get_plate(rt, version_id))


def words_of(rt: Runtime, award: PrintableAward) -> Words:
    """What is printed, in the language of the award's template and in its zone."""
    language = _VERSIONS.get(rt, award.template_version_id).language
    return placeholders.in_words(award.values, language, award.zone)


def print_document(rt: Runtime, award: PrintableAward, credential: Callable[[], bytes | None]) -> Printed:
    """The document of an award: printed when first wanted, the same bytes from then on (R-136).

    `credential` finds what is attached, and is asked only if it is printed now. Raises ValueMissing, NoGlyph, TooLong,
    QrTooDense and TemplateNotFound, and NotLive if its holder was forgotten meanwhile.
    """
    with rt.reading() as session:
        kept = find_document(session, award.award_id)
    if kept is not None:
        return kept
    fresh = print_one(rt, award, credential())
    with rt.transaction() as tx:
        keep_documents(rt, tx, [fresh])
        found = find_document(tx.session, award.award_id)
    if found is None:
        raise NotLive()
    return found


def print_one(rt: Runtime, award: PrintableAward, credential: bytes | None) -> Keepsake:
    """The document of an award that has none yet, which is kept with `keep_documents`. Raises as `print_document`."""
    words = words_of(rt, award)
    press = get_press(rt, award.template_version_id, words, attaches=credential is not None)
    tail = press.print(words, doc_id=award.award_id, created=award.issued_at, credential=credential)
    return Keepsake(award.award_id, award.template_version_id, press, tail)


def find_documents(session: orm.Session, award_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
    """Those of the awards that were printed before: prefix and tail. Prefixes are read once."""
    rows = session.execute(
        sa.select(Document.award_id, Document.sha256, Document.prefix_sha, Document.tail).where(
            Document.award_id.in_(award_ids)
        )
    )
    starts: dict[str, bytes] = {}
    found = {}
    for row in rows.all():
        name = row.prefix_sha or row.sha256
        if name not in starts:
            starts[name] = get_blob(session, name)
        found[row.award_id] = starts[name], row.tail or b""
    return found


def find_document(session: orm.Session, award_id: UUID) -> Printed | None:
    """The document, if it was printed before."""
    found = session.execute(
        sa.select(Document.sha256, Document.prefix_sha, Document.tail).where(Document.award_id == award_id)
    ).first()
    if found is None:
        return None
    start = get_blob(session, found.prefix_sha or found.sha256)
    return Printed(start + (found.tail or b""), found.sha256, f"certificate-{award_id}.pdf")


def keep_documents(rt: Runtime, tx: Transaction, printed: Sequence[Keepsake]) -> None:
    """Whoever comes first is kept; who comes second printed the same bytes, and changes nothing. Of those who were
    forgotten while it was printed nothing is kept.
    """
    for prefix_sha, press in {each.press.prefix_sha: each.press for each in printed}.items():
        assert put_blob(tx.session, press.prefix, PDF) == prefix_sha
    rows = [
        {
            "award_id": each.award_id,
            "template_version_id": each.template_version_id,
            "sha256": each.tail.sha256,
            "size": each.tail.size,
            "prefix_sha": each.press.prefix_sha,
            "tail": each.tail.data,
            "engine": ENGINE,
            "printed_at": rt.clock.now(),
        }
        for each in printed
    ]
    insert_or_ignore(tx.session, Document, rows, keys=["award_id"])
    # Asked afterwards: by then whoever is just forgetting them has ended, or will find these rows.
    ids = [each.award_id for each in printed]
    forgotten = sa.select(Credential.award_id).where(Credential.award_id.in_(ids), Credential.document.is_(None))
    tx.session.execute(
        sa.delete(Document)
        .where(Document.award_id.in_(forgotten), Document.tail.is_not(None))
        .execution_options(synchronize_session=False)
    )
