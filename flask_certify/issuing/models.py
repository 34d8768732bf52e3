"""Tables of bulk issue: the batch, and one item per learner in it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..achievements.models import Run
from ..awards.models import Award
from ..core.db import Base, Json, UtcDateTime
from ..core.ids import new_id
from ..core.outbox import Work

PREVIEW, PLANNING, RUNNING, PAUSED, STOPPING, FINISHED = (
    "preview",  # looked at, and nothing follows until it is confirmed
    "planning",
    "running",
    "paused",
    "stopping",
    "finished",
)
UNDER_WAY_STATES = (PLANNING, RUNNING, PAUSED, STOPPING)
UNDER_WAY = f"state IN ({', '.join(repr(each) for each in UNDER_WAY_STATES)})"


class Refresh(Base):
    """A run whose learners are to be decided upon anew, for what the screens show; nothing is issued by it.

    Or what the host said of one learner, or of the course, which waits until the host can be asked.
    """

    __tablename__ = "certify_refresh"
    __table_args__ = (sa.Index(None, "run_id"),)

    work_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Work.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    learner_ref: Mapped[str | None] = mapped_column(sa.String(100))  # NULL: all of the run
    what: Mapped[str | None] = mapped_column(sa.String(20))  # one of those in changes; NULL: the facts say it
    changed_by: Mapped[str | None] = mapped_column(sa.String(100))  # as the host says
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Night(Base):
    """One night's issue: a row per job and date, whoever starts it and however often (R-105, R-106)."""

    __tablename__ = "certify_night"
    __table_args__ = (sa.UniqueConstraint("job", "date"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(sa.String(20))
    date: Mapped[date] = mapped_column(sa.Date)  # the day in UTC on which it began
    state: Mapped[str] = mapped_column(sa.String(8))  # running, finished
    started_by: Mapped[str] = mapped_column(sa.String(100))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    work_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Work.id))
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)  # attempted, skipped, issued, failed; NULL: not yet


class NightRun(Base):
    """One course run in a night: how many learners were looked at, and the batch for those who are due."""

    __tablename__ = "certify_night_run"

    night_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Night.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    seen: Mapped[int | None]  # NULL: not looked at yet
    due: Mapped[int | None]
    batch_id: Mapped[UUID | None]  # NULL: nobody was due
    reason: Mapped[str | None] = mapped_column(sa.String(60))  # a code, if the run was left for another night


class IssueBatch(Base):
    """One issue, re-issue or revocation of many. At most one of a run and kind is under way, held by an index (R-117,
    R-127)."""

    __tablename__ = "certify_issue_batch"
    __table_args__ = (
        sa.Index(
            "uq_certify_issue_batch_under_way",
            "run_id",
            "kind",
            unique=True,
            sqlite_where=sa.text(UNDER_WAY),
            postgresql_where=sa.text(UNDER_WAY),
        ),
        sa.Index(None, "run_id", "opened_at"),
        sa.Index(None, "work_id"),
        sa.Index(None, "night_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    tenant_ref: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(8), server_default="issue")  # issue, reissue, revoke
    state: Mapped[str] = mapped_column(sa.String(8))
    opened_by: Mapped[str] = mapped_column(sa.String(100))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    notify: Mapped[bool]
    cause: Mapped[str | None] = mapped_column(sa.String(40))  # the class of the reason, of re-issue and revocation
    note: Mapped[str | None] = mapped_column(sa.Text, info={"personal": "until the batch has ended"})
    retry_of: Mapped[UUID | None]  # the batch whose failed learners these are
    unknown_lines: Mapped[list[int] | None] = mapped_column(Json)  # numbers of lines of a file that name nobody
    going_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # confirmed or resumed: the rate counts from here
    done_before: Mapped[int] = mapped_column(server_default="0")  # learners who were done by then
    night_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Night.id))  # NULL: somebody pressed the button
    work_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Work.id))  # of the present phase
    total: Mapped[int | None]  # NULL: not planned yet
    # Of a preview: how many SMS it would lead to, by what they tell of. NULL: none leave here, or nobody could say.
    sms_texts: Mapped[dict[str, int] | None] = mapped_column(sa.JSON(none_as_null=True))
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)  # counts, when it has ended
    trouble: Mapped[str | None] = mapped_column(sa.String(60))  # a code, if planning failed for good


