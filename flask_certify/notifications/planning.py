"""How long many SMS take: one sender, an ordinary number, sends one part a second."""

import math
from dataclasses import dataclass

from ..core import reader
from ..core.i18n import N_, c_
from ..core.runtime import Runtime
from .editing import own_wordings, sample
from .pace import busy_seconds
from .shipped import ISSUED
from .sizes import size_of
from .texts import Wordings, find_wording, sms

UNITS = (
    (90, 1, N_("%(number)s s")),
    (5400, 60, N_("%(number)s min")),
    (172_800, 3600, N_("%(number)s h")),
    (math.inf, 86_400, N_("%(number)s days")),
)
"""Below so many seconds, a time is told in units of so many."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long so many SMS take, and in words."""

    texts: int
    segments: int
    senders: int
    seconds: float

    @property
    def sentence(self) -> str:
        """`50,000 SMS will take about 14 h on one sender.`"""
        said = {"count": reader.number(self.texts), "time": in_words(self.seconds)}
        if self.senders == 1:
            return c_(N_("%(count)s SMS will take about %(time)s on one sender."), **said)
        senders = reader.number(self.senders)
        return c_(N_("%(count)s SMS will take about %(time)s on %(senders)s senders."), senders=senders, **said)


def plan(rt: Runtime, texts: int, *, segments_each: int = 1) -> Plan:
    """How long the senders of this site need for so many SMS, after what they were handed in before."""
    with rt.reading() as session:
        before = busy_seconds(rt, session)
    segments = texts * segments_each
    senders, speed = rt.settings.sms_senders, rt.settings.sms_per_second
    return Plan(texts, segments, senders, before + segments / (speed * senders))


def plan_for_run(rt: Runtime, tenant_ref: str, title: str, issuer_name: str, texts: int) -> Plan:
    """The same for the message that a certificate of this course run was issued, with as many parts as it has in the
    language that needs most: what a preview shows before anybody is told."""
    with rt.reading() as session:
        own = own_wordings(session, tenant_ref)
    return plan(rt, texts, segments_each=max(_segments_of(rt, own, title, issuer_name)))


def _segments_of(rt: Runtime, own: Wordings, title: str, issuer_name: str) -> list[int]:
    award = sample(issuer_name, title, rt.clock.now())
    said = [(language, find_wording(own, ISSUED, language)) for language in rt.settings.languages]
    return [size_of(sms(award, language, wording=wording)).segments for language, wording in said]


def in_words(seconds: float) -> str:
    """Roughly: `40 s`, `25 min`, `14 h`, `3 days`."""
    unit, text = next((unit, text) for most, unit, text in UNITS if seconds < most)
    return c_(text, number=reader.number(max(1, round(seconds / unit))))
