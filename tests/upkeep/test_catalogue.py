"""Every sentence of ours exists in every language we ship (R-173): a missing one fails here, and not before a learner.

Who wrote a new sentence says `python -m tests.support.words`, and translates what is empty then.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Message

import flask_certify
from flask_certify.core.errors import CertifyError
from tests.support import words

GAP = re.compile(r"%(?:\((\w+)\)s|\((\w+)\)d|(%)|(.))")
DEVANAGARI = re.compile(r"[\u0900-\u097f]")
THE_SAME_IN_HINDI = {"PDF"}


def ids(catalogue: words.Catalog) -> set[tuple[str, ...]]:
    return {forms(message.id) for message in catalogue if message.id}


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """One form, or one for each number."""
    return (text,) if isinstance(text, str) else tuple(text)


def gaps(text: str) -> set[str]:
    """The names of the gaps of a sentence; whatever else stands after a percent sign is told apart."""
    return {named or number or sign or f"wrong:{other}" for named, number, sign, other in GAP.findall(text)}


def messages(language: str) -> list[Message]:
    return [message for message in words.catalogue_of(language) if message.id]


def test_the_template_holds_exactly_the_sentences_of_the_code() -> None:
    with words.TEMPLATE.open("rb") as template:
        assert ids(words.read_po(template)) == ids(words.extracted())


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_catalogue_holds_exactly_the_sentences_of_the_code(language: str) -> None:
    catalogue = words.catalogue_of(language)
    assert ids(catalogue) == ids(words.extracted())
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_sentence_is_translated_in_all_its_forms_and_none_is_a_guess(language: str) -> None:
    number_of_forms = words.catalogue_of(language).num_plurals
    for message in messages(language):
        assert all(forms(message.string)), f"no words for: {message.id}"
        expected = 1 if isinstance(message.id, str) else number_of_forms
        assert len(forms(message.string)) == expected, message.id
        assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_translation_has_the_gaps_of_its_sentence_and_no_others(language: str) -> None:
    for message in messages(language):
        expected = gaps(forms(message.id)[-1])
        for text in forms(message.string):
            assert gaps(text) == expected, f"{message.id!r} became {text!r}"


def test_no_sentence_stands_inside_a_formatted_string_where_the_extractor_does_not_look() -> None:
    """It would be English in every language, and no other test would say so."""
    lost = [
        f"{path.name}: {ast.unparse(call)}"
        for path in (words.ROOT / "flask_certify").rglob("*.py")
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in words.KEYWORDS
        if call.args and isinstance(call.args[0], ast.Constant)
    ]
    assert lost == []


def test_the_english_words_are_those_of_the_code() -> None:
    for message in messages("en"):
        assert forms(message.string) == forms(message.id)


def test_the_hindi_words_are_hindi() -> None:
    english = {text for message in messages("hi") for text in forms(message.string) if not DEVANAGARI.search(text)}
    assert english == THE_SAME_IN_HINDI


def test_every_error_speaks_by_a_sentence_that_can_be_translated() -> None:
    known = {one for forms_ in ids(words.extracted()) for one in forms_}
    for module in pkgutil.walk_packages(flask_certify.__path__, "flask_certify."):
        importlib.import_module(module.name)
    assert [error.code for error in family(CertifyError) if error.sentence not in known] == []


def family(of: type[CertifyError]) -> Iterator[type[CertifyError]]:
    """The error and all that are made of it, by the package itself."""
    if of.__module__.startswith("flask_certify."):
        yield of
    for each in of.__subclasses__():
        yield from family(each)
