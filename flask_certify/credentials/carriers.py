"""A credential inside a picture: convenient to carry, and easily lost when the file is saved again.

Reading a carrier says nothing about what it carries: that is a claim.
"""

import struct
import zlib
from collections.abc import Iterator

OPEN_BADGES_3 = b"openbadgecredential"
OPEN_BADGES_2 = b"openbadges"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_NAMESPACE = "https://purl.imsglobal.org/ob/v3p0"
LONGEST = 256 * 1024  # of what is carried; ours have some 3 kB
_LARGEST_SVG = 1024 * 1024  # ours have some 5 kB; as a tree it takes thirty times its size
_MOST_CHUNKS = 20_000  # of a PNG; ours has some five


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
    return text_of(found[0])


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
    return text_of(text.encode("utf-8"))


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
    at, left = len(_SIGNATURE), _MOST_CHUNKS
    while at < len(png):
        left -= 1
        if left < 0:
            raise NothingCarried("too many chunks")
        if at + 12 > len(png):
            raise NothingCarried("truncated")
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if at + 12 + length > len(png):
            raise NothingCarried("truncated")
        yield kind, png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text_of(data: bytes) -> str:
    """What is carried, as text. Raises NothingCarried."""
    if len(data) > LONGEST:
        raise NothingCarried("too long")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise NothingCarried("not UTF-8") from None
