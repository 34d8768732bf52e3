"""The progress report and the failure log, as pages and as files."""

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
from werkzeug.test import TestResponse

from flask_certify.dashboards import report
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from tests.support import story

from .conftest import Place, make_place


def sheet(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    text = answer.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


# ---- the progress report ---------------------------------------------------------------------------


def test_the_report_keeps_the_hosts_columns_and_ends_with_status_and_type(place: Place) -> None:
    place.host.add_learner(story.RUN, story.learner("fay", None, score=60))
    place.issue()
    assert sheet(place.get(place.dashboard + "/report.csv")) == [
        ["Name", "Progress", "Certificate Status", "Certificate Type"],
        ["Ada Lovelace", "100", "Issued", "Certificate of Achievement"],
        ["Ben Okri", "70", "", ""],
        ["Cy Young", "100", "Issued", "Course completion"],
        ["देव शर्मा", "100", "Issued", "Certificate of Achievement"],
        ["", "100", "Issue failed", "Course completion"],
    ]


def test_the_report_says_issued_as_often_as_the_dashboard_counts(place: Place) -> None:
    place.issue()
    rows = sheet(place.get(place.dashboard + "/report.csv"))
    assert sum(row[2] == "Issued" for row in rows) == 3
    assert "<dt>Issued</dt><dd>3</dd>" in place.get(place.dashboard).text


def test_the_report_is_not_bound_by_the_limit_of_the_list(
    tmp_path: Path, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "AT_ONCE", 7)
    places = make_place(tmp_path, host, CERTIFY_LIST_LIMIT=5)
    place = next(places)
    place.write_records(*({"learner_ref": f"{n:03}"} for n in range(21)))
    assert len(sheet(place.get(place.dashboard + "/report.csv"))) == 22
    assert list(places) == []


def test_a_cell_that_a_spreadsheet_would_run_is_harmless(place: Place) -> None:
    place.host.change_learner(story.RUN, "ben", display_name='=HYPERLINK("http://evil.example","x")')
    place.write_records({"learner_ref": "ben"})
    assert sheet(place.get(place.dashboard + "/report.csv"))[1][0] == '\'=HYPERLINK("http://evil.example","x")'


def test_columns_that_only_some_learners_have_are_all_kept_and_missing_answers_are_empty(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"a": {"Name": "Ann"}, "b": {"Name": "Bob", "Region": "Wales"}}

    def report_columns(run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        return {ref: given[ref] for ref in learner_refs if ref in given}

    monkeypatch.setattr(place.host, "report_columns", report_columns)
    monkeypatch.setattr(report, "AT_ONCE", 1)
    place.write_records({"learner_ref": "a"}, {"learner_ref": "b"}, {"learner_ref": "c"})
    assert sheet(place.get(place.dashboard + "/report.csv")) == [
        ["Name", "Region", "Certificate Status", "Certificate Type"],
        ["Ann", "", "", ""],
        ["Bob", "Wales", "", ""],
        ["", "", "", ""],
    ]


def test_a_host_that_goes_away_half_way_gives_an_error_and_not_half_a_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Collection[str]] = []

    def report_columns(run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        calls.append(learner_refs)
        if len(calls) == 2:
            raise HostAway()
        return {}

    monkeypatch.setattr(place.host, "report_columns", report_columns)
    monkeypatch.setattr(report, "AT_ONCE", 2)
    place.write_records(*({"learner_ref": str(n)} for n in range(5)))
    answer = place.get(place.dashboard + "/report.csv")
    assert (answer.status_code, len(calls)) == (503, 2)
    assert "try again later" in answer.text


# ---- the failure log -------------------------------------------------------------------------------


@pytest.fixture
def troubled(place: Place) -> Iterator[SimpleNamespace]:
    """Fay has no name, Ben could not be told, and somebody was too early."""
    place.host.add_learner(story.RUN, story.learner("fay", None))
    place.issue()
    place.note_failure("ben", "notify", "notify.no_contact")
    place.note_failure(None, "open", "run.not_ended", end="2026-05-31")
    yield SimpleNamespace(place=place, page=place.dashboard + "/failures", file=place.dashboard + "/failures.csv")


def test_every_failure_stands_there_with_a_sentence_that_says_what_to_do(troubled: SimpleNamespace) -> None:
    page = troubled.place.get(troubled.page).text
    assert "The learner has no name. Correct the name in the learning platform, then issue again." in page
    assert "knows neither an email address nor a mobile number" in page
    assert "The course run ends on 2026-05-31." in page
    assert "WA-fay" in page and "The whole course run" in page
    assert "3 entries" in page


def test_failures_are_filtered_by_step(troubled: SimpleNamespace) -> None:
    page = troubled.place.get(troubled.page + "?step=notify").text
    assert "notify.no_contact" in page and "name.missing" not in page
    assert "There is nothing like this." in troubled.place.get(troubled.page + "?step=nothing").text


def test_what_was_put_right_is_shown_only_when_asked_for(troubled: SimpleNamespace) -> None:
    place = troubled.place
    place.host.change_learner(story.RUN, "fay", display_name="Fay Wray")
    place.issue()
    assert "name.missing" not in place.get(troubled.page).text
    everything = place.get(troubled.page + "?all=1").text
    assert "name.missing" in everything and "Put right" in everything


def test_what_failed_again_says_how_often_and_when_last(troubled: SimpleNamespace) -> None:
    """R-178: the attempt."""
    assert "Failed" not in troubled.place.get(troubled.page).text
    troubled.place.issue()
    assert "Failed 2 times; the last time:" in troubled.place.get(troubled.page).text


def test_the_file_holds_the_same_and_no_name(troubled: SimpleNamespace) -> None:
    rows = sheet(troubled.place.get(troubled.file + "?step=notify"))
    assert rows == [
        ["Time (UTC)", "External ID", "Step", "Code", "Reason", "Put right (UTC)", "Attempts", "Last attempt (UTC)"],
        [
            "2026-06-15T09:30:00+00:00",
            "WA-ben",
            "Telling the learner",
            "notify.no_contact",
            "The learning platform knows neither an email address nor a mobile number of this learner.",
            "",
            "1",
            "2026-06-15T09:30:00+00:00",
        ],
    ]
    assert "Okri" not in troubled.place.get(troubled.file).text


def test_a_run_where_everything_worked_says_so(place: Place) -> None:
    assert "Everything that was tried has worked." in place.get(place.dashboard + "/failures").text
