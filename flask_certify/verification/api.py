"""Checking a certificate by program, with the same facts and limits as the page (R-149)."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from ..core import api
from ..core.api import Said, Text, operation
from ..core.current import current_runtime
from . import service, views
from .answers import Answer
from .views import TooManyAttempts


class CodeQuery(Said):
    code = Text(required=True, validate=ma.validate.Length(1, 60), metadata={"description": "As it is printed."})


class Report(ma.Schema):
    """What is said about a code. Which fields there are depends on the answer."""

    class Meta:
        unknown = ma.INCLUDE

    answer = fields.String(required=True, metadata={"description": "valid, revoked, superseded, unknown, …"})


def register(blueprint: Any) -> None:
    """Adds the operations of this room."""
    operation(blueprint, "GET", "/verify", get_verdict, guard=api.open_to_all, query=CodeQuery)


def get_verdict(asked: dict[str, str]) -> dict[str, object]:
    """Check a certificate by its code"""
    if seconds := views.seconds_to_wait():
        raise TooManyAttempts(minutes=-(-seconds // 60))
    told = service.report(current_runtime(), asked["code"])
    if told["answer"] == Answer.UNKNOWN.value:
        views.note_miss()
    return told
