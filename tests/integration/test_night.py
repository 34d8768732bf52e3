"""The night job: everybody who is due gets a certificate, once, however often and wherever it is started."""

import json
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify import Certify
from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award, Record
from flask_certify.awards.service import Standing, standing_of
from flask_certify.core import working
from flask_certify.core.clock import FixedClock
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.eligibility import events
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.host.records import LearnerRecord
from flask_certify.issuing import attaching, bulk, changes, evaluating, happenings, lifecycle, night, reissuing
from flask_certify.issuing.attaching import By, Place, Terms
from flask_certify.issuing.models import IssueBatch, Night
from flask_certify.issuing.night import NightView
from flask_certify.notifications.models import Message
from tests.support import story
from tests.support.story import MIA, NOW, OTHER_RUN, RUN, TOM, learner


def tonight(rt: Runtime) -> NightView:
    night_id, _ = night.start(rt)
    return night.work_and_wait(rt, night_id, patience=5)


def later(rt: Runtime, days: int = 0, **more: int) -> Runtime:
    return replace(rt, clock=FixedClock(NOW + timedelta(days=days, **more)))


def holders(rt: Runtime) -> list[str]:
    with rt.reading() as session:
        return sorted(session.scalars(sa.select(Award.learner_ref).where(Award.state == "issued")))


def standing(rt: Runtime) -> Mapping[str, Standing]:
    with rt.reading() as session:
        return standing_of(session, "wales", RUN, ["ada", "cy", "dev"])


def test_each_night_issues_to_all_who_are_due_in_every_run_and_tells_them(rt: Runtime) -> None:
    """R-104, R-106, R-155."""
    done = tonight(rt)
    assert (done.runs, done.attempted, done.issued, done.failed, done.skipped) == (2, 4, 4, 0, 1)
    assert holders(rt) == ["ada", "cy", "dev", "eve"]
    assert done.seconds is not None and done.date == "2026-06-15"
    with rt.reading() as session:
        told = set(session.scalars(sa.select(Message.recipient)))
    assert told == {"ada", "cy", "eve"}  # nobody has an address of dev


@pytest.mark.parametrize(
    "wrong", [{"display": "end"}, {"assessments": None}, {"title": None}, {"available_on": "soon"}]
)
def test_a_run_of_which_nonsense_is_said_is_left_for_another_night_and_all_others_are_issued_to(
    wrong: dict[str, Any], tmp_path: Path
) -> None:
    """R-104, R-105: and nothing of it is kept, so the next night makes up for it."""
    host = story.make_host()
    right = host.runs[RUN]
    with story.opened(f"sqlite:///{tmp_path}/site.db", host) as app, app.app_context():
        rt = runtime_of(app)
        host.add_run(replace(right, **wrong))
        Certify().run_changed(RUN)
        Certify().learner_changed(RUN, "ada")
        done = tonight(rt)
        assert (holders(rt), done.left_out) == (["eve"], ((RUN, "host.failed"),))
        host.add_run(right)
        assert (tonight(rt).left_out, holders(rt)) == ((), ["ada", "cy", "dev", "eve"])


def test_what_no_table_can_hold_fails_alone_or_is_cut_and_the_run_is_issued_to(rt: Runtime, host: MemoryHost) -> None:
    """R-050, R-104, R-091: a reference, a name, an external id; at night, by an event, by evaluating, for a list."""
    host.change_learner(RUN, "ada", preferred_name="Ada", display_name="A\0da\ud800", external_id="W" * 400)
    unfit = ["x" * 101, "x\0", "x\ud800"]
    for ref in unfit:
        host.add_learner(RUN, learner(ref, "Xena"))
    working.drain(rt)
    changes.learner_changed(rt, RUN, "ada")
    assert [each.learner_refs for each in night.rehearse(rt)] == [tuple(sorted([*unfit, "ada", "cy", "dev"])), ("eve",)]
    done = tonight(rt)
    assert (done.issued, done.failed, done.left_out) == (4, 3, ())
    assert holders(rt) == ["ada", "cy", "dev", "eve"]
    with rt.reading() as session:
        run_id = ensure_run(rt, RUN).id
        ada = session.get_one(Record, (run_id, "ada"))
        assert (ada.display_name, ada.external_id) == ("A\ufffdda\ufffd", "W" * 100)
    assert evaluating.evaluate(rt, run_id, evaluating.Whom.EVERYONE, actor=MIA).failed == 3
    [reissued, *others] = reissuing.reissue_many(rt, run_id, ["ada", *unfit], Why(Cause.OTHER), actor=MIA)
    assert reissued.result == "reissued"
    assert {each.reasons[0].code for each in others} == {"learner.unfit_reference"}


