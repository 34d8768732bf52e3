"""The QR code of a certificate, as one path.

Codes of one issuer differ in their last characters only. With version, error correction, mask and length fixed, each
module is an exclusive-or of bits of the text; so the code of any text is that of one other, changed by a fixed pattern
for each bit that differs. All patterns are made with the library `qrcode`, and the first codes by it alone.
"""

import re
from functools import lru_cache
from typing import Literal

from ..core.ids import CODE_LENGTH
from .errors import QrTooDense

QUIET = 4  # modules of white on every side
LEAST_WIDTH = 25 / 25.4 * 72  # points: what a phone reads at arm's length
_LEAST_MODULE = 0.35 / 25.4 * 72
_BYTES: Literal[4] = 4  # the mode; letters of an address do not fit the denser ones
_MASK = 3  # always the same: choosing the best of eight takes ten times as long, and every one can be read
_WORTH_A_PLAN = 16  # codes; making the patterns takes as long as making a hundred codes
_PIECE = 11  # modules of a row that are written at once
_BAR = re.compile("1+")


def modules(text: str) -> list[list[bool]]:
    """Rows of modules from the top, True for dark, without the white around. By the library alone."""
    return _made(text.encode(), None)


def side(text: str) -> int:
    """Modules along an edge, without the white around."""
    return _side(len(text.encode()))


@lru_cache(maxsize=256)
def _side(length: int) -> int:
    return len(_made(b"x" * length, None))


def check_width(text: str, width: float) -> None:
    """Raises QrTooDense if the code could not be read from paper at this width, in points."""
    if width / (side(text) + 2 * QUIET) < _LEAST_MODULE:
        raise QrTooDense(width_mm=round(width / 72 * 25.4))


class Codes:
    """Codes of addresses that begin alike, drawn in one place."""

    def __init__(self, example: str) -> None:
        """`example` is any of the addresses; those of another shape are made by the library."""
        self._start = example.encode()[:-CODE_LENGTH]
        self._made, self._size = 0, side(example)
        self._base: int | None = None
        self._changes: dict[tuple[int, int], int] = {}

    def bits(self, text: str) -> tuple[int, int]:
        """The modules as one number, row after row, and how many stand in a row."""
        said = text.encode()
        if len(said) != len(self._start) + CODE_LENGTH or not said.startswith(self._start) or not said.isascii():
            return _number(_made(said, None))
        self._made += 1
        if self._base is None:
            if self._made < _WORTH_A_PLAN and len(self._start) not in _PLANNED:
                return _number(_made(said, None))
            self._base = _number(_made(self._start + bytes(CODE_LENGTH), None))[0]
        found = self._base
        for at, letter in enumerate(said[-CODE_LENGTH:]):
            change = self._changes.get((at, letter))
            if change is None:
                change = self._changes[at, letter] = _change(len(self._start), at, letter)
            found ^= change
        return found, self._size

    def drawn(self, text: str, x: float, y: float, width: float) -> str:
        """Operators for the code in a white square, lower left corner and width in points. Raises QrTooDense."""
        check_width(text, width)
        return _drawn(*self.bits(text), x, y, width)


def drawn(text: str, x: float, y: float, width: float) -> str:
    """The same by the library alone. Raises QrTooDense."""
    check_width(text, width)
    return _drawn(*_number(modules(text)), x, y, width)


def _drawn(bits: int, size: int, x: float, y: float, width: float) -> str:
    """One path and one fill: several fills leave hairlines."""
    step = width / (size + 2 * QUIET)
    edge = QUIET * step
    out = [
        f"q 1 g {x:.3f} {y:.3f} {width:.3f} {width:.3f} re f 0 g "
        f"{step:.5f} 0 0 {step:.5f} {x + edge:.3f} {y + edge:.3f} cm"
    ]
    left = size * size
    for row in range(size - 1, -1, -1):
        for column in range(0, size, _PIECE):
            wide = min(_PIECE, size - column)
            left -= wide
            piece = (bits >> left) & ((1 << wide) - 1)
            if piece:
                out.append(_bars(column, row, wide, piece))
    out.append("f Q")
    return "\n".join(out)


@lru_cache(maxsize=100_000)
def _bars(column: int, row: int, wide: int, piece: int) -> str:
    """Dark modules side by side are one bar."""
    shown = format(piece, f"0{wide}b")
    return "\n".join([f"{column + bar.start()} {row} {bar.end() - bar.start()} 1 re" for bar in _BAR.finditer(shown)])


def plan(address: str) -> None:
    """Makes the patterns for all addresses of this length, so that each code is made from them from now on."""
    _patterns(len(address.encode()) - CODE_LENGTH)


_PLANNED: set[int] = set()  # lengths whose patterns are there


@lru_cache(maxsize=8)
def _patterns(length: int) -> tuple[tuple[int, ...], ...]:
    """For each place after `length` other bytes, and each bit there, the modules that it turns over."""
    start = b"x" * length
    version = (side("x" * (length + CODE_LENGTH)) - 17) // 4
    base = _number(_made(start + bytes(CODE_LENGTH), version))[0]
    found = []
    for at in range(CODE_LENGTH):
        changed = bytearray(CODE_LENGTH)
        row = []
        for bit in range(7):
            changed[at] = 1 << bit
            row.append(_number(_made(start + bytes(changed), version))[0] ^ base)
        found.append(tuple(row))
    _PLANNED.add(length)
    return tuple(found)


def _change(length: int, at: int, letter: int) -> int:
    found = 0
    for bit, pattern in enumerate(_patterns(length)[at]):
        if letter >> bit & 1:
            found ^= pattern
    return found


def _made(said: bytes, version: int | None) -> list[list[bool]]:
    # Loaded here, because what lays out a template asks for our measures only.
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.util import QRData

    code = qrcode.QRCode(version=version, error_correction=ERROR_CORRECT_M, mask_pattern=_MASK, border=0)
    code.add_data(QRData(said, mode=_BYTES))
    code.make(fit=version is None)
    return [[bool(module) for module in row] for row in code.modules]


def _number(rows: list[list[bool]]) -> tuple[int, int]:
    return int("".join(["1" if dark else "0" for row in rows for dark in row]), 2), len(rows)
