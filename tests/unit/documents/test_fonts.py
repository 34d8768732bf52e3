"""The fonts that travel with the package: what is there, what they draw, which of them draws what."""

import hashlib
import json

import pytest
import uharfbuzz as hb

from flask_certify.documents import fonts
from tests.support.documents import AWKWARD, LINES, NOT_DRAWN
from tests.support.make_fonts import ranges

INDEX = json.loads((fonts.FOLDER / "index.json").read_text())


def test_every_font_file_is_the_one_the_index_names():
    listed = {face["file"]: face["sha256"] for face in INDEX}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in fonts.FOLDER.glob("*.ttf")}
    assert there == listed


def test_every_font_says_where_it_comes_from_and_under_which_licence():
    licence = (fonts.FOLDER / "OFL.txt").read_text()
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    for face in INDEX:
        assert face["licence"] == "OFL-1.1" and face["version"] and "@" in face["package"]
        assert face["copyright"] in licence
        assert "Reserved Font Name" not in face["copyright"]


@pytest.mark.parametrize("face", INDEX, ids=lambda face: face["file"])
def test_the_index_knows_what_a_font_covers_without_opening_it(face):
    told = hb.Face(hb.Blob((fonts.FOLDER / face["file"]).read_bytes()))
    assert face["covers"] == ranges(told.unicodes)
    assert "glyf" in told.table_tags and "fpgm" not in told.table_tags


@pytest.mark.parametrize("script", LINES)
def test_each_script_is_drawn_by_the_family_that_is_here_for_it(script):
    assert {piece.family.scripts for piece in fonts.split(LINES[script], fonts.stack("en"))} == {(script,)}


@pytest.mark.parametrize("text", [*LINES.values(), *AWKWARD])
def test_what_we_promise_to_print_misses_no_glyph(text):
    assert fonts.missing(text) == ()


@pytest.mark.parametrize("text", NOT_DRAWN)
def test_characters_that_no_font_has_are_named(text):
    missing = fonts.missing(text)
    assert missing and set(missing) <= set(text)


def test_missing_characters_are_told_by_number_and_name():
    assert fonts.named(fonts.missing("Asha 🙂\x07")) == "U+0007 CONTROL, U+1F642 SLIGHTLY SMILING FACE"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Dr. सुनीता शर्मा (PhD)", ["Dr. ", "सुनीता शर्मा (", "PhD)"]),
        ("S. முத்துக்குமார் B.Ed.", ["S. ", "முத்துக்குமார் ", "B.Ed."]),
        ("Śrī Kṛṣṇa D’Souza", ["Śrī Kṛṣṇa D’Souza"]),
        ("محترمہ Fatima بیگم", ["محترمہ", " Fatima ", "بیگم"]),
        ("31 मई 2026।", ["31 मई 2026।"]),
        ("श्रीमान् क्ष्\u200d क्\u200cष", ["श्रीमान् क्ष्\u200d क्\u200cष"]),
        ("123", ["123"]),
        ("", []),
    ],
)
def test_text_is_split_by_script_and_not_by_character(text, pieces):
    assert [piece.text for piece in fonts.split(text, fonts.stack("hi"))] == pieces


def test_urdu_is_written_in_nastaliq_and_arabic_in_naskh():
    def family(language):
        return fonts.split("محترمہ", fonts.stack(language))[0].family.name

    assert family("ur") == family("en") == "NotoNastaliqUrdu"
    assert family("ar") == family("fa-IR") == "NotoNaskhArabic"


def test_accents_typed_apart_are_composed_and_joiners_stay():
    assert fonts.tidy("  Andre\u0301\tश्री\u200dम  ") == "André श्री\u200dम"
    assert fonts.tidy("\ufeffAda\u202c") == "Ada"


def test_where_a_name_cannot_be_printed_is_told_by_place_and_script_and_never_by_its_characters():
    """R-178: what is kept about a failure holds nothing of the name."""
    name = "Asha  🙂 བཀྲ་ཤིས"
    found = fonts.places(name, fonts.missing(name))
    assert found["positions"].startswith("6, 8, ") and found["scripts"] == "SYMBOL, TIBETAN"
    assert not set(str(found)) & set(fonts.missing(name))
    assert fonts.places("🙂" * 12, "🙂") == {"positions": "1, 2, 3, 4, 5, 6, 7, 8, 9, 10 …", "scripts": "SYMBOL"}
