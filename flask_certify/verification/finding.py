"""All that is stored about a certificate, found by one question: the page that everybody opens must not cost more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer, Run
from ..achievements.run_dates import UNSAID, RunDates
from ..awards.causes import Cause
from ..awards.exceptions import Kind, LearnerException
from ..awards.frozen import Frozen
from ..awards.models import Award, AwardMove
from ..awards.states import AwardState, Move
from ..core.runtime import Runtime
from ..credentials.did_web import KeyState, PublishedKey
from ..credentials.models import Credential, IssuerKey, StatusList
from ..credentials.service import list_url
from .answers import Step
from .disclosure import Level, lowest
from .models import CodeAlias, Disclosure
from .seals import Held


@dataclass(frozen=True, slots=True)
class Known:
    """An award, as far as it matters here."""

    id: UUID
    issuer_id: UUID
    run_ref: str
    code: str
    state: AwardState
    issued_at: datetime | None
    frozen: Frozen


@dataclass(frozen=True)
class Found:
    """All that is stored about a certificate. `award` is None for a code that nobody has."""

    award: Known | None = None
    held: Held | None = None
    keys: tuple[PublishedKey, ...] = ()
    """Of the issuer's keys the one that should have signed it, if it is one of theirs."""
    was_replaced: bool = False
    level: Level = Level.FULL
    steps: tuple[Step, ...] = ()
    """All its moves in their order, of an award that does not count or if its past was asked for."""
    dates: RunDates = UNSAID
    """What the host last said of when it is seen."""
    shown_on: date | None = None
    """The date that somebody chose for it (R-089). None: nobody did."""


def by_code(rt: Runtime, code: str | None, alias: str | None = None, *, with_past: bool = False) -> Found:
    """The same questions are asked about a code that nobody has."""
    with rt.connected() as connection:
        return _found(connection, _BY_CODE, {"code": code or "", "alias": alias or ""}, with_past=with_past)


def by_id(session: orm.Session | sa.Connection, award_id: UUID, *, with_past: bool = False) -> Found:
    return _found(session, _BY_ID, {"award_id": award_id}, with_past=with_past)


# Composed once: composing a question takes longer than the database takes to answer it. Of tables, not of mapped
# classes, which would take as long again to make objects of the answer. And with its constants written out: SQLite
# thinks a question over anew, each time it is asked, if one of them could decide which index serves it.
_DATES = tuple(UNSAID.columns())
_award, _issuer, _key = Award.__table__.c, Issuer.__table__.c, IssuerKey.__table__.c
_run, _exception = Run.__table__.c, LearnerException.__table__.c
_credential, _list, _disclosure = Credential.__table__.c, StatusList.__table__.c, Disclosure.__table__.c
_ALL = (
    sa.select(
        _award.id,
        _award.issuer_id,
        _award.run_ref,
        _award.code,
        _award.state,
        _award.issued_at,
        _award.frozen,
        _credential.document,
        _credential.credential_id,
        _credential.key_id,
        _credential.status_index,
        _list.number,
        _issuer.base,
        _issuer.slug,
        _issuer.disclosure,
        _disclosure.level,
        _key.multikey,
        _key.state.label("key_state"),
        _key.activated_at,
        *(_run[name] for name in _DATES),
        _exception.shown_on,
    )
    .select_from(Award.__table__)
    .join(Issuer.__table__, _issuer.id == _award.issuer_id)
    .join(Run.__table__, _run.id == _award.run_id)
    .outerjoin(
        LearnerException.__table__,
        sa.and_(
            _exception.run_id == _award.run_id,
            _exception.learner_ref == _award.learner_ref,
            _exception.kind == sa.literal_column(f"'{Kind.DATE.value}'"),
            _exception.ended_at.is_(None),
        ),
    )
    .outerjoin(Credential.__table__, _credential.award_id == _award.id)
    .outerjoin(StatusList.__table__, _list.id == _credential.status_list_id)
    .outerjoin(
        IssuerKey.__table__,
        sa.and_(
            _key.issuer_id == _award.issuer_id,
            _credential.key_id == _issuer.did + sa.literal_column("'#'") + _key.multikey,
        ),
    )
    .outerjoin(Disclosure.__table__, _disclosure.award_id == _award.id)
)
_aliases = CodeAlias.__table__.c
_same = Award.__table__.alias("same").c
_CODED = sa.select(_same.id).where(_same.code == sa.bindparam("code")).scalar_subquery()
_ALIASED = sa.select(_aliases.award_id).where(_aliases.alias == sa.bindparam("alias")).scalar_subquery()
# Of two with this name it is the one whose code it is.
_BY_CODE = _ALL.where(_award.id == sa.func.coalesce(_CODED, _ALIASED))
_BY_ID = _ALL.where(_award.id == sa.bindparam("award_id"))
_ENDED = (AwardState.REVOKED, AwardState.WITHDRAWN)
_newer, _move = Award.__table__.alias("newer").c, AwardMove.__table__.c
_WAS_REPLACED = sa.exists().where(_newer.replaces_id == _award.id, _newer.state != AwardState.GRANTED)
_PAST = (
    sa.select(_WAS_REPLACED, _move.at, _move.move, _move.from_state, _move.to_state, _move.cause)
    .select_from(Award.__table__)
    .outerjoin(AwardMove.__table__, _move.award_id == _award.id)
    .where(_award.id == sa.bindparam("award_id"))
    .order_by(_move.at, _move.id)
)


def _found(
    connection: orm.Session | sa.Connection,
    question: sa.Executable,
    values: Mapping[str, object],
    *,
    with_past: bool,
) -> Found:
    row = connection.execute(question, values).first()
    if row is None:
        if with_past:
            _past(connection, None)
        return Found()
    award = Known(
        row.id,
        row.issuer_id,
        row.run_ref,
        row.code,
        AwardState(row.state),
        row.issued_at,
        Frozen.from_json(row.frozen),
    )
    was_replaced, steps = _past(connection, award) if with_past or award.state in _ENDED else (False, ())
    return Found(
        award,
        Held(
            award.id,
            award.code,
            award.frozen,
            row.document,
            row.credential_id,
            row.key_id,
            list_url(row.base, row.slug, row.number) if row.number is not None else None,
            row.status_index,
        ),
        (PublishedKey(row.multikey, KeyState(row.key_state), row.activated_at),) if row.multikey else (),
        was_replaced,
        lowest(row.disclosure, row.level),
        steps,
        RunDates.kept(**{name: getattr(row, name) for name in _DATES}),
        row.shown_on,
    )


def _past(connection: orm.Session | sa.Connection, award: Known | None) -> tuple[bool, tuple[Step, ...]]:
    """Whether another has taken its place, and every move it made. One question, about nobody's award as well."""
    rows = connection.execute(_PAST, {"award_id": award.id if award else UUID(int=0)}).all()
    steps = [
        Step(at, AwardState(was), AwardState(now), Cause(cause), Move(move) is Move.SUPERSEDE)
        for _, at, move, was, now, cause in rows
        if at is not None
    ]
    was_replaced = award is not None and award.state is AwardState.REVOKED and bool(rows[0][0])
    return was_replaced, tuple(steps)
