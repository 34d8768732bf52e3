"""What may stand in a text that a tenant writes, and that nothing else gets in (R-250)."""

import time

import pytest

from flask_certify.notifications import sandbox
from flask_certify.notifications.sandbox import NotAllowed, UnknownPlaceholder, Unreadable

KNOWN = ("name", "training", "date")


def test_placeholders_are_filled_and_what_fills_them_is_text() -> None:
    text = "Dear {{ name }}, {{training}}{% if date %} on {{ date }}{% else %} at last{% endif %}. {# for us #}"
    sandbox.check(text, KNOWN)

    values = {"name": "{{ date }} {% if x %}", "training": "100 % {{", "date": ""}
    assert sandbox.fill(text, values) == "Dear {{ date }} {% if x %}, 100 % {{ at last. "


@pytest.mark.parametrize("text", ["{{ nmae }}", "{% if nmae %}x{% endif %}", "{% if not nmae %}x{% endif %}"])
def test_a_placeholder_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnknownPlaceholder, match="There is no placeholder called nmae"):
        sandbox.check(text, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in name %}{% endfor %}",
        "{{ name * 1000000000 }}",
        "{{ name.__class__ }}",
        "{{ name['__class__'] }}",
        "{{ name() }}",
        "{{ name | upper }}",
        "{{ ''.join(name) }}",
        "{{ range(10) }}",
        "{% set name = 1 %}",
        "{% macro name() %}{% endmacro %}",
        "{% include 'certify/frame.html' %}",
        "{% extends 'certify/frame.html' %}",
        "{% import 'certify/macros.html' as name %}",
        "{% block name %}{% endblock %}",
        "{% if name == 1 %}x{% endif %}",
        "{% if name is defined %}x{% endif %}",
        "{{ 'x' ~ name }}",
        "{{ name if date else training }}",
        "{% if name %}" * 5 + "x" + "{% endif %}" * 5,
    ],
)
def test_loops_calls_attributes_filters_and_other_files_are_refused_with_their_line(text: str) -> None:
    with pytest.raises(NotAllowed, match="Line 2 holds more"):
        sandbox.check(f"Dear {{{{ name }}}},\n{text}", KNOWN)


@pytest.mark.parametrize(
    "text", ["{{ name", "{% if name %}", "{{ name }} {% endif %}", "{{ }}", "{% now %}", "{{ name | nothing }}"]
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str) -> None:
    with pytest.raises((Unreadable, NotAllowed), match="Line 2 "):
        sandbox.check(f"\n{text}", KNOWN)


def test_conditions_a_thousand_deep_are_refused_and_break_nothing() -> None:
    with pytest.raises((Unreadable, NotAllowed)):
        sandbox.check("{% if name %}" * 1000 + "{% endif %}" * 1000, KNOWN)


def test_the_largest_text_that_is_accepted_is_written_within_a_moment() -> None:
    text = "{{ name }}" * 400  # 4,000 letters, the most a body may have
    sandbox.check(text, KNOWN)
    began = time.process_time()

    written = sandbox.fill(text, {"name": "x" * 300})

    assert len(written) == 120_000
    assert time.process_time() - began < 1
