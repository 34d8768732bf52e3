"""The catalogues of words: what the code says now, and what the files hold. `python -m tests.support.words` brings the
files up to date; what is new in a language is then empty until somebody translates it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "translations"
TEMPLATE = FOLDER / "certify.pot"
LANGUAGES = ("en", "hi")
KEYWORDS = {"N_": None, "c_": None, "cn_": (1, 2)}
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)  # not today: the same words make the same file
ABOUT = {
    "project": "flask-certify",
    "domain": "certify",
    "header_comment": "# The words of flask-certify. Made by: python -m tests.support.words",
    "msgid_bugs_address": "the issues of the project",
    "last_translator": "the people of flask-certify",
    "creation_date": BEGAN,
    "revision_date": BEGAN,
    "charset": "utf-8",
    "fuzzy": False,
}


def extracted() -> Catalog:
    """Every sentence of the package, as the code has it now, without places: they change with every line."""
    catalogue = Catalog(**ABOUT)
    for text, comments in _found():
        catalogue.add(text, auto_comments=comments, flags=())
    return catalogue


def _found() -> Iterator[tuple[str | tuple[str, ...], list[str]]]:
    with (FOLDER / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    for found in extract_from_dir(ROOT, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",)):
        yield found[2], found[3]


def catalogue_of(language: str) -> Catalog:
    """What the file of that language holds."""
    with path_of(language).open("rb") as words:
        return read_po(words, locale=language, domain="certify", abort_invalid=True)


def path_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "certify.po"


def written(catalogue: Catalog) -> bytes:
    """The file of the catalogue, sentences in alphabetical order."""
    made = io.BytesIO()
    write_po(made, catalogue, width=120, no_location=True, sort_output=True, omit_header=False, ignore_obsolete=True)
    return made.getvalue()


def updated(language: str) -> Catalog:
    """The words of that language for the sentences of now: kept where there are some, English in English."""
    old = catalogue_of(language) if path_of(language).exists() else Catalog(locale=language)
    made = Catalog(locale=language, language_team=language, **ABOUT)
    for message in extracted():
        if message.id:
            kept = old.get(message.id)
            words = message.id if language == "en" else kept.string if kept else None
            made.add(message.id, words, auto_comments=message.auto_comments, flags=message.flags)
    return made


def main() -> None:
    TEMPLATE.write_bytes(written(extracted()))
    for language in LANGUAGES:
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(written(updated(language)))


if __name__ == "__main__":
    main()
