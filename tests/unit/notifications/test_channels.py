"""By which ways people are told (R-156), and that issuing never waits for the answer."""

import logging
from collections.abc import Collection, Mapping

import pytest
from sqlalchemy import Engine

from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact
from flask_certify.notifications.service import Channels, choose_channels
from flask_certify.notifications.states import Channel

BOTH, ONLY_SMS, ONLY_EMAIL, NONE = (True, True), (False, True), (True, False), (False, False)


class CountingHost(MemoryHost):
    """Counts how often it is asked, and may raise instead of answering."""

    asked = 0
    trouble: Exception | None = None

    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return super().contacts(learner_refs)


def runtime(host: CountingHost) -> Runtime:
    def no_engine() -> Engine:
        raise AssertionError("no database is needed")

    return Runtime(Settings(public_url="https://certs.example.org"), no_engine, host)


@pytest.mark.parametrize(
    ("contact", "ways"),
    [
        (Contact("ada@example.org", "+447700900001"), BOTH),
        (Contact(phone="+447700900001"), ONLY_SMS),
        (Contact("ada@example.org"), ONLY_EMAIL),
        (Contact("", "  "), NONE),
        (Contact(), NONE),
        (None, NONE),
    ],
)
def test_the_ways_are_those_for_which_there_is_an_address(contact: Contact | None, ways: tuple[bool, bool]) -> None:
    host = CountingHost(people={"ada": contact} if contact else {})

    chosen = choose_channels(runtime(host), ["ada"])["ada"]

    assert (chosen.email, chosen.sms) == ways


def test_the_host_is_asked_once_for_all() -> None:
    host = CountingHost(people={"ada": Contact("ada@example.org", locale="hi")})

    chosen = choose_channels(runtime(host), [f"x{number}" for number in range(500)] + ["ada"])

    assert host.asked == 1 and len(chosen) == 501
    assert chosen["ada"] == Channels(email=True, sms=False, locale="hi")
    assert chosen["ada"].open() == [Channel.EMAIL] and chosen["x7"].open() == []


def test_nobody_is_not_asked_about() -> None:
    host = CountingHost()

    assert choose_channels(runtime(host), []) == {} and host.asked == 0


@pytest.mark.parametrize("trouble", [HostAway(), KeyError("ada@example.org"), ConnectionResetError()])
def test_a_host_that_cannot_say_leaves_both_ways_open(trouble: Exception, caplog: pytest.LogCaptureFixture) -> None:
    host = CountingHost()
    host.trouble = trouble

    with caplog.at_level(logging.DEBUG):
        chosen = choose_channels(runtime(host), ["ada", "ben"])

    kind = "KeyError" if isinstance(trouble, KeyError) else "host.unavailable"
    assert chosen == {ref: Channels(email=True, sms=True, unasked=kind) for ref in ("ada", "ben")}
    assert "ada@example.org" not in caplog.text
