"""The name that is printed: the one the learner goes by, in one line, without what never reaches paper (R-096)."""

import unicodedata

from ..host.records import LearnerRecord

_NOT_NAMES = frozenset({"null", "none", "undefined", "nan", "n/a"})
_KEPT_FORMAT = "\u200c\u200d"  # joiners: Indian scripts are misspelt without them


def name_on_paper(record: LearnerRecord) -> str | None:
    """The name to print and sign; None if there is none."""
    chosen = (record.verified_name,) if record.use_verified_name else ()
    for name in (*chosen, record.preferred_name, record.display_name):
        if name is not None and (tidied := tidy(name)):
            return tidied
    return None


def tidy(name: str) -> str:
    """In NFC, without control and format characters, and without the words of programs that lost a last name."""
    kept = name
    if not name.isprintable():  # most are, and then there is nothing to drop and no space but the usual one
        kept = "".join(" " if _is_space(char) else char for char in name if not _is_dropped(char))
    words = [word for word in unicodedata.normalize("NFC", kept).split() if word.casefold() not in _NOT_NAMES]
    return " ".join(words) if any(char.isalnum() for word in words for char in word) else ""


def _is_space(char: str) -> bool:
    return char.isspace()


def _is_dropped(char: str) -> bool:
    return not char.isspace() and unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _KEPT_FORMAT
