"""Certificates that expire: the terms, what is frozen and signed, looking back at a day, reminders and renewing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_certify.achievements import validity
from flask_certify.achievements.service import RunView, find_run
from flask_certify.achievements.validity import Lasting, WrongValidity
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.awards.service import AwardView
from flask_certify.documents.placeholders import worded
from flask_certify.documents.printable import PrintableAward
from flask_certify.eligibility import notation
from flask_certify.issuing import attaching, lifecycle, night, reissuing, renewals, rule_sets, undoing
from flask_certify.issuing.attaching import By, Place, Terms
from flask_certify.issuing.errors import ValidityOver
from flask_certify.issuing.many import FAILED, LearnerOutcome, issue_many
from flask_certify.issuing.printing import get_document
from flask_certify.notifications import texts
from flask_certify.notifications.models import Message
from flask_certify.verification import service
from flask_certify.verification.answers import Answer
from tests.support.certificates import Issued, issued_in
from tests.support.life import counting
from tests.support.story import NOW, RUN, TOM

YEAR = "1 year"


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Issued]:
    """The story's host on SQLite, in whose context we are: no database changes what is told here."""
    with issued_in(f"sqlite:///{tmp_path}/host.db") as ready, ready.app.app_context():
        yield ready


@pytest.fixture
def reminding(tmp_path: Path) -> Iterator[Issued]:
    """The same, where the policy of reminders is switched on."""
    with issued_in(f"sqlite:///{tmp_path}/host.db", CERTIFY_RENEWAL_DAYS="7 30") as ready, ready.app.app_context():
        yield ready


def run_of(campus: Issued) -> RunView:
    with campus.rt.reading() as session:
        found = find_run(session, RUN)
    assert found is not None
    return found


def let_last(campus: Issued, said: str | None) -> None:
    """From now on certificates of the run hold so long."""
    place = Place(run_of(campus))
    for each in attaching.at(campus.rt, place):
        terms = Terms(
            each.template_id,
            notation.from_json(each.rule),
            each.achievement.key,
            each.audience,
            each.facts,
            validity.parse(said) if said else None,
        )
        attaching.update(campus.rt, place, each.id, terms, By(TOM))


def reissue(campus: Issued, cause: Cause) -> tuple[LearnerOutcome, AwardView | None]:
    [outcome] = reissuing.reissue_many(campus.rt, run_of(campus).id, ["ada"], Why(cause), actor=TOM)
    with campus.rt.reading() as session:
        code = session.scalar(sa.select(Award.code).where(Award.learner_ref == "ada", Award.state == "issued"))
    return outcome, campus.award(code) if code else None


def then(campus: Issued, code: str, day: date | None = None) -> Answer:
    return service.check_code(campus.rt, code, day).answer


# ---- terms -----------------------------------------------------------------------------------------


def test_what_an_attachment_says_of_validity_is_frozen_signed_and_printed(campus: Issued) -> None:
    """R-114: from the day of issue in the tenant's zone, through its last second."""
    let_last(campus, YEAR)
    award = campus.award(campus.issue("ada"))
    until = datetime(2027, 6, 15, 22, 59, 59, tzinfo=UTC)  # midnight in London, in summer

    assert award.frozen.valid_until == until
    assert json.loads(campus.document(award.code))["validUntil"] == "2027-06-15T22:59:59Z"
    printed = PrintableAward.of(
        award.frozen, award_id=award.id, code=award.code, verify_url="", template_version_id=award.template_version_id
    )
    assert worded("expiry.date", printed.values["expiry.date"], "en", printed.zone) == "15 June 2027"
    assert service.report(campus.rt, award.code)["valid_until"] == "2027-06-15T22:59:59+00:00"
    assert "June 15, 2027" in campus.client.get(f"/certify/v/{award.code}").text
    assert get_document(campus.rt, award.id)


def test_a_file_of_attachments_says_how_long_each_holds(campus: Issued) -> None:
    """R-114: what is written is read as the same, and what means nothing is refused."""
    let_last(campus, "6 months")
    run = run_of(campus)
    written = notation.rule_set_to_json(rule_sets.clauses_of(campus.rt, attaching.at(campus.rt, Place(run))))
    assert [each["validity"] for each in written["attachments"]] == ["6 months", "6 months"]
    read = rule_sets.terms_of(campus.rt, run, notation.rule_set_from_json(written))
    assert [each.validity for each in read] == [Lasting(6, "months")] * 2
    written["attachments"][0]["validity"] = "for ever"
    with pytest.raises(WrongValidity):
        rule_sets.terms_of(campus.rt, run, notation.rule_set_from_json(written))


