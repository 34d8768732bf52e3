"""The names of the campus: the same for the same id, and every script among them."""

import unicodedata
from collections import Counter

import pytest

from examples.campus import oulad
from examples.campus.names import SCRIPTS, name_of
from flask_certify.documents import fonts

# How Unicode calls the letters of each script.
LETTERS = {"Odia": "ORIYA", "Urdu": "ARABIC"}


def test_the_same_id_has_the_same_name_on_every_machine():
    assert [name_of(each).text for each in ("11391", "28400", "31604")] == [
        "Rhys Griffiths",
        "किरण वर्मा",
        "Charlotte MacDonald",
    ]
    assert name_of("11391") == name_of("11391")


def test_the_shares_of_the_scripts_add_up_to_everybody():
    assert sum(script.share for script in SCRIPTS) == 100


def test_the_shipped_run_has_names_in_every_script_of_the_requirements():
    teaching = oulad.read(oulad.SHIPPED)
    scripts = Counter(name_of(each.learner_ref).script for each in teaching.enrolments if each.passing)
    assert set(scripts) == {
        "Latin", "Devanagari", "Tamil", "Telugu", "Kannada", "Malayalam",
        "Bengali", "Gujarati", "Gurmukhi", "Odia", "Urdu", "Arabic",
    }  # fmt: skip
    assert min(scripts.values()) >= 3


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_every_name_is_written_in_its_script_with_letters_that_can_be_printed(script):
    wanted = LETTERS.get(script.name, script.name.upper())
    for name in script.given + script.family:
        letters = [char for char in name if unicodedata.category(char)[0] in "LM"]
        assert {unicodedata.name(char).split()[0] for char in letters} == {wanted}
        assert unicodedata.normalize("NFC", name) == name
        assert fonts.missing(name) == ()


def test_names_are_many():
    assert len({name_of(str(number)).text for number in range(2000)}) > 1500
