"""What the page of an answer shows, as plain words."""

from dataclasses import dataclass

from babel import Locale

from ..core import reader
from ..core.ids import spaced
from ..eligibility import visibility
from . import wording
from .answers import Answer, Brief, Shown, Verdict
from .links import Links

QUESTIONS = (Answer.UNKNOWN, Answer.MALFORMED)
"""Whoever gets one of these may try again on the spot."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a page leads; None: nowhere."""

    page: str | None
    """Of the code itself, as it is printed."""
    again: str | None
    """To ask once more, within this site."""
    links: Links
    document: str | None = None
    """Of the PDF, for who was given a link to it."""


def values_of(verdict: Verdict, typed: str, addresses: Addresses) -> dict[str, str]:
    """All that differs from certificate to certificate, by name. What there is not, is not in it."""
    shown, brief, locale = verdict.shown, verdict.brief, reader.reader_locale()
    zone = shown.zone if shown else "UTC"
    values = {
        "checked_at": verdict.checked_at.isoformat(),
        "today": verdict.checked_at.date().isoformat(),
        "checked": reader.moment(verdict.checked_at, zone, locale),
        "typed": typed if verdict.answer in QUESTIONS else "",
        "code": spaced(verdict.code) if verdict.code else "",
        "page_url": addresses.page or "",
        "document_url": addresses.document or "",
        "video_url": addresses.links.video or "",
        "courses_url": addresses.links.courses or "",
        "retry_url": addresses.again or "",
        **(_little(brief) if brief else {}),
        **(_contents(shown, locale) if shown else {}),
    }
    if verdict.on:
        values |= {"asked_on": verdict.on.isoformat(), "asked_on_words": reader.date_of(verdict.on, locale)}
    if verdict.ended:
        values |= {
            "ended_because": wording.why_ended(verdict) or "",
            "ended_at": verdict.ended.at.isoformat(),
            "ended_on": reader.day(verdict.ended.at, zone, locale),
        }
    return {name: value for name, value in values.items() if value}  # a gap is never taken for nothing


def _little(brief: Brief) -> dict[str, str]:
    return {"initials": brief.initials, "achievement_title": brief.achievement_title, "language": brief.language}


def _contents(shown: Shown, locale: Locale) -> dict[str, str]:
    contents = {
        "recipient_name": shown.recipient_name,
        "achievement_title": shown.achievement_title,
        "course_title": shown.course_title,
        "issuer_name": shown.issuer_name,
        "language": shown.language,
        "issued_at": shown.issued_at.isoformat(),
        "issued_on": reader.day(shown.issued_at, shown.zone, locale),
        "issuer_did": shown.issuer_did,
        "key_id": shown.key_id,
    }
    if (other := shown.shown_on) != visibility.day_of(shown.issued_at, shown.zone):
        contents |= {"shown_on": other.isoformat(), "shown_on_words": reader.date_of(other, locale)}
    if shown.completed_on:
        contents["completed"] = wording.month(shown.completed_on, shown.zone, locale)
    if shown.valid_until:
        contents["valid_until"] = shown.valid_until.isoformat()
        contents["valid_until_on"] = reader.day(shown.valid_until, shown.zone, locale)
    if shown.score:
        contents["score"] = wording.percent(shown.score, locale)
    if shown.location:
        contents["location"] = shown.location
    if shown.completion_time:
        contents["completed_at"] = shown.completion_time.isoformat()
        contents["completed_at_words"] = reader.moment(shown.completion_time, shown.zone, locale)
    return contents
