"""The page of an answer: everything it shows as plain words, and the sheet into which they go."""

from collections.abc import Mapping

from flask import current_app, request, url_for

from ..core import reader, web
from ..core.ids import spaced
from . import wording
from .answers import Answer, Shown, Verdict
from .links import Links
from .sheets import sheets_of

TEMPLATES = (
    "certify/verification/answer.html",
    "certify/verification/macros.html",
    "certify/macros.html",
    "certify/frame.html",
)
QUESTIONS = (Answer.UNKNOWN, Answer.MALFORMED)
"""Whoever gets one of these may try again on the spot."""


def render(verdict: Verdict, typed: str, links: Links, page_url: str | None) -> str:
    """The page, in the reader's language."""
    words = wording.words_of(verdict)
    values = values_of(verdict, typed, links, page_url)

    def lay_out(told: Mapping[str, str]) -> str:
        return web.render(
            TEMPLATES[0],
            answer=verdict.answer.value,
            is_about_file=verdict.is_about_file,
            is_question=verdict.answer in QUESTIONS,
            words=words,
            told=told,
            checks=wording.checks(verdict, told),
        )

    if verdict.is_about_file:  # has a form with the token of this reader alone
        return lay_out(values)
    kind = (verdict.answer, str(reader.reader_locale()), request.script_root)
    return sheets_of(current_app, TEMPLATES).page(current_app.jinja_env, kind, values, lay_out)


def values_of(verdict: Verdict, typed: str, links: Links, page_url: str | None) -> dict[str, str]:
    """All that differs from certificate to certificate, in words, by name. What there is not, is not in it."""
    shown, brief = verdict.shown, verdict.brief
    zone = shown.zone if shown else "UTC"
    values = {
        "checked_at": verdict.checked_at.isoformat(),
        "checked": reader.moment(verdict.checked_at, zone),
    }
    if verdict.answer in QUESTIONS:
        values["typed"] = typed
    if verdict.code:
        values["code"] = spaced(verdict.code)
    if page_url:
        values["page_url"] = page_url
    if links.video:
        values["video_url"] = links.video
    if links.courses:
        values["courses_url"] = links.courses
    if verdict.answer is Answer.CANNOT_CHECK and verdict.code and not verdict.is_about_file:
        values["retry_url"] = url_for("certify.certificate", code=verdict.code)
    if brief:
        values |= {"initials": brief.initials, "achievement_title": brief.achievement_title, "language": brief.language}
    if shown:
        values |= _contents(shown)
    return {name: value for name, value in values.items() if value}  # a gap is never taken for nothing


def _contents(shown: Shown) -> dict[str, str]:
    contents = {
        "recipient_name": shown.recipient_name,
        "achievement_title": shown.achievement_title,
        "course_title": shown.course_title,
        "issuer_name": shown.issuer_name,
        "language": shown.language,
        "issued_at": shown.issued_at.isoformat(),
        "issued_on": reader.day(shown.issued_at, shown.zone),
        "issuer_did": shown.issuer_did,
        "key_id": shown.key_id,
    }
    if shown.completed_on:
        contents["completed"] = wording.month(shown.completed_on, shown.zone)
    if shown.valid_until:
        contents["valid_until"] = shown.valid_until.isoformat()
        contents["valid_until_on"] = reader.day(shown.valid_until, shown.zone)
    if shown.score:
        contents["score"] = wording.percent(shown.score)
    return contents
