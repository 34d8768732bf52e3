"""Shaped text as operators of PDF, and the small fonts that a document needs for it.

A code in the page belongs to a pair of glyph and source text, so that whoever copies or searches gets what was
typed: the first glyph of a cluster carries the text of the cluster, the others a space of no width. (An empty text
breaks several readers, a joiner breaks pdftotext.)
"""

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf

from .shaping import Face, Glyph, Line, Run

_NO_TEXT = "\u200b"

Colour = tuple[float, float, float]


class FontInUse:
    """What one document takes from one face."""

    def __init__(self, face: Face, name: str) -> None:
        self.face, self.name = face, name
        self._codes: dict[tuple[int, str], int] = {}

    def code(self, glyph_id: int, text: str) -> int:
        """The code that draws this glyph and means this text. Counted from 1."""
        return self._codes.setdefault((glyph_id, text), len(self._codes) + 1)

    def written(self, pdf: Pdf) -> pikepdf.Object:
        """The font with all that was asked of it, as an object of the document."""
        glyph_ids = [glyph_id for glyph_id, _ in self._codes]
        tagged = Name(f"/{_tag(self.name)}+{self.face.name}")
        ascent, descent = self.face.metrics
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=tagged,
            Flags=4,
            FontBBox=Array([-1000, descent, 3000, ascent]),
            ItalicAngle=0,
            Ascent=ascent,
            Descent=descent,
            CapHeight=714,
            StemV=80 if self.face.style == "regular" else 140,
            FontFile2=pdf.make_stream(self.face.cut(glyph_ids)),
        )
        outlines = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=tagged,
            CIDSystemInfo=Dictionary(
                Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0
            ),
            FontDescriptor=pdf.make_indirect(descriptor),
            CIDToGIDMap=pdf.make_stream(b"".join(each.to_bytes(2, "big") for each in [0, *glyph_ids])),
            DW=0,
            W=Array([1, Array([self.face.width(each) for each in glyph_ids])]),
        )
        return pdf.make_indirect(
            Dictionary(
                Type=Name.Font,
                Subtype=Name.Type0,
                BaseFont=tagged,
                Encoding=Name("/Identity-H"),
                DescendantFonts=Array([pdf.make_indirect(outlines)]),
                ToUnicode=pdf.make_stream(self._to_unicode()),
            )
        )

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
    """The fonts of one document, in the order in which they are first needed."""

    def __init__(self) -> None:
        self._fonts: dict[Face, FontInUse] = {}

    def of(self, face: Face) -> FontInUse:
        if face not in self._fonts:
            self._fonts[face] = FontInUse(face, f"F{len(self._fonts) + 1}")
        return self._fonts[face]

    def written(self, pdf: Pdf) -> Dictionary:
        """The font resources of the page."""
        return Dictionary({f"/{font.name}": font.written(pdf) for font in self._fonts.values()})


def drawn(line: Line, x: float, y: float, size: float, colour: Colour, used: FontsInUse) -> str:
    """Operators for a line whose baseline begins at x, y.

    Each line is one Span with its text, because pdftotext reads it there only. Text that runs from right to left
    has none: readers would turn it round.
    """
    red, green, blue = colour
    actual = "" if line.right_to_left else f"<</ActualText<feff{_utf16(line.text)}>>>"
    out = [f"/Span {actual or '<<>>'}BDC BT {red:.4g} {green:.4g} {blue:.4g} rg 1 0 0 1 {x:.2f} {y:.2f} Tm"]
    for run in line.runs:
        out += _run(run, size, used.of(run.face))
    out.append("ET EMC")
    return "\n".join(out)


def _run(run: Run, size: float, font: FontInUse) -> list[str]:
    """Operators for a run. Glyphs are grouped by how far they are raised, since that needs an operator of its own."""
    out = [f"/{font.name} {size:g} Tf"]
    items: list[str] = []
    rise = 0
    for glyph, text in _with_text(run):
        if glyph.dy != rise:
            out += _shown(items)
            items = []
            out.append(f"{glyph.dy * run.face.per_mille * size / 1000:.2f} Ts")
            rise = glyph.dy
        per_mille = run.face.per_mille
        back = run.face.width(glyph.id) + (glyph.dx - glyph.advance) * per_mille
        items += _moved(-glyph.dx * per_mille)
        items.append(f"<{font.code(glyph.id, text):04x}>")
        items += _moved(back)
    out += _shown(items)
    if rise:
        out.append("0 Ts")
    return out


def _with_text(run: Run) -> list[tuple[Glyph, str]]:
    """Each glyph with the text that it stands for in what a reader copies."""
    starts = sorted({glyph.cluster for glyph in run.glyphs})
    ends = dict(zip(starts, [*starts[1:], len(run.text)], strict=True))
    seen: set[int] = set()
    found = []
    for glyph in run.glyphs:
        text = _NO_TEXT if glyph.cluster in seen else run.text[glyph.cluster : ends[glyph.cluster]]
        seen.add(glyph.cluster)
        found.append((glyph, text))
    return found


def _moved(back: float) -> list[str]:
    """A step in an array of text, if it is worth one. The spaces keep two numbers apart."""
    return [f" {round(back)} "] if abs(back) >= 0.5 else []


def _shown(items: list[str]) -> list[str]:
    return [f"[{''.join(items).replace('><', '')}]TJ"] if items else []


def _tag(name: str) -> str:
    """Six capitals, as names of cut fonts begin."""
    return f"CERT{chr(65 + int(name[1:]) // 26)}{chr(65 + int(name[1:]) % 26)}"


def _utf16(text: str) -> str:
    return text.encode("utf-16-be").hex()


_CMAP_HEAD = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap"
    "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def"
    "/CMapName/A def/CMapType 2 def 1 begincodespacerange<0000><ffff>endcodespacerange"
)
