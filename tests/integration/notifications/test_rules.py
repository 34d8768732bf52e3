"""When messages go out, which, and to whom: quiet hours, switches, wishes, the pace of SMS."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import Babel

from flask_certify.core.outbox import MOST_ATTEMPTS, Chunk, now_ms
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact, Tenant
from flask_certify.notifications import planning, rules, stopping
from flask_certify.notifications.policy import Quiet, quiet_ends
from flask_certify.notifications.rules import NoSuchSwitch, NotARegion, NotQuietHours, OthersByNow
from flask_certify.notifications.states import Channel
from flask_certify.notifications.stopping import NoSuchLink
from tests.support.ledger import Ledger
from tests.support.sms_server import refusal
from tests.support.town import ADA, BEN, CY, QUEUED, SENT, Town

SKIPPED_OFF = ("skipped", "notify.switched_off")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Rules are the same on every database."""
    return sqlite_url


def pause_of(book: Ledger, chunk_id: UUID) -> float:
    """For how many seconds the chunk rests."""
    with book.rt.reading() as session:
        until, now = session.execute(sa.select(Chunk.lease_until, now_ms()).where(Chunk.id == chunk_id)).one()
        return float(until - now) / 1000


# ---- quiet hours -----------------------------------------------------------------------------------


@pytest.fixture
def quiet(book: Ledger) -> Ledger:
    book.host.add_tenant(Tenant("wales", "wales", "Wales", "Europe/London"))
    rules.set_quiet(book.rt, "wales", "21:00", "08:00", "tom")
    return book


def test_nothing_is_sent_in_quiet_hours_and_all_of_it_afterwards(
    town: Town, quiet: Ledger, everybody: list[UUID]
) -> None:
    """21:30 in London in June is 20:30 UTC; 08:00 there is 07:00."""
    quiet.clock.at = datetime(2026, 6, 15, 20, 30, tzinfo=UTC)
    assert quiet.deliver(everybody) == ["put back"]
    assert [town.told(each) for each in (ADA, BEN, CY)] == [(0, 0)] * 3
    assert 3590 < pause_of(quiet, everybody[0]) <= 3600  # it is looked at each hour, since the hours may be changed

    quiet.clock.at = datetime(2026, 6, 16, 6, 59, tzinfo=UTC)
    quiet.lapse()
    assert quiet.deliver(everybody) == ["put back"]
    assert 50 < pause_of(quiet, everybody[0]) < 61

    quiet.clock.at = datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
    quiet.lapse()
    assert quiet.deliver(everybody) == ["done"]
    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (1, 0), (0, 1)]


def test_quiet_hours_that_begin_while_messages_are_sent_stop_the_rest(
    town: Town, quiet: Ledger, everybody: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_certify.notifications.jobs.AT_FIRST", 1)
    quiet.clock.at = datetime(2026, 6, 15, 19, 59, 59, tzinfo=UTC)
    send = town.office.handle_DATA

    async def at_nine(*told: object) -> str:
        quiet.clock.at = datetime(2026, 6, 15, 20, 0, tzinfo=UTC)
        return await send(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(town.office, "handle_DATA", at_nine)
    assert quiet.deliver(everybody) == ["put back"]

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 0), (0, 0), (0, 0)]
    assert quiet.states()["ada", "email"] == SENT and quiet.states()["ben", "email"] == QUEUED


