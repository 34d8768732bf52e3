"""All that is stored about a person: as one JSON document, and erased at their wish (R-254).

Erasing takes the name from awards, signed documents, printed documents, records and private notes. What stays is a
stub: code, dates, moves and the place in the status list, so that the code is answered for ever (R-112).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Run
from ..awards import moves
from ..awards.causes import Why
from ..awards.exceptions import LearnerException
from ..awards.frozen import Frozen
from ..awards.models import Award, AwardMove, Failure, Record
from ..awards.states import AwardState, Move
from ..core import audit
from ..core.errors import NotFound
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.storage import Blob
from ..core.transaction import Transaction
from ..credentials.models import Credential
from ..documents.models import Document
from ..notifications.models import Message, OptOut
from ..notifications.reasons import ERASED
from ..notifications.states import State
from . import bundles
from .lifecycle import after_moves
from .models import NameCorrection


class NothingKnown(NotFound):
    code = "person.nothing_known"
    sentence = N_("Nothing is stored about a learner with this reference.")


# ---- export ----------------------------------------------------------------------------------------


def export(rt: Runtime, learner_ref: str, *, actor: str) -> dict[str, Any]:
    """All that is stored about the person, ready for JSON. That it was asked for is noted. Raises NothingKnown."""
    with rt.transaction() as tx:
        session = tx.session
        tenants = _tenants(session, learner_ref)
        awards = list(session.scalars(_of(Award, learner_ref).order_by(Award.granted_at, Award.id)))
        told = {
            "learner_ref": learner_ref,
            "exported_at": rt.clock.now().isoformat(),
            "certificates": [_award(session, each) for each in awards],
            "records": _rows(session.scalars(_of(Record, learner_ref))),
            "exceptions": _rows(session.scalars(_of(LearnerException, learner_ref))),
            "messages": _rows(session.scalars(sa.select(Message).where(Message.recipient == learner_ref))),
            "name_corrections": _rows(session.scalars(_of(NameCorrection, learner_ref))),
            "failures": _rows(session.scalars(_of(Failure, learner_ref))),
        }
        _note(rt, tx, tenants, "person.export", learner_ref, None, actor, {"certificates": len(awards)})
    return told


def _award(session: orm.Session, award: Award) -> dict[str, Any]:
    signed = session.get(Credential, award.id)
    made = session.scalars(sa.select(AwardMove).where(AwardMove.award_id == award.id).order_by(AwardMove.at))
    printed = session.get(Document, award.id)
    return {
        **_plain(award),
        "credential": signed.document if signed else None,
        "signed_at": _said(signed.signed_at) if signed else None,
        "document_sha256": printed.sha256 if printed else None,
        "moves": _rows(made),
    }


def _rows(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [_plain(each) for each in found]


def _plain(row: Any) -> dict[str, Any]:
    return {column.name: _said(getattr(row, column.name)) for column in row.__table__.columns}


def _said(value: Any) -> Any:
    match value:
        case UUID() | Enum():
            return str(value)
        case None | bool() | int() | str() | list() | dict():
            return value
        case _:
            return value.isoformat()


# ---- erase -----------------------------------------------------------------------------------------


def erase(rt: Runtime, learner_ref: str, why: Why, *, actor: str) -> dict[str, int]:
    """Forgets the person, and keeps the proof that there was a certificate: how much was changed, by kind.

    What was granted and never signed is revoked. Doing it again changes nothing. Raises NothingKnown.
    """
    now = rt.clock.now()
    with rt.transaction() as tx:
        session = tx.session
        tenants = _tenants(session, learner_ref)
        awards = list(session.scalars(_of(Award, learner_ref).order_by(Award.id).with_for_update()))
        ids = [each.id for each in awards]
        unsigned = [each.id for each in awards if each.state == AwardState.GRANTED]
        moved = moves.move_many(tx, unsigned, Move.REVOKE, replace(why, note=None), actor=actor, now=now)
        after_moves(rt, tx, moved, Move.REVOKE, why.cause)
        changed = {
            "certificates": _forget_names(session, awards),
            "credentials": _forget_credentials(session, ids),
            "documents": _forget_documents(session, ids),
            "records": _forget_records(session, learner_ref),
            "notes": _forget_notes(session, learner_ref, ids),
            "messages": _forget_messages(session, learner_ref, now),
        }
        bundles.spoil(session, ids)
        _note(rt, tx, tenants, "person.erase", learner_ref, why, actor, changed)
        tx.then(bundles.delete_with, rt, ids)  # if their place is away, they are deleted when their days are over
    return changed


def _forget_names(session: orm.Session, awards: Sequence[Award]) -> int:
    named = [each for each in awards if each.frozen.get("recipient_name") is not None]
    for award in named:
        frozen = replace(Frozen.from_json(award.frozen), recipient_name=None)
        session.execute(
            sa.update(Award)
            .where(Award.id == award.id)
            .values(frozen=frozen.to_json())
            .execution_options(synchronize_session=False)
        )
    return len(named)


def _forget_credentials(session: orm.Session, ids: Sequence[UUID]) -> int:
    """Only the row with the text changes: the place in the status list stays taken, and its bit as it is."""
    return _changed(
        session,
        sa.update(Credential)
        .where(Credential.award_id.in_(ids), Credential.document.is_not(None))
        .values(document=None),
    )


def _forget_documents(session: orm.Session, ids: Sequence[UUID]) -> int:
    """The bytes go, unless they are those of somebody else's document, too."""
    shas = set(session.scalars(sa.select(Document.sha256).where(Document.award_id.in_(ids))))
    count = _changed(session, sa.delete(Document).where(Document.award_id.in_(ids)))
    others = set(session.scalars(sa.select(Document.sha256).where(Document.sha256.in_(shas))))
    session.execute(sa.delete(Blob).where(Blob.sha256.in_(shas - others)).execution_options(synchronize_session=False))
    return count


