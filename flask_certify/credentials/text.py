"""Which characters may be signed, and which addresses may stand in a credential.

What is signed must read the same to every implementation for ever, so this is the last gate: whatever the doors
let through, a disputed character is refused here and the one certificate fails, with the field's name.
"""

import re
from collections.abc import Callable
from typing import ClassVar

LONGEST = 64 * 1024
"""Characters in a credential. Ours have some 2,000; a longer one than this is neither signed nor read."""

# PyLD writes these raw into canonical text, the JavaScript and Rust libraries escape them (U+FFFE and U+FFFF only
# the Rust one does), so a signature over them verifies in one place and fails in another. Tab, line feed and
# carriage return are escaped alike by all. Lone surrogates cannot be encoded at all.
_DISPUTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")

# In a name or title also: tabs and line ends, and overrides of direction, which sign well and deceive the eye.
# The joiners U+200C and U+200D stay allowed: Indian scripts are misspelt without them.
_UNFIT_FOR_ONE_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")

# Only addresses that no JSON-LD processor expands, resolves or rewrites: "schema:x" would be read as a prefix,
# and a relative one would be dropped without a word.
_AFTER_SCHEME = r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+"
_IRI = re.compile(
    r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    rf"|(?:https?://[A-Za-z0-9\[]|mailto:|did:(?:web|key):){_AFTER_SCHEME}"
)
_PART_OF_IRI = re.compile(r"[A-Za-z0-9\-_~][A-Za-z0-9\-._~]*")


class UnsignableText(ValueError):
    """What a field holds cannot be signed. Says which field and why, as a code, and never quotes the text."""

    code: ClassVar[str]

    def __init__(self, field: str = "") -> None:
        self.field = field
        super().__init__(self.code)

    def __str__(self) -> str:
        return " ".join([self.code, *self.values().values()])

    def values(self) -> dict[str, str]:
        """The gaps of the sentence that belongs to the code."""
        return {"field": self.field}


class UnfitCharacter(UnsignableText):
    code = "credential.unfit_character"

    def __init__(self, character: str, field: str = "") -> None:
        self.character = f"U+{ord(character):04X}"
        super().__init__(field)

    def values(self) -> dict[str, str]:
        return {"field": self.field, "character": self.character}


class EmptyText(UnsignableText):
    code = "credential.empty_text"


class UnfitAddress(UnsignableText):
    code = "credential.unfit_address"


def checked(field: str, text: str, require: Callable[[str], str]) -> str:
    """The text, if it is as required. Raises UnsignableText with the name of the field."""
    try:
        return require(text)
    except UnsignableText as error:
        error.field = field
        raise


def require_signable(text: str) -> str:
    """The text, if all implementations agree on its canonical form. Raises UnsignableText."""
    return _without(_DISPUTED, text)


def require_one_line(text: str) -> str:
    """The text, if it is fit for a name or a title: something to read, in one line, that cannot deceive.

    Raises UnsignableText.
    """
    return _without(_UNFIT_FOR_ONE_LINE, _some(text))


def require_some_lines(text: str) -> str:
    """The text, if it is fit for a description: something to read, which may hold tabs and line ends.

    Raises UnsignableText.
    """
    return require_signable(_some(text))


def require_iri(text: str) -> str:
    """The text, if it is an absolute address of the kinds we issue. Raises UnsignableText."""
    if not _IRI.fullmatch(text):
        raise UnfitAddress()
    return text


def require_part_of_iri(text: str) -> str:
    """The text, if it may stand behind the host of an address. Raises UnsignableText."""
    if not _PART_OF_IRI.fullmatch(text):
        raise UnfitAddress()
    return text


def _some(text: str) -> str:
    if not text.strip():
        raise EmptyText()
    return text


def _without(unfit: re.Pattern[str], text: str) -> str:
    found = unfit.search(text)
    if found:
        raise UnfitCharacter(found[0])
    return text
