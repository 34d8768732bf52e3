"""The append-only log of who did what to what, and why (R-253). Entries are chained, so tampering shows.

Each entry's `digest` covers its own contents and the digest of the entry before it in the same tenant's chain.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, Json, UtcDateTime, insert_many, insert_or_ignore
from .ids import new_id, new_ids
from .transaction import Transaction

if TYPE_CHECKING:
    from .runtime import Runtime

BEFORE_THE_FIRST = "0" * 64


class AuditEntry(Base):
    __tablename__ = "certify_audit"
    __table_args__ = (
        sa.UniqueConstraint("tenant_ref", "number"),
        sa.Index(None, "subject", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_ref: Mapped[str] = mapped_column(sa.String(100))
    number: Mapped[int]  # its place in the tenant's chain, from 1
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_ref: Mapped[str] = mapped_column(sa.String(100))
    act: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(140))  # kind and id, for example `award:0190…`
    reason: Mapped[str | None] = mapped_column(sa.String(60))  # a code
    details: Mapped[dict[str, object]] = mapped_column(Json)  # codes, counts and ids; no personal data
    digest: Mapped[str] = mapped_column(sa.String(64))


class AuditChain(Base):
    """The end of each tenant's chain. Its row is the lock that puts entries in one line."""

    __tablename__ = "certify_audit_chain"

    tenant_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(sa.String(64))


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to what, and why. `details` are codes, counts and ids; no personal data."""

    act: str
    subject: str
    reason: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


def record(
    tx: Transaction,
    *,
    tenant_ref: str,
    actor_ref: str,
    act: str,
    subject: str,
    at: datetime,
    reason: str | None = None,
    **details: object,
) -> None:
    """Adds one entry to the tenant's chain, in the caller's transaction."""
    record_many(tx, tenant_ref=tenant_ref, actor_ref=actor_ref, at=at, acts=[Act(act, subject, reason, details)])


def record_many(tx: Transaction, *, tenant_ref: str, actor_ref: str, at: datetime, acts: Sequence[Act]) -> None:
    """Adds the entries to the tenant's chain, in their order: two statements, however many they are."""
    if not acts:
        return
    number, before = _lengthen(tx.session, tenant_ref, len(acts))
    rows, moment = [], _moment(at)
    for place, (row_id, each) in enumerate(zip(new_ids(len(acts)), acts, strict=True), number - len(acts) + 1):
        row: dict[str, Any] = {
            "id": row_id,
            "tenant_ref": tenant_ref,
            "number": place,
            "at": at,
            "actor_ref": actor_ref,
            "act": each.act,
            "subject": each.subject,
            "reason": each.reason,
            "details": each.details,
        }
        row["digest"] = before = _digest(row, moment, before)
        rows.append(row)
    insert_many(tx.session, AuditEntry, rows)
    tx.session.execute(
        sa.update(AuditChain).where(AuditChain.tenant_ref == tenant_ref).values(digest=before),
        execution_options={"synchronize_session": False},
    )


def hold(tx: Transaction, tenant_ref: str) -> None:
    """Locks the tenant's chain now, for who will lock what others lock after it."""
    _lengthen(tx.session, tenant_ref, 0)


def _lengthen(session: orm.Session, tenant_ref: str, by: int) -> tuple[int, str]:
    """Locks the tenant's chain until the commit: its new last number, and its digest so far."""
    fresh = {"tenant_ref": tenant_ref, "number": 0, "digest": BEFORE_THE_FIRST}
    insert_or_ignore(session, AuditChain, [fresh], keys=["tenant_ref"])
    number, digest = session.execute(
        sa.update(AuditChain)
        .where(AuditChain.tenant_ref == tenant_ref)
        .values(number=AuditChain.number + by)
        .returning(AuditChain.number, AuditChain.digest)
        .execution_options(synchronize_session=False)
    ).one()
    return number, digest


def digest_of(entry: AuditEntry, before: str) -> str:
    """SHA-256 over the entry and the digest before it, as 64 hexadecimal digits."""
    return _digest({name: getattr(entry, name) for name in _SAID}, _moment(entry.at), before)


_SAID = ("tenant_ref", "number", "actor_ref", "act", "subject", "reason", "details")
_written = json.JSONEncoder(sort_keys=True, ensure_ascii=True).encode


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def _digest(row: Mapping[str, Any], at: str, before: str) -> str:
    said = [before, *[row[name] for name in _SAID]]
    said.insert(3, at)
    return hashlib.sha256(_written(said).encode()).hexdigest()


def first_broken(session: orm.Session, tenant_ref: str) -> int | None:
    """The number of the first entry that does not fit its chain; None if all do."""
    before, expected = BEFORE_THE_FIRST, 1
    chosen = sa.select(AuditEntry).where(AuditEntry.tenant_ref == tenant_ref).order_by(AuditEntry.number)
    with session.scalars(chosen.execution_options(yield_per=1000)) as entries:
        for entry in entries:
            if entry.number != expected or entry.digest != digest_of(entry, before):
                return expected
            before, expected = entry.digest, expected + 1
    end = session.get(AuditChain, tenant_ref)
    if end is None:
        return expected if expected > 1 else None
    if (end.number, end.digest) != (expected - 1, before):
        return expected
    return None


@dataclass(frozen=True, slots=True)
class Checked:
    """One tenant's chain: how long it is, and its first entry that does not fit. None: all do."""

    tenant_ref: str
    entries: int
    broken: int | None


def verify(rt: "Runtime") -> list[Checked]:
    """Every chain, looked at entry by entry; one that has lost its end is among them."""
    with rt.reading() as session:
        counts = dict.fromkeys(session.scalars(sa.select(AuditChain.tenant_ref)), 0)
        counted = sa.select(AuditEntry.tenant_ref, sa.func.count()).group_by(AuditEntry.tenant_ref)
        counts |= {row[0]: row[1] for row in session.execute(counted)}
        return [Checked(each, counts[each], first_broken(session, each)) for each in sorted(counts)]
