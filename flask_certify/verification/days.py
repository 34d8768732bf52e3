"""A day of the past that somebody asks about: was it valid then? (R-114)"""

from datetime import date, datetime, timedelta

from ..core.errors import BadInput
from ..core.i18n import N_

EASTERNMOST = timedelta(hours=14)  # no day begins earlier than there


class FutureDay(BadInput):
    code = "verification.future_day"
    sentence = N_("What will be on a later day cannot be said. Ask about a day up to today.")


class NotADay(BadInput):
    code = "verification.not_a_day"
    sentence = N_("This is not a day. Write it like 2026-05-31: year, month, day.")


def asked(said: str | None, now: datetime) -> date | None:
    """The day that somebody asks about, if any. Raises NotADay, FutureDay."""
    if not said:
        return None
    try:
        day = date.fromisoformat(said) if len(said) == len("2026-05-31") else None
    except ValueError:
        day = None
    if day is None:
        raise NotADay()
    if day > (now + EASTERNMOST).date():
        raise FutureDay()
    return day
