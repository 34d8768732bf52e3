"""A credential inside a picture or a PDF: convenient to carry, and easily lost when the file is saved again.

Reading a carrier says nothing about what it carries: that is a claim.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import Lock

OPEN_BADGES_3 = b"openbadgecredential"
OPEN_BADGES_2 = b"openbadges"
ATTACHED = "credential.json"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
_LONGEST = 256 * 1024  # of what is carried; ours have some 3 kB
_LARGEST_SVG = 1024 * 1024  # ours have some 5 kB; as a tree it takes thirty times its size
_MOST_UNPACKED = 32 * 1024 * 1024  # of one stream of a PDF
_one_at_a_time = Lock()


class NothingCarried(ValueError):
    """The file holds no credential, cannot be read, or holds one that no credential can be."""


# ---- pictures ----------------------------------------------------------------------------------------------------


def bake_png(png: bytes, text: str, keyword: bytes = OPEN_BADGES_3) -> bytes:
    """The picture with one uncompressed iTXt chunk directly after its header; an older one of the kind is replaced."""
    baked = [_SIGNATURE]
    for kind, data in _chunks(png):
        if kind in (b"iTXt", b"tEXt", b"zTXt") and data.split(b"\0", 1)[0] == keyword:
            continue
        baked.append(_chunk(kind, data))
        if kind == b"IHDR":
            baked.append(_chunk(b"iTXt", keyword + b"\0\0\0\0\0" + text.encode("utf-8")))
    return b"".join(baked)


def bake_svg(svg: str, text: str) -> str:
    """The picture with the credential as the first child of its root."""
    end = _end_of_root(svg)
    safe = text.replace("]]>", "]]]]><![CDATA[>")
    baked = f"<openbadges:credential><![CDATA[{safe}]]></openbadges:credential>"
    return f'{svg[:end]} xmlns:openbadges="{_NAMESPACE}">{baked}{svg[end + 1 :]}'


def read_png(png: bytes) -> str:
    """What the picture carries, as Open Badges 3.0 bakes it. Raises NothingCarried."""
    before = OPEN_BADGES_3 + b"\0\0\0\0\0"
    found = [data[len(before) :] for kind, data in _chunks(png) if kind == b"iTXt" and data.startswith(before)]
    if len(found) != 1:
        raise NothingCarried("none, or several")
    return _text(found[0])


def read_svg(svg: bytes) -> str:
    """What the picture carries. Entities are not expanded and nothing is fetched. Raises NothingCarried."""
    from lxml import etree

    if len(svg) > _LARGEST_SVG:
        raise NothingCarried("too large")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(svg, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NothingCarried("not readable as SVG") from None
    found = root.findall(f"{{{_NAMESPACE}}}credential")
    if len(found) != 1:
        raise NothingCarried("none, or several")
    text = (found[0].text or found[0].get("verify") or "").strip()
    return _text(text.encode("utf-8"))


def _end_of_root(svg: str) -> int:
    """Where the tag of the root ends; a `>` within the quotes of an attribute is not it."""
    at, quote = svg.index("<svg"), ""
    for place in range(at, len(svg)):
        sign = svg[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == ">":
            return place
    raise ValueError("not an SVG")


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(_SIGNATURE):
        raise NothingCarried("not a PNG")
    at = len(_SIGNATURE)
    while at < len(png):
        if at + 12 > len(png):
            raise NothingCarried("truncated")
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if at + 12 + length > len(png):
            raise NothingCarried("truncated")
        yield kind, png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# ---- PDF ---------------------------------------------------------------------------------------------------------


def read_pdf(pdf: bytes) -> str:
    """The attached credential.json. Raises NothingCarried."""
    import pikepdf

    try:
        with _unpacking_little(), pikepdf.open(BytesIO(pdf)) as document:
            attached = document.attachments.get(ATTACHED)
            if attached is None:
                raise NothingCarried("nothing attached")
            stream = attached.get_file().obj
            return _text(_unpacked(stream))
    except (pikepdf.PdfError, pikepdf.PasswordError, ValueError, KeyError, RuntimeError, AttributeError):
        raise NothingCarried("not readable as PDF") from None


@contextmanager
def _unpacking_little() -> Iterator[None]:
    """A PDF keeps its own objects packed too, and a thousand bytes could unpack to more than there is memory. These
    limits are of the whole process, so the host has its own again afterwards."""
    from pikepdf import settings

    with _one_at_a_time:
        before = settings.set_qpdf_limits(
            flate_max_memory=_MOST_UNPACKED,
            run_length_max_memory=_MOST_UNPACKED,
            png_max_memory=_MOST_UNPACKED,
            tiff_max_memory=_MOST_UNPACKED,
            max_stream_filters=2,
        )
        try:
            yield
        finally:
            settings.set_qpdf_limits(**before)  # type: ignore[arg-type]


def _unpacked(stream: object) -> bytes:
    """The attached bytes, unpacked no further than a credential can be long."""
    raw: bytes = stream.read_raw_bytes()  # type: ignore[attr-defined]
    packing = str(stream.get("/Filter", ""))  # type: ignore[attr-defined]
    if packing == "":
        return raw
    if packing != "/FlateDecode":
        raise NothingCarried("packed in a way that we do not use")
    unpack = zlib.decompressobj()
    try:
        data = unpack.decompress(raw, _LONGEST + 1)
    except zlib.error:
        raise NothingCarried("not readable") from None
    return data


def _text(data: bytes) -> str:
    if len(data) > _LONGEST:
        raise NothingCarried("too long")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NothingCarried("not UTF-8") from None
