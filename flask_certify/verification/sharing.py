"""What a holder lets others see: a level for the certificate's page, and links with a level, an end and a way back."""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Issuer
from ..awards.models import Award
from ..core import audit
from ..core.db import upsert
from ..core.errors import NotFound
from ..core.i18n import N_
from ..core.runtime import Runtime
from .disclosure import Level, lowest
from .models import Disclosure, Share


class NoSuchLink(NotFound):
    code = "share.unknown"
    sentence = N_("This link does not lead to a certificate, or no longer. Ask its holder for a new one.")


@dataclass(frozen=True, slots=True)
class ShareView:
    id: UUID
    award_id: UUID
    token: str
    level: Level
    made_at: datetime
    ends_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is shared of an award. `limit` is the issuer's."""

    limit: Level
    level: Level
    shares: tuple[ShareView, ...]


def sharing_of(rt: Runtime, award_id: UUID) -> Sharing:
    with rt.reading() as session:
        limit, chosen = session.execute(
            sa.select(Issuer.disclosure, Disclosure.level)
            .select_from(Award)
            .join(Issuer, Issuer.id == Award.issuer_id)
            .outerjoin(Disclosure, Disclosure.award_id == Award.id)
            .where(Award.id == award_id)
        ).one()
        shares = session.scalars(sa.select(Share).where(Share.award_id == award_id).order_by(Share.made_at.desc()))
        return Sharing(lowest(limit), lowest(limit, chosen), tuple(_view(each) for each in shares))


def choose_level(rt: Runtime, award_id: UUID, level: Level, *, actor: str) -> None:
    """How much the page of the code shows from now on; never more than the issuer allows."""
    now = rt.clock.now()
    with rt.transaction() as tx:
        upsert(tx.session, Disclosure, [{"award_id": award_id, "level": level, "changed_at": now}], keys=["award_id"])
        audit.record(
            tx,
            tenant_ref=tx.session.scalars(sa.select(Award.tenant_ref).where(Award.id == award_id)).one(),
            actor_ref=actor,
            act="award.disclose",
            subject=f"award:{award_id}",
            at=now,
            level=level.value,
        )


def make_link(rt: Runtime, award_id: UUID, level: Level, ends_at: datetime | None) -> ShareView:
    with rt.transaction() as tx:
        share = Share(award_id=award_id, token=token_urlsafe(32), level=level, made_at=rt.clock.now(), ends_at=ends_at)
        tx.session.add(share)
        tx.session.flush()
        return _view(share)


def withdraw_link(rt: Runtime, award_id: UUID, share_id: UUID) -> None:
    """From now on the link leads nowhere. Raises NoSuchLink for one of another certificate."""
    with rt.transaction() as tx:
        share = tx.session.get(Share, share_id)
        if share is None or share.award_id != award_id:
            raise NoSuchLink()
        share.withdrawn_at = share.withdrawn_at or rt.clock.now()


def find_open(rt: Runtime, token: str) -> ShareView | None:
    """The link, if it has neither ended nor been withdrawn."""
    if len(token) != 43:
        return None
    with rt.reading() as session:
        share = session.scalar(sa.select(Share).where(Share.token == token))
        found = _view(share) if share else None
    now = rt.clock.now()
    if found is None or found.withdrawn_at is not None or (found.ends_at is not None and now > found.ends_at):
        return None
    return found


def _view(share: Share) -> ShareView:
    return ShareView(
        share.id, share.award_id, share.token, Level(share.level), share.made_at, share.ends_at, share.withdrawn_at
    )
