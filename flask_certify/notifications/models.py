"""The ledger: one row for each message that was ever to be sent."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..awards.models import Award
from ..core.db import Base, UtcDateTime

ONCE = ("award_id", "event", "recipient", "channel")
"""What is said to whom, about what, by which way: said once (R-161)."""


class Message(Base):
    """One message, by one channel. It holds no address: that is asked when needed, and never kept.

    Nor does it refer to the row of its work, which may be cleared away long before the ledger.
    """

    __tablename__ = "certify_message"
    __table_args__ = (sa.UniqueConstraint(*ONCE), sa.Index(None, "work_id", "position"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id))
    event: Mapped[str] = mapped_column(sa.String(20))
    recipient: Mapped[str] = mapped_column(sa.String(100))  # the learner's reference
    channel: Mapped[str] = mapped_column(sa.String(5))
    locale: Mapped[str | None] = mapped_column(sa.String(35))  # NULL: not known yet, the contact may say
    state: Mapped[str] = mapped_column(sa.String(7))
    reason: Mapped[str | None] = mapped_column(sa.String(60))  # a code: why it is not sent, or was not at first
    attempts: Mapped[int]
    provider_id: Mapped[str | None] = mapped_column(sa.String(100))  # what the provider calls it
    epoch: Mapped[int]  # of the claim under which it was last taken
    work_id: Mapped[UUID]
    position: Mapped[int]  # of its person in that work: both channels stand at one position
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MessageText(Base):
    """What a tenant says itself of an event, in one language, instead of what we ship (R-160)."""

    __tablename__ = "certify_message_text"

    tenant_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    event: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    language: Mapped[str] = mapped_column(sa.String(35), primary_key=True)
    sender: Mapped[str] = mapped_column(sa.String(80))  # empty: the issuer's name
    subject: Mapped[str] = mapped_column(sa.String(150))
    body: Mapped[str] = mapped_column(sa.Text)
    sms: Mapped[str] = mapped_column(sa.Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(sa.String(100))
