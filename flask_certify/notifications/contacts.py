"""Addresses: which can be used, and what a log may show of them."""

import re

from .ports import Refused

# One address and nothing else: no name, no list, no comment, no line break. The server judges the rest.
_EMAIL = re.compile(r"""[^\s<>()\[\]\\,;:"@]{1,64}@[^\s<>()\[\]\\,;:"@]{1,255}""")


def usable_email(address: str) -> str:
    """The address. Raises Refused if it cannot be one address, whatever it would do to a header."""
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Refused("mail.unusable_address")
    return address


def usable_number(number: str, region: str | None = None) -> str:
    """The number as E.164; one without a country is read as one of `region`. Raises Refused."""
    from .phones import as_e164  # with tables of all countries, so only whoever sends loads them

    return as_e164(number, region)


def masked(contact: str) -> str:
    """What a log may show: `a…@e….org` and `+91…42`."""
    name, at, domain = contact.rpartition("@")
    if at:
        return f"{name[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :] if '.' in domain else ''}"
    return f"{contact[:3]}…{contact[-2:]}" if len(contact) > 7 else "…"