def test_a_platform_that_cannot_say_where_it_is_makes_everybody_wait(
    quiet: Ledger, everybody: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(ref: str) -> Tenant:
        raise HostAway()

    monkeypatch.setattr(quiet.host, "tenant", away)
    assert quiet.deliver(everybody) == ["put back"]
    assert set(quiet.states().values()) == {QUEUED}


def test_a_zone_that_there_is_not_makes_everybody_wait_and_is_said_in_the_failure_log(
    quiet: Ledger, everybody: list[UUID]
) -> None:
    quiet.host.add_tenant(Tenant("wales", "wales", "Wales", "Europe/Cardiff"))
    for _ in range(MOST_ATTEMPTS + 1):
        assert quiet.deliver(everybody) == ["put back"]
        quiet.lapse()
    assert set(quiet.states().values()) == {QUEUED}
    assert [(code, details["kind"]) for _, code, details in quiet.failures()] == [
        ("notify.contacts_unknown", "unusable zone")
    ]


NIGHT, MIDDAY = Quiet(21 * 60, 8 * 60), Quiet(12 * 60, 13 * 60 + 30)


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "ends"),
    [
        (NIGHT, "UTC", "2026-06-15T20:59:59", None),
        (NIGHT, "UTC", "2026-06-15T21:00:00", "2026-06-16T08:00:00"),
        (NIGHT, "UTC", "2026-06-15T07:59:59", "2026-06-15T08:00:00"),
        (NIGHT, "Asia/Kolkata", "2026-06-15T15:30:00", "2026-06-16T02:30:00"),
        (MIDDAY, "UTC", "2026-06-15T13:00:00", "2026-06-15T13:30:00"),
        # The clocks of London go forward in the night to 29 March 2026, and back in that to 25 October.
        (NIGHT, "Europe/London", "2026-03-28T22:00:00", "2026-03-29T07:00:00"),
        (NIGHT, "Europe/London", "2026-10-24T22:00:00", "2026-10-25T08:00:00"),
        # There is no 01:30 in the first, and there are two in the second: quiet until each of them.
        (Quiet(23 * 60, 90), "Europe/London", "2026-03-29T00:30:00", "2026-03-29T01:30:00"),
        (Quiet(23 * 60, 90), "Europe/London", "2026-10-25T00:15:00", "2026-10-25T00:30:00"),
        (Quiet(23 * 60, 90), "Europe/London", "2026-10-25T01:15:00", "2026-10-25T01:30:00"),
        (None, "UTC", "2026-06-15T00:00:00", None),
    ],
)
def test_quiet_hours_follow_the_clocks_of_the_place(quiet: Quiet | None, zone: str, now: str, ends: str | None) -> None:
    expected = datetime.fromisoformat(ends).replace(tzinfo=UTC) if ends else None
    assert quiet_ends(quiet, zone, datetime.fromisoformat(now).replace(tzinfo=UTC)) == expected


@pytest.mark.parametrize(("begins", "ends"), [("21:00", ""), ("25:00", "08:00"), ("9", "10"), ("08:00", "08:00")])
def test_hours_that_are_none_are_refused(book: Ledger, begins: str, ends: str) -> None:
    with pytest.raises(NotQuietHours):
        rules.set_quiet(book.rt, "wales", begins, ends, "tom")


# ---- phone numbers ---------------------------------------------------------------------------------


def test_numbers_without_a_country_are_read_as_the_tenants_and_impossible_ones_recorded(
    town: Town, book: Ledger
) -> None:
    rules.set_region(book.rt, "wales", "in", "tom")
    book.award("asha", Contact(phone="098765 43210"))
    book.award("bela", Contact(phone="12345"))
    book.award("cira", Contact(phone="+91 22 2345 6789"))  # a line in a wall
    book.deliver(book.tell("asha", "bela", "cira"))

    assert [form["To"] for form in town.exchange.texts] == ["+919876543210"]
    assert book.states()["bela", "sms"] == book.states()["cira", "sms"] == ("failed", "sms.unusable_number")
    assert [(who, code) for who, code, _ in book.failures()] == [
        ("bela", "sms.unusable_number"),
        ("cira", "sms.unusable_number"),
    ]
    with pytest.raises(NotARegion):
        rules.set_region(book.rt, "wales", "XX", "tom")


# ---- switches --------------------------------------------------------------------------------------


def test_what_is_switched_off_is_not_told_by_that_way_and_the_other_way_is(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    rules.turn_off(book.rt, "wales", "issued", "sms", "tom")

    assert book.deliver(everybody) == ["done"]

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 0), (1, 0), (0, 0)]
    assert book.states()["ada", "sms"] == book.states()["cy", "sms"] == SKIPPED_OFF
    assert book.failures() == []


