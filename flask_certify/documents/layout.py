"""Lays a template out with xhtml2pdf. Runs in a child process of its own: see compiling.py.

xhtml2pdf places text and paints graphics, and shapes no Indic script and no Nastaliq. So it measures with our
shaped widths, and where it would write glyphs it leaves a token that says which line stands there. None of the three
names patched here is documented; xhtml2pdf is pinned below 0.3, and the tests tell when one is gone. They stay
patched: the process ends after one template.
"""

import base64
import hashlib
import io
import json
import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import lxml.html
import xhtml2pdf.context
from lxml.html.builder import SPAN, STYLE
from PIL import Image
from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.textobject import PDFTextObject
from xhtml2pdf import pisa
from xhtml2pdf.config.resources import RenderLimitError, ResourceAccessPolicy

from . import dialect, fonts
from .errors import PictureMissing, TemplateRefused, TooMuchWork
from .pictures import media_type
from .shaping import Line, Run, face

MARKER_HEIGHT = 3  # pixels; with its width and colour it tells a slot from any picture
TOKEN = "CertifyText"

_RTL = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc"
_RTL_PIECE = re.compile(f"([{_RTL}](?:[{_RTL}\u200c\u200d ]*[{_RTL}])?)")
_RTL_DIGITS = re.compile("[\u0660-\u0669\u06f0-\u06f9]+")


class Spoken(NamedTuple):
    """A line that xhtml2pdf placed: what a token stands for."""

    line: Line
    size: float
    rise: float


class LaidOut(NamedTuple):
    pdf: bytes
    spoken: list[Spoken]


def lay_out(html: str, language: str, pictures: Mapping[str, bytes]) -> LaidOut:
    """The page with markers for slots and tokens for text. Raises TemplateRefused and its kinds."""
    page = dialect.parsed(html)
    page.set("lang", language)
    for number, slot in enumerate(dialect.slots(page)):
        slot.set("src", _data_uri(marker(number), "image/png"))
    for picture in page.xpath("//img[not(@data-slot)]"):
        name = picture.get("src", "")
        if name not in pictures:  # nothing is fetched from elsewhere, whatever the check let through
            raise PictureMissing(file=name[:100])
        picture.set("src", _data_uri(pictures[name], media_type(name)))
    named = _name_fonts(page, language)
    page.head.insert(0, STYLE(_font_faces(named)))
    spoken = _leave_tokens(language)
    return LaidOut(_rendered(lxml.html.tostring(page, encoding="unicode")), spoken)


def marker(number: int) -> bytes:
    """The picture that stands in for slot `number`."""
    out = io.BytesIO()
    Image.new("RGB", (2 + number, MARKER_HEIGHT), marker_colour(number)).save(out, "PNG")
    return out.getvalue()


def marker_colour(number: int) -> tuple[int, int, int]:
    return 200, number, 7


def _rendered(html: str) -> bytes:
    policy = ResourceAccessPolicy.server(
        base_dir=None,
        extra_roots=(fonts.FOLDER,),
        allow_remote=False,
        max_render_seconds=8,
        max_document_bytes=30_000_000,  # pictures are inside; their size is checked before
    )
    # Its log would quote the template, so nothing of it is written.
    shortage = _Shortage()
    logging.root.handlers = [shortage]
    out = io.BytesIO()
    try:
        result = pisa.CreatePDF(html, dest=out, resource_policy=policy)
    except (RenderLimitError, MemoryError, RecursionError):
        raise TooMuchWork() from None
    except Exception:
        raise TemplateRefused() from None
    if shortage.is_seen:
        raise TooMuchWork()
    if result.err:
        raise TemplateRefused()
    return out.getvalue()


class _Shortage(logging.Handler):
    """Sees in the log that there was no memory for a picture: xhtml2pdf goes on, and leaves a hole where it belongs."""

    is_seen = False

    def emit(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]  # what is being caught while this is logged
        while error is not None and not self.is_seen:
            self.is_seen, error = isinstance(error, MemoryError), error.__context__


