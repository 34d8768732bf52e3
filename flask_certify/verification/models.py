"""Tables of what the public may see of a certificate, and by which other ways it is found."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..awards.models import Award
from ..core.db import Base, UtcDateTime
from ..core.ids import new_id


class CodeAlias(Base):
    """A code that an earlier system printed, and the award it stands for. It answers for ever (R-150)."""

    __tablename__ = "certify_code_alias"

    alias: Mapped[str] = mapped_column(sa.String(64), primary_key=True)  # without case, spaces and dashes
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id), index=True)
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Disclosure(Base):
    """How much of a certificate its holder lets the public see, if less than the issuer allows (R-148)."""

    __tablename__ = "certify_disclosure"

    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id), primary_key=True)
    level: Mapped[str] = mapped_column(sa.String(8))  # `status`, `initials` or `full`
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Share(Base):
    """A link that its holder made: to one certificate, at one level, until an end or until it is withdrawn."""

    __tablename__ = "certify_share"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id), index=True)
    token: Mapped[str] = mapped_column(sa.String(43), unique=True)  # random; opens what the level allows, no more
    level: Mapped[str] = mapped_column(sa.String(8))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it has no end
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it was not withdrawn
