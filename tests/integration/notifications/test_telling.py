"""Everybody is told once by each way they have; what is said; and what it costs the database."""

import threading
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import Babel

from flask_certify.awards.models import Award
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact
from flask_certify.notifications.service import Telling, ways_to, write_ledger
from tests.support import ledger as support
from tests.support.ledger import Ledger
from tests.support.sms_server import refusal
from tests.support.town import ADA, BEN, CY, QUEUED, SENT, Town

# ---- told, and told once ------------------------------------------------------------------------------------


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

    assert len(chunks) == 2 and not trouble
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
        channels = ways_to(ADA)
        telling = Telling(book.awards["ada"], "ada", None, channels)
        write_ledger(tx, book.run_id, "wales", "issued", [telling], support.NOW)
        raise RuntimeError("something later in the same transaction")

    assert book.messages() == {} and book.tell("ada") != []


# ---- who cannot be told -------------------------------------------------------------------------------------


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
    kind = "ValueError" if isinstance(trouble, ValueError) else "host.unavailable"
    assert book.failures() == [(None, "notify.contacts_unknown", {"kind": kind})]
    book.host.trouble = None

    book.deliver(chunks)

    assert (town.told(ADA), town.told(BEN)) == ((1, 1), (1, 0))
    assert book.failures(standing=False) == [(None, "notify.contacts_unknown", {"kind": kind})]
    assert book.states() == {
        ("ada", "email"): SENT,
        ("ada", "sms"): SENT,
        ("ben", "email"): SENT,
        ("ben", "sms"): ("skipped", "notify.no_address"),
        ("dev", "email"): ("skipped", "notify.no_contact"),
        ("dev", "sms"): ("skipped", "notify.no_contact"),
    }
    assert book.failures() == [("dev", "notify.no_contact", {})]


@pytest.mark.parametrize("trouble", [HostAway(), ValueError("about ada@example.org")])
def test_a_host_that_cannot_say_when_sending_makes_everybody_wait_and_nobody_fail(
    town: Town, book: Ledger, everybody: list[UUID], trouble: Exception
) -> None:
    """R-178, R-255: the failure log says so, as one entry that counts, until the host has answered."""
    book.host.trouble = trouble
    for _ in range(6):
        assert book.deliver(everybody) == ["put back"]
        book.lapse()
    assert set(book.states().values()) == {QUEUED}
    kind = "ValueError" if isinstance(trouble, ValueError) else "host.unavailable"
    assert book.failures() == [(None, "notify.contacts_unknown", {"kind": kind})]
    assert book.attempts() == {(None, "notify.contacts_unknown"): 6}

    book.host.trouble = None
    assert book.deliver(everybody) == ["done"]
    assert town.told(ADA) == (1, 1) and book.failures() == []


def test_trouble_that_comes_back_is_told_again(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    """What had been put right stands again, with the number of times."""
    town.office.at_recipient["ada@example.org"] = "451 greylisted"
    for trouble in (HostAway(), None, HostAway()):
        book.host.trouble = trouble
        assert book.deliver(everybody) == ["put back"]
        book.lapse()

    assert book.failures() == [(None, "notify.contacts_unknown", {"kind": "host.unavailable"})]
    assert book.attempts() == {(None, "notify.contacts_unknown"): 2}


def test_of_whom_the_host_cannot_speak_waits_alone_and_is_in_the_failure_log(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    """R-178, R-255."""
    book.host.trouble, book.host.troublesome = ValueError("about ben@example.org"), "ben"
    for _ in range(5):
        assert book.deliver(everybody) == ["put back"]
        book.lapse()
    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (0, 0), (0, 1)]
    assert book.failures() == [("ben", "notify.contacts_unknown", {"kind": "ValueError"})]
    assert book.attempts() == {("ben", "notify.contacts_unknown"): 5}

    book.host.trouble = None
    assert book.deliver(everybody) == ["done"]
    assert town.told(BEN) == (1, 0) and book.failures() == []


def test_of_whom_the_host_could_not_speak_for_days_has_not_been_told(book: Ledger, everybody: list[UUID]) -> None:
    book.host.trouble, book.host.troublesome = ValueError("about ben@example.org"), "ben"
    book.deliver(everybody)
    book.lapse()
    book.clock.forward(days=2, minutes=1)

    assert book.deliver(everybody) == ["done"]

    assert book.states()["ben", "email"] == ("failed", "notify.contacts_unknown")
    assert [who for who, _, _ in book.failures()] == ["ben", "ben"]


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


# ---- what is said -------------------------------------------------------------------------------------------


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
    assert book.messages()["ada", "email"].locale == "hi-IN"


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


# ---- how much is asked of the database ----------------------------------------------------------------------


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
