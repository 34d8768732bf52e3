"""What goes wrong with printed text and templates elsewhere: a test for each that has no better place.

The others: glyphs, extraction, pixels, QR codes and the credential inside (tests/contract/test_printed_documents.py),
faces and pieces (test_fonts.py, test_shaping.py), what is refused (test_dialect.py, test_compiling.py).
"""

import io
import re
from pathlib import Path

import pikepdf
import pytest
import reportlab.rl_config
import xhtml2pdf.context
from PIL import Image
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.textobject import PDFTextObject
from xhtml2pdf import pisa
from xhtml2pdf.config.resources import ResourceAccessPolicy

from flask_certify.documents import compiling, fonts, layout, shaping
from flask_certify.documents.compiling import compiled
from flask_certify.documents.errors import (
    FontRefused,
    NotAllowed,
    NotOnePage,
    PictureRefused,
    SlotMissing,
    TemplateRefused,
    UndrawableText,
)
from flask_certify.documents.outlines import Outlines
from flask_certify.documents.pictures import normal
from tests.support.documents import plate_of, printed, read, seen, values
from tests.unit.documents.pages import page

URDU = "قومی تعلیمی ادارہ"
ODIA = "ଶ୍ରୀମତୀ ବିଦ୍ୟାଧରେଶ୍ୱରୀ ଜ୍ଞାନେଶ୍ୱର ତ୍ରିପାଠୀ ମହାପାତ୍ର କୃଷ୍ଣଚନ୍ଦ୍ର"
PICTURE = '<div style="left:200mm; top:100mm"><img src="{name}" style="width:40mm; height:40mm"></div>'


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the check of templates let everything through: what follows must still refuse it."""
    monkeypatch.setattr(compiling.dialect, "check", lambda html, pictures: None)


# ---- text that belongs to a template -----------------------------------------------------------------


def test_urdu_of_a_template_is_joined_and_sloped_under_a_latin_first_face() -> None:
    """Trap 6: presentation forms made for the first face print as boxes in a face that has none."""
    (text,) = compiled(page(f'<div style="left:20mm; top:5mm">{URDU}</div>'), "en", {}).texts
    (run,) = text.line.runs
    (wanted,) = shaping.Typesetter("en").line(URDU).runs
    assert run.face.family == "NotoNastaliqUrdu" and run.right_to_left
    assert [glyph[:1] + glyph[2:] for glyph in run.glyphs] == [glyph[:1] + glyph[2:] for glyph in wanted.glyphs]


@pytest.mark.parametrize(
    "text",
    ['<p style="font-family:Helvetica">x</p>', '<p style="font-family:Times-Roman">x</p>', "<ul><li>x</li></ul>"],
)
def test_text_in_a_font_that_is_not_embedded_is_refused_also_past_the_door(text: str, open_door: None) -> None:
    """Trap 10: it would vanish with its token, or stand there in a font that the reader has to have."""
    with pytest.raises(NotAllowed, match="font that does not come with this package"):
        compiled(page(text, position="static"), "en", {})


@pytest.mark.parametrize("text", ["🙂", "א"])
def test_a_character_without_a_glyph_is_refused_also_past_the_door(text: str, open_door: None) -> None:
    """Trap 11: it would be a box, and a warning in a log."""
    with pytest.raises(UndrawableText):
        compiled(page(f'<div style="left:20mm; top:5mm">{text}</div>'), "en", {})


def test_a_sign_on_no_letter_in_a_template_is_refused() -> None:
    with pytest.raises(UndrawableText, match="U\\+093E DEVANAGARI VOWEL SIGN AA"):
        compiled(page('<div style="left:20mm; top:5mm">ाम</div>'), "hi", {})


def test_a_slot_on_a_second_page_is_refused(open_door: None) -> None:
    """Trap 13."""
    late = '<p style="page-break-before:always"><img data-slot="score" style="width:40mm; height:9mm"></p>'
    with pytest.raises(NotOnePage, match="2"):
        compiled(page(late, position="static"), "en", {})


@pytest.mark.parametrize("name", ["recipient.name", "qr"])
def test_a_slot_that_is_hidden_is_refused_by_name(name: str) -> None:
    """Trap 13."""
    html = page().replace(f'<img data-slot="{name}"', f'<img class="away" data-slot="{name}"')
    with pytest.raises(SlotMissing, match=re.escape(name)):
        compiled(html.replace("body {", ".away { display: none } body {"), "en", {})


# ---- pictures ----------------------------------------------------------------------------------------


def encoded(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def drawn(name: str, data: bytes) -> Image.Image:
    """The page with the picture, as it is after an upload, at 20 cm by 10 cm from the corner."""
    plate = compiled(page(PICTURE.format(name=name)), "en", {name: normal(name, data)})
    return seen(printed(plate, values()), 72)


def pixel(image: Image.Image, right_mm: float, down_mm: float) -> int:
    found = image.getpixel((round(right_mm / 25.4 * 72), round(down_mm / 25.4 * 72)))
    assert isinstance(found, int)
    return found


def test_a_picture_three_pixels_high_is_not_taken_for_a_slot() -> None:
    """Trap 14: one that has another colour than a marker is drawn; at upload all that are so small are refused."""
    strip = encoded(Image.new("RGB", (2, layout.MARKER_HEIGHT), (10, 20, 30)), "PNG")
    with pytest.raises(PictureRefused):
        normal("strip.png", strip)
    plate = compiled(page(PICTURE.format(name="strip.png")), "en", {"strip.png": strip})
    assert len(plate.slots) == 3 and pixel(seen(printed(plate, values()), 72), 220, 120) < 60


def test_the_clear_corner_of_a_palette_picture_is_paper_on_the_page() -> None:
    """Trap 15: it would be a black box."""
    image = Image.new("P", (80, 80), 0)
    image.putpalette([0, 0, 0, 200, 30, 30])
    image.paste(1, (20, 20, 60, 60))
    found = drawn("seal.png", encoded(image, "PNG", transparency=0))
    assert pixel(found, 202, 102) == 255 and pixel(found, 238, 138) == 255
    assert 50 < pixel(found, 220, 120) < 120


def test_a_jpeg_made_for_a_printing_press_is_drawn_in_its_colours() -> None:
    found = drawn("a.jpg", encoded(Image.new("CMYK", (80, 80), (0, 0, 0, 40)), "JPEG"))
    assert 190 < pixel(found, 220, 120) < 240


def test_pictures_are_not_written_in_letters() -> None:
    """Trap 16: ASCII85 makes a document a quarter larger."""
    image = Image.merge("RGB", [Image.effect_noise((90, 90), 80) for _ in range(3)])
    data = encoded(image, "PNG")
    plate = compiled(page(PICTURE.format(name="a.png")), "en", {"a.png": normal("a.png", data)})
    pdf = printed(plate, values())
    assert b"ASCII85" not in plate.page and b"ASCII85" not in pdf
    assert len(pdf) < len(printed(compiled(page(), "en", {}), values())) + len(data) * 1.1 + 1000


# ---- what is written -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [7, 9.5, 31.5, 113])
def test_every_number_on_the_page_can_be_read_again(size: float) -> None:
    """Trap 7: two that run together, or one in scientific notation, and a part of the line is gone without a word."""
    html = page().replace('data-size="30"', f'data-size="{size}" data-min="4" data-lines="3"')
    html = html.replace("width:200mm; height:40mm", "width:200mm; height:50mm")
    pdf = printed(compiled(html, "en", {}), values(recipient_name=ODIA))
    document = pikepdf.open(io.BytesIO(pdf))
    content = b"\n".join(each.read_bytes() for each in document.pages[0].Contents)
    outside = re.sub(rb"<[0-9a-fA-F]*>|\(.*?\)|/\w+", b" ", content)
    for word in re.split(rb"[\s\[\]<>{}]+", outside):
        assert re.fullmatch(rb"|-?(\d+(\.\d+)?|\.\d+)|[A-Za-z*]+|'|\"", word), word
    moved = [
        float(each)
        for instruction in pikepdf.parse_content_stream(document.pages[0])
        if str(instruction.operator) == "TJ"
        for each in instruction.operands[0]
        if not isinstance(each, pikepdf.String)
    ]
    assert moved and all(abs(each) < 3000 for each in moved)
    assert ODIA in read(pdf)


def test_two_files_of_one_family_are_two_faces() -> None:
    """Trap 21: reportlab keeps fonts by name, so a bold file under the same name would print regular."""
    assert len(layout._faces_by_hash()) == sum(len(each.files) for each in fonts.families().values())
    html = page('<div style="left:20mm; top:5mm">श्री <b>श्री</b></div>')
    regular, bold = (
        run for text in compiled(html, "hi", {}).texts for run in text.line.runs if run.face.family != "NotoSans"
    )
    assert (regular.face.style, bold.face.style) == ("regular", "bold")
    assert regular.width != bold.width


@pytest.mark.parametrize("cut", [0, 3, 12, 60, 400, 20_000])
def test_a_broken_font_is_refused_in_a_sentence(cut: int) -> None:
    whole = fonts.families()["NotoSans"].files["regular"].read_bytes()
    with pytest.raises(FontRefused, match=r"Some.*whole"):
        Outlines("Some", whole[:cut])


# ---- what others find afterwards -----------------------------------------------------------------------


def test_a_compiled_template_leaves_reportlab_and_xhtml2pdf_as_they_were(tmp_path: Path) -> None:
    """Trap 24: a host may print its own receipts with them, in the same process."""

    def receipt() -> tuple[bytes, bytes]:
        out = io.BytesIO()
        canvas = Canvas(out, invariant=True, pageCompression=0)
        canvas.drawString(72, 72, "Receipt 7")
        canvas.save()
        html = io.BytesIO()
        policy = ResourceAccessPolicy.server(base_dir=None, allow_remote=False)
        assert not pisa.CreatePDF("<p>Receipt 8</p>", dest=html, resource_policy=policy).err
        return out.getvalue(), read(html.getvalue()).encode()

    patched = (PDFTextObject._formatText, xhtml2pdf.context.TTFont, xhtml2pdf.context.shape_frag_text)
    settings = (reportlab.rl_config.useA85, reportlab.rl_config.invariant)
    before = receipt()
    compiling._compiled.cache_clear()
    plate = compiled(page("<div>Static</div>"), "en", {})
    printed(plate, values())
    assert receipt() == before and b"(Receipt 7)" in before[0] and before[1] == b"Receipt 8"
    assert patched == (PDFTextObject._formatText, xhtml2pdf.context.TTFont, xhtml2pdf.context.shape_frag_text)
    assert xhtml2pdf.context.TTFont is TTFont
    assert settings == (reportlab.rl_config.useA85, reportlab.rl_config.invariant)


def test_a_template_refused_halfway_leaves_nothing_behind() -> None:
    first = compiled(page(), "en", {}).written()
    with pytest.raises(TemplateRefused):
        compiled(page('<p style="page-break-before:always">x</p>', position="static"), "en", {})
    compiling._compiled.cache_clear()
    assert compiled(page(), "en", {}).written() == first
    assert printed(plate_of("classic", "en"), values())
