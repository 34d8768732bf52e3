"""Workers are killed between a provider's taking a message and our writing it down; servers hang up, fail, push back
and fall silent: nobody hears anything twice, and what cannot be known is left to a person (R-161, R-162)."""

import time
from collections import Counter

import pytest
import sqlalchemy as sa

from flask_certify.achievements.models import Run
from flask_certify.awards.models import Failure
from flask_certify.notifications import decisions
from flask_certify.notifications.jobs import MOST_AT_ONCE
from flask_certify.notifications.models import Message, MessageAttempt
from flask_certify.notifications.states import State
from tests.support import sms_server
from tests.support.havoc import LONGEST, SCALE, Crew, check_books
from tests.support.site import phone_of
from tests.support.sms_server import refusal

APART = 10  # learners in a chunk: one trouble in each
TROUBLES = (
    "killed with a letter",
    "killed with a text",
    "mail server hangs up after the text",
    "500, and it has the text",
    "500, and it has it not",
    "429",
    "silent after the text",
    "hangs up after the text",
)
IN_DOUBT = {
    "killed with a letter": ("email", "notify.interrupted"),
    "killed with a text": ("sms", "notify.interrupted"),
    "mail server hangs up after the text": ("email", "mail.uncertain"),
    "silent after the text": ("sms", "sms.uncertain"),
    "hangs up after the text": ("sms", "sms.uncertain"),
}
ROUNDS = max(1, SCALE // 4)


@pytest.mark.parametrize("make_site", ["postgres"] if SCALE == 1 else ["sqlite", "postgres"], indirect=True)
def test_whatever_happens_to_servers_and_workers_every_message_arrives_at_most_once(make_site, redis_url):
    """The servers' own lists are compared with the ledger, the failure log and the counts that people see."""
    learners = APART * len(TROUBLES) * ROUNDS
    trouble = {f"x{at * APART + 5:05}": TROUBLES[at % len(TROUBLES)] for at in range(len(TROUBLES) * ROUNDS)}
    with sms_server.running() as exchange:
        site = make_site(
            learners,
            CERTIFY_REDIS_URL=redis_url,
            CERTIFY_CHUNK_SIZE=str(APART),
            CERTIFY_SMS=f"twilio://AC123:t0ken@+15005550006?base={exchange.url}&timeout=3",
            CERTIFY_SMS_SENDERS="100",
            SITE_PHONES="yes",
            SITE_SINCE=str(time.monotonic()),
        )
        prepare(trouble, site.office, exchange)
        site.open_batch()
        to_kill = {ref for ref, what in trouble.items() if what.startswith("killed")}
        blows, deadline = 0, time.monotonic() + LONGEST
        with Crew(site, 2) as crew:
            while not site.is_settled():
                assert time.monotonic() < deadline, site.whereabouts()
                crew.look()
                held = {ref for ref in to_kill if has_arrived(ref, trouble[ref], site.office, exchange)}
                if held:  # the server has it, and its answer has not been given
                    for worker in list(crew.working_since):
                        crew.kill(worker)
                        crew.add()
                    to_kill -= held
                    blows += 1
                time.sleep(0.01)
        assert blows
        check_books(site)
        check_messages(site, exchange, trouble, blows)


def prepare(trouble, office, exchange):
    for ref, what in trouble.items():
        address, number = f"{ref}@example.org", phone_of(ref)
        match what:
            case "killed with a letter":
                office.silent_after_text.add(address)
            case "killed with a text" | "silent after the text":
                exchange.silent.add(number)
            case "mail server hangs up after the text":
                office.hangs_up_after_text.add(address)
            case "hangs up after the text":
                exchange.hangs_up.add(number)
            case "429":
                exchange.answers[number], exchange.retry_after = refusal(429, 20429), "1"
                exchange.relents.add(number)
            case _:
                exchange.answers[number] = refusal(500, 20500)
                exchange.relents.add(number)
                if what == "500, and it has the text":
                    exchange.takes_and_fails.add(number)


def has_arrived(ref, what, office, exchange):
    by_mail = what == "killed with a letter"
    return bool(office.sent_to(f"{ref}@example.org") if by_mail else exchange.sent_to(phone_of(ref)))


def check_messages(site, exchange, trouble, blows):
    emails = Counter(to for to, _ in site.office.letters)
    texts = Counter(form["To"] for form in exchange.texts)
    assert set((emails + texts).values()) == {1}
    with site.app.app_context(), site.rt.reading() as session:
        rows = session.scalars(sa.select(Message)).all()
        tried = Counter(session.scalars(sa.select(MessageAttempt.message_id)))
        standing = sa.select(Failure.learner_ref, Failure.code).where(
            Failure.step == "notify", Failure.resolved_at.is_(None), Failure.code != "notify.no_contact"
        )
        logged = Counter((row.learner_ref, row.code) for row in session.execute(standing))
        counted = decisions.counts(session, session.scalar(sa.select(Run.id)))
    state = {(row.recipient, row.channel): (row.state, row.reason) for row in rows}
    assert len(state) == len(rows) == 2 * (site.learners + 1) + 1, "both ways for all of them and ada, SMS for cy"
    for (ref, channel), (how, _) in state.items():
        has_it = emails[f"{ref}@example.org"] if channel == "email" else texts[phone_of(ref)]
        assert how in ("sent", "unknown")
        assert has_it == 1 or (how == "unknown" and not has_it)
    for ref, what in trouble.items():
        if what in IN_DOUBT:
            channel, reason = IN_DOUBT[what]
            how, why = state[ref, channel]  # a blow that was meant for another may have come before the trouble
            assert how == "unknown" and why in (reason, "notify.interrupted"), what
    in_doubt = {whom: reason for whom, (how, reason) in state.items() if how == "unknown"}
    expected = {(ref, IN_DOUBT[what][0]) for ref, what in trouble.items() if what in IN_DOUBT}
    assert len(set(in_doubt) - expected) <= 2 * MOST_AT_ONCE * blows, "each of two workers held at most a handful"
    for (ref, channel), reason in in_doubt.items():
        assert logged[ref, reason] >= 1, (ref, channel)
    assert {ref for ref, _ in logged} == {ref for ref, _ in in_doubt}
    assert all(tried[row.id] == row.attempts >= 1 for row in rows)
    for channel in ("email", "sms"):
        for how in ("sent", "unknown"):
            number = sum(way == channel and each == how for (_, way), (each, _) in state.items())
            assert counted.get((channel, State(how)), 0) == number
