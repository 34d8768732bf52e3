"""What is taken away is taken away whole, and only from whom it is to be taken at that moment."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.states import AwardState
from flask_certify.eligibility import events
from flask_certify.issuing import happenings, people, vetoes
from tests.support.excepting import allow, disallow, history, invalidate, lift
from tests.support.life import Life
from tests.support.story import TOM

ISSUED, WITHDRAWN = AwardState.ISSUED, AwardState.WITHDRAWN


def first(monkeypatch: pytest.MonkeyPatch, where: ModuleType, name: str, act: Callable[[], object]) -> None:
    """Somebody does this, once, after `name` was asked and before anything is stored."""
    asked, waiting = getattr(where, name), [act]

    def then(*args: Any) -> Any:
        answer = asked(*args)
        while waiting:
            waiting.pop()()
        return answer

    monkeypatch.setattr(where, name, then)


def break_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError("the machine dies here")

    monkeypatch.setattr(happenings.moves, "move_many", broken)


def test_an_invalidation_and_its_withdrawal_are_one(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-077: nothing is declared invalid that goes on being answered as valid."""
    life.issue("ada")
    with monkeypatch.context() as breaking:
        break_down(breaking)
        with pytest.raises(RuntimeError):
            invalidate(life, "ada")
    assert (history(life, "ada"), life.states("ada")) == ([], [ISSUED])
    assert invalidate(life, "ada").done == ("ada",)
    assert life.states("ada") == [WITHDRAWN]


def test_an_entry_that_is_removed_and_its_withdrawal_are_one(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-072."""
    allow(life, "ben")
    with monkeypatch.context() as breaking:
        break_down(breaking)
        with pytest.raises(RuntimeError):
            disallow(life, "ben")
    assert (history(life, "ben")[0].ended_at, life.states("ben")) == (None, [ISSUED])
    assert disallow(life, "ben", "cy").done == ("ben",)
    assert life.states("ben") == [WITHDRAWN]


@pytest.mark.parametrize("event", [events.Failed(), events.ExamRejected(), events.ProgressSaid(70)])
def test_who_is_put_on_the_list_while_the_host_is_asked_keeps_the_certificate(
    life: Life, monkeypatch: pytest.MonkeyPatch, event: events.Event
) -> None:
    """R-070, R-071, R-075: the listed are exempt, also those who have just been listed."""
    life.issue("ada")
    first(monkeypatch, happenings, "ask_fresh", lambda: allow(life, "ada"))
    done = happenings.happen(life.rt, life.run.id, {"ada": event}, actor=TOM)
    assert [each.code for each in done.responses["ada"].reasons] == ["exempt_as_listed"]
    assert life.states("ada") == [ISSUED]


def test_what_is_lifted_while_it_is_decided_is_not_withdrawn(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-074: only an invalidation that is active stands against a certificate."""
    [award] = life.issue("ada")
    invalidate(life, "ada")
    lift(life, "ada")
    with monkeypatch.context() as as_before:  # declared invalid by a version that did not withdraw at once
        as_before.setattr(happenings, "_take", lambda *args: [])
        invalidate(life, "ada")
    first(monkeypatch, vetoes, "decide_and_ask", lambda: lift(life, "ada"))
    [outcome] = happenings.reconsider(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (outcome.result, outcome.award_id) == ("already", award.id)
    assert life.states("ada") == [ISSUED]
    assert [move.move.value for move in life.history(award)] == ["withdraw", "restore"]


def test_who_is_erased_while_a_new_certificate_is_signed_gets_none_of_that_name(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-254."""
    [award] = life.issue("ada")
    first(
        monkeypatch,
        vetoes,
        "decide_and_ask",
        lambda: people.erase(life.rt, "ada", Why(Cause.HOLDER_REQUEST), actor=TOM),
    )
    [outcome] = life.reissue("ada")
    assert outcome.award_id == award.id
    assert [each.frozen.recipient_name for each in life.awards("ada")] == [None]
