"""How fast a channel may go, for all workers together.

What is handed to a provider of SMS waits there until its senders have said it, one part a second each. Beyond ten
hours of that it throws away what more comes, so we never hand in more than an hour's worth. And when a provider asks
for silence, everybody keeps it.
"""

import math
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..core.db import insert_or_ignore
from ..core.runtime import Runtime
from .models import ChannelPace
from .states import Channel

MOST_AHEAD_MS = 3_600_000


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def rest_ms(rt: Runtime, session: orm.Session, channel: Channel) -> int:
    """For how long nothing more may be handed in; 0: it may."""
    pace = session.get(ChannelPace, channel.value)
    if pace is None:
        return 0
    now = _ms(rt.clock.now())
    return max(pace.rests_until - now, pace.busy_until - now - MOST_AHEAD_MS, 0)


def busy_seconds(rt: Runtime, session: orm.Session) -> float:
    """How long the senders of SMS need for what was handed in before."""
    pace = session.get(ChannelPace, Channel.SMS.value)
    return max(pace.busy_until - _ms(rt.clock.now()), 0) / 1000 if pace else 0.0


def hand_in(rt: Runtime, session: orm.Session, segments: int) -> None:
    """So many parts of SMS are handed in now. One conditional write, in the transaction that takes the messages."""
    now = _ms(rt.clock.now())
    takes = math.ceil(segments * 1000 / (rt.settings.sms_per_second * rt.settings.sms_senders))
    start = sa.case((ChannelPace.busy_until > now, ChannelPace.busy_until), else_=now)
    _change(session, Channel.SMS, busy_until=start + takes)


def keep_silent(rt: Runtime, session: orm.Session, channel: Channel, seconds: float) -> None:
    """The provider wants to hear nothing for so long; a longer wish that stands is kept."""
    until = _ms(rt.clock.now() + timedelta(seconds=seconds))
    longer = sa.case((ChannelPace.rests_until > until, ChannelPace.rests_until), else_=until)
    _change(session, channel, rests_until=longer)


def _change(session: orm.Session, channel: Channel, **values: object) -> None:
    row = {"channel": channel.value, "busy_until": 0, "rests_until": 0}
    insert_or_ignore(session, ChannelPace, [row], keys=["channel"])
    session.execute(
        sa.update(ChannelPace)
        .where(ChannelPace.channel == channel.value)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
