"""What printing reads and makes once in a process, beyond what a check of values needs.

A worker does it before it forks, so that no child does it again: reading fonts and making the patterns of QR codes take
as long as printing a few hundred certificates.
"""

from . import fonts, qr, shaping


def warm(address: str) -> None:
    """Everything for certificates whose QR codes hold an address as long as this one."""
    for family in fonts.families():
        face = shaping.face(family, "regular")
        face.cut(())
        face.shape("a", False, "en")
    qr.plan(address)
