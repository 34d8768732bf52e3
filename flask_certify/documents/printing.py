"""One recipient's certificate from a plate. The same values give the same bytes, in any process."""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image

from ..core.ids import spaced
from . import fonts, qr
from .drawing import FontsInUse, drawn
from .errors import NoGlyph, TooLong, ValueMissing
from .fitting import Fitted, fit
from .placeholders import REQUIRED, Picture, Value, worded
from .plate import Plate, Slot, saved
from .shaping import Typesetter

_ALIGN = {"left": 0.0, "center": 0.5, "right": 1.0}
_RULE_WIDTH = 0.6  # points

Pictures = Callable[[Picture], bytes]
"""Finds the bytes of a picture, PNG or JPEG."""


def render(
    plate: Plate,
    values: Mapping[str, Value],
    *,
    zone: str,
    created: datetime,
    doc_id: UUID,
    pictures: Pictures,
) -> bytes:
    """The certificate as PDF, in the language of the plate. A value that is not given leaves its place empty.

    Raises ValueMissing, NoGlyph, TooLong and QrTooDense, which name the place and never the person.
    """
    check_values(values)
    for key in REQUIRED:
        if not values.get(key):
            raise ValueMissing(where=key)
    pdf = pikepdf.open(io.BytesIO(plate.page))
    page, used = pdf.pages[0], FontsInUse()
    fill = _Filling(pdf, plate.language, zone, pictures, used)
    parts = [(text.y, text.x, drawn(text.line, text.x, text.y, text.size, text.colour, used)) for text in plate.texts]
    parts += [(slot.middle, slot.x, fill.slot(slot, values[slot.name])) for slot in plate.slots if slot.name in values]
    # Top down, then left to right: the order in which the page is read out.
    parts.sort(key=lambda part: (-round(part[0]), part[1]))
    page.contents_add(pdf.make_stream(b"q"), prepend=True)
    page.contents_add(pdf.make_stream("\n".join(["Q", *(operators for _, _, operators in parts)]).encode()))
    page.Resources.Font = used.written(pdf)
    _describe(pdf, values, plate.language, created, doc_id)
    return saved(pdf)


def check_values(values: Mapping[str, Value]) -> None:
    """Raises NoGlyph if a value has a character that no font here can draw."""
    for key, value in values.items():
        if isinstance(value, str):
            _check_glyphs(key, value)


def check_fit(plate: Plate, values: Mapping[str, Value], zone: str) -> None:
    """Raises TooLong if a value does not fit its place, however small."""
    for slot in plate.slots:
        if slot.style.kind in ("text", "code") and slot.name in values:
            _fitted(slot, values[slot.name], plate.language, zone)


@dataclass(frozen=True, slots=True)
class _Filling:
    """What filling a place needs, beside the place and its value."""

    pdf: Pdf
    language: str
    zone: str
    pictures: Pictures
    used: FontsInUse

    def slot(self, slot: Slot, value: Value) -> str:
        """Operators that paint a value in its place."""
        style = slot.style
        match style.kind:
            case "qr":
                side = min(style.width, style.height)
                return f"/Artifact BMC\n{qr.drawn(str(value), slot.x, slot.y, side)}\nEMC"
            case "image":
                assert isinstance(value, Picture)
                return _picture(self.pdf, slot, self.pictures(value))
            case _:
                found = _fitted(slot, value, self.language, self.zone)
                return "\n".join([*_rule(slot), *_lines(slot, found, self.used)])


def _check_glyphs(key: str, text: str) -> None:
    if unknown := fonts.missing(text):
        raise NoGlyph(where=key, characters=fonts.named(unknown))


def _fitted(slot: Slot, value: Value, language: str, zone: str) -> Fitted:
    style = slot.style
    text = fonts.tidy(f"{style.before} {worded(slot.name, value, language, zone)}")
    _check_glyphs(slot.name, text)  # once more: a date may be worded in letters we do not have
    found = fit(
        text,
        Typesetter(language, style.latin, style.style).line,
        width=style.width,
        height=style.height,
        wanted=style.size,
        least=style.least,
        most_lines=style.lines,
    )
    if found is None:
        raise TooLong(where=slot.name)
    return found


def _lines(slot: Slot, found: Fitted, used: FontsInUse) -> list[str]:
    """The lines as one block, in the middle of its place."""
    style, out = slot.style, []
    top = slot.middle + found.height * found.size / 2
    for line, down in zip(found.lines, found.baselines, strict=True):
        spare = style.width - line.width * found.size / 1000
        x, y = slot.x + spare * _ALIGN[style.align], top - down * found.size
        out.append(drawn(line, x, y, found.size, style.colour, used))
    return out


def _rule(slot: Slot) -> list[str]:
    style = slot.style
    if style.rule is None:
        return []
    red, green, blue = style.rule
    top = slot.y + style.height
    return [
        f"/Artifact BMC q {red:.4g} {green:.4g} {blue:.4g} RG {_RULE_WIDTH} w "
        f"{slot.x:.2f} {top:.2f} m {slot.x + style.width:.2f} {top:.2f} l S Q EMC"
    ]


def _picture(pdf: Pdf, slot: Slot, data: bytes) -> str:
    """The picture as large as its place allows, in the middle of it, on its lower edge."""
    image, style = Image.open(io.BytesIO(data)), slot.style
    scale = min(style.width / image.width, style.height / image.height)
    width, height = image.width * scale, image.height * scale
    page = pdf.pages[0]
    if Name.XObject not in page.Resources:
        page.Resources.XObject = Dictionary()
    name = Name(f"/{slot.name.replace('.', '')}")
    page.Resources.XObject[name] = _image_object(pdf, image)
    x = slot.x + (style.width - width) * _ALIGN[style.align]
    return f"/Artifact BMC q {width:.2f} 0 0 {height:.2f} {x:.2f} {slot.y:.2f} cm {name} Do Q EMC"


def _image_object(pdf: Pdf, image: Image.Image) -> pikepdf.Object:
    clear = image.convert("RGBA")

    def written(pixels: Image.Image, space: Name) -> pikepdf.Stream:
        entries = Dictionary(
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=image.width,
            Height=image.height,
            ColorSpace=space,
            BitsPerComponent=8,
        )
        return pdf.make_stream(pixels.tobytes(), entries)

    found = written(clear.convert("RGB"), Name.DeviceRGB)
    found.SMask = written(clear.getchannel("A"), Name.DeviceGray)
    return found


def _describe(pdf: Pdf, values: Mapping[str, Value], language: str, created: datetime, doc_id: UUID) -> None:
    """Title, language, dates and id, all from the award."""
    shown = [values.get("achievement.title"), spaced(str(values.get("certificate.code", "")))]
    title = " ".join(str(each) for each in shown if each) + f": {values.get('recipient.name', '')}"
    stamp = created.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
    pdf.docinfo = pdf.make_indirect(
        Dictionary(
            Title=pikepdf.String(title),
            Author=pikepdf.String(str(values.get("issuer.name", ""))),
            Producer=pikepdf.String("flask-certify"),
            CreationDate=pikepdf.String(stamp),
            ModDate=pikepdf.String(stamp),
        )
    )
    pdf.Root.Lang = pikepdf.String(language)
    pdf.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    first = hashlib.md5(doc_id.bytes, usedforsecurity=False).digest()
    pdf.trailer.ID = Array([pikepdf.String(first), pikepdf.String(first)])
