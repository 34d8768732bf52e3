"""Tables of keys, of status lists, and of what was signed."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Base, UtcDateTime
from ..core.ids import new_id
from . import did_web, status_list

ONE_ACTIVE_KEY = "state = 'active'"
"""The condition of the index that forbids an issuer two keys which both sign."""


class IssuerKey(Base):
    """A key of an issuer. It is never deleted: a retired one vouches for ever for what it signed (R-154)."""

    __tablename__ = "certify_issuer_key"
    __table_args__ = (
        sa.Index(
            "uq_certify_issuer_key_active",
            "issuer_id",
            unique=True,
            sqlite_where=sa.text(ONE_ACTIVE_KEY),
            postgresql_where=sa.text(ONE_ACTIVE_KEY),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_issuer.id"), index=True)
    multikey: Mapped[str] = mapped_column(sa.String(60), unique=True)  # the public key
    # The private one, see envelope.py. Empty: a key service of the host's has it (signers.py).
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary(61))
    state: Mapped[str] = mapped_column(sa.String(11))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    activated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it has not signed yet
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it may sign, or will

    def published(self) -> did_web.PublishedKey:
        """What everybody may know of it."""
        return did_web.PublishedKey(self.multikey, did_web.KeyState(self.state), self.activated_at)


class FormKey(Base):
    """A key for forms that Ed25519 cannot sign, made when first wanted: ES256 for JWT, RS256 for older badges.

    It lives as an issuer's other keys do, and is never deleted.
    """

    __tablename__ = "certify_form_key"
    __table_args__ = (
        sa.Index(
            "uq_certify_form_key_active",
            "issuer_id",
            "algorithm",
            unique=True,
            sqlite_where=sa.text(ONE_ACTIVE_KEY),
            postgresql_where=sa.text(ONE_ACTIVE_KEY),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_issuer.id"))
    algorithm: Mapped[str] = mapped_column(sa.String(5))  # `ES256` or `RS256`
    name: Mapped[str] = mapped_column(sa.String(43), unique=True)  # RFC 7638 thumbprint of the public key
    public_pem: Mapped[str] = mapped_column(sa.Text)
    sealed: Mapped[bytes] = mapped_column(sa.LargeBinary)  # the private one, see envelope.py
    state: Mapped[str] = mapped_column(sa.String(11))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # NULL: it signs


class StatusList(Base):
    """A published list with one bit for each credential. Lists never grow; a full one is followed by the next."""

    __tablename__ = "certify_status_list"
    __table_args__ = (sa.UniqueConstraint("issuer_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_issuer.id"))
    number: Mapped[int]  # of the issuer's lists, from 1
    size: Mapped[int] = mapped_column(default=status_list.SIZE)  # places in it
    secret: Mapped[bytes] = mapped_column(
        sa.LargeBinary(32)
    )  # scatters the places; guessed, it tells who shared a batch
    taken: Mapped[int]  # places ordered so far; the last order may go past the end, and has the rest from the next list
    changes: Mapped[int]  # counts moves of its awards: published again when this is ahead of `published_changes`
    published: Mapped[str | None] = mapped_column(sa.Text)  # the signed list; NULL: never asked for yet
    published_jwt: Mapped[str | None] = mapped_column(sa.Text)  # the same list for readers of JWT
    published_changes: Mapped[int | None]  # how many changes `published` tells
    etag: Mapped[str | None] = mapped_column(sa.String(64))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Credential(Base):
    """The signed document of an award, and its place in a status list."""

    __tablename__ = "certify_credential"
    __table_args__ = (sa.UniqueConstraint("status_list_id", "status_index"),)

    award_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_award.id"), primary_key=True)
    credential_id: Mapped[str] = mapped_column(sa.String(45), unique=True)  # urn:uuid:…
    issuer_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_issuer.id"))
    status_list_id: Mapped[UUID] = mapped_column(sa.ForeignKey("certify_status_list.id"))
    status_index: Mapped[int]
    key_id: Mapped[str] = mapped_column(sa.String(480))  # <did>#<multikey>
    # The signed JSON, which holds the recipient's name. Erased with the name of its award; the place stays taken.
    document: Mapped[str | None] = mapped_column(sa.Text, info={"personal": "until the holder asks for erasure"})
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
