"""What a template may say. Whatever is not listed is refused, by name."""

import pytest

from flask_certify.documents import dialect
from flask_certify.documents.errors import (
    NotAllowed,
    PictureMissing,
    SlotMissing,
    SlotTwice,
    TooMuchWork,
    UndrawableText,
    UnknownPlaceholder,
    WrongSlot,
)

BOX = 'style="width:40mm; height:40mm"'
NAME = f'<img data-slot="recipient.name" {BOX}>'
CODE = f'<img data-slot="certificate.code" data-kind="code" {BOX}>'
QR = f'<img data-slot="qr" data-kind="qr" {BOX}>'


def page(more: str = "", css: str = "", *, name: str = NAME, code: str = CODE, qr: str = QR) -> str:
    return f"<html><head><title>x</title><style>{css}</style></head><body>{name}{code}{qr}{more}</body></html>"


def check(html: str, *pictures: str) -> None:
    dialect.check(html, pictures)


def test_a_plain_template_is_accepted():
    css = "@page { size: a4 landscape; margin: 0 } body { font-family: NotoSerif; color: rgb(1, 2, 3) }"
    check(page('<!-- seal --><div style="position:absolute; left:2mm">Śrī श्री</div>', css))
    check(page('<img src="seal.png" alt="" style="width:2cm;height:2cm">'), "seal.png")


@pytest.mark.parametrize(
    "element",
    [
        "<script>x</script>",
        "<link rel='stylesheet' href='https://example.org/x.css'>",
        "<iframe src='https://example.org'></iframe>",
        "<object data='x'></object>",
        "<svg><image href='file:///etc/passwd'/></svg>",
        "<pdf:insertpdf src='/etc/passwd'/>",
        "<pdf:font name='x' src='file:///x.ttf'/>",
        "<a href='javascript:x'>x</a>",
        "<ul><li>x</li></ul>",
        "<form><input value='x'></form>",
        "<font color='[[getattr(pow,1)]]'>x</font>",
        "<p onclick='x'>x</p>",
        "<p data-anything='x'>x</p>",
        "<div background='https://example.org/x.png'>x</div>",
        "<table><tr><td rowspan='1000000'>x</td></tr></table>",
        "<table><tr><td colspan='-1'>x</td></tr></table>",
        "<meta http-equiv='refresh' content='0;url=https://example.org'>",
    ],
)
def test_an_element_or_attribute_that_is_not_listed_is_refused(element):
    with pytest.raises(NotAllowed):
        check(page(element))


@pytest.mark.parametrize(
    "css",
    [
        "@import url(https://example.org/x.css);",
        "@IMPORT 'x.css';",
        "@font-face { font-family: Q; src: local(Q) }",
        "@page { background-image: url(/etc/passwd) }",
        "p { background: u\\72l(x) }",
        "p { background: URL (x) }",
        "p { -pdf-frame-content: x }",
        "p { width: expression(x) }",
        "p { width: calc(1px + 1px) }",
        "div:not(:has(p)) { color: red }",
        "p { font: 12pt NotoSans }",
        "p { font-family: Helvetica }",
        "p { font-family: NotoSans, 'Comic Sans' }",
    ],
)
def test_css_that_fetches_runs_or_names_a_font_we_do_not_have_is_refused(css):
    with pytest.raises(NotAllowed):
        check(page(css=css))
    with pytest.raises(NotAllowed):
        check(page(f'<p style="{css.replace(chr(34), chr(39))}">x</p>'))


@pytest.mark.parametrize(
    "source",
    [
        "seal.png",
        "../seal.png",
        "/etc/passwd",
        "file:///x.png",
        "https://example.org/x.png",
        "data:image/png;base64,AA",
        "",
    ],
)
def test_a_picture_that_does_not_come_along_is_refused_by_name(source):
    with pytest.raises(PictureMissing):
        check(page(f'<img src="{source}" {BOX}>'), "other.png")


def test_an_unknown_placeholder_is_refused_and_the_nearest_is_named():
    with pytest.raises(UnknownPlaceholder, match=r"recipient\.nmae.*nearest is recipient\.name"):
        check(page(name=NAME.replace("recipient.name", "recipient.nmae")))


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("data-kind", "qr"),
        ("data-size", "0"),
        ("data-size", "big"),
        ("data-size", "nan"),
        ("data-min", "40"),
        ("data-lines", "9"),
        ("data-align", "justify"),
        ("data-color", "red"),
        ("data-weight", "900"),
        ("data-family", "Arial"),
        ("data-rule", "thin"),
        ("data-before", "x" * 101),
    ],
)
def test_a_slot_with_a_wrong_attribute_is_refused_by_name(attribute, value):
    with pytest.raises(WrongSlot, match=f"recipient.name: {attribute}"):
        check(page(name=NAME.replace("<img", f'<img {attribute}="{value}"')))


@pytest.mark.parametrize(
    "style", ["", 'style="width:40mm"', 'style="width:40%; height:40mm"', 'style="width:0mm; height:40mm"']
)
def test_a_slot_owns_its_box(style):
    with pytest.raises(WrongSlot, match="width and height"):
        check(page(name=f'<img data-slot="recipient.name" {style}>'))


def test_a_slot_is_an_image_without_a_source():
    for name in ('<div data-slot="recipient.name">x</div>', NAME.replace("<img", '<img src="a.png"')):
        with pytest.raises(WrongSlot, match="without src"):
            check(page(name=name), "a.png")


def test_a_qr_code_smaller_than_paper_asks_is_refused():
    with pytest.raises(WrongSlot, match="25 mm"):
        check(page(qr='<img data-slot="qr" data-kind="qr" style="width:24mm; height:40mm">'))


def test_a_value_has_one_place():
    with pytest.raises(SlotTwice, match=r"recipient\.name"):
        check(page(NAME))


@pytest.mark.parametrize(("missing", "told"), [("name", "recipient.name"), ("code", "certificate.code"), ("qr", "qr")])
def test_what_every_certificate_shows_has_a_place(missing, told):
    with pytest.raises(SlotMissing, match=told):
        check(page(**{missing: ""}))


def test_text_without_a_glyph_is_refused_by_its_characters():
    with pytest.raises(UndrawableText, match="U\\+1F642"):
        check(page("<p>🙂</p>"))
    with pytest.raises(UndrawableText, match="U\\+05D5"):
        check(page(name=NAME.replace("<img", '<img data-before="ו"')))


@pytest.mark.parametrize(
    "html", ["<div>" * 60 + "x" + "</div>" * 60, "<p>x</p>" * 2000, "x" * 300_000, "x" * 20_001, "aक" * 1500]
)
def test_a_template_of_no_reasonable_size_is_refused(html):
    with pytest.raises(TooMuchWork):
        check(page(html))
