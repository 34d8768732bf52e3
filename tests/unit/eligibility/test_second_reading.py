"""The engine against a second reading of group B2, over cases of all kinds."""

import json
import os

import click
import pytest
from click.testing import CliRunner

from flask_certify.eligibility import commands
from flask_certify.eligibility.cases import case_of, verdict_to_json
from flask_certify.eligibility.engine import evaluate
from tests.support import second_reading

EVERY = int(os.environ.get("CERTIFY_EVERY", "499"))
"""A prime, so that all values meet: one of so many cases is compared. `CERTIFY_EVERY=1` compares all there are."""


def decided(case: dict[str, object]) -> second_reading.Answer:
    said = verdict_to_json(evaluate(case_of(case)))
    return said["decision"], said["status_after"], said["handled"], _failed_first(said)


def _failed_first(said: dict[str, object]) -> str:
    reasons = said["reasons"]
    assert isinstance(reasons, list) and reasons
    return "" if said["decision"] == "generate" else reasons[0]["code"]


def test_the_engine_says_what_a_second_reading_of_the_requirements_says() -> None:
    """R-050, R-053 to R-060, R-064 to R-066, R-074: decision, status after it, handled, and what failed first."""
    differ = [case for case in second_reading.every(EVERY) if decided(case) != second_reading.read(case)]
    assert differ[:3] == []


@pytest.mark.parametrize("key", second_reading.VALUES)
def test_each_key_alone_takes_all_its_values_and_is_harmless_when_it_is_missing(key: str) -> None:
    """D-06."""
    for value in second_reading.VALUES[key]:
        assert decided({key: value}) == second_reading.read({key: value}), value
    assert decided({key: None}) == decided({}) == ("generate", "downloadable", True, "")


def test_the_command_says_the_same_line_by_line() -> None:
    """R-051: it asks the engine of the product, and keeps no copy of a rule."""
    cases = list(second_reading.every(EVERY * 61))
    lines = "\n".join(json.dumps(each) for each in cases)
    group = click.Group()
    commands.register(group)
    result = CliRunner().invoke(group, ["decide", "-"], input=lines)
    assert result.exit_code == 0, result.stderr
    said = [json.loads(line) for line in result.stdout.splitlines()]
    assert [set(each) for each in said] == [{"decision", "status_after", "handled", "reasons"}] * len(cases)
    answers = [(each["decision"], each["status_after"], each["handled"], _failed_first(each)) for each in said]
    assert answers == [second_reading.read(each) for each in cases]
