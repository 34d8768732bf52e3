"""The mentor issues certificates to all of a run (R-116 to R-120)."""

import re
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.core import workers
from flask_certify.core.ids import new_id
from flask_certify.host.ports import HostAway
from flask_certify.issuing import bulk
from flask_certify.issuing.errors import BatchStuck
from flask_certify.issuing.models import IssueBatch
from tests.support import story

from .conftest import Place


def batches_of(place: Place) -> list[UUID]:
    """Those that were begun, not those that were only looked at."""
    begun = sa.select(IssueBatch.id).where(IssueBatch.run_id == place.run.id, IssueBatch.state != "preview")
    with place.app.app_context(), place.rt.reading() as session:
        return list(session.scalars(begun))


def question(place: Place, who: str = story.MIA) -> str:
    """Where the pop-up sends what was confirmed."""
    page = place.get(place.dashboard + "/issue", who).text
    found = re.search(r'action="(/certify/batches/[-0-9a-f]+/confirm)"', page)
    assert found
    return found[1]


def test_the_pop_up_says_how_many_get_one_and_why_the_others_do_not(place: Place) -> None:
    page = place.get(place.dashboard + "/issue").text
    assert "Certificates will be issued to 3 learners shortly." in page
    assert re.search(r"Certificate of Achievement</span> <strong>2<", page)
    assert re.search(r"Course completion</span> <strong>1<", page)
    assert re.search(r"Course not completed</span> <strong>1<", page)
    assert "Confirm" in page and "Cancel" in page
    assert batches_of(place) == []


def test_the_tenant_chooses_what_its_people_are_called(place: Place) -> None:
    with place.app.app_context():
        ships = ensure_run(place.rt, story.OTHER_RUN)
    page = place.get(f"/certify/runs/{ships.id}/issue", story.MAX).text
    assert "Certificates will be issued to 1 teachers shortly." in page


def test_confirming_opens_one_batch_and_leads_to_its_page(place: Place) -> None:
    answer = place.post(question(place), notify="1")
    [batch_id] = batches_of(place)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/certify/batches/{batch_id}"
    with place.app.app_context(), place.rt.reading() as session:
        batch = session.get_one(IssueBatch, batch_id)
        assert (batch.opened_by, batch.notify) == (story.MIA, True)


def test_without_the_tick_nobody_is_told(place: Place) -> None:
    place.post(question(place))
    [batch_id] = batches_of(place)
    with place.app.app_context(), place.rt.reading() as session:
        assert session.get_one(IssueBatch, batch_id).notify is False


def test_while_a_batch_is_under_way_the_button_is_disabled_for_everybody(place: Place, batch_id: UUID) -> None:
    for who in (story.MIA, story.TOM, story.SUE):
        page = place.get(place.dashboard, who).text
        assert re.search(r'<button class="cf-button" type="button" disabled>Issue online certificates', page)
        assert f"/certify/batches/{batch_id}" in page
    page = place.get(place.dashboard + "/issue").text
    assert "Certificates are being issued." in page
    assert "Confirm" not in page


def test_pressing_twice_leads_both_times_to_the_same_batch(place: Place) -> None:
    """R-127: the same question twice, and a question that somebody else was asked at the same time."""
    mine, toms = question(place), question(place, story.TOM)
    answers = [place.post(mine), place.post(mine), place.post(toms, story.TOM)]
    assert {answer.status_code for answer in answers} == {303}
    first, again, other = (answer.headers["Location"] for answer in answers)
    assert again == first
    assert other == f"{first}?joined=1"  # where it says that somebody was quicker
    assert len(batches_of(place)) == 1


def test_the_page_of_a_batch_shows_how_far_it_is_and_is_never_reloaded_by_itself(place: Place, batch_id: UUID) -> None:
    page = place.get(f"/certify/batches/{batch_id}").text
    assert "<progress" in page
    assert "Getting ready" in page
    assert "Load anew" in page
    assert "http-equiv" not in page

    said = place.get(f"/certify/batches/{batch_id}.json").json
    assert said is not None
    assert (said["is_over"], said["total"], said["done"]) == (False, None, 0)


