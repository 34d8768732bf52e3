"""Which addresses can be used, and what a log shows of them."""

import pytest

from flask_certify.notifications.contacts import masked, usable_email, usable_number
from flask_certify.notifications.ports import Refused


@pytest.mark.parametrize("address", ["ada@example.org", "a.b+c@mail.example.co.in", "अदा@उदाहरण.भारत"])
def test_one_address_is_used_as_it_is(address: str) -> None:
    assert usable_email(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example.org, eve@example.org",
        "Ada <ada@example.org>",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\n",
        "ada@exa mple.org",
        "ada@@example.org",
        "ada\u202e@example.org",
    ],
)
def test_whatever_is_not_exactly_one_address_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        usable_email(address)
    assert refused.value.code == "mail.unusable_address"


@pytest.mark.parametrize("number", ["+919876543210", "+91 98765 43210", "+44 (7700) 900-001"])
def test_numbers_may_be_written_for_people(number: str) -> None:
    assert usable_number(number).lstrip("+").isdecimal()


@pytest.mark.parametrize(
    "number", ["", "98765 43210", "+0123456789", "+91", "whatsapp:+919876543210", "+91\n9876543210"]
)
def test_a_number_that_says_no_country_is_refused(number: str) -> None:
    with pytest.raises(Refused) as refused:
        usable_number(number)
    assert refused.value.code == "sms.unusable_number"


def test_a_log_shows_too_little_to_write_to_anybody() -> None:
    assert masked("ada.lovelace@example.org") == "a…@e….org"
    assert masked("+919876543210") == "+91…10"
    assert masked("12345") == "…"
