"""The few encodings that Data Integrity needs: base58, base64url and Multikey."""

import base64

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {digit: value for value, digit in enumerate(_ALPHABET)}
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_BLOCK = 58**10
_LONGEST_BASE58 = 200  # a signature has 88 characters, and reading takes time by the square of the length

ED25519 = b"\xed\x01"
P256 = b"\x80\x24"


def base58(data: bytes) -> str:
    """The bytes in base58.

    Ten digits for each division of the big number, written in pairs: half the time of the plain loop, which would
    cost a tenth as much as the signature itself.
    """
    number = int.from_bytes(data, "big")
    blocks = []
    while number:
        number, block = divmod(number, _BLOCK)
        block, fifth = divmod(block, 3364)
        block, fourth = divmod(block, 3364)
        block, third = divmod(block, 3364)
        first, second = divmod(block, 3364)
        blocks.append(_PAIRS[first] + _PAIRS[second] + _PAIRS[third] + _PAIRS[fourth] + _PAIRS[fifth])
    blocks.reverse()
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(blocks).lstrip("1")


def from_base58(text: str) -> bytes:
    """The bytes that the text stands for. Raises ValueError."""
    if len(text) > _LONGEST_BASE58:
        raise ValueError("too long for a key or a signature")
    number = 0
    for digit in text:
        if digit not in _DIGITS:
            raise ValueError("not base58")
        number = number * 58 + _DIGITS[digit]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def base64url(data: bytes) -> str:
    """The bytes in base64url, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """The bytes that the text stands for. Raises ValueError, also for padding and for plain base64."""
    if set("+/=") & set(text):
        raise ValueError("not base64url without padding")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def ed25519_multikey(public_key: bytes) -> str:
    """The public key as verifiers read it: `z6Mk…`."""
    return "z" + base58(ED25519 + public_key)


def p256_multikey(public_key: bytes) -> str:
    """The public key, as a compressed point of 33 bytes, as verifiers read it: `zDn…`."""
    return "z" + base58(P256 + public_key)


def ed25519_public_key(multikey: str) -> bytes:
    """The 32 bytes of the key. Raises ValueError if it is not an Ed25519 Multikey."""
    data = from_base58(multikey[1:]) if multikey.startswith("z") else b""
    if len(data) != 34 or not data.startswith(ED25519):
        raise ValueError("not an Ed25519 Multikey")
    return data[2:]
