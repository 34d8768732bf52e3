"""Status lists in the database: places are reserved, changes are noted and published after the commit."""

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from secrets import token_bytes
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..awards.models import Award
from ..awards.states import AwardState
from ..core.db import insert_or_ignore
from ..core.errors import DatabaseBusy, MasterKeyMissing
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import jwt, proof, status_list, verify
from .errors import CannotPublish, KeyDoesNotOpen, NoActiveKey, NoSigner, SignaturesDisagree, UnknownStatusList
from .keys import open_key
from .models import Credential, StatusList
from .open_badge import moment
from .status_list import BadList, Place

CACHED_SECONDS = 300
"""How long others may keep a published list. A revocation is seen everywhere after that."""

_AT_ONCE = 500  # ids in one statement


def list_url(base: str, slug: str, number: int) -> str:
    """Where a list is published, for ever."""
    return f"{base}/{slug}/status/{number}"


# ---- places ------------------------------------------------------------------------------------------------------


def reserve_many(rt: Runtime, issuer_id: UUID, count: int) -> list[Place]:
    """So many places in the issuer's lists, scattered; nobody else ever gets them, used or not.

    Short transactions that begin with the write for which others wait: mostly one, and two more where a list gets full
    and the next is opened. Each holds one list only, so that two that are at this border cannot wait for each other.
    """
    places: list[Place] = []
    while len(places) < count:
        with rt.transaction() as tx:
            places += _take(tx.session, issuer_id, count - len(places))
    return places