def _name_fonts(page: Any, language: str) -> set[str]:
    """Puts text that is not Latin into spans that name its font; the names of all fonts that are needed.

    xhtml2pdf would choose by character, and tear a joiner or a digit out of its word.
    """
    stack = fonts.stack(language)
    named = {stack[0].name}
    for listed in re.findall(r"Noto\w+", lxml.html.tostring(page, encoding="unicode")):
        if listed in fonts.families():
            named.add(listed)
    for element in list(page.body.iter()):
        if element.tag == "style":
            continue
        text, tail = element.text, element.tail if element is not page.body else None
        if text:
            element.text = None
            _put(element, 0, fonts.split(text, stack), named)
        if tail:
            element.tail = None
            parent = element.getparent()
            _put(parent, parent.index(element) + 1, fonts.split(tail, stack), named)
    return named


def _put(parent: Any, at: int, pieces: tuple[fonts.Piece, ...], named: set[str]) -> None:
    """Inserts the pieces as text and spans before the child at that place."""
    for piece in pieces:
        if piece.family.name in fonts.LATIN:
            if at:
                before = parent[at - 1]
                before.tail = (before.tail or "") + piece.text
            else:
                parent.text = (parent.text or "") + piece.text
        else:
            named.add(piece.family.name)
            parent.insert(at, SPAN(piece.text, style=f"font-family:{piece.family.name}"))
            at += 1


def _font_faces(named: set[str]) -> str:
    rules = [f"body{{font-family:{fonts.LATIN[0]}}}"]
    for name in sorted(named):
        for style, path in fonts.families()[name].files.items():
            weight = "bold" if style == "bold" else "normal"
            rules.append(f"@font-face{{font-family:{name};font-weight:{weight};src:url({path})}}")
    return "".join(rules)


def _data_uri(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


class _MeasuringFont(TTFont):  # type: ignore[misc]
    """A font of reportlab whose widths are those of the shaped text."""

    language = "en"

    def line(self, text: str) -> Line:
        lines: dict[str, Line] = self.__dict__.setdefault("_lines", {})
        if text not in lines:
            lines[text] = self._shaped(text)
        return lines[text]

    def stringWidth(self, text: str | bytes, size: float, encoding: str = "utf8") -> float:
        return self.line(text.decode(encoding) if isinstance(text, bytes) else text).width * size / 1000

    def _shaped(self, text: str) -> Line:
        chosen, runs = face(*_faces_by_hash()[hashlib.sha256(self.face._ttf_data).hexdigest()]), []
        for at, piece in enumerate(_RTL_PIECE.split(text)):
            if not piece:
                continue
            right_to_left = bool(at % 2)
            if right_to_left:  # handed over as it is seen, not as it is typed
                piece = _RTL_DIGITS.sub(lambda digits: digits.group()[::-1], piece[::-1])
            runs.append(Run(piece, chosen, right_to_left, chosen.shape(piece, right_to_left, self.language)))
        return Line("".join(run.text for run in runs), tuple(runs))


def _faces_by_hash() -> dict[str, tuple[str, str]]:
    index = json.loads((fonts.FOLDER / "index.json").read_text())
    return {each["sha256"]: (each["family"], each["style"]) for each in index}


def _leave_tokens(language: str) -> list[Spoken]:
    """From now on text is logged in the list, and a token stands in its place."""
    spoken: list[Spoken] = []
    written = PDFTextObject._formatText

    def token(self: Any, text: str | bytes) -> str:
        font = pdfmetrics.getFont(self._fontname)
        if not isinstance(font, _MeasuringFont):
            return str(written(self, text))
        text = text.decode() if isinstance(text, bytes) else text
        if not text:
            return ""
        spoken.append(Spoken(font.line(text), self._fontsize, self._rise))
        return f"/{TOKEN}{len(spoken) - 1} MP"

    _MeasuringFont.language = language
    xhtml2pdf.context.TTFont = _MeasuringFont
    xhtml2pdf.context.shape_frag_text = lambda *args, **kwargs: None  # no presentation forms: HarfBuzz joins
    PDFTextObject._formatText = token
    rl_config.useA85 = 0  # a quarter larger
    rl_config.invariant = 1
    return spoken
