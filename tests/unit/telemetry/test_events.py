"""What is counted, and that nothing about a person can be."""

import pytest

from flask_certify.telemetry.events import KINDS, Event, kind_of
from flask_certify.telemetry.models import Telemetry
from flask_certify.verification.answers import Answer


def test_every_event_says_in_which_kinds_it_is_told_apart() -> None:
    assert set(KINDS) == set(Event)


def test_every_answer_of_a_verification_is_counted_as_itself() -> None:
    assert {kind_of(Event.VERIFIED, {"answer": answer.value}) for answer in Answer} == {
        f"answer={answer.value}" for answer in Answer
    }


@pytest.mark.parametrize("told", ["Ada Lovelace", "7G4K9QXM2TPD", "203.0.113.9", "ada@example.org", ""])
def test_names_codes_and_addresses_are_counted_as_something_else(told: str) -> None:
    assert kind_of(Event.VERIFIED, {"answer": told}) == "answer=other"


def test_a_kind_that_the_event_does_not_have_is_dropped() -> None:
    assert kind_of(Event.REVOKED, {"name": "Ada Lovelace"}) == ""


def test_kinds_are_told_in_one_order_so_that_they_are_counted_together() -> None:
    one = kind_of(Event.DOWNLOAD, {"who": "learner", "device": "web"})
    other = kind_of(Event.DOWNLOAD, {"device": "web", "who": "learner"})

    assert one == other == "device=web,who=learner"


def test_the_longest_event_and_kind_fit_into_their_columns() -> None:
    table = Telemetry.__table__
    for event, names in KINDS.items():
        longest = {name: max(words, key=len) for name, words in names.items()}
        assert len(event) <= table.c.event.type.length
        assert len(kind_of(event, longest)) <= table.c.kind.type.length
