"""How often one client may try codes that nobody has (R-145)."""

from datetime import datetime

import pytest

from flask_certify.verification import limits
from flask_certify.verification.limits import MovingWindow
from tests.support.certificates import Issued


def codes(count: int) -> list[str]:
    return [f"{number:012}" for number in range(count)]


def test_the_thirty_first_unknown_code_is_refused_in_words(campus: Issued) -> None:
    statuses = [campus.client.get(f"/certify/v/{code}").status_code for code in codes(30)]

    refused = campus.client.get("/certify/v/0123456789AB")

    assert statuses == [404] * 30
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert "Too many codes that nobody has were tried from your network. Try again in 10 minutes." in refused.text
    assert "This says nothing about any certificate." in refused.text


def test_of_a_thousand_guesses_thirty_are_answered_and_the_certificate_is_not_found_by_the_rest(campus: Issued) -> None:
    """R-145"""
    known = campus.issue("ada")

    answers = [campus.client.get(f"/certify/v/{code}.json") for code in [*codes(999), known]]

    assert [answer.status_code for answer in answers] == [404] * 30 + [429] * 970
    assert len({answer.data for answer in answers[30:]}) == 1


def test_a_program_is_refused_likewise(campus: Issued) -> None:
    for code in codes(30):
        campus.client.get(f"/certify/v/{code}.json")

    refused = campus.client.get("/certify/v/0123456789AB.json")

    assert refused.status_code == 429
    assert refused.get_json()["error"]["code"] == "verification.too_many_attempts"
    assert refused.headers["Retry-After"] == "600"
    by_api = campus.client.get("/certify/api/v1/verify?code=0123456789AB")
    assert (by_api.status_code, by_api.headers["Retry-After"]) == (429, "600")
    assert by_api.get_json()["code"] == "verification.too_many_attempts"


def test_who_has_tried_too_often_learns_of_no_code_whether_it_is_known(campus: Issued) -> None:
    known = campus.issue("ada")
    for code in codes(30):
        campus.client.get(f"/certify/v/{code}")

    assert campus.client.get(f"/certify/v/{known}").text == campus.client.get("/certify/v/0123456789AB").text


def test_a_hall_of_people_may_scan_through_one_address(campus: Issued) -> None:
    code = campus.issue("ada")

    assert {campus.client.get(f"/certify/v/{code}").status_code for _ in range(60)} == {200}


def test_typing_mistakes_that_can_be_no_code_do_not_count(campus: Issued) -> None:
    for _ in range(60):
        assert campus.client.get("/certify/verify?code=12345").status_code == 422


def test_an_outage_does_not_count(campus: Issued) -> None:
    campus.lose_database()

    assert {campus.client.get(f"/certify/v/{code}").status_code for code in codes(40)} == {503}


def test_after_the_wait_one_may_try_again(campus: Issued) -> None:
    for code in codes(31):
        campus.client.get(f"/certify/v/{code}")

    campus.clock.forward(minutes=10)

    assert campus.client.get("/certify/v/0123456789AB").status_code == 404


def test_others_are_not_touched(campus: Issued) -> None:
    for code in codes(31):
        campus.client.get(f"/certify/v/{code}", environ_base={"REMOTE_ADDR": "203.0.113.7"})

    other = campus.client.get("/certify/v/0123456789AB", environ_base={"REMOTE_ADDR": "203.0.113.8"})

    assert other.status_code == 404


class Away:
    """A limiter whose store does not answer."""

    def seconds_to_wait(self, client: str, now: datetime) -> int:
        raise ConnectionError

    def note_miss(self, client: str, now: datetime) -> None:
        raise RuntimeError


def test_a_host_may_plug_its_own_limiter(campus: Issued) -> None:
    limits.plug(campus.app, MovingWindow(most=1))

    statuses = [campus.client.get(f"/certify/v/{code}").status_code for code in codes(2)]

    assert statuses == [404, 429]


@pytest.mark.parametrize("address", ["/certify/v/0123456789AB", "/certify/v/{}"])
def test_a_limiter_that_is_away_stops_nobody_from_checking(campus: Issued, address: str) -> None:
    limits.plug(campus.app, Away())

    assert campus.client.get(address.format(campus.issue("ada"))).status_code in (200, 404)
