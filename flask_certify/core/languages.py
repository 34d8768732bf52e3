"""Codes of languages in one spelling, that of BCP 47: whoever says `EN`, `pt_br` or `zh-hans` means `en`, `pt-BR` and
`zh-Hans`.

Templates, settings and whoever asks for a language pass through here, so that everywhere else codes can be compared.
"""

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.core import parse_locale

LONGEST = 20  # letters, as our tables keep them


@lru_cache(maxsize=1024)
def find_tag(said: str) -> str | None:
    """The code as we spell it. None: it is no language in which dates and numbers can be written."""
    if len(said) > LONGEST or find_locale(said) is None:
        return None
    language, territory, script, variant = parse_locale(_underscored(said))[:4]
    return "-".join(part for part in (language, script, territory, variant) if part)


def spelled(said: str) -> str:
    """The code as we spell it; what is no language stays as it is, for whoever says so."""
    return find_tag(said) or said


def find_locale(said: str | None) -> Locale | None:
    """How this language writes dates and numbers."""
    try:
        return Locale.parse(_underscored(said or ""))
    except (ValueError, UnknownLocaleError):
        return None


def name_of(code: str) -> str:
    """What its own speakers call it."""
    locale = find_locale(code)
    return str((locale.display_name if locale else None) or code)


def widening(said: str | None) -> tuple[str, ...]:
    """What serves whoever says so, the best first: `pt-BR`, then `pt`. Nothing serves who says nothing."""
    wanted = spelled(said or "")
    return tuple(dict.fromkeys(each for each in (wanted, wanted.partition("-")[0]) if each))


def _underscored(said: str) -> str:
    return said.strip().replace("-", "_")