def test_a_certificate_without_terms_does_not_expire(campus: Issued) -> None:
    """R-114: validity is optional."""
    award = campus.award(campus.issue("ada"))
    campus.clock.forward(days=36_500)
    assert award.frozen.valid_until is None and "validUntil" not in campus.document(award.code)
    assert then(campus, award.code) is Answer.VALID


def test_other_terms_do_not_reach_back(campus: Issued) -> None:
    """R-019, R-114: each certificate holds as long as it says."""
    first = campus.award(campus.issue("ada"))
    let_last(campus, "2026-12-31")
    second = campus.award(campus.issue("cy"))
    assert campus.award(first.code).frozen.valid_until is None
    assert second.frozen.valid_until == datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_expired_is_computed_from_the_date_and_stored_nowhere(campus: Issued) -> None:
    """R-113, R-114: it is valid until its very last second, and the award is as it was."""
    let_last(campus, YEAR)
    award = campus.award(campus.issue("ada"))
    campus.clock.at = datetime(2027, 6, 15, 22, 59, 59, tzinfo=UTC)
    assert then(campus, award.code) is Answer.VALID
    campus.clock.forward(seconds=1)
    assert then(campus, award.code) is Answer.EXPIRED
    assert campus.award(award.code) == award


def test_a_last_day_that_is_over_is_refused_when_it_is_attached_and_when_it_has_come(campus: Issued) -> None:
    """R-114: nothing is issued that would have expired already, and the failure says so."""
    with pytest.raises(ValidityOver):
        let_last(campus, "2026-06-14")
    let_last(campus, "2026-06-15")
    campus.clock.forward(days=1)
    [outcome] = issue_many(campus.rt, run_of(campus).id, ["ada"], actor=TOM)
    assert [each.code for each in outcome.reasons] == ["validity.over"]
    assert outcome.reasons[0].values == {"day": "2026-06-15"} and outcome.award_id is None


def test_an_end_that_was_changed_in_the_row_is_not_what_was_signed(campus: Issued) -> None:
    """R-114, R-141."""
    let_last(campus, YEAR)
    code = campus.issue("ada")
    campus.freeze(code, valid_until=NOW + timedelta(days=3650))
    assert then(campus, code) is Answer.ALTERED


# ---- looking back ----------------------------------------------------------------------------------


def test_whether_it_was_valid_on_a_day_is_answered_from_what_happened(campus: Issued) -> None:
    """R-114: as it was at the end of that day, in the certificate's zone."""
    let_last(campus, "30 days")
    award = campus.award(campus.issue("ada"))
    campus.clock.forward(days=2)  # 17 June
    lifecycle.withdraw(campus.rt, [award.id], Why(Cause.UNDER_REVIEW), actor=TOM)
    campus.clock.forward(days=2)  # 19 June
    lifecycle.restore(campus.rt, [award.id], Why(Cause.REVIEW_ENDED), actor=TOM)
    campus.clock.forward(days=60)

    answers = {day: then(campus, award.code, day) for day in (date(2026, 6, each) for each in range(14, 21))}

    assert list(answers.values()) == [
        Answer.NOT_YET_ISSUED,
        Answer.VALID,
        Answer.VALID,
        Answer.REVOKED,
        Answer.REVOKED,
        Answer.VALID,
        Answer.VALID,
    ]
    assert then(campus, award.code, date(2026, 7, 15)) is Answer.VALID
    assert then(campus, award.code, date(2026, 7, 16)) is Answer.EXPIRED
    assert then(campus, award.code) is Answer.EXPIRED