def test_started_again_the_same_night_changes_nothing_but_what_has_become_due(rt: Runtime, host: MemoryHost) -> None:
    """R-104 to R-106: one row for each date, in which every learner counts once."""
    host.change_learner(RUN, "cy", display_name=None)
    first = tonight(rt)
    assert (first.attempted, first.issued, first.failed, first.skipped) == (4, 3, 1, 1)
    assert tonight(rt) == first
    host.change_learner(RUN, "ben", progress=100.0, completed_on=NOW - timedelta(days=20))
    host.change_learner(RUN, "cy", display_name="Cy Young")
    second = tonight(later(rt, minutes=10))
    assert (second.id, second.date) == (first.id, first.date) and second.is_finished
    assert (second.attempted, second.issued, second.failed, second.skipped) == (5, 5, 0, 0)
    assert holders(rt) == ["ada", "ben", "cy", "dev", "eve"]
    assert [each.date for each in night.latest(rt)] == ["2026-06-15"]
    assert tonight(later(rt, 1)).issued == 0
    assert [each.date for each in night.latest(rt)] == ["2026-06-16", "2026-06-15"]


def test_the_time_of_a_night_is_that_of_its_work_and_not_the_time_between(rt: Runtime) -> None:
    """R-106."""
    assert isinstance(rt.clock, FixedClock)
    for _ in range(2):
        night_id, is_first = night.start(rt)
        rt.clock.forward(seconds=30)
        done = night.work_and_wait(rt, night_id, patience=5)
        rt.clock.forward(hours=2)
    assert (is_first, done.seconds) == (False, 60)


def test_two_nights_started_at_once_are_one(rt: Runtime, host_app: Flask) -> None:
    """R-105, R-094."""
    start, done = threading.Barrier(2), list[NightView]()

    def begin() -> None:
        with host_app.app_context():
            start.wait()
            done.append(tonight(runtime_of(host_app)))

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done[0] == done[1] and done[0].issued == 4
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Night)) == 1
    assert holders(rt) == ["ada", "cy", "dev", "eve"]


def test_missed_nights_need_no_making_up_and_a_night_left_half_done_is_finished_by_the_next(rt: Runtime) -> None:
    """R-105, R-248."""
    night_id, _ = night.start(rt)
    done = tonight(later(rt, 7))
    assert holders(rt) == ["ada", "cy", "dev", "eve"]
    working.drain(rt)
    first = night.get(rt, night_id)
    assert first.is_finished and first.issued + done.issued == 4


