"""A small colour profile for sRGB, the same bytes every time: those that libraries make carry the date."""

import struct

_D50 = 63190, 65536, 54061  # the white that profiles refer to, in 65536ths


def profile() -> bytes:
    """An ICC profile of version 2."""
    curve = [_linear(step / 255) for step in range(256)]
    shared = b"curv\0\0\0\0" + struct.pack(">I256H", 256, *[round(each * 65535) for each in curve])
    named = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"sRGB\0" + b"\0" * 78
    tags = [
        (b"desc", named),
        (b"cprt", b"text\0\0\0\0No copyright, use freely\0"),
        (b"wtpt", _xyz(0.9505, 1.0, 1.0891)),
        (b"rXYZ", _xyz(0.43607, 0.22249, 0.01392)),
        (b"gXYZ", _xyz(0.38515, 0.71687, 0.09708)),
        (b"bXYZ", _xyz(0.14307, 0.06061, 0.71410)),
        (b"rTRC", shared),
        (b"gTRC", shared),
        (b"bTRC", shared),
    ]
    start, places, table, body = 132 + 12 * len(tags), dict[bytes, int](), b"", b""
    for tag, data in tags:
        if data not in places:
            places[data] = start + len(body)
            body += data + b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", tag, places[data], len(data))
    whole = start + len(body)
    head = struct.pack(
        ">I4sI4s4s4s6H4s", whole, b"", 0x02100000, b"mntr", b"RGB ", b"XYZ ", 2000, 1, 1, 0, 0, 0, b"acsp"
    )
    head += b"\0" * 28 + struct.pack(">3i", *_D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *[round(each * 65536) for each in values])
