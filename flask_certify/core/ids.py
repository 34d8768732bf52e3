"""Ids of rows, and codes of certificates."""

import re
import secrets
import struct
import time
from uuid import UUID

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: they look like others, or make words
CODE_LENGTH = 12  # 60 bits; short enough to be typed, and attempts are limited
_PAIRS = [first + second for second in CODE_ALPHABET for first in CODE_ALPHABET]
_LOW = (1 << 62) - 1
_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
_DROPPED = re.compile(r"[\s\-‐-―]+")


def new_id() -> UUID:
    """An id whose order is the order of making (UUID version 7), known before the insert."""
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """So many of them; the secure source is asked once."""
    first = time.time_ns() // 1_000_000 << 80 | 0x7 << 76 | 0b10 << 62
    chances = struct.unpack(f"{2 * count}Q", secrets.token_bytes(16 * count))
    return [
        UUID(int=first | (high & 0xFFF) << 64 | low & _LOW)
        for high, low in zip(chances[::2], chances[1::2], strict=True)
    ]


def new_code() -> str:
    """Twelve characters from the secure source, never from a clock or a counter (R-145)."""
    chance = secrets.randbits(5 * CODE_LENGTH)
    return "".join([_PAIRS[chance >> place & 1023] for place in range(0, 5 * CODE_LENGTH, 10)])


def parse_code(typed: str) -> str | None:
    """The code somebody typed, as it is stored: case, spaces and dashes are ignored, O reads 0, I and L read 1.

    None if it cannot be a code.
    """
    if len(typed) > 64:
        return None
    code = _DROPPED.sub("", typed).upper().translate(_LOOKS_LIKE)
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET) else None


def spaced(code: str) -> str:
    """The code as people read it: `7G4K-9QXM-2TPD`."""
    return "-".join(code[n : n + 4] for n in range(0, len(code), 4))
