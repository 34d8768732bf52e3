"""How days, numbers and directions look in the reader's language. The zone is always the caller's to name (R-090)."""

from datetime import date, datetime, time
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal
from flask_babel import get_locale

ENGLISH = Locale("en")


def reader_locale() -> Locale:
    """The host's Flask-Babel locale of this request. English where there is none, and where we have no words in it."""
    found: Locale | None = get_locale()
    return found if found is not None and found.language in _languages() else ENGLISH


def language() -> str:
    """For `lang=`: `en`, `hi`, `en-IN`."""
    return str(reader_locale()).replace("_", "-")


def direction() -> str:
    """For `dir=`: `ltr` or `rtl`."""
    return str(reader_locale().text_direction)


def day(at: datetime, zone: str = "UTC", locale: Locale | None = None) -> str:
    """The day it was in that zone: `October 5, 2013`. Who shows several asks once for the reader's locale."""
    return _day(at.astimezone(ZoneInfo(zone)).date(), locale or reader_locale())


def date_of(on: date, locale: Locale | None = None) -> str:
    """A day that has no zone any more: `October 5, 2013`."""
    return _day(on, locale or reader_locale())


def moment(at: datetime, zone: str = "UTC", locale: Locale | None = None) -> str:
    """Day and time in that zone, and its name: `October 5, 2013, 14:03 (BST)`."""
    there, locale = at.astimezone(ZoneInfo(zone)), locale or reader_locale()
    return f"{_day(there.date(), locale)}, {_clock(there.hour, there.minute, locale)} ({there.tzname()})"


def number(value: int) -> str:
    """With the separators of the language: `50,000`."""
    return format_decimal(value, locale=reader_locale())


# Remembered, since a page shows the same few days again and again, and Babel takes as long for one as the database.
# By day and hour, never by moment: one moment has other hours in other zones.


@lru_cache(maxsize=4096)
def _day(on: date, locale: Locale) -> str:
    return format_date(on, format="long", locale=locale)


@lru_cache(maxsize=4096)
def _clock(hour: int, minute: int, locale: Locale) -> str:
    return format_time(time(hour, minute), format="HH:mm", locale=locale)


@cache
def _languages() -> frozenset[str]:
    folder = files("flask_certify.translations")
    return frozenset(each.name for each in folder.iterdir() if each.joinpath("LC_MESSAGES").is_dir())
