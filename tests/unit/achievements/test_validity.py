"""For how long what was earned holds: ends of months, leap days, midnight and summer time."""

from datetime import UTC, date, datetime

import pytest

from flask_certify.achievements import validity
from flask_certify.achievements.validity import Lasting, Until, WrongValidity


@pytest.mark.parametrize(
    ("first", "said", "last"),
    [
        (date(2026, 1, 31), "1 month", date(2026, 2, 28)),
        (date(2028, 1, 31), "1 month", date(2028, 2, 29)),
        (date(2026, 1, 31), "3 months", date(2026, 4, 30)),
        (date(2026, 12, 31), "2 months", date(2027, 2, 28)),
        (date(2026, 11, 30), "1 month", date(2026, 12, 30)),
        (date(2024, 2, 29), "1 year", date(2025, 2, 28)),
        (date(2024, 2, 29), "4 years", date(2028, 2, 29)),
        (date(2024, 2, 29), "12 months", date(2025, 2, 28)),
        (date(2026, 5, 31), "3 years", date(2029, 5, 31)),
        (date(2026, 12, 31), "1 day", date(2027, 1, 1)),
        (date(2024, 2, 28), "1 day", date(2024, 2, 29)),
        (date(2024, 2, 28), "366 days", date(2025, 2, 28)),
        (date(2026, 5, 31), "2027-03-31", date(2027, 3, 31)),
    ],
)
def test_the_last_day_is_counted_from_the_day_of_issue(first: date, said: str, last: date) -> None:
    """R-114: month ends and leap days are defined."""
    assert validity.last_day(validity.parse(said), first) == last


@pytest.mark.parametrize(
    ("since", "zone", "until"),
    [
        # one minute before and after midnight in Kolkata
        (datetime(2026, 1, 30, 18, 29, tzinfo=UTC), "Asia/Kolkata", datetime(2026, 2, 28, 18, 29, 59, tzinfo=UTC)),
        (datetime(2026, 1, 30, 18, 31, tzinfo=UTC), "Asia/Kolkata", datetime(2026, 2, 28, 18, 29, 59, tzinfo=UTC)),
        (datetime(2026, 1, 29, 18, 29, tzinfo=UTC), "Asia/Kolkata", datetime(2026, 2, 28, 18, 29, 59, tzinfo=UTC)),
        (datetime(2026, 1, 27, 18, 29, tzinfo=UTC), "Asia/Kolkata", datetime(2026, 2, 27, 18, 29, 59, tzinfo=UTC)),
        # a month that ends in summer time
        (datetime(2026, 2, 28, 12, 0, tzinfo=UTC), "Europe/London", datetime(2026, 3, 28, 23, 59, 59, tzinfo=UTC)),
        (datetime(2026, 3, 31, 12, 0, tzinfo=UTC), "Europe/London", datetime(2026, 4, 30, 22, 59, 59, tzinfo=UTC)),
    ],
)
def test_it_holds_through_its_last_day_in_its_own_zone(since: datetime, zone: str, until: datetime) -> None:
    """R-090, R-114."""
    assert validity.holds_until(Lasting(1, "months"), since, zone) == until


def test_without_terms_it_does_not_expire() -> None:
    """R-114: validity is optional."""
    assert validity.holds_until(None, datetime(2026, 1, 1, tzinfo=UTC), "UTC") is None
    assert validity.to_json(None) is None and validity.from_json(None) is None


@pytest.mark.parametrize(
    ("said", "meant", "written"),
    [
        ("90 days", Lasting(90, "days"), "90 days"),
        ("1day", Lasting(1, "days"), "1 day"),
        (" 6 Months ", Lasting(6, "months"), "6 months"),
        ("2 years", Lasting(2, "years"), "2 years"),
        ("2028-02-29", Until(date(2028, 2, 29)), "2028-02-29"),
    ],
)
def test_terms_are_read_stored_and_written(said: str, meant: validity.Validity, written: str) -> None:
    """R-114: and what was written is read as the same."""
    assert validity.parse(said) == meant == validity.parse(written)
    assert validity.written(meant) == written
    assert validity.from_json(validity.to_json(meant)) == meant


@pytest.mark.parametrize(
    "said",
    [
        *("", "soon", "0 days", "-1 day", "1.5 years", "101 years", "99999 days", "१ year", "1 week"),
        *("2026-02-29", "2026-13-01", "9999-12-31", "2 years 3 months", "x" * 500),
    ],
)
def test_terms_that_mean_nothing_are_refused(said: str) -> None:
    """R-114: 29 February of a common year among them."""
    with pytest.raises(WrongValidity) as refused:
        validity.parse(said)
    assert len(str(refused.value)) < 300
