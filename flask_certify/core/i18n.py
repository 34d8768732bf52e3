"""Our words, in our own catalogue: the host's are neither used nor replaced.

A sentence is marked `N_()` where it is written, whole, with named gaps, and put into the reader's language by
`c_()` at the door. Not `_`: in a template that extends the host's page, `_` and `{% trans %}` are the host's.

Flask is loaded when something is first put into words: what lays out templates has no reader, and starts in two thirds
of the time without it.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_babel import Domain


def N_(text: str) -> str:
    """The text itself, marked for translation."""
    return text


@cache
def domain() -> "Domain":
    """By its package, because that is where the folder is, whichever way we were installed."""
    from flask_babel import Domain

    return Domain(translation_directories=[str(files("flask_certify.translations"))], domain="certify")


def c_(text: str, /, **gaps: object) -> str:
    """The sentence in the reader's language, gaps filled. Without an application: as it is written."""
    if not is_translating():
        return text % gaps if gaps else text
    return str(domain().gettext(text, **gaps))


def cn_(one: str, many: str, num: int, /, **gaps: object) -> str:
    """The form of the sentence that fits the number, which fills the gap `num` as the language writes it: `50,000`."""
    if not is_translating():
        return (one if num == 1 else many) % {"num": num, **gaps}
    from .reader import number

    said: str = domain().get_translations().ungettext(one, many, num)
    return said % {"num": number(num), **gaps}


def is_translating() -> bool:
    """Whether sentences are put into other languages here: without an application they stay as they are written."""
    from flask import has_app_context

    return has_app_context()


def speaking(locale: str | None) -> AbstractContextManager[object]:
    """Whatever is worded inside is in this language. For jobs, which have no reader to ask."""
    if not locale:
        return nullcontext()
    from flask_babel import force_locale

    spoken: AbstractContextManager[object] = force_locale(locale.replace("-", "_"))
    return spoken