def test_the_page_of_a_batch_says_what_it_waits_for(
    place: Place, batch_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-126: a mentor need not ask anybody why nothing moves."""
    page = f"/certify/batches/{batch_id}"
    assert "Nobody works on it at the moment" in place.get(page).text
    with place.app.app_context():
        with place.rt.transaction() as tx:
            workers.arrive(tx.session, new_id(), ["issuing"], "1.0", story.NOW)
        assert place.get(page + ".json").json["waits_for"] is None  # type: ignore[index]

        def away(*asked: object) -> None:
            raise HostAway

        monkeypatch.setattr(place.host, "learner_records", away)
        with pytest.raises(BatchStuck):
            bulk.work_off(place.rt, batch_id, 0.1)
    said = place.get(page + ".json").json
    assert said is not None and said["waits_for"] == "host.unavailable"
    assert "Some wait and are tried again by themselves: The learning platform does not answer" in said["line"]
    assert said["line"] in place.get(page).text


def test_what_grows_while_a_batch_runs_is_told_to_the_page_that_is_open(place: Place) -> None:
    """Each number in its tile, and the reasons with theirs."""
    place.post(question(place))
    [batch_id] = batches_of(place)
    path = f"/certify/batches/{batch_id}"
    page = place.get(path).text
    assert set(re.findall(r'data-cf-tile="(\w+)"', page)) == {"happened", "failed", "declined", "already"}
    assert re.search(r"data-cf-reasons hidden>", page)
    with place.app.app_context():
        bulk.work_off(place.rt, batch_id, 20)
    said = place.get(path + ".json").json
    assert said is not None
    assert said["tiles"] == {"happened": "3", "failed": "0", "declined": "1", "already": "0"}
    assert said["reasons"] == [["Course not completed", "1"]]


def test_when_it_has_ended_the_page_says_who_got_what_and_why_others_did_not(place: Place) -> None:
    batch = place.issue()
    page = place.get(f"/certify/batches/{batch.id}").text
    assert "Certificates were issued" in page
    assert "<progress" not in page
    assert re.search(r"<dt>Issued</dt><dd>3</dd>", page)
    assert re.search(r"Course not completed</span> <strong>1<", page)

    said = place.get(f"/certify/batches/{batch.id}.json").json
    assert said is not None
    assert said["is_over"] is True
    assert said["issued"] == {"completion": 1, "achievement": 2}
    assert said["declined"] == {"progress_below": 1}
    assert said["done"] == said["total"] == 4


def test_pressed_again_with_nobody_left_it_says_who_has_one_and_since_when(place: Place) -> None:
    place.issue()
    page = place.get(place.dashboard + "/issue").text
    expected = "Certificates were already issued to 3 learners on 15-06-26-10-30-00"  # in the tenant's zone
    assert f"No new certificates are to be issued. {expected}" in page
    assert "Confirm" not in page
    assert re.search(r'<a class="cf-button" data-cf-dialog', place.get(place.dashboard).text)


def test_somebody_who_has_completed_since_is_issued_to_when_pressed_again(place: Place) -> None:
    place.issue()
    place.host.change_learner(story.RUN, "ben", progress=100.0, completed_on=story.COMPLETED)
    assert "Certificates will be issued to 1 learners shortly." in place.get(place.dashboard + "/issue").text


def test_before_the_end_of_the_run_the_pop_up_says_when_it_ends_and_the_server_refuses(place: Place) -> None:
    earlier = question(place)
    run = place.host.runs[story.RUN]
    place.host.add_run(type(run)(**{name: getattr(run, name) for name in run.__slots__} | {"end": None}))
    page = place.get(place.dashboard + "/issue")
    assert page.status_code == 409
    assert "has no end date" in page.text
    assert "Confirm" not in page.text
    assert place.post(earlier).status_code == 409
    assert batches_of(place) == []


def test_a_run_without_a_certificate_attached_says_so(place: Place) -> None:
    run = place.host.runs[story.RUN]
    values = {name: getattr(run, name) for name in run.__slots__} | {"run_ref": "empty-1"}
    place.host.add_run(type(run)(**values))
    with place.app.app_context():
        empty = ensure_run(place.rt, "empty-1")
    page = place.get(f"/certify/runs/{empty.id}/issue")
    assert page.status_code == 409
    assert "This course does not have a certificate attached to it." in page.text


def test_a_host_that_is_away_means_later(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise HostAway()

    monkeypatch.setattr(place.host, "learners", away)
    page = place.get(place.dashboard + "/issue")
    assert page.status_code == 503
    assert "Nothing is lost; try again later." in page.text


def test_a_program_is_answered_in_json_with_a_code(place: Place) -> None:
    place.host.runs.pop(story.RUN)
    answer = place.get(place.dashboard + "/issue", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["code"] == "run.unknown"
