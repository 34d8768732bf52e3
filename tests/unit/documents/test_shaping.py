"""Text becomes the glyphs that a reader of its script expects."""

import pytest
import uharfbuzz as hb

from flask_certify.documents import fonts, painting
from flask_certify.documents.errors import FontRefused
from flask_certify.documents.outlines import Outlines
from flask_certify.documents.shaping import Typesetter, face
from tests.support import names
from tests.support.documents import AWKWARD, LINES

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
VIRAMAS = {"Deva": 0x94D, "Telu": 0xC4D, "Knda": 0xCCD, "Beng": 0x9CD, "Gujr": 0xACD, "Orya": 0xB4D}


@pytest.mark.parametrize("text", [*LINES.values(), *AWKWARD])
def test_no_glyph_is_the_box_and_no_character_is_lost(text):
    line = Typesetter("en").line(text)
    assert sorted("".join(run.text for run in line.runs)) == sorted(text)
    assert all(glyph.id for run in line.runs for glyph in run.glyphs)
    assert line.width > 0


@pytest.mark.parametrize("script", VIRAMAS)
def test_conjuncts_are_joined_and_show_no_virama(script):
    line = Typesetter("en").line(LINES[script].split()[0])
    for run in line.runs:
        font = hb.Font(hb.Face(hb.Blob(fonts.families()[run.face.family].files["regular"].read_bytes())))
        virama = font.get_nominal_glyph(VIRAMAS[script])
        assert virama not in [glyph.id for glyph in run.glyphs]


def test_the_short_i_of_devanagari_stands_before_its_consonant():
    (run,) = Typesetter("hi").line("कि").runs
    k, i = Typesetter("hi").line("क").runs[0].glyphs[0].id, [glyph.id for glyph in run.glyphs]
    assert len(i) == 2 and i[1] == k


def test_a_joiner_is_obeyed():
    joined, apart = (Typesetter("hi").line(text).runs[0].glyphs for text in ("क्ष", "क्\u200cष"))
    assert [glyph.id for glyph in joined] != [glyph.id for glyph in apart]


def test_two_directions_are_drawn_in_the_order_they_are_read():
    line = Typesetter("en").line("محترمہ Fatima بیگم 2025")
    order = [run.text.strip() for run in line.runs if run.text.strip()]
    assert order == ["2025", "بیگم", "Fatima", "محترمہ"]
    assert [run.right_to_left for run in line.runs if run.text.strip()] == [False, True, False, True]


def test_no_real_name_is_taken_for_a_misspelt_one():
    for script in names.SCRIPTS:
        for name in [*names.names(script, 200), LINES[script], *AWKWARD]:
            assert Typesetter("en").line(name).signs_alone() == ()


def test_nastaliq_reaches_higher_and_lower_than_other_scripts():
    low, high = Typesetter("ur").line("بیگم").ink()
    assert high > 1.2 and low < -0.3


def test_bold_is_another_face_of_the_same_family():
    regular, bold = (Typesetter("en", style=style).line("Ada") for style in fonts.STYLES)
    assert bold.runs[0].face.family == regular.runs[0].face.family
    assert bold.width > regular.width


def test_a_font_is_cut_to_the_glyphs_of_a_name():
    run = Typesetter("hi").line(LINES["Deva"]).runs[0]
    glyph_ids = list(dict.fromkeys(glyph.id for glyph in run.glyphs))
    cut = run.face.cut(glyph_ids)
    whole = fonts.families()[run.face.family].files["regular"]
    assert len(cut) < whole.stat().st_size / 20
    small, large = (hb.Font(hb.Face(hb.Blob(data))) for data in (cut, whole.read_bytes()))
    assert [outline(small, at) for at in range(1, len(glyph_ids) + 1)] == [outline(large, each) for each in glyph_ids]


@pytest.mark.parametrize("family", fonts.families())
def test_every_outline_of_every_font_survives_the_cutting(family):
    """Accented letters too, which are made of parts (é)."""
    for style, path in fonts.families()[family].files.items():
        large = hb.Font(hb.Face(hb.Blob(path.read_bytes())))
        for start in range(0, large.face.glyph_count, 200):
            glyph_ids = list(range(max(start, 1), min(start + 200, large.face.glyph_count)))
            small = hb.Font(hb.Face(hb.Blob(face(family, style).cut(glyph_ids))))
            for at, glyph_id in enumerate(glyph_ids, 1):
                assert outline(small, at) == outline(large, glyph_id)
                assert small.get_glyph_h_advance(at) == large.get_glyph_h_advance(glyph_id)


def test_more_outlines_than_a_small_font_holds_make_a_larger_one():
    """As a press of very many letters would ask for: 128 kB is where the short form ends."""
    name, style = "NotoNastaliqUrdu", "regular"
    large = hb.Font(hb.Face(hb.Blob(fonts.families()[name].files[style].read_bytes())))
    glyph_ids = list(range(1, large.face.glyph_count))
    cut = face(name, style).cut(glyph_ids)
    assert len(cut) > 128 * 1024
    small = hb.Font(hb.Face(hb.Blob(cut)))
    assert all(outline(small, at) == outline(large, each) for at, each in enumerate(glyph_ids, 1))


def test_a_font_with_other_outlines_is_refused_in_a_sentence():
    with pytest.raises(FontRefused, match="TrueType"):
        Outlines("Some", b"OTTO" + bytes(8))


def outline(font: hb.Font, glyph_id: int) -> list[object]:
    pen = hb.DrawFuncs()
    found: list[object] = []
    for name in ("move_to", "line_to", "quadratic_to", "cubic_to"):
        getattr(pen, f"set_{name}_func")(lambda *said, name=name: found.append((name, said[:-1])))
    font.draw_glyph(glyph_id, pen, None)
    return found


@pytest.mark.parametrize("family", fonts.LATIN)
@pytest.mark.parametrize("style", ["regular", "bold"])
def test_no_two_letters_are_kerned_further_apart_than_the_fast_check_of_names_allows(family, style):
    """Every pair of printable ASCII, in one text: what is accepted by its letters' widths does fit."""
    plain = {letter: Typesetter("en", family, style).line(letter).width for letter in PRINTABLE}
    pairs = "".join(first + second for first in PRINTABLE for second in PRINTABLE)
    line = Typesetter("en", family, style).line(pairs)
    for run in line.runs:
        for glyph, after in zip(run.glyphs, [*run.glyphs[1:], None], strict=True):
            text = run.text[glyph.cluster : after.cluster if after else None]
            allowed = painting.KERNED_APART * sum(plain[letter] for letter in text)
            assert glyph.advance * run.face.per_mille <= allowed, text
