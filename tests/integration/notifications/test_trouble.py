"""Servers that refuse, rest or fall silent; workers that crash, and workers that meet."""

from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.awards.models import Award
from flask_certify.core import working
from flask_certify.core.errors import DatabaseAway, DatabaseBusy
from flask_certify.notifications import ledger
from flask_certify.notifications.ledger import Outcome
from flask_certify.notifications.states import State
from tests.support.ledger import Ledger
from tests.support.sms_server import refusal
from tests.support.town import ADA, BEN, CY, QUEUED, SENT, Town

# ---- what went wrong ----------------------------------------------------------------------------------------


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
    book.clock.forward(seconds=5)
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


@pytest.mark.parametrize("has_it", [True, False])
def test_an_sms_that_the_provider_had_an_error_with_is_sent_again_only_if_it_has_it_not(
    town: Town, book: Ledger, everybody: list[UUID], has_it: bool
) -> None:
    town.exchange.answers["+447700900003"] = refusal(500, 20500)
    if has_it:
        town.exchange.takes_and_fails.add("+447700900003")
    assert book.deliver(everybody) == ["put back"]
    assert book.states()["cy", "sms"] == ("queued", "sms.server_error")

    town.exchange.answers.clear()
    book.lapse()
    assert book.deliver(everybody) == ["done"]

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (1, 0), (0, 1)]
    assert book.states()["cy", "sms"] == SENT and book.failures() == []
    assert len(town.exchange.lookups) == 1


def test_a_provider_that_cannot_say_for_days_whether_it_has_an_sms_is_not_sent_it_again(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    town.exchange.answers["+447700900003"] = refusal(503, 20503)
    town.exchange.takes_and_fails.add("+447700900003")
    town.exchange.cannot_say = True
    for hours in (1, 30, 16):
        assert book.deliver(everybody) == ["put back"]
        book.clock.forward(hours=hours)
        book.lapse()
    town.exchange.texts[-1]["DateCreated"] = "Mon, 15 Jun 2026 09:30:00 +0000"
    town.exchange.answers.clear()
    town.exchange.cannot_say = False

    assert book.deliver(everybody) == ["done"]

    assert town.told(CY) == (0, 1) and book.states()["cy", "sms"] == SENT


# ---- crashes, and workers that meet -------------------------------------------------------------------------


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
    end, busy = ledger._end, [DatabaseBusy(), DatabaseBusy()]

    def sometimes(*args: object, **named: object) -> bool:
        if busy:
            raise busy.pop()
        return end(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "_end", sometimes)

    assert book.deliver(everybody) == ["done"]
    assert book.states()["ada", "email"] == SENT and town.told(ADA) == (1, 1)


def test_a_disk_that_is_full_when_it_is_written_down_does_not_lose_what_is_known(
    town: Town, book: Ledger, everybody: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-161: who has sent a handful of letters keeps their answers until there is room, and sends no more meanwhile."""
    end, full = ledger._end, [DatabaseAway(kind="OperationalError") for _ in range(4)]
    letters: list[int] = []

    def sometimes(*args: object, **named: object) -> object:
        sent = len(town.office.letters) + len(town.exchange.texts)
        if full and sent:
            letters.append(sent)
            raise full.pop()
        return end(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "_end", sometimes)
    monkeypatch.setattr(ledger, "FIRST_REST", 0.001)

    assert book.deliver(everybody) == ["done"]
    assert len(letters) == 4 and len(set(letters)) == 1
    assert {state for state, _ in book.states().values()} == {"sent"} and town.told(ADA) == (1, 1)


def test_a_database_that_stays_away_leaves_in_doubt_what_was_sent_and_nothing_else(
    town: Town, book: Ledger, everybody: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-161."""
    end = ledger._end

    def away(*args: object, **named: object) -> object:
        if town.office.letters:
            raise DatabaseAway(kind="OperationalError")
        return end(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "KNOWN_FOR", 0.0)
    monkeypatch.setattr(ledger, "_end", away)
    book.deliver(everybody)
    monkeypatch.setattr(ledger, "_end", end)
    book.lapse()
    book.deliver(everybody)
    assert town.told(ADA) == (1, 1)
    assert {state for state, _ in book.states().values()} <= {"sent", "unknown"}
    assert book.states()["ada", "email"][0] == "unknown"
