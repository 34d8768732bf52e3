"""What cannot be known is shown to staff, and a person decides: it was sent, or it is to be sent again."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_wtf.csrf import CSRFProtect
from twilio.request_validator import RequestValidator

from flask_certify.achievements.service import ensure_run
from flask_certify.core import working
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.ids import new_id
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import many
from flask_certify.notifications import decisions, stopping
from flask_certify.notifications.decisions import NothingToDecide
from flask_certify.notifications.models import Message
from tests.support import mail_server, sms_server, story
from tests.support.mail_server import PostOffice

SECRET = "a secret of these tests"
TWILIO = "twilio://AC123:t0ken@+15005550006?base={}&timeout=0.5"


class School:
    """An application whose learners have been told; Ada's email is in doubt."""

    def __init__(self, app: Flask, host: MemoryHost, office: PostOffice) -> None:
        self.app, self.host, self.office = app, host, office
        self.rt: Runtime = runtime_of(app)
        self.run = ensure_run(self.rt, story.RUN)
        self.page = f"/certify/runs/{self.run.id}/messages"

    def states(self) -> dict[tuple[str, str], str]:
        with self.app.app_context(), self.rt.reading() as session:
            return {(each.recipient, each.channel): each.state for each in session.scalars(sa.select(Message))}

    def id_of(self, learner: str, channel: str) -> UUID:
        with self.app.app_context(), self.rt.reading() as session:
            return session.scalars(
                sa.select(Message.id).where(Message.recipient == learner, Message.channel == channel)
            ).one()

    def client(self, who: str | None = None) -> Any:
        self.host.acting = self.host.actors[who] if who else None
        return self.app.test_client()

    def run_command(self, *words: str) -> Any:
        return self.app.test_cli_runner().invoke(args=["certify", "messages", *words])


@pytest.fixture
def school(tmp_path: Path, host: MemoryHost) -> Iterator[School]:
    with mail_server.running() as office, sms_server.running() as exchange:
        app = story.make_app(
            f"sqlite:///{tmp_path / 'host.db'}",
            host,
            CERTIFY_MAIL=f"smtp://127.0.0.1:{office.port}",
            CERTIFY_SMS=TWILIO.format(exchange.url),
            CERTIFY_HOOK_SECRET=SECRET,
            WTF_CSRF_ENABLED=False,
        )
        with app.app_context():
            story.set_up(runtime_of(app))
            made = School(app, host, office)
            office.hangs_up_after_text.add("ada@example.org")
            many.issue_many(made.rt, made.run.id, ["ada", "cy", "dev"], actor=story.MIA)
            working.drain(made.rt)
        office.hangs_up_after_text.clear()
        yield made
        story.dispose(app)


def test_what_is_in_doubt_is_shown_with_its_reason_and_counts(school: School) -> None:
    page = school.client("mia").get(school.page).text

    assert school.states() == {("ada", "email"): "unknown", ("ada", "sms"): "sent", ("cy", "sms"): "sent"}
    assert "WA-ada" in page and "The mail server&#39;s answer was lost." in page
    assert "WA-cy" not in page and "WA-cy" in school.client("mia").get(f"{school.page}?state=sent").text
    assert 'name="do"' not in page, "a mentor reads, and does not decide"
    assert 'value="again"' in school.client("tom").get(school.page).text


def test_a_person_says_that_it_was_sent_and_the_failure_log_is_put_right(school: School) -> None:
    said = {"message": str(school.id_of("ada", "email")), "do": "sent", "state": "unknown"}
    assert school.client("tom").post(school.page, data=said).status_code == 303

    assert school.states()["ada", "email"] == "sent" and school.office.sent_to("ada@example.org") == 1
    failures = school.client("mia").get(f"/certify/runs/{school.run.id}/failures").text
    assert "WA-ada" not in failures
    with school.app.app_context(), school.rt.reading() as session:
        acts = session.scalars(sa.select(AuditEntry).where(AuditEntry.act.like("message.%"))).all()
    assert [(act.actor_ref, act.act, act.reason) for act in acts] == [("tom", "message.sent", "mail.uncertain")]


