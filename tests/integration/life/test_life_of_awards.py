"""Whatever happens, in whatever order: one live award at most, no record lost, nothing taken away by accident.

A machine of Hypothesis plays events, issues, re-issues, retries, exceptions and changes of rules against a database.
It knows what ought to be from the listed moves alone. The suite plays a few lives, always the same; `CERTIFY_LIVES=60`
plays so many that are new each time, and looks for the shortest one that goes wrong (`make chaos`).
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from flask_certify.achievements.models import Attachment
from flask_certify.awards import exceptions, moves
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award, Record
from flask_certify.awards.states import MOVES, AwardState, Move
from flask_certify.core import audit
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.errors import Conflict
from flask_certify.credentials.lists import revoked_places
from flask_certify.credentials.models import Credential, IssuerKey, StatusList
from flask_certify.eligibility import events, notation, rules
from flask_certify.host.records import Attempt, Enrolment
from flask_certify.issuing import excepting, happenings, lifecycle, reissuing, undoing
from flask_certify.issuing.many import issue_many
from tests.support import databases, story
from tests.support.life import Life

LEARNERS = st.sampled_from(["ada", "ben", "cy"])
SOME = st.lists(LEARNERS, min_size=1, max_size=3, unique=True)
WHY = Why(Cause.OTHER)
LIVE = {AwardState.GRANTED, AwardState.ISSUED, AwardState.WITHDRAWN}
TAKES_AWAY = {Move.WITHDRAW, Move.REVOKE, Move.SUPERSEDE}
EVENTS = st.sampled_from(
    [
        events.Passed(),
        events.Failed(),
        events.ExamRejected(),
        events.IdentityApproved(),
        events.ModeChanged("audit"),
        events.ModeChanged("verified"),
    ]
)


OpenDatabase = Callable[[], AbstractContextManager[str]]


class LifeOfAwards(RuleBasedStateMachine):
    """`known` is what was seen last of each award: its state, code and trail."""

    def __init__(self, open_database: OpenDatabase) -> None:
        super().__init__()
        self.open_database = open_database
        self.stack = ExitStack()
        self.records: set[str] = set()
        self.known: dict[UUID, tuple[AwardState, str, int]] = {}
        self.may_take_away = False

    @initialize()
    def begin(self) -> None:
        host = story.make_host()
        app = story.make_app(self.stack.enter_context(self.open_database()), host)
        self.stack.callback(story.dispose, app)
        self.stack.enter_context(app.app_context())
        self.life = Life(runtime_of(app), host)
        story.set_up(self.life.rt)
        self.rt, self.run_id = self.life.rt, self.life.run.id

    def teardown(self) -> None:
        self.stack.close()

    # ---- what may happen ---------------------------------------------------------------------------

    @rule(refs=SOME, again=st.booleans())
    def issue(self, refs: list[str], again: bool) -> None:
        self.may_take_away = False
        for _ in range(1 + again):
            issue_many(self.rt, self.run_id, refs, actor="night", notify=False)

    @rule(refs=SOME)
    def evaluate(self, refs: list[str]) -> None:
        self.may_take_away = False
        happenings.reconsider(self.rt, self.run_id, refs, actor="night", notify=False)

    @rule(refs=SOME)
    def reissue(self, refs: list[str]) -> None:
        self.may_take_away = True
        reissuing.reissue_many(self.rt, self.run_id, refs, WHY, actor=story.TOM, notify=False)

    @rule(ref=LEARNERS, days=st.sampled_from([0, 20]))
    def undo(self, ref: str, days: int) -> None:
        self.may_take_away = True
        self.life.clock.forward(days=days)
        for award in self.life.awards(ref)[-1:]:
            try:
                undoing.undo(self.rt, award.id, WHY, actor=story.TOM)
            except Conflict:
                self.may_take_away = False  # refused: then nothing may have changed

    @rule(refs=SOME, move=st.sampled_from([Move.WITHDRAW, Move.RESTORE, Move.REVOKE]), bar=st.booleans())
    def move(self, refs: list[str], move: Move, bar: bool) -> None:
        self.may_take_away = move is not Move.RESTORE
        ids = [award.id for ref in refs for award in self.life.awards(ref)]
        match move:
            case Move.WITHDRAW:
                lifecycle.withdraw(self.rt, ids, WHY, actor=story.TOM)
            case Move.RESTORE:
                lifecycle.restore(self.rt, ids, WHY, actor=story.TOM)
            case _:
                lifecycle.revoke(self.rt, ids, WHY, actor=story.TOM, bar=bar)

    @rule(refs=SOME, event=EVENTS)
    def happen(self, refs: list[str], event: events.Event) -> None:
        self.may_take_away = isinstance(event, events.Failed | events.ExamRejected)
        happenings.happen(self.rt, self.run_id, dict.fromkeys(refs, event), actor="host")

    @rule(ref=LEARNERS, progress=st.sampled_from([None, 0.0, 99.0, 100.0]))
    def progress_is_said(self, ref: str, progress: float | None) -> None:
        self.may_take_away = progress is not None and progress < 100
        self.life.host.change_learner(story.RUN, ref, progress=progress)
        happenings.look_for_drops(self.rt, self.run_id, [ref], actor="host")

    @rule(ref=LEARNERS, act=st.sampled_from(["allow", "disallow", "invalidate", "lift"]))
    def exception(self, ref: str, act: str) -> None:
        self.may_take_away = act in ("disallow", "invalidate")
        match act:
            case "allow":
                excepting.allow(self.rt, self.run_id, {ref: WHY}, actor=story.TOM)
            case "disallow":
                excepting.disallow(self.rt, self.run_id, [ref], WHY, actor=story.TOM)
            case "invalidate":
                excepting.invalidate(self.rt, self.run_id, [ref], WHY, actor=story.TOM)
            case _:
                excepting.lift(self.rt, self.run_id, [ref], WHY, actor=story.TOM)

    @rule(
        ref=LEARNERS,
        score=st.sampled_from([0, 79.99, 80, 101]),
        mode=st.sampled_from(["verified", "audit"]),
        passing=st.sampled_from([None, True, False]),
        name=st.sampled_from(["Ada Lovelace", "null"]),
    )
    def facts_change(self, ref: str, score: float, mode: str, passing: bool | None, name: str) -> None:
        self.may_take_away = False
        self.life.host.change_learner(
            story.RUN,
            ref,
            attempts=(Attempt("quiz", score), Attempt("essay", score)),
            enrolment=Enrolment(mode=mode),
            passing=passing,
            display_name=name,
            completed_on=story.COMPLETED,
        )

    @rule(threshold=st.sampled_from([10, 50, 80]))
    def rules_change(self, threshold: int) -> None:
        self.may_take_away = False
        with self.rt.transaction() as tx:
            changed = [rules.completion(threshold), rules.achievement(threshold)]
            for position, each in enumerate(changed, start=1):
                tx.session.execute(
                    sa.update(Attachment)
                    .where(Attachment.run_id == self.run_id, Attachment.position == position)
                    .values(rule=notation.to_json(each))
                )

    @rule(state=st.sampled_from(["active", "retired"]))
    def key_is_there_or_not(self, state: str) -> None:
        self.may_take_away = False
        with self.rt.transaction() as tx:
            tx.session.execute(sa.update(IssuerKey).values(state=state))

    # ---- what holds at any time --------------------------------------------------------------------

    @invariant()
    def nobody_has_two_live_awards(self) -> None:
        """R-094, R-046."""
        for ref in ("ada", "ben", "cy"):
            assert sum(state in LIVE for state in self.life.states(ref)) <= 1

    @invariant()
    def no_award_is_lost_and_none_is_taken_away_but_by_a_listed_move(self) -> None:
        """R-074, R-112, R-253: each state is that of the last move, and each move stands in the audit log."""
        with self.rt.reading() as session:
            now = {each.id: each for each in session.scalars(sa.select(Award))}
            assert self.known.keys() <= now.keys()
            for award in now.values():
                trail = moves.history(session, award.id)
                acts = session.scalars(sa.select(AuditEntry.act).where(AuditEntry.subject == f"award:{award.id}")).all()
                was_state, was_code, was_moves = self.known.get(award.id, (None, award.code, 0))
                assert award.code == was_code and len(trail) >= was_moves
                state = AwardState.GRANTED if "award.issue" not in acts else AwardState.ISSUED
                for each in trail:
                    assert each.was is state and MOVES[each.was, each.move] is each.now
                    state = each.now
                assert state is AwardState(award.state)
                assert [act for act in acts if act != "award.issue"] == [f"award.{each.move}" for each in trail]
                new = trail[was_moves:]
                if not self.may_take_away and was_state is AwardState.ISSUED:
                    assert not [each for each in new if each.move in TAKES_AWAY and each.cause is not Cause.INVALIDATED]
                self.known[award.id] = (AwardState(award.state), award.code, len(trail))

    @invariant()
    def the_record_says_what_the_awards_say(self) -> None:
        """R-063, D-20."""
        with self.rt.reading() as session:
            issued = {
                each.learner_ref: each.id
                for each in session.scalars(sa.select(Award).where(Award.state == AwardState.ISSUED))
            }
            records = {each.learner_ref: each for each in session.scalars(sa.select(Record))}
            for ref, award_id in issued.items():
                assert (records[ref].status, records[ref].label) == ("downloadable", "Issued")
                assert records[ref].award_id == award_id
            assert self.records <= records.keys()  # none is ever lost
            self.records = set(records)
            for ref, record in records.items():
                if ref not in issued:
                    assert record.status != "downloadable" and record.label != "Issued" and record.award_id is None

    @invariant()
    def nobody_is_listed_and_invalid(self) -> None:
        """R-079."""
        with self.rt.reading() as session:
            found = exceptions.of_learners(session, self.run_id, ["ada", "ben", "cy"])
        assert not [each for each in found.values() if each.listed and each.invalid]

    @invariant()
    def the_status_list_has_a_bit_for_each_that_does_not_count(self) -> None:
        """R-153."""
        with self.rt.reading() as session:
            expected = set(
                session.scalars(
                    sa.select(Credential.status_index)
                    .join(Award, Award.id == Credential.award_id)
                    .where(Award.state.in_([AwardState.WITHDRAWN, AwardState.REVOKED]))
                )
            )
            lists = session.scalars(sa.select(StatusList.id)).all()
            assert {index for each in lists for index in revoked_places(session, each)} == expected
            signed = sa.select(Credential.award_id)
            issued = sa.select(Award.id).where(Award.state == AwardState.ISSUED, Award.id.not_in(signed))
            assert session.scalars(issued).all() == []

    @invariant()
    def the_audit_log_is_whole(self) -> None:
        """R-253."""
        assert [each for each in audit.verify(self.rt) if each.broken is not None] == []


MANY = int(os.environ.get("CERTIFY_LIVES", "0"))


def bounded(lives: int) -> settings:
    """So many lives, always the same and reported as they are; or `CERTIFY_LIVES` new ones, cut down to the fault."""
    return settings(
        max_examples=MANY or lives,
        stateful_step_count=40 if MANY else 12,
        derandomize=not MANY,
        phases=tuple(Phase) if MANY else (Phase.generate,),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def sqlite() -> Any:
    with tempfile.TemporaryDirectory() as folder, databases.sqlite(Path(folder)) as database:
        yield database.url


@pytest.mark.parametrize(("kind", "lives"), [("sqlite", 6), ("postgres", 2)])
def test_whatever_happens_nothing_is_doubled_lost_or_taken_away_by_accident(
    request: pytest.FixtureRequest, kind: str, lives: int
) -> None:
    """R-036, R-046, R-063, R-074, R-079, R-094, R-101, R-112, R-153, R-253."""
    opened: OpenDatabase = sqlite if kind == "sqlite" else request.getfixturevalue("pg_server").new_database
    run_state_machine_as_test(lambda: LifeOfAwards(opened), settings=bounded(lives))
