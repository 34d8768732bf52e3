"""The campus's own words, in English and Hindi: a catalogue of its own, apart from that of the certificates."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, g, has_request_context, request, session
from flask_babel import Babel, get_locale
from flask_login import current_user

LANGUAGES = {"en": "English", "hi": "हिन्दी"}
SOURCES = Path(__file__).parent / "translations"


def init_app(app: Flask) -> None:
    """Compiles the catalogue into the campus's folder, and speaks the reader's language from then on."""
    folder = app.config["CAMPUS_VAR"] / "translations"
    for language in LANGUAGES:
        _compile(language, folder)
    Babel(app, default_translation_directories=str(folder), locale_selector=choose)
    app.before_request(_remember)
    app.context_processor(lambda: {"languages": LANGUAGES, "language": str(get_locale() or "en")})


def choose() -> str:
    """By `?lang=`, then what this browser chose before, then the account, then the browser's settings.

    A worker has no reader; there the campus speaks English unless it is told otherwise.
    """
    if not has_request_context():
        return "en"
    if "language" not in g:
        account = current_user.locale if current_user.is_authenticated else None
        wishes = (request.args.get("lang"), session.get("lang"), account)
        known = next((each for each in wishes if each in LANGUAGES), None)
        g.language = known or request.accept_languages.best_match(LANGUAGES) or "en"
    chosen: str = g.language
    return chosen


def _remember() -> None:
    if request.args.get("lang") in LANGUAGES:
        session["lang"] = request.args["lang"]


def _compile(language: str, folder: Path) -> None:
    """Writes the catalogue as programs read it, unless it is there. It appears whole, since others may be reading."""
    source = SOURCES / language / "LC_MESSAGES" / "messages.po"
    target = folder / language / "LC_MESSAGES" / "messages.mo"
    if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    with source.open("rb") as text, draft.open("wb") as made:
        write_mo(made, read_po(text, locale=language))
    draft.replace(target)
