"""The counters."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Base


class Telemetry(Base):
    """How often something happened on a day. Nothing in it is about a person."""

    __tablename__ = "certify_telemetry"

    day: Mapped[date] = mapped_column(primary_key=True)  # in UTC
    event: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(60), primary_key=True)  # in the notation of `events`; empty: not told
    count: Mapped[int]
