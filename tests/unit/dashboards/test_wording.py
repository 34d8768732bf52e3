import pytest

from flask_certify.awards.labels import ISSUE_FAILED, ISSUED, NONE_YET, NOT_AVAILABLE
from flask_certify.dashboards import wording
from flask_certify.eligibility import reasons
from flask_certify.issuing import reissuing, retrying
from flask_certify.notifications import reasons as messages


def test_every_reason_of_a_refusal_has_a_heading_for_many() -> None:
    of_bundles = {"bundle.no_certificate", "document.not_live"}
    of_batches = {"changed_since", "erased", "no_certificate", "exception.listed"}
    assert set(wording.OF_MANY) == set(reasons.DECLINED) | set(reasons.FAULTY) | of_bundles | of_batches


@pytest.mark.parametrize("code", [*reasons.WORDS, *messages.WORDS, "worker.died", "host.unavailable", "run.not_ended"])
def test_every_code_of_the_failure_log_has_a_sentence(code: str) -> None:
    gaps = {
        "has": "1",
        "asked": "2",
        "mode": "audit",
        "tenant": "Wales",
        "name": "x",
        "positions": "x",
        "scripts": "x",
        "end": "x",
    }
    gaps |= {"day": "2026-06-15"}
    gaps |= {"assessment": "quiz", "maximum": "10", "answer": "550", "kind": "KeyError", "port": "learners"}
    gaps |= {"field": "progress"}
    sentence = wording.sentence_of(code, gaps)
    assert sentence != code
    assert "%(" not in sentence


def test_every_step_of_the_failure_log_has_a_name() -> None:
    """R-178."""
    written = {*retrying.DECIDING, retrying.PRINTING, reissuing.STEP, "open", "plan", "notify"}
    assert {wording.step_name(each) for each in written}.isdisjoint(written)


def test_an_error_nobody_has_named_is_told_by_its_kind() -> None:
    assert "(ZeroDivisionError)" in wording.sentence_of("error.ZeroDivisionError", {})


def test_a_code_of_another_version_is_shown_as_it_is() -> None:
    assert wording.sentence_of("from.the.future", {"x": 1}) == "from.the.future"
    assert wording.sentence_of("progress_below", {}) == "progress_below"
    assert wording.sentence_of("run.not_ended", {"other": 1}) == "run.not_ended"


def test_headings_come_the_most_frequent_first_and_without_those_of_nobody() -> None:
    found = wording.of_many({"score_below": 0, "not_enrolled": 2, "progress_below": 90})
    assert found == [("Course not completed", 90), ("Not enrolled", 2)]


def test_statuses_and_kinds_read_as_the_seeds_wrote_them() -> None:
    labels = [wording.label_name(each) for each in (ISSUED, NONE_YET, NOT_AVAILABLE, ISSUE_FAILED)]
    assert labels == ["Issued", "", "N/A", "Issue failed"]
    assert wording.kind_name("completion") == "Course completion"
    assert wording.kind_name("achievement", {"achievement": "renamed"}) == "Certificate of Achievement"
    assert wording.kind_name("first-aid", {"first-aid": "First Aid"}) == "First Aid"
    assert wording.kind_name(None) == ""
