"""The answers in sentences, and the facts as people and as programs read them.

Names never stand inside a sentence: they have a direction of their own, and a translation cannot bend them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_percent

from ..awards import causes
from ..core import reader
from ..core.i18n import N_, c_
from ..core.ids import spaced
from ..credentials.forms import NetworkEntry
from .answers import Answer, Shown, Verdict


@dataclass(frozen=True, slots=True)
class Words:
    heading: str
    sentence: str
    kind: str  # good, warn, bad or calm: the colour; the picture and the heading say the same without it


WORDS: Mapping[Answer, Words] = {
    Answer.VALID: Words(
        N_("This certificate is valid"),
        N_("It is genuine, nothing on it has been changed, and it has not been revoked."),
        "good",
    ),
    Answer.EXPIRED: Words(
        N_("This certificate has expired"),
        N_("It is genuine, but the time for which it was issued is over."),
        "warn",
    ),
    Answer.NOT_YET_ISSUED: Words(
        N_("This certificate had not been issued on that day"),
        N_("It was issued later. Ask about another day, or about today."),
        "calm",
    ),
    Answer.REVOKED: Words(
        N_("This certificate is revoked"),
        N_("Its issuer has taken it back, so it no longer counts."),
        "bad",
    ),
    Answer.SUPERSEDED: Words(
        N_("This certificate is revoked and was replaced by a newer certificate"),
        N_("It no longer counts. Ask its holder for the newer one."),
        "bad",
    ),
    Answer.NOT_YET_VISIBLE: Words(
        N_("This certificate is not published yet"),
        N_("The code is known, but its certificate cannot be shown yet. Try again later."),
        "calm",
    ),
    Answer.ERASED: Words(
        N_("This certificate was withdrawn at the holder's request"),
        N_("The code is known. What the certificate said has been erased because its holder asked for that."),
        "calm",
    ),
    Answer.UNKNOWN: Words(
        N_("No certificate has this code"),
        N_("Compare it with the printed code, character by character. If they are equal, do not rely on it."),
        "warn",
    ),
    Answer.MALFORMED: Words(
        N_("This is not a certificate code"),
        N_("A code has 12 letters and digits, for example 7G4K-9QXM-2TPD. It is printed beside the QR code."),
        "warn",
    ),
    Answer.CANNOT_CHECK: Words(
        N_("We cannot check this certificate now"),
        N_("The fault is ours and says nothing about the certificate. Try again in a few minutes."),
        "calm",
    ),
    Answer.ALTERED: Words(
        N_("What is stored under this code was altered"),
        N_("It is no longer what the issuer signed, so none of it is shown. Ask the issuer about this certificate."),
        "bad",
    ),
    Answer.REISSUE_NEEDED: Words(
        N_("This certificate has to be issued again"),
        N_("The key that signed it is no longer safe. Ask the issuer or the holder for a new certificate."),
        "warn",
    ),
}


WORDS_OF_FILES: Mapping[Answer, Words] = {
    Answer.UNKNOWN: Words(
        N_("This certificate is not known here"),
        N_("It was not issued here, whatever it says of itself. Ask its issuer, and do not rely on it until then."),
        "warn",
    ),
    Answer.MALFORMED: Words(
        N_("There is no signed certificate in this file"),
        N_("Pictures and PDFs often lose it when saved again. Type the code that is printed on the certificate."),
        "warn",
    ),
    Answer.ALTERED: Words(
        N_("This certificate was altered"),
        N_("We issued a certificate of this number, but not with these contents. Do not rely on this file."),
        "bad",
    ),
    Answer.NOT_YET_VISIBLE: Words(
        N_("This certificate is not published yet"),
        N_("It is known, but cannot be shown yet. Try again later."),
        "calm",
    ),
    Answer.ERASED: Words(
        N_("This certificate was withdrawn at the holder's request"),
        N_("It is known. What it said has been erased here because its holder asked for that."),
        "calm",
    ),
}
"""Where a file, and no code, was checked; all other answers are the same."""


WORDS_OF_THEN: Mapping[Answer, Words] = {
    Answer.VALID: Words(
        N_("This certificate was valid on that day"),
        N_("It is genuine, had been issued, and was neither revoked nor over at the end of that day."),
        "good",
    ),
    Answer.EXPIRED: Words(
        N_("This certificate had expired on that day"),
        N_("It is genuine, but the time for which it was issued was over."),
        "warn",
    ),
    Answer.REVOKED: Words(
        N_("This certificate was revoked on that day"),
        N_("Its issuer had taken it back, so it did not count."),
        "bad",
    ),
    Answer.SUPERSEDED: Words(
        N_("This certificate was revoked on that day and had been replaced by a newer certificate"),
        N_("It did not count any more. Ask its holder for the newer one."),
        "bad",
    ),
}
"""Where somebody asked about a day; all other answers are the same."""


def words_of(verdict: Verdict) -> Words:
    if verdict.on is not None and verdict.answer in WORDS_OF_THEN:
        return WORDS_OF_THEN[verdict.answer]
    return WORDS_OF_FILES.get(verdict.answer, WORDS[verdict.answer]) if verdict.is_about_file else WORDS[verdict.answer]


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what was checked: whether it speaks for the certificate, and what was found."""

    speaks_for_it: bool
    sentence: str


