"""The texts we ship: the SMS of the seed, and an email of ours, as a tenant may then change them.

Sentences stand in our catalogue with gaps; a text is made of them in one language, its gaps now placeholders.
"""

from dataclasses import dataclass
from functools import lru_cache

from ..core.i18n import N_, c_, is_translating, speaking

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
STOP = N_("To get no more emails about your certificates, open this page:")


@dataclass(frozen=True, slots=True)
class News:
    """What is said of something that happened to a certificate after its issue. The same in an SMS and an email."""

    title: str
    subject: str
    sentence: str
    download: str


ABOUT = N_("About your certificate: %(training)s")
LOOK = N_("Your certificates stand on your profile page:")
ISSUED = "issued"

NEWS = {
    "reissued": News(
        N_("Issued again"),
        N_("Your new certificate: %(training)s"),
        N_(
            "Your certificate for the training %(training)s was issued again. The new one takes the place of the old "
            "one, and can be downloaded from the profile page."
        ),
        DOWNLOAD,
    ),
    "withdrawn": News(
        N_("Withdrawn"),
        ABOUT,
        N_(
            "Your certificate for the training %(training)s does not count at present. Ask the organisation that "
            "issued it if you do not know why."
        ),
        LOOK,
    ),
    "restored": News(
        N_("Counts again"),
        ABOUT,
        N_("Your certificate for the training %(training)s counts again, with the same code as before."),
        DOWNLOAD,
    ),
    "expiring": News(
        N_("Expires soon"),
        N_("Your certificate expires soon: %(training)s"),
        N_(
            "Your certificate for the training %(training)s holds until %(until)s. Ask the organisation that issued it "
            "how to renew it."
        ),
        LOOK,
    ),
    "revoked": News(
        N_("Revoked"),
        ABOUT,
        N_(
            "Your certificate for the training %(training)s was revoked and counts no more. Ask the organisation that "
            "issued it if you do not know why."
        ),
        LOOK,
    ),
}
"""By event. What happens more than once has a number after a point, which is for the ledger and not for people."""

TITLES = {ISSUED: N_("Issued")} | {event: news.title for event, news in NEWS.items()}
"""All events of which people are told, and what staff call them."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said of an event in one language: texts with placeholders. No sender: the issuer's name."""

    sender: str
    subject: str
    body: str
    sms: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every email, whatever its text; `why` has a gap for the issuer."""

    open_profile: str
    why: str
    stop: str


def kind_of(event: str) -> str:
    """The event without its number: `revoked.2` is told as `revoked`."""
    return event.partition(".")[0]


def shipped(event: str, language: str) -> Wording:
    """The text we ship for the event, in this language if our catalogue knows it."""
    return _shipped(kind_of(event), language, is_translating())


@lru_cache(maxsize=500)
def _shipped(kind: str, language: str, has_catalogue: bool) -> Wording:
    """Kept, since each letter needs it and a catalogue does not change while a program runs."""
    training, date = "{{ training }}", "{{ date }}"
    news = NEWS.get(kind)
    with speaking(language):
        if news is None:
            said = _either(
                "date", c_(COMPLETED, training=training, date=date), c_(COMPLETED_UNDATED, training=training)
            )
            sms = _either("date", c_(SMS, training=training, date=date), c_(SMS_UNDATED, training=training))
        else:
            said = sms = c_(news.sentence, training=training, until="{{ until }}")
        greeting = _either("name", c_(GREETING, name="{{ name }}"), c_(GREETING_UNNAMED))
        where = f"{c_(news.download if news else DOWNLOAD)}\n{{{{ profile_url }}}}"
        return Wording(
            sender="",
            subject=c_(news.subject if news else SUBJECT, training=training),
            body="\n\n".join([greeting, said, where, "{{ issuer }}"]),
            sms=sms,
        )


def frame_of(language: str) -> Frame:
    return _frame_of(language, is_translating())


@lru_cache(maxsize=100)
def _frame_of(language: str, has_catalogue: bool) -> Frame:
    with speaking(language):
        return Frame(c_(OPEN_PROFILE), c_(WHY, issuer="%(issuer)s"), c_(STOP))


def _either(known: str, text: str, other: str) -> str:
    return f"{{% if {known} %}}{text}{{% else %}}{other}{{% endif %}}"
