"""What is made of the host's records: unknown stays apart from every value."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from flask_certify.eligibility.facts import Facts, learner_facts, run_facts
from flask_certify.eligibility.reasons import Reason
from flask_certify.host.records import Assessment, Attempt, CourseRun, Enrolment, LearnerRecord

INDIA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2028, 3, 1, 12, tzinfo=UTC)
END = datetime(2028, 2, 29, 12, tzinfo=INDIA)
RUN = CourseRun(
    "r", "Bread", "c", "wales", end=END, zone="Asia/Kolkata", assessments=(Assessment("quiz", max_score=10),)
)
ADA = LearnerRecord("ada", enrolment=Enrolment(mode="verified"), progress=100.0, attempts=(Attempt("quiz", 8),))


def known(record: LearnerRecord, run: CourseRun = RUN, now: datetime = NOW) -> Facts:
    return learner_facts(run_facts(run, now), record, now)


def test_whole_numbers_stay_whole_and_others_stay_exact() -> None:
    """R-042."""
    assert (known(ADA).progress, known(ADA).score) == (100, 80)
    assert isinstance(known(ADA).progress, int) and isinstance(known(ADA).score, int)
    assert known(replace(ADA, progress=99.99)).progress == Fraction(9999, 100)


def test_silence_of_the_host_is_no_value() -> None:
    """R-033, D-06."""
    silent = known(LearnerRecord("ben"))
    assert silent.progress is None and silent.passing is None
    assert not silent.enrolled and silent.mode is None and not silent.completed


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -1.0, 100.5])
def test_a_progress_that_is_none_is_wrong_data(nonsense: float) -> None:
    """R-041: neither guessed nor capped."""
    assert known(replace(ADA, progress=nonsense)).progress == Reason("progress.not_a_percentage")


@pytest.mark.parametrize(
    ("completed_on", "in_time"),
    [
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=INDIA), True),
        (datetime(2028, 2, 29, 18, 29, 59, tzinfo=UTC), True),
        (datetime(2028, 3, 1, 0, 0, tzinfo=INDIA), False),
        (datetime(2028, 2, 29, 18, 30, tzinfo=UTC), False),
        (None, False),
    ],
)
def test_completion_counts_to_the_end_of_the_last_day_in_the_zone_of_the_run(
    completed_on: datetime | None, in_time: bool
) -> None:
    """R-044, R-090: around midnight, on 29 February."""
    facts = known(replace(ADA, completed_on=completed_on))
    assert (facts.completed, facts.completed_in_time) == (completed_on is not None, in_time)


def test_any_time_will_do_in_a_run_without_an_end_which_never_ends() -> None:
    """R-045."""
    facts = known(replace(ADA, completed_on=NOW), replace(RUN, end=None))
    assert facts.completed_in_time
    assert not facts.run.has_ended


def test_a_run_has_ended_at_its_end() -> None:
    assert run_facts(RUN, END).has_ended
    assert not run_facts(RUN, END - timedelta(seconds=1)).has_ended


def test_an_identity_is_approved_until_it_expires() -> None:
    """R-053."""
    assert known(replace(ADA, identity_verified_until=NOW + timedelta(seconds=1))).identity_approved
    assert not known(replace(ADA, identity_verified_until=NOW)).identity_approved
    assert not known(ADA).identity_approved


def test_an_inactive_enrolment_is_one() -> None:
    """R-032, D-28."""
    assert known(replace(ADA, enrolment=Enrolment(mode="verified", active=False))).enrolled


def test_what_the_installation_asks_of_every_run_is_asked_of_each() -> None:
    """R-057, D-12: the switch of the installation, or that of the run."""
    assert not run_facts(RUN, NOW).identity_required
    assert run_facts(RUN, NOW, identity_required=True).identity_required
    assert run_facts(replace(RUN, identity_required=True), NOW).identity_required


def test_honor_earns_unless_the_installation_switches_it_off_and_audit_never_does() -> None:
    """R-058."""
    assert run_facts(RUN, NOW).not_earning == {"audit"}
    assert run_facts(RUN, NOW, honor_earns=False).not_earning == {"audit", "honor"}
