"""What every database takes as text. PostgreSQL knows no zero bytes, and nothing writes half characters."""

import re

LONGEST_REF = 100  # characters of a reference of the host's; host/ports.py says so
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str, longest: int | None = None) -> bool:
    """Whether every database takes it as it is."""
    return (longest is None or len(text) <= longest) and not UNSTORABLE.search(text)


def is_reference(text: str) -> bool:
    """Whether our tables can hold it as a reference of the host's."""
    return is_storable(text, LONGEST_REF)


def storable(text: str | None, longest: int) -> str | None:
    """The text as every database takes it: cut, and with a mark in the place of what none can store."""
    return None if text is None else UNSTORABLE.sub("\ufffd", text)[:longest]
