"""Whose turn it is: tenants take turns, and small works need not wait for large ones."""

from collections.abc import Collection
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, insert_or_ignore
from .outbox import MOST_ATTEMPTS, OPEN, PENDING, RUNNING, Chunk, Claim, Work, now_ms

SMALL, MIDDLING = 500, 10_000  # positions of a work that goes before larger ones


class Turn(Base):
    """When a tenant last had its turn with a kind of work. What decides who is next, so that nobody is starved."""

    __tablename__ = "certify_turn"

    tenant_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    served_at: Mapped[int] = mapped_column(sa.BigInteger)


def served(session: orm.Session, held: Claim) -> None:
    """Notes that the tenant and kind of this chunk have just had their turn."""
    turn = sa.update(Turn).where(Turn.tenant_ref == held.tenant_ref, Turn.kind == held.kind).values(served_at=now_ms())
    noted = session.execute(turn.execution_options(synchronize_session=False))
    if not noted.rowcount:  # type: ignore[attr-defined]
        row = {"tenant_ref": held.tenant_ref, "kind": held.kind, "served_at": 1}
        insert_or_ignore(session, Turn, [row], keys=("tenant_ref", "kind"))
        session.execute(turn.execution_options(synchronize_session=False))


def whose_turn(session: orm.Session, limit: int = 1, kinds: Collection[str] | None = None) -> list[UUID]:
    """Chunks that may be claimed now, of these kinds of work. Reads only, and marks nothing.

    Tenants take turns, whoever was served longest ago with any of these kinds first; of one tenant the kinds do. Among
    works of one kind the smaller goes first, in three sizes, then the older, and its chunks in their order.
    """
    of_kinds = sa.true() if kinds is None else Turn.kind.in_(kinds)
    lapsed = sa.and_(Chunk.state == RUNNING, Chunk.lease_until < now_ms(), Chunk.attempts < MOST_ATTEMPTS)
    latest = sa.select(Turn.tenant_ref, sa.func.max(Turn.served_at).label("at")).where(of_kinds)
    served = latest.group_by(Turn.tenant_ref).subquery()
    size = sa.case((Work.size <= SMALL, 0), (Work.size <= MIDDLING, 1), else_=2)
    return list(
        session.scalars(
            sa.select(Chunk.id)
            .join(Work, Work.id == Chunk.work_id)
            .outerjoin(served, served.c.tenant_ref == Work.tenant_ref)
            .outerjoin(Turn, sa.and_(Turn.tenant_ref == Work.tenant_ref, Turn.kind == Work.kind))
            .where(
                sa.or_(Chunk.state == PENDING, lapsed),
                Work.state == OPEN,
                sa.true() if kinds is None else Work.kind.in_(kinds),
            )
            .order_by(
                sa.func.coalesce(served.c.at, 0),
                sa.func.coalesce(Turn.served_at, 0),
                size,
                Work.opened_at,
                Work.id,
                Chunk.first,
            )
            .limit(limit)
        )
    )
