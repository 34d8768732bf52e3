"""The ledger and what sends it, on every kind of database, to a real mail server and Twilio's real client."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import Babel

from flask_certify.awards.models import Award
from flask_certify.core import working
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact
from flask_certify.notifications import jobs, ledger
from flask_certify.notifications.ledger import Outcome
from flask_certify.notifications.states import State
from tests.support import ledger as support
from tests.support import mail_server, sms_server
from tests.support.ledger import Ledger
from tests.support.mail_server import PostOffice
from tests.support.sms_server import Exchange, refusal

ADA = Contact("ada@example.org", "+447700900001", "en_GB")
BEN = Contact("ben@example.org")
CY = Contact(phone="+447700900003", locale="hi")
SENT, QUEUED = ("sent", None), ("queued", None)


@dataclass
class Town:
    """A ledger, and the servers to which its messages go."""

    ledger: Ledger
    office: PostOffice
    exchange: Exchange

    def told(self, contact: Contact) -> tuple[int, int]:
        """How many emails and how many SMS have reached this contact."""
        return self.office.sent_to(contact.email or ""), self.exchange.sent_to(contact.phone or "")


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    with mail_server.running() as office, sms_server.running() as exchange:
        mail = f"smtp://127.0.0.1:{office.port}"
        sms = f"twilio://AC123:t0ken@+15005550006?base={exchange.url}&timeout=0.5"
        with support.opened(database_url, mail=mail, sms=sms) as ledger:
            yield Town(ledger, office, exchange)


@pytest.fixture
def book(town: Town) -> Ledger:
    return town.ledger


@pytest.fixture
def everybody(book: Ledger) -> list[UUID]:
    """Ada, who has both, Ben, who has email, and Cy, who has a mobile phone, are to be told."""
    for ref, contact in (("ada", ADA), ("ben", BEN), ("cy", CY)):
        book.award(ref, contact)
    return book.tell("ada", "ben", "cy")


# ---- told, and told once -----------------------------------------------------------------------------


def test_everybody_is_told_once_by_each_way_they_have(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    assert book.deliver(everybody) == ["done"]

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (1, 0), (0, 1)]
    assert book.states() == {
        ("ada", "email"): SENT,
        ("ada", "sms"): SENT,
        ("ben", "email"): SENT,
        ("cy", "sms"): SENT,
    }
    assert book.failures() == []


def test_the_ledger_keeps_what_the_providers_call_a_message(book: Ledger, everybody: list[UUID]) -> None:
    book.deliver(everybody)

    email, sms = (book.messages()["ada", way] for way in ("email", "sms"))
    assert email.provider_id == f"<{email.id}@example.org>"
    assert (sms.provider_id or "").startswith("SM")
    assert email.attempts == sms.attempts == 1


def test_repeating_anything_tells_nobody_again(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    book.deliver(everybody)

    assert book.tell("ada", "ben", "cy") == []
    assert book.deliver(everybody) == ["not ours"]
    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (1, 0), (0, 1)]


def test_of_many_only_those_not_told_yet_are_told(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    book.award("eve", Contact("eve@example.org"))

    again = book.tell("ada", "eve", "ben")
    book.deliver([*everybody, *again])

    assert town.told(ADA) == (1, 1) and town.told(BEN) == (1, 0)
    assert town.office.sent_to("eve@example.org") == 1


def test_workers_that_all_work_at_once_tell_everybody_once(town: Town, book: Ledger) -> None:
    refs = [f"x{number:03}" for number in range(230)]
    for ref in refs:
        book.award(ref, Contact(f"{ref}@example.org"))
    chunks, trouble = book.tell(*refs), list[BaseException]()

    def work() -> None:
        try:
            book.deliver(chunks)
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(chunks) == 3 and not trouble
    for _ in range(5):  # whoever met a busy database has put its chunk back
        book.lapse()
        book.deliver(chunks)
    assert {state for state, _ in book.states().values()} == {"sent"}
    assert len(town.office.letters) == 230
    assert {to for to, _ in town.office.letters} == {f"{ref}@example.org" for ref in refs}


def test_two_who_write_the_same_ledger_at_once_open_one_message_each(town: Town, book: Ledger) -> None:
    book.award("ada", ADA)
    opened, start = list[UUID](), threading.Barrier(4)

    def tell() -> None:
        start.wait()
        opened.extend(book.tell("ada"))

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    book.deliver(opened)

    assert len(opened) == 1 and town.told(ADA) == (1, 1)


def test_nothing_is_told_of_what_was_rolled_back(town: Town, book: Ledger) -> None:
    book.award("ada", ADA)
    with pytest.raises(RuntimeError), book.rt.transaction() as tx:
        channels = jobs.ways_to(ADA)
        telling = support.Telling(book.awards["ada"], "ada", None, channels)
        support.write_ledger(tx, book.run_id, "wales", "issued", [telling], support.NOW)
        raise RuntimeError("something later in the same transaction")

    assert book.messages() == {} and book.tell("ada") != []


# ---- who cannot be told --------------------------------------------------------------------------------


def test_no_contact_is_in_the_failure_log_once_and_the_certificate_stays(book: Ledger) -> None:
    book.award("dev")

    assert book.tell("dev") == [] and book.tell("dev") == []

    assert book.messages() == {}
    assert book.failures() == [("dev", "notify.no_contact", {})]
    with book.rt.reading() as session:
        assert session.scalar(sa.select(Award.state)) == "issued"


@pytest.mark.parametrize("trouble", [HostAway(), ValueError("about ada@example.org")])
def test_a_host_that_could_not_say_at_issue_is_asked_again_when_sending(
    town: Town, book: Ledger, trouble: Exception
) -> None:
    for ref, contact in (("ada", ADA), ("ben", BEN), ("dev", None)):
        book.award(ref, contact)
    book.host.trouble = trouble
    chunks = book.tell("ada", "ben", "dev")
    book.host.trouble = None

    book.deliver(chunks)

    assert (town.told(ADA), town.told(BEN)) == ((1, 1), (1, 0))
    assert book.states() == {
        ("ada", "email"): SENT,
        ("ada", "sms"): SENT,
        ("ben", "email"): SENT,
        ("ben", "sms"): ("skipped", "notify.no_address"),
        ("dev", "email"): ("skipped", "notify.no_contact"),
        ("dev", "sms"): ("skipped", "notify.no_contact"),
    }
    assert book.failures() == [("dev", "notify.no_contact", {})]


def test_a_host_that_is_away_when_sending_makes_everybody_wait_and_nobody_fail(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    book.host.trouble = HostAway()
    for _ in range(6):
        assert book.deliver(everybody) == ["put back"]
        book.lapse()
    assert set(book.states().values()) == {QUEUED}

    book.host.trouble = None
    assert book.deliver(everybody) == ["done"]
    assert town.told(ADA) == (1, 1)


def test_contacts_are_asked_once_to_choose_and_once_to_send(book: Ledger) -> None:
    for number in range(40):
        book.award(f"x{number}", Contact(f"x{number}@example.org", f"+4477009{number:05}"))
    chunks = book.tell(*book.awards)
    assert book.host.asked == 1

    book.deliver(chunks)
    assert book.host.asked == 2


def test_the_address_of_the_day_is_used_not_the_one_of_the_issue(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    book.host.people["ben"] = Contact("new@example.org")

    book.deliver(everybody)

    assert town.office.sent_to("new@example.org") == 1 and town.told(BEN) == (0, 0)


def test_a_way_that_is_not_set_up_is_skipped_and_the_ledger_says_so(database_url: str) -> None:
    with support.opened(database_url) as book:
        book.award("ada", ADA)
        book.deliver(book.tell("ada"))

        skipped = ("skipped", "notify.not_configured")
        assert book.states() == {("ada", "email"): skipped, ("ada", "sms"): skipped}
        assert book.failures() == []


def test_the_failure_log_and_the_ledger_hold_no_address_name_or_number(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    town.office.at_recipient["ben@example.org"] = "550 ben@example.org is unknown here"
    town.exchange.answers["+447700900003"] = refusal(400, 21211, "+447700900003 is not a phone number")
    book.deliver(everybody)

    with book.rt.reading() as session:
        stored = [
            str(row)
            for table in ("certify_message", "certify_failure", "certify_chunk")
            for row in session.execute(sa.text(f"SELECT * FROM {table}"))
        ]
    assert len(stored) == 4 + 2 + 1
    for secret in ("@example.org is", "ada@", "ben@", "4477009", "Lovelace"):
        assert secret not in "".join(stored)


# ---- what went wrong -----------------------------------------------------------------------------------


def test_a_refused_email_does_not_stop_the_sms(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    town.office.at_recipient["ada@example.org"] = "550 no such user"

    assert book.deliver(everybody) == ["done"]

    assert book.states()["ada", "email"] == ("failed", "mail.refused")
    assert town.told(ADA) == (0, 1) and town.told(BEN) == (1, 0)
    assert book.failures() == [("ada", "mail.refused", {"channel": "email", "answer": 550})]


def test_a_refused_sms_does_not_stop_the_email(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    town.exchange.answers["+447700900001"] = refusal(400, 21211)

    assert book.deliver(everybody) == ["done"]

    assert book.states()["ada", "sms"] == ("failed", "sms.refused")
    assert town.told(ADA) == (1, 0) and town.told(CY) == (0, 1)
    assert book.failures() == [("ada", "sms.refused", {"channel": "sms", "answer": 21211})]


def test_an_email_that_shall_come_later_comes_later_and_the_others_now(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    town.office.at_recipient["ada@example.org"] = "451 greylisted"
    assert book.deliver(everybody) == ["put back"]
    assert book.states()["ada", "email"] == ("queued", "mail.later")
    assert (town.told(ADA), town.told(BEN), town.told(CY)) == ((0, 1), (1, 0), (0, 1))
    assert book.deliver(everybody) == ["not ours"]  # not before the pause is over

    del town.office.at_recipient["ada@example.org"]
    book.lapse()
    assert book.deliver(everybody) == ["done"]

    assert (town.told(ADA), town.told(BEN)) == ((1, 1), (1, 0))
    assert book.messages()["ada", "email"].attempts == 2
    assert book.failures() == []


def test_too_many_sms_rest_and_come_later(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    town.exchange.answers["+447700900001"] = refusal(429, 20429)
    assert book.deliver(everybody) == ["put back"]
    assert book.states()["ada", "sms"] == ("queued", "sms.later")
    assert book.states()["cy", "sms"] == QUEUED  # the whole channel rests
    assert (town.told(ADA), town.told(BEN)) == ((1, 0), (1, 0))

    town.exchange.answers.clear()
    book.lapse()
    assert book.deliver(everybody) == ["done"]
    assert (town.told(ADA), town.told(CY)) == ((1, 1), (0, 1))


def test_a_mail_server_that_is_away_loses_nothing_however_often_it_is_tried(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    town.office.at_sender = "421 not now"
    for _ in range(6):
        assert book.deliver(everybody) == ["put back"]
        book.lapse()
    assert (town.told(ADA), town.told(CY)) == ((0, 1), (0, 1))

    town.office.at_sender = ""
    assert book.deliver(everybody) == ["done"]
    assert (town.told(ADA), town.told(BEN)) == ((1, 1), (1, 0))


def test_what_could_not_be_sent_for_days_has_failed(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    town.office.at_recipient["ada@example.org"] = "451 greylisted"
    book.deliver(everybody)
    book.lapse()
    book.clock.forward(days=2, minutes=1)

    assert book.deliver(everybody) == ["done"]

    assert book.states()["ada", "email"] == ("failed", "mail.later")
    assert book.failures() == [("ada", "mail.later", {"channel": "email", "answer": 451})]


def test_a_lost_answer_is_unknown_and_never_sent_again(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    town.office.hangs_up_after_text.add("ada@example.org")
    town.exchange.silent.add("+447700900003")

    for _ in range(4):
        book.deliver(everybody)
        book.lapse()

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (1, 0), (0, 1)]
    assert book.states()["ada", "email"] == ("unknown", "mail.uncertain")
    assert book.states()["cy", "sms"] == ("unknown", "sms.uncertain")
    assert book.states()["ben", "email"] == SENT
    assert [code for _, code, _ in book.failures()] == ["mail.uncertain", "sms.uncertain"]


# ---- crashes, and workers that meet ----------------------------------------------------------------------


def test_a_crash_while_sending_leaves_it_to_a_person_and_the_others_are_told(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    held = book.claim(everybody[0])
    with book.rt.reading() as session:
        first = ledger.entries(session, held, State.QUEUED)[0]
    assert ledger.take(book.rt, held, [first]) == [first]
    book.lapse()  # and nothing more was heard of that worker

    assert book.deliver(everybody) == ["done"]

    assert book.states()["ada", "email"] == ("unknown", "notify.interrupted")
    assert [town.told(each) for each in (ADA, BEN, CY)] == [(0, 1), (1, 0), (0, 1)]
    assert book.failures() == [("ada", "notify.interrupted", {"channel": "email"})]


@pytest.mark.parametrize(
    ("learnt", "written"),
    [
        (Outcome(State.SENT), SENT),
        (Outcome(State.FAILED, "mail.refused", {"answer": 550}), ("failed", "mail.refused")),
        (Outcome(State.QUEUED, "mail.later", {"answer": 451}), ("failed", "mail.later")),
    ],
)
def test_who_was_only_slow_still_says_what_became_of_the_message(
    book: Ledger, everybody: list[UUID], learnt: Outcome, written: tuple[str, str | None]
) -> None:
    slow = book.claim(everybody[0])
    with book.rt.reading() as session:
        first = ledger.entries(session, slow, State.QUEUED)[0]
    ledger.take(book.rt, slow, [first])
    book.lapse()
    book.deliver(everybody)

    ledger.record(book.rt, slow, [(first, learnt)])

    assert book.states()["ada", "email"] == written
    assert book.failures(standing=False) == [("ada", "notify.interrupted", {"channel": "email"})]
    assert [code for _, code, _ in book.failures()] == ([learnt.reason] if learnt.reason else [])


def test_a_worker_that_was_overtaken_sends_nothing(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    ask, overtakers = book.host.contacts, list[str]()

    def slowly(learner_refs: list[str]) -> object:
        if not overtakers:
            overtakers.append("somebody")
            book.lapse()
            overtakers.extend(book.deliver(everybody))
        return ask(learner_refs)

    book.host.contacts = slowly  # type: ignore[method-assign, assignment]

    assert book.deliver(everybody) == ["taken over"]

    assert overtakers == ["somebody", "done"]
    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (1, 0), (0, 1)]


def test_one_broken_award_fails_alone(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    with book.rt.transaction() as tx:
        tx.session.execute(sa.update(Award).where(Award.learner_ref == "ben").values(frozen={}))

    chunks = everybody
    for _ in range(12):
        book.deliver(chunks)
        book.lapse()
        working.split_hopeless(book.rt)
        with book.rt.reading() as session:
            chunks = working.open_chunks(session)

    assert chunks == []
    assert book.states()["ben", "email"] == ("failed", "error.KeyError")
    assert (town.told(ADA), town.told(CY)) == ((1, 1), (0, 1))
    assert book.failures() == [("ben", "error.KeyError", {"channel": "email"})]


def test_a_database_that_is_busy_when_it_is_written_down_does_not_lose_what_is_known(
    town: Town, book: Ledger, everybody: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    from flask_certify.core.errors import DatabaseBusy

    end, busy = ledger._end, [DatabaseBusy(), DatabaseBusy()]

    def sometimes(*args: object, **named: object) -> bool:
        if busy:
            raise busy.pop()
        return end(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "_end", sometimes)

    assert book.deliver(everybody) == ["done"]
    assert book.states()["ada", "email"] == SENT and town.told(ADA) == (1, 1)


# ---- what is said -----------------------------------------------------------------------------------------


def test_the_sms_says_what_was_asked_for_in_the_learner_s_language(town: Town, book: Ledger) -> None:
    speaker = Flask("speaker")
    Babel(speaker)
    book.award("ada", ADA)
    book.award("cy", CY)
    with speaker.app_context():
        book.deliver(book.tell("ada", "cy"))

    said = {form["To"]: form["Body"] for form in town.exchange.texts}
    assert said["+447700900001"] == (
        "Congratulations! You have successfully completed the training Physics for Teachers on 20 May 2026. "
        "You can download your certificate from the profile page."
    )
    assert "20 मई 2026" in said["+447700900003"] and "Congratulations" not in said["+447700900003"]


def test_the_language_of_the_record_goes_before_that_of_the_contact(town: Town, book: Ledger) -> None:
    book.award("ada", ADA)
    book.deliver(book.tell("ada", locale="hi-IN"))

    [message] = town.office.messages("ada@example.org")
    assert message["Content-Language"] == "hi-IN"
    assert book.messages()["ada", "email"].locale == "hi_IN"


def test_a_locale_that_is_none_harms_nobody(town: Town, book: Ledger) -> None:
    book.award("ben", BEN)
    book.deliver(book.tell("ben", locale="x" * 200))

    assert town.told(BEN) == (1, 0) and book.messages()["ben", "email"].locale is None


def test_a_name_or_title_with_line_breaks_adds_no_header_and_no_recipient(town: Town, book: Ledger) -> None:
    book.award(
        "ben",
        BEN,
        recipient_name="Ben\r\nBcc: eve@example.org\r\n\r\n<b>hi</b>",
        course_title="A\nBcc: eve@example.org",
    )
    book.deliver(book.tell("ben"))

    assert {to for to, _ in town.office.letters} == {"ben@example.org"}
    [message] = town.office.messages("ben@example.org")
    assert message["Bcc"] is None and message["Subject"] == "Your certificate: A Bcc: eve@example.org"
    html = message.get_body(("html",))
    assert html is not None and "<b>hi" not in html.get_content()


def test_an_email_has_a_text_and_an_html_body_and_links_to_the_profile_page(town: Town, book: Ledger) -> None:
    book.award("ben", BEN)
    book.deliver(book.tell("ben"))

    [message] = town.office.messages("ben@example.org")
    assert message.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None and "https://certs.example.org/certify/me" in body.get_content()


# ---- how much is asked of the database --------------------------------------------------------------------


def test_the_ledger_costs_the_same_few_statements_for_three_and_for_three_hundred(book: Ledger) -> None:
    numbers = []
    for size in (3, 300):
        refs = [f"{size}-{number}" for number in range(size)]
        for ref in refs:
            book.award(ref, ADA if ref.endswith(("1", "3", "5")) else None)
        with book.count_statements() as statements:
            book.tell(*refs)
        numbers.append(statements.number)

    assert numbers[0] == numbers[1] <= 8