def checks(verdict: Verdict, told: Mapping[str, str]) -> list[Fact]:
    """What was checked about a certificate whose contents are shown: signature, status, dates, as it tells them."""
    if verdict.shown is None:
        return []
    intact = Fact(True, c_("Signature: intact. Nothing on the certificate has changed since its issuer signed it."))
    return [intact, *_status(verdict, told), *_file(verdict)]


def _file(verdict: Verdict) -> list[Fact]:
    if verdict.is_our_file is None:
        return []
    if verdict.is_our_file:
        return [Fact(True, c_("File: the very one that we made, byte for byte."))]
    return [
        Fact(False, c_("File: it carries the genuine certificate, but is not as we made it. Compare what it shows."))
    ]


def _status(verdict: Verdict, told: Mapping[str, str]) -> list[Fact]:
    match verdict.answer:
        case Answer.SUPERSEDED:
            return [Fact(False, c_("Status: revoked by its issuer, and replaced by a newer certificate."))]
        case Answer.REVOKED:
            return [Fact(False, c_("Status: revoked by its issuer."))]
        case _:
            status = Fact(True, c_("Status: neither revoked nor replaced."))
            return [status, _dates(told, has_expired=verdict.answer is Answer.EXPIRED)]


def _dates(told: Mapping[str, str], *, has_expired: bool) -> Fact:
    start, end = told["issued_on"], told.get("valid_until_on")
    if end is None:
        return Fact(True, c_("Dates: valid since %(start)s, without an end date.", start=start))
    if has_expired:
        return Fact(False, c_("Dates: it was valid from %(start)s until %(end)s.", start=start, end=end))
    return Fact(True, c_("Dates: valid from %(start)s until %(end)s.", start=start, end=end))


def why_ended(verdict: Verdict) -> str | None:
    """Why it does not count any more, as far as anybody may know. None: it counts, or that was not recorded."""
    return c_(causes.WORDS[verdict.ended.cause]) if verdict.ended else None


def month(at: datetime, zone: str, locale: Locale | None = None) -> str:
    """The month it was in that zone: `May 2026`."""
    there = at.astimezone(ZoneInfo(zone))
    return _month(there.year, there.month, locale or reader.reader_locale())


def percent(score: str, locale: Locale | None = None) -> str:
    """The score in the reader's digits and signs: `82.5%`."""
    return _percent(score, locale or reader.reader_locale())


@lru_cache(maxsize=1024)
def _month(year: int, which: int, locale: Locale) -> str:
    return format_skeleton("yMMMM", date(year, which, 1), locale=locale)


@lru_cache(maxsize=1024)
def _percent(score: str, locale: Locale) -> str:
    return format_percent(Decimal(score) / 100, format="#,##0.##%", locale=locale)


def network_fields(entry: NetworkEntry) -> list[tuple[str, str]]:
    """What professional networks ask for, each with its name, to be copied."""
    named = [
        (c_("Title"), entry.title),
        (c_("Organisation"), entry.organisation),
        (c_("Issued"), _month(entry.issued.year, entry.issued.month, reader.reader_locale())),
        (c_("Certificate code"), spaced(entry.code)),
        (c_("Link"), entry.link),
    ]
    if entry.expires is not None:
        expires = _month(entry.expires.year, entry.expires.month, reader.reader_locale())
        named.insert(3, (c_("Expires"), expires))
    return named


def plain(verdict: Verdict) -> dict[str, object]:
    """The verdict as plain data. Times are ISO 8601 in UTC; days and months are those of the certificate's zone."""
    told: dict[str, object] = {
        "answer": verdict.answer.value,
        "sentence": f"{c_(words_of(verdict).heading)}. {c_(words_of(verdict).sentence)}",
        "code": verdict.code,
        "checked_at": _moment(verdict.checked_at),
    }
    if verdict.on is not None:
        told["on"] = verdict.on.isoformat()
    if verdict.ended is not None:
        told |= {
            "reason": verdict.ended.cause.value,
            "reason_sentence": why_ended(verdict),
            "revoked_at": _moment(verdict.ended.at),
        }
    if verdict.is_our_file is not None:
        told["file_is_ours"] = verdict.is_our_file
    if verdict.brief is not None:
        told |= {
            "recipient_initials": verdict.brief.initials,
            "achievement_title": verdict.brief.achievement_title,
        }
    return told if verdict.shown is None else told | _plain(verdict.shown)


def _plain(shown: Shown) -> dict[str, object]:
    zone = ZoneInfo(shown.zone)
    return {
        "recipient_name": shown.recipient_name,
        "achievement_title": shown.achievement_title,
        "course_title": shown.course_title,
        "issuer_name": shown.issuer_name,
        "completed_in": f"{shown.completed_on.astimezone(zone):%Y-%m}" if shown.completed_on else None,
        "issued_on": shown.issued_at.astimezone(zone).date().isoformat(),
        "shown_on": shown.shown_on.isoformat(),
        "valid_until": _moment(shown.valid_until) if shown.valid_until else None,
        "score": shown.score,
        "location": shown.location,
        "completed_at": _moment(shown.completion_time) if shown.completion_time else None,
        "zone": shown.zone,
        "language": shown.language,
        "issuer": shown.issuer_did,
        "key": shown.key_id,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")
