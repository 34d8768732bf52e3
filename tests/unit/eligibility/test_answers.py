"""What a host says about learners is looked at before anything is decided by it."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from flask_certify.core.hosts import WrongAnswer
from flask_certify.eligibility.answers import UNFIT, page_of, refs_of, usable, wrong_field, wrong_records
from flask_certify.host.records import Attempt, Enrolment, LearnerRecord
from tests.support.story import learner

NAIVE = datetime(2026, 5, 20)
ADA = learner("ada", "Ada Lovelace", score=90)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("display_name", 5),
        ("tenant_ref", b"wales"),
        ("locale", ("en",)),
        ("completed_on", NAIVE),
        ("completed_on", "2026-05-20"),
        ("completed_on", datetime(1, 1, 1, tzinfo=UTC)),  # what other languages say for no time at all
        ("identity_verified_until", NAIVE),
        ("progress", False),
        ("progress", "100"),
        ("passing", 0),
        ("attributes", None),
        ("attempts", None),
        ("attempts", (None,)),
        ("attempts", (Attempt("quiz", None),)),  # type: ignore[arg-type]
        ("attempts", (Attempt("quiz", Decimal("NaN")),)),  # type: ignore[arg-type]
        ("progress", Decimal("sNaN")),
        ("attempts", (Attempt("quiz", 5, "10"),)),  # type: ignore[arg-type]
        ("enrolment", "verified"),
        ("enrolment", Enrolment(mode=None)),  # type: ignore[arg-type]
        ("enrolment", Enrolment(since=NAIVE)),
    ],
)
def test_a_field_of_another_kind_is_named(name: str, value: Any) -> None:
    """R-041, R-075: neither guessed nor read as a no."""
    wrong = replace(ADA, **{name: value})
    assert wrong_field(wrong) == name
    [(ref, reason)] = wrong_records({"ada": wrong, "ben": ADA}).items()
    assert (ref, reason.code, reason.values) == ("ada", "learner.wrong_answer", {"field": name})


@pytest.mark.parametrize("ref", ["x" * 101, "a\0", "a\ud800"])
def test_a_reference_that_no_table_can_hold_is_told_and_nothing_is_decided_by_it(ref: str) -> None:
    """R-050: whoever has it fails alone."""
    assert wrong_records({ref: ADA, "ben": ADA}) == {ref: UNFIT}
    assert usable([replace(ADA, learner_ref=ref), ADA]) == [ADA]


@pytest.mark.parametrize("said", [None, 7, ["physics-1", 3], "physics-1\0"])
def test_references_are_a_list_of_texts(said: Any) -> None:
    assert refs_of(("physics-1", "ships-1")) == {"physics-1", "ships-1"}
    if isinstance(said, str):
        said = [None]
    with pytest.raises(WrongAnswer):
        refs_of(said)


@pytest.mark.parametrize("number", [100, 99.5, Decimal("99.5"), Fraction(199, 2)])
def test_every_kind_of_number_and_what_nobody_said_is_fine(number: Any) -> None:
    scored = replace(ADA, progress=number, attempts=[Attempt("quiz", number, number)])
    for record in (
        ADA,
        scored,
        LearnerRecord("eve"),
        replace(ADA, passing=True, completed_on=NAIVE.replace(tzinfo=UTC)),
    ):
        assert wrong_field(record) is None


def test_what_is_no_record_is_told_so() -> None:
    assert wrong_field("ada") == "learner_records"


def test_a_page_is_a_sequence_of_records_and_goes_on() -> None:
    assert page_of([ADA], None) == [ADA]
    assert page_of([], "ada") == []
    for page, after, named in ((None, None, "learners"), ([None], None, "learners"), ([ADA], "ada", "after")):
        with pytest.raises(WrongAnswer, match=named):
            page_of(page, after)


def test_those_about_whom_nothing_can_be_decided_are_left_out() -> None:
    assert usable([ADA, replace(ADA, learner_ref="ben", progress=False)]) == [ADA]