def test_an_issue_that_failed_is_tried_again_the_next_night_and_success_replaces_it(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-107."""
    host.change_learner(RUN, "ada", display_name=None)
    assert (tonight(rt).failed, tonight(later(rt, 1)).failed) == (1, 1)
    with rt.reading() as session:
        assert session.scalars(sa.select(Record.label).where(Record.learner_ref == "ada")).one() == "Issue failed"
    host.change_learner(RUN, "ada", display_name="Ada Lovelace")
    assert tonight(later(rt, 2)).issued == 1
    with rt.reading() as session:
        assert session.scalars(sa.select(Record.label).where(Record.learner_ref == "ada")).one() == "Issued"


def test_with_several_certificates_nothing_is_issued_before_the_end_and_with_one_at_any_time(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-045, R-048, D-05."""
    host.add_run(replace(host.runs[RUN], end=NOW + timedelta(days=1)))
    assert tonight(rt).issued == 1
    assert holders(rt) == ["eve"]
    run = ensure_run(rt, RUN)
    [first, second] = attaching.in_use(rt, run)
    attaching.remove(rt, Place(run), By(TOM), second.id)
    terms = Terms(first.template_id, attaching.rules.Progress(100))
    attaching.update(rt, Place(run), first.id, terms, By(TOM))
    assert tonight(later(rt, hours=1)).issued == 1 + 3


def test_an_end_that_moves_later_recalls_nothing_and_one_that_moves_earlier_counts_the_next_night(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-048."""
    ended = host.runs[RUN].end
    host.add_run(replace(host.runs[RUN], end=NOW + timedelta(days=9)))
    assert tonight(rt).issued == 1  # eve's, of the other run
    host.add_run(replace(host.runs[RUN], end=ended))
    assert tonight(later(rt, 1)).issued == 3
    host.add_run(replace(host.runs[RUN], end=NOW + timedelta(days=9)))
    changes.run_changed(later(rt, 1), RUN)
    assert tonight(later(rt, 2)).issued == 0
    assert holders(rt) == ["ada", "cy", "dev", "eve"]


def test_a_night_brings_back_what_an_event_withdrew_once_all_is_met_again(rt: Runtime, host: MemoryHost) -> None:
    """R-076, R-104, R-106: who has no live certificate gets the same one; what a person withdrew stays withdrawn."""
    tonight(rt)
    run_id = ensure_run(rt, RUN).id
    code = {ref: award.code for ref, award in standing(rt).items()}
    happenings.happen(rt, run_id, {"ada": events.Failed(), "dev": events.Failed()}, actor="host")
    lifecycle.withdraw(rt, [standing(rt)["cy"].award_id], Why(Cause.UNDER_REVIEW), actor=TOM)
    host.change_learner(RUN, "dev", passing=False)
    assert holders(rt) == ["eve"]
    [rehearsed, _other] = night.rehearse(later(rt, 1))
    assert rehearsed.learner_refs == ("ada",)
    done = tonight(later(rt, 1))
    assert (done.attempted, done.issued, done.restored, done.failed, done.skipped) == (1, 0, 1, 0, 4)
    assert holders(rt) == ["ada", "eve"] and standing(rt)["ada"].code == code["ada"]
    assert tonight(later(rt, 2)).restored == 0


def test_a_course_default_reaches_runs_that_nobody_has_looked_at(rt: Runtime, host: MemoryHost) -> None:
    """R-009, R-104."""
    host.add_run(replace(host.runs[RUN], run_ref="optics-1", course_ref="optics"))
    run = ensure_run(rt, "optics-1")
    template_id = attaching.in_use(rt, ensure_run(rt, RUN))[0].template_id
    attaching.attach(rt, Place(run, to_course=True), Terms(template_id, attaching.rules.Progress(100)), By(TOM))
    host.add_run(replace(host.runs["optics-1"], run_ref="optics-2"))
    host.add_learner("optics-2", learner("fay", "Fay Weldon"))
    tonight(rt)
    assert "fay" in holders(rt)


def test_a_run_whose_host_is_silent_or_gone_is_left_for_another_night_and_the_others_go_on(
    rt: Runtime, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-255: later, never no."""
    listed = MemoryHost.learners

    def away(self: MemoryHost, run_ref: str, **more: Any) -> Any:
        if run_ref == RUN:
            raise HostAway()
        return listed(self, run_ref, **more)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryHost, "learners", away)
        done = tonight(rt)
    assert done.left_out == ((RUN, "host.unavailable"),)
    assert holders(rt) == ["eve"]
    assert tonight(later(rt, 1)).issued == 3
    del host.runs[OTHER_RUN]
    assert tonight(later(rt, 2)).left_out == ((OTHER_RUN, "run.unknown"),)
    assert "eve" in holders(rt)


def test_a_run_that_somebody_issues_to_at_that_moment_is_left_to_them(rt: Runtime) -> None:
    """R-117."""
    bulk.open_batch(rt, ensure_run(rt, RUN).id, MIA, notify=False)
    with rt.reading() as session:
        [row] = session.scalars(sa.select(IssueBatch))
    night_id, _ = night.start(rt)
    with rt.reading() as session:
        for chunk_id in working.open_chunks(session)[::-1]:
            working.run_chunk(rt, chunk_id)
    working.drain(rt)
    done = night.get(rt, night_id)
    assert done.is_finished and holders(rt) == ["ada", "cy", "dev", "eve"]
    assert row.night_id is None


def test_a_rehearsal_says_who_is_due_and_writes_nothing(rt: Runtime) -> None:
    """R-106."""
    working.drain(rt)
    with rt.reading() as session:
        before = session.scalar(sa.select(sa.func.max(Record.decided_at)))
    found = {each.run_ref: (each.seen, each.learner_refs) for each in night.rehearse(rt)}
    assert found == {RUN: (4, ("ada", "cy", "dev")), OTHER_RUN: (1, ("eve",))}
    assert holders(rt) == []
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Night)) == 0
        assert session.scalar(sa.select(sa.func.max(Record.decided_at))) == before


def test_the_number_of_questions_for_a_thousand_learners_is_constant(
    rt: Runtime, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-249: of our database and of the host."""

    class Counting(MemoryHost):
        def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
            raise AssertionError("learners are not asked about one by one")

    asked: list[str] = []
    engine = rt.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def night_of(day: int, learners: int) -> int:
        for number in range(learners):
            low = learner(f"z{number:05}", f"Learner {number}", progress=50, completed_on=None)
            host.add_learner(RUN, low)
        tonight(later(rt, day))
        asked.clear()
        tonight(later(rt, day + 1))
        return len(asked)

    tonight(rt)
    few, many = night_of(1, 10), night_of(3, 900)
    assert many == few
    assert night_of(5, 2900) - many <= 2 * 30


def test_the_command_ends_with_a_line_of_json_and_a_sentence(host_app: Flask) -> None:
    runner = host_app.test_cli_runner()
    seen = runner.invoke(args=["certify", "night", "--dry-run"])
    assert (seen.exit_code, "3 of 4 due in physics-1" in seen.stdout) == (0, True)
    result = runner.invoke(args=["certify", "night", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["issued"], told["attempted"], told["skipped"], told["first"]) == (4, 4, 1, True)
    again = runner.invoke(args=["certify", "night"])
    assert "4 certificates issued" in again.stdout
