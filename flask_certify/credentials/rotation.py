"""The life of an issuer's keys after the first: pending, active, retired, and, if it must be, compromised.

A pending key is published for as long as others may keep an older list of keys, then it takes over. A retired one signs
no more and vouches for ever for what it signed. A compromised one is published no more, so that all it signed is dead
and must be issued again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..awards.models import Award
from ..awards.states import AwardState
from ..core import audit
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from . import envelope, multibase
from .did_web import KeyState
from .errors import KeyDoesNotOpen, KeyIsOver, KeyNotReady, NotAMultikey, UnknownIssuer, UnknownKey
from .form_keys import KINDS, new_form_key
from .keys import new_key
from .lists import mark_all_dirty
from .models import Credential, FormKey, IssuerKey

ED25519 = "Ed25519"

AnyKey: TypeAlias = IssuerKey | FormKey

CACHED = timedelta(minutes=10)
"""How long a new key is published before it signs: twice as long as others may keep did.json."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as an operator sees it. Nothing secret."""

    multikey: str
    """Of ES256 and RS256 the thumbprint (RFC 7638) of the public key."""
    state: KeyState
    created_at: datetime
    activated_at: datetime | None
    retired_at: datetime | None
    signed: int
    """Credentials that name it. Other forms are made on demand, and nobody counts what ES256 and RS256 sign."""
    is_remote: bool
    kind: str = ED25519


@dataclass(frozen=True, slots=True)
class Affected:
    """A certificate that a compromised key signed. What is given to the re-issue; names nobody."""

    award_id: UUID
    code: str
    run_ref: str
    learner_ref: str


def list_keys(rt: Runtime, slug: str) -> list[KeyView]:
    """All that the issuer ever had, oldest first. Raises UnknownIssuer."""
    with rt.reading() as session:
        issuer = _issuer(session, slug)
        counted = session.execute(
            sa.select(Credential.key_id, sa.func.count().label("certificates"))
            .where(Credential.issuer_id == issuer.id)
            .group_by(Credential.key_id)
        )
        counts = {row.key_id: row.certificates for row in counted}
        return [
            KeyView(
                key.multikey,
                KeyState(key.state),
                key.created_at,
                key.activated_at,
                key.retired_at,
                counts.get(f"{issuer.did}#{key.multikey}", 0),
                not key.sealed,
            )
            for key in _keys(session, issuer.id)
        ] + [
            KeyView(key.name, KeyState(key.state), key.created_at, None, key.retired_at, 0, False, kind=key.algorithm)
            for kind in KINDS
            for key in _form_keys(session, issuer.id, kind)
        ]