def _take(session: orm.Session, issuer_id: UUID, wanted: int) -> list[Place]:
    """Places from the first list with room, as many as it has. None if there was no room, and then there is now."""
    with_room = (
        sa.select(StatusList.id)
        .where(StatusList.issuer_id == issuer_id, StatusList.taken < StatusList.size)
        .order_by(StatusList.number)
        .limit(1)
        .scalar_subquery()
    )
    # The condition stands twice: who waited for another's reservation must not add to a list that is now full.
    found = session.execute(
        sa.update(StatusList)
        .where(StatusList.id == with_room, StatusList.taken < StatusList.size)
        .values(taken=StatusList.taken + wanted)
        .returning(StatusList.id, StatusList.number, StatusList.size, StatusList.secret, StatusList.taken)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if found is None:
        _open_next(session, issuer_id)
        return []
    home = session.execute(sa.select(Issuer.base, Issuer.slug).where(Issuer.id == issuer_id)).one()
    url = list_url(home.base, home.slug, found.number)
    numbers = range(found.taken - wanted, min(found.taken, found.size))
    return [
        Place(issuer_id, found.id, found.number, index, url)
        for index in status_list.places(found.secret, numbers, found.size)
    ]


def _open_next(session: orm.Session, issuer_id: UUID) -> None:
    last = session.scalar(sa.select(sa.func.max(StatusList.number)).where(StatusList.issuer_id == issuer_id))
    row = {
        "id": new_id(),
        "issuer_id": issuer_id,
        "number": (last or 0) + 1,
        "size": status_list.SIZE,
        "secret": token_bytes(32),
        "taken": 0,
        "changes": 0,
    }
    insert_or_ignore(session, StatusList, [row], keys=["issuer_id", "number"])  # somebody may be opening it, too


# ---- changes -----------------------------------------------------------------------------------------------------


def mark_dirty(tx: Transaction, award_ids: Collection[UUID]) -> None:
    """Notes that these awards were withdrawn, restored or revoked: their lists are published anew after the commit.

    To be called in the transaction of the move. Bits are read from the awards then, so it may be called too often. If
    publishing fails, for want of the key perhaps, it is done when the list is next asked for.
    """
    list_ids: set[UUID] = set()
    for some in _in_parts(award_ids):
        list_ids.update(
            tx.session.scalars(sa.select(Credential.status_list_id).where(Credential.award_id.in_(some)).distinct())
        )
    _touch(tx, list_ids)


def mark_all_dirty(tx: Transaction, issuer_id: UUID) -> None:
    """Every list of the issuer is to be signed anew: the key that signed them is no longer safe."""
    _touch(tx, set(tx.session.scalars(sa.select(StatusList.id).where(StatusList.issuer_id == issuer_id))))


def _touch(tx: Transaction, list_ids: Collection[UUID]) -> None:
    for list_id in sorted(list_ids):  # in one order everywhere, so that two revocations cannot deadlock
        tx.session.execute(
            sa.update(StatusList)
            .where(StatusList.id == list_id)
            .values(changes=StatusList.changes + 1)
            .execution_options(synchronize_session=False)
        )
    if tx.rt is not None:
        tx.then(_publish, tx.rt, sorted(list_ids))


def _publish(rt: Runtime, list_ids: Sequence[UUID]) -> None:
    with rt.reading() as session:
        found = session.execute(
            sa.select(Issuer.slug, StatusList.number)
            .join(Issuer, Issuer.id == StatusList.issuer_id)
            .where(StatusList.id.in_(list_ids))
        ).all()
    for slug, number in found:
        status_list_document(rt, slug, number)


def _in_parts(ids: Iterable[UUID]) -> Iterable[list[UUID]]:
    rest = iter(ids)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


# ---- publishing --------------------------------------------------------------------------------------------------


MOST_LISTS = 2**31 - 1  # what a column of numbers holds


@dataclass(frozen=True, slots=True)
class _Listed:
    """A status list as it stands, and what it must be published with."""

    id: UUID
    issuer_id: UUID
    issuer_did: str
    is_issuer_frozen: bool
    url: str
    size: int
    changes: int
    published: "Published | None"
    published_changes: int | None
    revoked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A signed list in both its forms. The ETag belongs to the JSON; the JWT's is another."""

    text: str
    jwt: str
    etag: str

    @property
    def etag_of_jwt(self) -> str:
        return f"{self.etag}-jwt"


def status_list_document(rt: Runtime, slug: str, number: int) -> Published:
    """The published list. It is signed anew if awards have changed since, by the same issuer.

    Without the key the list published before is served. Raises UnknownStatusList, CannotPublish.
    """
    listed = _find_list(rt, slug, number)
    if listed.published is not None and listed.published_changes == listed.changes:
        return listed.published
    try:
        made = _signed_list(rt, listed)
    except (MasterKeyMissing, NoActiveKey, NoSigner, KeyDoesNotOpen) as error:
        if listed.published is not None:
            return listed.published
        raise CannotPublish() from error
    if listed.is_issuer_frozen:  # before its first issue an issuer may still get another address
        _keep(rt, listed, made)
    return made


def _find_list(rt: Runtime, slug: str, number: int) -> _Listed:
    if number > MOST_LISTS:
        raise UnknownStatusList()
    with rt.reading() as session:
        # The count of changes is read before the bits: what happens in between is published once more, never missed.
        found = session.execute(
            sa.select(StatusList, Issuer)
            .join(Issuer, Issuer.id == StatusList.issuer_id)
            .where(Issuer.slug == slug, StatusList.number == number)
        ).one_or_none()
        if found is None:
            raise UnknownStatusList()
        row, issuer = found
        published = None
        if row.published is not None and row.published_jwt is not None and row.etag is not None:
            published = Published(row.published, row.published_jwt, row.etag)
        is_current = published is not None and row.published_changes == row.changes
        return _Listed(
            id=row.id,
            issuer_id=issuer.id,
            issuer_did=issuer.did,
            is_issuer_frozen=issuer.frozen_at is not None,
            url=list_url(issuer.base, issuer.slug, row.number),
            size=row.size,
            changes=row.changes,
            published=published,
            published_changes=row.published_changes,
            revoked=() if is_current else revoked_places(session, row.id),
        )


def revoked_places(session: orm.Session, list_id: UUID) -> tuple[int, ...]:
    """The places whose bit is set: of awards that are withdrawn, revoked or superseded now (R-153)."""
    return tuple(
        session.scalars(
            sa.select(Credential.status_index)
            .join(Award, Award.id == Credential.award_id)
            .where(
                Credential.status_list_id == list_id,
                Award.state.in_([AwardState.WITHDRAWN, AwardState.REVOKED]),
            )
        )
    )


def _signed_list(rt: Runtime, listed: _Listed) -> Published:
    key = open_key(rt, listed.issuer_id)
    now = moment(rt.clock.now())
    document = status_list.document(
        listed.url, listed.issuer_did, status_list.bits(listed.revoked, listed.size), now, CACHED_SECONDS * 1000
    )
    text = json.dumps(proof.sign(document, key.signer, now), ensure_ascii=False, separators=(",", ":"))
    try:
        verify.read_status_list(text, listed.url, listed.issuer_did, [key.public])
    except BadList:
        raise SignaturesDisagree() from None
    return Published(text, jwt.of_credential(document, key.signer), hashlib.sha256(text.encode("utf-8")).hexdigest())


def _keep(rt: Runtime, listed: _Listed, made: Published) -> None:
    """Stores what was published, unless somebody has stored a newer one meanwhile."""
    try:
        with rt.transaction() as tx:
            tx.session.execute(
                sa.update(StatusList)
                .where(
                    StatusList.id == listed.id,
                    sa.or_(
                        sa.func.coalesce(StatusList.published_changes, -1) < listed.changes,
                        StatusList.published_jwt.is_(None),  # published before there were tokens
                    ),
                )
                .values(
                    published=made.text,
                    published_jwt=made.jwt,
                    published_changes=listed.changes,
                    etag=made.etag,
                    published_at=rt.clock.now(),
                )
                .execution_options(synchronize_session=False)
            )
    except DatabaseBusy:
        pass  # it is as true unstored; whoever asks next will store it
