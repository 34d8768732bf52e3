"""Trying a template: certificates of made-up people, and what became of each name."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

import pikepdf

from ..achievements.service import IssuerView, SignatoryView, get_issuer, get_issuer_by_slug
from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.languages import spelled
from ..core.runtime import Runtime
from ..core.storage import get_blob
from . import painting, pictures, placeholders, shipped, signatories, templates
from . import service as documents
from .checks import HARD_NAMES as HARD_NAMES
from .compiling import compiled
from .errors import TemplateRefused
from .placeholders import SAMPLE_CODE, Picture, Value, Words
from .plate import Plate, saved
from .press import Pictures, Press

_ISSUED = datetime(2026, 5, 31, 12, tzinfo=UTC)
_HERE = UUID("6f7d7b5e-52a1-4f39-9f3e-0d1f5f0e2c11")
PICTURES = (".png", ".jpg", ".jpeg", ".svg")


SAMPLE_NAME = "Ada Lovelace"


class UnknownDesign(BadInput):
    code = "template.unknown_design"
    sentence = N_("There is no design %(name)s, and no file of that name. The designs are: %(known)s.")


class NotText(BadInput):
    code = "template.not_text"
    sentence = N_("%(file)s is not text in UTF-8.")


class NothingPrinted(BadInput):
    code = "template.nothing_printed"
    sentence = N_("None of these names can be printed on this template, so there is no preview to fetch.")


@dataclass(frozen=True, slots=True)
class Tried:
    """One name: its certificate, or why there is none, and how it had to be set."""

    number: int
    pdf: bytes | None
    size: float | None  # points; None: refused
    wanted: float
    lines: int
    refused: BadInput | None

    @property
    def is_shrunk(self) -> bool:
        return self.size is not None and self.size < self.wanted


def plate_of(name: str, language: str) -> Plate:
    """The plate of a shipped design by its key, or of an HTML file with its pictures beside it.

    Raises UnknownDesign, NotText, TemplateRefused and its kinds.
    """
    path, language = Path(name), spelled(language)
    if path.is_file():
        html = read_html(path)
        beside = {file: pictures.normal(file, data) for file, data in pictures_beside(path, html).items()}
        return compiled(html, language, beside)
    designs = {each.key: each for each in shipped.designs()}
    if name not in designs:
        raise UnknownDesign(name=name[:80], known=", ".join(designs))
    pages: Mapping[str, str] = designs[name].pages
    return compiled(pages.get(language, pages["en"]), language, designs[name].pictures)


def read_html(path: Path) -> str:
    """Raises NotText."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise NotText(file=path.name) from None


def read_names(path: Path) -> list[tuple[int, str]]:
    """The names in a file with the numbers of their lines, empty lines left out. Raises NotText."""
    return [(number, name) for number, name in enumerate(read_html(path).split("\n"), 1) if name.strip()]


def pictures_beside(path: Path, html: str) -> dict[str, bytes]:
    """Those in the same folder that the page names."""
    beside = [each for each in sorted(path.parent.iterdir()) if each.suffix.lower() in PICTURES]
    return {each.name: each.read_bytes() for each in beside if each.name in html}


def saved_plate(rt: Runtime, slug: str, key: str, language: str) -> tuple[Plate, dict[str, Value]]:
    """The plate of a tenant's own template as it is saved now, and what is no sample on it. Raises UnknownIssuer,
    TemplateNotFound."""
    with rt.reading() as session:
        issuer = get_issuer_by_slug(session, slug)
        template = templates.get_by_key(session, issuer.tenant_ref, key)
        version_id = documents.latest_version(session, template.id, template.language or language).id
    return documents.get_plate(rt, version_id), known_values(rt, version_id)


def known_values(rt: Runtime, version_id: UUID) -> dict[str, Value]:
    """What a certificate of the version shows that is no sample: the issuer, and who signs."""
    with rt.reading() as session:
        template = templates.get_template(session, documents.get_version(session, version_id).template_id)
        issuer = get_issuer(session, template.tenant_ref)
        return values_of(issuer, signatories.printed_by(session, version_id))


def values_of(issuer: IssuerView, signing: Sequence[SignatoryView]) -> dict[str, Value]:
    """The issuer's own name, address and signatories. A place where nobody signs stays empty."""
    address = f"{issuer.base}/v/{SAMPLE_CODE}"
    known: dict[str, Value] = {"issuer.name": issuer.name, "qr": address, "certificate.address": address}
    for place in range(1, signatories.MOST + 1):
        there = signing[place - 1] if place <= len(signing) else SignatoryView("", "", None)
        known[f"signatory.{place}.name"] = there.name
        known[f"signatory.{place}.designation"] = there.designation
        known[f"signatory.{place}.image"] = Picture(there.image_sha) if there.image_sha else ""
    return known


def no_pictures(picture: Picture) -> bytes:
    """Where nobody signs, nothing is looked for."""
    raise KeyError(picture)


def pictures_of(rt: Runtime, known: Mapping[str, Value]) -> Pictures:
    """Finds the signatures among the values."""
    with rt.reading() as session:
        found = {each: get_blob(session, each.sha256) for each in known.values() if isinstance(each, Picture)}
    return found.__getitem__


def bound(found: Iterable[Tried]) -> bytes:
    """All of them as one PDF, a page each. Raises NothingPrinted."""
    with pikepdf.new() as book:
        for each in found:
            if each.pdf is not None:
                with pikepdf.open(io.BytesIO(each.pdf)) as one:
                    book.pages.extend(one.pages)
        if not book.pages:
            raise NothingPrinted()
        return saved(book)


def tried(
    plate: Plate,
    names: Iterable[str],
    known: Mapping[str, Value] | None = None,
    signatures: Pictures | None = None,
) -> Iterator[Tried]:
    """A certificate for each name, with what is known and else the samples of the placeholder table. Names are counted
    from 1."""
    sample = placeholders.in_words({**placeholders.samples(), **(known or {})}, plate.language, "UTC")
    press = Press(plate, placeholders.shared(sample), signatures or no_pictures, attaches=False)
    slot = next(each for each in plate.slots if each.name == "recipient.name")
    for number, name in enumerate(names, 1):
        words: Words = {**sample, "recipient.name": painting.tidy(name)}
        try:
            fitted = painting.fitted(slot, painting.printed_text(slot, painting.tidy(name)), plate.language)
            tail = press.print(words, doc_id=uuid5(_HERE, name), created=_ISSUED)
        except TemplateRefused:
            raise
        except BadInput as refused:
            yield Tried(number, None, None, slot.style.size, 0, refused)
            continue
        yield Tried(number, press.prefix + tail.data, fitted.size, slot.style.size, len(fitted.lines), None)