def test_a_person_has_it_sent_again_once_and_nothing_else_is(school: School) -> None:
    said = {"message": [str(school.id_of("ada", way)) for way in ("email", "sms")], "do": "again"}
    assert school.client("tom").post(school.page, data=said).status_code == 303
    with school.app.app_context():
        working.drain(school.rt)

    assert school.states() == {("ada", "email"): "sent", ("ada", "sms"): "sent", ("cy", "sms"): "sent"}
    assert school.office.sent_to("ada@example.org") == 2
    again = school.client("tom").post(school.page, data=said)
    assert again.status_code == 409 and "none is in doubt any more" in again.text


def test_nobody_decides_about_another_tenants_messages(school: School) -> None:
    message = school.id_of("ada", "email")
    with school.app.app_context(), pytest.raises(NothingToDecide):
        decisions.decide(school.rt, [message], "again", "nia", tenant_ref="devon")
    assert school.states()["ada", "email"] == "unknown"


def test_programs_list_and_decide(school: School) -> None:
    at = f"/certify/api/v1/runs/{school.run.id}/messages"
    [found] = school.client("tom").get(f"{at}?state=unknown").json
    assert (found["learner"], found["channel"], found["reason"]) == ("ada", "email", "mail.uncertain")

    decided = school.client("tom").post(f"{at}/decide", json={"messages": [found["id"]], "verdict": "sent"})
    assert decided.json == {"number": 1}
    assert school.client("tom").get(f"{at}?state=unknown").json == []


def test_commands_list_decide_and_change_rules(school: School) -> None:
    listed = school.run_command("list", story.RUN, "--state", "unknown", "--json")
    found = json.loads(listed.output)
    assert (found["learner"], found["reason"], found["attempts"]) == ("ada", "mail.uncertain", 1)
    assert "unknown  mail.uncertain" in school.run_command("list", story.RUN).output
    refused = school.run_command("decide", story.RUN, "sent", found["id"], "--as", "mia")
    assert (refused.exit_code, "[actor.may_not]" in refused.output) == (2, True)
    assert (
        school.run_command("decide", story.RUN, "sent", found["id"], "--as", "tom").output == "1 of 1: called sent.\n"
    )

    shown = school.run_command("rules", "wales", "--quiet", "21:00-08:00", "--region", "GB").output
    assert "quiet   21:00-08:00\nregion  GB\n" in shown and "issued       sms    on" in shown
    assert "quiet   never" in school.run_command("rules", "wales", "--quiet", "none").output
    assert "Nobody would be told any more" in school.run_command("switch", "wales", "issued", "sms", "off").output
    assert "issued by sms is off" in school.run_command("switch", "wales", "issued", "sms", "off", "--yes").output
    assert "0 were not told while it was off." in school.run_command("switch", "wales", "issued", "sms", "on").output
    assert "issued by sms is on" in school.run_command("switch", "wales", "issued", "sms", "on", "--yes").output
    assert "50,000 SMS will take about 14 h on one sender." in school.run_command("plan", "50000").output
    assert "ada gets no more messages by sms." in school.run_command("opt-out", "wales", "ada", "sms").output
    assert "ada gets messages again by sms." in school.run_command("opt-out", "wales", "ada", "sms", "--undo").output


