"""Numbers of phones, by the tables of every country's numbering plan."""

import re

import phonenumbers

from .ports import Refused

_NUMBER = re.compile(r"[+＋]?[\d ()./\- \u00a0\u2009-\u2011\u2212]{5,40}")
_NO_SMS = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
)


def preload() -> None:
    """Reads the numbering plans of all countries, which else come one by one, where they are first met."""
    phonenumbers.PhoneMetadata.load_all()


def as_e164(number: str, region: str | None) -> str:
    """The number as E.164, whatever people put between its digits; one without a country is read as one of `region`.

    Raises Refused for what is no number, and for lines that take no SMS. A number of a range that the tables do not
    know is let through: plans of numbers grow faster than tables do, and the provider knows.
    """
    if not _NUMBER.fullmatch(number.strip()):
        raise Refused("sms.unusable_number")
    try:
        found = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        raise Refused("sms.unusable_number") from None
    possible = phonenumbers.is_possible_number_with_reason(found) == phonenumbers.ValidationResult.IS_POSSIBLE
    if not possible or phonenumbers.number_type(found) in _NO_SMS:
        raise Refused("sms.unusable_number")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def is_region(code: str) -> bool:
    """Whether numbers of this country, as ISO 3166 names it, can be read."""
    return code in phonenumbers.SUPPORTED_REGIONS
