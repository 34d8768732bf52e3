"""SMS by Twilio's real client against a stand-in for its server."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flask_certify.core.ids import new_id
from flask_certify.core.settings import Settings
from flask_certify.notifications.ports import Away, Later, NotSent, Refused, Text, Texter, Uncertain
from flask_certify.notifications.reasons import ASK_FIRST
from flask_certify.notifications.sms import make_texter
from flask_certify.notifications.twilio_client import seconds_to_wait
from tests.support import mail_server, sms_server
from tests.support.sms_server import Exchange, name_of, refusal

ADA, BEN = "+447700900001", "+447700900002"
NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
SERVICE = "MG00000000000000000000000000000Abc"


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with sms_server.running() as exchange:
        yield exchange


def texter_to(base: str, *, sender: str = "+15005550006", seconds: float = 5) -> Texter:
    url = f"twilio://AC123:t0ken@{sender}?base={base}&timeout={seconds}"
    texter = make_texter(Settings(public_url="https://certs.example.org", sms=url))
    assert texter is not None
    return texter


@pytest.fixture
def texter(exchange: Exchange) -> Iterator[Texter]:
    texter = texter_to(exchange.url)
    yield texter
    texter.close()


def text(to: str = ADA) -> Text:
    return Text(new_id(), to, "बधाई हो! Congratulations!")


def why_not(texter: Texter, message: Text) -> NotSent:
    with pytest.raises(NotSent) as trouble:
        texter.send(message)
    return trouble.value


def test_a_text_arrives_once_and_has_the_provider_s_name(exchange: Exchange, texter: Texter) -> None:
    assert texter.send(text("+44 7700 900 001")) == name_of(0)

    [form] = exchange.texts
    assert form.pop("StatusCallback").startswith("https://certs.example.org/certify/hooks/sms/status?m=")
    assert form == {"To": ADA, "From": "+15005550006", "Body": "बधाई हो! Congratulations!"}
    assert exchange.paths == ["/2010-04-01/Accounts/AC123/Messages.json"]


def test_a_messaging_service_may_choose_the_sender(exchange: Exchange) -> None:
    texter = texter_to(exchange.url, sender=SERVICE)
    texter.send(text())
    texter.close()

    assert exchange.texts[0]["MessagingServiceSid"] == SERVICE and "From" not in exchange.texts[0]


@pytest.mark.parametrize("code", [21211, 21610, 21614])
def test_a_number_that_cannot_be_written_to_is_final(exchange: Exchange, texter: Texter, code: int) -> None:
    exchange.answers[BEN] = refusal(400, code, f"The 'To' number {BEN} is not a valid phone number")

    trouble = why_not(texter, text(BEN))

    assert isinstance(trouble, Refused)
    assert (trouble.code, trouble.details) == ("sms.refused", {"answer": code})
    assert BEN not in repr(trouble) and trouble.__cause__ is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refusal(429, 20429), "sms.later"),
        (refusal(401, 20003), "sms.login_refused"),
        (refusal(400, 21606), "sms.sender_refused"),
        (refusal(429, 21611), "sms.later"),
    ],
)
def test_what_is_about_us_or_about_the_moment_makes_all_texts_wait(
    exchange: Exchange, texter: Texter, answer: tuple[int, dict[str, object]], code: str
) -> None:
    exchange.answers[BEN] = answer

    trouble = why_not(texter, text(BEN))

    assert isinstance(trouble, Away) and trouble.code == code


@pytest.mark.parametrize("answer", [refusal(500, 0), (201, {}), (502, {"oops": 1}), refusal(504, 20504)])
def test_an_answer_that_says_nothing_certain_means_that_nobody_knows(
    exchange: Exchange, texter: Texter, answer: tuple[int, dict[str, object]]
) -> None:
    exchange.answers[BEN] = answer
    if answer == (201, {}):
        assert texter.send(text(BEN)) is None  # taken, though without a name
        return

    assert isinstance(why_not(texter, text(BEN)), Uncertain)


@pytest.mark.parametrize("status", [500, 503])
def test_after_an_error_of_its_own_the_provider_is_asked_whether_it_has_the_text(
    exchange: Exchange, texter: Texter, status: int
) -> None:
    exchange.answers[BEN] = refusal(status, 20000 + status)
    exchange.takes_and_fails.add(BEN)
    first = text(BEN)

    trouble = why_not(texter, first)
    assert isinstance(trouble, Later) and trouble.code == ASK_FIRST

    assert texter.send(replace(first, maybe_sent_at=NOW)) == name_of(0)
    assert exchange.sent_to(BEN) == len(exchange.paths) == 1
    assert exchange.lookups == [{"To": BEN, "PageSize": "50"}]


def test_a_text_that_the_provider_does_not_have_is_sent_after_all(exchange: Exchange, texter: Texter) -> None:
    """One of the same words may be about another certificate, or months old."""
    other = texter.send(text(BEN))
    assert other is not None
    exchange.texts.append({"To": BEN, "Body": text().body, "DateCreated": "Wed, 10 Jun 2026 08:00:00 +0000"})
    exchange.texts.append({"To": BEN, "Body": "something else"})

    assert texter.send(replace(text(BEN), maybe_sent_at=NOW, others=frozenset({other}))) == name_of(3)
    assert len(exchange.lookups) == 1 and len(exchange.paths) == 2


def test_two_texts_of_the_same_words_are_not_taken_for_one(exchange: Exchange, texter: Texter) -> None:
    exchange.texts.append({"To": BEN, "Body": text().body})

    first, second = (texter.send(replace(text(BEN), maybe_sent_at=NOW)) for _ in range(2))

    assert (first, second) == (name_of(0), name_of(1))
    assert exchange.sent_to(BEN) == 2 and len(exchange.paths) == 1


def test_a_provider_that_cannot_say_what_it_has_is_sent_nothing(exchange: Exchange, texter: Texter) -> None:
    exchange.cannot_say = True

    trouble = why_not(texter, replace(text(BEN), maybe_sent_at=NOW))

    assert isinstance(trouble, Later) and trouble.code == ASK_FIRST
    assert exchange.texts == []


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("86400", 3600.0),
        ("-5", 0.0),
        ("Mon, 15 Jun 2026 09:31:30 GMT", 90.0),
        ("Mon, 15 Jun 2026 09:00:00 GMT", 0.0),
        ("Tue, 16 Jun 2026 09:30:00 GMT", 3600.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
    ],
)
def test_a_provider_may_say_how_long_or_until_when_to_wait(said: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(said, "Mon, 15 Jun 2026 09:30:00 GMT") == seconds


def test_silence_after_the_text_means_that_nobody_knows(exchange: Exchange) -> None:
    exchange.silent.add(BEN)
    texter = texter_to(exchange.url, seconds=0.3)

    trouble = why_not(texter, text(BEN))
    texter.close()

    assert isinstance(trouble, Uncertain) and trouble.code == "sms.uncertain"
    assert exchange.sent_to(BEN) == 1


def test_a_connection_that_breaks_after_the_text_means_that_nobody_knows(exchange: Exchange, texter: Texter) -> None:
    exchange.hangs_up.add(BEN)

    assert isinstance(why_not(texter, text(BEN)), Uncertain)
    assert exchange.sent_to(BEN) == 1


def test_a_provider_that_is_not_there_is_away() -> None:
    texter = texter_to(f"http://127.0.0.1:{mail_server.free_port()}")

    trouble = why_not(texter, text())
    texter.close()

    assert isinstance(trouble, Away) and trouble.code == "sms.away"


def test_a_number_without_a_country_never_reaches_the_provider(exchange: Exchange, texter: Texter) -> None:
    assert isinstance(why_not(texter, text("98765 43210")), Refused)
    assert exchange.paths == []


def test_the_log_shows_neither_number_nor_token(
    exchange: Exchange, texter: Texter, caplog: pytest.LogCaptureFixture
) -> None:
    exchange.answers[BEN] = refusal(400, 21211, f"{BEN} is not a phone number")
    with caplog.at_level(logging.DEBUG):
        texter.send(text())
        why_not(texter, text(BEN))

    said = " ".join(str(record.__dict__) for record in caplog.records)
    for secret in (ADA, BEN, ADA[1:], BEN[1:], "t0ken", "Congratulations"):
        assert secret not in said


def test_twilio_is_not_imported_by_those_who_send_nothing() -> None:
    program = (
        "import sys; from flask_certify.core.settings import Settings; "
        "from flask_certify.notifications import jobs, sms; "
        "sms.make_texter(Settings(public_url='https://x.org', sms='twilio://A:B@+15005550006')); "
        "print('twilio' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert said.stdout == "False\n"
