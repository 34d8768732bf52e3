"""Tables of what can be earned, where, and who vouches for it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Base, Json, UtcDateTime
from ..core.ids import new_id


class Issuer(Base):
    """The organisation that vouches; one per tenant now.

    Several are kept open (R-022, D-14): awards, achievements, keys and lists belong to an issuer by its id; that there
    is one is said by `tenant_ref` and `service.get_issuer` alone.
    """

    __tablename__ = "certify_issuer"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    tenant_ref: Mapped[str] = mapped_column(sa.String(100), unique=True)
    slug: Mapped[str] = mapped_column(sa.String(40), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    url: Mapped[str] = mapped_column(sa.String(300))
    base: Mapped[str] = mapped_column(sa.String(300))  # our base address, as the setting said when this was made
    did: Mapped[str] = mapped_column(sa.String(400), unique=True)
    frozen_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # first issue: base, slug and did never change again
    # How much of its certificates the public may see at most: `status`, `initials` or `full`. NULL: full.
    disclosure: Mapped[str | None] = mapped_column(sa.String(8))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Signatory(Base):
    """Whose name is printed under a line. Never the issuer, and never a proof (R-017)."""

    __tablename__ = "certify_signatory"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Issuer.id))
    position: Mapped[int]  # on file, from 1; a template chooses who is printed
    # Personal data of an officer, printed on certificates; kept as long as these are.
    name: Mapped[str] = mapped_column(sa.String(200), info={"personal": "as long as certificates name them"})
    designation: Mapped[str] = mapped_column(sa.String(200))
    image_sha: Mapped[str | None] = mapped_column(sa.String(64))


class Run(Base):
    """A course run of the host, under an id of ours: routes carry our ids, never host references."""

    __tablename__ = "certify_run"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    run_ref: Mapped[str] = mapped_column(sa.String(200), unique=True)
    tenant_ref: Mapped[str] = mapped_column(sa.String(100), index=True)
    course_ref: Mapped[str] = mapped_column(sa.String(200))
    title: Mapped[str] = mapped_column(sa.String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # What the host last said of when certificates are seen and which date they show: kept, since the
    # public page asks no host, and answers on when the run is gone. All NULL: it has not said, so they are seen.
    pacing: Mapped[str | None] = mapped_column(sa.String(10))
    display: Mapped[str | None] = mapped_column(sa.String(14))
    available_on: Mapped[date | None]
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    zone: Mapped[str | None] = mapped_column(sa.String(60))


class Achievement(Base):
    """What can be earned. `key` is `completion` or `achievement` for the two that come with us."""

    __tablename__ = "certify_achievement"
    __table_args__ = (sa.UniqueConstraint("issuer_id", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Issuer.id))
    key: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(200))
    description: Mapped[str] = mapped_column(sa.String(2000))
    criteria: Mapped[str] = mapped_column(sa.String(2000))  # in words, for people
    kind: Mapped[str] = mapped_column(sa.String(60))  # achievementType of Open Badges 3.0


class Attachment(Base):
    """An achievement with template, rule and audience, attached to a run, or to a course as the default of its runs.

    A change is a new row that names the one before (D-13, R-028); a run's own attachments go before those of its
    course (D-01).
    """

    __tablename__ = "certify_attachment"
    __table_args__ = (
        sa.Index(
            "uq_certify_attachment_run_id_position",
            "run_id",
            "position",
            unique=True,
            sqlite_where=sa.text("detached_at IS NULL"),
            postgresql_where=sa.text("detached_at IS NULL"),
        ),
        sa.Index(
            "uq_certify_attachment_course_position",
            "tenant_ref",
            "course_ref",
            "position",
            unique=True,
            sqlite_where=sa.text("detached_at IS NULL AND run_id IS NULL"),
            postgresql_where=sa.text("detached_at IS NULL AND run_id IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    run_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey(Run.id))  # NULL: the default of a course
    tenant_ref: Mapped[str | None] = mapped_column(sa.String(100))  # of the course; NULL: attached to a run
    course_ref: Mapped[str | None] = mapped_column(sa.String(200))
    achievement_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Achievement.id))
    template_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_template.id"))
    position: Mapped[int]  # tried in this order, first match wins
    rule: Mapped[dict[str, Any]] = mapped_column(Json)  # in the notation of eligibility
    audience: Mapped[str] = mapped_column(sa.String(8))  # `tenant` or `everyone`
    facts: Mapped[list[str]] = mapped_column(Json, default=list)  # carried into the certificate, and no others
    # How long a certificate holds, from issue or until a day, as `validity` writes it. NULL: it does not expire
    validity: Mapped[dict[str, Any] | None] = mapped_column(Json)
    confirmed: Mapped[list[str]] = mapped_column(Json, default=list)  # versions of the template that were seen
    replaces_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("certify_attachment.id"))  # NULL: not an update
    reason: Mapped[str | None] = mapped_column(sa.String(500))  # of whoever attached or updated it
    attached_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attached_by: Mapped[str] = mapped_column(sa.String(100))
    detached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: in use
    detached_by: Mapped[str | None] = mapped_column(sa.String(100))
    detached_reason: Mapped[str | None] = mapped_column(sa.String(500))