def _forget_records(session: orm.Session, learner_ref: str) -> int:
    named = sa.or_(Record.display_name.is_not(None), Record.external_id.is_not(None))
    return _changed(
        session,
        sa.update(Record).where(Record.learner_ref == learner_ref, named).values(display_name=None, external_id=None),
    )


def _forget_notes(session: orm.Session, learner_ref: str, ids: Sequence[UUID]) -> int:
    of_moves = sa.update(AwardMove).where(AwardMove.award_id.in_(ids), AwardMove.note.is_not(None))
    noted = sa.or_(LearnerException.note.is_not(None), LearnerException.ended_note.is_not(None))
    of_exceptions = sa.update(LearnerException).where(LearnerException.learner_ref == learner_ref, noted)
    asked = sa.or_(NameCorrection.name.is_not(None), NameCorrection.note.is_not(None))
    of_corrections = sa.update(NameCorrection).where(NameCorrection.learner_ref == learner_ref, asked)
    return (
        _changed(session, of_moves.values(note=None))
        + _changed(session, of_exceptions.values(note=None, ended_note=None))
        + _changed(session, of_corrections.values(name=None, note=None))
    )


def _forget_messages(session: orm.Session, learner_ref: str, now: datetime) -> int:
    """What waits is not sent any more, and no wish is kept. The ledger itself holds no address and no text."""
    session.execute(
        sa.update(Award)
        .where(Award.learner_ref == learner_ref, Award.held_back.is_not(None))
        .values(held_back=None)
        .execution_options(synchronize_session=False)
    )
    wishes = _changed(session, sa.delete(OptOut).where(OptOut.recipient == learner_ref))
    return wishes + _changed(
        session,
        sa.update(Message)
        .where(Message.recipient == learner_ref, Message.state == State.QUEUED)
        .values(state=State.SKIPPED, reason=ERASED, changed_at=now),
    )


# ---- parts -----------------------------------------------------------------------------------------


def _changed(session: orm.Session, statement: sa.Update | sa.Delete) -> int:
    done: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def _of(table: Any, learner_ref: str) -> Any:
    return sa.select(table).where(table.learner_ref == learner_ref)


def tenants_of(rt: Runtime, learner_ref: str) -> list[str]:
    """The tenants that store something about the person. Raises NothingKnown."""
    with rt.reading() as session:
        return _tenants(session, learner_ref)


def _tenants(session: orm.Session, learner_ref: str) -> list[str]:
    found: set[str] = set(
        session.scalars(sa.select(Award.tenant_ref).where(Award.learner_ref == learner_ref).distinct())
    )
    for table in (Record, LearnerException):
        found.update(
            session.scalars(
                sa.select(Run.tenant_ref)
                .join(table, table.run_id == Run.id)
                .where(table.learner_ref == learner_ref)
                .distinct()
            )
        )
    if not found:
        raise NothingKnown()
    return sorted(found)


def _note(
    rt: Runtime,
    tx: Transaction,
    tenants: Sequence[str],
    act: str,
    learner_ref: str,
    why: Why | None,
    actor: str,
    details: Mapping[str, int],
) -> None:
    for tenant_ref in tenants:
        audit.record_many(
            tx,
            tenant_ref=tenant_ref,
            actor_ref=actor,
            at=rt.clock.now(),
            acts=[audit.Act(act, f"learner:{learner_ref}", why.cause if why else None, dict(details))],
        )