def test_turning_a_switch_on_tells_nobody_of_what_was_before(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    rules.turn_off(book.rt, "wales", "issued", "sms", "tom")
    book.deliver(everybody)

    assert dict(rules.touched(book.rt, "wales", "issued", "sms").runs) == {"Physics for Teachers": 2}
    assert rules.turn_on(book.rt, "wales", "issued", "sms", "tom") == 0

    book.award("eve", Contact(phone="+447700900005"))
    book.deliver([*everybody, *book.tell("eve"), *open_chunks(book)])
    assert [form["To"] for form in town.exchange.texts] == ["+447700900005"]


def test_those_who_were_passed_by_are_told_if_just_these_are_confirmed(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    rules.turn_off(book.rt, "wales", "issued", "sms", "tom")
    book.deliver(everybody)
    shown = rules.touched(book.rt, "wales", "issued", "sms")
    book.award("eve", Contact(phone="+447700900005"))
    book.deliver(book.tell("eve"))

    with pytest.raises(OthersByNow):
        rules.turn_on(book.rt, "wales", "issued", "sms", "tom", shown.token)
    assert rules.get_policy(book.rt, "wales").is_off("issued", "sms")

    seen = rules.touched(book.rt, "wales", "issued", "sms")
    assert rules.turn_on(book.rt, "wales", "issued", "sms", "tom", seen.token) == seen.learners == 3
    book.deliver(open_chunks(book))
    assert (town.told(ADA), town.told(CY)) == ((1, 1), (0, 1))
    assert rules.touched(book.rt, "wales", "issued", "sms").learners == 0


def test_a_switch_for_what_is_never_told_does_not_exist(book: Ledger) -> None:
    with pytest.raises(NoSuchSwitch):
        rules.turn_off(book.rt, "wales", "issued", "pigeon", "tom")


def open_chunks(book: Ledger) -> list[UUID]:
    with book.rt.reading() as session:
        return list(session.scalars(sa.select(Chunk.id).where(Chunk.state == "pending")))


# ---- wishes ----------------------------------------------------------------------------------------


def test_one_click_in_an_email_ends_the_emails_of_that_tenant_and_another_brings_them_back(
    town: Town, book: Ledger
) -> None:
    """RFC 8058; channels are independent (R-162)."""
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))
    [letter] = town.office.messages("ada@example.org")
    link = letter["List-Unsubscribe"].strip("<>")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in letter.get_body(("plain",)).get_content() and link in letter.get_body(("html",)).get_content()
    token = link.rpartition("/")[2]

    stopping.stop_by_link(book.rt, token)
    stopping.stop_by_link(book.rt, token)
    book.deliver(book.tell("ada", event="reissued"))

    assert town.told(ADA) == (1, 2)
    assert book.messages()["ada", "email"].reason in (None, "notify.opted_out")
    stopping.start_by_link(book.rt, token)
    book.deliver(book.tell("ada", event="withdrawn"))
    assert town.told(ADA) == (2, 3)


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 38, "A" * 37, "../../etc/passwd"])
def test_a_link_that_we_did_not_seal_opens_nothing(book: Ledger, token: str) -> None:
    with pytest.raises(NoSuchLink):
        stopping.stop_by_link(book.rt, token)


def test_staff_note_a_wish_by_learner_and_channel(town: Town, book: Ledger, everybody: list[UUID]) -> None:
    stopping.stop(book.rt, "wales", "ada", Channel.EMAIL, "staff")
    stopping.stop(book.rt, "devon", "ben", Channel.EMAIL, "staff")
    book.deliver(everybody)

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(0, 1), (1, 0), (0, 1)]
    assert book.states()["ada", "email"] == ("skipped", "notify.opted_out") and book.failures() == []


