"""The name that is printed (R-096)."""

import pytest

from flask_certify.host.records import LearnerRecord
from flask_certify.issuing.names import name_on_paper, tidy


def test_the_preferred_name_goes_before_the_display_name_and_the_verified_one_is_a_choice() -> None:
    record = LearnerRecord("ada", display_name="A. Byron", preferred_name="Ada Lovelace", verified_name="Augusta King")
    assert name_on_paper(record) == "Ada Lovelace"
    chosen = LearnerRecord("ada", display_name="A. Byron", verified_name="Augusta King", use_verified_name=True)
    assert name_on_paper(chosen) == "Augusta King"
    assert name_on_paper(LearnerRecord("ada", display_name="A. Byron", preferred_name=" ")) == "A. Byron"


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("Asha null", "Asha"),
        ("None None", ""),
        ("  Asha \t Devi\n", "Asha Devi"),
        ("Asha\x00\x07 Devi\u202e", "Asha Devi"),
        ("Śri\u0301", "Śrí"),
        ("श्रीमान् क्\u200dष", "श्रीमान् क्\u200dष"),
        ("क्\u200cष", "क्\u200cष"),
        ("...", ""),
        ("Nullah Noneson", "Nullah Noneson"),
        ("", ""),
    ],
)
def test_words_of_programs_and_control_characters_never_reach_paper_but_joiners_do(given: str, printed: str) -> None:
    assert tidy(given) == printed


def test_nobody_is_called_nothing() -> None:
    assert name_on_paper(LearnerRecord("x", display_name="null null")) is None
    assert name_on_paper(LearnerRecord("x")) is None
