"""What learners ask for on their own pages: another name, and their certificate in a run of their own pace."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from flask_certify.core.clock import FixedClock
from flask_certify.dashboards.explaining import explain
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Display, Pacing
from flask_certify.issuing import changes, corrections
from flask_certify.issuing.corrections import Stage
from tests.support import story
from tests.support.story import RUN, SUE

from .conftest import Place, make_place

RIGHT = "Ada King"


@pytest.fixture
def held(place: Place) -> Place:
    """Everybody who earned one has a certificate."""
    place.issue()
    return place


@pytest.fixture
def guarded(tmp_path: Path, host: MemoryHost) -> Iterator[Place]:
    """The same with forms that are protected."""
    yield from make_place(tmp_path, host, WTF_CSRF_ENABLED=True)


def page_of(place: Place, ref: str = "ada") -> str:
    return f"/certify/awards/{place.award_of(ref).id}/correction"


def ask(place: Place, who: str = "ada", name: str = RIGHT, note: str = "") -> TestResponse:
    return place.post(page_of(place), who, name=name, note=note)


def become(place: Place, **changes_of_run: object) -> None:
    """The host says something else of the run, and that it does."""
    place.host.add_run(replace(place.host.runs[RUN], **changes_of_run))  # type: ignore[arg-type]
    with place.app.app_context():
        changes.run_changed(place.rt, RUN)


# ---- my name is wrong ------------------------------------------------------------------------------


def test_a_learner_asks_for_another_name_confirms_it_and_finds_the_new_certificate(held: Place) -> None:
    """R-179, R-180, R-184: from the card on the page of their certificates to the new card there."""
    assert f'href="{page_of(held)}"' in held.get("/certify/me", "ada").text
    form = held.get(page_of(held), "ada").text
    assert "<bdi>Ada Lovelace</bdi>" in form and "Asking is free, and possible until September 13, 2026." in form
    asked = ask(held, note="married")
    assert (asked.status_code, asked.location) == (303, page_of(held))
    waiting = held.get(page_of(held), "ada").text
    assert "<bdi>Ada King</bdi>" in waiting and "Asked for<" in waiting and 'name="name"' not in waiting
    too_early = held.post(f"{page_of(held)}/confirm", "ada")
    assert too_early.status_code == 409 and "still has the name that is printed" in too_early.text
    held.host.change_learner(RUN, "ada", display_name=RIGHT)
    assert held.post(f"{page_of(held)}/confirm", "ada").status_code == 303
    assert "Confirmed, is being worked on" in held.get(page_of(held), "ada").text
    with held.app.app_context(), held.rt.reading() as session:
        [request] = corrections.of_learner(session, "ada")
    assert (request.state, request.note) == (Stage.CONFIRMED, "married")
    with held.app.app_context():
        corrections.complete(held.rt, request.id, actor=SUE, notify=False)
    cards = held.get("/certify/me", "ada").text
    assert "<bdi>Ada King</bdi>" in cards and "Replaced by a newer certificate" in cards


def test_what_cannot_be_asked_for_is_said_beside_what_was_typed(held: Place) -> None:
    """R-184."""
    nothing = ask(held, name="  ", note="see my passport")
    assert nothing.status_code == 422 and "Write the name as it should be printed" in nothing.text
    assert ">see my passport</textarea>" in nothing.text
    assert ask(held).status_code == 303
    again = ask(held, name="Ada Byron")
    assert again.status_code == 409 and "has been asked for already" in again.text


def test_after_the_time_allowed_the_page_says_so_and_the_card_leads_nowhere(held: Place) -> None:
    """R-184: the time counts from the issue."""
    clock = held.rt.clock
    assert isinstance(clock, FixedClock)
    clock.at = clock.at + timedelta(days=91)
    assert page_of(held) not in held.get("/certify/me", "ada").text
    late = held.get(page_of(held), "ada").text
    assert "A name can be corrected for 90 days after the issue." in late and 'name="name"' not in late


def test_a_request_that_was_refused_says_so_and_can_be_made_again(held: Place) -> None:
    """R-184."""
    ask(held)
    with held.app.app_context(), held.rt.reading() as session:
        [request] = corrections.of_learner(session, "ada")
    with held.app.app_context():
        corrections.refuse(held.rt, request.id, actor=SUE)
    page = held.get(page_of(held), "ada").text
    assert "The certificate stays as it is." in page and 'name="name"' in page


def test_nobody_asks_for_others_nor_about_what_is_not_to_be_seen_yet(held: Place) -> None:
    """R-137, R-086."""
    assert [held.get(page_of(held), who).status_code for who in ("cy", SUE, None)] == [403, 403, 401]
    assert ask(held, who="cy").status_code == 403
    become(held, display=Display.END, end=story.NOW + timedelta(days=9))
    assert page_of(held) not in held.get("/certify/me", "ada").text
    hidden = [held.get(page_of(held), "ada"), ask(held)]
    assert [each.status_code for each in hidden] == [409, 409] and "Lovelace" not in hidden[0].text


# ---- my own certificate ----------------------------------------------------------------------------


def test_a_learner_of_a_self_paced_run_asks_for_the_certificate_and_finds_it(place: Place) -> None:
    """R-068, R-073: where certificates come by themselves there is no such button."""
    own = f"/certify/runs/{place.run.id}/own"
    with place.app.app_context():
        changes.catch_up(place.rt)
    assert "Ask for my certificate" not in place.get("/certify/me", "ada").text
    assert place.post(own, "ada").status_code == 409
    become(place, pacing=Pacing.SELF)
    assert f'action="{own}"' in place.get("/certify/me", "ada").text
    asked = place.post(own, "ada")
    assert (asked.status_code, asked.location) == (303, f"/certify/me?asked={place.run.id}")
    found = place.get(asked.location, "ada").text
    assert "You asked for your certificate, and here it is:" in found and "Download certificate" in found
    assert own not in found
    assert place.post(own, "eve").status_code == place.post(own, story.MIA).status_code == 403


def test_who_asks_and_has_not_earned_it_reads_why(place: Place) -> None:
    """R-052, R-073."""
    become(place, pacing=Pacing.SELF)
    page = place.get(place.post(f"/certify/runs/{place.run.id}/own", "ben").location, "ben").text
    assert "It cannot be issued yet; the reasons stand below:" in page
    assert "70 % of the course is done, 100 % is asked." in page and "Ask for my certificate" in page
    with place.app.app_context():
        assert explain(place.rt, RUN, "ben").holds is None


def test_who_was_never_decided_upon_may_ask_in_a_self_paced_run(place: Place) -> None:
    """R-073: somebody who enrolled since the last night."""
    become(place, pacing=Pacing.SELF)
    with place.app.app_context():
        changes.catch_up(place.rt)
    place.host.add_learner(RUN, story.learner("fay", "Fay Weldon", score=90))
    place.host.actors["fay"] = replace(place.host.actors["ada"], ref="fay", learner_ref="fay")
    assert "Ask for my certificate" in place.get("/certify/me", "fay").text
    place.post(f"/certify/runs/{place.run.id}/own", "fay")
    assert "Download certificate" in place.get("/certify/me", "fay").text


def test_a_learner_without_a_certificate_reads_what_is_asked_for(place: Place) -> None:
    """R-027: before the run has ended, in words."""
    become(place, end=story.NOW + timedelta(days=30))
    with place.app.app_context():
        changes.catch_up(place.rt)
    page = place.get("/certify/me", "ben").text
    assert "What is asked for" in page and "The whole course is done." in page
    assert page.index("Course completion") < page.index("The score is below 80 %.") < page.index("80 % or more.")


def test_both_forms_carry_the_token_of_the_host(guarded: Place) -> None:
    """Without it nothing is changed."""
    become(guarded, pacing=Pacing.SELF)
    with guarded.app.app_context():
        changes.catch_up(guarded.rt)
    client = guarded.app.test_client()
    guarded.host.acting = guarded.host.actors["ada"]
    own = f"/certify/runs/{guarded.run.id}/own"
    assert client.post(own).status_code == 400
    field = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/certify/me").text)
    assert field and client.post(own, data={"csrf_token": field[1]}).status_code == 303
    assert client.post(page_of(guarded), data={"name": RIGHT}).status_code == 400
    field = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page_of(guarded)).text)
    assert field and client.post(page_of(guarded), data={"csrf_token": field[1], "name": RIGHT}).status_code == 303
