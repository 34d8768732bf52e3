"""A template as one file (R-031), and files that only look like one."""

import contextlib
import io
import json
import random
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from flask_certify.documents import archive
from flask_certify.documents.archive import ArchiveRefused, ArchiveTooLarge, Carried
from flask_certify.documents.templates import Page
from tests.support.documents import signature

ABOUT: dict[str, Any] = {
    "format": archive.FORMAT,
    "key": "own",
    "name": "Our own",
    "language": None,
    "pages": {"en": {"note": "First"}},
}
CARRIED = Carried(
    "own",
    "Our own — हमारा",
    "hi",
    {"en": Page("<p>x</p>", {"a.png": signature(), "b.png": b"2"}), "hi": Page("<p>क</p>", {"a.png": b"1"})},
    {"en": "First", "hi": ""},
)


def zipped(
    entries: list[tuple[zipfile.ZipInfo | str, bytes]], about: Any = ABOUT, how: int = zipfile.ZIP_STORED
) -> bytes:
    """A ZIP with what should be in it, and these."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as made:
        made.writestr("template.json", about if isinstance(about, bytes) else json.dumps(about))
        made.writestr("en/page.html", "<p>x</p>")
        for name, data in entries:
            made.writestr(name, data)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def test_what_is_packed_comes_out_as_it_was_with_pictures_languages_and_notes() -> None:
    """R-031."""
    assert archive.unpacked(archive.packed(CARRIED)) == CARRIED


def test_the_same_template_gives_the_same_bytes() -> None:
    assert archive.packed(CARRIED) == archive.packed(CARRIED)


def test_the_file_opens_in_any_program_for_zip_files() -> None:
    with zipfile.ZipFile(io.BytesIO(archive.packed(CARRIED))) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [
            "template.json", "en/page.html", "en/a.png", "en/b.png", "hi/page.html", "hi/a.png"
        ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [
        "../page.html", "en/../../etc/passwd.png", "/etc/passwd", "en//page.png", "en\\..\\a.png", "C:/a.png",
        "en/.hidden.png", "en/a b.png", "en/deeper/a.png", "en/", "/", "__MACOSX/a.png", "fr/a.png", "en/ö.png",
    ],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    """R-031, R-250."""
    with pytest.raises(ArchiveRefused):
        archive.unpacked(zipped([(name, b"x")]))


def test_a_link_in_the_file_is_refused() -> None:
    """R-031, R-250."""
    with pytest.raises(ArchiveRefused, match=r"en/a\.png"):
        archive.unpacked(zipped([(link("en/a.png"), b"/etc/passwd")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    with pytest.raises(ArchiveRefused):
        archive.unpacked(zipped([("en/a.png", b"1"), ("en/a.png", b"2")]))


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    """R-031, R-250: a gigabyte of nothing in a megabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made, made.open("template.json", "w") as entry:
        for _ in range(300):
            entry.write(bytes(1_000_000))
    tracemalloc.start()
    with pytest.raises(ArchiveTooLarge):
        archive.unpacked(out.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 5 * archive.LARGEST
    tracemalloc.stop()


def test_a_file_that_lies_about_its_sizes_is_refused() -> None:
    """R-031: what it says of itself is not believed."""
    honest = zipped([("en/a.png", bytes(20_000_000))], how=zipfile.ZIP_DEFLATED)
    size = (20_000_000).to_bytes(4, "little")
    with pytest.raises((ArchiveRefused, ArchiveTooLarge)):
        archive.unpacked(honest.replace(size, (10).to_bytes(4, "little")))


@pytest.mark.parametrize("what", [b"", b"PK\x03\x04", b"x" * 1000, b'{"format": 1}'])
def test_what_is_no_zip_is_refused(what: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        archive.unpacked(what)


def test_a_file_with_many_entries_or_many_bytes_is_refused() -> None:
    with pytest.raises(ArchiveTooLarge):
        archive.unpacked(zipped([(f"en/a{number}.png", b"") for number in range(500)]))
    with pytest.raises(ArchiveTooLarge):
        archive.unpacked(bytes(archive.LARGEST + 1))


def test_a_file_of_a_hundred_thousand_entries_is_refused_before_any_is_read() -> None:
    """R-250: and says how many there may be, since it may be small."""
    with pytest.raises(ArchiveTooLarge, match="400 files"):
        archive.unpacked(listed(b"a", 100_000))


def test_an_entry_without_a_name_is_refused() -> None:
    with pytest.raises(ArchiveRefused):
        archive.unpacked(listed(b"", 1))


def listed(name: bytes, times: int) -> bytes:
    """Nothing but a list of entries of that name."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    count = times & 0xFFFF
    return entry * times + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, times * len(entry), 0, 0)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_to_the_bytes_of_a_file_it_is_taken_in_or_refused_in_a_sentence(seed: int) -> None:
    """R-250: no damage ends in an error of the program."""
    chance, whole = random.Random(seed), zipped([("en/a.png", b"x" * 50)], how=zipfile.ZIP_DEFLATED)
    for _ in range(500):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(damaged))
            new = chance.choices((0, 255, 128, 65), k=chance.randint(0, 8))
            damaged[at : at + chance.choice((0, 1, 2, 8))] = bytes(new)
        with contextlib.suppress(ArchiveRefused, ArchiveTooLarge):
            archive.unpacked(bytes(damaged))


def test_a_riddle_is_refused() -> None:
    """Encrypted, or packed in another way than the two that everybody knows."""
    with pytest.raises(ArchiveRefused):
        archive.unpacked(zipped([("en/a.png", b"x" * 100)], how=zipfile.ZIP_BZIP2))
    plain = bytearray(zipped([]))
    at = plain.index(b"PK\x01\x02")
    plain[at + 8] |= 1
    with pytest.raises(ArchiveRefused):
        archive.unpacked(bytes(plain))


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about | {"format": "another"},
        lambda about: about | {"pages": {}},
        lambda about: about | {"pages": {"en": {"note": 3}}},
        lambda about: about | {"pages": {"../en": {}}},
        lambda about: about | {"pages": {"en": {}, "hi": {}}},
        lambda about: about | {"name": ["x"]},
        lambda about: about | {"name": "a\x1b[31m"},
        lambda about: [about],
        lambda about: b"[" * 100_000,
        lambda about: b" " * 300_000 + json.dumps(about).encode(),
        lambda about: b"\xff\xfe",
    ],
)
def test_a_description_that_is_not_ours_is_refused(change: Callable[[Any], Any]) -> None:
    with pytest.raises(ArchiveRefused):
        archive.unpacked(zipped([], change(ABOUT)))


def test_a_refusal_says_what_it_is_about_and_what_became_of_it() -> None:
    with pytest.raises(ArchiveRefused) as refused:
        archive.unpacked(zipped([("evil\x1b[31m.png", b"")]))
    assert "evil?[31m.png" in str(refused.value) and "Nothing was taken in" in str(refused.value)
