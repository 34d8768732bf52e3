"""What a template's author is told before it is saved: each finding with a code and a sentence."""

import io
import random

import pytest
from PIL import Image

from flask_certify.documents import checks, contrast, images, shipped
from flask_certify.documents.checks import WARNINGS, Findings, Warned
from tests.unit.documents.pages import PARTS, page, whole


def codes(found: Findings) -> list[str]:
    return [each.code for each in (*found.refusals, *found.warnings)]


def look(html: str, **pictures: bytes) -> Findings:
    return checks.look_at(html, "en", {name.replace("_", "."): data for name, data in pictures.items()})


def picture(width: int, height: int, colour: str = "white", kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, kind)
    return out.getvalue()


def shown(name: str, width: float, height: float, *, left: float = 200, top: float = 150) -> str:
    style = f"width:{width}mm; height:{height}mm"
    return f'<div style="left:{left}mm; top:{top}mm"><img src="{name}" style="{style}"></div>'


def slot(name: str, attributes: str = "", *, left: float = 20, top: float = 170, height: float = 10) -> str:
    style = f"width:60mm; height:{height}mm"
    return f'<div style="left:{left}mm; top:{top}mm"><img data-slot="{name}" {attributes} style="{style}"></div>'


@pytest.mark.parametrize("design", shipped.designs(), ids=lambda design: design.key)
def test_there_is_nothing_to_say_about_a_design_that_comes_with_us(design: shipped.Design) -> None:
    """R-014: all of its parts have a place."""
    found = checks.look_at(design.pages["en"], "en", design.pictures)
    assert (found.refusals, found.warnings) == ((), ())
    assert found.plate is not None and 0 < found.own < 15_000 < found.shared < 100_000


def test_every_unknown_placeholder_is_refused_by_name() -> None:
    """R-015: all at once, each once."""
    found = look(whole(slot("recipient.nmae") + slot("scor") + slot("recipient.nmae")))
    assert codes(found) == ["template.unknown_placeholder"] * 2
    assert "recipient.nmae" in str(found.refusals[0]) and "recipient.name" in str(found.refusals[0])
    assert "scor" in str(found.refusals[1])


@pytest.mark.parametrize("part", ["course.title", "completion.date", "issuer.name"])
def test_a_part_that_every_certificate_has_is_asked_for_by_name(part: str) -> None:
    """R-014."""
    html = page(PARTS.replace(f'data-slot="{part}"', 'data-slot="score"'))
    [refusal] = look(html).refusals
    assert (refusal.code, refusal.values) == ("template.slot_missing", {"slot": part})


@pytest.mark.parametrize("typed", ['src="name.png"', 'data-value="Ada"', 'value="Ada"'])
def test_what_the_system_fills_cannot_be_typed_into_a_template(typed: str) -> None:
    """R-014."""
    html = whole().replace('data-slot="recipient.name"', f'data-slot="recipient.name" {typed}')
    assert {"template.wrong_slot", "template.not_allowed"} & set(codes(look(html)))


def test_signatories_are_not_asked_for() -> None:
    """R-014, R-017."""
    assert look(whole()).refusals == ()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (slot("score", 'data-kind="wax"'), "template.wrong_slot"),
        (slot("score", 'data-blink="1"'), "template.not_allowed"),
        ('<div><p data-slot="score">x</p></div>', "template.wrong_slot"),
        (slot("score", left=260), "template.box_off_page"),
        (slot("qr"), "template.slot_twice"),
        ("<div>Asha 🙂</div>", "template.no_glyph"),
        (shown("none.png", 20, 20), "template.picture_missing"),
        (slot("expiry.date", 'data-size="40" data-min="40"', height=5), "document.too_long"),
    ],
)
def test_what_stands_in_the_way_is_named(more: str, code: str) -> None:
    assert code in codes(look(whole(more)))
    assert look(whole(more)).plate is None


def test_half_a_character_is_refused_as_any_text_that_is_no_html() -> None:
    """A program may send it, a form cannot."""
    assert "template.not_allowed" in codes(look(whole("<p>\ud83d</p>")))


def test_all_that_stands_in_the_way_is_said_at_once() -> None:
    found = look(page('<script></script><div><img data-slot="x" style="width:1mm"></div><div>🙂</div>'))
    assert len(set(codes(found))) >= 4 and "template.slot_missing" in codes(found)


def test_names_that_do_not_fit_are_counted() -> None:
    html = whole().replace('data-size="30"', 'data-size="30" data-min="26"')
    [warned] = [each for each in look(html).warnings if each.code == "template.names_do_not_fit"]
    assert 0 < warned.values["refused"] < warned.values["tried"] == len(checks.HARD_NAMES)
    assert "would get no certificate" in str(warned)


def test_a_long_title_that_does_not_fit_is_told() -> None:
    html = whole().replace('"course.title" data-size="14" data-min="7"', '"course.title" data-size="14" data-min="14"')
    assert codes(look(html.replace('data-lines="2"', 'data-lines="1"'))) == ["template.title_does_not_fit"]


def test_pictures_are_neither_finer_nor_coarser_than_paper_shows() -> None:
    found = look(
        whole(shown("a.png", 20, 20) + shown("b.png", 60, 30, left=120)),
        a_png=picture(1200, 1200),
        b_png=picture(100, 50),
        c_png=picture(50, 50),
    )
    told = {each.code: each.values for each in found.warnings}
    assert told["template.picture_fine"] == {"file": "a.png", "dots": 1524, "width": 157, "height": 157}
    assert told["template.picture_coarse"] == {"file": "b.png", "dots": 42}
    assert told["template.picture_unused"] == {"file": "c.png"}


