"""Rules as they are stored."""

import json
from fractions import Fraction
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility import notation, rules
from flask_certify.eligibility.notation import Clause, UnreadableRule
from tests.support.any_rules import any_rule

SCHEMA = jsonschema.Draft202012Validator(notation.schema())
PAIR = (
    Clause("completion", "tenant", rules.completion()),
    Clause("achievement", "everyone", rules.achievement(), "modern", ("score", "location"), "12 months"),
)


def fits_schema(rule: object) -> bool:
    return SCHEMA.is_valid({"version": 1, "attachments": [{"achievement": "x", "rule": rule}]})


@given(any_rule)
def test_a_rule_read_back_is_the_rule_that_was_stored(rule: rules.Rule) -> None:
    """R-026: ≥ stays ≥, and 79.99 stays 79.99."""
    stored = notation.to_json(rule)
    try:
        assert notation.from_json(stored) == rule
    except UnreadableRule:
        assert depth(rule) > notation.DEEPEST
    assert fits_schema(stored)


def depth(rule: rules.Rule) -> int:
    match rule:
        case rules.AllOf(inner) | rules.AnyOf(inner):
            return 1 + max(depth(each) for each in inner)
        case _:
            return 0


def test_the_default_pair_is_written_as_people_would() -> None:
    assert notation.to_json(rules.achievement(Fraction("79.5"))) == {
        "all": [{"progress": "100"}, {"score_at_least": "79.5"}]
    }


def test_what_replaces_a_rule_replaces_it_whole() -> None:
    """R-026: a removed merit rule is gone."""
    stored = notation.rule_set_to_json(PAIR)
    del stored["attachments"][1]
    assert notation.rule_set_from_json(stored) == PAIR[:1]


