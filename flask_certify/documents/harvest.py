"""Reads a page that xhtml2pdf laid out: markers become slots, tokens become text, what is left is graphics."""

import io
from collections.abc import Sequence
from typing import Any

import pikepdf
from pikepdf import Name

from . import dialect, fonts
from .dialect import SlotStyle
from .drawing import Colour
from .errors import NotAllowed, NotOnePage, PageSize, SlotMissing, TemplateRefused, UndrawableText
from .layout import MARKER_HEIGHT, TOKEN, LaidOut, Spoken, marker_colour
from .plate import Plate, Slot, StaticText, saved

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
_TOUCH = 0.5  # points that rounding may take away

# Millimetres, the short side first.
_SIZES = ((210.0, 297.0), (148.0, 210.0), (215.9, 279.4))


def harvest(laid_out: LaidOut, html: str, language: str) -> Plate:
    """The plate. Raises TemplateRefused and its kinds."""
    pdf = pikepdf.open(io.BytesIO(laid_out.pdf))
    if len(pdf.pages) != 1:
        raise NotOnePage(pages=len(pdf.pages))
    page = pdf.pages[0]
    _check_size(page)
    styles = [dialect.style_of(element) for element in dialect.slots(dialect.parsed(html))]
    reader = _Reader(page, styles, laid_out.spoken)
    reader.read()
    for style in styles:
        if style.name not in reader.slots:
            raise SlotMissing(slot=style.name)
    page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(reader.kept))
    for unused in (Name.Font, Name.ProcSet):
        if unused in page.Resources:
            del page.Resources[unused]
    slots = tuple(reader.slots[style.name] for style in styles)
    return Plate(language, slots, tuple(reader.texts), saved(pdf))


def _check_size(page: pikepdf.Page) -> None:
    left, bottom, right, top = (float(edge) / 72 * 25.4 for edge in page.MediaBox)
    size = sorted((right - left, top - bottom))
    if not any(abs(size[0] - short) < 1 and abs(size[1] - long) < 1 for short, long in _SIZES):
        raise PageSize(width_mm=round(right - left), height_mm=round(top - bottom))


class _Reader:
    """Follows the content stream with as much of its state as places and colours need."""

    def __init__(self, page: pikepdf.Page, styles: Sequence[SlotStyle], spoken: Sequence[Spoken]) -> None:
        self.kept: list[Any] = []
        self.slots: dict[str, Slot] = {}
        self.texts: list[StaticText] = []
        self._page, self._styles, self._spoken = page, styles, spoken
        self._pictures: Any = page.Resources.get("/XObject", {})
        self._matrix, self._colour = IDENTITY, (0.0, 0.0, 0.0)
        self._stack: list[tuple[Matrix, Colour]] = []
        self._in_text = False
        self._start = IDENTITY
        self._gone = self._leading = self._spacing = 0.0

    def read(self) -> None:
        for instruction in pikepdf.parse_content_stream(self._page):
            operator, operands = str(instruction.operator), list(instruction.operands)
            if None in operands:  # a number that no reader of PDF can hold
                raise TemplateRefused()
            was_in_text = self._in_text
            if self._follow(operator, operands) and not was_in_text and not self._in_text:
                self.kept.append(instruction)

    def _follow(self, operator: str, operands: list[Any]) -> bool:
        """Whether the instruction belongs to the graphics."""
        match operator:
            case "q":
                self._stack.append((self._matrix, self._colour))
            case "Q":
                self._matrix, self._colour = self._stack.pop()
            case "cm":
                self._matrix = _times(_matrix(operands), self._matrix)
            case "rg":
                red, green, blue = (float(each) for each in operands)
                self._colour = red, green, blue
            case "g":
                self._colour = (float(operands[0]),) * 3
            case "Do":
                return not self._is_marker(str(operands[0]))
            case "Tj" | "TJ" | "'" | '"':
                raise NotAllowed(what="text in a font that does not come with this package")
            case "BT":
                self._in_text, self._start, self._gone = True, IDENTITY, 0.0
            case "ET":
                self._in_text = False
                return False
            case "Tm" | "Td" | "T*" | "TL" | "Tw" | "MP" if self._in_text:
                self._follow_text(operator, operands)
        return True

    def _follow_text(self, operator: str, operands: list[Any]) -> None:
        match operator:
            case "Tm":
                self._start, self._gone = _matrix(operands), 0.0
            case "Td":
                by_x, by_y = (float(each) for each in operands)
                self._start, self._gone = _times((1, 0, 0, 1, by_x, by_y), self._start), 0.0
            case "T*":
                self._start, self._gone = _times((1, 0, 0, 1, 0, -self._leading), self._start), 0.0
            case "TL":
                self._leading = float(operands[0])
            case "Tw":
                self._spacing = float(operands[0])
            case "MP":
                self._place(self._spoken[int(str(operands[0])[1 + len(TOKEN) :])])

    def _place(self, spoken: Spoken) -> None:
        line, size, rise = spoken
        where = _times((1, 0, 0, 1, self._gone, rise), _times(self._start, self._matrix))
        if any(glyph.id == 0 for run in line.runs for glyph in run.glyphs):
            raise UndrawableText(characters=line.text)
        if alone := line.signs_alone():
            raise UndrawableText(characters=fonts.named(alone))
        if line.text.strip():
            self.texts.append(StaticText(line, where[4], where[5], size * where[3], self._colour))
        self._gone += line.width * size / 1000 + self._spacing * line.text.count(" ")

    def _is_marker(self, name: str) -> bool:
        picture = self._pictures.get(name)
        if picture is None or picture.get("/Subtype") != "/Image" or int(picture.Height) != MARKER_HEIGHT:
            return False
        number = int(picture.Width) - 2
        if not 0 <= number < len(self._styles) or picture.read_bytes()[:3] != bytes(marker_colour(number)):
            return False
        width, turned, skewed, _, x, y = self._matrix
        if turned or skewed:
            raise TemplateRefused()
        style = self._styles[number]
        room = width if width < style.width - _TOUCH else None  # xhtml2pdf shrinks what does not fit into its box
        self.slots[style.name] = Slot(x, y, style, room)
        del self._pictures[name]
        return True


def _matrix(operands: list[Any]) -> Matrix:
    a, b, c, d, e, f = (float(each) for each in operands)
    return a, b, c, d, e, f


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )
