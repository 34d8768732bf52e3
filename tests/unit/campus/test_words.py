"""The campus's own catalogue: complete, and apart from that of the certificates."""

import re
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from examples.campus.words import SOURCES

CAMPUS = SOURCES.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None}


def catalogue():
    with (SOURCES / "hi" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {message.id: message for message in read_po(file) if message.id}


def test_every_sentence_of_the_campus_is_there_in_hindi():
    found = {message for _, _, message, _, _ in extract_from_dir(CAMPUS, METHODS, keywords=KEYWORDS)}
    assert len(found) > 50
    assert found == set(catalogue())


def test_every_translation_is_finished_and_keeps_the_gaps():
    for message in catalogue().values():
        assert message.string and not message.fuzzy
        assert sorted(gaps(message.id)) == sorted(gaps(message.string))


def test_no_template_holds_a_style_or_a_script_of_its_own():
    for path in Path(CAMPUS, "templates").rglob("*.html"):
        assert not re.search(r"\bstyle=|<style|\bon[a-z]+=|<script(?! src=)", path.read_text()), path.name


def gaps(text: str) -> list[str]:
    return re.findall(r"%\(\w+\)s", text)
