"""Tables of awards, of the latest outcome per learner and run, and of what failed."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..achievements.models import Achievement, Attachment, Issuer, Run
from ..core.db import Base, Json, UtcDateTime
from ..core.ids import new_id

ONE_LIVE_AWARD = "state IN ('issued', 'withdrawn') OR (state = 'granted' AND replaces_id IS NULL)"
"""The condition of the index that forbids two awards of one learner and run (DESIGN decision 3)."""

ONE_SUCCESSOR = "replaces_id IS NOT NULL AND state <> 'revoked'"
"""The condition of the index that lets two re-issues at once make one successor."""

LIVE_KEYS = ("tenant_ref", "run_ref", "learner_ref")


class Award(Base):
    """That a recipient earned an achievement in a run. It never changes but by a move of `states`."""

    __tablename__ = "certify_award"
    __table_args__ = (
        sa.Index(
            "uq_certify_award_live",
            *LIVE_KEYS,
            unique=True,
            sqlite_where=sa.text(ONE_LIVE_AWARD),
            postgresql_where=sa.text(ONE_LIVE_AWARD),
        ),
        sa.Index(
            "uq_certify_award_successor",
            "replaces_id",
            unique=True,
            sqlite_where=sa.text(ONE_SUCCESSOR),
            postgresql_where=sa.text(ONE_SUCCESSOR),
        ),
        sa.Index(None, "learner_ref", "state"),
        sa.Index(None, "run_id", "state"),
        sa.Index(
            "ix_certify_award_valid_until",
            "valid_until",
            sqlite_where=sa.text("valid_until IS NOT NULL"),
            postgresql_where=sa.text("valid_until IS NOT NULL"),
        ),
        sa.Index(
            "ix_certify_award_held_back",
            "run_id",
            sqlite_where=sa.text("held_back IS NOT NULL"),
            postgresql_where=sa.text("held_back IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_ref: Mapped[str] = mapped_column(sa.String(100))  # of the run: who issues
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    run_ref: Mapped[str] = mapped_column(sa.String(200))
    learner_ref: Mapped[str] = mapped_column(sa.String(100))
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Issuer.id))
    achievement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Achievement.id))
    attachment_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Attachment.id))
    template_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_template_version.id"))
    code: Mapped[str] = mapped_column(sa.String(12), unique=True)
    state: Mapped[str] = mapped_column(sa.String(9))
    replaces_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("certify_award.id"))
    # The last one that was revoked for good before this was earned again; nothing replaced that one.
    follows_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("certify_award.id"))
    mode: Mapped[str | None] = mapped_column(sa.String(40))  # of the enrolment, as evaluated
    grade: Mapped[str | None] = mapped_column(sa.String(12))  # percent, as evaluated; NULL: none was known
    decision: Mapped[dict[str, Any]] = mapped_column(Json)  # why it was granted: reasons as codes with values
    # What it prints, for ever: holds the recipient's name. Erased at the holder's wish; the rest answers on.
    frozen: Mapped[dict[str, Any]] = mapped_column(Json, info={"personal": "until the holder asks for erasure"})
    batch_id: Mapped[UUID | None]
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    issued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: not signed yet
    # The last second in which it holds, as frozen. NULL: no end. That it has expired is computed, never stored
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What its learner is to be told of as soon as it may be seen: `issued` or `reissued`. NULL: nothing waits.
    held_back: Mapped[str | None] = mapped_column(sa.String(10))


class AwardMove(Base):
    """One move of an award after its issue. Never changed but for the note, which goes with the person (R-254)."""

    __tablename__ = "certify_award_move"
    __table_args__ = (sa.Index(None, "award_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_ref: Mapped[str] = mapped_column(sa.String(100))
    move: Mapped[str] = mapped_column(sa.String(10))
    from_state: Mapped[str] = mapped_column(sa.String(9))
    to_state: Mapped[str] = mapped_column(sa.String(9))
    cause: Mapped[str] = mapped_column(sa.String(40))  # the class of the reason, of causes.Cause
    by_person: Mapped[bool]  # somebody decided on it: what a person withdrew, no evaluation brings back
    details: Mapped[dict[str, Any]] = mapped_column(Json)  # codes, counts and ids; no personal data
    note: Mapped[str | None] = mapped_column(sa.Text, info={"personal": "until the holder asks for erasure"})


class Record(Base):
    """The latest outcome of a learner in a run: what screens, counts and reports read (DESIGN decision 16)."""

    __tablename__ = "certify_record"
    __table_args__ = (sa.Index(None, "run_id", "label"), sa.Index(None, "run_id", "completed_on"))

    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id), primary_key=True)
    learner_ref: Mapped[str] = mapped_column(sa.String(100), primary_key=True)
    status: Mapped[str | None] = mapped_column(sa.String(12))  # `downloadable`, …; NULL: none yet
    label: Mapped[str] = mapped_column(sa.String(12))  # `Issued`, ``, `N/A`, `Issue failed` (group H)
    type: Mapped[str | None] = mapped_column(sa.String(40))  # key of the achievement
    award_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Award.id))  # the live one
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(Json)  # of the last decision, as codes with values
    eligible: Mapped[bool | None]  # whether the last decision said yes; NULL: the data were wrong, or nobody decided
    # Of the last evaluation. A withdrawal blanks the grade, unless one is given, and refreshes the mode.
    grade: Mapped[str | None] = mapped_column(sa.String(12))  # percent
    mode: Mapped[str | None] = mapped_column(sa.String(40))  # of the enrolment; NULL: not evaluated, or none
    completed_on: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Refreshed from the host whenever it is asked; gone when the host knows the person no more.
    display_name: Mapped[str | None] = mapped_column(sa.String(300), info={"personal": "until the next refresh"})
    external_id: Mapped[str | None] = mapped_column(sa.String(100), info={"personal": "until the next refresh"})
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Failure(Base):
    """One thing that could not be done for a learner, and why: no personal data in it (R-178)."""

    __tablename__ = "certify_failure"
    __table_args__ = (sa.Index(None, "run_id", "at"), sa.Index(None, "run_id", "learner_ref"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    tenant_ref: Mapped[str] = mapped_column(sa.String(100))
    run_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Run.id))
    learner_ref: Mapped[str | None] = mapped_column(sa.String(100))  # NULL: about the run as a whole
    step: Mapped[str] = mapped_column(sa.String(20))  # attach, plan, decide, sign, print, notify
    code: Mapped[str] = mapped_column(sa.String(60))
    details: Mapped[dict[str, Any]] = mapped_column(Json)  # the gaps of the sentence
    batch_id: Mapped[UUID | None]
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: still stands
    attempts: Mapped[int] = mapped_column(default=1, server_default="1")  # how often it has failed like this
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it has failed once
