"""The dialect of templates: HTML and CSS as xhtml2pdf reads them, boxes for values, and nothing else.

A place for a value is an image without a source, a slot, and owns its box:

    <img data-slot="recipient.name" data-size="32" data-min="14" data-lines="2" data-align="center"
         data-color="#222222" style="width:240mm; height:24mm"/>

`data-slot` names a placeholder, `data-kind` is `text`, `code`, `qr` or `image`. `data-weight="bold"` and
`data-family="NotoSerif"` choose the style. With a value, and only then, `data-before="Issued on"` is printed before it
and `data-rule="#b08d3c"` draws a line along the upper edge. What is not listed here is refused, by name: a template is
hostile until shown otherwise.
"""

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import lxml.html
from lxml import etree

from . import fonts
from .drawing import Colour
from .errors import (
    NotAllowed,
    PictureMissing,
    SlotMissing,
    SlotTwice,
    TemplateRefused,
    TooMuchWork,
    UndrawableText,
    UnknownPlaceholder,
    WrongSlot,
)
from .placeholders import PLACEHOLDERS, REQUIRED
from .qr import LEAST_WIDTH

TAGS = frozenset({"html", "head", "title", "meta", "style", "body", "div", "p", "span", "b", "strong", "i", "em", "br"})
TAGS |= {"hr", "h1", "h2", "h3", "h4", "small", "sup", "sub", "img", "table", "thead", "tbody", "tr", "td", "th"}
ATTRIBUTES = {
    "": frozenset({"class", "style", "lang", "dir", "id"}),
    "meta": frozenset({"charset"}),
    "img": frozenset({"src", "alt"}),
    "td": frozenset({"colspan", "rowspan", "align", "valign"}),
    "th": frozenset({"colspan", "rowspan", "align", "valign"}),
}
SLOT_ATTRIBUTES = frozenset({"data-slot", "data-kind", "data-size", "data-min", "data-lines", "data-align"})
SLOT_ATTRIBUTES |= {"data-color", "data-weight", "data-family", "data-rule", "data-before"}
MOST_ELEMENTS, DEEPEST, MOST_CHARACTERS, MOST_BEFORE = 1000, 30, 200_000, 100
MOST_TEXT, MOST_PIECES = 20_000, 2000  # letters to be read, and changes from one font to another
MOST_SAID = 50
POINTS = {"pt": 1.0, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0}

