"""The ledger: one row for each message that was ever to be sent."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..awards.models import Award
from ..core.db import Base, UtcDateTime

ONCE = ("award_id", "event", "recipient", "channel")
"""What is said to whom, about what, by which way: said once (R-161)."""

OPEN_QUESTION = "state = 'unknown' OR reason = 'notify.switched_off'"
"""What somebody may still have to decide about: few rows, so that their index costs the many others nothing."""


class Message(Base):
    """One message, by one channel. It holds no address: that is asked when needed, and never kept.

    Nor does it refer to the row of its work, which may be cleared away long before the ledger.
    """

    __tablename__ = "certify_message"
    __table_args__ = (
        sa.UniqueConstraint(*ONCE),
        sa.Index(None, "work_id", "position"),
        sa.Index(
            "ix_certify_message_open_question",
            "changed_at",
            sqlite_where=sa.text(OPEN_QUESTION),
            postgresql_where=sa.text(OPEN_QUESTION),
        ),
        sa.Index(None, "recipient"),
    )

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
    report: Mapped[str | None] = mapped_column(sa.String(10))  # what the provider said later: `delivered`, `failed`
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


class MessageAttempt(Base):
    """One try to send a message, and what came of it (R-162)."""

    __tablename__ = "certify_message_attempt"

    message_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Message.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(sa.String(7))  # of the message after it
    reason: Mapped[str | None] = mapped_column(sa.String(60))
    answer: Mapped[int | None]  # the provider's number for its answer


class MessageRules(Base):
    """When a tenant's messages rest, and how its phone numbers are read. No row: always, and as they are."""

    __tablename__ = "certify_message_rules"

    tenant_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    quiet_from: Mapped[int | None]  # minutes after midnight in the tenant's zone
    quiet_until: Mapped[int | None]
    region: Mapped[str | None] = mapped_column(sa.String(2))  # of numbers without a country, as ISO 3166 names it
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(sa.String(100))


class MessageSwitch(Base):
    """Whether a tenant tells of an event by a channel (R-163). No row: it does."""

    __tablename__ = "certify_message_switch"

    tenant_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    event: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    is_on: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(sa.String(100))


class OptOut(Base):
    """That somebody wants no more messages of this tenant by this channel."""

    __tablename__ = "certify_opt_out"

    tenant_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    recipient: Mapped[str] = mapped_column(sa.String(100), primary_key=True)  # the learner's reference
    channel: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(10))  # `link`, `complaint` or `staff`
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class StoppedNumber(Base):
    """A number that answered STOP. Only its keyed hash is kept, which says nothing without our master key."""

    __tablename__ = "certify_stopped_number"

    mark: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class HeardHook(Base):
    """A report of a provider that was heard; the same one is refused. Kept for as long as one could be sent again."""

    __tablename__ = "certify_heard_hook"
    __table_args__ = (sa.Index(None, "at"),)

    digest: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    heard_id: Mapped[UUID]  # by which the one that wrote the row knows it: of two at once, one
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChannelPace(Base):
    """How fast a channel may go, for all workers together: times in milliseconds since 1970."""

    __tablename__ = "certify_channel_pace"

    channel: Mapped[str] = mapped_column(sa.String(5), primary_key=True)
    busy_until: Mapped[int] = mapped_column(sa.BigInteger)  # when the senders have said all that was handed in
    rests_until: Mapped[int] = mapped_column(sa.BigInteger)  # until when the provider wants to hear nothing
