"""For how long what was earned holds: terms of an attachment, and the moment that follows from them (R-114). Pure.

A certificate holds through its last day in its own zone. A month later is the same day of the next month, or that
month's last day where there is none: 31 January and one month is the end of February, 29 February and one year is
28 February.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, assert_never
from zoneinfo import ZoneInfo

from ..core.errors import BadInput
from ..core.i18n import N_

Unit = Literal["days", "months", "years"]

MOST: Mapping[Unit, int] = {"days": 36_500, "months": 1_200, "years": 100}
LAST_YEAR = 2999
_RELATIVE = re.compile(r"(\d{1,5}) ?(day|month|year)s?", re.ASCII)


class WrongValidity(BadInput):
    code = "attachment.validity"
    sentence = N_(
        "It cannot be said like this for how long a certificate holds: %(said)s. Write for example 90 days, 6 months, "
        "2 years (at most 100 years), or its last day, for example 2027-03-31."
    )


@dataclass(frozen=True, slots=True)
class Lasting:
    """So long from the day of issue."""

    number: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Until:
    """Through this day, whenever it was issued."""

    day: date


Validity = Lasting | Until


def parse(said: str) -> Validity:
    """`90 days`, `6 months`, `2 years`, or a last day such as `2027-03-31`. Raises WrongValidity."""
    text = said.strip().lower()
    if found := _RELATIVE.fullmatch(text):
        unit: Unit = "days" if found[2] == "day" else "months" if found[2] == "month" else "years"
        if 1 <= int(found[1]) <= MOST[unit]:
            return Lasting(int(found[1]), unit)
    elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise WrongValidity(said=said) from None
        if day.year <= LAST_YEAR:
            return Until(day)
    raise WrongValidity(said=said[:40])


def written(validity: Validity) -> str:
    """As `parse` reads it."""
    match validity:
        case Lasting(1, unit):
            return f"1 {unit.removesuffix('s')}"
        case Lasting(number, unit):
            return f"{number} {unit}"
        case Until(day):
            return day.isoformat()
        case _:
            assert_never(validity)


def to_json(validity: Validity | None) -> dict[str, Any] | None:
    match validity:
        case Lasting(number, unit):
            return {unit: number}
        case Until(day):
            return {"until": day.isoformat()}
        case _:
            return None


def from_json(stored: Mapping[str, Any] | None) -> Validity | None:
    """None: what was earned does not expire."""
    if not stored:
        return None
    [(name, value)] = stored.items()
    return Until(date.fromisoformat(value)) if name == "until" else Lasting(value, name)  # type: ignore[arg-type]


def said(stored: Mapping[str, Any] | None) -> str | None:
    """What is stored, as `parse` reads it; None: it does not expire."""
    terms = from_json(stored)
    return written(terms) if terms else None


def last_day(validity: Validity, first: date) -> date:
    """The last day on which it holds, given the day of issue."""
    match validity:
        case Until(day):
            return day
        case Lasting(number, "days"):
            return first + timedelta(days=number)
        case Lasting(number, unit):
            return _months_later(first, number if unit == "months" else 12 * number)
        case _:
            assert_never(validity)


def holds_until(validity: Validity | None, since: datetime, zone: str) -> datetime | None:
    """The last second in which it holds, in UTC; None: it does not expire. The days are those of the zone."""
    if validity is None:
        return None
    return end_of(last_day(validity, since.astimezone(ZoneInfo(zone)).date()), zone)


def end_of(day: date, zone: str) -> datetime:
    """The last second of that day in that zone, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def _months_later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
