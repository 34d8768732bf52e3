"""The fonts that travel with the package, and which of them draws which character.

Nothing of the system is used, so a certificate looks the same everywhere. What stands in `fonts/index.json` is
known without opening a font: a name can be checked for characters that nobody here can draw at almost no cost.
"""

import json
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("fonts")
STYLES = ("regular", "bold")
LATIN = ("NotoSans", "NotoSerif")  # families that may stand first; all others follow them

# Languages that write Arabic letters in Naskh. All others get Nastaliq, as readers of Urdu expect it.
_NASKH = frozenset({"ar", "arz", "ckb", "fa", "ps", "sd", "ug"})
# Its words lean over each other, so its space is half as wide as others: not enough before one that stands upright.
_NARROW = frozenset({"NotoNastaliqUrdu"})
_JOINERS = "\u200c\u200d"
# Some fonts have glyphs for these; no name has them.
_CONTROLS = frozenset(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
# Marks of direction and width without a shape: they come along when a name is copied from elsewhere.
_UNSEEN = dict.fromkeys([0xAD, 0x200B, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF])


@dataclass(frozen=True, slots=True)
class Family:
    """A family of the house: what it is here for, what it can draw in every style, and its files by style."""

    name: str
    scripts: tuple[str, ...]  # ISO 15924
    covers: frozenset[str]
    files: Mapping[str, Path]


class Piece(NamedTuple):
    """Text of one family."""

    text: str
    family: Family


@cache
def families() -> Mapping[str, Family]:
    """By name, in order of preference."""
    found: dict[str, Family] = {}
    for face in json.loads((FOLDER / "index.json").read_text()):
        covers, path, before = _characters(face["covers"]), FOLDER / face["file"], found.get(face["family"])
        found[face["family"]] = Family(
            name=face["family"],
            scripts=tuple(face["scripts"]),
            covers=covers & before.covers if before else covers,
            files={**before.files, face["style"]: path} if before else {face["style"]: path},
        )
    return found


@cache
def stack(language: str, latin: str = LATIN[0]) -> tuple[Family, ...]:
    """The families in the order in which they are asked for a character."""
    known = families()
    arabic = ["NotoNaskhArabic", "NotoNastaliqUrdu"]
    if language.partition("-")[0] not in _NASKH:
        arabic.reverse()
    others = [name for name in known if name not in (*LATIN, *arabic)]
    return tuple(known[name] for name in (latin, *others, *arabic))


def missing(text: str) -> tuple[str, ...]:
    """The characters that no font here can draw. A value with any is refused, never printed with boxes."""
    return tuple(sorted(set(tidy(text)) - drawable()))


def tidy(text: str) -> str:
    """The text as it is printed: composed, single spaces, without marks that have no shape.

    Joiners stay, since they decide how letters join.
    """
    if text.isascii():  # what is composed, and whose marks all have a shape
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFC", text).translate(_UNSEEN).split())


def named(characters: tuple[str, ...]) -> str:
    """The characters by number and name, for people who must find them: `U+1F642 SLIGHTLY SMILING FACE`."""
    return ", ".join(f"U+{ord(char):04X} {unicodedata.name(char, 'CONTROL')}" for char in characters)


MOST_PLACES = 10


def places(text: str, characters: Collection[str]) -> dict[str, str]:
    """Where in the text, as it is printed, these characters stand, counted from 1, and of which scripts they are.

    For logs about people's names: it says where to look, and not what stands there.
    """
    found = [at for at, char in enumerate(tidy(text), start=1) if char in characters]
    more = [" …"] if len(found) > MOST_PLACES else []
    return {
        "positions": ", ".join(map(str, found[:MOST_PLACES])) + "".join(more),
        "scripts": ", ".join(sorted({_script(char) for char in characters})),
    }


def _script(char: str) -> str:
    """The script of a letter or mark, as the Unicode standard begins its name; else that it is none."""
    if unicodedata.category(char)[0] not in "LM":
        return "SYMBOL"
    return unicodedata.name(char, "UNKNOWN").partition(" ")[0]


def split(text: str, families: tuple[Family, ...]) -> tuple[Piece, ...]:
    """The text in pieces of one family each.

    Characters of no script (spaces, digits, brackets, danda) and marks stay with the text before them if its family
    has them, and at the beginning with the text after them; so no accent leaves its letter, and no digit or joiner
    falls out of its word. Only the space after Nastaliq is that of the text after it.
    """
    if not text:
        return ()
    pieces: list[Piece] = []
    start, running = 0, _beginning(text, families)
    for at, char in enumerate(text):
        if char in running.covers and (_stays(char) or at == 0):
            continue
        wanted = next((each for each in families if char in each.covers), running)
        if wanted is not running:
            end = at - 1 if running.name in _NARROW and text[start + 1 : at].endswith(" ") else at
            pieces.append(Piece(text[start:end], running))
            start, running = end, wanted
    pieces.append(Piece(text[start:], running))
    return tuple(pieces)


def _beginning(text: str, families: tuple[Family, ...]) -> Family:
    """The family of the first character that belongs to a script, if it has those before it as well."""
    for at, char in enumerate(text):
        if not _stays(char):
            found = next((each for each in families if char in each.covers), families[0])
            if found.covers.issuperset(text[:at]):
                return found
            break
    return next((each for each in families if text[0] in each.covers), families[0])


@cache
def _stays(char: str) -> bool:
    kind = unicodedata.category(char)
    return char in _JOINERS or kind[0] in "MPZ" or kind in ("Nd", "Sm")


@cache
def drawable() -> frozenset[str]:
    """All characters that some family here can draw."""
    return frozenset[str]().union(*(each.covers for each in families().values()))


def _characters(ranges: str) -> frozenset[str]:
    found: set[str] = set()
    for span in ranges.split():
        first, _, last = span.partition("-")
        found.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(found - _CONTROLS)
