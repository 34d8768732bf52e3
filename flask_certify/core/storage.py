"""Bytes kept by what they are: the name of a blob is the SHA-256 of its contents (DESIGN decision 19).

Rows of the database by default, because workers on other machines share only that.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import Mapped, mapped_column

from .db import Base, UtcDateTime, insert_or_ignore
from .errors import NotFound
from .i18n import N_


class BlobMissing(NotFound):
    code = "storage.blob_missing"
    sentence = N_("A stored file is missing. Restore the table certify_blob from a backup. (%(sha256)s)")
    status = 500


class Blob(Base):
    __tablename__ = "certify_blob"

    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(sa.String(100))
    data: Mapped[bytes]  # may be a document with a person's name: erased with its award
    stored_at: Mapped[datetime] = mapped_column(UtcDateTime)  # or last put down or let go of: see keep_blob


_YOUNG = timedelta(hours=12)


def put_blob(session: orm.Session, data: bytes, media_type: str) -> str:
    """The name of the bytes, which are there from now on. Putting them twice keeps them once."""
    sha256 = hashlib.sha256(data).hexdigest()
    keep_blob(session, sha256)  # first, so that it waits for whoever is just clearing them away
    row = {"sha256": sha256, "media_type": media_type, "data": data, "stored_at": datetime.now(UTC)}
    insert_or_ignore(session, Blob, [row], keys=["sha256"])
    return sha256


def keep_blob(session: orm.Session, sha256: str) -> None:
    """Makes the bytes young again, if they are there: what is cleared away has been of no use for days."""
    now = datetime.now(UTC)
    session.execute(
        sa.update(Blob)
        .where(Blob.sha256 == sha256, Blob.stored_at < now - _YOUNG)
        .values(stored_at=now)
        .execution_options(synchronize_session=False)
    )


def has_blob(session: orm.Session, sha256: str) -> bool:
    return session.scalar(sa.select(Blob.sha256).where(Blob.sha256 == sha256)) is not None


def get_blob(session: orm.Session, sha256: str) -> bytes:
    """The bytes of that name. Raises BlobMissing."""
    data = session.scalar(sa.select(Blob.data).where(Blob.sha256 == sha256))
    if data is None:
        raise BlobMissing(sha256=sha256)
    return data
