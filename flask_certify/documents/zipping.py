"""ZIP files of certificates: stored, not compressed again, and written without reading a prefix twice.

PDF is compressed already; deflating it once more costs seven times the whole for a seventh of the size. The checksum
of a document is continued from that of its prefix, so eight kilobytes are read in place of eighty.
"""

import csv
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

_UTF8 = 0x800
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|")
MOST_ENTRIES = 65_000  # plain ZIP ends at 65,535
HEAD = ("file", "code", "external_id")
_ENTRY_OVERHEAD, _ROW_OVERHEAD, _END_OVERHEAD = 30 + 46, 120, 4096


@dataclass(frozen=True, slots=True)
class Written:
    """A part that is whole. `mark` tells it from any other: it is made of its directory, which names every entry with
    its size and checksum.
    """

    entries: int
    size: int
    mark: str


class Part:
    """One ZIP file while it is written."""

    def __init__(self, out: BinaryIO, moment: datetime) -> None:
        self._out = out
        self._time = moment.hour << 11 | moment.minute << 5 | moment.second >> 1
        self._date = moment.year - 1980 << 9 | moment.month << 5 | moment.day
        self._place, self._planned = 0, _END_OVERHEAD
        self._directory: list[bytes] = []
        self._index = io.StringIO()
        self._rows = csv.writer(self._index)
        self._rows.writerow(HEAD)
        self.entries = 0

    def has_room(self, name: str, size: int, limit: int) -> bool:
        """Whether one more document stays below the limit. The first one always may."""
        wanted = size + _ENTRY_OVERHEAD + 2 * len(name) + _ROW_OVERHEAD
        return not self.entries or (self._planned + wanted <= limit and self.entries < MOST_ENTRIES)

    def add(self, name: str, row: Sequence[str], pieces: Sequence[bytes], crc: int) -> None:
        """A document under a name without a person in it, and its row of the index."""
        self._write(name, crc, *pieces)
        self._rows.writerow([_plain(cell) for cell in (name, *row)])
        self._planned += sum(map(len, pieces)) + _ENTRY_OVERHEAD + 2 * len(name) + _ROW_OVERHEAD
        self.entries += 1

    def close(self, manifest: Mapping[str, object]) -> Written:
        """Ends the file with index, manifest and directory. The file itself is left open."""
        for name, text in (
            ("index.csv", "\ufeff" + self._index.getvalue()),
            ("manifest.json", json.dumps(manifest, indent=1, sort_keys=True) + "\n"),
        ):
            data = text.encode()
            self._write(name, zlib.crc32(data), data)
        directory = b"".join(self._directory)
        count = len(self._directory)
        self._out.write(directory)
        self._out.write(struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), self._place, 0))
        size = self._place + len(directory) + 22
        return Written(self.entries, size, hashlib.sha256(directory).hexdigest())

    def _write(self, name: str, crc: int, *pieces: bytes) -> None:
        encoded, size = name.encode(), sum(map(len, pieces))
        common = struct.pack("<HHHHIIIHH", _UTF8, 0, self._time, self._date, crc, size, size, len(encoded), 0)
        self._out.write(struct.pack("<IH", 0x04034B50, 20) + common + encoded)
        for piece in pieces:
            self._out.write(piece)
        place = struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, self._place)
        self._directory.append(struct.pack("<IHH", 0x02014B50, 0x0314, 20) + common + place + encoded)
        self._place += 30 + len(encoded) + size


def _plain(cell: str) -> str:
    """The cell with a quote before it if a spreadsheet would take it for a formula."""
    return "'" + cell if cell.startswith(_FORMULA) else cell
