from datetime import UTC, date, datetime

import pytest

from flask_certify.dashboards.listing import AT_ONCE, Listing, Pages, Status, WrongFilter
from flask_certify.dashboards.queries import Sort


def test_an_address_without_a_question_asks_for_all_by_external_id() -> None:
    asked = Listing.parse({})
    assert (asked.text, asked.status, asked.sort, asked.descending, asked.page) == ("", None, "id", False, 1)
    assert not asked.question("UTC").is_filtered
    assert asked.to_query() == ""


def test_what_is_read_from_an_address_can_be_written_back() -> None:
    given = {
        "q": "ada & co",
        "status": "failed",
        "from": "2026-05-01",
        "to": "2026-05-31",
        "sort": "-name",
        "page": "3",
    }
    asked = Listing.parse(given)
    assert asked.status is Status.FAILED
    assert asked.to_query() == "?q=ada+%26+co&status=failed&from=2026-05-01&to=2026-05-31&sort=-name&page=3"
    assert asked.on_page(1).to_query().endswith("sort=-name")


def test_days_are_whole_days_in_the_zone_of_the_tenant_and_the_last_one_is_included() -> None:
    asked = Listing(first_day=date(2026, 3, 29), last_day=date(2026, 3, 29)).question("Europe/London")
    assert asked.completed_from is not None and asked.completed_before is not None
    assert asked.completed_from.astimezone(UTC) == datetime(2026, 3, 29, 0, tzinfo=UTC)
    assert asked.completed_before.astimezone(UTC) == datetime(2026, 3, 29, 23, tzinfo=UTC)  # summer time has begun


@pytest.mark.parametrize(
    "given",
    [
        {"status": "lost"},
        {"sort": "password"},
        {"from": "1.5.2026"},
        {"to": "9999-12-31"},
        {"from": "0001-01-01"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "²"},
        {"page": "9" * 40},
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(given: dict[str, str]) -> None:
    with pytest.raises(WrongFilter, match="cannot be filtered or sorted"):
        Listing.parse(given)


def test_a_search_is_cut_to_a_length_and_holds_no_zero_bytes() -> None:
    assert Listing.parse({"q": "\0 ada\0 "}).text == "ada"
    assert len(Listing.parse({"q": "x" * 5000}).text) == 100


def test_sorting_by_the_same_column_again_turns_the_order_round() -> None:
    once = Listing(page=4).sorted_by("name")
    assert (once.sort, once.descending, once.page) == (Sort.NAME, False, 1)
    assert once.sorted_by("name").descending
    assert not once.sorted_by("name").sorted_by("name").descending


@pytest.mark.parametrize(("rows", "last"), [(0, 1), (1, 1), (AT_ONCE, 1), (AT_ONCE + 1, 2), (10_000, 200)])
def test_a_list_has_at_least_one_page_and_a_page_after_the_last_is_the_last(rows: int, last: int) -> None:
    pages = Pages.of(999, rows, str)
    assert (pages.number, pages.last, pages.offset) == (last, last, (last - 1) * AT_ONCE)
