"""Shaped text as operators of PDF, and the small fonts that a document needs for it.

A code in the page belongs to a pair of glyph and source text, so that whoever copies or searches gets what was
typed: the first glyph of a cluster carries the text of the cluster, the others a space of no width. (An empty text
breaks several readers, a joiner breaks pdftotext.)
"""

from collections.abc import Mapping
from itertools import pairwise

from . import pdf
from .shaping import Face, Glyph, Line, Run

_NO_TEXT = "\u200b"
OBJECTS_OF_A_FONT = 6

Colour = tuple[float, float, float]


class FontInUse:
    """What one document, or all that share a prefix, take from one face."""

    def __init__(self, face: Face, name: str) -> None:
        self.face, self.name = face, name
        self._codes: dict[tuple[int, str], int] = {}

    def code(self, glyph_id: int, text: str) -> int:
        """The code that draws this glyph and means this text. Counted from 1."""
        return self._codes.setdefault((glyph_id, text), len(self._codes) + 1)

    def objects(self, first: int, level: int) -> list[bytes]:
        """The font as six objects, numbered from `first`."""
        glyph_ids = [glyph_id for glyph_id, _ in self._codes]
        places = {glyph_id: at for at, glyph_id in enumerate(dict.fromkeys(glyph_ids), 1)}
        outlines = self.face.cut(list(places))
        tagged = f"/{_tag(self.name)}+{self.face.name}".encode()
        map_to_outlines = b"\0\0" + b"".join([places[each].to_bytes(2, "big") for each in glyph_ids])
        widths = " ".join([str(self.face.width(each)) for each in glyph_ids]).encode()
        return [
            b"<</Type/Font/Subtype/Type0/BaseFont%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (tagged, first + 1, first + 4),
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            b"/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap %d 0 R/DW 0/W[1[%s]]>>"
            % (tagged, first + 2, first + 3, widths),
            b"<</Type/FontDescriptor/FontName%s%s/FontFile2 %d 0 R>>" % (tagged, self.face.descriptor, first + 5),
            pdf.stream(map_to_outlines),
            pdf.packed(self._to_unicode(), level=level),
            pdf.packed(outlines, b"/Length1 %d" % len(outlines), level),
        ]

    def _to_unicode(self) -> bytes:
        out = [_CMAP_HEAD]
        texts = [text for _, text in self._codes]
        for start in range(0, len(texts), 100):  # no more than a hundred in a block
            block = texts[start : start + 100]
            out.append(f"{len(block)} beginbfchar")
            out += [f"<{start + at:04x}><{_utf16(text)}>" for at, text in enumerate(block, 1)]
            out.append("endbfchar")
        out.append("endcmap CMapName currentdict/CMap defineresource pop end end")
        return "\n".join(out).encode()


class FontsInUse:
    """The fonts of one document, in the order in which they are first needed. Their names begin with a letter."""

    def __init__(self, letter: str) -> None:
        self._letter = letter
        self._fonts: dict[Face, FontInUse] = {}

    def of(self, face: Face) -> FontInUse:
        found = self._fonts.get(face)
        if found is None:
            found = self._fonts[face] = FontInUse(face, f"{self._letter}{len(self._fonts)}")
        return found

    def written(self, first: int, level: int) -> tuple[bytes, list[bytes]]:
        """Entries for the resources of the page, and the objects of all fonts, numbered from `first`."""
        entries, bodies = [], list[bytes]()
        for font in self._fonts.values():
            entries.append(b"/%s %d 0 R" % (font.name.encode(), first + len(bodies)))
            bodies += font.objects(first + len(bodies), level)
        return b"".join(entries), bodies


def drawn(line: Line, x: float, y: float, size: float, colour: Colour, used: FontsInUse, mark: int) -> str:
    """Operators for a line whose baseline begins at x, y.

    `mark` ties it to its place in the reading order. Each line is one Span with its text, because pdftotext reads it
    there only. Text that runs from right to left has none: readers would turn it round.
    """
    actual = "" if line.right_to_left else f"/ActualText<FEFF{_utf16(line.text)}>"
    out = [_opened(mark, actual, x, y, colour)]
    for run in line.runs:
        out += _run(run, size, used.of(run.face))
    out.append("ET EMC")
    return "\n".join(out)


