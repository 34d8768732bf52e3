"""Codes of languages: however they are said, we spell them in one way."""

import pytest

from flask_certify.core.languages import find_tag, name_of, spelled, widening
from flask_certify.core.settings import Settings
from flask_certify.notifications.texts import language_for
from tests.unit.core.test_settings import HERE


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("en", "en"),
        ("EN", "en"),
        (" hi ", "hi"),
        ("pt-br", "pt-BR"),
        ("pt_BR", "pt-BR"),
        ("hi_in", "hi-IN"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("ZH_HANT", "zh-Hant"),
    ],
)
def test_a_language_is_spelled_as_bcp_47_does_however_it_is_said(said: str, meant: str) -> None:
    assert find_tag(said) == spelled(said) == meant


@pytest.mark.parametrize("said", ["", "xx", "klingon", "e", "en-", "../en", "en" * 20, "hi-IN-x-" + "y" * 20])
def test_what_is_no_language_is_none_and_stays_as_it_was_said(said: str) -> None:
    assert find_tag(said) is None and spelled(said) == said


def test_a_language_without_its_region_serves_whoever_speaks_it_there() -> None:
    assert widening("PT_br") == ("pt-BR", "pt")
    assert widening("hi") == ("hi",) and widening(None) == widening("") == ()


def test_the_languages_of_a_site_are_spelled_in_one_way_and_each_once() -> None:
    settings = Settings.read({**HERE, "CERTIFY_LANGUAGES": "EN pt_br, en hi"})
    assert settings.languages == ("en", "pt-BR", "hi")
    assert Settings.read({**HERE, "CERTIFY_LANGUAGES": ["HI", "en"]}).languages == ("hi", "en")


def test_messages_are_written_in_the_language_that_was_meant() -> None:
    assert language_for("PT_br", ("en", "pt-BR")) == "pt-BR"
    assert language_for("hi_IN", ("en", "hi")) == "hi-IN" and language_for("ta", ("en", "hi")) == "en"


def test_a_language_is_called_what_its_speakers_call_it() -> None:
    assert (name_of("HI"), name_of("pt-br"), name_of("xx")) == ("हिन्दी", "português (Brasil)", "xx")
