"""The list of a run's learners: what it shows, how it is searched, sorted and filtered, and what it costs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Actor, Contact, Role
from tests.support import story

from .conftest import Place, make_place

TICK = re.compile(r'<td class="cf-tick">.*?</td>\s*', re.DOTALL)
ROW = re.compile(r"<tr>\s*<td data-label=\"External ID\">(.*?)</tr>", re.DOTALL)


def shown(page: str) -> list[list[str]]:
    """The rows of the list as plain text: external id, name, date, status, type, more."""
    rows = []
    for row in ROW.findall(TICK.sub("", page)):
        cells = re.split(r"<t[dh][^>]*>", row)
        rows.append([" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells])
    return rows


def ask(place: Place, **asked: str) -> list[str]:
    """The external ids that are listed."""
    answer = place.get(f"{place.dashboard}?{urlencode(asked)}")
    assert answer.status_code == 200
    return [row[0] for row in shown(answer.text)]


@pytest.fixture
def four(place: Place) -> Place:
    """Four learners with names that are alike, and dates around midnight in the tenant's zone (one hour ahead)."""
    midnight = datetime(2026, 5, 19, 23, 0, tzinfo=UTC)
    place.write_records(
        {"learner_ref": "1", "external_id": "T-10", "display_name": "Zoë Park", "label": "", "completed_on": None},
        {"learner_ref": "2", "external_id": "T-2", "display_name": "Al_n 100%", "completed_on": midnight},
        {"learner_ref": "3", "external_id": "T-3", "display_name": "Alan 1000", "label": "N/A"},
        {
            "learner_ref": "4",
            "external_id": None,
            "display_name": "आरती शर्मा",
            "label": "Issue failed",
            "type": "completion",
            "completed_on": midnight - timedelta(seconds=1),
        },
    )
    return place


# ---- what is shown ---------------------------------------------------------------------------------


def test_each_learner_has_a_status_and_a_type_and_the_counts_equal_the_rows(place: Place) -> None:
    place.host.add_learner(story.RUN, story.learner("fay", None, score=90), Contact())
    place.host.add_learner(story.RUN, story.learner("gus", "Gus Devon", tenant="devon"), Contact())
    place.issue()
    page = place.get(place.dashboard).text
    assert [row[:5] for row in shown(page)] == [
        ["DE-gus", "Gus Devon", "May 20, 2026", "N/A", ""],
        ["WA-ada", "Ada Lovelace", "May 20, 2026", "Issued", "Certificate of Achievement"],
        ["WA-ben", "Ben Okri", "", "", ""],
        ["WA-cy", "Cy Young", "May 20, 2026", "Issued", "Course completion"],
        ["WA-dev", "देव शर्मा", "May 20, 2026", "Issued", "Certificate of Achievement"],
        ["WA-fay", "Name not known", "May 20, 2026", "Issue failed", "Certificate of Achievement"],
    ]
    for word, number in {
        "Learners": 6,
        "Issued": 3,
        "Course completion": 1,
        "Certificate of Achievement": 2,
        "Not issued: failed": 1,
    }.items():
        assert f"<dt>{word}</dt><dd>{number}</dd>" in page


def test_who_has_none_is_told_why_in_words(place: Place) -> None:
    place.issue()
    [ben] = [row for row in shown(place.get(place.dashboard).text) if row[0] == "WA-ben"]
    assert "70 % of the course is done, 100 % is asked." in ben[5]


def test_before_anybody_was_decided_upon_the_page_says_so(place: Place) -> None:
    assert "No learner was looked at yet." in place.get(place.dashboard).text


def test_a_name_that_holds_markup_or_turns_the_line_round_does_no_harm(place: Place) -> None:
    place.write_records(
        {"learner_ref": "1", "display_name": "<img src=x onerror=alert(1)>\u202e", "external_id": '"><b>'}
    )
    page = place.get(place.dashboard).text
    assert "<img src=x" not in page and '"><b>' not in page
    assert "<bdi>&lt;img src=x onerror=alert(1)&gt;\u202e</bdi>" in page


def test_the_author_sees_the_list_but_cannot_issue_or_download_unless_a_mentor_as_well(place: Place) -> None:
    """R-115."""
    place.issue()
    place.host.add_actor(Actor("amy", "Amy"), "wales", Role.AUTHOR)
    page = place.get(place.dashboard, "amy").text
    assert "Ada Lovelace" in page
    assert "Issue online certificates" not in page
    assert "certificate.pdf" not in page and "/failures" not in page and "/messages" not in page
    place.host.add_actor(Actor("amy", "Amy"), "wales", Role.AUTHOR, Role.MENTOR)
    run = place.host.runs[story.RUN]
    place.host.runs[story.RUN] = replace(run, mentor_refs=(*run.mentor_refs, "amy"))
    page = place.get(place.dashboard, "amy").text
    assert "Issue online certificates" in page and "/failures" in page and "/messages" in page


# ---- searching, sorting, filtering -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("T-1", ["T-10"]),
        ("alan", ["T-3"]),
        ("आरती", [""]),
        ("100%", ["T-2"]),
        ("al_n", ["T-2"]),
        ("'; drop table certify_record", []),
        ("\\", []),
        ("\0", ["T-10", "T-2", "T-3", ""]),
    ],
)
def test_learners_are_searched_by_external_id_and_name_to_the_letter(four: Place, text: str, found: list[str]) -> None:
    assert ask(four, q=text) == found


