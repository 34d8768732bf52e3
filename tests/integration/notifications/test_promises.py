"""What was asked for about telling people, sentence by sentence, from the button to the inbox."""

import email
import email.policy
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_babel import Babel

from flask_certify.achievements.service import ensure_run, get_issuer
from flask_certify.awards.models import Award
from flask_certify.core import working
from flask_certify.core.current import runtime_of
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact
from flask_certify.issuing import bulk
from flask_certify.notifications import editing, jobs, rules, stopping
from flask_certify.notifications.models import MessageAttempt
from flask_certify.notifications.shipped import Wording
from tests.support import story
from tests.support.ledger import Ledger
from tests.support.sms_server import refusal
from tests.support.story import MIA, RUN
from tests.support.town import ADA, BEN, CY, SENT, Town

BOTH, ONLY_MOBILE, ONLY_EMAIL = ADA, CY, BEN
PROFILE = "https://certs.example.org/certify/me"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """None of these sentences depends on the database."""
    return sqlite_url


@pytest.fixture
def book(town: Town) -> Iterator[Ledger]:
    """With somebody at hand who knows the languages of the site."""
    app = Flask("speaker")
    Babel(app)
    with app.app_context():
        yield town.ledger


@pytest.fixture
def school(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    """Its messages become files in `sent`."""
    out = {"CERTIFY_MAIL": f"outbox:{tmp_path}/sent", "CERTIFY_SMS": f"outbox:{tmp_path}/sent"}
    with story.opened(f"sqlite:///{tmp_path}/school.db", host, WTF_CSRF_ENABLED=False, **out) as app:
        yield app


def said_to(book: Ledger, town: Town, contact: Contact, **frozen: Any) -> str:
    """The SMS that somebody with this contact gets."""
    ref = f"learner-{len(book.awards)}"
    book.award(ref, contact, **frozen)
    book.deliver(book.tell(ref))
    return town.exchange.texts[-1]["Body"]


# ---- who is told, and by which way -----------------------------------------------------------------


@pytest.mark.parametrize("door", ["page", "api", "command"])
def test_issue_and_reissue_by_any_door_notify_the_learner_that_the_certificate_can_be_downloaded_from_the_profile_page(
    school: Flask, host: MemoryHost, tmp_path: Path, door: str
) -> None:
    """R-155."""
    host.acting = host.actors[MIA]
    for times, kind in enumerate(("issue", "reissue"), 1):
        with school.app_context():
            run_id = ensure_run(runtime_of(school), RUN).id
        batch_id = {"page": by_page, "api": by_api, "command": by_command}[door](school, run_id, kind)
        with school.app_context():
            bulk.work_off(runtime_of(school), batch_id, 20)
            working.drain(runtime_of(school))

        letters = [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in (tmp_path / "sent").glob("*.eml")
        ]
        texts = [path.read_text() for path in (tmp_path / "sent").glob("*.sms.txt")]
        assert [str(each["To"]) for each in letters] == ["ada@example.org"] * times
        assert sorted(each.splitlines()[0] for each in texts) == sorted(
            ["To: +447700900001", "To: +447700900003"] * times
        )
        for letter in letters:
            body = letter.get_body(("plain",))
            assert body is not None and "download" in body.get_content() and PROFILE in body.get_content()


def by_page(app: Flask, run_id: UUID, kind: str) -> UUID:
    client = app.test_client()
    shown = client.post(f"/certify/runs/{run_id}/batches", data={"kind": kind, "which": "all"})
    confirmed = client.post(f"{shown.location}/confirm", data={"notify": "1", "reason": "content_corrected"})
    assert confirmed.status_code == 303
    return UUID(shown.location.rpartition("/")[2])


def by_api(app: Flask, run_id: UUID, kind: str) -> UUID:
    client, v1 = app.test_client(), "/certify/api/v1"
    shown = client.post(f"{v1}/runs/{run_id}/batches", json={"kind": kind}).get_json()
    why = {"reason": "content_corrected"} if kind == "reissue" else {}
    confirmed = client.post(f"{v1}/batches/{shown['id']}/confirm", json={"notify": True, **why})
    assert confirmed.status_code == 200, confirmed.text
    return UUID(shown["id"])


def by_command(app: Flask, run_id: UUID, kind: str) -> UUID:
    def certify(*words: str) -> str:
        done = app.test_cli_runner().invoke(args=["certify", "batch", *words])
        assert done.exit_code == 0, done.output
        return done.output

    batch_id = certify("preview", RUN, "--kind", kind).split()[1].rstrip(":")
    certify("confirm", batch_id, "--tell", *(["--reason", "content_corrected"] if kind == "reissue" else []))
    return UUID(batch_id)


@pytest.mark.parametrize(
    ("contact", "channels", "log"),
    [
        (BOTH, {"email", "sms"}, []),
        (ONLY_MOBILE, {"sms"}, []),
        (ONLY_EMAIL, {"email"}, []),
        (Contact(), set(), [("gwen", "notify.no_contact", {})]),
    ],
)
def test_both_if_both_only_mobile_sms_only_email_email_neither_no_contact_in_the_failure_log_and_the_certificate_stays(
    book: Ledger, contact: Contact, channels: set[str], log: list[Any]
) -> None:
    """R-156."""
    book.award("gwen", contact)
    book.deliver(book.tell("gwen"))

    assert {channel for _, channel in book.messages()} == channels
    assert all(each == SENT for each in book.states().values())
    assert book.failures() == log
    assert states_of_awards(book) == ["issued"]


def states_of_awards(book: Ledger) -> list[str]:
    with book.rt.reading() as session:
        return list(session.scalars(sa.select(Award.state)))


# ---- what is said ----------------------------------------------------------------------------------


def test_sms_text_congratulations_you_have_successfully_completed_the_training_on_and_download_from_the_profile_page(
    town: Town, book: Ledger
) -> None:
    """R-157, letter by letter."""
    asked_for = (
        "Congratulations! You have successfully completed the training <name of the training> on <completion date>. "
        "You can download your certificate from the profile page."
    )
    filled = asked_for.replace("<name of the training>", "Physics for Teachers").replace(
        "<completion date>", "20 May 2026"
    )

    assert said_to(book, town, BOTH) == filled


def test_in_the_sms_the_completion_date_is_the_full_date_in_the_learners_locale(town: Town, book: Ledger) -> None:
    """R-158: month and year only on the certificate."""
    for locale, date in (("en_GB", "20 May 2026"), ("en_US", "May 20, 2026"), ("hi", "20 मई 2026")):
        assert date in said_to(book, town, Contact(phone="+447700900007", locale=locale))


def test_text_is_the_same_for_completion_and_achievement(town: Town, book: Ledger) -> None:
    """R-159: the difference is in the certificate."""
    completion = said_to(book, town, BOTH, achievement_key="completion", achievement_title="Course completion")
    achievement = said_to(book, town, BOTH, achievement_key="achievement", achievement_title="Achievement")

    assert completion == achievement
    first, second = town.office.messages("ada@example.org")
    assert first["Subject"] == second["Subject"]


def test_we_write_subject_sender_and_body_ourselves_keep_them_editable_per_tenant_with_preview(
    school: Flask, town: Town, book: Ledger
) -> None:
    """R-160."""
    own = Wording("Wales", "Well done, {{ name }}", "{{ training }}\n\n{{ profile_url }}", "{{ training }}!")
    book.award("ada", ADA)
    book.award("eve", Contact("eve@example.org"))
    book.deliver(book.tell("eve"))
    with school.app_context():
        rt = runtime_of(school)
        with rt.reading() as session:
            issuer = get_issuer(session, "wales")
        shown = editing.preview(rt, issuer, "issued", "en", own).email
    editing.save(book.rt, "wales", "issued", "en", own, "tom")
    book.deliver(book.tell("ada"))

    [ours] = town.office.messages("eve@example.org")
    assert ours["From"] == "Academy of Wales <certificates@example.org>"
    assert ours["Subject"] == "Your certificate: Physics for Teachers"
    [theirs] = town.office.messages("ada@example.org")
    assert (theirs["From"], theirs["Subject"]) == ("Wales <certificates@example.org>", shown.subject)
    body = theirs.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[:3] == ["Physics for Teachers", "", PROFILE]
    assert shown.text.startswith("Physics for Teachers\n\n" + PROFILE)


def test_in_the_learners_language_numbers_and_dates_included_contact_data_masked_in_logs(
    town: Town, book: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """R-164."""
    book.award("cy", CY)
    book.award("dev", Contact("dev@example.org", "+447700900009", "hi"))
    town.office.at_recipient["dev@example.org"] = "550 dev@example.org is unknown"
    town.exchange.answers["+447700900009"] = refusal(400, 21211, "+447700900009 is no number")
    book.deliver(book.tell("cy", "dev"))

    [text] = town.exchange.texts
    assert "20 मई 2026" in text["Body"] and "Congratulations" not in text["Body"]
    logged = [vars(record) for record in caplog.records if record.message == "message not sent"]
    assert {each["to"] for each in logged} == {"d…@e….org", "+44…09"}
    everything = "".join(str(each) for each in map(vars, caplog.records))
    assert "dev@" not in everything and "7700900" not in everything


# ---- once, each way for itself, and only if it is wanted -------------------------------------------


def test_once_per_award_event_recipient_and_channel_whatever_is_repeated(town: Town, book: Ledger) -> None:
    """R-161."""
    book.award("ada", ADA)
    for _ in range(3):
        chunks = book.tell("ada")
        for _ in range(2):
            book.deliver(chunks)
            book.lapse()
    assert town.told(ADA) == (1, 1)

    book.deliver(book.tell("ada", event="reissued"))
    assert town.told(ADA) == (2, 2), "another event"
    book.award("eve", ADA)
    book.deliver(book.tell("eve"))
    assert town.told(ADA) == (3, 3), "another award and recipient, at the same address"


def test_channels_are_independent_no_failure_undoes_or_delays_an_award_retries_pause_longer_and_each_is_recorded(
    town: Town, book: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-162."""
    pauses: list[int] = []
    postponed = jobs.Postponed.__init__

    def note(self: jobs.Postponed, pause_ms: int) -> None:
        pauses.append(pause_ms)
        postponed(self, pause_ms)

    monkeypatch.setattr(jobs.Postponed, "__init__", note)
    book.award("ada", ADA)
    town.office.at_recipient["ada@example.org"] = "451 not now"
    chunks = book.tell("ada")
    for _ in range(3):
        assert book.deliver(chunks) == ["put back"]
        book.lapse()
    assert town.told(ADA) == (0, 1), "the SMS went out at once"
    assert states_of_awards(book) == ["issued"]
    assert pauses[0] < pauses[1] < pauses[2]
    town.office.at_recipient["ada@example.org"] = "550 no such user"
    assert book.deliver(chunks) == ["done"]

    with book.rt.reading() as session:
        tries = session.execute(
            sa.select(MessageAttempt.number, MessageAttempt.state, MessageAttempt.answer)
            .where(MessageAttempt.message_id == book.messages()["ada", "email"].id)
            .order_by(MessageAttempt.number)
        ).all()
    assert [tuple(each) for each in tries] == [
        (1, "queued", 451),
        (2, "queued", 451),
        (3, "queued", 451),
        (4, "failed", 550),
    ]
    assert town.told(ADA) == (0, 1) and states_of_awards(book) == ["issued"]


def test_issuing_and_notifying_are_separate_switches_turning_one_on_shows_who_would_be_touched_first(
    town: Town, book: Ledger
) -> None:
    """R-163."""
    rules.turn_off(book.rt, "wales", "issued", "sms", "tom")
    rules.turn_off(book.rt, "wales", "issued", "email", "tom")
    book.award("ada", ADA)
    book.award("cy", CY)
    book.deliver(book.tell("ada", "cy"))
    assert states_of_awards(book) == ["issued", "issued"] and town.told(ADA) == town.told(CY) == (0, 0)

    shown = rules.touched(book.rt, "wales", "issued", "sms")
    assert shown.learners == 2 and dict(shown.runs) == {"Physics for Teachers": 2}
    assert rules.turn_on(book.rt, "wales", "issued", "sms", "tom") == 0, "nobody is told who was not confirmed"
    assert town.told(ADA) == town.told(CY) == (0, 0)


def test_mass_mail_follows_data_protection_purpose_opt_out_retention_secure_transport(town: Town, book: Ledger) -> None:
    """R-243: each letter says why it came and how to end it, the ledger keeps no address, and a password travels only
    encrypted (the last in test_mail.py, retention in tests/integration/life/test_people.py)."""
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))
    [letter] = town.office.messages("ada@example.org")
    body = letter.get_body(("plain",))
    assert body is not None and "You receive" in body.get_content()
    link = letter["List-Unsubscribe"].strip("<>")
    assert link in body.get_content()

    stopping.stop_by_link(book.rt, link.rpartition("/")[2])
    book.deliver(book.tell("ada", event="reissued"))

    assert town.told(ADA) == (1, 2)
    kept = (Path(str(book.rt.engine.url.database)).read_bytes()) if book.rt.engine.url.database else b""
    assert b"ada@example.org" not in kept and b"7700900001" not in kept
