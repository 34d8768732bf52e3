"""What a template's author should know before it is saved: what stands in the way, and what merely could be better.

Every finding has a code for programs and a sentence for people. A refusal is an error that saving would raise; a
warning changes nothing, and is shown beside the preview.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pikepdf
from PIL import Image

from ..core.errors import BadInput
from ..core.i18n import N_, c_
from . import dialect, painting, pictures, placeholders, qr
from .compiling import compiled
from .contrast import LEAST, Background, asked
from .errors import BoxOffPage, SlotMissing, TemplateRefused, TooLarge, TooLong, TooManyPixels
from .images import NoPictures
from .placeholders import MANDATORY, Value
from .plate import Plate, Slot
from .press import Press
from .unseen import unseen

MOST_MEGABYTES = 8
HEAVY = 250_000  # bytes of one certificate
_FINE, _COARSE = 400, 100  # dots per inch of a picture on paper
_ENOUGH = 200
_MANY = 500_000  # pixels; a picture with fewer may be as fine as it likes
_TOUCH = 72 / 25.4  # points that two boxes may reach into each other
_OF = UUID("2f9a6ad4-6a57-4d7e-9a51-0f5a3a2b7c10")
_WHEN = datetime(2026, 5, 31, 12, tzinfo=UTC)
HARD_NAMES = (
    "O",
    "Venkata Subrahmanya Satyanarayana Lakshmi Narasimha Murthy Chandrasekhar Bhattacharya",
    "Dr. सुनीता शर्मा (PhD)",
    "श्रीमती विद्याधरेश्वरी ज्ञानेश्वर चतुर्वेदी क्षत्रियवंशी भट्टाचार्य त्रिपाठी सूर्यवंशी",
    "S. முத்துக்குமார் B.Ed.",
    "కృష్ణమూర్తి శ్రీనివాస్",
    "ಶ್ರೀನಿವಾಸ ಕೃಷ್ಣಪ್ಪ",
    "ഉണ്ണിക്കൃഷ്ണൻ നമ്പൂതിരി",
    "কৃষ্ণেন্দু ভট্টাচার্য",
    "કૃષ્ણા બ્રહ્મભટ્ટ",
    "ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ",
    "ଶ୍ରୀଧର ମହାପାତ୍ର",
    "محترمہ Fatima بیگم",
)
"""The longest and hardest, in every script."""
LONG_TITLE = "Foundational Literacy and Numeracy for Teachers of Classes One to Three: Planning, Practice, Assessment"

WARNINGS: Mapping[str, str] = {
    "template.later_only": N_(
        "This template is attached to course runs. The change holds for later certificates only; those already issued "
        "stay as they are."
    ),
    "template.unchanged": N_("Nothing is different from the version before, so no new one was made."),
    "template.names_do_not_fit": N_(
        "%(refused)s of the %(tried)s longest and hardest names do not fit into their place, even in the smallest "
        "size. Such learners would get no certificate. Make the place larger, or allow it more lines."
    ),
    "template.title_does_not_fit": N_(
        "A title of %(length)s characters does not fit into %(slot)s, even in the smallest size. Courses with such a "
        "title would get no certificates."
    ),
    "template.contrast": N_(
        "%(what)s: the contrast with what is behind it is %(ratio)s to 1. Text of this size is read by everybody from "
        "%(asked)s to 1 on."
    ),
    "template.contrast_unknown": N_("The contrast of colours was not looked at, since the extra images is not there."),
    "template.heavy": N_(
        "Each certificate has %(kilobytes)s kB, so that 50,000 of them are %(gigabytes)s GB. Use smaller pictures."
    ),
    "template.picture_fine": N_(
        "%(file)s has %(dots)s dots to the inch. %(width)s × %(height)s pixels are enough for its place, and make "
        "every certificate smaller."
    ),
    "template.picture_coarse": N_("%(file)s has only %(dots)s dots to the inch, and will look blurred on paper."),
    "template.picture_unused": N_("%(file)s comes along, but the template does not show it."),
    "template.box_too_wide": N_(
        "%(slot)s is %(wide_mm)s mm wide, and what it stands in has room for %(room_mm)s mm. It is printed as wide as "
        "it says, and may not stand where it is expected. Make one as wide as the other."
    ),
    "template.boxes_overlap": N_("%(slot)s and %(other)s overlap, so one may be printed over the other."),
    "template.not_on_page": N_(
        "%(what)s is not on the page, or reaches beyond its edge, where nothing is printed. Move it, or make it "
        "smaller."
    ),
}


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that does not stand in the way, and that the author should know."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return WARNINGS[self.code] % self.values

    def worded(self) -> str:
        return c_(WARNINGS[self.code], **self.values)


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was found. Without a refusal there is a plate, and the size of a certificate: bytes that all of a run
    share, and those of each alone."""

    refusals: tuple[BadInput, ...] = ()
    warnings: tuple[Warned, ...] = ()
    plate: Plate | None = None
    shared: int = 0
    own: int = 0


