"""What a template may ask for: one table gives the designer its labels, the preview its samples, the printer its words.

Values arrive as they were frozen with the award and are put into words here, in the certificate's language and zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_datetime_format
from babel.numbers import format_percent

from ..core.i18n import N_
from ..core.ids import spaced
from ..core.languages import find_locale
from . import fonts

Kind = Literal["text", "code", "qr", "image"]
Wording = Literal["as it is", "month", "day", "moment", "percent"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an issuer, by the name of its bytes in our storage."""

    sha256: str


Words = Mapping[str, str | Picture]
"""Values in words, under the names that templates use."""

Value = str | Decimal | date | datetime | Picture
"""Numbers are percent out of 100. A time is aware, and prints as day or moment of the certificate's zone."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    key: str
    label: str
    sample: Value
    kind: Kind = "text"
    wording: Wording = "as it is"
    is_shared: bool = False
    """Whether many certificates have the same, such as those of a course run that was completed in one month."""


SAMPLE_CODE = "7G4K9QXM2TPD"
_ALL = (
    Placeholder("recipient.name", N_("Recipient's name"), "Ada Lovelace"),
    Placeholder("course.title", N_("Training"), "Foundational Literacy and Numeracy", is_shared=True),
    Placeholder("achievement.title", N_("Kind of certificate"), "Certificate of Achievement", is_shared=True),
    Placeholder(
        "achievement.description",
        N_("What was achieved"),
        "Completed all modules with at least 80 percent.",
        is_shared=True,
    ),
    Placeholder(
        "achievement.criteria", N_("What it takes"), "All modules, and 80 percent in the assessments", is_shared=True
    ),
    Placeholder("award.date", N_("Date of issue"), date(2026, 5, 31), wording="day", is_shared=True),
    Placeholder("completion.date", N_("Month of completion"), date(2026, 4, 17), wording="month", is_shared=True),
    Placeholder("expiry.date", N_("Valid until"), date(2029, 5, 31), wording="day"),
    Placeholder("score", N_("Score"), Decimal("87.5"), wording="percent"),
    Placeholder("location", N_("Place"), "Cardiff", is_shared=True),
    Placeholder(
        "completion.time", N_("Day and time of completion"), datetime(2026, 4, 17, 14, 3, tzinfo=UTC), wording="moment"
    ),
    Placeholder("issuer.name", N_("Issuer"), "State Council of Educational Research and Training", is_shared=True),
    Placeholder("certificate.code", N_("Code of the certificate"), SAMPLE_CODE, kind="code"),
    Placeholder(
        "certificate.address", N_("Address for checking"), f"https://certs.example.org/certify/v/{SAMPLE_CODE}"
    ),
    Placeholder("qr", N_("QR code"), f"https://certs.example.org/certify/v/{SAMPLE_CODE}", kind="qr"),
    Placeholder("signatory.1.name", N_("First signatory's name"), "Dr. Meera Joshi", is_shared=True),
    Placeholder("signatory.1.designation", N_("First signatory's designation"), "Director", is_shared=True),
    Placeholder("signatory.1.image", N_("First signatory's signature"), Picture(""), kind="image", is_shared=True),
    Placeholder("signatory.2.name", N_("Second signatory's name"), "Harish Nair", is_shared=True),
    Placeholder("signatory.2.designation", N_("Second signatory's designation"), "Programme Head", is_shared=True),
    Placeholder("signatory.2.image", N_("Second signatory's signature"), Picture(""), kind="image", is_shared=True),
)
PLACEHOLDERS: Mapping[str, Placeholder] = {each.key: each for each in _ALL}
REQUIRED = ("recipient.name", "certificate.code", "qr")
"""What every certificate shows."""
MANDATORY = (*REQUIRED, "course.title", "completion.date", "issuer.name")
"""The parts that a template has to have a place for when it is saved (R-014)."""


def samples() -> Mapping[str, Value]:
    """Values to preview a template with. Pictures are left out: they belong to an issuer."""
    return {each.key: each.sample for each in _ALL if each.kind != "image"}


def in_words(values: Mapping[str, Value], language: str, zone: str) -> Words:
    """All values as they are printed. Pictures stay what they are."""
    return {
        key: value if isinstance(value, Picture) else _tidily(PLACEHOLDERS[key], value, language, zone)
        for key, value in values.items()
        if value != ""
    }


def _tidily(placeholder: Placeholder, value: str | Decimal | date | datetime, language: str, zone: str) -> str:
    return (_known if placeholder.is_shared else _tidied)(placeholder.key, value, language, zone)


def _tidied(key: str, value: str | Decimal | date | datetime, language: str, zone: str) -> str:
    return fonts.tidy(worded(key, value, language, zone))


_known = lru_cache(maxsize=1024)(_tidied)  # what many certificates have in common is put into words once


def shared(words: Words) -> Words:
    """Those that many certificates have in common."""
    return {key: value for key, value in words.items() if PLACEHOLDERS[key].is_shared}


def worded(key: str, value: Value, language: str, zone: str) -> str:
    """The value as it is printed."""
    placeholder = PLACEHOLDERS[key]
    match value:
        case Picture():
            raise TypeError(f"{key}: a picture has no words")
        case datetime() if placeholder.wording == "moment":
            return _timed(value.astimezone(ZoneInfo(zone)), language)
        case datetime():
            return _dated(value.astimezone(ZoneInfo(zone)).date(), placeholder.wording, language)
        case date():
            return _dated(value, placeholder.wording, language)
        case Decimal():
            return _percent(value, language)
        case _ if placeholder.kind == "code":
            return spaced(value)
        case _ if key == "certificate.address":
            rest = value.partition("://")[2] or value
            return rest.partition("#")[0].partition("?")[0]
        case _:
            return value


def locale_of(language: str) -> Locale:
    """The nearest locale that dates and numbers can be written in; the world's English if there is none."""
    if language == "en":
        return Locale("en", "001")  # on its own it would mean May 31, 2026, as one country writes
    return find_locale(language) or Locale("en", "001")


@lru_cache(maxsize=1024)
def _percent(value: Decimal, language: str) -> str:
    return str(format_percent(value / 100, "#,##0.##%", locale=locale_of(language)))


@lru_cache(maxsize=1024)
def _dated(day: date, wording: Wording, language: str) -> str:
    locale = locale_of(language)
    if wording == "month":
        return format_skeleton("yMMMM", day, locale=locale)
    return format_date(day, "long", locale=locale)


def _timed(there: datetime, language: str) -> str:
    locale = locale_of(language)
    both = str(get_datetime_format("medium", locale)).replace("'", "")
    time = format_time(there, "HH:mm", tzinfo=there.tzinfo, locale=locale)
    return both.format(str(time), _dated(there.date(), "day", language))
