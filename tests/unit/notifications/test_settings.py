"""How the settings name a way of sending, and what is said about those that name none."""

import pytest

from flask_certify.core.settings import Settings, WrongSetting
from flask_certify.notifications.mail import Server, SmtpMailer, make_mailer
from flask_certify.notifications.outbox import OutboxMailer, OutboxTexter
from flask_certify.notifications.sms import Account, TwilioTexter, make_texter


def settings(mail: str = "", sms: str = "") -> Settings:
    return Settings(public_url="https://certs.example.org", mail=mail, sms=sms)


def server_of(mail: str) -> Server:
    mailer = make_mailer(settings(mail=mail))
    assert isinstance(mailer, SmtpMailer)
    return mailer.server


def account_of(sms: str) -> Account:
    texter = make_texter(settings(sms=sms))
    assert isinstance(texter, TwilioTexter)
    return texter.account


def test_nothing_named_is_nothing_made() -> None:
    assert make_mailer(settings()) is None and make_texter(settings()) is None


def test_an_outbox_is_a_folder() -> None:
    assert isinstance(make_mailer(settings(mail="outbox:/var/mail")), OutboxMailer)
    assert isinstance(make_texter(settings(sms="outbox:/var/sms")), OutboxTexter)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", Server("localhost", 25)),
        ("smtp://ada:s%40cret@mail.example.org", Server("mail.example.org", 587, "ada", "s@cret")),
        ("smtps://ada:x@mail.example.org", Server("mail.example.org", 465, "ada", "x", True)),
        ("smtp://mail.example.org:2525", Server("mail.example.org", 2525)),
    ],
)
def test_mail_servers_are_named_by_a_url(url: str, server: Server) -> None:
    assert server_of(url) == server


@pytest.mark.parametrize("url", ["smtp:", "smtp://", "smtp://host:port", "http://mail.example.org", "outbox:", "mail"])
def test_a_wrong_mail_setting_is_told_without_its_password(url: str) -> None:
    with pytest.raises(WrongSetting, match="CERTIFY_MAIL cannot be used"):
        make_mailer(settings(mail=url))


def test_the_sender_of_sms_keeps_its_capitals() -> None:
    assert account_of("twilio://AC1:t0ken@MGabCD") == Account("AC1", "t0ken", "MGabCD")
    assert account_of("twilio://AC1:t%3Aken@+15550001111").token == "t:ken"


def test_sms_can_be_sent_to_another_server_that_speaks_the_same_language() -> None:
    account = account_of("twilio://AC1:x@+15550001111?base=http://127.0.0.1:8099/&timeout=0.5")

    assert (account.base, account.seconds) == ("http://127.0.0.1:8099", 0.5)


@pytest.mark.parametrize(
    "url", ["twilio:", "twilio://AC1@+1555", "twilio://AC1:x@", "outbox:", "sms", "twilio://AC1:x@+1555?timeout=soon"]
)
def test_a_wrong_sms_setting_is_told_without_its_token(url: str) -> None:
    with pytest.raises(WrongSetting, match="CERTIFY_SMS cannot be used") as wrong:
        make_texter(settings(sms=url))
    assert "AC1" not in str(wrong.value)


def test_passwords_and_tokens_are_not_shown() -> None:
    assert "s3cret" not in repr(server_of("smtp://ada:s3cret@mail.example.org"))
    assert "s3cret" not in repr(account_of("twilio://AC1:s3cret@+15550001111"))
