"""Email against a real mail server: what its answers mean, and when nobody can know."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from flask_certify.core.ids import new_id
from flask_certify.core.settings import Settings
from flask_certify.notifications.mail import make_mailer
from flask_certify.notifications.ports import Away, Later, Letter, Mailer, NotSent, Refused, Uncertain
from tests.support import mail_server
from tests.support.mail_server import PostOffice

ADA, BEN = "ada@example.org", "ben@example.org"
LETTER = Letter(
    new_id(), ADA, "Wales", "Hello", "text\n", "<p>text</p>\n", "en", dt.datetime(2026, 6, 15, tzinfo=dt.UTC)
)


def mailer_to(url: str) -> Mailer:
    mailer = make_mailer(
        Settings(public_url="https://certs.example.org", mail=url, mail_from="certificates@example.org")
    )
    assert mailer is not None
    return mailer


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with mail_server.running() as office:
        yield office


@pytest.fixture
def mailer(office: PostOffice) -> Iterator[Mailer]:
    mailer = mailer_to(f"smtp://127.0.0.1:{office.port}")
    yield mailer
    mailer.close()


def to(address: str) -> Letter:
    return replace(LETTER, message_id=new_id(), to=address)


def why_not(mailer: Mailer, letter: Letter) -> NotSent:
    with pytest.raises(NotSent) as trouble:
        mailer.send(letter)
    return trouble.value


def test_a_letter_arrives_once_with_its_message_id(office: PostOffice, mailer: Mailer) -> None:
    name = mailer.send(LETTER)

    [message] = office.messages(ADA)
    assert message["Message-ID"] == name == f"<{LETTER.message_id}@example.org>"
    assert message["Subject"] == "Hello"


def test_many_letters_share_one_connection(office: PostOffice, mailer: Mailer) -> None:
    for _ in range(20):
        mailer.send(to(ADA))

    assert (office.connections, office.sent_to(ADA)) == (1, 20)


def test_a_server_that_wants_one_command_at_a_time_gets_one(office: PostOffice, mailer: Mailer) -> None:
    """Without PIPELINING (RFC 2920): a server that hears more than it has answered may throw it away."""
    office.takes_many_at_once = False
    office.at_recipient[BEN] = "550 no such user"

    mailer.send(to(ADA))
    trouble = why_not(mailer, to(BEN))
    mailer.send(to(ADA))

    assert isinstance(trouble, Refused) and trouble.details == {"answer": 550}
    assert (office.connections, office.sent_to(ADA), office.most_unanswered) == (1, 2, 1)


def test_a_server_that_takes_many_commands_at_once_gets_three(office: PostOffice, mailer: Mailer) -> None:
    office.at_recipient[BEN] = "550 no such user"

    mailer.send(to(ADA))
    why_not(mailer, to(BEN))
    mailer.send(to(ADA))

    assert (office.connections, office.sent_to(ADA), office.most_unanswered) == (1, 2, 3)


@pytest.mark.parametrize("answer", ["550 no such user", "501 syntax", "553 not allowed"])
@pytest.mark.parametrize("when", ["at_recipient", "at_text"])
def test_a_five_is_final(office: PostOffice, mailer: Mailer, when: str, answer: str) -> None:
    getattr(office, when)[BEN] = answer

    trouble = why_not(mailer, to(BEN))

    assert isinstance(trouble, Refused)
    assert (trouble.code, trouble.details) == ("mail.refused", {"answer": int(answer[:3])})


@pytest.mark.parametrize("when", ["at_recipient", "at_text"])
def test_a_four_is_later_for_this_letter_alone(office: PostOffice, mailer: Mailer, when: str) -> None:
    getattr(office, when)[BEN] = "451 greylisted, ben@example.org"

    trouble = why_not(mailer, to(BEN))

    assert isinstance(trouble, Later) and not isinstance(trouble, Away)
    assert (trouble.code, trouble.details) == ("mail.later", {"answer": 451})
    assert BEN not in repr(trouble)


def test_after_a_refusal_the_next_letter_goes_out_on_the_same_connection(office: PostOffice, mailer: Mailer) -> None:
    office.at_recipient[BEN] = "550 no such user"

    why_not(mailer, to(BEN))
    mailer.send(to(ADA))

    assert (office.connections, office.sent_to(ADA), office.sent_to(BEN)) == (1, 1, 0)


def test_a_lost_answer_after_the_text_means_that_nobody_knows(office: PostOffice, mailer: Mailer) -> None:
    office.hangs_up_after_text.add(BEN)

    trouble = why_not(mailer, to(BEN))
    mailer.send(to(ADA))

    assert isinstance(trouble, Uncertain) and trouble.code == "mail.uncertain"
    assert (office.sent_to(BEN), office.sent_to(ADA), office.connections) == (1, 1, 2)


def test_a_connection_lost_before_the_text_means_that_nothing_was_sent(office: PostOffice, mailer: Mailer) -> None:
    office.hangs_up_before_text.add(BEN)

    assert isinstance(why_not(mailer, to(BEN)), Away)
    assert office.letters == []


def test_a_server_that_is_not_there_is_away() -> None:
    trouble = why_not(mailer_to(f"smtp://127.0.0.1:{mail_server.free_port()}"), LETTER)

    assert isinstance(trouble, Away) and trouble.code == "mail.away"


def test_a_server_that_hung_up_while_nothing_was_said_is_called_again(office: PostOffice) -> None:
    with mail_server.running() as first:
        mailer = mailer_to(f"smtp://127.0.0.1:{first.port}")
        mailer.send(to(ADA))
    with mail_server.running(port=first.port) as second:
        mailer.send(to(BEN))
        mailer.close()

    assert (first.sent_to(ADA), second.sent_to(BEN)) == (1, 1)


def test_a_refused_sender_is_about_us_so_the_others_wait(office: PostOffice, mailer: Mailer) -> None:
    office.at_sender = "550 not you"

    trouble = why_not(mailer, LETTER)

    assert isinstance(trouble, Away) and trouble.code == "mail.sender_refused"


def test_a_closing_server_is_away_and_called_again_later(office: PostOffice, mailer: Mailer) -> None:
    office.at_recipient[BEN] = "421 closing down"
    assert isinstance(why_not(mailer, to(BEN)), Away)

    mailer.send(to(ADA))

    assert (office.sent_to(ADA), office.connections) == (1, 2)


def test_an_address_that_would_break_a_header_never_reaches_the_server(office: PostOffice, mailer: Mailer) -> None:
    trouble = why_not(mailer, to("ben@example.org\r\nBcc: eve@example.org"))

    assert isinstance(trouble, Refused)
    assert office.letters == [] and office.connections == 0


def test_addresses_in_any_script_are_written_to(office: PostOffice, mailer: Mailer) -> None:
    mailer.send(to("अदा@उदाहरण.भारत"))

    assert office.sent_to("अदा@उदाहरण.भारत") == 1


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def encrypted(certificate: Path) -> Iterator[PostOffice]:
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(certificate)
    with mail_server.running(password="s3cret", certificate=offered) as office:
        yield office


def test_encryption_is_used_where_it_is_offered_and_opens_with_our_password(
    encrypted: PostOffice, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    mailer = mailer_to(f"smtp://ada:s3cret@127.0.0.1:{encrypted.port}")

    mailer.send(LETTER)
    mailer.close()

    assert encrypted.sent_to(ADA) == 1


def test_a_wrong_password_is_about_us_so_all_letters_wait(
    encrypted: PostOffice, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    trouble = why_not(mailer_to(f"smtp://ada:other@127.0.0.1:{encrypted.port}"), LETTER)

    assert isinstance(trouble, Away) and trouble.code == "mail.login_refused"


def test_a_server_that_cannot_prove_who_it_is_hears_no_password(encrypted: PostOffice) -> None:
    trouble = why_not(mailer_to(f"smtp://ada:s3cret@127.0.0.1:{encrypted.port}"), LETTER)

    assert isinstance(trouble, Away) and trouble.code == "mail.away"
    assert encrypted.letters == []


def test_a_password_does_not_leave_this_machine_unencrypted() -> None:
    with mail_server.running(host="127.0.0.2") as far:
        trouble = why_not(mailer_to(f"smtp://ada:s3cret@127.0.0.2:{far.port}"), LETTER)

    assert isinstance(trouble, Away) and trouble.code == "mail.not_encrypted"
    assert far.letters == []
