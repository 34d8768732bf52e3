"""How much of a certificate the public may see: its issuer sets the limit, its holder may allow less (R-148)."""

import unicodedata
from enum import StrEnum

_VIRAMA = 9  # the combining class of the signs that join two Indian letters into one
_JOINERS = "\u200c\u200d"


class Level(StrEnum):
    """From least to most. No level ever shows an address, a number or a birth date."""

    STATUS = "status"  # only whether it is valid, and if it was revoked, since when and why
    INITIALS = "initials"  # also initials, and what was earned
    FULL = "full"  # all that it says


_ORDER = list(Level)


def lowest(*levels: str | None) -> Level:
    """What all of them allow. None allows everything."""
    return min((Level(each) for each in levels if each is not None), key=_ORDER.index, default=Level.FULL)


def initials(name: str) -> str:
    """The first letter of each word as its readers would write it: `A. L.`, `क्ष. दे.`"""
    return " ".join(f"{_first_letter(word)}." for word in name.split())


def _first_letter(word: str) -> str:
    end = 1
    while end < len(word) and (_belongs(word[end]) or _joins(word[end - 1])):
        end += 1
    return word[:end].rstrip(_JOINERS)


def _belongs(sign: str) -> bool:
    return unicodedata.category(sign).startswith("M") or sign in _JOINERS


def _joins(sign: str) -> bool:
    return unicodedata.combining(sign) == _VIRAMA or sign == "\u200d"
