"""How long an SMS is for those who carry it.

A segment holds 160 letters of the GSM alphabet or 70 of
any other; one letter outside of it makes the whole text of the other kind.
"""

from dataclasses import dataclass

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")  # escaped, so each counts twice


@dataclass(frozen=True, slots=True)
class Size:
    """How much of the air a text takes."""

    letters: int
    segments: int
    is_plain: bool  # of the GSM alphabet alone


def size_of(text: str) -> Size:
    """Counted as the networks do: several segments are 153 or 67 letters each, for the rest joins them."""
    if all(each in _GSM or each in _GSM_TWICE for each in text):
        letters = sum(2 if each in _GSM_TWICE else 1 for each in text)
        return Size(letters, _segments(letters, 160, 153), True)
    letters = len(text.encode("utf-16-le")) // 2
    return Size(letters, _segments(letters, 70, 67), False)


def _segments(letters: int, alone: int, joined: int) -> int:
    return 1 if letters <= alone else -(-letters // joined)
