"""What a reader asks of a list, read from the address: part of a name, status, dates, order, page. And written back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Self, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from ..awards.labels import ISSUE_FAILED, ISSUED, NONE_YET, NOT_AVAILABLE
from ..core.errors import BadInput
from ..core.i18n import N_
from .queries import Question, Sort

Choice = TypeVar("Choice", bound=StrEnum)

AT_ONCE = 50  # learners on a page
LONGEST_SEARCH = 100


class WrongFilter(BadInput):
    code = "list.wrong_filter"
    sentence = N_("The list cannot be filtered or sorted like this: %(given)s. Go back and choose again.")


class Status(StrEnum):
    """Certificate Status, as it stands in an address."""

    ISSUED = "issued"
    WITHOUT = "without"
    NOT_AVAILABLE = "na"
    FAILED = "failed"


LABELS: Mapping[Status, str] = {
    Status.ISSUED: ISSUED,
    Status.WITHOUT: NONE_YET,
    Status.NOT_AVAILABLE: NOT_AVAILABLE,
    Status.FAILED: ISSUE_FAILED,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """What the address asks for. Days are whole days in the tenant's zone, the last one included."""

    text: str = ""
    status: Status | None = None
    first_day: date | None = None
    last_day: date | None = None
    sort: Sort = Sort.EXTERNAL_ID
    descending: bool = False
    page: int = 1

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> Self:
        """Raises WrongFilter."""
        sort = given.get("sort", "").strip()
        return cls(
            text=given.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH],
            status=_one_of(Status, given.get("status", "")),
            first_day=_day(given.get("from", "")),
            last_day=_day(given.get("to", "")),
            sort=_one_of(Sort, sort.removeprefix("-")) or Sort.EXTERNAL_ID,
            descending=sort.startswith("-"),
            page=page_number(given),
        )

    def question(self, zone: str) -> Question:
        """The same, as the database is asked."""
        after_last = self.last_day + timedelta(days=1) if self.last_day else None
        return Question(
            text=self.text,
            label=LABELS[self.status] if self.status else None,
            completed_from=_begin(self.first_day, zone),
            completed_before=_begin(after_last, zone),
            sort=self.sort,
            descending=self.descending,
        )

    def sorted_by(self, sort: str) -> Self:
        """The first page in that order; in the opposite order if it is in that one already."""
        wanted = Sort(sort)
        return replace(self, sort=wanted, descending=wanted is self.sort and not self.descending, page=1)

    def on_page(self, page: int) -> Self:
        return replace(self, page=page)

    def to_query(self) -> str:
        """Back into an address, only what differs from nothing asked: `?q=ada&page=2`."""
        order = "" if self.order == Sort.EXTERNAL_ID else self.order
        return query_of({**self.to_fields(), "sort": order, "page": str(self.page) if self.page > 1 else ""})

    def to_fields(self) -> dict[str, str]:
        """Whom the list shows, without order and page: for the hidden fields of a form."""
        asked = {
            "q": self.text,
            "status": self.status or "",
            "from": self.first_day.isoformat() if self.first_day else "",
            "to": self.last_day.isoformat() if self.last_day else "",
        }
        return {name: value for name, value in asked.items() if value}

    @property
    def order(self) -> str:
        """As it stands in an address: `name`, or `-name` for the opposite order."""
        return ("-" if self.descending else "") + self.sort


@dataclass(frozen=True, slots=True)
class Pages:
    """Where a reader is in a list, and the way to the other pages."""

    number: int
    last: int
    url: Callable[[int], str]

    @classmethod
    def of(cls, number: int, rows: int, url: Callable[[int], str]) -> Self:
        """A page after the last one is the last one."""
        last = max(1, -(-rows // AT_ONCE))
        return cls(min(number, last), last, url)

    @property
    def offset(self) -> int:
        return (self.number - 1) * AT_ONCE


def page_number(given: Mapping[str, str]) -> int:
    """From 1 on. Raises WrongFilter."""
    text = given.get("page", "").strip() or "1"
    if not (text.isascii() and text.isdigit() and len(text) < 8 and int(text)):
        raise WrongFilter(given=text[:20])
    return int(text)


def query_of(asked: Mapping[str, str]) -> str:
    """`?a=b` of what is not empty."""
    given = {name: value for name, value in asked.items() if value}
    return "?" + urlencode(given) if given else ""


def _one_of(kind: type[Choice], text: str) -> Choice | None:
    if not text.strip():
        return None
    try:
        return kind(text.strip())
    except ValueError:
        raise WrongFilter(given=text[:20]) from None


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise WrongFilter(given=text[:20]) from None
    if not 1900 <= found.year <= 9000:  # further out no zone can be applied
        raise WrongFilter(given=text[:20])
    return found


def _begin(day: date | None, zone: str) -> datetime | None:
    return datetime.combine(day, time(), ZoneInfo(zone)) if day else None
