"""The public doors: the page behind the QR code, the same as JSON, and the form for a typed code. No login anywhere."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, current_app, jsonify, make_response, redirect, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from ..core import reader, web
from ..core.current import current_runtime
from ..core.errors import CertifyError, Unavailable
from ..core.hosts import asking
from ..core.i18n import N_, c_
from ..core.ids import parse_code
from ..issuing.printing import NotLive, get_document
from ..telemetry.service import note
from . import aliases, days, holder_views, presented, service, sharing, wording
from .answers import Answer, Verdict
from .limits import client_of, limiter_of
from .links import Links, links_for
from .page import QUESTIONS, Addresses, values_of
from .sheets import Sheets

STATUS = {Answer.UNKNOWN: 404, Answer.MALFORMED: 422, Answer.CANNOT_CHECK: 503}
"""All other answers are 200: a revoked certificate is never "not found" (R-142)."""

TEMPLATES = (
    "certify/verification/answer.html",
    "certify/verification/macros.html",
    "certify/macros.html",
    "certify/frame.html",
)
"""Of which the page of an answer is made."""

_SHEETS, _LAST_RUN = "certify_sheets", "certify_last_run"
RETRY_SECONDS = 120
LONGEST_ECHO = 64
FORM_BYTES = 64 * 1024  # of a form, besides its file


class TooManyAttempts(CertifyError):
    code = "verification.too_many_attempts"
    sentence = N_(
        "Too many codes that nobody has were tried from your network. Try again in %(minutes)s minutes. "
        "This says nothing about any certificate."
    )
    status = 429

    def __init__(self, seconds: int) -> None:
        self.retry_seconds = seconds
        super().__init__(minutes=-(-seconds // 60))


def register(bp: Blueprint) -> None:
    """Adds the public addresses. `/V/` is for QR codes in capitals, which are smaller."""
    web.add_templates(bp, "flask_certify.verification")
    holder_views.register(bp)
    bp.add_url_rule("/verify", "verify", get_form, strict_slashes=False)
    bp.add_url_rule("/verify", "post_verify", post_verify, methods=["POST"], strict_slashes=False)
    bp.add_url_rule("/v/<path:code>", "certificate", get_certificate)  # old codes may have slashes in them
    bp.add_url_rule("/share/<token>", "shared", get_shared)
    bp.add_url_rule("/share/<token>/certificate.pdf", "shared_document", get_shared_document)
    bp.add_url_rule("/V/<path:code>", "certificate_in_capitals", get_certificate)


def get_form() -> Response:
    """The form; with `?code=` the way to the page of that code."""
    typed = request.args.get("code", "").strip()
    if not typed:
        return _public(make_response(web.render("certify/verification/form.html")))
    note(current_runtime(), "code_entered", device=_device())
    code = parse_code(typed)
    if code is None:  # it may hold anything, so it never becomes part of an address
        return _answer_old_code(typed)
    return _public(redirect(url_for(".certificate", code=code), 303))


def get_certificate(code: str) -> Response:
    """The answer about a code, as a page or, if the reader asks for JSON or the address ends with .json, as that."""
    seconds = seconds_to_wait()
    if seconds:
        return too_many(seconds)
    typed = code.rstrip("/").removesuffix(".json")
    rt = current_runtime()
    verdict = service.check_code(rt, typed, days.asked(request.args.get("on"), rt.clock.now()))
    note_if_missed(verdict.answer, typed)
    is_scanned = not request.referrer  # a camera comes from nowhere, a form or a link from a page
    if is_scanned:
        note(current_runtime(), "qr_scan", reader="app" if web.wants_json() else "generic")
    return answer(verdict, typed, is_scanned=is_scanned)


def _answer_old_code(typed: str) -> Response:
    """What an earlier system printed, or a mistake."""
    seconds = seconds_to_wait()
    if seconds:
        return too_many(seconds)
    verdict = service.check_code(current_runtime(), typed)
    note_if_missed(verdict.answer, typed)
    return answer(verdict, typed)


def post_verify() -> Response:
    """The answer about a file that is handed in: from the form, or as the body of a program's request."""
    request.max_content_length = presented.LARGEST + FORM_BYTES
    try:
        if request.mimetype == "multipart/form-data":
            upload = request.files.get("file")
            data = upload.stream.read(presented.LARGEST + 1) if upload else b""
        else:
            data = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise presented.FileTooLarge(megabytes=presented.LARGEST // (1024 * 1024)) from None
    return answer(service.check_file(current_runtime(), data), "")


def get_shared(token: str) -> Response:
    """What the holder of a certificate shares by this link."""
    rt = current_runtime()
    on = days.asked(request.args.get("on"), rt.clock.now())
    try:
        share = sharing.get_open(rt, token)
    except Unavailable:
        return answer(Verdict(Answer.CANNOT_CHECK, None, rt.clock.now()), "")
    verdict = service.check_award(rt, share.award_id, share.level, on)
    return answer(verdict, "", url_for(".shared_document", token=token) if service.has_document(verdict) else None)


def get_shared_document(token: str) -> Response:
    """The PDF, while the link lives and shows everything (R-137): the bytes that its learner downloads.

    A link that shows less leads to no document, as if there were none; nor does any to a certificate that is not what
    was signed.
    """
    rt = current_runtime()
    share = sharing.get_open(rt, token)
    verdict = service.check_award(rt, share.award_id, share.level)
    if verdict.answer is Answer.CANNOT_CHECK:
        raise Unavailable()
    if verdict.shown is None:
        raise sharing.NoSuchLink()
    if not service.has_document(verdict):
        raise NotLive()
    printed = get_document(rt, share.award_id)
    note(rt, "download", who="anyone", device=_device())
    response = make_response(printed.data)
    response.content_type = "application/pdf"
    response.headers.set("Content-Disposition", "attachment", filename="certificate.pdf")
    return _public(web.conditional(response, printed.sha256))


# ---- answers ---------------------------------------------------------------------------------------


def answer(verdict: Verdict, typed: str, document_url: str | None = None, *, is_scanned: bool = False) -> Response:
    """The verdict as a page, or the same facts as JSON; or the way to the video, where QR codes lead to that."""
    rt = current_runtime()
    links, is_now_valid = _links(verdict), verdict.is_valid and verdict.on is None
    note(rt, "verified", answer=verdict.answer.value)
    if is_scanned and rt.settings.qr_shows == "video" and links.video and is_now_valid and not web.wants_json():
        return _public(redirect(links.video, 303))
    if verdict.shown:
        note(rt, "certificate_shown", device=_device())
    if web.wants_json():
        if verdict.nobodys:
            wording.plain(verdict.nobodys)
        told = wording.plain(verdict) | {"video_url": links.video, "courses_url": links.courses}
        if document_url:
            told["document_url"] = document_url
        response = jsonify(told)
    else:
        response = make_response(_page(verdict, _printable(typed), links, document_url))
    response.status_code = STATUS.get(verdict.answer, 200)
    if verdict.answer is Answer.CANNOT_CHECK:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return _public(response)


def _links(verdict: Verdict) -> Links:
    """Where the answer leads.

    A host may take its time to name a video. So for a code that nobody has it is asked again for the one before, and
    what it says is dropped: no clock tells which codes there are (R-145).
    """
    rt, extensions = current_runtime(), current_app.extensions
    if rt.settings.qr_shows == "certificate":
        return links_for(rt, None)
    if verdict.nobodys:
        return replace(links_for(rt, extensions.get(_LAST_RUN)), video=None)
    if verdict.shown is None:
        return links_for(rt, None)
    extensions[_LAST_RUN] = verdict.run_ref
    return links_for(rt, verdict.run_ref)


def _page(verdict: Verdict, typed: str, links: Links, document_url: str | None) -> str:
    """The page in the reader's language: laid out once for all certificates that get this answer, then filled in."""
    words, rt = wording.words_of(verdict), current_runtime()
    again = None  # making an address takes as long as a question to the database
    if verdict.answer is Answer.CANNOT_CHECK and verdict.code and not verdict.is_about_file:
        again = url_for(".certificate", code=verdict.code)
    addresses = Addresses(
        page=verdict.code and f"{rt.settings.base}/v/{verdict.code}",
        again=again,
        links=links,
        document=document_url,
    )
    values = values_of(verdict, typed, addresses)
    if verdict.nobodys:
        values_of(verdict.nobodys, typed, addresses)

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

    if verdict.is_about_file:  # its form holds the token of this reader alone
        return lay_out(values)
    kind = (verdict.answer, reader.reader_locale(), request.script_root)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    sheets: Sheets = app.extensions.get(_SHEETS) or app.extensions.setdefault(_SHEETS, Sheets(TEMPLATES))
    return sheets.page(app, kind, values, lay_out)


def too_many(seconds: int) -> Response:
    """The request to wait, in words."""
    note(current_runtime(), "verified", answer="limited")
    error = TooManyAttempts(seconds)
    if web.wants_json():
        return _public(web.answer_error(error))
    text = web.render(
        "certify/error.html", title=c_("Please wait a little"), sentence=error.worded(), code=error.code, links=[]
    )
    return _public(web.with_wait(make_response(text, error.status), error))


def _public(response: Response) -> Response:
    """Certificates are for those who hold the code, not for search engines."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    return response


def _device() -> str:
    """As telemetry tells them apart: programs ask for JSON, and phones say that they are mobile."""
    if web.wants_json():
        return "app"
    return "mobile" if "Mobi" in request.user_agent.string else "web"


def _printable(typed: str) -> str:
    """What was typed, fit to be shown again."""
    return "".join(each for each in typed[:LONGEST_ECHO] if each.isprintable())


# ---- attempts --------------------------------------------------------------------------------------


def seconds_to_wait() -> int:
    """How long this client must wait; 0 if it need not. A limiter that is away does not stop anybody from checking."""
    rt = current_runtime()
    try:
        with asking(rt, "limiter"):
            return limiter_of(current_app).seconds_to_wait(client_of(request.remote_addr), rt.clock.now())
    except CertifyError:
        return 0


def note_if_missed(answer: Answer, typed: str) -> None:
    """Counts a code that nobody has. Mistakes that can be an old code count, too: those are shorter, and guessed more
    easily."""
    if answer is not Answer.UNKNOWN and (answer is not Answer.MALFORMED or aliases.alias_of(typed) is None):
        return
    rt = current_runtime()
    try:
        with asking(rt, "limiter"):
            limiter_of(current_app).note_miss(client_of(request.remote_addr), rt.clock.now())
    except CertifyError:
        return
