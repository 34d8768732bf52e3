"""What providers report later: signed, heard once, and only ever adding to what is known."""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest
from twilio.request_validator import RequestValidator

from flask_certify.core import working
from flask_certify.core.ids import new_id
from flask_certify.notifications import decisions, ledger, reports
from flask_certify.notifications.models import Message
from flask_certify.notifications.reports import HeardBefore, NoHook, NotAReport, NotSigned, TooOld
from flask_certify.notifications.states import State
from tests.support import ledger as support
from tests.support.ledger import Ledger
from tests.support.sms_server import name_of, refusal
from tests.support.town import ADA, SENT, Town

SECRET = "a secret of these tests"
BASE = "https://certs.example.org/certify"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What a report does to the ledger depends on no database."""
    return sqlite_url


def tell_status(book: Ledger, message_id: UUID, status: str, *, token: str = "t0ken", **more: str) -> None:
    with book.rt.reading() as session:
        message = session.get(Message, message_id)
    form = {"MessageSid": (message and message.provider_id) or "SM1", "MessageStatus": status, **more}
    query = f"m={message_id}"
    signature = RequestValidator(token).compute_signature(f"{BASE}/hooks/sms/status?{query}", form)
    reports.sms_status(book.rt, query, form, signature)


def answer(book: Ledger, number: str, said: str) -> bool | None:
    form = {"From": number, "Body": said, "MessageSid": f"SM{new_id()}"}
    signature = RequestValidator("t0ken").compute_signature(f"{BASE}/hooks/sms/reply", form)
    return reports.sms_reply(book.rt, "", form, signature)


def mail_report(book: Ledger, *events: dict[str, Any], secret: str = SECRET, late: int = 0) -> int:
    body = json.dumps({"events": events}).encode()
    at = str(int(book.clock.now().timestamp()) - late)
    seal = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return reports.mail_report(book.rt, body, f"t={at},v1={seal}")


@pytest.fixture
def sms(town: Town, book: Ledger) -> UUID:
    """A message to Ada that has been sent."""
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))
    return book.messages()["ada", "sms"].id


@pytest.fixture
def mail(sms: UUID, book: Ledger) -> UUID:
    return book.messages()["ada", "email"].id


# ---- SMS -------------------------------------------------------------------------------------------


def test_an_sms_that_arrived_is_called_delivered_and_later_reports_change_nothing(book: Ledger, sms: UUID) -> None:
    for status in ("sent", "delivered", "queued", "undelivered"):
        tell_status(book, sms, status)

    kept = book.messages()["ada", "sms"]
    assert (kept.state, kept.report, kept.provider_id) == ("sent", "delivered", name_of(0))
    assert book.failures() == []


def test_an_sms_that_did_not_arrive_has_failed_and_is_in_the_failure_log(book: Ledger, sms: UUID) -> None:
    tell_status(book, sms, "undelivered", ErrorCode="30001")
    tell_status(book, sms, "delivered")

    assert book.states()["ada", "sms"] == ("failed", "sms.undelivered")
    assert book.failures() == [("ada", "sms.undelivered", {"channel": "sms", "answer": "30001"})]


def test_a_report_makes_known_what_nobody_knew(town: Town, book: Ledger) -> None:
    town.exchange.silent.add(str(ADA.phone))
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))
    message = book.messages()["ada", "sms"]
    assert message.state == "unknown"

    tell_status(book, message.id, "sent")

    assert book.states()["ada", "sms"] == SENT and book.failures() == []
    assert town.told(ADA) == (1, 1)


def test_a_report_that_comes_before_its_sender_has_written_down_anything_counts(book: Ledger) -> None:
    book.award("ada", ADA)
    held = book.claim(book.tell("ada")[0])
    with book.rt.reading() as session:
        entry = ledger.entries(session, held, State.QUEUED)[1]
    ledger.take(book.rt, held, [entry])

    tell_status(book, entry.id, "undelivered", ErrorCode="30003")
    ledger.record(book.rt, held, [(entry, ledger.Outcome(State.SENT, provider_id="SM1"))])

    assert book.states()["ada", "sms"] == ("failed", "sms.undelivered")


def test_a_late_report_of_a_text_that_was_sent_again_since_takes_nothing_back(town: Town, book: Ledger) -> None:
    """R-161: called failed by it, the second text would invite somebody to send a third."""
    town.exchange.silent.add(str(ADA.phone))
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))
    sms = book.messages()["ada", "sms"].id
    town.exchange.silent.clear()
    decisions.decide(book.rt, [sms], decisions.AGAIN, "tom", tenant_ref="wales")
    with book.rt.reading() as session:
        again = working.open_chunks(session)
    book.deliver(again)
    second = book.messages()["ada", "sms"].provider_id

    tell_status(book, sms, "undelivered", MessageSid="SM of the first")
    assert book.states()["ada", "sms"] == SENT
    tell_status(book, sms, "delivered")
    told = book.messages()["ada", "sms"]
    assert (told.report, told.provider_id) == ("delivered", second)


def test_a_text_that_a_person_sends_again_is_not_taken_for_the_one_that_never_arrived(town: Town, book: Ledger) -> None:
    """After an error of its own the provider is asked whether it has the text: the first one does not count."""
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))
    sms = book.messages()["ada", "sms"].id
    tell_status(book, sms, "undelivered")
    decisions.decide(book.rt, [sms], decisions.AGAIN, "tom", tenant_ref="wales")
    town.exchange.answers[str(ADA.phone)] = refusal(500, 20500)
    town.exchange.relents.add(str(ADA.phone))
    for _ in range(2):
        with book.rt.reading() as session:
            again = working.open_chunks(session)
        book.deliver(again)
        book.lapse()
    assert town.exchange.sent_to(str(ADA.phone)) == 2
    assert book.messages()["ada", "sms"].provider_id == name_of(1)


def test_a_report_heard_twice_is_refused(book: Ledger, sms: UUID) -> None:
    tell_status(book, sms, "sent")
    with pytest.raises(HeardBefore):
        tell_status(book, sms, "sent")


def test_a_report_signed_by_somebody_else_is_refused(book: Ledger, sms: UUID) -> None:
    with pytest.raises(NotSigned):
        tell_status(book, sms, "undelivered", token="other")
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered"}
    for signature in ("", "x", RequestValidator("t0ken").compute_signature(f"{BASE}/hooks/sms/status?m=1", form)):
        with pytest.raises(NotSigned):
            reports.sms_status(book.rt, f"m={sms}", form, signature)
    assert book.states()["ada", "sms"] == SENT


def test_without_a_provider_there_is_no_hook(sqlite_url: str) -> None:
    with support.opened(sqlite_url) as book:
        with pytest.raises(NoHook):
            tell_status(book, new_id(), "sent")
        with pytest.raises(NoHook):
            mail_report(book)


# ---- STOP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe"])
def test_who_answers_stop_gets_no_more_sms_and_still_email(town: Town, book: Ledger, word: str) -> None:
    """Opt-out by channel (R-162, R-243): a number is known again by its mark, and is kept nowhere."""
    book.award("ada", ADA)
    assert answer(book, "+44 7700 900001", word) is True

    book.deliver(book.tell("ada"))

    assert town.told(ADA) == (1, 0)
    assert book.states()["ada", "sms"] == ("skipped", "notify.opted_out")
    with book.rt.reading() as session:
        assert "7700" not in str(session.connection().exec_driver_sql("SELECT * FROM certify_stopped_number").all())


def test_who_answers_start_gets_sms_again_and_other_answers_are_nothing(town: Town, book: Ledger) -> None:
    book.award("ada", ADA)
    assert [answer(book, str(ADA.phone), said) for said in ("STOP", "Thanks!", "start")] == [True, None, False]

    book.deliver(book.tell("ada"))

    assert town.told(ADA) == (1, 1)


# ---- email -----------------------------------------------------------------------------------------


def test_an_email_that_came_back_has_failed_even_if_it_was_called_delivered(book: Ledger, mail: UUID) -> None:
    assert mail_report(book, {"message_id": f"<{mail}@example.org>", "kind": "delivered"}) == 1
    assert book.messages()["ada", "email"].report == "delivered"

    bounced = {"message_id": str(mail), "kind": "bounced", "code": "5.1.1 <ada@example.org>"}
    assert mail_report(book, bounced) == 1

    assert book.states()["ada", "email"] == ("failed", "mail.bounced")
    assert book.failures() == [("ada", "mail.bounced", {"channel": "email", "answer": "5.1.1."})]
    assert mail_report(book, bounced | {"again": 1}) == 0


def test_who_reports_an_email_as_unwanted_gets_no_more(town: Town, book: Ledger, mail: UUID) -> None:
    mail_report(book, {"message_id": str(mail), "kind": "complained"})

    book.deliver(book.tell("ada", event="reissued"))

    assert town.told(ADA) == (1, 2)


def test_a_report_of_email_is_refused_if_forged_old_repeated_or_no_report(book: Ledger, mail: UUID) -> None:
    bounced = {"message_id": str(mail), "kind": "bounced"}
    with pytest.raises(NotSigned):
        mail_report(book, bounced, secret="another secret of them")
    for late in (301, -301):
        with pytest.raises(TooOld):
            mail_report(book, bounced, late=late)
    assert mail_report(book, bounced | {"kind": "delayed"}) == 0
    with pytest.raises(HeardBefore):
        mail_report(book, bounced | {"kind": "delayed"})
    with pytest.raises(NotAReport):
        mail_report(book, {"kind": "bounced"})
    assert book.states()["ada", "email"] == SENT


def test_a_report_of_email_says_nothing_of_an_sms(book: Ledger, sms: UUID) -> None:
    assert mail_report(book, {"message_id": str(sms), "kind": "bounced"}) == 0
    assert book.states()["ada", "sms"] == SENT


def test_a_report_from_the_end_of_time_is_refused(book: Ledger) -> None:
    with pytest.raises(TooOld):
        mail_report(book, late=-(10**400))


def test_signatures_that_make_no_sense_are_refused(book: Ledger) -> None:
    for signature in ("", "t=1", "v1=é", "t=x,v1=" + "0" * 64, ",,==,"):
        with pytest.raises((NotSigned, TooOld)):
            reports.mail_report(book.rt, b"{}", signature)
