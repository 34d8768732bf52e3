"""Text as glyphs: split by direction and font, shaped by HarfBuzz.

The one place where glyphs are made, for the text of a template as for a name, so what is measured is what is drawn.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

import uharfbuzz as hb
from xhtml2pdf.bidi import display_order, needs_bidi

from . import fonts
from .fonts import Family
from .outlines import Outlines

# What is spelled from a table has neither kerning nor ligatures, so the same text shaped has none either.
_UNKERNED = {"kern": False, "liga": False, "clig": False, "calt": False}


class Glyph(NamedTuple):
    """Units are those of the font. `cluster` is where its text begins in the run."""

    id: int
    cluster: int
    advance: int
    dx: int
    dy: int


class Face:
    """One font file. The same file is one face, so faces can be compared and counted."""

    def __init__(self, family: str, style: str) -> None:
        self.family, self.style = family, style
        self._data = fonts.families()[family].files[style].read_bytes()
        self._face = hb.Face(hb.Blob(self._data))
        self._font = hb.Font(self._face)
        self.per_mille: float = 1000 / self._face.upem  # font units to thousandths of the size
        self._extents: dict[int, tuple[float, float]] = {}
        self._widths: dict[int, int] = {}

    @property
    def name(self) -> str:
        return f"{self.family}-{self.style.capitalize()}"

    def shape(self, text: str, right_to_left: bool, language: str, *, kerned: bool = True) -> tuple[Glyph, ...]:
        """Glyphs in the order in which they are drawn, left to right."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if right_to_left else "ltr"
        buffer.language = language
        if kerned:
            hb.shape(self._font, buffer)
        else:
            hb.shape(self._font, buffer, _UNKERNED)
        return tuple(
            Glyph(info.codepoint, info.cluster, place.x_advance, place.x_offset, place.y_offset)
            for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)
        )

    def width(self, glyph_id: int) -> int:
        """How far a glyph moves on when nothing else is said, in thousandths of the size."""
        found = self._widths.get(glyph_id)
        if found is None:
            found = self._widths[glyph_id] = round(self._font.get_glyph_h_advance(glyph_id) * self.per_mille)
        return found

    def ink(self, glyph_id: int) -> tuple[float, float]:
        """Lowest and highest ink of a glyph, in em above the baseline."""
        if glyph_id not in self._extents:
            box = self._font.get_glyph_extents(glyph_id)
            em = self.per_mille / 1000
            low, high = (box.y_bearing + box.height, box.y_bearing) if box else (0, 0)
            self._extents[glyph_id] = (low * em, high * em)
        return self._extents[glyph_id]

    @cached_property
    def circle(self) -> int | None:
        """The dotted circle, which HarfBuzz draws under a sign that stands on no letter."""
        found: int | None = self._font.get_nominal_glyph(0x25CC)
        return found or None

    @cached_property
    def descriptor(self) -> bytes:
        """What a document says of the font as a whole."""
        extents = self._font.get_font_extents("ltr")
        box = b" ".join([b"%d" % round(each * self.per_mille) for each in self._outlines.box])
        return b"/Flags 4/FontBBox[%s]/ItalicAngle 0/Ascent %d/Descent %d/CapHeight 714/StemV %d" % (
            box,
            round(extents.ascender * self.per_mille),
            round(extents.descender * self.per_mille),
            80 if self.style == "regular" else 140,
        )

    @cached_property
    def _outlines(self) -> Outlines:
        return Outlines(self.name, self._data)

    def cut(self, glyph_ids: Sequence[int]) -> bytes:
        """A font of these glyphs only: the n-th of them is its glyph n, counted from 1."""
        return self._outlines.cut(glyph_ids)


@cache
def face(family: str, style: str) -> Face:
    """The face of a family in a style, read when first asked for."""
    return Face(family, style)


@dataclass(frozen=True, slots=True)
class Run:
    """Glyphs of one face and one direction."""

    text: str
    face: Face
    right_to_left: bool
    glyphs: tuple[Glyph, ...]

    @property
    def width(self) -> float:
        """In thousandths of the size."""
        return sum(glyph.advance for glyph in self.glyphs) * self.face.per_mille


@dataclass(frozen=True, slots=True)
class Line:
    """Shaped text on one baseline. Runs stand in the order in which they are drawn."""

    text: str
    runs: tuple[Run, ...]

    @property
    def width(self) -> float:
        """In thousandths of the size."""
        return sum(run.width for run in self.runs)

    @property
    def right_to_left(self) -> bool:
        return any(run.right_to_left for run in self.runs)

    def signs_alone(self) -> tuple[str, ...]:
        """Signs that stand on no letter, as in a name that was misspelt or cut off."""
        return tuple(
            next((char for char in run.text[glyph.cluster :] if unicodedata.category(char)[0] == "M"), "\u25cc")
            for run in self.runs
            if "\u25cc" not in run.text
            for glyph in run.glyphs
            if glyph.id == run.face.circle
        )

    def ink(self) -> tuple[float, float]:
        """Lowest and highest ink, in em above the baseline: Nastaliq reaches from -0.6 to 1.9."""
        low = high = 0.0
        for run in self.runs:
            for glyph in run.glyphs:
                bottom, top = run.face.ink(glyph.id)
                rise = glyph.dy * run.face.per_mille / 1000
                low, high = min(low, bottom + rise), max(high, top + rise)
        return low, high


@dataclass(frozen=True, slots=True)
class Typesetter:
    """Shapes text in one style, with the fonts that a language asks for."""

    language: str
    latin: str = fonts.LATIN[0]
    style: str = "regular"
    kerned: bool = True

    def line(self, text: str) -> Line:
        """The text on one line. Characters without a glyph must have been refused before."""
        stack = fonts.stack(self.language, self.latin)
        runs = [self.run(piece, family, level) for piece, family, level in _pieces(text, stack)]
        return Line(text, tuple(runs))

    def run(self, text: str, family: Family, level: int) -> Run:
        chosen, right_to_left = face(family.name, self.style), bool(level & 1)
        return Run(text, chosen, right_to_left, chosen.shape(text, right_to_left, self.language, kerned=self.kerned))


def _pieces(text: str, stack: tuple[Family, ...]) -> list[tuple[str, Family, int]]:
    """Pieces of one family and one level of direction, in drawing order (UAX #9)."""
    if not needs_bidi(text):
        return [(piece.text, piece.family, 0) for piece in fonts.split(text, stack)]
    levels = display_order(text, None)[1]
    pieces: list[tuple[str, Family, int]] = []
    at = 0
    for piece in fonts.split(text, stack):
        start, end = at, at + len(piece.text)
        for here in range(start + 1, end + 1):
            if here == end or levels[here] != levels[start]:
                pieces.append((text[start:here], piece.family, levels[start]))
                start = here
        at = end
    return _as_drawn(pieces)


def _as_drawn(pieces: list[tuple[str, Family, int]]) -> list[tuple[str, Family, int]]:
    """Rule L2: from the deepest level up, whatever lies at least that deep is turned round."""
    drawn = list(pieces)
    for depth in range(max(level for _, _, level in drawn), 0, -1):
        start = 0
        while start < len(drawn):
            end = start
            while end < len(drawn) and drawn[end][2] >= depth:
                end += 1
            drawn[start:end] = drawn[start:end][::-1]
            start = max(end, start + 1)
    return drawn
