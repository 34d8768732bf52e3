"""Pictures of issuers, decoded under a limit and encoded anew, so that nothing but a picture is left of them."""

import io
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from PIL import Image, ImageOps

from . import shipped
from .errors import NotAllowed, PictureRefused, TooManyPixels
from .pdf import SMALLEST, Book, packed

MOST_PIXELS = 16_000_000
MOST_TOGETHER = 40_000_000  # pixels of all pictures of a template: each is decoded while somebody waits
_FEW = 2_000_000  # pixels that are worth the time that makes them smallest
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.(png|jpe?g)", re.IGNORECASE)


def normal(name: str, data: bytes) -> bytes:
    """The picture as PNG in true colour (a palette with transparency prints as a black box) or as JPEG in RGB.

    A drawing in SVG has to be one of those that come with us. Raises NotAllowed for its name, PictureRefused for its
    contents.
    """
    if is_drawing(name) and data in shipped.drawings():
        return data
    if not _NAME.fullmatch(name):
        raise NotAllowed(what=f"the file name {name[:80]}")
    refused = PictureRefused(file=name, megapixels=MOST_PIXELS // 1_000_000)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
            if image.width * image.height > MOST_PIXELS or min(image.size) < 4:
                raise refused
            return _encoded(image)
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError):
        raise refused from None


def check_together(given: Mapping[str, bytes]) -> None:
    """Raises TooManyPixels. Only what pictures say of themselves is read; one that cannot be is left to `normal`."""
    has = sum(_pixels(data) for name, data in given.items() if not is_drawing(name))
    if has > MOST_TOGETHER:
        raise TooManyPixels(most=MOST_TOGETHER // 1_000_000, has=-(-has // 1_000_000))


def _pixels(data: bytes) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError):
        return 0
    return image.width * image.height


@dataclass(frozen=True)
class Drawable:
    """A picture as a document draws it: its colours, and how much of each is seen."""

    width: int
    height: int
    _colours: bytes
    _cover: bytes | None

    @classmethod
    def read(cls, data: bytes) -> Self:
        image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
        clear = image.convert("RGBA")
        cover = clear.getchannel("A")
        # Nothing is left of colours that nobody sees: it is smaller, and hides nothing.
        paper = Image.new("RGB", image.size, "white")
        paper.paste(clear, mask=cover.point(lambda level: 255 if level else 0))
        seen = cover.tobytes() if image.has_transparency_data else None
        return cls(image.width, image.height, paper.tobytes(), seen)

    def put(self, book: Book) -> int:
        """Its number in the book."""
        size = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8" % (self.width, self.height)
        mask = b""
        if self._cover is not None:
            mask = b"/SMask %d 0 R" % book.add(packed(self._cover, size + b"/ColorSpace/DeviceGray", SMALLEST))
        return book.add(packed(self._colours, size + b"/ColorSpace/DeviceRGB" + mask, SMALLEST))


def media_type(name: str) -> str:
    """What a picture of that name is. Drawings in SVG come with the package only, never from an issuer."""
    return {"svg": "image/svg+xml", "png": "image/png"}.get(name.rpartition(".")[2].lower(), "image/jpeg")


def is_drawing(name: str) -> bool:
    return media_type(name) == "image/svg+xml"


def _encoded(image: Image.Image) -> bytes:
    """Upright, as its camera says, since what says so is not kept."""
    out, is_photo = io.BytesIO(), image.format in ("JPEG", "MPO")
    if image.mode.startswith("I"):  # sixteen bits; else all but the darkest would be white
        image = image.point(lambda level: level / 256).convert("L")
    image = ImageOps.exif_transpose(image)
    if is_photo:
        image.convert("RGB").save(out, "JPEG", quality=88)
    else:
        colours = "RGBA" if image.has_transparency_data else "RGB"
        image.convert(colours).save(out, "PNG", optimize=image.width * image.height <= _FEW)
    return out.getvalue()