class IssueItem(Base):
    """One learner in a batch, with a result and a reason of its own (R-126)."""

    __tablename__ = "certify_issue_item"
    __table_args__ = (sa.Index(None, "batch_id", "result", "reason"),)

    batch_id: Mapped[UUID] = mapped_column(sa.ForeignKey(IssueBatch.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    learner_ref: Mapped[str] = mapped_column(sa.String(100))
    foreseen: Mapped[str | None] = mapped_column(sa.String(10))  # the result of the preview; NULL: there was none
    bound_award_id: Mapped[UUID | None]  # the one that was shown, and is to be replaced or revoked
    result: Mapped[str | None] = mapped_column(sa.String(8))  # a result of issuing/results.py; NULL: not yet
    reason: Mapped[str | None] = mapped_column(sa.String(60))  # the code of the first reason; before: of the preview
    details: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))  # the gaps of its sentence
    achievement_key: Mapped[str | None] = mapped_column(sa.String(40))
    award_id: Mapped[UUID | None]


class Bundle(Base):
    """Certificates of a run as ZIP files, for those who print and ship them. At most one of a run is being packed."""

    __tablename__ = "certify_bundle"
    __table_args__ = (
        sa.Index(
            "uq_certify_bundle_under_way",
            "run_id",
            unique=True,
            sqlite_where=sa.text(f"state = '{RUNNING}'"),
            postgresql_where=sa.text(f"state = '{RUNNING}'"),
        ),
        sa.Index(None, "opened_at"),
        sa.Index(None, "work_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    tenant_ref: Mapped[str] = mapped_column(sa.String(100))
    state: Mapped[str] = mapped_column(sa.String(8))  # running, finished, or deleted, when its files are gone
    opened_by: Mapped[str] = mapped_column(sa.String(100))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    work_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Work.id))
    store_id: Mapped[str] = mapped_column(sa.String(200))  # of the place where the web process looks for its files
    part_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    expected: Mapped[int]


class BundleItem(Base):
    """One certificate in a bundle, and why it was left out if it was; or a chosen learner who has none."""

    __tablename__ = "certify_bundle_item"
    __table_args__ = (sa.Index(None, "bundle_id", "result"),)

    bundle_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Bundle.id), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    award_id: Mapped[UUID | None]  # NULL: there was none to pack
    learner_ref: Mapped[str | None] = mapped_column(sa.String(100))  # only of those
    result: Mapped[str | None] = mapped_column(sa.String(60))  # `packed`, or the code of why not; NULL: not yet


class BundlePart(Base):
    """One ZIP file that is whole."""

    __tablename__ = "certify_bundle_part"

    bundle_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Bundle.id), primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True)  # the position of its first certificate: parts in this order
    entries: Mapped[int]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    mark: Mapped[str] = mapped_column(sa.String(64))  # for the ETag


ONE_PENDING = "state IN ('open', 'confirmed')"
"""The condition of the index that keeps one request of an award waiting at a time."""


class NameCorrection(Base):
    """That a learner asked for another name on a certificate, and what became of it."""

    __tablename__ = "certify_name_correction"
    __table_args__ = (
        sa.Index(
            "uq_certify_name_correction_pending",
            "award_id",
            unique=True,
            sqlite_where=sa.text(ONE_PENDING),
            postgresql_where=sa.text(ONE_PENDING),
        ),
        sa.Index(None, "run_id", "state"),
        sa.Index(None, "learner_ref"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Award.id))
    run_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Run.id))
    learner_ref: Mapped[str] = mapped_column(sa.String(100))
    # As the learner writes it; what is printed is what the platform says. Both go when the person is erased.
    name: Mapped[str | None] = mapped_column(sa.String(300), info={"personal": "until the holder asks for erasure"})
    note: Mapped[str | None] = mapped_column(sa.Text, info={"personal": "until the holder asks for erasure"})
    state: Mapped[str] = mapped_column(sa.String(9))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(sa.String(100))
    new_award_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Award.id))  # NULL: nothing was issued by it