def rotate(
    rt: Runtime, slug: str, *, actor: str, at_once: bool = False, public: str | None = None, kind: str = ED25519
) -> tuple[KeyView, bool]:
    """The next key, and whether it signs now. The first call publishes it, the second lets it take over.

    `public` is the Multikey of a key that a key service holds; `kind` is what the key signs with. Raises
    UnknownIssuer, MasterKeyMissing, KeyNotReady while others may not know the key yet, NotAMultikey.
    """
    now = rt.clock.now()
    with rt.transaction() as tx:
        issuer = _issuer(tx.session, slug)
        found = _all_keys(tx.session, issuer.id, kind)
        pending = next((each for each in found if each.state == KeyState.PENDING), None)
        is_new = pending is None
        if pending is None:
            pending = _next(rt, issuer.id, kind, public, now)
            tx.session.add(pending)
            tx.session.flush()
            _record(tx, issuer, actor, "key.publish", pending, now)
        is_due = at_once or now >= pending.created_at + CACHED
        if not is_due and not is_new:
            raise KeyNotReady(
                since=pending.created_at.astimezone(UTC).isoformat(timespec="minutes"),
                minutes=int(CACHED.total_seconds() // 60),
            )
        if is_due:
            _take_over(tx, issuer, pending, actor, now)
    [view] = [each for each in list_keys(rt, slug) if each.multikey == _name(pending)]
    return view, is_due


def retire(rt: Runtime, slug: str, key: str, *, actor: str) -> KeyView:
    """The key signs no more; what it signed stays good. Without another one nothing is signed until the next rotation.

    `key` is its Multikey, or the beginning of it. Raises UnknownIssuer, UnknownKey, KeyIsOver.
    """
    now = rt.clock.now()
    with rt.transaction() as tx:
        issuer = _issuer(tx.session, slug)
        row = _find(tx.session, issuer.id, key)
        if row.state in (KeyState.RETIRED, KeyState.COMPROMISED):
            raise KeyIsOver(state=row.state)
        row.state, row.retired_at = KeyState.RETIRED, now
        _record(tx, issuer, actor, "key.retire", row, now)
        name = _name(row)
    [view] = [each for each in list_keys(rt, slug) if each.multikey == name]
    return view


def compromise(rt: Runtime, slug: str, key: str, *, actor: str) -> list[Affected]:
    """Others may have the key: it is published no more. Returns the certificates that must be issued again.

    If it was the active one, a fresh key takes over at once, and signs the status lists anew. Of ES256 and RS256 the
    next one is made when it is wanted, and no certificate has to be issued again: holders download those forms anew.
    Repeating it changes nothing and tells what is still affected. Raises UnknownIssuer, UnknownKey, MasterKeyMissing.
    """
    now = rt.clock.now()
    with rt.transaction() as tx:
        issuer = _issuer(tx.session, slug)
        row = _find(tx.session, issuer.id, key)
        if row.state != KeyState.COMPROMISED:
            was_active = row.state == KeyState.ACTIVE
            row.state, row.retired_at = KeyState.COMPROMISED, now
            tx.session.flush()
            _record(tx, issuer, actor, "key.compromise", row, now)
            if was_active and isinstance(row, IssuerKey):
                fresh = new_key(rt, issuer.id, KeyState.PENDING, now)
                tx.session.add(fresh)
                _record(tx, issuer, actor, "key.publish", fresh, now)
                _take_over(tx, issuer, fresh, actor, now)
            if isinstance(row, IssuerKey):
                mark_all_dirty(tx, issuer.id)
        return affected_by(tx.session, f"{issuer.did}#{_name(row)}")


def affected_by(session: orm.Session, key_id: str) -> list[Affected]:
    """The certificates that this key signed and that nothing has replaced or revoked, oldest first."""
    found = session.execute(
        sa.select(Award.id, Award.code, Award.run_ref, Award.learner_ref)
        .join(Credential, Credential.award_id == Award.id)
        .where(
            Credential.key_id == key_id,
            Award.state.in_([AwardState.ISSUED, AwardState.WITHDRAWN]),
        )
        .order_by(Award.granted_at, Award.id)
    )
    return [Affected(*row) for row in found]


def reseal(rt: Runtime, *, actor: str) -> int:
    """Seals every key with the newest master key; how many were sealed with an older one.

    After that the older master key may be thrown away. All or none. Raises MasterKeyMissing, KeyDoesNotOpen.
    """
    masters, now, count = rt.settings.require_master_keys(), rt.clock.now(), 0
    newest = max(masters)
    with rt.transaction() as tx:
        for issuer in tx.session.scalars(sa.select(Issuer).order_by(Issuer.slug)):
            rows: Sequence[AnyKey] = [
                *_keys(tx.session, issuer.id),
                *tx.session.scalars(sa.select(FormKey).where(FormKey.issuer_id == issuer.id)),
            ]
            old = [row for row in rows if row.sealed and envelope.version_of(row.sealed) != newest]
            for row in old:
                name = _name(row)
                try:
                    key = envelope.unseal(row.sealed, str(issuer.id), name, masters)
                except envelope.CannotOpen:
                    raise KeyDoesNotOpen() from None
                row.sealed = envelope.seal(key, str(issuer.id), name, masters)
            if old:
                audit.record(
                    tx,
                    tenant_ref=issuer.tenant_ref,
                    actor_ref=actor,
                    act="key.reseal",
                    subject=f"issuer:{issuer.id}",
                    at=now,
                    keys=len(old),
                    version=newest,
                )
            count += len(old)
    return count


# ---- within ------------------------------------------------------------------------------------------------------


def _take_over(tx: Transaction, issuer: Issuer, key: AnyKey, actor: str, now: datetime) -> None:
    for each in _all_keys(tx.session, issuer.id, _kind(key)):
        if each.state == KeyState.ACTIVE:
            each.state, each.retired_at = KeyState.RETIRED, now
            _record(tx, issuer, actor, "key.retire", each, now)
    tx.session.flush()  # before the next one is active: an issuer never has two that sign
    key.state = KeyState.ACTIVE
    if isinstance(key, IssuerKey):
        key.activated_at = now.replace(microsecond=0)
    tx.session.flush()
    _record(tx, issuer, actor, "key.activate", key, now)


def _next(rt: Runtime, issuer_id: UUID, kind: str, public: str | None, now: datetime) -> AnyKey:
    if kind != ED25519:
        return FormKey(**new_form_key(rt, issuer_id, kind, KeyState.PENDING))
    return _adopted(issuer_id, public, now) if public else new_key(rt, issuer_id, KeyState.PENDING, now)


def _adopted(issuer_id: UUID, public: str, now: datetime) -> IssuerKey:
    try:
        multibase.ed25519_public_key(public)
    except ValueError:
        raise NotAMultikey() from None
    return IssuerKey(
        id=new_id(),
        issuer_id=issuer_id,
        multikey=public,
        sealed=b"",
        state=KeyState.PENDING,
        created_at=now,
        activated_at=None,
        retired_at=None,
    )


def _issuer(session: orm.Session, slug: str) -> Issuer:
    issuer = session.scalar(sa.select(Issuer).where(Issuer.slug == slug))
    if issuer is None:
        raise UnknownIssuer()
    return issuer


def _keys(session: orm.Session, issuer_id: UUID) -> list[IssuerKey]:
    return list(
        session.scalars(
            sa.select(IssuerKey).where(IssuerKey.issuer_id == issuer_id).order_by(IssuerKey.created_at, IssuerKey.id)
        )
    )


def _form_keys(session: orm.Session, issuer_id: UUID, kind: str) -> list[FormKey]:
    return list(
        session.scalars(
            sa.select(FormKey)
            .where(FormKey.issuer_id == issuer_id, FormKey.algorithm == kind)
            .order_by(FormKey.created_at, FormKey.id)
        )
    )


def _all_keys(session: orm.Session, issuer_id: UUID, kind: str) -> list[IssuerKey] | list[FormKey]:
    return _keys(session, issuer_id) if kind == ED25519 else _form_keys(session, issuer_id, kind)


def _name(key: AnyKey) -> str:
    return key.multikey if isinstance(key, IssuerKey) else key.name


def _kind(key: AnyKey) -> str:
    return ED25519 if isinstance(key, IssuerKey) else key.algorithm


def _find(session: orm.Session, issuer_id: UUID, key: str) -> AnyKey:
    all_keys = [each for kind in (ED25519, *KINDS) for each in _all_keys(session, issuer_id, kind)]
    found = [each for each in all_keys if key and _name(each).startswith(key)]
    if len(found) != 1:
        raise UnknownKey(key=key[:60])
    return found[0]


def _record(tx: Transaction, issuer: Issuer, actor: str, act: str, key: AnyKey, now: datetime) -> None:
    audit.record(
        tx,
        tenant_ref=issuer.tenant_ref,
        actor_ref=actor,
        act=act,
        subject=f"key:{_name(key)}",
        at=now,
        issuer=str(issuer.id),
    )
