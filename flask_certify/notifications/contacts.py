"""Addresses: which can be used, and what a log may show of them."""

import re

from .ports import Refused

# One address and nothing else: no name, no list, no comment, no line break. The server judges the rest.
_EMAIL = re.compile(r"""[^\s<>()\[\]\\,;:"@]{1,64}@[^\s<>()\[\]\\,;:"@]{1,255}""")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def usable_email(address: str) -> str:
    """The address. Raises Refused if it cannot be one address, whatever it would do to a header."""
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Refused("mail.unusable_address")
    return address


def usable_number(number: str) -> str:
    """The number as E.164: spaces, dashes and brackets are for people. Raises Refused."""
    bare = re.sub(r"[ ()./-]", "", number)
    if not _E164.fullmatch(bare):
        raise Refused("sms.unusable_number")
    return bare


def masked(contact: str) -> str:
    """What a log may show: `a…@e….org` and `+91…42`."""
    name, at, domain = contact.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :] if '.' in domain else ''}"
    return f"{contact[:3]}…{contact[-2:]}" if len(contact) > 7 else "…"
