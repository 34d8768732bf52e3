"""What is said, in the recipient's language with its dates (R-157 to R-159, R-164)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import category
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from ..awards.frozen import Frozen
from ..core.i18n import N_
from ..core.languages import find_tag, widening
from .sandbox import fill
from .shipped import ISSUED, Wording, frame_of, kind_of, shipped

PLACEHOLDERS = {
    "name": N_("The learner's name; empty if it was erased"),
    "training": N_("The name of the training"),
    "date": N_("The day of completion, as the language writes it; empty if it is not known"),
    "until": N_("The last day on which it is valid, as the language writes it; empty if it does not expire"),
    "issuer": N_("The name of the organisation that issues"),
    "profile_url": N_("The address of the learner's profile page"),
}
"""What may stand between {{ and }} in a text."""

MOST_OF_A_VALUE = 300  # letters of a title or a name: an SMS is at most 1,600 long

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode's categories: controls, half characters, separators

Wordings = Mapping[tuple[str, str], Wording]
"""A tenant's own texts, by event and language."""


@dataclass(frozen=True, slots=True)
class Written:
    """An email in words."""

    sender_name: str
    subject: str
    text: str
    html: str


def language_for(told: str | None, ours: Sequence[str]) -> str:
    """The language in which to speak: theirs if it is one of ours, with its region; else our first."""
    theirs = find_tag(told or "")
    spoken = {each.partition("-")[0] for each in ours}
    return theirs if theirs is not None and theirs.partition("-")[0] in spoken else ours[0]


def find_wording(own: Wordings, event: str, language: str) -> Wording:
    """The tenant's own text of this language, with its region or without; else the one we ship."""
    kind = kind_of(event)
    for tongue in widening(language):
        if (kind, tongue) in own:
            return own[kind, tongue]
    return shipped(event, language)


def sms(award: Frozen, language: str, event: str = ISSUED, *, wording: Wording | None = None) -> str:
    """The text of the SMS (R-157). One line, whatever the title holds."""
    return one_line(fill((wording or shipped(event, language)).sms, _values(award, language, "")))


def email(
    award: Frozen,
    language: str,
    profile_url: str,
    event: str = ISSUED,
    *,
    wording: Wording | None = None,
    stop_url: str = "",
) -> Written:
    """Subject and body of the email (R-160), as plain text and as HTML. The last line, why it came and how to have no
    more of them, is ours in every text."""
    told = wording or shipped(event, language)
    values = _values(award, language, profile_url)
    body = _tidy(fill(told.body, values))
    frame = frame_of(language)
    page = {
        "language": language,
        "direction": _locale(language).text_direction,
        "subject": one_line(fill(told.subject, values)),
        "body": body,
        "paragraphs": _paragraphs(body, profile_url, frame.open_profile),
        "why": frame.why % {"issuer": values["issuer"]},
        "stop": frame.stop if stop_url else "",
        "stop_url": stop_url,
    }
    sender = one_line(fill(told.sender, values)) or values["issuer"]
    return Written(
        sender,
        str(page["subject"]),
        _template("certify/email.txt").render(page),
        _template("certify/email.html").render(page),
    )


def completion_date(award: Frozen, language: str) -> str:
    """The full date as the language writes it, in the award's zone (R-158); empty if it is not known."""
    if award.completed_on is None:
        return ""
    day = award.completed_on.astimezone(ZoneInfo(award.zone)).date()
    return format_date(day, "long", _locale(language))


def last_day(award: Frozen, language: str) -> str:
    """The last day on which it holds, as the language writes it; empty if it does not expire."""
    if award.valid_until is None:
        return ""
    return format_date(award.valid_until.astimezone(ZoneInfo(award.zone)).date(), "long", _locale(language))


def one_line(text: str) -> str:
    """The text without line breaks and other control characters: it may stand in a header. What joins letters of
    Indian scripts stays."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(" " if category(each) in _BREAKING else each for each in text).split())


def _values(award: Frozen, language: str, profile_url: str) -> dict[str, str]:
    return {
        "name": _short(award.recipient_name or ""),
        "training": _short(award.course_title),
        "date": completion_date(award, language),
        "until": last_day(award, language),
        "issuer": _short(award.issuer_name),
        "profile_url": profile_url,
    }


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= MOST_OF_A_VALUE else line[: MOST_OF_A_VALUE - 1] + "…"


def _tidy(body: str) -> str:
    """Lines without blanks at their ends, and at most one empty line between two."""
    lines: list[str] = []
    for line in (one_line(each) for each in body.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip("\n")


def _paragraphs(body: str, profile_url: str, open_profile: str) -> list[Markup]:
    """The body for HTML: whatever it says is text, and only the address of the profile page becomes a link."""
    address = escape(profile_url)
    link = Markup('<a href="{0}" style="color: #1f4e79">{0}</a>').format(profile_url)
    button = Markup(
        '<a href="{}" style="display: inline-block; padding: 12px 20px; border-radius: 6px; background: #1f4e79; '
        'color: #ffffff; text-decoration: none">{}</a>'
    ).format(profile_url, open_profile)
    found = []
    for paragraph in body.split("\n\n"):
        lines = escape(paragraph).split(Markup("\n"))
        if lines[-1] == address and address:
            found += [Markup("<br>\n").join(lines[:-1]), button] if lines[:-1] else [button]
            lines = lines[-1:]
        text = Markup("<br>\n").join(lines)
        found.append(Markup(text.replace(address, link)) if address else text)
    return found


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(language.replace("-", "_"))


@cache
def _template(name: str) -> Template:
    """Our own, since a job has no request; whatever is said is escaped in HTML."""
    return Environment(
        loader=PackageLoader("flask_certify.notifications"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    ).get_template(name)
