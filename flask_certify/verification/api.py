"""Checking a certificate by program, with the same facts and limits as the page (R-149)."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..achievements.service import IssuerView
from ..achievements.views import of_issuer
from ..core import api
from ..core.api import Said, Text, operation
from ..core.current import current_actor, current_runtime
from . import days, service, sharing, views
from .answers import Answer
from .disclosure import Level
from .views import TooManyAttempts


class CodeQuery(Said):
    code = Text(required=True, validate=ma.validate.Length(1, 60), metadata={"description": "As it is printed."})
    on = fields.Date(
        load_default=None,
        metadata={
            "description": "A day up to today: as it was at its end, in the certificate's zone. Without it: now."
        },
    )


class Report(ma.Schema):
    """What is said about a code. Which fields there are depends on the answer."""

    class Meta:
        unknown = ma.INCLUDE

    answer = fields.String(required=True, metadata={"description": "valid, revoked, superseded, unknown, …"})


class Disclosure(Said):
    """The most that the public may see of the issuer's certificates; their holders may choose less (R-148)."""

    level = Text(required=True, validate=ma.validate.OneOf([each.value for each in Level]))


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    limit, discloses = "/issuers/<slug>/disclosure", of_issuer("issuer.disclose")
    operation(blueprint, "GET", limit, get_disclosure, guard=discloses, gives=Disclosure)
    operation(blueprint, "PUT", limit, set_disclosure, guard=discloses, body=Disclosure, gives=Disclosure)
    operation(blueprint, "GET", "/verify", get_verdict, guard=api.open_to_all, query=CodeQuery)


def get_verdict(asked: dict[str, Any]) -> dict[str, object] | tuple[dict[str, object], int, dict[str, str]]:
    """Check a certificate by its code, now or as it was on a day

    All answers are 200, also that a code is unknown; but while nothing can be checked it is 503, and says nothing
    about the certificate.
    """
    if seconds := views.seconds_to_wait():
        raise TooManyAttempts(seconds)
    rt = current_runtime()
    on = days.asked(asked["on"].isoformat() if asked["on"] else None, rt.clock.now())
    told = service.report(rt, asked["code"], on)
    views.note_if_missed(Answer(str(told["answer"])), asked["code"])
    if told["answer"] == Answer.CANNOT_CHECK.value:
        return told, 503, {"Retry-After": str(views.RETRY_SECONDS)}
    return told


def get_disclosure(issuer: IssuerView) -> dict[str, str]:
    """Tell the most that the public may see of the issuer's certificates"""
    return {"level": sharing.limit_of(current_runtime(), issuer.tenant_ref).value}


def set_disclosure(said: dict[str, str], issuer: IssuerView) -> dict[str, str]:
    """Limit what the public may see of the issuer's certificates"""
    sharing.set_limit(current_runtime(), issuer.tenant_ref, Level(said["level"]), actor=current_actor().ref)
    return said