def test_certificates_that_would_be_heavy_are_told_of_in_bytes() -> None:
    grain = Image.frombytes("RGB", (400, 400), random.Random(1).randbytes(480_000))
    out = io.BytesIO()
    grain.save(out, "PNG")
    found = look(whole(shown("a.png", 50, 50)), a_png=out.getvalue())
    [warned] = found.warnings
    assert warned.code == "template.heavy" and warned.values["kilobytes"] == (found.shared + found.own) // 1000 > 400


def test_text_that_cannot_be_told_from_what_is_behind_it_is_found() -> None:
    """R-256: of places, of the template's own text, of the code."""
    light = '<div style="left:20mm; top:10mm; color:#cccccc; font-size:10pt">Hardly</div>'
    dark = shown("a.png", 100, 60, left=10, top=90)
    told = {
        each.values["what"]: each.values
        for each in look(whole(light), a_png=picture(9, 9)).warnings
        if "what" in each.values
    }
    assert told == {"“Hardly”": {"what": "“Hardly”", "ratio": "1.6", "asked": "4.5"}}
    found = look(whole(slot("score", 'data-color="#8a8a8a"') + dark), a_png=picture(200, 120, "#303030"))
    told = {each.values["what"]: each.values for each in found.warnings if each.code == "template.contrast"}
    assert set(told) >= {"score", "qr"} and told["score"]["ratio"] == "3.5"


def test_large_text_needs_less_contrast() -> None:
    large = look(whole(slot("score", 'data-color="#8a8a8a" data-size="18"')))
    assert codes(large) == []


def test_a_box_that_is_wider_than_what_it_stands_in_is_named() -> None:
    """It would be printed over whatever stands beside it; a higher one only makes the box around it higher."""
    narrow = slot("score").replace("top:170mm", "top:170mm; width:40mm; height:3mm")
    [warned] = look(whole(narrow)).warnings
    assert (warned.code, warned.values) == (
        "template.box_too_wide",
        {"slot": "score", "wide_mm": "60", "room_mm": "40"},
    )
    assert codes(look(whole(narrow.replace("width:40mm", "width:60mm")))) == []


def test_boxes_of_text_that_overlap_are_named() -> None:
    found = look(whole(slot("score", top=40)))
    assert [each.values for each in found.warnings] == [{"slot": "recipient.name", "other": "score"}]


def test_text_that_is_not_wholly_on_the_page_is_named() -> None:
    """What lies above or below it is left out by xhtml2pdf without a word."""
    styles = {
        "Rector": "left:293mm; top:10mm",
        "Dean": "left:-10mm; top:10mm",
        "Above": "left:20mm; top:-30mm",
        "Below": "left:20mm; top:250mm",
        "Hidden": "left:20mm; top:10mm; display:none",
        "Huge": "left:20mm; top:10mm; font-size:500pt",
    }
    found = look(whole("".join(f'<div style="{style}">{text}</div>' for text, style in styles.items())))
    told = [each for each in found.warnings if each.code == "template.not_on_page"]
    assert {each.values["what"] for each in told} == {f"“{text}”" for text in styles}
    assert "beyond its edge" in str(told[0])


def test_of_two_texts_that_are_the_same_one_may_be_lost() -> None:
    found = look(whole('<div style="left:20mm; top:5mm">Date</div><div style="left:20mm; top:250mm">Date</div>'))
    assert [each.values for each in found.warnings] == [{"what": "“Date”"}]


def test_a_picture_that_is_not_on_the_page_is_named() -> None:
    """One that reaches beyond the edge is meant to: a background does."""
    pictures = {"a_png": picture(200, 100), "b_png": picture(201, 100)}
    found = look(whole(shown("a.png", 30, 15, top=250) + shown("b.png", 30, 15, left=280)), **pictures)
    assert [each.values for each in found.warnings] == [{"what": "a.png"}]


def test_text_that_is_torn_turned_or_wrapped_is_on_the_page_all_the_same() -> None:
    texts = [
        "Dr.सुनीता शर्मा(PhD) محترمہ (Fatima) بیگم 2025",
        "<b>C</b>ertificate of <i>Ach</i>ievement",
        "soft&shy;hyphen e&#x301; x&zwnj;y &nbsp; two  blanks",
        '<span style="text-transform:uppercase">straße office</span>',
        "many words in a narrow column " * 4,
    ]
    placed = [
        f'<div style="left:{20 + 50 * at}mm; top:4mm; width:45mm; font-size:6pt">{text}</div>'
        for at, text in enumerate(texts)
    ]
    assert codes(look(whole("".join(placed)))) == []


def test_without_the_program_that_draws_pages_the_author_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: object) -> bytes:
        raise images.NoPictures()

    monkeypatch.setattr(images, "png", none)
    assert codes(look(whole())) == ["template.contrast_unknown"]


def test_every_warning_has_a_sentence_that_its_values_fill() -> None:
    assert all(code.startswith("template.") for code in WARNINGS)
    assert "1.6" in str(Warned("template.contrast", {"what": "x", "ratio": "1.6", "asked": "4.5"}))


def test_contrast_is_counted_as_wcag_counts_it() -> None:
    """R-256: figures from the standard's own examples."""
    assert contrast.ratio((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast.ratio((1, 1, 1), (1, 1, 1)) == 1
    grey = (0x76 / 255,) * 3
    assert contrast.ratio(grey, (1.0, 1.0, 1.0)) == pytest.approx(4.54, abs=0.005)
    assert (contrast.asked(12, "regular"), contrast.asked(18, "regular"), contrast.asked(14, "bold")) == (4.5, 3.0, 3.0)