def look_at(html: str, language: str, kept: Mapping[str, bytes], known: Mapping[str, Value] | None = None) -> Findings:
    """What is to be said about the page. `kept` are its pictures, made normal; `known` are values that are no samples,
    such as the issuer's name. Takes a second, since the page is laid out."""
    try:
        check_size(html, kept)
    except (TooLarge, TooManyPixels) as refusal:
        return Findings((refusal,))
    refusals: list[BadInput] = [*dialect.refusals(html, kept.keys())]
    refusals += _parts_missing(html, refusals)
    if refusals:
        return Findings(tuple(refusals))
    try:
        plate = compiled(html, language, kept)
    except TemplateRefused as refusal:
        return Findings((refusal,))
    words = placeholders.in_words({**placeholders.samples(), **(known or {})}, language, "UTC")
    told = {key: value for key, value in words.items() if isinstance(value, str)}
    refusals += [*_off_page(plate), *_unfit(plate, told)]
    if refusals:
        return Findings(tuple(refusals))
    press = Press(plate, placeholders.shared(told), lambda picture: b"", attaches=False)
    own = press.print(told, doc_id=_OF, created=_WHEN).size - len(press.prefix)
    warnings = [
        *_names(plate),
        *_titles(plate),
        *_wide(plate),
        *_overlaps(plate),
        *(Warned("template.not_on_page", {"what": what}) for what in unseen(plate, html, kept)),
        *_pictures(html, kept),
        *_colours(plate),
    ]
    if (whole := len(press.prefix) + own) > HEAVY:
        warnings.append(
            Warned("template.heavy", {"kilobytes": whole // 1000, "gigabytes": round(whole * 50_000 / 1e9, 1)})
        )
    return Findings((), tuple(warnings), plate, len(press.prefix), own)


def check_size(html: str, given: Mapping[str, bytes]) -> None:
    """Raises TooLarge, TooManyPixels."""
    size = len(html.encode(errors="surrogatepass")) + sum(map(len, given.values()))
    if size > MOST_MEGABYTES * 1_000_000:
        raise TooLarge(most_mb=MOST_MEGABYTES, has_mb=round(size / 1_000_000, 1))
    pictures.check_together(given)


# ---- what stands in the way ------------------------------------------------------------------------


def _parts_missing(html: str, said: list[BadInput]) -> Iterator[BadInput]:
    """Every part that a certificate has to have and the page has no place for (R-014)."""
    try:
        page = dialect.parsed(html)
    except TemplateRefused:
        return
    there = {element.get("data-slot") for element in dialect.slots(page)}
    already = {each.values.get("slot") for each in said if isinstance(each, SlotMissing)}
    for name in MANDATORY:
        if name not in there and name not in already:
            yield SlotMissing(slot=name)


def _off_page(plate: Plate) -> Iterator[BadInput]:
    width, height = _size_of(plate)
    for slot in plate.slots:
        right, top = slot.x + slot.style.width, slot.y + slot.style.height
        if slot.x < -1 or slot.y < -1 or right > width + 1 or top > height + 1:
            yield BoxOffPage(slot=slot.name)


def _unfit(plate: Plate, words: Mapping[str, str]) -> Iterator[BadInput]:
    """Values as they are in most certificates, and the issuer's own, have to fit."""
    for slot in plate.slots:
        value = words.get(slot.name)
        if value is None:
            continue
        try:
            if slot.style.kind == "qr":
                qr.check_width(value, min(slot.style.width, slot.style.height))
            elif slot.style.kind != "image":
                painting.fitted(slot, painting.printed_text(slot, value), plate.language)
        except BadInput as refusal:
            yield refusal


# ---- what could be better --------------------------------------------------------------------------


def _names(plate: Plate) -> Iterator[Warned]:
    [slot] = [each for each in plate.slots if each.name == "recipient.name"]
    refused = sum(not _fits(slot, name, plate.language) for name in HARD_NAMES)
    if refused:
        yield Warned("template.names_do_not_fit", {"refused": refused, "tried": len(HARD_NAMES)})


def _titles(plate: Plate) -> Iterator[Warned]:
    for slot in plate.slots:
        if slot.name == "course.title" and not _fits(slot, LONG_TITLE, plate.language):
            yield Warned("template.title_does_not_fit", {"slot": slot.name, "length": len(LONG_TITLE)})


def _fits(slot: Slot, value: str, language: str) -> bool:
    try:
        painting.fitted(slot, painting.printed_text(slot, value), language)
    except TooLong:
        return False
    return True


def _wide(plate: Plate) -> Iterator[Warned]:
    """Wider than what it stands in. Higher does no harm: boxes of pages grow downwards."""
    for slot in plate.slots:
        if slot.room is not None:
            wide, room = (f"{round(each / 72 * 25.4, 1):g}" for each in (slot.style.width, slot.room))
            yield Warned("template.box_too_wide", {"slot": slot.name, "wide_mm": wide, "room_mm": room})


def _overlaps(plate: Plate) -> Iterator[Warned]:
    """A signature may lie over a name; text and codes keep apart."""
    slots = [each for each in plate.slots if each.style.kind != "image"]
    for at, one in enumerate(slots):
        for other in slots[at + 1 :]:
            wide = min(one.x + one.style.width, other.x + other.style.width) - max(one.x, other.x)
            high = min(one.y + one.style.height, other.y + other.style.height) - max(one.y, other.y)
            if wide > _TOUCH and high > _TOUCH:
                yield Warned("template.boxes_overlap", {"slot": one.name, "other": other.name})


def _pictures(html: str, kept: Mapping[str, bytes]) -> Iterator[Warned]:
    shown: dict[str, tuple[float, float]] = {}
    for element in dialect.parsed(html).xpath("//img[not(@data-slot)]"):
        name = element.get("src", "")
        wide, high = dialect.size_of(element, name)
        before = shown.get(name, (0.0, 0.0))
        shown[name] = max(wide, before[0]), max(high, before[1])
    for name, data in kept.items():
        if name not in shown:
            yield Warned("template.picture_unused", {"file": name})
        elif not pictures.is_drawing(name):
            yield from _dots(name, data, *shown[name])


def _dots(name: str, data: bytes, wide: float, high: float) -> Iterator[Warned]:
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
    dots = round(min(width / wide, height / high) * 72)
    if dots > _FINE and width * height > _MANY:
        enough = {"width": round(wide / 72 * _ENOUGH), "height": round(high / 72 * _ENOUGH)}
        yield Warned("template.picture_fine", {"file": name, "dots": dots, **enough})
    elif dots < _COARSE:
        yield Warned("template.picture_coarse", {"file": name, "dots": dots})


def _colours(plate: Plate) -> Iterator[Warned]:
    """Of text, and of the QR code, on what the page shows behind them."""
    try:
        behind = Background(plate.page)
    except NoPictures:
        yield Warned("template.contrast_unknown")
        return
    for slot in plate.slots:
        style = slot.style
        if style.kind == "image":
            continue
        is_code = style.kind == "qr"
        found = behind.contrast((0, 0, 0) if is_code else style.colour, slot.x, slot.y, style.width, style.height)
        yield from _weak(slot.name, found, LEAST if is_code else asked(style.size, style.style))
    for text in plate.texts:
        low, high = text.line.ink()
        wide = text.line.width * text.size / 1000
        found = behind.contrast(text.colour, text.x, text.y + low * text.size, wide, (high - low) * text.size)
        style_of = text.line.runs[0].face.style if text.line.runs else "regular"
        yield from _weak(f"“{text.line.text.strip()[:40]}”", found, asked(text.size, style_of))


def _weak(what: str, found: float, wanted: float) -> Iterator[Warned]:
    if found < wanted:
        yield Warned("template.contrast", {"what": what, "ratio": f"{found:.1f}", "asked": f"{wanted:g}"})


def _size_of(plate: Plate) -> tuple[float, float]:
    with pikepdf.open(io.BytesIO(plate.page)) as pdf:
        left, bottom, right, top = (float(edge) for edge in pdf.pages[0].MediaBox)
    return right - left, top - bottom
