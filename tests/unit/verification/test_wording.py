"""The answers in words, and the facts in the reader's language."""

from datetime import UTC, datetime

import pytest
from babel import Locale

from flask_certify.core import reader
from flask_certify.verification import wording
from flask_certify.verification.answers import Answer
from flask_certify.verification.links import is_followable
from flask_certify.verification.wording import WORDS


def test_each_answer_has_a_heading_and_a_sentence_of_its_own() -> None:
    assert WORDS.keys() == set(Answer)
    assert len({words.heading for words in WORDS.values()}) == len(Answer)
    assert len({words.sentence for words in WORDS.values()}) == len(Answer)


def test_only_a_valid_certificate_looks_good_and_an_outage_does_not_look_bad() -> None:
    assert [answer for answer, words in WORDS.items() if words.kind == "good"] == [Answer.VALID]
    assert WORDS[Answer.CANNOT_CHECK].kind == "calm"


@pytest.mark.parametrize(
    ("language", "month", "score"),
    [("en", "May 2026", "82.5%"), ("hi", "मई 2026", "82.5%"), ("de", "Mai 2026", "82,5%")],
)
def test_months_and_scores_are_the_readers(
    language: str, month: str, score: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "reader_locale", lambda: Locale(language))

    assert wording.month(datetime(2026, 4, 30, 18, 45, tzinfo=UTC), "Asia/Kolkata") == month
    assert wording.percent("82.5") == score


@pytest.mark.parametrize("score", ["0", "100", "66.67"])
def test_a_score_loses_no_digit(score: str) -> None:
    assert wording.percent(score) == f"{score}%"


@pytest.mark.parametrize("address", ["https://example.org/v?id=1", "http://127.0.0.1:8080/courses", "/courses", "/a:b"])
def test_a_link_may_lead_to_the_web_or_to_this_site(address: str) -> None:
    assert is_followable(address)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "//example.org",
        "/\\example.org",
        "\\\\example.org",
        "https:///x",
        "http://[",
        "courses",
        "",
    ],
)
def test_a_link_never_leads_to_a_script_or_by_stealth_elsewhere(address: str) -> None:
    assert not is_followable(address)