def test_looking_back_a_replaced_certificate_was_valid_until_it_was_replaced(campus: Issued) -> None:
    """R-114, R-142: also once the re-issue was undone."""
    award = campus.award(campus.issue("ada"))
    campus.clock.forward(days=1)
    _, new = reissue(campus, Cause.NAME_CORRECTED)
    campus.clock.forward(days=1)
    assert new is not None
    undoing.undo(campus.rt, new.id, Why(Cause.MISTAKEN_REISSUE), actor=TOM)
    days = [date(2026, 6, day) for day in (15, 16, 17)]
    assert [then(campus, award.code, day) for day in days] == [Answer.VALID, Answer.SUPERSEDED, Answer.VALID]
    assert [then(campus, new.code, day) for day in days] == [Answer.NOT_YET_ISSUED, Answer.VALID, Answer.REVOKED]


def test_page_json_api_and_command_answer_for_a_day(campus: Issued) -> None:
    """R-114."""
    award = campus.award(campus.issue("ada"))
    campus.clock.forward(days=2)
    lifecycle.revoke(campus.rt, [award.id], Why(Cause.ISSUED_IN_ERROR), actor=TOM)
    code, runner = award.code, campus.app.test_cli_runner()

    page = campus.client.get(f"/certify/v/{code}?on=2026-06-16")
    told = campus.client.get(f"/certify/v/{code}.json?on=2026-06-16").get_json()
    asked = campus.client.get("/certify/api/v1/verify", query_string={"code": code, "on": "2026-06-16"}).get_json()
    command = runner.invoke(args=["certify", "verify", code, "--on", "2026-06-16", "--json"])

    assert "This certificate was valid on that day" in page.text and "June 16, 2026" in page.text
    assert WORDS_AGAINST not in page.text
    for found in (told, asked, json.loads(command.stdout)):
        assert (found["answer"], found["on"]) == ("valid", "2026-06-16")
        assert "reason" not in found
    assert command.exit_code == 0
    assert runner.invoke(args=["certify", "verify", code, "--on", "2026-06-17"]).exit_code == 1
    assert 'data-cf-answer="not_yet_issued"' in campus.client.get(f"/certify/v/{code}?on=2026-06-14").text


WORDS_AGAINST = "It was issued in error."


@pytest.mark.parametrize("said", ["yesterday", "2026-02-29", "20260616", "2026-06-17", "2026-06-16T00:00"])
def test_what_is_no_day_or_a_later_one_is_refused_in_a_sentence(campus: Issued, said: str) -> None:
    """R-114: nothing is promised about tomorrow."""
    code = campus.issue("ada")
    page = campus.client.get(f"/certify/v/{code}.json?on={said}")
    api = campus.client.get("/certify/api/v1/verify", query_string={"code": code, "on": said})
    command = campus.app.test_cli_runner().invoke(args=["certify", "verify", code, "--on", said])
    assert page.status_code in (400, 422) and "verification." in page.get_json()["error"]["code"]
    assert api.status_code in (400, 422)
    assert command.exit_code == 2 and "day" in command.stderr


def test_looking_back_at_a_code_that_nobody_has_asks_as_many_questions(campus: Issued) -> None:
    """R-145: timing gives nothing away."""
    code, counts = campus.issue("ada"), []
    for typed in (code, "0123456789AB"):
        with counting() as asked:
            service.check_code(campus.rt, typed, date(2026, 6, 15))
        counts.append(len(asked))
    assert counts[0] == counts[1]


# ---- renewing --------------------------------------------------------------------------------------


def test_a_corrected_certificate_holds_as_long_as_the_one_it_replaces(campus: Issued) -> None:
    """R-097, R-114: a new name makes nobody's certificate longer."""
    let_last(campus, YEAR)
    old = campus.award(campus.issue("ada"))
    campus.clock.forward(days=100)
    let_last(campus, "5 years")
    _, new = reissue(campus, Cause.NAME_CORRECTED)
    assert new is not None and new.replaces_id == old.id
    assert new.frozen.valid_until == old.frozen.valid_until
    campus.clock.forward(days=300)
    outcome, same = reissue(campus, Cause.NAME_CORRECTED)
    assert (outcome.result, outcome.reasons[0].code) == (FAILED, "validity.over")
    assert same == new


def test_a_renewed_certificate_names_the_old_one_and_holds_from_its_own_day(campus: Issued) -> None:
    """R-114: with a new code; the old one says that it was replaced."""
    let_last(campus, YEAR)
    old = campus.award(campus.issue("ada"))
    campus.clock.forward(days=400)  # expired meanwhile
    _, new = reissue(campus, Cause.RENEWED)
    assert new is not None and (new.replaces_id, new.code != old.code) == (old.id, True)
    assert new.frozen.valid_until == datetime(2028, 7, 20, 22, 59, 59, tzinfo=UTC)
    assert new.frozen.completed_on == old.frozen.completed_on
    assert (then(campus, old.code), then(campus, new.code)) == (Answer.SUPERSEDED, Answer.VALID)


