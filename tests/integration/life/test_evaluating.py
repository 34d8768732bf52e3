"""Evaluating many learners anew, by hand (R-084)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.causes import Cause, Why
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.eligibility import events
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import evaluating, excepting, happenings
from flask_certify.issuing.evaluating import UnknownStatus, Whom
from tests.support import story
from tests.support.life import Life
from tests.support.story import MIA, RUN, TOM

WHY = Why(Cause.EXCEPTION)


@pytest.fixture
def life(tmp_path: Path, host: MemoryHost) -> Iterator[Life]:
    app = story.make_app(f"sqlite:///{tmp_path}/site.db", host)
    with app.app_context():
        story.set_up(runtime_of(app))
        yield Life(runtime_of(app), host)
    story.dispose(app)


def evaluate(life: Life, whom: Whom | None = None, **more: Any) -> tuple[int, int, int, int]:
    done = evaluating.evaluate(life.rt, life.run.id, whom, actor=TOM, notify=False, **more)
    assert done.started_by == TOM
    return done.attempted, done.skipped, done.succeeded, done.failed


def test_everyone_is_evaluated_and_what_came_of_it_is_told_with_who_started_it(life: Life) -> None:
    """R-084: doing it again changes nothing; the audit log knows."""
    life.host.change_learner(RUN, "cy", display_name=None)
    assert evaluate(life, Whom.EVERYONE) == (4, 1, 2, 1)
    assert evaluate(life, Whom.EVERYONE) == (4, 3, 0, 1)
    with life.rt.reading() as session:
        [first, _] = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.act == "run.evaluate").order_by(AuditEntry.number)
        )
    assert (first.actor_ref, first.details["attempted"], first.details["succeeded"]) == (TOM, 4, 2)


def test_those_on_the_allowlist_are_evaluated_or_only_those_of_them_without_a_certificate(life: Life) -> None:
    """R-084."""
    life.issue("ada")
    for ref in ("ada", "ben"):
        excepting.allow(life.rt, life.run.id, {ref: WHY}, actor=TOM, automatic=False)
    assert evaluate(life, Whom.ALLOWLISTED_WITHOUT) == (1, 0, 1, 0)
    assert evaluate(life, Whom.ALLOWLISTED) == (2, 2, 0, 0)
    assert evaluate(life, Whom.ALLOWLISTED_WITHOUT) == (0, 0, 0, 0)
    assert life.states("cy") == []


def test_one_learner_or_those_with_chosen_statuses_are_evaluated(life: Life) -> None:
    """R-084, R-076: what an event had withdrawn comes back under its code."""
    ada, cy = life.issue("ada", "cy")
    happenings.happen(life.rt, life.run.id, {"ada": events.Failed(), "cy": events.Failed()}, actor="host")
    assert evaluate(life, learner_refs=["ada"]) == (1, 0, 1, 0)
    assert (life.says(ada), life.says(cy)) == ("valid", "revoked")
    assert evaluate(life, statuses=["unavailable", "unverified"]) == (0, 0, 0, 0)
    assert evaluate(life, statuses=["notpassing"], learner_refs=["cy", "cy"]) == (1, 0, 1, 0)
    assert life.says(cy) == "valid" and life.states("dev") == []
    assert evaluate(life, learner_refs=["nobody"]) == (1, 1, 0, 0)


def test_a_status_that_nobody_knows_is_refused_and_nothing_is_evaluated(life: Life) -> None:
    with pytest.raises(UnknownStatus, match="no status fine"):
        evaluate(life, Whom.EVERYONE, statuses=["fine"])
    assert life.issued_count() == 0


def test_the_command_prints_what_came_of_it_and_asks_whether_they_may(life: Life, host: MemoryHost) -> None:
    """R-084."""
    from flask import current_app

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    runner = app.test_cli_runner()
    done = runner.invoke(args=["certify", "evaluate", RUN, "--everyone", "--as", MIA, "--no-notify", "--json"])
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"attempted": 4, "skipped": 1, "succeeded": 3, "failed": 0, "started_by": MIA}
    refused = runner.invoke(args=["certify", "evaluate", RUN, "--learner", "ada", "--as", "max"])
    assert (refused.exit_code, "[actor.may_not]" in refused.stderr) == (2, True)
    assert runner.invoke(args=["certify", "evaluate", RUN]).exit_code == 2
    again = runner.invoke(args=["certify", "evaluate", RUN, "--status", "downloadable"])
    assert again.stdout == "3 attempted, 3 skipped, 0 succeeded, 0 failed, started by command.\n"
