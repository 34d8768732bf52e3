"""Texts of a tenant: changed with a preview by page, API and command, and used from then on (R-160)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.achievements.service import get_issuer
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.notifications import editing
from flask_certify.notifications.editing import NoSuchText, TextMissing, TextTooLong, Unstorable
from flask_certify.notifications.sandbox import UnknownPlaceholder
from flask_certify.notifications.shipped import TITLES, Wording, shipped
from tests.support import story
from tests.support.ledger import Ledger
from tests.support.town import ADA, CY, Town

OWN = Wording("Wales", "Hooray, {{ name }}", "Hello {{ name }}\n\n\n{{ profile_url }}", "{{ training }}: well done!")


@pytest.fixture
def school(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path / 'host.db'}", host, WTF_CSRF_ENABLED=False) as app, app.app_context():
        yield app


@pytest.fixture
def rt(school: Flask) -> Runtime:
    return runtime_of(school)


def acts(rt: Runtime) -> list[tuple[str, str, str]]:
    with rt.reading() as session:
        rows = session.scalars(sa.select(AuditEntry).where(AuditEntry.act.like("message_text.%")))
        return [(row.actor_ref, row.act, row.subject) for row in rows]


# ---- the service -----------------------------------------------------------------------------------


def test_a_tenant_says_what_we_ship_until_it_says_something_else_and_may_go_back(rt: Runtime) -> None:
    before = editing.get_text(rt, "wales", "issued", "en")
    assert before.wording == shipped("issued", "en") and not before.is_own

    editing.save(rt, "wales", "issued", "en", OWN, "tom")

    kept = editing.get_text(rt, "wales", "issued", "en")
    assert kept.wording == OWN and (kept.changed_by, kept.changed_at) == ("tom", story.NOW)
    assert editing.get_text(rt, "devon", "issued", "en") == before
    assert editing.get_text(rt, "wales", "issued", "hi").wording == shipped("issued", "hi")
    editing.put_back(rt, "wales", "issued", "en", "sue")
    editing.put_back(rt, "wales", "issued", "en", "sue")
    assert editing.get_text(rt, "wales", "issued", "en") == before
    subject = "text:issued/en"
    assert acts(rt) == [("tom", "message_text.change", subject), ("sue", "message_text.put_back", subject)]


def test_every_event_in_every_language_comes_with_a_text_that_could_be_saved(rt: Runtime) -> None:
    found = editing.list_texts(rt, "wales")

    assert [(each.event, each.language) for each in found] == [
        (e, language) for e in TITLES for language in ("en", "hi")
    ]
    for each in found:
        assert editing.checked(each.wording) == each.wording


@pytest.mark.parametrize(
    ("part", "text", "refused"),
    [
        ("subject", "{{ trainig }}", UnknownPlaceholder),
        ("sms", "", TextMissing),
        ("body", " \n ", TextMissing),
        ("sms", "x" * 601, TextTooLong),
        ("body", "x" * 4001, TextTooLong),
        ("sender", "x" * 81, TextTooLong),
        ("subject", "\ud800", Unstorable),
    ],
)
def test_what_cannot_be_said_is_refused_in_words_and_nothing_changes(
    rt: Runtime, part: str, text: str, refused: type[Exception]
) -> None:
    words = {name: getattr(OWN, name) for name in ("sender", "subject", "body", "sms")}
    with pytest.raises(refused):
        editing.save(rt, "wales", "issued", "en", Wording(**words | {part: text}), "tom")
    assert not editing.get_text(rt, "wales", "issued", "en").is_own and acts(rt) == []


@pytest.mark.parametrize(("event", "language"), [("issued", "ta"), ("nothing", "en"), ("issued", "../en")])
def test_an_event_or_language_that_is_none_of_ours_has_no_text(rt: Runtime, event: str, language: str) -> None:
    with pytest.raises(NoSuchText):
        editing.save(rt, "wales", event, language, OWN, "tom")


def test_the_preview_shows_both_messages_filled_and_stores_nothing(rt: Runtime) -> None:
    with rt.reading() as session:
        issuer = get_issuer(session, "wales")
    shown = editing.preview(rt, issuer, "issued", "en", OWN)

    assert (shown.email.sender_name, shown.email.subject) == ("Wales", "Hooray, Ada Lovelace")
    assert shown.email.text.startswith("Hello Ada Lovelace\n\nhttps://certs.example.org/certify/me\n\n-- \nYou receive")
    assert (shown.sms, shown.size.segments) == ("Physics for Teachers: well done!", 1)
    assert not editing.get_text(rt, "wales", "issued", "en").is_own


# ---- what is sent ----------------------------------------------------------------------------------


def test_learners_are_told_in_the_tenants_words_of_their_language_and_else_in_ours(town: Town, book: Ledger) -> None:
    """R-160, R-164: Ada speaks British English, Cy Hindi."""
    editing.save(book.rt, "wales", "issued", "en", OWN, "tom")
    book.award("ada", ADA)
    book.award("cy", CY)
    book.deliver(book.tell("ada", "cy"))

    [letter] = town.office.messages("ada@example.org")
    assert (letter["From"], letter["Subject"]) == ("Wales <certificates@example.org>", "Hooray, Ada Lovelace")
    said = {form["To"]: form["Body"] for form in town.exchange.texts}
    assert said[ADA.phone] == "Physics for Teachers: well done!"
    assert said[CY.phone].startswith("Congratulations!") and "20 मई 2026" in said[CY.phone]


def test_html_of_a_tenant_stays_text(town: Town, book: Ledger) -> None:
    sly = Wording("", "x", '<script>alert(1)</script>\n<a href="https://evil.example">{{ profile_url }}</a>', "x")
    editing.save(book.rt, "wales", "issued", "en", sly, "tom")
    book.award("ada", ADA)
    book.deliver(book.tell("ada"))

    [letter] = town.office.messages("ada@example.org")
    html = letter.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content() and 'href="https://evil' not in html.get_content()
    assert 'href="https://certs.example.org/certify/me"' in html.get_content()


# ---- the doors -------------------------------------------------------------------------------------


def test_staff_try_a_text_on_the_page_before_they_save_it(school: Flask, rt: Runtime, host: MemoryHost) -> None:
    host.acting, page = host.actors["tom"], "/certify/messages/wales/texts/issued/hi"
    client = school.test_client()
    typed = {"sender": "", "subject": "{{ name }}", "body": "नमस्ते {{ name }}", "sms": "ठीक"}

    tried = client.post(page, data=typed | {"do": "preview"})
    assert tried.status_code == 200 and "नमस्ते Ada Lovelace" in tried.text
    assert not editing.get_text(rt, "wales", "issued", "hi").is_own

    wrong = client.post(page, data=typed | {"body": "{{ nmae }}", "do": "save"})
    assert wrong.status_code == 422
    assert "There is no placeholder called nmae." in wrong.text and ">\n{{ nmae }}</textarea>" in wrong.text

    assert client.post(page, data=typed | {"do": "save"}).status_code == 303
    assert editing.get_text(rt, "wales", "issued", "hi").wording.sms == "ठीक"
    assert "Your own" in client.get("/certify/messages/wales").text
    assert client.post(page, data={"do": "put_back"}).status_code == 303
    assert not editing.get_text(rt, "wales", "issued", "hi").is_own


def test_an_issuer_that_does_not_exist_has_no_page(school: Flask, host: MemoryHost) -> None:
    host.acting = host.actors["tom"]
    assert school.test_client().get("/certify/messages/nobody").status_code == 404


def test_programs_read_try_and_change_texts(school: Flask, rt: Runtime, host: MemoryHost) -> None:
    host.acting, at = host.actors["tom"], "/certify/api/v1/issuers/wales/texts"
    client = school.test_client()
    given = {"subject": "{{ training }}", "body": "{{ name }}", "sms": "{{ date }}"}

    shown = client.post(f"{at}/issued/en/preview", json=given).json
    assert (shown["subject"], shown["sms"]) == ("Physics for Teachers", "June 8, 2026")
    wrong = client.put(f"{at}/issued/en", json=given | {"sms": "{{ datum }}"})
    assert (wrong.status_code, wrong.json["code"]) == (422, "text.unknown_placeholder")
    assert client.put(f"{at}/issued/en", json=given).json["changed_by"] == "tom"
    assert client.get(f"{at}/issued/en").json["sms"] == "{{ date }}"
    assert client.get(f"{at}/nothing/en").status_code == 404
    assert client.delete(f"{at}/issued/en").json["changed_by"] is None
    assert len(client.get(at).json) == 2 * len(TITLES)


def test_a_text_is_printed_changed_in_a_file_and_saved_by_command(school: Flask, rt: Runtime, tmp_path: Path) -> None:
    def run(*words: str) -> Any:
        return school.test_cli_runner().invoke(args=["certify", "messages", "text", *words])

    file = tmp_path / "text.json"
    file.write_text(run("show", "wales", "issued", "en").output)
    words = json.loads(file.read_text())
    file.write_text(json.dumps(words | {"sms": "{{ training }}!"}))
    assert "Physics for Teachers!" in run("preview", "wales", "issued", "en", str(file)).output
    assert run("save", "wales", "issued", "en", str(file)).output == "Saved.\n"
    assert "by command on 2026-06-15" in run("list", "wales").output
    assert editing.get_text(rt, "wales", "issued", "en").wording.sms == "{{ training }}!"
    file.write_text('{"sms": 1}')
    refused = run("save", "wales", "issued", "en", str(file))
    assert (refused.exit_code, "[text.not_json]" in refused.output) == (2, True)
    assert run("reset", "wales", "issued", "en").exit_code == 0
    assert not editing.get_text(rt, "wales", "issued", "en").is_own
