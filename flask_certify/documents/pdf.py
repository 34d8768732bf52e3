"""Numbered objects of PDF and the table that finds them: a prefix that many documents share, a tail for each."""

import io
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
TAIL_LEVEL = 3
"""Of compression. More costs time in every document and saves next to nothing."""
SMALLEST = 9
"""The level for what is made once."""


class Book:
    """The objects of a prefix. A number can be handed out before its object is there."""

    def __init__(self) -> None:
        self._bodies: list[bytes | None] = []

    def reserve(self) -> int:
        self._bodies.append(None)
        return len(self._bodies)

    def put(self, number: int, body: bytes) -> None:
        self._bodies[number - 1] = body

    def add(self, body: bytes) -> int:
        self._bodies.append(body)
        return len(self._bodies)

    @property
    def last(self) -> int:
        return len(self._bodies)

    def closed(self) -> "Prefix":
        """The prefix, once every number has its object."""
        out, rows, position = [_HEADER], [b"0000000000 65535 f \n"], len(_HEADER)
        for number, body in enumerate(self._bodies, 1):
            assert body is not None, number
            out.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
            rows.append(b"%010d 00000 n \n" % position)
            position += len(out[-1])
        return Prefix(b"".join(out), b"".join(rows), len(self._bodies))


class Prefix:
    """The shared bytes, with the rows of the table that belong to them."""

    def __init__(self, data: bytes, rows: bytes, count: int) -> None:
        self.data, self._rows, self._count = data, rows, count

    def tail(self, bodies: Sequence[bytes], *, root: int, info: int, file_id: bytes) -> bytes:
        """The rest of a document: its own objects, which follow those of the prefix, the whole table, the trailer."""
        out, rows = [], [self._rows]
        position, number = len(self.data), self._count
        for body in bodies:
            number += 1
            written = b"%d 0 obj\n%s\nendobj\n" % (number, body)
            rows.append(b"%010d 00000 n \n" % position)
            position += len(written)
            out.append(written)
        out.append(b"xref\n0 %d\n%s" % (number + 1, b"".join(rows)))
        out.append(
            b"trailer<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n"
            % (number + 1, root, info, file_id, file_id, position)
        )
        return b"".join(out)


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """An object with bytes as they are."""
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data)


def packed(data: bytes, entries: bytes = b"", level: int = TAIL_LEVEL) -> bytes:
    """An object with bytes, compressed."""
    return stream(zlib.compress(data, level), entries + b"/Filter/FlateDecode")


def text(value: str) -> bytes:
    """A string of text, which may hold any character and ends where it should whatever it holds."""
    return b"<FEFF%s>" % value.encode("utf-16-be").hex().encode()


def references(numbers: Iterable[int]) -> bytes:
    return b" ".join([b"%d 0 R" % number for number in numbers])


@dataclass(frozen=True)
class OpenPage:
    """The one page of a document, opened to be copied from."""

    document: pikepdf.Pdf  # kept, since what was opened is gone with it
    page: pikepdf.Page
    content: bytes
    box: bytes

    @classmethod
    def of(cls, data: bytes) -> Self:
        document = pikepdf.open(io.BytesIO(data))
        page = document.pages[0]
        page.contents_coalesce()
        return cls(
            document, page, page.Contents.read_bytes(), b" ".join([b"%g" % float(each) for each in page.MediaBox])
        )


def resources(opened: OpenPage, book: Book, *, more_pictures: bytes) -> bytes:
    """Entries for the resources of a page that copies this one, fonts left out; what they name is put into the book."""
    seen: dict[tuple[int, int], int] = {}
    found = opened.page.Resources
    pictures = _entries(found.get("/XObject", Dictionary()), book, seen) + more_pictures
    others = _entries(found, book, seen, without=("/Font", "/ProcSet", "/XObject"))
    return others + (b"/XObject<<%s>>" % pictures if pictures else b"")


def copied(found: Object, book: Book, seen: dict[tuple[int, int], int]) -> bytes:
    """An object of another document and all it refers to, put into the book; `seen` are those that are there."""
    if found.is_indirect:
        key = found.objgen
        if key not in seen:
            seen[key] = book.reserve()
            book.put(seen[key], _body(found, book, seen))
        return b"%d 0 R" % seen[key]
    return _body(found, book, seen)


def _body(found: Object, book: Book, seen: dict[tuple[int, int], int]) -> bytes:
    match found:
        case Stream():
            entries = _entries(found.stream_dict, book, seen, without=("/Length",))
            return stream(found.read_raw_bytes(), entries)
        case Dictionary():
            return b"<<%s>>" % _entries(found, book, seen)
        case Array():
            return b"[%s]" % b" ".join([_any(each, book, seen) for each in found])
        case _:
            return found.unparse()


def _entries(found: Object, book: Book, seen: dict[tuple[int, int], int], without: tuple[str, ...] = ()) -> bytes:
    return b"".join(
        [Name(key).unparse() + b" " + _any(value, book, seen) for key, value in found.items() if key not in without]
    )


def _any(found: object, book: Book, seen: dict[tuple[int, int], int]) -> bytes:
    """Numbers, truths and nothing come out of pikepdf as values of Python."""
    match found:
        case Object():
            return copied(found, book, seen)
        case bool():
            return b"true" if found else b"false"
        case None:
            return b"null"
        case _:
            return str(found).encode()
