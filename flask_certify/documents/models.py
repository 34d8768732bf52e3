"""Tables of templates, plates and printed documents."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Base, Json, UtcDateTime
from ..core.ids import new_id

IN_USE, RETIRED = "in use", "retired"


class Template(Base):
    """An issuer's design for certificates. One with certificates is retired, never deleted (R-021)."""

    __tablename__ = "certify_template"
    __table_args__ = (sa.UniqueConstraint("issuer_id", "key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_issuer.id"))
    key: Mapped[str] = mapped_column(sa.String(40))
    name: Mapped[str] = mapped_column(sa.String(200))
    state: Mapped[str] = mapped_column(sa.String(8))
    language: Mapped[str | None] = mapped_column(sa.String(20))  # NULL: that of the learner
    # Who signs, place by place: `{"on_file": id}`, or name, designation and image_sha of the template's own.
    # NULL: the first of those whom the issuer has on file. Personal data of officers, as long as the template.
    signatories: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)


class TemplateVersion(Base):
    """What a template was at one time, in one language. Never changed: certificates refer to it (R-019, R-020)."""

    __tablename__ = "certify_template_version"
    __table_args__ = (sa.UniqueConstraint("template_id", "language", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    template_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Template.id))
    number: Mapped[int]  # from 1; the highest one of a language is used for new certificates
    language: Mapped[str] = mapped_column(sa.String(20))  # of its text, and of the dates printed on it
    html_sha: Mapped[str] = mapped_column(sa.String(64))
    assets: Mapped[dict[str, str]] = mapped_column(Json)  # its pictures: name and SHA-256
    engine: Mapped[str] = mapped_column(sa.String(40))  # what lays it out, now and for ever
    note: Mapped[str | None] = mapped_column(sa.String(500))  # what is different, in its author's words
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(sa.String(100))


class PlateFile(Base):
    """A laid-out template. May be lost: it is made again from the template."""

    __tablename__ = "certify_plate"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)  # SHA-256 of all it was made from
    blob_sha: Mapped[str] = mapped_column(sa.String(64))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Document(Base):
    """The bytes of a certificate as they were first printed; every later download is these (R-136).

    What many certificates share, the prefix, is kept once, by the name of its bytes in certify_blob; the tail is the
    certificate's own. A document of the first release has no tail: all of it is the blob of its own hash.
    """

    __tablename__ = "certify_document"

    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_award.id"), primary_key=True)
    template_version_id: Mapped[UUID] = mapped_column(sa.ForeignKey(TemplateVersion.id))
    # SHA-256 of the whole document. Names nobody by itself.
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    size: Mapped[int]
    prefix_sha: Mapped[str | None] = mapped_column(sa.String(64))
    tail: Mapped[bytes | None]  # personal data: the recipient's name; as long as the award
    engine: Mapped[str] = mapped_column(sa.String(40))
    printed_at: Mapped[datetime] = mapped_column(UtcDateTime)
