"""What lies on a designer's desk while a template is worked on: its text, its pictures, the names it is tried with."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from flask import Request, current_app
from itsdangerous import BadData, URLSafeSerializer

from ..achievements.service import IssuerView
from ..core.errors import BadInput
from ..core.runtime import Runtime
from ..core.storage import get_blob, has_blob, put_blob
from ..documents import checks, images, pictures, preview, saving, signatories
from ..documents.checks import HARD_NAMES, Warned
from ..documents.preview import Tried
from ..documents.templates import Page, TemplateView

MOST_NAMES, LONGEST_NAME = 40, 300
_WIDTH = 640  # pixels of a preview
_SIGNATURE = "signature.png"


class Tray:
    """Keeps pictures between two sendings of a form, under a token that only we can make, for this issuer alone."""

    def __init__(self, issuer_id: UUID) -> None:
        self._tokens = URLSafeSerializer(current_app.secret_key or "", salt=f"certify picture {issuer_id}")

    def hold(self, name: str, sha256: str) -> str:
        return str(self._tokens.dumps([name, sha256])) if current_app.secret_key else ""

    def held(self, token: str) -> tuple[str, str] | None:
        """Name and hash. None: not ours."""
        try:
            name, sha256 = self._tokens.loads(token) if current_app.secret_key else ("", "")
        except (BadData, ValueError):
            return None
        return (name, sha256) if name else None

    def held_signature(self, sha256: str) -> str:
        return self.hold(_SIGNATURE, sha256)

    def signature(self, rt: Runtime, data: bytes, token: str) -> str | None:
        """The hash of a signature that comes along, or of the one that was there. Raises PictureRefused."""
        if data:
            return signatories.keep_image(rt, data)
        held = self.held(token) if token else None
        return held[1] if held else None


@dataclass(frozen=True, slots=True)
class Held:
    """A picture on the desk."""

    name: str
    sha256: str
    token: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A name that was tried, and its picture for the page."""

    name: str
    tried: Tried
    picture: str | None  # base64 of a PNG


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of trying."""

    refusals: tuple[BadInput, ...]
    warnings: tuple[Warned, ...]
    shared: int
    own: int
    shown: tuple[Shown, ...] = ()
    left_out: int = 0  # names beyond those that a page tries

    @property
    def tried(self) -> list[Tried]:
        return [each.tried for each in self.shown]


@dataclass
class Desk:
    """A form, as it was sent or as it is shown first."""

    html: str
    language: str
    key: str = ""
    name: str = ""
    note: str = ""
    names: str = ""
    held: list[Held] = field(default_factory=list)
    uploads: Mapping[str, bytes] = field(default_factory=dict)
    tray: Tray | None = None

    @classmethod
    def empty(cls, language: str = "en") -> Self:
        return cls("", language)

    @classmethod
    def of(cls, page: Page, language: str, tray: Tray) -> Self:
        held = []
        for name, data in sorted(page.pictures.items()):
            sha256 = hashlib.sha256(data).hexdigest()
            held.append(Held(name, sha256, tray.hold(name, sha256)))
        return cls(page.html, language, held=held, tray=tray)

    @classmethod
    def parse(cls, request: Request, tray: Tray) -> Self:
        form, files = request.form, request.files
        file, names = files.get("page_file"), files.get("names_file")
        html = _text(file.stream.read()) if file and file.filename else form.get("html", "")
        said = _text(names.stream.read()) if names and names.filename else form.get("names", "")
        found = [(token, tray.held(token)) for token in form.getlist("keep")]
        uploads = {
            each.filename.rpartition("/")[2]: each.stream.read() for each in files.getlist("pictures") if each.filename
        }
        return cls(
            html=html.replace("\r\n", "\n"),
            language=form.get("language", "en").strip(),
            key=form.get("key", "").strip(),
            name=form.get("name", ""),
            note=form.get("note", ""),
            names=said,
            held=[Held(*each, token) for token, each in found if each is not None and each[0] not in uploads],
            uploads=uploads,
            tray=tray,
        )

    def page(self, rt: Runtime) -> Page:
        """The page with all its pictures. Those that came along and can be used are held from now on.

        Raises NotAllowed, PictureRefused, TooLarge.
        """
        if self.uploads:
            checks.check_size(self.html, self.uploads)
            fresh = {name: pictures.normal(name, data) for name, data in self.uploads.items()}
            with rt.transaction() as tx:
                kept = {
                    name: put_blob(tx.session, data, pictures.media_type(name)) for name, data in sorted(fresh.items())
                }
            assert self.tray is not None
            self.held += [Held(name, sha256, self.tray.hold(name, sha256)) for name, sha256 in kept.items()]
            self.uploads = {}
        with rt.reading() as session:
            # What lay on an open page for days may be gone: then it is missed by its name, and chosen again.
            self.held = [each for each in self.held if has_blob(session, each.sha256)]
            return Page(self.html, {each.name: get_blob(session, each.sha256) for each in self.held})

    def look(self, rt: Runtime, issuer: IssuerView, template: TemplateView | None) -> Seen:
        """What there is to say, and a picture for each name. Raises what pictures are refused for, WrongLanguage."""
        page = self.page(rt)
        template_id = template.id if template else None
        found = saving.look_at(rt, issuer.tenant_ref, page, self.language, template_id)
        if found.plate is None:
            return Seen(found.refusals, found.warnings, 0, 0)
        with rt.reading() as session:
            signing = signatories.would_print(session, issuer.id, template_id, self.html)
        known = preview.values_of(issuer, signing)
        names = [line.strip() for line in self.names.splitlines() if line.strip()] or list(HARD_NAMES)
        chosen = [each[:LONGEST_NAME] for each in names[:MOST_NAMES]]
        tried = preview.tried(found.plate, chosen, known, preview.pictures_of(rt, known))
        shown = tuple(Shown(name, each, _picture(each)) for name, each in zip(chosen, tried, strict=True))
        return Seen((), found.warnings, found.shared, found.own, shown, len(names) - len(chosen))


def _picture(each: Tried) -> str | None:
    if each.pdf is None:
        return None
    try:
        return images.as_base64(images.png(each.pdf, _WIDTH))
    except images.NoPictures:
        return None


def _text(data: bytes) -> str:
    """Raises NotText."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise preview.NotText(file="–") from None