@pytest.mark.parametrize(
    ("stored", "code", "named"),
    [
        ({}, "rule.unreadable", "one name"),
        ([], "rule.unreadable", "one name"),
        ("progress", "rule.unreadable", "one name"),
        ({"progress": "100", "score_below": "80"}, "rule.unreadable", "one name"),
        ({"progres": "100"}, "rule.unknown_operator", "'progres'"),
        ({"score_over": "80"}, "rule.unknown_operator", "'score_over'"),
        ({"x" * 100: "80"}, "rule.unknown_operator", "xxx..."),
        ({"any": [{"all": [{"nothing": "1"}]}]}, "rule.unknown_operator", "'nothing'"),
        ({"progress": 100}, "rule.not_a_percentage", "100"),
        ({"progress": "many"}, "rule.not_a_percentage", "'many'"),
        ({"progress": "1/0"}, "rule.not_a_percentage", "'1/0'"),
        ({"progress": "101"}, "rule.not_a_percentage", "'101'"),
        ({"progress": "1e1"}, "rule.not_a_percentage", "'1e1'"),
        ({"progress": "²"}, "rule.not_a_percentage", "'²'"),
        ({"score_below": "-1"}, "rule.not_a_percentage", "'-1'"),
        ({"score_at_least": " 80"}, "rule.not_a_percentage", "' 80'"),
        ({"score_at_least": "80\n"}, "rule.not_a_percentage", "80"),
        ({"all": []}, "rule.wrong_value", "all"),
        ({"all": {"progress": "100"}}, "rule.wrong_value", "all"),
        ({"attribute": "x"}, "rule.wrong_value", "'x'"),
        ({"attribute": {"name": "x"}}, "rule.wrong_value", "nothing for is"),
        ({"attribute": {"name": "", "is": "y"}}, "rule.wrong_value", "''"),
        ({"attribute": {"name": "x", "is": 1}}, "rule.wrong_value", "1"),
        ({"attribute": {"name": "x", "is": "y", "not": "z"}}, "rule.unknown_field", "'not'"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(stored: object, code: str, named: str) -> None:
    """R-025."""
    with pytest.raises(UnreadableRule, match="cannot be read") as refused:
        notation.from_json(stored)
    assert refused.value.code == code
    assert named in str(refused.value)
    assert not fits_schema(stored) or code == "rule.not_a_percentage"


@pytest.mark.parametrize("text", ["\0", "north\ud800"])
def test_what_no_database_takes_as_text_is_refused(text: str) -> None:
    """R-025: it would be stored, or looked for, and fail there."""
    for stored in ({"attribute": {"name": text, "is": "x"}}, {"attribute": {"name": "x", "is": text}}):
        with pytest.raises(UnreadableRule, match="attribute does not take"):
            notation.from_json(stored)
    whole = {"version": 1, "attachments": [{"achievement": text, "rule": {"progress": "100"}}]}
    with pytest.raises(UnreadableRule, match="achievement does not take"):
        notation.rule_set_from_json(whole)


def test_a_rule_nested_too_deep_is_refused() -> None:
    deep: object = {"progress": "100"}
    for _ in range(notation.DEEPEST + 1):
        deep = {"all": [deep]}
    with pytest.raises(UnreadableRule, match="no deeper than 8"):
        notation.from_json(deep)


def test_a_rule_of_too_many_parts_is_refused() -> None:
    with pytest.raises(UnreadableRule, match="more than 64 parts"):
        notation.from_json({"any": [{"progress": "100"}] * notation.MOST_PARTS})


def test_a_rule_set_read_back_is_the_one_that_was_stored() -> None:
    stored = notation.rule_set_to_json(PAIR)
    SCHEMA.validate(stored)
    assert notation.rule_set_from_json(stored) == PAIR


def test_an_attachment_without_an_audience_is_for_learners_of_the_tenant() -> None:
    """R-034."""
    stored = {"version": 1, "attachments": [{"achievement": "x", "rule": {"progress": "100"}}]}
    SCHEMA.validate(stored)
    assert notation.rule_set_from_json(stored)[0].audience == "tenant"


def changed(**changes: Any) -> dict[str, Any]:
    return {"version": 1, "attachments": [{"achievement": "x", "rule": {"progress": "100"}, **changes}]}


@pytest.mark.parametrize(
    ("stored", "code"),
    [
        ([], "rule.wrong_value"),
        ({"version": 1}, "rule.wrong_value"),
        ({"version": 1, "attachments": []}, "rule.wrong_value"),
        ({"version": 1, "attachments": {}}, "rule.wrong_value"),
        ({"version": 1, "attachments": [1]}, "rule.wrong_value"),
        ({"version": 1, "attachments": changed()["attachments"] * 9}, "rule.wrong_value"),
        ({"version": 2, "attachments": []}, "rule.unknown_version"),
        ({"version": True, "attachments": []}, "rule.unknown_version"),
        ({"version": 1, "attachments": [], "notes": ""}, "rule.unknown_field"),
        (changed(audience="nobody"), "rule.wrong_value"),
        (changed(audience=[]), "rule.wrong_value"),
        (changed(achievement=""), "rule.wrong_value"),
        (changed(template=""), "rule.wrong_value"),
        (changed(template=None), "rule.wrong_value"),
        (changed(facts="score"), "rule.wrong_value"),
        (changed(facts=[1]), "rule.wrong_value"),
        (changed(colour="red"), "rule.unknown_field"),
        (changed(rule={"progress": "lots"}), "rule.not_a_percentage"),
    ],
)
def test_a_rule_set_that_is_none_is_refused_and_the_schema_says_so_as_well(stored: object, code: str) -> None:
    """R-025."""
    with pytest.raises(UnreadableRule) as refused:
        notation.rule_set_from_json(stored)
    assert refused.value.code == code
    assert not SCHEMA.is_valid(stored) or stored == {"version": True, "attachments": []}


TWICE = b'{"version": 1, "attachments": [{"achievement": "a", "rule": {"progress": "90", "progress": "10"}}]}'


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 100_000, b'{"version": 1}{}', TWICE])
def test_a_file_that_is_not_json_is_refused_in_words(data: bytes) -> None:
    """R-025."""
    with pytest.raises(UnreadableRule, match="not JSON"):
        notation.rule_set_from_text(data)


def test_a_rule_set_is_read_from_a_file_with_or_without_a_mark_of_byte_order() -> None:
    written = json.dumps(notation.rule_set_to_json(PAIR))
    assert notation.rule_set_from_text(written.encode()) == PAIR
    assert notation.rule_set_from_text(written.encode("utf-8-sig")) == PAIR


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*notation.OPERATORS, "name", "is", "x"]), inner)
    ),
    max_leaves=10,
)


@given(json_values)
def test_whatever_is_sent_is_a_rule_that_can_be_written_again_or_is_refused(sent: object) -> None:
    """R-025."""
    try:
        rule = notation.from_json(sent)
    except UnreadableRule:
        return
    assert notation.from_json(notation.to_json(rule)) == rule


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(notation.schema())
