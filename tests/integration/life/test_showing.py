"""To exist, to be visible and the date that is shown, as support is told of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from flask_certify.awards.causes import Cause, Why
from flask_certify.dashboards.explaining import explain, lines
from flask_certify.host.records import Display, Pacing
from flask_certify.issuing import excepting
from tests.support.certificates import Issued, issued_in
from tests.support.story import RUN, TOM

LATER = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # half an hour before July, in London


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Issued]:
    """The story's host on SQLite: what is decided here depends on no database."""
    with issued_in(f"sqlite:///{tmp_path}/host.db", CERTIFY_AUTOMATIC=True) as ready, ready.app.app_context():
        yield ready


def seen(campus: Issued, **changes: Any) -> tuple[bool, str]:
    campus.host.add_run(replace(campus.host.runs[RUN], **changes))
    facts = explain(campus.rt, RUN, "ada").facts
    return facts["visible"], facts["shown_on"]


@pytest.mark.parametrize(
    ("changes", "visible", "shown"),
    [
        ({"pacing": Pacing.SELF, "end": LATER}, True, "2026-06-15"),
        ({"display": Display.EARLY_NO_INFO, "end": LATER}, True, "2026-06-15"),
        ({"display": Display.END, "end": LATER}, False, "2026-06-30"),
        ({"display": Display.END}, True, "2026-05-31"),
        ({"display": Display.END_WITH_DATE, "available_on": date(2026, 7, 1)}, False, "2026-06-15"),
        ({"display": Display.END_WITH_DATE, "available_on": date(2026, 6, 10)}, True, "2026-06-10"),
        ({"display": Display.END, "available_on": date(2026, 6, 10)}, True, "2026-06-10"),
    ],
)
def test_support_is_told_whether_a_certificate_may_be_seen_and_which_date_it_shows(
    campus: Issued, changes: dict[str, Any], visible: bool, shown: str
) -> None:
    """R-086, R-087, R-088: existing is not yet visible, and dates are those of the run's zone."""
    campus.issue("ada")
    assert seen(campus, **changes) == (visible, shown)


def test_another_date_is_shown_and_changes_nothing_about_who_may_see_it(campus: Issued) -> None:
    """R-089: with a reason, an author and a history of its own."""
    campus.issue("ada")
    run_id = explain(campus.rt, RUN, "ada").run.id
    for day in (date(2026, 4, 1), date(2026, 4, 2)):
        excepting.set_date(campus.rt, run_id, "ada", day, Why(Cause.RESULT_CORRECTED), actor=TOM)
    assert seen(campus, display=Display.END, end=LATER) == (False, "2026-04-02")
    excepting.clear_date(campus.rt, run_id, "ada", Why(Cause.RESULT_CORRECTED), actor=TOM)
    assert seen(campus, display=Display.END, end=LATER) == (False, "2026-06-30")
    told = explain(campus.rt, RUN, "ada").history
    assert [each.what for each in told if "date" in each.what] == [
        "exception.date",
        "exception.date.end",
        "exception.date",
        "exception.date.end",
    ]


def test_one_page_tells_support_pacing_enrolment_grade_and_who_did_what(campus: Issued) -> None:
    """R-185: run, mode, pacing, enrolment, decision with reasons, history."""
    campus.issue("ada")
    told = "\n".join(lines(explain(campus.rt, RUN, "ada")))
    for part in ("physics-1", "Mode of the enrolment", "Pacing of the course run: set by", "evaluation: 90 %", TOM):
        assert part in told