class Speller:
    """Writes text letter by letter, as a code is written: from a table, without kerning, for a hundredth of the time.

    The table is made of shaped letters, so that what is spelled lies where the shaped text would, to the pixel.
    """

    def __init__(self, letters: Mapping[str, Line], used: FontsInUse) -> None:
        self._table: dict[str, tuple[str, float]] = {}
        faces = set()
        for letter, line in letters.items():
            (run,) = line.runs
            faces.add(run.face)
            (glyph,) = run.glyphs
            self._table[letter] = f"{used.of(run.face).code(glyph.id, letter):04x}", line.width
        (face,) = faces
        self._font = used.of(face).name

    def width(self, text: str) -> float | None:
        """In thousandths of the size. None: not all of it can be spelled."""
        try:
            return sum([self._table[letter][1] for letter in text])
        except KeyError:
            return None

    def drawn(self, text: str, x: float, y: float, size: float, colour: Colour, mark: int) -> str:
        """Operators for the text, like those of `drawn`."""
        codes = "".join([self._table[letter][0] for letter in text])
        opened = _opened(mark, f"/ActualText<FEFF{_utf16(text)}>", x, y, colour)
        return f"{opened}\n/{self._font} {size:g} Tf\n[<{codes}>]TJ\nET EMC"


def _opened(mark: int, actual: str, x: float, y: float, colour: Colour) -> str:
    red, green, blue = colour
    return f"/Span<</MCID {mark}{actual}>>BDC BT {red:.4f} {green:.4f} {blue:.4f} rg 1 0 0 1 {x:.2f} {y:.2f} Tm"


def _run(run: Run, size: float, font: FontInUse) -> list[str]:
    """Operators for a run. Glyphs are grouped by how far they are raised, since that needs an operator of its own."""
    out = [f"/{font.name} {size:g} Tf"]
    items: list[str] = []
    rise = 0
    face, per_mille = run.face, run.face.per_mille
    for glyph, text in _with_text(run):
        if glyph.dy != rise:
            out += _shown(items)
            items = []
            out.append(f"{glyph.dy * per_mille * size / 1000:.2f} Ts")
            rise = glyph.dy
        back = face.width(glyph.id) + (glyph.dx - glyph.advance) * per_mille
        if glyph.dx:
            items += _moved(-glyph.dx * per_mille)
        items.append(f"<{font.code(glyph.id, text):04x}>")
        if back:
            items += _moved(back)
    out += _shown(items)
    if rise:
        out.append("0 Ts")
    return out


def _with_text(run: Run) -> list[tuple[Glyph, str]]:
    """Each glyph with the text that it stands for in what a reader copies."""
    starts = sorted({glyph.cluster for glyph in run.glyphs})
    ends = dict(pairwise([*starts, len(run.text)]))
    found = []
    for glyph in run.glyphs:
        end = ends.pop(glyph.cluster, None)
        found.append((glyph, _NO_TEXT if end is None else run.text[glyph.cluster : end]))
    return found


def _moved(back: float) -> list[str]:
    """A step in an array of text, if it is worth one. The spaces keep two numbers apart."""
    return [f" {round(back)} "] if abs(back) >= 0.5 else []


def _shown(items: list[str]) -> list[str]:
    return [f"[{''.join(items).replace('><', '')}]TJ"] if items else []


def _tag(name: str) -> str:
    """Six capitals, as names of cut fonts begin; the letter keeps those of a prefix and of a tail apart."""
    number = int(name[1:])
    return f"CER{name[0]}{chr(65 + number // 26)}{chr(65 + number % 26)}"


def _utf16(text: str) -> str:
    return text.encode("utf-16-be").hex()


_CMAP_HEAD = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap"
    "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def"
    "/CMapName/A def/CMapType 2 def 1 begincodespacerange<0000><ffff>endcodespacerange"
)
