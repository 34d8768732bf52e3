"""Files that no honest program makes: each should be told in a sentence, in little time and little memory."""

import struct
import zlib

LONG, VERY_LONG = 64 << 20, 600 << 20  # bytes that a bomb unpacks to: more than is unpacked, more than there is memory


def pdf(objects: list[bytes], trailer: bytes = b"<</Root 1 0 R/Size 9>>") -> bytes:
    """A PDF of these objects, numbered from 1."""
    made, places = b"%PDF-1.5\n", list[int]()
    for number, each in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return made + head + table + b"trailer\n%b\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(made))


def stream(data: bytes, more: bytes) -> bytes:
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(data), more, data)


def pdf_attaching(data: bytes, filters: bytes = b"") -> bytes:
    """A PDF with this attached as credential.json, packed as it says."""
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(credential.json) 3 0 R]>>>>>>",
            b"<</Type/Pages/Kids[]/Count 0>>",
            b"<</Type/Filespec/F(credential.json)/UF(credential.json)/EF<</F 4 0 R>>>>",
            stream(data, b"/Type/EmbeddedFile" + filters),
        ]
    )


def pdf_in_packed_objects(packed: bytes, filters: bytes, attached: bytes = b"{}") -> bytes:
    """A PDF whose objects, its catalogue too, stand in a packed stream; all else is well with it."""
    objects = b"4 0 obj\n%b\nendobj\n" % stream(packed, b"/Type/ObjStm/N 3/First %d%b" % (len(_PLACES), filters))
    body = b"%PDF-1.5\n" + objects
    places = {4: len(b"%PDF-1.5\n"), 6: len(body)}
    body += b"6 0 obj\n%b\nendobj\n" % stream(attached, b"/Type/EmbeddedFile")
    rows = [(0, 0, 65535), (2, 4, 0), (2, 4, 1), (2, 4, 2), (1, places[4], 0), (1, len(body), 0), (1, places[6], 0)]
    table = b"".join(bytes([kind]) + at.to_bytes(4, "big") + more.to_bytes(2, "big") for kind, at, more in rows)
    last = b"5 0 obj\n%b\nendobj\n" % stream(table, b"/Type/XRef/Size 7/W[1 4 2]/Root 1 0 R")
    return body + last + b"startxref\n%d\n%%%%EOF\n" % len(body)


_NAMES = b"/Names<</EmbeddedFiles<</Names[(credential.json) 3 0 R]>>>>"
_PARTS = (
    b"<</Type/Catalog/Pages 2 0 R%b>> " % _NAMES,
    b"<</Type/Pages/Kids[]/Count 0>> ",
    b"<</Type/Filespec/F(credential.json)/UF(credential.json)/EF<</F 6 0 R>>>> ",
)
_PLACES = b"1 0 2 %d 3 %d " % (len(_PARTS[0]), len(_PARTS[0]) + len(_PARTS[1]))
_OBJECTS = b"".join(_PARTS)


def packed_by_flate(unpacked: int) -> bytes:
    packer = zlib.compressobj(9)
    parts, left = [packer.compress(_PLACES + _OBJECTS)], unpacked
    while left > 0:
        parts.append(packer.compress(b" " * (1 << 20)))
        left -= 1 << 20
    return b"".join([*parts, packer.flush()])


def packed_by_lzw(unpacked: int) -> bytes:
    """The objects and then blanks: each code stands for one blank more than the one before."""
    bits, count, made = 0, 0, bytearray()

    def put(code: int, width: int) -> None:
        nonlocal bits, count
        bits, count = bits << width | code, count + width
        while count >= 8:
            count -= 8
            made.append(bits >> count & 0xFF)
            bits &= (1 << count) - 1

    put(256, 9)
    for each in _PLACES + _OBJECTS:
        put(each, 9)
        put(256, 9)
    while unpacked > 0:
        put(32, 9)
        length, last = 1, 258
        while last < 4094:
            width = 9 if last < 511 else 10 if last < 1023 else 11 if last < 2047 else 12
            put(last, width)
            length, last = length + 1, last + 1
            unpacked -= length
        put(256, 12)
    put(257, 9)
    put(0, 7)
    return bytes(made)


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    made = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), *chunks, (b"IEND", b"")):
        made += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return made


