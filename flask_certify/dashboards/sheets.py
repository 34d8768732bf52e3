"""CSV that a spreadsheet opens as it is meant: UTF-8, marked as such, and nothing in it becomes a formula (R-172)."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from flask import Response, stream_with_context

MARK = "\ufeff"  # tells spreadsheets that this is UTF-8; without it names in Devanagari turn to rubbish
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?%?")


def safe(cell: str) -> str:
    """The cell with a quote before it if a spreadsheet would take it for a formula. Numbers stay numbers."""
    if cell.lstrip(" ").startswith(_BEGINS_FORMULA) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The rows as text, line by line."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield MARK
    for row in rows:
        writer.writerow([safe(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def answer(rows: Iterable[Sequence[str]], name: str) -> Response:
    """The rows as a file to be saved under that name, sent while they are being made."""
    response = Response(stream_with_context(lines(rows)), content_type="text/csv; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
