"""What a host says about a course run is looked at before anything of it is kept."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from flask_certify.achievements.answers import check_run
from flask_certify.core.hosts import WrongAnswer
from flask_certify.host.records import Assessment, Display, Pacing
from tests.support.story import RUN, make_host

PHYSICS = make_host().runs[RUN]
ASSESSMENTS = (None, "quiz", ("quiz",), (Assessment("quiz", max_score="10"),), (Assessment(7),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("end", datetime(2026, 5, 31)),
        ("end", "2026-05-31"),
        ("start", date(2026, 1, 5)),
        ("zone", "Mars/Base"),
        ("zone", None),
        ("tenant_ref", None),
        ("tenant_ref", "w" * 101),
        ("course_ref", "a\0"),
        ("title", None),
        ("description", None),
        ("author_ref", 7),
        ("video_url", b"https://example.org"),
        ("mentor_refs", "mia"),
        ("mentor_refs", None),
        ("pacing", "self"),
        ("display", "end"),
        ("available_on", "2026-06-01"),
        ("available_on", datetime(2026, 6, 1, tzinfo=UTC)),
        ("identity_required", "no"),
        ("certificates_enabled", None),
        *(("assessments", each) for each in ASSESSMENTS),
        ("assessments", (Assessment("quiz", max_score=Decimal("NaN")),)),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_used_of_a_run_is_told_by_its_field(name: str, value: Any) -> None:
    """R-025, R-041: never stored to fail at night."""
    with pytest.raises(WrongAnswer, match=rf"^{name}$"):
        check_run(replace(PHYSICS, **{name: value}))


def test_another_thing_than_a_run_is_none() -> None:
    with pytest.raises(WrongAnswer, match=r"^run$"):
        check_run({"run_ref": RUN})


def test_what_is_right_or_not_said_is_fine() -> None:
    check_run(PHYSICS)
    check_run(replace(PHYSICS, end=None, assessments=[], open=0))
    unsaid = (Assessment("quiz", max_score=None), Assessment("essay", max_score=7.5))
    on_a_day = replace(PHYSICS, display=Display.END_WITH_DATE, available_on=date(2026, 6, 1))
    check_run(replace(on_a_day, assessments=unsaid, pacing=Pacing.SELF))
