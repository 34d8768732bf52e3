"""What a template says or shows and its page does not: because it lies beyond the edge, or is hidden."""

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pikepdf
from PIL import Image

from . import dialect, fonts, pictures
from .plate import Plate, StaticText

_TOUCH = 1.0  # points that something may reach beyond the edge
_MOST, _QUOTED = 10, 40


def unseen(plate: Plate, html: str, kept: Mapping[str, bytes]) -> Iterator[str]:
    """The texts of the template that are not, or not wholly, on the page, and the pictures that are not."""
    page = dialect.parsed(html)
    with pikepdf.open(io.BytesIO(plate.page)) as pdf:
        left, bottom, right, top = (float(edge) for edge in pdf.pages[0].MediaBox)
        images: Any = pdf.pages[0].Resources.get("/XObject", {})
        sizes = {(int(each.Width), int(each.Height)) for each in images.values() if each.get("/Subtype") == "/Image"}
    beyond = [text for text in plate.texts if _reaches_beyond(text, right - left, top - bottom)]
    told = [text.line.text for text in beyond]
    said = [fonts.tidy(text) for text in page.body.xpath(".//text()[not(parent::style)]")]
    quoted = dict.fromkeys(f"“{text.strip()[:_QUOTED]}”" for text in [*told, *_lost(said, plate)])
    yield from islice(quoted, _MOST)
    for name in dict.fromkeys(page.xpath("//img[not(@data-slot)]/@src")):
        if not pictures.is_drawing(name) and _size(kept[name]) not in sizes:
            yield name


def _reaches_beyond(text: StaticText, width: float, height: float) -> bool:
    low, high = text.line.ink()
    right = text.x + text.line.width * text.size / 1000
    below, above = text.y + low * text.size, text.y + high * text.size
    return text.x < -_TOUCH or below < -_TOUCH or right > width + _TOUCH or above > height + _TOUCH


def _lost(said: list[str], plate: Plate) -> Iterator[str]:
    """The texts that hold a word of which there are fewer on the page.

    Letters are counted first: words are torn where a font changes, and brackets are turned round in Arabic.
    """
    printed = [fonts.tidy(text.line.text) for text in plate.texts]
    if not _letters(said) - _letters(printed):
        return
    missing = _words(said) - _words(printed)
    yield from (text for text in said if missing.keys() & _words([text]).keys())


def _letters(texts: list[str]) -> Counter[str]:
    return Counter(filter(str.isalnum, "".join(texts).casefold()))


def _words(texts: list[str]) -> Counter[str]:
    return Counter(word for text in texts for word in text.casefold().split())


def _size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size
