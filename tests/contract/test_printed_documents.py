"""What the press prints, looked at by programs that had no part in it (knowledge: acceptance 1 to 5)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import ImageChops

from flask_certify.core.ids import CODE_ALPHABET
from flask_certify.documents import fonts, qr, shipped
from flask_certify.documents.compiling import _compiled, compiled
from flask_certify.documents.placeholders import Picture, in_words, shared
from flask_certify.documents.press import Press
from flask_certify.documents.shaping import Typesetter, face
from tests.support import names, programs
from tests.support.documents import (
    ADDRESS,
    AWKWARD,
    CREDENTIAL,
    LINES,
    clean,
    document,
    plate_of,
    printed,
    read,
    seen,
    values,
)

PAGES = [(design.key, language) for design in shipped.designs() for language in design.pages]


@pytest.mark.parametrize("style", fonts.STYLES)
@pytest.mark.parametrize("family", fonts.families().values(), ids=lambda family: family.name)
def test_glyphs_advances_and_offsets_equal_those_of_hb_shape(family: fonts.Family, style: str, tmp_path: Path) -> None:
    """R-174: the words of every script on its list, in every font that travels with us."""
    [script] = family.scripts
    spoken = "Aran" if script == "Arab" else script
    words = sorted({*names.words(spoken), *LINES[spoken].split()})
    listed = tmp_path / "words.txt"
    listed.write_text("\n".join(words) + "\n")
    told = programs.run(
        "hb-shape", family.files[style], f"--text-file={listed}", "--output-format=json", "--no-glyph-names"
    )
    for word, row in zip(words, told.splitlines(), strict=True):
        ours = face(family.name, style).shape(word, spoken == "Aran", "und")
        theirs = [(each["g"], each["cl"], each["ax"], each["dx"], each["dy"]) for each in json.loads(row)]
        assert [tuple(glyph) for glyph in ours] == theirs, word


@pytest.fixture(scope="module")
def classic() -> Callable[..., bytes]:
    """Certificates of one press, as a batch makes them."""
    plate = plate_of("classic", "en")
    press = Press(plate, shared(in_words(values(), "en", "UTC")), lambda picture: b"")
    return lambda **changed: document(press, in_words(values(**changed), "en", "UTC"))


def _pdftotext(*options: str) -> Callable[[bytes, Path], str]:
    def by_program(pdf: bytes, folder: Path) -> str:
        path = folder / "one.pdf"
        path.write_bytes(pdf)
        return programs.run("pdftotext", *options, path, "-")

    return by_program


READERS: dict[str, Callable[[bytes, Path], str]] = {
    "pdfium": lambda pdf, folder: read(pdf),
    "pdftotext": _pdftotext(),
    "pdftotext -raw": _pdftotext("-raw"),
    "pdftotext -layout": _pdftotext("-layout"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("script", [script for script in names.SCRIPTS if script != "Aran"])
def test_twelve_of_twelve_names_are_found_exactly(
    script: str, reader: str, classic: Callable[..., bytes], tmp_path: Path
) -> None:
    """R-174: what is printed can be searched and copied, in Latin and nine Indic scripts. A name in Nastaliq stands in
    the title, since readers scramble it on the page."""
    for name in names.names(script, 12):
        text = READERS[reader](classic(recipient_name=name), tmp_path)
        assert clean(name) in clean(text)


def test_the_structure_reads_the_page_out_from_top_to_bottom(classic: Callable[..., bytes], tmp_path: Path) -> None:
    """R-256."""
    path = tmp_path / "one.pdf"
    path.write_bytes(classic(recipient_name=LINES["Deva"]))
    told = clean(programs.run("pdfinfo", "-struct-text", path))
    parts = [
        "Academy of Wales",
        "Certificate of Achievement",
        "This is to certify that",
        LINES["Deva"],
        "Physics",
        "7G4K",
    ]
    places = [told.index(part) for part in parts]
    assert places == sorted(places)
    assert told.count("H1 (block)") == 1


@pytest.mark.parametrize("name", [*LINES.values(), *AWKWARD, "é", "x" * 60])
def test_files_are_clean_and_give_the_credential_back_byte_for_byte(
    name: str, classic: Callable[..., bytes], tmp_path: Path
) -> None:
    """R-018: the signed credential travels inside; R-174: in every script and with every hard name."""
    path = tmp_path / "one.pdf"
    path.write_bytes(classic(recipient_name=name))
    assert "No syntax or stream encoding errors" in programs.run("qpdf", "--check", path)
    assert programs.run("qpdf", "--show-attachment=credential.json", path).encode() == CREDENTIAL


class LongWay(Press):
    """The same page without any of the short cuts: codes are shaped as any text, the QR code is the library's."""

    def _spell(self, used: object) -> None:
        self._spelled = {}

    def _qr(self, address: str, slot: object, side: float) -> str:
        return qr.drawn(address, slot.x, slot.y, side)


