"""What printing loads and makes once in a process, loaded before the first certificate asks for it.

A worker does this before it forks, so that no child does it again: reading fonts, languages and the patterns of QR
codes takes as long as printing a few hundred certificates.
"""

from collections.abc import Sequence
from datetime import date

from . import fonts, placeholders, qr, shaping


def warm(languages: Sequence[str], address: str) -> None:
    """Everything for certificates in these languages whose QR codes hold an address as long as this one."""
    fonts.drawable()
    for family in fonts.families():
        face = shaping.face(family, "regular")
        face.cut(())
        face.shape("a", False, "en")
    for language in languages:
        for key in ("award.date", "completion.date"):
            placeholders.worded(key, date(2026, 5, 31), language, "UTC")
    qr.plan(address)