def test_it_can_be_renewed_once_its_window_has_opened(reminding: Issued) -> None:
    """R-114: the widest reminder opens it."""
    let_last(reminding, "60 days")
    old = reminding.award(reminding.issue("ada"))
    reminding.clock.forward(days=29)
    outcome, same = reissue(reminding, Cause.RENEWED)
    assert (outcome.result, outcome.reasons[0].code) == (FAILED, "renewal.too_early")
    assert outcome.reasons[0].values == {"day": "2026-07-15"} and same == old
    reminding.clock.forward(days=2)
    assert reissue(reminding, Cause.RENEWED)[0].result == "reissued"


# ---- reminders -------------------------------------------------------------------------------------


def said(campus: Issued) -> list[tuple[str, str]]:
    with campus.rt.reading() as session:
        rows = session.execute(
            sa.select(Message.recipient, Message.event).where(Message.event != "issued").order_by(Message.created_at)
        )
        return list(dict.fromkeys((row.recipient, row.event) for row in rows))


def at_night(campus: Issued, days: float) -> None:
    campus.clock.forward(days=days)
    night.start(campus.rt)


def test_the_night_reminds_once_for_each_award_and_window(reminding: Issued) -> None:
    """R-114, R-161: whatever is repeated; and what does not count is not reminded of."""
    let_last(reminding, "60 days")
    reminding.issue("ada")
    cy = reminding.award(reminding.issue("cy"))
    lifecycle.revoke(reminding.rt, [cy.id], Why(Cause.ISSUED_IN_ERROR), actor=TOM)

    at_night(reminding, 29)
    assert said(reminding) == []
    at_night(reminding, 2)
    assert said(reminding) == [("ada", "expiring.30")]
    at_night(reminding, 1)
    assert renewals.remind(reminding.rt) == 0
    at_night(reminding, 22)
    assert said(reminding) == [("ada", "expiring.30"), ("ada", "expiring.7")]
    at_night(reminding, 20)
    assert len(said(reminding)) == 2


def test_a_window_that_no_night_met_is_not_made_up_for(reminding: Issued) -> None:
    """R-114: nobody gets two reminders in one night."""
    let_last(reminding, "60 days")
    reminding.issue("ada")
    reminding.clock.forward(days=55)
    assert [each.event for each in renewals.expiring(reminding.rt)] == ["expiring.7"]
    assert renewals.remind(reminding.rt) == 1
    assert said(reminding) == [("ada", "expiring.7")]


def test_nobody_is_reminded_until_that_is_switched_on(campus: Issued) -> None:
    """R-114, R-163: the policy is off, and telling can be off as a whole."""
    let_last(campus, "10 days")
    campus.issue("ada")
    at_night(campus, 5)
    silent = replace(campus.rt, settings=replace(campus.rt.settings, renewal_days=(30,), notify=False))
    assert renewals.remind(silent) == 0
    assert said(campus) == []


def test_the_dry_run_of_a_night_says_how_many_would_be_reminded(reminding: Issued) -> None:
    """R-106, R-114: and writes nothing."""
    let_last(reminding, "20 days")
    reminding.issue("ada")
    done = reminding.app.test_cli_runner().invoke(args=["certify", "night", "--dry-run"])
    assert "1 certificates expire soon, and their holders would be reminded." in done.output
    assert said(reminding) == []


@pytest.mark.parametrize(("language", "day"), [("en", "June 15, 2027"), ("hi", "15 जून 2027")])
def test_a_reminder_says_until_when_the_certificate_holds(campus: Issued, language: str, day: str) -> None:
    """R-114, R-164: in the learner's language, and in the certificate's zone."""
    let_last(campus, YEAR)
    frozen = campus.award(campus.issue("ada")).frozen
    letter = texts.email(frozen, language, "https://example.org/me", "expiring.30")
    for text in (texts.sms(frozen, language, "expiring.30"), letter.text, letter.html):
        assert day in text and "Physics for Teachers" in text