ALL_NAMES = [*LINES.values(), *AWKWARD, *(name for script in names.SCRIPTS for name in names.names(script, 4))]


@pytest.mark.parametrize(
    ("key", "page", "language", "told"),
    [
        *((key, page, page, ALL_NAMES if page == "en" else [*LINES.values(), *AWKWARD]) for key, page in PAGES),
        ("classic", "en", "ar", [LINES["Aran"], *names.names("Aran", 12)]),  # in Naskh
    ],
)
def test_the_short_way_and_the_long_way_differ_in_no_pixel(key: str, page: str, language: str, told: list[str]) -> None:
    """R-174: a press that has everything ready, against a template laid out again, nothing shared; every script and
    every hard name on every page that comes with us."""
    design = next(each for each in shipped.designs() if each.key == key)
    html = design.pages[page]
    fast = Press(
        compiled(html, language, design.pictures), shared(in_words(values(), language, "UTC")), lambda picture: b""
    )
    _compiled.cache_clear()
    slow = LongWay(compiled(html, language, design.pictures), {}, lambda picture: b"")
    for at, name in enumerate(told):
        code = "".join(CODE_ALPHABET[(at + 7 * place) % 32] for place in range(12))
        changed = {"certificate_code": code, "certificate_address": ADDRESS[:-12] + code, "qr": ADDRESS[:-12] + code}
        words = in_words(values(recipient_name=name, **changed), language, "UTC")
        difference = ImageChops.difference(*(seen(document(press, words), 90) for press in (fast, slow)))
        assert difference.getbbox() is None, name


@pytest.mark.parametrize(("key", "language"), PAGES)
def test_every_page_that_comes_with_us_is_clean_can_be_searched_and_has_a_code_that_is_read(
    key: str, language: str, tmp_path: Path
) -> None:
    """R-014, R-018, R-174: with a name in each script, and a signature."""
    path = tmp_path / "one.pdf"
    for script, name in LINES.items():
        told = values(recipient_name=name, signatory_1_image=Picture("00"))
        path.write_bytes(printed(plate_of(key, language), told))
        assert "No syntax or stream encoding errors" in programs.run("qpdf", "--check", path)
        assert programs.run("qpdf", "--show-attachment=credential.json", path).encode() == CREDENTIAL
        assert script == "Aran" or clean(name) in clean(programs.run("pdftotext", path, "-"))
    assert [each.text for each in zxingcpp.read_barcodes(seen(path.read_bytes(), 150))] == [ADDRESS]


@pytest.mark.parametrize("dpi", [72, 100, 150])
def test_a_code_made_by_the_plan_is_read_from_the_page(dpi: int, classic: Callable[..., bytes]) -> None:
    """R-014."""
    for at in range(32):
        address = ADDRESS[:-12] + "".join(CODE_ALPHABET[(at * 5 + place * 11) % 32] for place in range(12))
        found = zxingcpp.read_barcodes(seen(classic(qr=address), dpi))
        assert [each.text for each in found] == [address]


def test_the_face_of_each_script_is_the_one_meant() -> None:
    """R-174."""
    for script, line in LINES.items():
        used = {run.face.family for run in Typesetter("en").line(line).runs}
        assert used == {next(each.name for each in fonts.families().values() if script in each.scripts)}