_LENGTH = re.compile(r"(?<![\w-])(width|height)\s*:\s*(\d+(?:\.\d+)?)(pt|mm|cm|in)\s*(?:;|$)")
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_FEW = re.compile(r"1?[0-9]")  # cells that one may span
_FAMILIES = re.compile(r"font-family\s*:\s*([^;}]*)")
_BAD_CSS = re.compile(r"\\|<|-pdf-|expression|javascript|\bfont\s*:|[\w-]+\s*\((?<!rgb\()|@(?!page\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SlotStyle:
    """How a slot wants its value. Lengths are in points."""

    name: str
    kind: str
    width: float
    height: float
    size: float
    least: float
    lines: int
    align: str
    colour: Colour
    style: str
    latin: str
    rule: Colour | None
    before: str


def parsed(html: str) -> Any:
    """The template as a tree, without comments. Raises TooMuchWork, NotAllowed."""
    if len(html) > MOST_CHARACTERS:
        raise TooMuchWork()
    try:
        html.encode()  # half a character would end the page without a word
        page = lxml.html.document_fromstring(html, ensure_head_body=True)
    except (etree.LxmlError, ValueError):
        raise NotAllowed(what="text that is no HTML") from None
    etree.strip_tags(page, etree.Comment, etree.ProcessingInstruction)
    return page


def check(html: str, pictures: Collection[str]) -> None:
    """Raises a TemplateRefused that says what to change; `pictures` are the names of those that come along."""
    for refusal in refusals(html, pictures):
        raise refusal


def refusals(html: str, pictures: Collection[str]) -> Iterator[TemplateRefused]:
    """All that stands in the way of this template, each once; of very much the first."""
    said: set[str] = set()
    for refusal in _refusals(html, pictures):
        if str(refusal) not in said and len(said) < MOST_SAID:
            said.add(str(refusal))
            yield refusal


def _refusals(html: str, pictures: Collection[str]) -> Iterator[TemplateRefused]:
    try:
        page = parsed(html)
        _check_shape(page)
    except TemplateRefused as refusal:  # there is nothing that one could go through
        yield refusal
        return
    for element in page.iter():
        try:
            _check_element(element, pictures)
        except TemplateRefused as refusal:
            yield refusal
    found = []
    for element in slots(page):
        try:
            found.append(style_of(element))
        except TemplateRefused as refusal:
            yield refusal
    if unknown := fonts.missing("".join([*page.itertext(), *(slot.before for slot in found)])):
        yield UndrawableText(characters=fonts.named(unknown))
    yield from _wrong_slots(found, {str(element.get("data-slot")) for element in slots(page)})


def slots(page: Any) -> Iterator[Any]:
    """The elements that are slots."""
    return iter(page.xpath("//*[@data-slot]"))


def style_of(element: Any) -> SlotStyle:
    """How a slot wants its value. Raises UnknownPlaceholder, WrongSlot."""
    name = element.get("data-slot")
    if name not in PLACEHOLDERS:
        nearest = difflib.get_close_matches(name[:60], PLACEHOLDERS, n=1, cutoff=0.0)
        raise UnknownPlaceholder(name=name[:60], nearest=nearest[0])

    def number(attribute: str, default: str, least: float, most: float) -> float:
        try:
            found = float(element.get(attribute, default))
        except ValueError:
            found = -1.0
        if not least <= found <= most:
            raise WrongSlot(slot=name, attribute=attribute)
        return found

    def one_of(attribute: str, *choices: str) -> str:
        found: str = element.get(attribute, choices[0])
        if found not in choices:
            raise WrongSlot(slot=name, attribute=attribute)
        return found

    def colour(attribute: str, default: str) -> Colour:
        found = _COLOUR.fullmatch(element.get(attribute, default))
        if not found:
            raise WrongSlot(slot=name, attribute=attribute)
        red, green, blue = (int(part, 16) / 255 for part in found.groups())
        return red, green, blue

    width, height = size_of(element, name)
    before = element.get("data-before", "")
    if len(before) > MOST_BEFORE:
        raise WrongSlot(slot=name, attribute="data-before")
    size = number("data-size", "12", 4, 200)
    return SlotStyle(
        name=name,
        kind=one_of("data-kind", PLACEHOLDERS[name].kind),
        width=width,
        height=height,
        size=size,
        least=number("data-min", str(min(size, 8)), 4, size),
        lines=int(number("data-lines", "1", 1, 3)),
        align=one_of("data-align", "left", "center", "right"),
        colour=colour("data-color", "#000000"),
        style=one_of("data-weight", *fonts.STYLES),
        latin=one_of("data-family", *fonts.LATIN),
        rule=colour("data-rule", "") if "data-rule" in element.attrib else None,
        before=before,
    )


def size_of(element: Any, name: str) -> tuple[float, float]:
    """Width and height of a picture or slot in points, which its style must say. Raises WrongSlot."""
    found = {side: float(number) * POINTS[unit] for side, number, unit in _LENGTH.findall(element.get("style", ""))}
    if not found.get("width") or not found.get("height"):
        raise WrongSlot(slot=name, attribute="style (width and height in mm, cm, in or pt)")
    return found["width"], found["height"]


def _check_shape(page: Any) -> None:
    elements = list(page.iter())
    deepest = max(sum(1 for _ in element.iterancestors()) for element in elements[:MOST_ELEMENTS])
    if len(elements) > MOST_ELEMENTS or deepest > DEEPEST:
        raise TooMuchWork()
    texts = [text for text in page.body.itertext() if not text.isspace()]
    if sum(map(len, texts)) > MOST_TEXT:
        raise TooMuchWork()
    stack = fonts.stack("en")  # whichever language: it changes fonts as often
    if sum(len(fonts.split(text, stack)) for text in texts) > MOST_PIECES:
        raise TooMuchWork()


def _check_element(element: Any, pictures: Collection[str]) -> None:
    if not isinstance(element.tag, str) or element.tag not in TAGS:
        raise NotAllowed(what=f"<{element.tag[:40] if isinstance(element.tag, str) else '!'}>")
    is_slot = "data-slot" in element.attrib
    allowed = ATTRIBUTES[""] | ATTRIBUTES.get(element.tag, frozenset())
    for attribute, value in element.attrib.items():
        if attribute not in allowed and not (is_slot and attribute in SLOT_ATTRIBUTES):
            raise NotAllowed(what=f'{attribute[:40]}="" in <{element.tag}>')
        if attribute in ("colspan", "rowspan") and not _FEW.fullmatch(value):
            raise NotAllowed(what=f'{attribute}="{value[:20]}"')
    check_css(element.get("style", ""))
    if element.tag == "style":
        check_css(element.text or "")
    if element.tag == "img" or is_slot:
        _check_picture(element, is_slot, pictures)


def _check_picture(element: Any, is_slot: bool, pictures: Collection[str]) -> None:
    if is_slot:
        if element.tag != "img" or "src" in element.attrib:
            raise WrongSlot(slot=element.get("data-slot"), attribute="<img> without src")
        return
    source = element.get("src", "")
    if source not in pictures:
        raise PictureMissing(file=source[:100])
    size_of(element, source)


def check_css(css: str) -> None:
    """Raises NotAllowed for whatever could fetch, hide or run something, and for families we do not have."""
    if bad := _BAD_CSS.search(css):
        raise NotAllowed(what=f'"{bad.group()[:20]}" in CSS')
    for listed in _FAMILIES.findall(css):
        for family in listed.split(","):
            name = family.strip(" \t\r\n'\"")
            if name not in fonts.families():
                raise NotAllowed(what=f"the font family {name[:40]}")


def _wrong_slots(found: list[SlotStyle], asked_for: Collection[str]) -> Iterator[TemplateRefused]:
    names = [slot.name for slot in found]
    for name in names:
        if names.count(name) > 1:
            yield SlotTwice(slot=name)
    for name in REQUIRED:
        if name not in asked_for:
            yield SlotMissing(slot=name)
    for slot in found:
        if slot.kind == "qr" and min(slot.width, slot.height) < LEAST_WIDTH - 0.1:
            yield WrongSlot(slot=slot.name, attribute="style (at least 25 mm wide and high)")
