"""Text into a box: smaller first, then in lines."""

import pytest

from flask_certify.documents.fitting import fit
from flask_certify.documents.shaping import Typesetter
from tests.support.documents import AWKWARD, LINES

BOX = {"width": 600.0, "height": 68.0, "wanted": 34.0, "least": 14.0, "most_lines": 2}


def fitted(text, **changed):
    return fit(text, Typesetter("en").line, **{**BOX, **changed})


def test_a_short_name_has_the_wanted_size():
    found = fitted("Ada Lovelace")
    assert found.size == 34 and len(found.lines) == 1


def test_a_longer_name_shrinks_by_half_points():
    found = fitted("Chandrasekhar Venkateswaran Subramaniam")
    assert 25.5 <= found.size < 34 and found.size * 2 == int(found.size * 2)
    assert len(found.lines) == 1


def test_a_very_long_name_is_set_in_two_balanced_lines():
    found = fitted(AWKWARD[0])
    widths = [line.width for line in found.lines]
    assert len(found.lines) == 2 and max(widths) < 1.3 * min(widths)


def test_lines_are_balanced_also_where_only_the_height_of_the_box_limits_them():
    found = fitted(AWKWARD[1], width=623.6, height=76.5, wanted=36.0)
    widths = [line.width for line in found.lines]
    assert len(found.lines) == 2 and max(widths) < 1.3 * min(widths)


@pytest.mark.parametrize("text", [*LINES.values(), *AWKWARD])
def test_ink_stays_inside_the_box(text):
    found = fitted(text)
    assert found.height * found.size <= BOX["height"]
    for line, down in zip(found.lines, found.baselines, strict=True):
        low, high = line.ink()
        assert down - high >= 0 and down - low <= found.height
        assert line.width * found.size / 1000 <= BOX["width"]


def test_nothing_fits_when_the_least_size_is_still_too_large():
    assert fitted("x" * 200) is None
    assert fitted("Ada", height=5.0) is None


def test_three_hundred_characters_are_fitted_or_refused_without_end():
    assert fitted("Lakshmi " * 37, most_lines=3) is None


def test_an_empty_text_needs_no_room():
    assert fitted("").lines[0].runs == ()


@pytest.mark.parametrize("lines", [2, 3])
def test_a_text_of_hundreds_of_words_is_fitted_without_trying_every_way_to_break_it(lines):
    """A description has up to 2000 characters, and every way to break it takes most of a minute."""
    shape, shaped = Typesetter("en").line, []

    def counted(text):
        shaped.append(text)
        return shape(text)

    found = fit("a bc " * 150 + "a", counted, width=1400, height=90, wanted=20, least=4, most_lines=lines)
    widths = [line.width for line in found.lines]
    assert len(widths) == lines and max(widths) < 1.05 * min(widths) and len(shaped) < 250