def pdfs() -> dict[str, bytes]:
    deep = 100_000
    loop = pdf([b"<</Type/Catalog/Pages 2 0 R/Names 3 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>", b"3 0 R"])
    tree = b"<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles 3 0 R>>>>"
    return {
        "objects that unpack without end": pdf_in_packed_objects(packed_by_flate(LONG), b"/Filter/FlateDecode"),
        "objects that unpack without end, by LZW": pdf_in_packed_objects(
            packed_by_lzw(VERY_LONG), b"/Filter/LZWDecode"
        ),
        "an attachment that unpacks without end": pdf_attaching(packed_by_flate(LONG), b"/Filter/FlateDecode"),
        "an attachment that unpacks without end, by LZW": pdf_attaching(packed_by_lzw(VERY_LONG), b"/Filter/LZWDecode"),
        "an attachment packed ten times": pdf_attaching(b"x", b"/Filter[" + b"/FlateDecode" * 10 + b"]"),
        "arrays in arrays": pdf([b"<</Type/Catalog/Pages 2 0 R/Names " + b"[" * deep + b"]" * deep + b">>"]),
        "objects in objects": pdf([b"<</Type/Catalog/Names " + b"<</A " * deep + b"1" + b">>" * deep + b">>"]),
        "a name tree that holds itself": pdf([tree, b"<</Type/Pages/Kids[]/Count 0>>", b"<</Kids[3 0 R]>>"]),
        "objects that are each other": loop,
        "a table that follows itself": loop.replace(b"/Size 9", b"/Size 9/Prev %d" % loop.rindex(b"xref\n0")),
        "a table of ever so many objects": b"%PDF-1.5\nxref\n0 99999999\ntrailer\n<</Root 1 0 R>>\nstartxref\n9\n%%EOF",
        "ten megabytes of brackets": b"%PDF-1.7\n" + b"[" * (10 << 20),
        "ten megabytes of objects": b"%PDF-1.7\n" + b"1 0 obj\n<<>>\nendobj\n" * 500_000,
        "a lock": pdf([b"<</Type/Catalog/Pages 2 0 R>>"], b"<</Root 1 0 R/Encrypt<</Filter/Standard/V 5/R 6>>>>"),
    }


def pictures() -> dict[str, bytes]:
    before = b"openbadgecredential\0\0\0\0\0"
    packed = b"openbadgecredential\0\1\0\0\0" + zlib.compress(b"[" * (64 << 20), 9)
    entities = b'<!DOCTYPE s [<!ENTITY a "%b">]>' % (b"A" * 100_000)
    laughs = b"".join(b'<!ENTITY l%d "%b">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
    return {
        "a PNG with ten megabytes of text": png((b"iTXt", before + b"[" * (10 << 20))),
        "a PNG with packed text": png((b"iTXt", packed)),
        "a PNG with packed text of the old kind": png((b"zTXt", b"openbadgecredential\0\0" + packed)),
        "a PNG with a million chunks": png(*[(b"tEXt", b"")] * 50)[:-12] + b"\0\0\0\0tEXt\0\0\0\0" * 1_000_000,
        "an SVG whose attributes grow": entities + b'<svg x="%b"/>' % (b"&a;" * 200_000),
        "an SVG whose text grows": entities + b"<svg>%b</svg>" % (b"&a;" * 200_000),
        "an SVG that laughs a billion times": b'<!DOCTYPE s [<!ENTITY l0 "ha">%b]><svg x="&l11;">&l11;</svg>' % laughs,
        "an SVG of a hundred thousand levels": b"<svg>" * 100_000,
        "an SVG that asks another server": b'<!DOCTYPE s SYSTEM "http://127.0.0.1:9/x"><svg>&x;</svg>',
    }
