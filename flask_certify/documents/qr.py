"""The QR code of a certificate, as one path."""

from typing import Literal

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import QRData

from .errors import QrTooDense

QUIET = 4  # modules of white on every side
LEAST_WIDTH = 25 / 25.4 * 72  # points: what a phone reads at arm's length
_LEAST_MODULE = 0.35 / 25.4 * 72
_BYTES: Literal[4] = 4  # the mode; letters of an address do not fit the denser ones
_MASK = 3  # always the same: choosing the best of eight takes ten times as long, and every one can be read


def modules(text: str) -> list[list[bool]]:
    """Rows of modules from the top, True for dark, without the white around."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, mask_pattern=_MASK, border=0)
    code.add_data(QRData(text.encode(), mode=_BYTES))
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.modules]


def drawn(text: str, x: float, y: float, width: float) -> str:
    """Operators for the code in a white square, lower left corner and width in points.

    One path and one fill: several fills leave hairlines. Raises QrTooDense.
    """
    rows = modules(text)
    size = len(rows) + 2 * QUIET
    step = width / size
    if step < _LEAST_MODULE:
        raise QrTooDense(width_mm=round(width / 72 * 25.4))
    bars = [
        f"{QUIET + start} {size - QUIET - 1 - row} {length} 1 re"
        for row, dark in enumerate(rows)
        for start, length in _bars(dark)
    ]
    return "\n".join([f"q {step:.5f} 0 0 {step:.5f} {x:.3f} {y:.3f} cm 1 g 0 0 {size} {size} re f 0 g", *bars, "f Q"])


def _bars(dark: list[bool]) -> list[tuple[int, int]]:
    """Where dark modules stand together: start and length."""
    found: list[tuple[int, int]] = []
    for at, module in enumerate(dark):
        if module and found and sum(found[-1]) == at:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        elif module:
            found.append((at, 1))
    return found
