"""W3C Bitstring Status List: one bit for each credential, published as a signed credential."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from . import contexts, multibase
from .contexts import Document

SIZE = 131_072  # the least the standard allows; holds two batches of 50,000
_MOST_BYTES = 8 * 1024 * 1024
_ROUNDS = 4


class BadList(ValueError):
    """The list cannot be read: not the same as a credential that is revoked."""


@dataclass(frozen=True)
class Place:
    """A place in a status list, reserved for one credential and never given again."""

    issuer_id: UUID
    list_id: UUID
    number: int
    """Which of the issuer's lists, from 1."""
    index: int
    """Which bit of it, from 0."""
    url: str
    """Where the list is published."""


def bits(revoked: Iterable[int], size: int = SIZE) -> bytes:
    """The list with these places set. Bit 0 is the highest bit of the first byte. One bit each, not one byte."""
    data = bytearray(size // 8)
    for index in revoked:
        if not 0 <= index < size:
            raise ValueError(f"index {index} is outside a list of {size}")
        data[index >> 3] |= 0x80 >> (index & 7)
    return bytes(data)


def encode(data: bytes) -> str:
    """The list as it is published.

    Level 6: level 9 takes ten times as long for a few bytes. Never compare the result as text, other builds of
    zlib give other bytes; compare the bits.
    """
    return "u" + multibase.base64url(gzip.compress(data, 6, mtime=0))


def decode(encoded: str) -> bytes:
    """The bits of a published list. Raises BadList; a list that unpacks without end is one of them."""
    if not encoded.startswith("u"):
        raise BadList("not multibase base64url")
    unpack = zlib.decompressobj(wbits=31)
    try:
        data = unpack.decompress(multibase.from_base64url(encoded[1:]), _MOST_BYTES)
    except (ValueError, zlib.error) as error:
        raise BadList(str(error)) from error
    if not unpack.eof:
        raise BadList("truncated, or far too large")
    if len(data) * 8 < SIZE:
        raise BadList(f"only {len(data) * 8} entries: so short a list betrays its learners")
    return data


def is_set(data: bytes, index: int) -> bool:
    """Whether that place is set. Raises BadList for a place past the end, which is never "not revoked"."""
    if not 0 <= index < len(data) * 8:
        raise BadList(f"no entry {index}")
    return bool(data[index >> 3] & (0x80 >> (index & 7)))


def document(url: str, issuer: str, data: bytes, valid_from: str, ttl_ms: int) -> Document:
    """The list as a credential, to be signed with the issuer's key like any other. `ttl_ms`: how long it may be
    cached. No `validUntil`: every verifier refuses an expired list, and with it every credential."""
    return {
        "@context": list(contexts.STATUS_LIST),
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "validFrom": valid_from,
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode(data),
            "ttl": ttl_ms,
        },
    }


def place(list_secret: bytes, number: int, size: int = SIZE) -> int:
    """The index of the n-th credential of a list, counted from 0: scattered, and never given twice."""
    return places(list_secret, range(number, number + 1), size)[0]


def places(list_secret: bytes, numbers: Sequence[int], size: int = SIZE) -> list[int]:
    """The indexes of these credentials of a list.

    A counter in the database hands out numbers; a keyed shuffle of 0…size-1 turns them into places, so that
    neighbours in a batch are not neighbours in the list, and no table of free places is needed. `size` is a power
    of two: four Feistel rounds over its bits are a permutation of exactly the list.
    """
    width = size.bit_length() - 1
    if size != 1 << width or width < 2:
        raise ValueError("the size of a list must be a power of two")
    if any(not 0 <= number < size for number in numbers):
        raise ValueError("the list is full: open a new one")
    low = width // 2
    mask = (1 << low) - 1
    tables = _tables(list_secret, low, width - low)
    found = []
    for number in numbers:
        high_part, low_part = number >> low, number & mask
        for for_high, for_low in tables:
            high_part ^= for_high[low_part]
            low_part ^= for_low[high_part]
        found.append(high_part << low | low_part)
    return found


@lru_cache(maxsize=8)
def _tables(list_secret: bytes, low: int, high: int) -> list[tuple[Sequence[int], Sequence[int]]]:
    """The rounds' functions, written out: each half changes the other by what is found for it here."""
    lengths = [1 << low, 1 << high] * (_ROUNDS // 2)
    stream = hashlib.shake_256(b"flask-certify/place/v1:" + list_secret).digest(2 * sum(lengths))
    numbers = [stream[at] << 8 | stream[at + 1] for at in range(0, len(stream), 2)]
    tables = []
    for length, width in zip(lengths, [high, low] * (_ROUNDS // 2), strict=True):
        tables.append([number & ((1 << width) - 1) for number in numbers[:length]])
        numbers = numbers[length:]
    return list(zip(tables[::2], tables[1::2], strict=True))