def test_nobody_found_is_said(four: Place) -> None:
    assert "No learner fits." in four.get(four.dashboard + "?q=nobody").text


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("id", ["T-10", "T-2", "T-3", ""]),
        ("-id", ["T-3", "T-2", "T-10", ""]),
        ("name", ["T-2", "T-3", "T-10", ""]),
        ("completed", ["", "T-2", "T-10", "T-3"]),
        ("-completed", ["T-2", "", "T-10", "T-3"]),
        ("type", ["", "T-10", "T-2", "T-3"]),
    ],
)
def test_learners_are_sorted_and_those_without_a_value_come_last(four: Place, sort: str, found: list[str]) -> None:
    assert ask(four, sort=sort) == found


@pytest.mark.parametrize(
    ("status", "found"), [("without", ["T-10", "T-2"]), ("na", ["T-3"]), ("failed", [""]), ("issued", [])]
)
def test_learners_are_filtered_by_status(four: Place, status: str, found: list[str]) -> None:
    assert ask(four, status=status) == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"from": "2026-05-20"}, ["T-2"]),
        ({"to": "2026-05-19"}, [""]),
        ({"from": "2026-05-19", "to": "2026-05-20"}, ["T-2", ""]),
        ({"from": "2026-05-21"}, []),
    ],
)
def test_learners_are_filtered_by_the_day_of_completion_in_the_tenants_zone(
    four: Place, asked: dict[str, str], found: list[str]
) -> None:
    assert ask(four, **asked) == found


def test_a_question_that_cannot_be_asked_is_refused_with_a_sentence(four: Place) -> None:
    answer = four.get(four.dashboard + "?from=yesterday")
    assert answer.status_code == 422
    assert "list.wrong_filter" in answer.text


def test_the_form_and_the_columns_keep_what_was_asked(four: Place) -> None:
    page = four.get(four.dashboard + "?q=T-&sort=-name&from=2026-05-01").text
    assert 'name="q" type="search" value="T-"' in page
    assert '<option value="id">' in page
    assert 'href="?q=T-&amp;from=2026-05-01"' in page  # the column of the external id: sorted by it, still filtered


# ---- large runs ------------------------------------------------------------------------------------


def many(place: Place, number: int) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    place.write_records(
        *(
            {
                "learner_ref": f"{n:06}",
                "external_id": f"T-{n:06}",
                "display_name": f"Learner {n:06}",
                "completed_on": first + timedelta(hours=n),
            }
            for n in range(number)
        )
    )


@pytest.fixture
def narrow(tmp_path: Path, host: MemoryHost) -> Iterator[Place]:
    """A place that lists at most 120 learners."""
    yield from make_place(tmp_path, host, CERTIFY_LIST_LIMIT=120)


def test_beyond_the_limit_a_notice_says_how_many_are_not_listed_and_dates_bring_them_into_view(narrow: Place) -> None:
    many(narrow, 130)
    first = narrow.get(narrow.dashboard).text
    assert "10 learners are not listed" in first
    assert "130 learners · Page 1 of 3" in first
    last = [row[0] for row in shown(narrow.get(narrow.dashboard + "?page=3").text)]
    assert (len(last), last[-1]) == (20, "T-000119")
    assert [row[0] for row in shown(narrow.get(narrow.dashboard + "?page=99").text)] == last

    later = narrow.get(narrow.dashboard + "?from=2026-01-06").text
    assert "are not listed" not in later
    assert shown(later)[0][0] == "T-000120"


def test_large_numbers_are_written_as_the_language_does(place: Place) -> None:
    many(place, 2004)
    first = place.get(place.dashboard).text
    assert "2,004 learners" in first and "All 2,004 learners" in first


def test_the_number_of_questions_does_not_grow_with_the_run(place: Place) -> None:
    place.issue()
    few = questions(place, "")
    many(place, 2000)
    assert questions(place, "") == few <= 10
    assert questions(place, "?q=Learner&sort=-completed&from=2026-01-02&page=9") <= 10


def questions(place: Place, query: str) -> int:
    """How many statements the page sends to the database."""
    with place.app.app_context():
        engine = place.app.extensions["sqlalchemy"].engine
    sent: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        assert place.get(place.dashboard + query).status_code == 200
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
    return len(sent)


# ---- the way here ----------------------------------------------------------------------------------


def test_the_hosts_own_name_of_a_run_leads_to_its_dashboard_also_on_the_first_visit(place: Place) -> None:
    run = place.host.runs[story.RUN]
    values = {name: getattr(run, name) for name in run.__slots__} | {"run_ref": "maths/2 a", "title": "Maths"}
    place.host.add_run(type(run)(**values))
    there = place.get("/certify/runs/by-ref?ref=maths%2F2+a")
    assert there.status_code == 302
    assert "Maths" in place.get(there.headers["Location"]).text
    assert place.get("/certify/runs/by-ref?ref=maths%2F2+a").headers["Location"] == there.headers["Location"]


@pytest.mark.parametrize("query", ["", "?ref=", "?ref=nowhere", "?ref=%00"])
def test_a_run_that_the_host_does_not_know_is_not_found(place: Place, query: str) -> None:
    assert place.get("/certify/runs/by-ref" + query).status_code == 404
