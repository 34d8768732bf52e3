"""How well colours can be told apart, as WCAG 2.2 counts it: from 1 (the same) to 21 (black on white)."""

import io
from functools import lru_cache

import pikepdf
from PIL import Image

from . import images
from .drawing import Colour

LEAST, LEAST_LARGE = 4.5, 3.0
_LARGE, _LARGE_BOLD = 18, 14  # points
_WORST_PART = 10  # the tenth of a background where text is read worst decides; a speck does not


def asked(size: float, style: str) -> float:
    """The contrast that text of this size needs."""
    return LEAST_LARGE if size >= (_LARGE_BOLD if style == "bold" else _LARGE) else LEAST


class Background:
    """What a page shows behind its text, one pixel to the point."""

    def __init__(self, page: bytes) -> None:
        """Raises NoPictures."""
        with pikepdf.open(io.BytesIO(page)) as pdf:
            left, bottom, right, top = (float(edge) for edge in pdf.pages[0].MediaBox)
        self.width, self.height = right - left, top - bottom
        self._seen = Image.open(io.BytesIO(images.png(page, round(self.width)))).convert("RGB")

    def contrast(self, colour: Colour, x: float, y: float, width: float, height: float) -> float:
        """Of text in this colour within a rectangle, whose lower left corner is at x, y."""
        wide, high = self._seen.size
        left, right = (max(0, min(round(edge), wide)) for edge in (x, x + width))
        top, bottom = (max(0, min(round(self.height - edge), high)) for edge in (y + height, y))
        if right <= left or bottom <= top:  # thinner than a pixel, or beside the page
            left, top = min(left, wide - 1), min(top, high - 1)
            right, bottom = max(right, left + 1), max(bottom, top + 1)
        part = self._seen.crop((left, top, right, bottom))
        behind = part.getcolors(part.width * part.height) or []
        found = sorted((ratio(colour, _parts(each)), count) for count, each in behind)
        seen = 0
        for level, count in found:
            seen += count
            if seen * _WORST_PART >= part.width * part.height:
                return level
        return found[-1][0]


def ratio(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@lru_cache(maxsize=4096)
def _luminance(colour: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(pixel: object) -> Colour:
    assert isinstance(pixel, tuple)
    red, green, blue = pixel
    return red / 255, green / 255, blue / 255