def test_staff_change_hours_and_switches_on_their_page(school: School) -> None:
    client, at = school.client("tom"), "/certify/messages/wales"
    assert client.post(f"{at}/rules", data={"begins": "21:00", "ends": "08:00", "region": "in"}).status_code == 303
    page = client.get(at).text
    assert 'value="21:00"' in page and 'value="IN"' in page and "Europe/London" in page
    wrong = client.post(f"{at}/rules", data={"begins": "21:00", "ends": "x", "region": "in"})
    assert wrong.status_code == 422 and "Quiet hours are two different times" in wrong.text
    assert client.post(f"{at}/rules", data={"begins": "", "ends": "", "region": ""}).status_code == 303

    switch = f"{at}/switches/reissued/email"
    assert "nor those whose message waits" in client.get(switch).text
    assert client.post(switch, data={"do": "off"}).status_code == 303
    assert "Nobody was passed by while this was off." in client.get(switch).text
    assert client.post(switch, data={"do": "on"}).status_code == 303
    assert client.get(f"{at}/switches/nothing/email").status_code == 422


# ---- doors without a login ---------------------------------------------------------------------------


def test_the_link_in_an_email_asks_first_and_stops_by_a_button_without_a_login(school: School) -> None:
    link = stopping.url_of(school.rt, school.id_of("ada", "email")).removeprefix("https://certs.example.org")
    client = school.client()

    assert "Do you want no more emails" in client.get(link).text
    assert "Do you want no more emails" in client.get(link).text, "to look changes nothing"
    assert "You get no more emails" in client.post(link, data={"List-Unsubscribe": "One-Click"}).text
    assert "You get no more emails" in client.get(link).text
    assert "You get emails about your certificates again." in client.post(link, data={"do": "start"}).text
    assert client.get(link[:-3] + "AAA").status_code == 404


def test_providers_report_by_http_and_a_repetition_or_a_forgery_is_refused(school: School) -> None:
    client, message = school.client(), school.id_of("cy", "sms")
    path, form = f"/certify/hooks/sms/status?m={message}", {"MessageSid": "SM1", "MessageStatus": "delivered"}
    signature = RequestValidator("t0ken").compute_signature(f"https://certs.example.org{path}", form)
    for seal, status in ((signature, 204), (signature, 409), ("forged", 403)):
        assert client.post(path, data=form, headers={"X-Twilio-Signature": seal}).status_code == status

    path, form = "/certify/hooks/sms/reply", {"From": "+447700900003", "Body": "STOP", "MessageSid": "SM2"}
    signature = RequestValidator("t0ken").compute_signature(f"https://certs.example.org{path}", form)
    replied = client.post(path, data=form, headers={"X-Twilio-Signature": signature})
    assert (replied.status_code, replied.content_type.partition(";")[0]) == (200, "text/xml")

    body = json.dumps({"events": [{"message_id": str(new_id()), "kind": "bounced"}]}).encode()
    at = str(int(story.NOW.timestamp()))
    seal = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    signed = {"Certify-Signature": f"t={at},v1={seal}"}
    assert client.post("/certify/hooks/mail", data=body, headers=signed).json == {"known": 0}
    assert client.post("/certify/hooks/mail", data=body, headers=signed).status_code == 409
    assert client.post("/certify/hooks/mail", data=b"x" * 1_000_001, headers=signed).status_code == 413


def test_a_host_that_protects_its_forms_lets_signed_reports_in(tmp_path: Path, host: MemoryHost) -> None:
    """With the host's CSRFProtect, whose token no provider has."""
    from flask_babel import Babel
    from flask_sqlalchemy import SQLAlchemy

    from flask_certify import Certify

    app = Flask("guarded")
    app.config.from_mapping(
        SECRET_KEY="of these tests alone",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'guarded.db'}",
        CERTIFY_PUBLIC_URL="https://certs.example.org",
    )
    db = SQLAlchemy(app)
    Babel(app)
    CSRFProtect(app)
    Certify().init_app(app, db=db, host=host)
    client = app.test_client()
    assert client.post("/certify/hooks/mail", data=b"{}").status_code == 404, "there is no such hook; no token is asked"
    assert client.post("/certify/stop/x").status_code == 404
    assert client.post("/certify/messages/wales/rules").status_code == 400
