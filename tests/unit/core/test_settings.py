"""Settings: read once, and wrong ones stop the start with a sentence."""

import pytest

from flask_certify.core.errors import MasterKeyMissing, Misconfigured
from flask_certify.core.settings import MissingSetting, Settings, UnknownSetting, WrongSetting, is_slug

HERE = {"CERTIFY_PUBLIC_URL": "https://certs.example.org"}


def test_defaults_are_enough_but_for_the_address() -> None:
    settings = Settings.read({**HERE, "DEBUG": True, "SQLALCHEMY_ECHO": False})
    assert settings.base == "https://certs.example.org/certify"
    assert settings.notify is True


def test_without_an_address_the_start_stops() -> None:
    with pytest.raises(MissingSetting, match="CERTIFY_PUBLIC_URL is missing"):
        Settings.read({})


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("CERTIFY_PUBLIC_ULR", "CERTIFY_PUBLIC_URL"),
        ("CERTIFY_MASTERKEY", "CERTIFY_MASTER_KEY"),
        ("CERTIFY_SMTP", "CERTIFY_"),
    ],
)
def test_a_misspelt_key_stops_the_start_and_names_the_nearest(key: str, nearest: str) -> None:
    with pytest.raises(UnknownSetting, match=f"no setting {key}. Did you mean {nearest}"):
        Settings.read({**HERE, key: "x"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"CERTIFY_PUBLIC_URL": "certs.example.org"},
        {"CERTIFY_PUBLIC_URL": "http://certs.example.org"},
        {"CERTIFY_PUBLIC_URL": "https://certs.example.org/path"},
        {"CERTIFY_URL_PREFIX": "certify"},
        {"CERTIFY_LEASE_SECONDS": 0},
        {"CERTIFY_LEASE_SECONDS": "soon"},
        {"CERTIFY_CHUNK_SIZE": 5001},
        {"CERTIFY_UNDO_DAYS": -1},
        {"CERTIFY_NOTIFY": "perhaps"},
        {"CERTIFY_LANGUAGES": ()},
        {"CERTIFY_MAIL": 25},
        {"CERTIFY_MAIL_FROM": "not an address"},
        {"CERTIFY_LANGUAGES": 5},
        {"CERTIFY_LANGUAGES": "xx"},
        {"CERTIFY_REDIS_URL": "localhost:6379"},
        {"CERTIFY_REDIS_URL": "foo://bar"},
        {"CERTIFY_HOST_SECONDS": -1},
        {"CERTIFY_HOST_SECONDS": "nan"},
        {"CERTIFY_LIST_LIMIT": -5},
        {"CERTIFY_QUEUE": " "},
        {"CERTIFY_CHUNK_SIZE": 1.5},
        {"CERTIFY_PUBLIC_URL": "https://a.example:99999"},
        {"CERTIFY_MASTER_KEY": "abc"},
        {"CERTIFY_MASTER_KEY": "1:" + "0" * 64 + ",1:" + "1" * 64},
        {"CERTIFY_MASTER_KEY": "0:" + "0" * 64},
    ],
)
def test_a_wrong_value_stops_the_start_and_names_its_key(wrong: dict[str, object]) -> None:
    [key] = wrong
    with pytest.raises(WrongSetting, match=key) as raised:
        Settings.read({**HERE, **wrong})
    assert raised.value.code == "settings.wrong"


def test_http_is_enough_on_loopback() -> None:
    assert Settings.read({"CERTIFY_PUBLIC_URL": "http://127.0.0.1:8080/"}).public_url == "http://127.0.0.1:8080"


def test_master_keys_have_versions_and_never_show_themselves() -> None:
    digits = "ab" * 32
    settings = Settings.read({**HERE, "CERTIFY_MASTER_KEY": f"1:{digits},2:{'cd' * 32}"})
    assert sorted(settings.require_master_keys()) == [1, 2]
    assert digits not in repr(settings)
    assert Settings.read({**HERE, "CERTIFY_MASTER_KEY": digits}).master_keys == {1: bytes.fromhex(digits)}


def test_no_secret_of_an_address_shows_itself() -> None:
    settings = Settings.read(
        {
            **HERE,
            "CERTIFY_REDIS_URL": "redis://:hidden@localhost",
            "CERTIFY_MAIL": "smtp://me:hidden@localhost",
            "CERTIFY_SMS": "twilio://AC1:hidden@+15005550006",
        }
    )
    assert "hidden" not in repr(settings)


def test_a_master_key_that_is_missing_is_told_when_it_is_needed() -> None:
    with pytest.raises(MasterKeyMissing) as raised:
        Settings.read(HERE).require_master_keys()
    assert isinstance(raised.value, Misconfigured)


def test_text_from_the_environment_is_read_as_what_it_stands_for() -> None:
    settings = Settings.read(
        {**HERE, "CERTIFY_NOTIFY": "no", "CERTIFY_LANGUAGES": "hi, en", "CERTIFY_HOST_SECONDS": "2.5"}
    )
    assert (settings.notify, settings.languages, settings.host_seconds) == (False, ("hi", "en"), 2.5)


@pytest.mark.parametrize("slug", ["wales", "a-1", "x" * 40])
def test_a_slug_is_small_letters_digits_and_dashes(slug: str) -> None:
    assert is_slug(slug)


@pytest.mark.parametrize("slug", ["", "Wales", "a_b", "x" * 41, "v", "verify", "runs", "wales\n"])
def test_words_of_our_routes_and_other_letters_are_no_slugs(slug: str) -> None:
    assert not is_slug(slug)
