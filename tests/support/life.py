"""Certificates of the story's run, and all that may happen to them, for tests about their life."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify import signals
from flask_certify.achievements.service import RunView, find_run
from flask_certify.awards import moves
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award, Failure, Record
from flask_certify.awards.moves import MoveView
from flask_certify.awards.service import AwardView, get_award, view
from flask_certify.awards.states import AwardState
from flask_certify.core.audit import AuditEntry
from flask_certify.core.clock import FixedClock
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import status_list
from flask_certify.credentials.models import Credential, StatusList
from flask_certify.credentials.service import status_list_document
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import reissuing
from flask_certify.issuing.many import LearnerOutcome, issue_many
from flask_certify.verification.service import check_code
from tests.support import story

WHY = Why(Cause.NAME_CORRECTED, "ticket 4711")
SIGNALS = ("award_issued", "award_withdrawn", "award_restored", "award_revoked", "award_reissued", "record_changed")


@dataclass
class Life:
    """One run with its certificates. Nothing here judges: it does, and it looks."""

    rt: Runtime
    host: MemoryHost

    @property
    def clock(self) -> FixedClock:
        assert isinstance(self.rt.clock, FixedClock)
        return self.rt.clock

    @property
    def run(self) -> RunView:
        with self.rt.reading() as session:
            found = find_run(session, story.RUN)
        assert found is not None
        return found

    # ---- doing -------------------------------------------------------------------------------------

    def issue(self, *refs: str) -> list[AwardView]:
        outcomes = issue_many(self.rt, self.run.id, refs, actor=story.TOM)
        return [self.award(each.award_id) for each in outcomes]

    def reissue(self, *refs: str, why: Why = WHY) -> list[LearnerOutcome]:
        return reissuing.reissue_many(self.rt, self.run.id, refs, why, actor=story.TOM)

    # ---- looking -----------------------------------------------------------------------------------

    def award(self, award_id: UUID | None) -> AwardView:
        assert award_id is not None
        with self.rt.reading() as session:
            return get_award(session, award_id)

    def awards(self, ref: str) -> list[AwardView]:
        """Oldest first."""
        with self.rt.reading() as session:
            found = session.scalars(
                sa.select(Award).where(Award.learner_ref == ref).order_by(Award.granted_at, Award.id)
            )
            return [view(each) for each in found]

    def states(self, ref: str) -> list[AwardState]:
        return [each.state for each in self.awards(ref)]

    def record(self, ref: str) -> Record:
        with self.rt.reading() as session:
            found = session.get(Record, (self.run.id, ref))
            assert found is not None
            session.expunge(found)
            return found

    def issued_count(self) -> int:
        with self.rt.reading() as session:
            live = sa.select(sa.func.count()).select_from(Award).where(Award.state == AwardState.ISSUED)
            return session.scalar(live) or 0

    def history(self, award: AwardView) -> list[MoveView]:
        with self.rt.reading() as session:
            return moves.history(session, award.id)

    def audited(self, subject: str) -> list[tuple[str, str | None, str]]:
        """Act, reason and actor of each entry about it."""
        with self.rt.reading() as session:
            found = session.scalars(
                sa.select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.number)
            )
            return [(each.act, each.reason, each.actor_ref) for each in found]

    def failures(self, ref: str) -> list[tuple[str, str]]:
        """Step and code of what still stands."""
        with self.rt.reading() as session:
            found = session.scalars(sa.select(Failure).where(Failure.learner_ref == ref, Failure.resolved_at.is_(None)))
            return [(each.step, each.code) for each in found]

    def says(self, award: AwardView) -> str:
        """What anybody is told who checks the code."""
        return check_code(self.rt, award.code).answer.value

    def is_bit_set(self, award: AwardView) -> bool:
        """As the published status list has it."""
        with self.rt.reading() as session:
            place = session.execute(
                sa.select(Credential.status_index, StatusList.number)
                .join(StatusList, StatusList.id == Credential.status_list_id)
                .where(Credential.award_id == award.id)
            ).one()
        text = status_list_document(self.rt, award.frozen.issuer_slug, place.number).text
        encoded = json.loads(text)["credentialSubject"]["encodedList"]
        return status_list.is_set(status_list.decode(encoded), place.status_index)


@contextmanager
def heard(app: Flask) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The signals that are sent meanwhile, in their order."""
    told: list[tuple[str, dict[str, Any]]] = []
    receivers = []
    for name in SIGNALS:

        def receive(sender: object, _name: str = name, **values: Any) -> None:
            told.append((_name, values))

        getattr(signals, name).connect(receive, sender=app)
        receivers.append(receive)
    yield told


def names(told: Sequence[tuple[str, dict[str, Any]]]) -> Counter[str]:
    return Counter(name for name, _ in told)


def meanwhile(monkeypatch: pytest.MonkeyPatch, where: ModuleType, act: Callable[[], object]) -> None:
    """Somebody does this, once, after all was decided and before anything is signed and stored."""
    sign = where.sign
    waiting = [act]

    def after_it(*args: Any) -> None:
        while waiting:
            waiting.pop()()
        sign(*args)

    monkeypatch.setattr(where, "sign", after_it)


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that reach any database meanwhile."""
    seen: list[str] = []

    def count(*args: Any) -> None:
        seen.append(args[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", count)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", count)
