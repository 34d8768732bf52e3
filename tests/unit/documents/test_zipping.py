"""ZIP files that any program opens, never larger than asked."""

import csv
import io
import json
import random
import zipfile
import zlib
from collections.abc import Sequence

import pytest

from flask_certify.documents import zipping
from flask_certify.documents.zipping import Part, Written
from tests.support.story import NOW

LIMIT = 200_000


def packed(sizes: Sequence[int], *, external_id: str = "WA-ada") -> tuple[bytes, Written, int]:
    """Documents of these sizes as long as there is room: the file, what is told of it, and how many fitted."""
    out, count = io.BytesIO(), 0
    part = Part(out, NOW)
    for size in sizes:
        name, pieces = f"{count:06d}_7G4K9QXM2TPD.pdf", (b"a" * (size // 2), b"b" * (size - size // 2))
        if not part.has_room(name, size, LIMIT):
            break
        part.add(name, ("7G4K9QXM2TPD", external_id), pieces, zlib.crc32(pieces[1], zlib.crc32(pieces[0])))
        count += 1
    written = part.close({"packed": count})
    return out.getvalue(), written, count


def test_what_is_written_can_be_read_by_others() -> None:
    data, written, count = packed([1000, 0, 3])
    assert (written.size, written.entries, count) == (len(data), 3, 3)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        assert opened.testzip() is None
        names = opened.namelist()
        assert names[3:] == ["index.csv", "manifest.json"] and [len(opened.read(each)) for each in names[:3]] == [
            1000,
            0,
            3,
        ]
        assert all(each.date_time == (2026, 6, 15, 9, 30, 0) for each in opened.infolist())
        rows = list(csv.DictReader(io.StringIO(opened.read("index.csv").decode("utf-8-sig"))))
        assert [row["file"] for row in rows] == names[:3]
        assert json.loads(opened.read("manifest.json")) == {"packed": 3}


def test_no_part_is_larger_than_asked_whatever_the_sizes() -> None:
    """R-131."""
    for seed in range(60):
        dice = random.Random(seed)
        _, written, count = packed([dice.randrange(1, 40_000) for _ in range(200)])
        assert written.size <= LIMIT and count > 1
    few, _, _ = packed([10] * 10_000)
    assert LIMIT * 0.4 < len(few) <= LIMIT, "tiny documents: names and lists weigh more than they do"


def test_a_document_that_is_one_byte_too_large_waits_for_the_next_part() -> None:
    """R-131: and one that is larger than any part has a part of its own."""
    most = next(size for size in range(LIMIT, 0, -1) if packed([1, size])[2] == 2)
    assert packed([1, most])[1].size <= LIMIT
    assert packed([1, most + 1])[2] == 1
    assert packed([LIMIT * 2, 1])[2] == 1


def test_a_part_stays_a_plain_zip_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipping, "MOST_ENTRIES", 5)
    assert packed([1] * 9)[2] == 5


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-1", "@x", "\tx", "|x"])
def test_an_external_id_is_no_formula_to_a_spreadsheet(cell: str) -> None:
    """R-134."""
    data, _, _ = packed([1], external_id=cell)
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        (row,) = csv.DictReader(io.StringIO(opened.read("index.csv").decode("utf-8-sig")))
    assert row["external_id"] == "'" + cell


def test_the_mark_tells_parts_apart() -> None:
    """For the ETag: the same documents have the same mark, others another."""
    marks = [packed(sizes)[1].mark for sizes in ([5, 6], [5, 6], [6, 5], [5, 7])]
    assert marks[0] == marks[1] and len(set(marks)) == 3
