"""A document as a picture. Needs the extra `images`."""

import base64
import io
from importlib.util import find_spec

from ..core.errors import Misconfigured
from ..core.i18n import N_

THUMBNAIL, SCREEN = 480, 1400  # pixels wide


class NoPictures(Misconfigured):
    code = "documents.no_pictures"
    sentence = N_("Pictures of certificates need the extra images. Run: pip install flask-certify[images]")


def can_draw() -> bool:
    """Whether the extra is there."""
    return find_spec("pypdfium2") is not None


def png(pdf: bytes, width: int) -> bytes:
    """The first page, so many pixels wide. Raises NoPictures."""
    try:
        import pypdfium2
    except ImportError:
        raise NoPictures() from None
    document = pypdfium2.PdfDocument(pdf)
    try:
        page = document[0]
        image = page.render(scale=width / page.get_width()).to_pil()
    finally:
        document.close()
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def as_base64(picture: bytes) -> str:
    """A picture that stands in a page itself, since nobody else may fetch it."""
    return base64.b64encode(picture).decode()
