"""What is said: the SMS of the seed, and an email of ours, in the recipient's language with its dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from unicodedata import category
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..awards.frozen import Frozen
from ..core.i18n import N_, c_, speaking

SMS = N_(
    "Congratulations! You have successfully completed the training %(training)s on %(date)s. "
    "You can download your certificate from the profile page."
)
SMS_UNDATED = N_(
    "Congratulations! You have successfully completed the training %(training)s. "
    "You can download your certificate from the profile page."
)
SUBJECT = N_("Your certificate: %(training)s")
GREETING = N_("Dear %(name)s,")
GREETING_UNNAMED = N_("Hello,")
COMPLETED = N_("Congratulations! You have successfully completed the training %(training)s on %(date)s.")
COMPLETED_UNDATED = N_("Congratulations! You have successfully completed the training %(training)s.")
DOWNLOAD = N_("You can download your certificate from your profile page:")
OPEN_PROFILE = N_("Open the profile page")
WHY = N_("You receive this message because %(issuer)s has issued a certificate to you.")


@dataclass(frozen=True, slots=True)
class News:
    """What is said of something that happened to a certificate after its issue. The same in an SMS and an email."""

    subject: str
    sentence: str
    download: str


ABOUT = N_("About your certificate: %(training)s")
LOOK = N_("Your certificates stand on your profile page:")

NEWS = {
    "reissued": News(
        N_("Your new certificate: %(training)s"),
        N_(
            "Your certificate for the training %(training)s was issued again. The new one takes the place of the old "
            "one, and can be downloaded from the profile page."
        ),
        DOWNLOAD,
    ),
    "withdrawn": News(
        ABOUT,
        N_(
            "Your certificate for the training %(training)s does not count at present. Ask the organisation that "
            "issued it if you do not know why."
        ),
        LOOK,
    ),
    "restored": News(
        ABOUT,
        N_("Your certificate for the training %(training)s counts again, with the same code as before."),
        DOWNLOAD,
    ),
    "expiring": News(
        N_("Your certificate expires soon: %(training)s"),
        N_(
            "Your certificate for the training %(training)s holds until %(until)s. Ask the organisation that issued it "
            "how to renew it."
        ),
        LOOK,
    ),
    "revoked": News(
        ABOUT,
        N_(
            "Your certificate for the training %(training)s was revoked and counts no more. Ask the organisation that "
            "issued it if you do not know why."
        ),
        LOOK,
    ),
}
"""By event. What happens more than once has a number after a point, which is for the ledger and not for people."""

_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode's categories: controls, half characters, separators


@dataclass(frozen=True, slots=True)
class Written:
    """An email in words."""

    sender_name: str
    subject: str
    text: str
    html: str


def find_locale(told: str | None) -> Locale | None:
    """What somebody's language is, if it is one we can read: `hi`, `hi_IN` or `hi-IN`."""
    try:
        return Locale.parse((told or "").replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


def language_for(told: str | None, languages: Sequence[str]) -> str:
    """The locale in which to speak: theirs if their language is one of ours, with its region; else our first."""
    locale = find_locale(told)
    ours = {each.partition("_")[0] for each in languages}
    return str(locale) if locale is not None and locale.language in ours else languages[0]


def news_of(event: str) -> News | None:
    """What is said of the event. None: the certificate was issued, which the seed's own sentences say."""
    return NEWS.get(event.partition(".")[0])


def sms(award: Frozen, language: str, event: str = "issued") -> str:
    """The text of the SMS (R-157). One line, whatever the title holds."""
    news = news_of(event)
    with speaking(language):
        if news is not None:
            return one_line(c_(news.sentence, training=award.course_title, until=last_day(award, language)))
        date = completion_date(award, language)
        sentence = SMS if date else SMS_UNDATED
        return one_line(c_(sentence, training=award.course_title, date=date))


def email(award: Frozen, language: str, profile_url: str, event: str = "issued") -> Written:
    """Subject and body of the email (R-160), as plain text and as HTML."""
    news = news_of(event)
    with speaking(language):
        date = completion_date(award, language)
        training, issuer, name = (
            one_line(each or "") for each in (award.course_title, award.issuer_name, award.recipient_name)
        )
        page = {
            "language": language.replace("_", "-"),
            "direction": Locale.parse(language).text_direction,
            "subject": c_(news.subject if news else SUBJECT, training=training),
            "greeting": c_(GREETING, name=name) if name else c_(GREETING_UNNAMED),
            "completed": c_(news.sentence, training=training, until=last_day(award, language))
            if news
            else c_(COMPLETED if date else COMPLETED_UNDATED, training=training, date=date),
            "download": c_(news.download if news else DOWNLOAD),
            "profile_url": profile_url,
            "open_profile": c_(OPEN_PROFILE),
            "issuer": issuer,
            "why": c_(WHY, issuer=issuer),
        }
    return Written(
        issuer,
        page["subject"],
        _templates().get_template("certify/email.txt").render(page),
        _templates().get_template("certify/email.html").render(page),
    )


def completion_date(award: Frozen, language: str) -> str:
    """The full date as the language writes it, in the award's zone (R-158); empty if it is not known."""
    if award.completed_on is None:
        return ""
    day = award.completed_on.astimezone(ZoneInfo(award.zone)).date()
    return format_date(day, "long", Locale.parse(language))


def last_day(award: Frozen, language: str) -> str:
    """The last day on which it holds, as the language writes it; empty if it does not expire."""
    if award.valid_until is None:
        return ""
    return format_date(award.valid_until.astimezone(ZoneInfo(award.zone)).date(), "long", Locale.parse(language))


def one_line(text: str) -> str:
    """The text without line breaks and other control characters: it may stand in a header. What joins letters of
    Indian scripts stays."""
    return " ".join("".join(" " if category(each) in _BREAKING else each for each in text).split())


@cache
def _templates() -> Environment:
    """Our own, since a job has no request; names and titles are escaped in HTML."""
    return Environment(
        loader=PackageLoader("flask_certify.notifications"),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
