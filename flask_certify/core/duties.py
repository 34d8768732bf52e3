"""What is to be done again and again, by one worker of all: a lease by the database's clock says by which.

Leading is such a lease: one worker sweeps and keeps the clock, and if it dies the next one takes over some seconds
later. A duty has a lease of its own besides, so that two who lead for a moment do it once; one that was begun and not
ended is done again, so each must bear that. One that hangs is ended with its lease, and the others have their turn.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, UtcDateTime, insert_or_ignore
from .errors import CertifyError
from .i18n import N_
from .outbox import now_ms

if TYPE_CHECKING:
    from .runtime import Runtime

LEADING = "lead"
LEAD_MS = 5_000
TAKES_AT_MOST_MS = 600_000
AGAIN_AFTER_MS = 60_000

log = logging.getLogger("flask_certify")


class TookTooLong(CertifyError):
    code = "duty.too_long"
    sentence = N_("It took longer than ten minutes and was ended.")


class DutyRow(Base):
    """One duty: who is at it, until when nobody else may be, and up to when it is done."""

    __tablename__ = "certify_duty"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    holder: Mapped[UUID | None]
    until: Mapped[int] = mapped_column(sa.BigInteger)
    turn: Mapped[int | None] = mapped_column(sa.BigInteger)  # the last one that was done; NULL: it has no turns
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: never yet
    reason: Mapped[str | None] = mapped_column(sa.String(60))  # a code, if it failed the last time


Turn = Callable[["Runtime", datetime], int | None]


@dataclass(frozen=True)
class Duty:
    """Something to be done once in each turn. `turn` numbers the present one; None: not now, nor by itself."""

    name: str
    turn: Turn
    do: Callable[["Runtime"], object]


def each(period: timedelta) -> Turn:
    """A turn as often as that."""
    seconds = int(period.total_seconds())
    return lambda rt, now: int(now.timestamp()) // seconds


def daily(find_time: Callable[["Runtime"], time | None]) -> Turn:
    """A turn each day, at that time in UTC."""

    def turn(rt: "Runtime", now: datetime) -> int | None:
        at = find_time(rt)
        return None if at is None else (now - timedelta(hours=at.hour, minutes=at.minute)).toordinal()

    return turn


# ---- leading ---------------------------------------------------------------------------------------


def lead(rt: "Runtime", worker_id: UUID) -> bool:
    """Whether this worker leads for the next seconds. Who does not lead only looks, and writes nothing."""
    with rt.reading() as session:
        left = session.execute(
            sa.select(DutyRow.holder, DutyRow.until - now_ms()).where(DutyRow.name == LEADING)
        ).first()
    if left is not None and left[1] > (LEAD_MS // 2 if left[0] == worker_id else 0):
        return bool(left[0] == worker_id)
    with rt.transaction() as tx:
        _be_there(tx.session, LEADING, None)
        return _hold(tx.session, LEADING, worker_id, LEAD_MS, DutyRow.holder == worker_id)


def step_down(rt: "Runtime", worker_id: UUID) -> None:
    """Lets another one lead at once."""
    with rt.transaction() as tx:
        tx.session.execute(
            sa.update(DutyRow)
            .where(DutyRow.name == LEADING, DutyRow.holder == worker_id)
            .values(until=0, holder=None)
            .execution_options(synchronize_session=False)
        )


# ---- duties ----------------------------------------------------------------------------------------


def are_due(rt: "Runtime") -> bool:
    """Whether there is anything to do now. Reads only."""
    return bool(_due(rt))


def do_due(rt: "Runtime", worker_id: UUID) -> list[str]:
    """Does what is due now: the names of what was done. A failure is written down, and tried again a minute later."""
    return [duty.name for duty, turn in _due(rt) if _do(rt, duty, turn, worker_id)]


def is_late(rt: "Runtime", worker_id: UUID) -> bool:
    """Whether this worker has been at a duty for longer than any may take. Reads only."""
    with rt.reading() as session:
        return session.scalar(sa.select(DutyRow.name).where(*_late(worker_id)).limit(1)) is not None


def give_up_late(rt: "Runtime", worker_id: UUID) -> None:
    """Once nobody is at it any more: it has failed, and rests like any that did."""
    with rt.transaction() as tx:
        values = {"holder": None, "until": now_ms() + AGAIN_AFTER_MS}
        names = tx.session.scalars(
            sa.update(DutyRow)
            .where(*_late(worker_id))
            .values(ended_at=rt.clock.now(), reason=TookTooLong.code, **values)
            .returning(DutyRow.name)
            .execution_options(synchronize_session=False)
        ).all()
    for name in names:
        log.warning("duty failed: %s", name, extra={"duty": name, "reason": TookTooLong.code})


def _late(worker_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return DutyRow.holder == worker_id, DutyRow.name != LEADING, DutyRow.until < now_ms()


def _due(rt: "Runtime") -> list[tuple[Duty, int]]:
    now = rt.clock.now()
    turns = {duty.name: turn for duty in rt.duties if (turn := duty.turn(rt, now)) is not None}
    with rt.reading() as session:
        rows = session.execute(
            sa.select(DutyRow.name, DutyRow.turn, DutyRow.until < now_ms()).where(DutyRow.name.in_(turns))
        )
        known = {name: (turn, is_free) for name, turn, is_free in rows}
    return [
        (duty, turns[duty.name])
        for duty in rt.duties
        if duty.name in turns and _is_due(turns[duty.name], *known.get(duty.name, (None, True)))
    ]


def _is_due(turn: int, done: int | None, is_free: bool) -> bool:
    """One that somebody is at, or that has just failed, rests."""
    return is_free and (done or 0) < turn


def _do(rt: "Runtime", duty: Duty, turn: int, worker_id: UUID) -> bool:
    with rt.transaction() as tx:
        if _be_there(tx.session, duty.name, turn):
            return False  # seen for the first time: its first turn is the next one
        if not _hold(tx.session, duty.name, worker_id, TAKES_AT_MOST_MS, turn=turn):
            return False
    reason = None
    try:
        duty.do(rt)
    except CertifyError as error:
        reason = error.code
    except Exception as error:  # what it was about stays out of the log
        reason = f"error.{type(error).__name__}"
    if reason:
        log.warning("duty failed: %s", duty.name, extra={"duty": duty.name, "reason": reason})
    with rt.transaction() as tx:
        values = {"until": now_ms() + AGAIN_AFTER_MS} if reason else {"until": 0, "turn": turn}
        tx.session.execute(
            sa.update(DutyRow)
            .where(DutyRow.name == duty.name, DutyRow.holder == worker_id)
            .values(holder=None, ended_at=rt.clock.now(), reason=reason and reason[:60], **values)
            .execution_options(synchronize_session=False)
        )
    return reason is None


def _be_there(session: orm.Session, name: str, turn: int | None) -> bool:
    """Makes the row, if there is none. Whether it was made now."""
    row = {"name": name, "holder": None, "until": 0, "turn": turn}
    if session.scalar(sa.select(DutyRow.name).where(DutyRow.name == name)) is not None:
        return False
    insert_or_ignore(session, DutyRow, [row], keys=["name"])
    return True


def _hold(
    session: orm.Session, name: str, worker_id: UUID, ms: int, *or_if: sa.ColumnElement[bool], turn: int | None = None
) -> bool:
    """One conditional update: of all who try at once, one gets it."""
    free = sa.or_(DutyRow.until < now_ms(), *or_if)
    is_due = sa.true() if turn is None else sa.or_(DutyRow.turn.is_(None), DutyRow.turn < turn)
    return (
        session.scalar(
            sa.update(DutyRow)
            .where(DutyRow.name == name, free, is_due)
            .values(holder=worker_id, until=now_ms() + ms)
            .returning(DutyRow.name)
            .execution_options(synchronize_session=False)
        )
        is not None
    )
