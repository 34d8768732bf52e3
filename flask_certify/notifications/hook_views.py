"""Doors without a login: reports of providers, which are signed, and the link that ends emails, which is sealed."""

from flask import Blueprint, Response, request

from ..core import web
from ..core.current import current_runtime
from ..core.errors import BadInput
from ..core.i18n import N_
from . import reports, stopping
from .sms import REPLY_HOOK, STATUS_HOOK

LARGEST = 1_000_000  # bytes of a report
NO_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


class TooLarge(BadInput):
    code = "hook.too_large"
    sentence = N_("The report is too large. Send at most a thousand events at once.")
    status = 413


def register(bp: Blueprint) -> None:
    bp.add_url_rule(STATUS_HOOK, "sms_status", post_sms_status, methods=["POST"])
    bp.add_url_rule(REPLY_HOOK, "sms_reply", post_sms_reply, methods=["POST"])
    bp.add_url_rule("/hooks/mail", "mail_report", post_mail_report, methods=["POST"])
    bp.add_url_rule("/stop/<token>", "stop", get_stop)
    bp.add_url_rule("/stop/<token>", "post_stop", post_stop, methods=["POST"])


def post_sms_status() -> Response:
    """Twilio tells how far an SMS got."""
    reports.sms_status(current_runtime(), *_twilio())
    return Response(status=204)


def post_sms_reply() -> Response:
    """Somebody answered an SMS. Twilio itself answers STOP and START, so we say nothing."""
    reports.sms_reply(current_runtime(), *_twilio())
    return Response(NO_ANSWER, content_type="text/xml")


def post_mail_report() -> Response:
    """Emails came back."""
    _check_size()
    known = reports.mail_report(current_runtime(), request.get_data(), request.headers.get("Certify-Signature", ""))
    return Response(f'{{"known": {known}}}\n', content_type="application/json")


def get_stop(token: str) -> str:
    """Asks first: programs that look into mail open every link."""
    return _stop_page(token, stopping.wish_of(current_runtime(), token))


def post_stop(token: str) -> str:
    """No more emails, by the button of the page or by that of a mail program (RFC 8058); or again."""
    rt = current_runtime()
    if request.form.get("do") == "start":
        stopping.start_by_link(rt, token)
    else:
        stopping.stop_by_link(rt, token)
    return _stop_page(token, stopping.wish_of(rt, token), is_done=True)


def _stop_page(token: str, wish: stopping.Wish, *, is_done: bool = False) -> str:
    return web.render("certify/stop.html", token=token, is_stopped=wish.is_stopped, is_done=is_done)


def _twilio() -> tuple[str, dict[str, str], str]:
    _check_size()
    return (
        request.query_string.decode(errors="replace"),
        request.form.to_dict(),
        request.headers.get("X-Twilio-Signature", ""),
    )


def _check_size() -> None:
    request.max_content_length = LARGEST
    if (request.content_length or 0) > LARGEST:
        raise TooLarge()
