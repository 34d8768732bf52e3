"""Values in their places on the page, as operators of PDF.

What is drawn and what is checked before anything is granted come from the same functions, so nothing that was accepted
fails to print.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from . import fonts, qr
from .drawing import FontsInUse, Speller, drawn
from .errors import NoGlyph, SignAlone, TooLong, ValueMissing
from .fitting import Fitted, fit
from .placeholders import REQUIRED, Picture, Value, worded
from .plate import Plate, Slot
from .shaping import Line, Typesetter

tidy = fonts.tidy

ALIGN = {"left": 0.0, "center": 0.5, "right": 1.0}
SPELLED = ("certificate.code", "certificate.address")
"""What differs in every certificate and is never kerned, so that it can be written from a table."""

_OF_EACH = frozenset({"recipient.name", "qr", *SPELLED})
_RULE_WIDTH = 0.6  # points
_LETTERS = "".join(map(chr, range(0x20, 0x7F)))


@dataclass(slots=True)
class Marks:
    """Counts the marked contents of a page: no number is given twice."""

    next: int = 0

    def take(self) -> int:
        self.next += 1
        return self.next - 1


# ---- fitting


def printed_text(slot: Slot, value: str) -> str:
    return fonts.tidy(f"{slot.style.before} {value}") if slot.style.before else value


def typesetter(slot: Slot, language: str) -> Typesetter:
    return Typesetter(language, slot.style.latin, slot.style.style, kerned=slot.name not in SPELLED)


def fitted(slot: Slot, text: str, language: str) -> Fitted:
    """The text as it stands in its place. Raises NoGlyph, SignAlone, TooLong."""
    check_glyphs(slot.name, text)
    style = slot.style
    found = fit(
        text,
        typesetter(slot, language).line,
        width=style.width,
        height=style.height,
        wanted=style.size,
        least=style.least,
        most_lines=style.lines,
    )
    if found is None:
        raise TooLong(where=slot.name)
    if alone := [sign for line in found.lines for sign in line.signs_alone()]:
        raise SignAlone(where=slot.name, characters=fonts.named(tuple(dict.fromkeys(alone))))
    return found


def check_said(key: str, value: object) -> None:
    """Raises ValueMissing for what every certificate shows, if nothing of it is a letter or a digit."""
    if key in REQUIRED and not any(map(str.isalnum, str(value or ""))):
        raise ValueMissing(where=key)


def check_glyphs(key: str, text: str) -> None:
    """Raises NoGlyph if the text has a character that no font here can draw."""
    if not fonts.drawable().issuperset(text) and (unknown := fonts.missing(text)):
        raise NoGlyph(where=key, characters=fonts.named(unknown))


class FitCheck:
    """Whether values can be printed from a plate, asked for thousands of recipients who share most of them.

    What is the same for many is looked at once; only the name is set for each of them.
    """

    def __init__(self, plate: Plate) -> None:
        self._language = plate.language
        self._slots = {slot.name: slot for slot in plate.slots}
        self._known: set[tuple[str, Value, str]] = set()
        self._fine: set[tuple[str, str]] = set()
        self._roomy: set[tuple[int, int]] = set()
        self._widest = {name: _widest(slot, plate.language) for name, slot in self._slots.items() if name in SPELLED}
        name = self._slots.get("recipient.name")
        self._room = _Room.of(name, plate.language) if name and name.style.kind != "image" else None

    def check(self, values: Mapping[str, Value], zone: str) -> None:
        """Raises ValueMissing, NoGlyph, SignAlone, TooLong, QrTooDense, which name the place and never the person."""
        for key in REQUIRED:
            check_said(key, values.get(key))
        for key, value in values.items():
            if isinstance(value, Picture) or (key, value, zone) in self._known:
                continue
            words = fonts.tidy(worded(key, value, self._language, zone))
            if (key, words) not in self._fine:  # thousands of moments are one month
                self._check(key, words)
            if key not in _OF_EACH:
                self._known.add((key, value, zone))
                self._fine.add((key, words))

    def check_of_each(self, name: str, code: str, address: str) -> None:
        """The same for one more certificate that differs from a checked one in its name, code and address.

        Where even the widest letters would fit, codes and addresses of one length are as good as each other.
        """
        lengths = (len(code), len(address))
        if lengths in self._roomy and code.isascii() and address.isascii():
            check_said("recipient.name", name)
            self._check("recipient.name", fonts.tidy(name))
            return
        spelled = {"certificate.code": code, "certificate.address": address}
        self.check({"recipient.name": name, "qr": address, **spelled}, "")
        words = {key: fonts.tidy(worded(key, value, self._language, "")) for key, value in spelled.items()}
        if all(len(words[key]) <= widest for key, widest in self._widest.items()):
            self._roomy.add(lengths)

    def _check(self, key: str, value: str) -> None:
        slot = self._slots.get(key)
        if slot is None or slot.style.kind == "image":
            check_glyphs(key, value)
        elif slot.style.kind == "qr":
            qr.check_width(value, min(slot.style.width, slot.style.height))
        elif key in SPELLED and value.isascii() and len(value) <= self._widest[key]:
            return  # even the widest letters would fit
        elif key == "recipient.name" and self._room is not None and self._room.has_place_for(value):
            return  # most names are far shorter than their place
        else:
            fitted(slot, printed_text(slot, value), self._language)


KERNED_APART = 1.4
"""No pair of letters of the Latin fonts is kerned further apart than to so many times its own width (tested)."""


@dataclass(frozen=True)
class _Room:
    """How much may stand in one line in the least size, so that a name of plain letters need not be shaped to be
    accepted. Whoever needs more room is looked at in full."""

    per_mille: float
    widths: Mapping[str, float]

    @classmethod
    def of(cls, slot: Slot, language: str) -> "_Room | None":
        style, least = slot.style, math.ceil(slot.style.least * 2) / 2
        if style.before or least > style.size or 1.3 * least > style.height:
            return None
        widths = {letter: line.width for letter, line in _letters(typesetter(slot, language)).items()}
        return cls(style.width / least * 1000 / KERNED_APART, widths)

    def has_place_for(self, text: str) -> bool:
        try:
            return sum([self.widths[letter] for letter in text]) <= self.per_mille
        except KeyError:
            return False


def _widest(slot: Slot, language: str) -> int:
    """How many letters fit whatever they are."""
    if slot.style.before:
        return 0
    widths = _letter_widths(typesetter(slot, language))
    return (
        int(slot.style.width / (max(widths) * slot.style.least / 1000))
        if 1.3 * slot.style.least <= slot.style.height
        else 0
    )


@lru_cache(maxsize=32)
def _letter_widths(setter: Typesetter) -> tuple[float, ...]:
    return tuple(setter.line(letter).width for letter in _LETTERS)


# ---- drawing


def lines(slot: Slot, found: Fitted, used: FontsInUse, marks: Marks) -> list[str]:
    """The lines as one block, in the middle of its place."""
    style, out = slot.style, []
    top = slot.middle + found.height * found.size / 2
    for line, down in zip(found.lines, found.baselines, strict=True):
        spare = style.width - line.width * found.size / 1000
        x, y = slot.x + spare * ALIGN[style.align], top - down * found.size
        out.append(drawn(line, x, y, found.size, style.colour, used, marks.take()))
    return out


def rule(slot: Slot) -> list[str]:
    style = slot.style
    if style.rule is None:
        return []
    red, green, blue = style.rule
    top = slot.y + style.height
    return [
        f"/Artifact BMC q {red:.4f} {green:.4f} {blue:.4f} RG {_RULE_WIDTH} w "
        f"{slot.x:.2f} {top:.2f} m {slot.x + style.width:.2f} {top:.2f} l S Q EMC"
    ]


class SpelledSlot:
    """A place whose text is written from a table, exactly as `fitted` and `lines` would set it."""

    def __init__(self, slot: Slot, language: str, used: FontsInUse) -> None:
        self._slot = slot
        self._speller = Speller(_letters(typesetter(slot, language)), used)

    def drawn(self, text: str, mark: int) -> str | None:
        """None: it must be shaped after all."""
        style = self._slot.style
        width = self._speller.width(text)
        if not width:
            return None
        size = int(min(style.size, style.width / width * 1000, style.height / 1.3) * 2) / 2
        if size < style.least or style.lines > 1:
            return None
        top = self._slot.middle + 1.3 * size / 2
        spare = style.width - width * size / 1000
        x, y = self._slot.x + spare * ALIGN[style.align], top - 0.95 * size
        return self._speller.drawn(text, x, y, size, style.colour, mark)


@lru_cache(maxsize=32)
def _letters(setter: Typesetter) -> Mapping[str, Line]:
    """The letters of addresses and codes, each shaped alone. Those that reach beyond a plain line are left out."""
    found = {}
    for letter in _LETTERS:
        line = setter.line(letter)
        low, high = line.ink()
        if low >= -0.35 and high <= 0.95 and len(line.runs) == 1 and len(line.runs[0].glyphs) == 1:
            found[letter] = line
    return found
