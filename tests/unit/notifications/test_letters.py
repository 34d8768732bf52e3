"""An email as it travels, and as a file in a local outbox."""

import stat
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from uuid import UUID

import pytest

from flask_certify.notifications.letters import compose
from flask_certify.notifications.outbox import OutboxMailer, OutboxTexter
from flask_certify.notifications.ports import Away, Letter, Refused, Text

SENDER = "certificates@example.org"
LETTER = Letter(
    message_id=UUID("0190f000-0000-7000-8000-000000000001"),
    to="ada@example.org",
    sender_name="विद्या Academy",
    subject="आपका प्रमाणपत्र",
    text="नमस्ते Ada\n.\nend\n",
    html="<p>नमस्ते Ada</p>\n",
    language="hi",
    written_at=datetime(2026, 6, 15, 9, 30, tzinfo=UTC),
)


def read(wire: bytes) -> EmailMessage:
    message = message_from_bytes(wire, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_letter_arrives_as_it_was_written() -> None:
    message = read(compose(LETTER, SENDER).wire)

    assert message["To"] == "ada@example.org"
    assert message["From"].addresses[0].display_name == "विद्या Academy"
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["Subject"] == "आपका प्रमाणपत्र"
    assert message["Date"].datetime == LETTER.written_at
    assert message["Content-Language"] == "hi"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None and plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert html is not None and html.get_content().replace("\r\n", "\n") == LETTER.html


def test_whatever_the_script_only_plain_letters_travel() -> None:
    wire = compose(LETTER, SENDER).wire

    assert wire.isascii()
    assert b"\n" not in wire.replace(b"\r\n", b"")


def test_the_message_id_is_made_from_the_row_so_a_repetition_can_be_recognised() -> None:
    once, again = compose(LETTER, SENDER), compose(replace(LETTER, subject="other"), SENDER)

    assert once.message_id == again.message_id == f"<{LETTER.message_id}@example.org>"


@pytest.mark.parametrize(
    "broken",
    [
        replace(LETTER, to="ada@example.org\r\nBcc: eve@example.org"),
        replace(LETTER, to="ada@example.org,eve@example.org"),
        replace(LETTER, subject="Hello\r\nBcc: eve@example.org"),
        replace(LETTER, sender_name="Wales\nBcc: eve@example.org"),
        replace(LETTER, language="en\r\nBcc: eve@example.org"),
    ],
)
def test_a_line_break_in_a_header_is_refused(broken: Letter) -> None:
    with pytest.raises(Refused):
        compose(broken, SENDER)


def test_an_outbox_holds_letters_that_a_mail_program_opens(tmp_path: Path) -> None:
    mailer = OutboxMailer(str(tmp_path / "out"), SENDER)

    assert mailer.send(LETTER) == mailer.send(LETTER)

    [path] = (tmp_path / "out").iterdir()
    assert path.name == f"{LETTER.message_id}.eml"
    assert read(path.read_bytes())["Subject"] == "आपका प्रमाणपत्र"


def test_an_outbox_holds_texts_with_the_number_inside_and_not_in_the_name(tmp_path: Path) -> None:
    OutboxTexter(str(tmp_path)).send(Text(LETTER.message_id, "+91 98765 43210", "नमस्ते"))

    [path] = tmp_path.iterdir()
    assert path.name == f"{LETTER.message_id}.sms.txt"
    assert path.read_text() == "To: +919876543210\n\nनमस्ते\n"


def test_an_outbox_is_for_its_owner_alone(tmp_path: Path) -> None:
    OutboxMailer(str(tmp_path / "out"), SENDER).send(LETTER)

    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}


def test_an_outbox_that_cannot_be_written_is_away_and_nothing_was_sent(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("not a folder")

    with pytest.raises(Away):
        OutboxMailer(str(tmp_path / "out"), SENDER).send(LETTER)


@pytest.mark.parametrize(
    "words",
    [
        "Your certificate: Physics",
        'Dr. "Ada" Lovelace \\ Co, Ltd. <x@example.org>',
        "=?utf-8?q?sly?=",
        "long " * 40 + "end",
        "விஞ்ஞானம் " * 20 + "முடிவு",
        "😀",
    ],
)
def test_headers_in_every_script_and_length_are_read_as_they_were_written(words: str) -> None:
    wire = compose(replace(LETTER, subject=words, sender_name=words), SENDER).wire

    message = read(wire)
    assert message["Subject"] == words
    assert message["From"].addresses[0].addr_spec == SENDER
    [(raw, _)] = getaddresses([str(message_from_bytes(wire)["From"]).replace("\r\n", "")])
    assert str(make_header(decode_header(raw))) == words
    assert max(len(line) for line in wire.split(b"\r\n")) <= 78
    assert message.defects == []