def test_a_wish_that_comes_while_messages_are_sent_counts_for_those_that_have_not_left(
    town: Town, book: Ledger, everybody: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_certify.notifications.jobs.AT_FIRST", 1)
    send = town.office.handle_DATA

    async def meanwhile(*told: object) -> str:
        stopping.stop(book.rt, "wales", "ben", Channel.EMAIL, "staff")
        return await send(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(town.office, "handle_DATA", meanwhile)
    assert book.deliver(everybody) == ["done"]

    assert [town.told(each) for each in (ADA, BEN, CY)] == [(1, 1), (0, 0), (0, 1)]
    assert book.states()["ben", "email"] == ("skipped", "notify.opted_out")


# ---- the pace of SMS -------------------------------------------------------------------------------


def test_no_more_is_handed_in_than_the_senders_say_in_an_hour(
    town: Town, book: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond ten hours Twilio throws away what more comes. A text of ours is one part here."""
    monkeypatch.setattr("flask_certify.notifications.jobs.MOST_AT_ONCE", 5)
    object.__setattr__(book.rt.settings, "sms_per_second", 10 / 3600)
    refs = [f"x{number:02}" for number in range(25)]
    for number, ref in enumerate(refs):
        book.award(ref, Contact(phone=f"+4477009001{number:02}"))
    chunks = book.tell(*refs)

    assert book.deliver(chunks) == ["put back"]
    first = len(town.exchange.texts)
    assert 10 <= first <= 20
    book.lapse()
    assert book.deliver(chunks) == ["put back"] and len(town.exchange.texts) == first

    for _ in range(6):
        book.clock.forward(hours=1)
        book.lapse()
        book.deliver(chunks)
    assert len(town.exchange.texts) == len({form["To"] for form in town.exchange.texts}) == 25


def test_a_wish_for_silence_is_kept_by_everybody(town: Town, book: Ledger) -> None:
    """429 with Retry-After."""
    for ref, contact in (("ada", ADA), ("cy", CY)):
        book.award(ref, contact)
    town.exchange.answers[str(ADA.phone)], town.exchange.retry_after = refusal(429, 20429), "120"
    one, other = book.tell("ada"), book.tell("cy")
    assert book.deliver(one) == ["put back"] and 119 < pause_of(book, one[0]) <= 121
    town.exchange.answers.clear()

    asked = len(town.exchange.paths)
    assert book.deliver(other) == ["put back"]
    book.clock.forward(seconds=119)
    book.lapse()
    assert book.deliver([*one, *other]) == ["put back", "put back"] and len(town.exchange.paths) == asked

    book.clock.forward(seconds=1)
    book.lapse()
    assert book.deliver([*one, *other]) == ["done", "done"]
    assert (town.told(ADA), town.told(CY)) == ((1, 1), (0, 1))


def test_the_preview_says_how_long_many_sms_take(book: Ledger) -> None:
    assert planning.plan(book.rt, 50_000).sentence == "50,000 SMS will take about 14 h on one sender."
    assert planning.plan(book.rt, 50_000, segments_each=3).sentence == "50,000 SMS will take about 42 h on one sender."
    assert planning.plan(book.rt, 30).sentence == "30 SMS will take about 30 s on one sender."
    object.__setattr__(book.rt.settings, "sms_senders", 10)
    assert planning.plan(book.rt, 50_000).sentence == "50,000 SMS will take about 83 min on 10 senders."


def test_the_preview_counts_the_parts_of_the_longest_language_and_what_waits_at_the_senders(
    town: Town, book: Ledger, everybody: list[UUID]
) -> None:
    speaker = Flask("speaker")
    Babel(speaker)
    with speaker.app_context():
        plan = planning.plan_for_run(book.rt, "wales", "Physics for Teachers", "Academy of Wales", 1000)
        assert plan.segments == 3000  # in Hindi
        book.deliver(everybody)
        again = planning.plan_for_run(book.rt, "wales", "Physics for Teachers", "Academy of Wales", 1000)
    assert plan.seconds + 2 <= again.seconds <= plan.seconds + 6
