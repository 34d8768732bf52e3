"""Exceptions of the story's learners, made and ended by Tom."""

from flask_certify.awards import exceptions
from flask_certify.awards.causes import Cause, Why
from flask_certify.issuing import excepting
from tests.support.life import Life
from tests.support.story import TOM

WHY = Why(Cause.EXCEPTION, "was in hospital")


def allow(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.allow(life.rt, life.run.id, dict.fromkeys(refs, WHY), actor=TOM)


def invalidate(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.invalidate(life.rt, life.run.id, refs, Why(Cause.MISCONDUCT), actor=TOM)


def lift(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.lift(life.rt, life.run.id, refs, Why(Cause.REVIEW_ENDED), actor=TOM)


def disallow(life: Life, *refs: str) -> excepting.Excepted:
    return excepting.disallow(life.rt, life.run.id, refs, Why(Cause.OTHER), actor=TOM)


def history(life: Life, ref: str) -> list[exceptions.ExceptionView]:
    with life.rt.reading() as session:
        return exceptions.history(session, life.run.id, ref)
