"""What comes out of the printer: the right glyphs, text that can be read back, the same bytes every time."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import date

import pikepdf
import pytest
from PIL import ImageChops

from flask_certify.documents import fonts
from flask_certify.documents.compiling import compiled
from flask_certify.documents.errors import NoGlyph, QrTooDense, SignAlone, TooLong, ValueMissing
from flask_certify.documents.painting import FitCheck
from flask_certify.documents.placeholders import Picture, in_words, shared
from flask_certify.documents.press import Press
from tests.support.documents import (
    AWKWARD,
    CODE,
    LINES,
    NOT_DRAWN,
    document,
    fingerprint,
    outlines_drawn,
    plate_of,
    printed,
    read,
    seen,
    signature,
    values,
)
from tests.support.house import ROOT
from tests.unit.documents.pages import page

POINTS_TO_PIXELS = 150 / 72


def classic(**changed):
    return printed(plate_of("classic", "en"), values(**changed))


@pytest.mark.parametrize("name", [*LINES.values(), *AWKWARD])
def test_no_box_is_ever_printed(name):
    """R-174."""
    drawn = list(outlines_drawn(classic(recipient_name=name, course_title=name, issuer_name=name)))
    assert len(drawn) > 100 and all(outline for _, outline in drawn)


@pytest.mark.parametrize("script", LINES)
def test_each_script_is_drawn_with_the_font_that_is_here_for_it(script):
    families = {each.name for each in fonts.families().values() if each.scripts == (script,)}
    used = {
        font.partition("+")[2].partition("-")[0] for font, _ in outlines_drawn(classic(recipient_name=LINES[script]))
    }
    assert used & families


@pytest.mark.parametrize("script", [script for script in LINES if script != "Aran"])
def test_a_name_can_be_searched_and_copied(script):
    assert LINES[script] in read(classic(recipient_name=LINES[script]))


def test_a_name_in_nastaliq_stands_in_the_title_since_readers_scramble_it_on_the_page():
    document = pikepdf.open(io.BytesIO(classic(recipient_name=LINES["Aran"])))
    assert str(document.docinfo.Title) == f"Certificate of Achievement 7G4K-9QXM-2TPD: {LINES['Aran']}"


def test_the_document_tells_its_language_and_shows_its_title():
    document = pikepdf.open(io.BytesIO(printed(plate_of("classic", "hi"), values())))
    assert str(document.Root.Lang) == "hi"
    assert document.Root.ViewerPreferences.DisplayDocTitle
    assert str(document.docinfo.CreationDate) == "D:20260531200000Z"


@pytest.mark.parametrize("name", NOT_DRAWN)
def test_a_name_with_a_character_that_no_font_has_is_refused_and_the_name_is_not_told(name):
    with pytest.raises(NoGlyph, match=r"recipient\.name.*U\+") as refused:
        classic(recipient_name=name)
    assert name not in str(refused.value) and "Ada" not in str(refused.value)


def test_a_name_too_long_at_any_size_is_refused_and_the_name_is_not_told():
    with pytest.raises(TooLong, match=r"recipient\.name") as refused:
        classic(recipient_name="Xerxes" * 40)
    assert "Xerxes" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("x" * 300, TooLong),
        ("Lakshmi " * 37 + "Devi", TooLong),
        ("श्री" * 75, TooLong),
        ("ا" * 300, TooLong),
        ("\u0301\u0302", ValueMissing),
        ("\u094d\u093f", ValueMissing),
        ("\u064b\u064c", ValueMissing),
        ("\u200c\u200d", ValueMissing),
        ("\u202e \u2066", ValueMissing),
        ("\u093eम", SignAlone),
        ("र \u094d", SignAlone),
        ("Ada\x00", NoGlyph),
        ("Ada\x1b[2J", NoGlyph),
        ("Ada\ud800", NoGlyph),
        ("محترمہ רות", NoGlyph),
    ],
)
def test_a_name_that_cannot_be_set_well_is_refused_before_and_while_printing(name, refusal):
    """R-096, R-174: three hundred characters, nothing but marks, signs on no letter, control characters."""
    told = values(recipient_name=name)
    check = FitCheck(plate_of("classic", "en"))
    ways = (
        lambda: printed(plate_of("classic", "en"), told),
        lambda: check.check(told, "UTC"),
        lambda: check_one_more(check, told),
        lambda: check_one_more(check, told),
    )
    check_one_more(check, values())
    for refused in ways:
        with pytest.raises(refusal, match=r"recipient\.name") as said:
            refused()
        assert name not in str(said.value)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("A", "A"),
        ("अ", "अ"),
        ("Å", "Å"),
        ("\u200bAda\u202e", "Ada"),
        ("Ada\n\tLovelace", "Ada Lovelace"),
        ("क्\u200dष क्\u200cष", "क्\u200dष क्\u200cष"),
        ("Jose\u0301", "José"),
    ],
)
def test_an_unusual_name_is_printed_as_it_is_meant(name, found):
    """One letter, marks that have no shape, joiners, accents typed apart."""
    FitCheck(plate_of("classic", "en")).check(values(recipient_name=name), "UTC")
    assert found in read(classic(recipient_name=name))


def test_what_cannot_be_printed_is_known_before_anything_is_granted():
    check = FitCheck(plate_of("classic", "en")).check
    check(values(), "UTC")
    with pytest.raises(TooLong):
        check(values(recipient_name="x" * 200), "UTC")
    with pytest.raises(NoGlyph):
        check(values(recipient_name="רות"), "UTC")
    with pytest.raises(QrTooDense):
        check(values(qr="https://certs.example.org/" + "x" * 600), "UTC")


def check_one_more(check, told):
    check.check_of_each(told["recipient.name"], told["certificate.code"], told["qr"])


def test_an_address_or_code_of_another_certificate_is_looked_at_again_unless_every_one_of_its_length_fits():
    check = FitCheck(plate_of("classic", "en"))
    told = values()
    check.check(told, "UTC")
    for _ in range(3):
        check_one_more(check, told)
    with pytest.raises(NoGlyph):
        check.check_of_each("Ada", "רות" * 4, told["qr"])
    for _ in range(2):
        with pytest.raises(QrTooDense):
            check.check_of_each("Ada", told["certificate.code"], "https://certs.example.org/" + "x" * 600)
    with pytest.raises(NoGlyph):
        check.check_of_each("Ada", told["certificate.code"], told["qr"][:-1] + "\u05d0")


@pytest.mark.parametrize("letter", "iW")
def test_a_name_is_accepted_by_its_letters_exactly_if_it_can_be_set(letter):
    """R-096: short names are accepted without being set; what comes near the border is set to see."""
    plate = plate_of("classic", "en")
    fits, sets = [], []
    for length in range(20, 400, 20):
        told = values(recipient_name=letter * length)
        fits.append(accepts(lambda told=told: FitCheck(plate).check(told, "UTC")))
        sets.append(accepts(lambda told=told: printed(plate, told)))
    assert fits == sets
    assert {True, False} == set(sets)


def accepts(do):
    try:
        do()
    except TooLong:
        return False
    return True


def test_a_date_in_letters_we_do_not_have_is_refused():
    thai = replace(plate_of("classic", "en"), language="th")
    with pytest.raises(NoGlyph, match=r"completion\.date.*THAI"):
        printed(thai, values())


@pytest.mark.parametrize("key", ["recipient_name", "certificate_code", "qr"])
def test_what_every_certificate_shows_must_be_known(key):
    with pytest.raises(ValueMissing, match=key.replace("_", ".")):
        classic(**{key: ""})


def test_a_name_never_becomes_markup():
    assert "<b>&amp; (x) \\ %s" in read(classic(recipient_name="<b>&amp; (x) \\ %s"))


def test_the_same_values_give_the_same_bytes_in_two_processes():
    other = subprocess.run(
        [sys.executable, "-m", "tests.support.documents"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == fingerprint()


def test_what_was_printed_before_changes_nothing_about_a_certificate():
    """R-020, R-136: a large code, and no heading above it; a press that has printed gives what a fresh one gives."""
    plate = compiled(page().replace('data-kind="code"', 'data-kind="code" data-size="22"'), "en", {})
    words = in_words(values(), "en", "Asia/Kolkata")
    press = Press(plate, shared(words), lambda picture: signature())
    assert document(press, words) == document(press, words) == printed(plate, values())


def test_dates_are_those_of_the_zone_and_language():
    assert "Issued on 1 June 2026" in read(classic())
    assert "जारी करने की तिथि: 1 जून 2026" in read(printed(plate_of("classic", "hi"), values()))


def test_a_value_that_is_not_there_leaves_no_words_and_no_line_behind():
    full = classic()
    told = {key: value for key, value in values().items() if not key.startswith(("signatory", "completion"))}
    empty = printed(plate_of("classic", "en"), told)
    assert "Completed in" in read(full) and "Completed in" not in read(empty)
    right = (191, 160, 257, 182)  # where the first signatory stands, in millimetres
    assert not _blank(full, right) and _blank(empty, right)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Valid until 31 May 2029"), ("hi", "मान्यता की अंतिम तिथि: 31 मई 2029")]
)
@pytest.mark.parametrize("key", ["classic", "modern", "merit"])
def test_a_certificate_that_expires_says_until_when_it_holds(key, language, said):
    """R-015."""
    plate = plate_of(key, language)
    assert said in read(printed(plate, values(expiry_date=date(2029, 5, 31))))
    assert said.partition(" 31")[0] not in read(printed(plate, values()))


def test_a_signature_is_drawn_above_the_line_with_its_clear_background():
    left, right = (40, 147, 106, 163), (191, 147, 257, 163)
    signed = classic(**{"signatory_1_image": Picture("00"), "signatory_2_image": Picture("00")})
    assert not _blank(signed, left) and not _blank(signed, right)
    assert _blank(classic(), left)
    page = seen(signed, 150)
    assert page.getpixel(_pixel(42, 149)) == page.getpixel(_pixel(30, 120)) > 240


@pytest.mark.parametrize("name", [LINES["Aran"], AWKWARD[0], AWKWARD[1]])
def test_a_name_stays_inside_its_place(name):
    long, short = (seen(classic(recipient_name=each), 150) for each in (name, "O"))
    changed = ImageChops.difference(long, short)
    left, top, right, bottom = changed.point(lambda level: 255 if level > 40 else 0).getbbox()
    assert left >= _pixel(33.5, 0)[0] - 2 and right <= _pixel(263.5, 0)[0] + 2
    assert top >= _pixel(0, 77)[1] - 2 and bottom <= _pixel(0, 101)[1] + 2


def test_a_document_is_small():
    assert len(classic()) < 70_000


def test_the_code_is_printed_in_groups():
    assert f"{CODE[:4]}-{CODE[4:8]}-{CODE[8:]}" in read(classic())


def _pixel(x: float, y: float) -> tuple[int, int]:
    return round(x * 150 / 25.4), round(y * 150 / 25.4)


def _blank(pdf: bytes, box: tuple[float, float, float, float]) -> bool:
    """Whether nothing dark stands in that part of the page, given in millimetres."""
    return seen(pdf, 150).crop((*_pixel(*box[:2]), *_pixel(*box[2:]))).getextrema()[0] > 200
