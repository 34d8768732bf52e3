"""What a holder lets others see: a level for the certificate's page, and links with a level, an end and a way back."""

import logging
import re
from dataclasses import dataclass
from datetime import datetime
from secrets import token_urlsafe
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Issuer
from ..awards.models import Award
from ..core import audit
from ..core.db import upsert
from ..core.errors import Conflict, NotFound, Unavailable
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from .disclosure import Level, lowest
from .models import Disclosure, Share

log = logging.getLogger("flask_certify")


class NoSuchLink(NotFound):
    code = "share.unknown"
    sentence = N_("This link does not lead to a certificate, or no longer. Ask its holder for a new one.")


MOST = 50
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class TooManyLinks(Conflict):
    code = "share.too_many"
    sentence = N_("There are %(most)s links to this certificate already. Withdraw those that nobody needs.")


@dataclass(frozen=True, slots=True)
class ShareView:
    id: UUID
    award_id: UUID
    token: str
    level: Level
    made_at: datetime
    ends_at: datetime | None
    withdrawn_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.withdrawn_at is None and (self.ends_at is None or now <= self.ends_at)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What is shared of an award. `limit` is the issuer's."""

    limit: Level
    level: Level
    shares: tuple[ShareView, ...]

    def allows(self, level: Level) -> bool:
        return lowest(self.limit, level) is level

    def shown_by(self, share: ShareView) -> Level:
        """What the link shows now, whatever was allowed when it was made."""
        return lowest(self.limit, share.level)


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
        _record(tx, award_id, actor, "award.disclose", now, level=level.value)


def make_link(rt: Runtime, award_id: UUID, level: Level, ends_at: datetime | None, *, actor: str) -> ShareView:
    """A link of that level, until it ends or is withdrawn. Raises TooManyLinks."""
    now = rt.clock.now()
    with rt.transaction() as tx:
        of_award = sa.select(sa.func.count()).where(Share.award_id == award_id, Share.withdrawn_at.is_(None))
        if (tx.session.scalar(of_award) or 0) >= MOST:
            raise TooManyLinks(most=MOST)
        share = Share(award_id=award_id, token=token_urlsafe(32), level=level, made_at=now, ends_at=ends_at)
        tx.session.add(share)
        tx.session.flush()
        _record(tx, award_id, actor, "award.share", now, share=str(share.id), level=level.value)
        return _view(share)


def withdraw_link(rt: Runtime, award_id: UUID, share_id: UUID, *, actor: str) -> None:
    """From now on the link leads nowhere. Raises NoSuchLink for one of another certificate."""
    now = rt.clock.now()
    with rt.transaction() as tx:
        share = tx.session.get(Share, share_id)
        if share is None or share.award_id != award_id:
            raise NoSuchLink()
        if share.withdrawn_at is None:
            share.withdrawn_at = now
            _record(tx, award_id, actor, "award.unshare", now, share=str(share.id))


def limit_of(rt: Runtime, tenant_ref: str) -> Level:
    """The most that the public may see of this tenant's certificates."""
    with rt.reading() as session:
        return lowest(session.scalars(sa.select(Issuer.disclosure).where(Issuer.tenant_ref == tenant_ref)).one())


def set_limit(rt: Runtime, tenant_ref: str, level: Level, *, actor: str) -> None:
    """From now on, at once, nobody sees more of its certificates, whatever their holders chose."""
    now = rt.clock.now()
    with rt.transaction() as tx:
        issuer = tx.session.scalars(sa.select(Issuer).where(Issuer.tenant_ref == tenant_ref)).one()
        if lowest(issuer.disclosure) is level:
            return
        issuer.disclosure = level.value
        audit.record(
            tx,
            tenant_ref=tenant_ref,
            actor_ref=actor,
            act="issuer.disclose",
            subject=f"issuer:{issuer.id}",
            at=now,
            level=level.value,
        )


def find_open(rt: Runtime, token: str) -> ShareView | None:
    """The link, if it has neither ended nor been withdrawn."""
    if not _TOKEN.fullmatch(token):
        return None
    with rt.reading() as session:
        share = session.scalar(sa.select(Share).where(Share.token == token))
        found = _view(share) if share else None
    return found if found is not None and found.is_open(rt.clock.now()) else None


def get_open(rt: Runtime, token: str) -> ShareView:
    """The link. Raises NoSuchLink if there is none, or no longer, and Unavailable where nobody can tell."""
    try:
        share = find_open(rt, token)
    except sa.exc.SQLAlchemyError as error:
        log.warning("a link could not be followed", extra={"reason": type(error).__name__})
        raise Unavailable() from None
    if share is None:
        raise NoSuchLink()
    return share


def _record(tx: Transaction, award_id: UUID, actor: str, act: str, now: datetime, **details: str) -> None:
    tenant_ref = tx.session.scalars(sa.select(Award.tenant_ref).where(Award.id == award_id)).one()
    audit.record(tx, tenant_ref=tenant_ref, actor_ref=actor, act=act, subject=f"award:{award_id}", at=now, **details)


def _view(share: Share) -> ShareView:
    return ShareView(
        share.id, share.award_id, share.token, Level(share.level), share.made_at, share.ends_at, share.withdrawn_at
    )
