"""How attempts are counted, and whom they are counted against."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from flask_certify.verification.limits import MovingWindow, client_of

START = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)


def later(**by: float) -> datetime:
    return START + timedelta(**by)


def test_a_client_may_miss_as_often_as_allowed_and_then_waits_for_the_oldest_miss_to_pass() -> None:
    window = MovingWindow(most=3, within=timedelta(minutes=10))
    for minute in range(3):
        assert window.seconds_to_wait("ada", later(minutes=minute)) == 0
        window.note_miss("ada", later(minutes=minute))

    assert window.seconds_to_wait("ada", later(minutes=3)) == 7 * 60
    assert window.seconds_to_wait("ada", later(minutes=9, seconds=59, milliseconds=500)) == 1
    assert window.seconds_to_wait("ada", later(minutes=10)) == 0


def test_the_window_moves_and_does_not_open_all_at_once() -> None:
    window = MovingWindow(most=2, within=timedelta(minutes=10))
    window.note_miss("ada", START)
    window.note_miss("ada", later(minutes=9))
    window.note_miss("ada", later(minutes=10))

    assert window.seconds_to_wait("ada", later(minutes=11)) == 8 * 60


def test_a_client_is_forgotten_when_its_misses_are_too_old() -> None:
    window = MovingWindow(within=timedelta(minutes=10))
    window.note_miss("ada", START)

    window.note_miss("ben", later(minutes=10))

    assert list(window._misses) == ["ben"]


def test_memory_is_bounded_whoever_comes() -> None:
    window = MovingWindow(most=2, clients=100)
    for number in range(1000):
        for _ in range(5):
            window.note_miss(f"client {number}", START)

    assert len(window._misses) == 100
    assert {len(misses) for misses in window._misses.values()} == {2}


def test_clients_that_try_at_once_are_all_counted() -> None:
    window = MovingWindow(most=400)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: window.note_miss("ada", START), range(400)))

    assert window.seconds_to_wait("ada", START) > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("2001:db8:0:0:1:2:3:4", "2001:db8::5"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_addresses_of_one_home_are_one_client(one: str, other: str) -> None:
    assert client_of(one) == client_of(other)


@pytest.mark.parametrize(
    ("one", "other"), [("203.0.113.7", "203.0.113.8"), ("2001:db8::1", "2001:db8:0:1::1"), ("203.0.113.7", None)]
)
def test_addresses_of_two_homes_are_two_clients(one: str, other: str | None) -> None:
    assert client_of(one) != client_of(other)


def test_a_server_without_network_addresses_has_one_client() -> None:
    assert client_of("unix:") == "unix:" and client_of(None) == ""
