"""When a certificate may be seen and which date it shows: group B4."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility.visibility import (
    Showing,
    day_of,
    is_visible,
    normalised,
    shown_date,
    visible_from,
)
from flask_certify.host.records import CourseRun, Display, Pacing

INDIA = ZoneInfo("Asia/Kolkata")
LEAP_DAY = date(2028, 2, 29)
END = datetime(2028, 2, 28, 23, 59, tzinfo=INDIA)
SILENT = CourseRun("r", "Bread", "c", "wales", end=END, zone="Asia/Kolkata")
RUN = replace(SILENT, display=Display.END)
EARLY = replace(RUN, display=Display.EARLY_NO_INFO)
DATED = replace(RUN, display=Display.END_WITH_DATE, available_on=LEAP_DAY)
SECOND = timedelta(seconds=1)
CHANGED = datetime(2028, 2, 27, 18, 30, tzinfo=UTC)  # midnight in India: the 28th begins


@pytest.mark.parametrize(
    ("display", "on", "meant"),
    [
        (Display.EARLY_NO_INFO, LEAP_DAY, Showing(Display.EARLY_NO_INFO)),
        (Display.EARLY_NO_INFO, None, Showing(Display.EARLY_NO_INFO)),
        (None, None, Showing(Display.EARLY_NO_INFO)),
        (None, LEAP_DAY, Showing(Display.END_WITH_DATE, LEAP_DAY)),
        (Display.END, LEAP_DAY, Showing(Display.END_WITH_DATE, LEAP_DAY)),
        (Display.END, None, Showing(Display.END)),
        (Display.END_WITH_DATE, LEAP_DAY, Showing(Display.END_WITH_DATE, LEAP_DAY)),
        (Display.END_WITH_DATE, None, Showing(Display.END)),
    ],
)
def test_settings_that_contradict_each_other_are_read_as_they_are_meant(
    display: Display | None, on: date | None, meant: Showing
) -> None:
    """R-087."""
    assert normalised(display, on) == meant
    assert normalised(meant.display, meant.available_on) == meant


def test_a_certificate_is_seen_from_the_end_of_the_run_on() -> None:
    """R-086."""
    assert not is_visible(RUN, END - SECOND)
    assert is_visible(RUN, END)
    assert visible_from(RUN) == END


def test_a_date_begins_at_midnight_in_the_zone_of_the_run() -> None:
    """R-086, R-090: 29 February begins in India while London still has the 28th."""
    midnight = datetime(2028, 2, 28, 18, 30, tzinfo=UTC)
    assert visible_from(DATED) == midnight
    assert not is_visible(DATED, midnight - SECOND)
    assert is_visible(DATED, midnight)
    assert not is_visible(replace(DATED, zone="Europe/London"), midnight)


def test_a_date_is_meant_even_if_the_display_says_the_end() -> None:
    """R-087."""
    assert not is_visible(replace(RUN, available_on=LEAP_DAY), END)


def test_a_certificate_is_always_seen_where_learners_set_the_pace_or_the_run_shows_early() -> None:
    """R-086."""
    long_before = END - timedelta(days=300)
    assert is_visible(replace(DATED, pacing=Pacing.SELF), long_before)
    assert is_visible(EARLY, long_before)
    assert is_visible(replace(EARLY, available_on=LEAP_DAY), long_before)
    assert is_visible(RUN, long_before, before_end=True)


def test_a_host_that_says_nothing_about_it_hides_nothing() -> None:
    """D-06, R-086: neither before the end of the run nor for ever where there is none."""
    assert is_visible(SILENT, END - SECOND)
    assert is_visible(replace(SILENT, end=None), END)
    assert visible_from(SILENT) is None
    assert shown_date(SILENT, END, changed_at=CHANGED) == date(2028, 2, 28)


def test_a_run_without_an_end_shows_nothing_at_its_end() -> None:
    """R-086."""
    assert not is_visible(replace(RUN, end=None), datetime(2999, 1, 1, tzinfo=UTC))


def test_an_override_is_the_date_shown_and_never_changes_what_is_seen() -> None:
    """R-088, R-089."""
    for run in (RUN, DATED, EARLY, replace(RUN, pacing=Pacing.SELF)):
        assert shown_date(run, END, changed_at=CHANGED, override=date(2027, 1, 2)) == date(2027, 1, 2)
    assert not is_visible(RUN, END - SECOND)


def test_the_available_date_is_shown_once_it_has_come_and_generating_is_automatic() -> None:
    """R-088."""
    midnight = datetime(2028, 2, 28, 18, 30, tzinfo=UTC)
    assert shown_date(DATED, midnight, changed_at=CHANGED) == LEAP_DAY
    assert shown_date(DATED, midnight - SECOND, changed_at=CHANGED) == date(2028, 2, 28)
    assert shown_date(DATED, midnight, changed_at=CHANGED, automatic=False) == date(2028, 2, 28)


def test_the_end_of_the_run_is_shown_where_the_end_decides() -> None:
    """R-088, R-090: one minute before midnight in India is the 28th there, and anywhere the run is meant."""
    assert shown_date(RUN, END, changed_at=CHANGED - timedelta(days=9)) == date(2028, 2, 28)
    assert shown_date(replace(RUN, end=END + timedelta(minutes=1)), END, changed_at=CHANGED) == LEAP_DAY


@pytest.mark.parametrize("run", [EARLY, replace(RUN, pacing=Pacing.SELF), replace(RUN, end=None)])
def test_else_the_day_of_the_last_change_is_shown_in_the_zone_of_the_run(run: CourseRun) -> None:
    """R-088, R-090."""
    assert shown_date(run, END, changed_at=CHANGED) == date(2028, 2, 28)
    assert shown_date(run, END, changed_at=CHANGED - SECOND) == date(2028, 2, 27)


def test_the_same_moment_is_another_day_elsewhere() -> None:
    """R-090: also where clocks are changed, and at the turn of a leap year."""
    new_year = datetime(2028, 12, 31, 23, 30, tzinfo=UTC)
    assert day_of(new_year, "Asia/Kolkata") == date(2029, 1, 1)
    assert day_of(new_year, "America/New_York") == date(2028, 12, 31)
    assert day_of(datetime(2028, 3, 26, 0, 30, tzinfo=UTC), "Europe/London") == date(2028, 3, 26)
    assert day_of(datetime(2028, 2, 29, 23, 59, tzinfo=UTC), "UTC") == LEAP_DAY


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.sampled_from([RUN, DATED]))
def test_what_was_seen_once_stays_to_be_seen(now: datetime, run: CourseRun) -> None:
    """R-086: time alone hides nothing."""
    if is_visible(run, now):
        assert is_visible(run, now + timedelta(days=1))
