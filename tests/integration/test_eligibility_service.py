"""Deciding for many learners with what the installation asks and what our own tables say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_certify.achievements.service import find_run, get_course_run, list_attachments
from flask_certify.core.current import runtime_of
from flask_certify.eligibility.facts import Entry, Kept
from flask_certify.eligibility.service import Decided, decide_many
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Enrolment
from tests.support import story
from tests.support.story import RUN


@pytest.fixture
def sites(tmp_path: Path, host: MemoryHost) -> Iterator[Any]:
    made: list[Flask] = []

    def make(**config: Any) -> Flask:
        app = story.make_app(f"sqlite:///{tmp_path}/site-{len(made)}.db", host, **config)
        made.append(app)
        with app.app_context():
            story.set_up(runtime_of(app))
        return app

    yield make
    for app in made:
        story.dispose(app)


def decide_about(app: Flask, learner_ref: str, kept: Kept | None = None) -> Decided:
    with app.app_context():
        rt = runtime_of(app)
        with rt.reading() as session:
            run = find_run(session, RUN)
            assert run is not None
            attachments = list_attachments(session, run.id)
        [decided] = decide_many(
            rt, get_course_run(rt, RUN), attachments, [learner_ref], {learner_ref: kept} if kept else None
        )
    return decided


def test_an_installation_that_asks_for_identity_asks_in_every_run(sites: Any) -> None:
    """R-057, D-12."""
    assert decide_about(sites(), "ada").decision.granted
    strict = decide_about(sites(CERTIFY_IDENTITY_REQUIRED=True), "ada").decision
    assert strict.reasons[0].code == "identity_not_approved"
    assert strict.verdict is not None and strict.verdict.status_after == "unverified"


def test_honor_earns_unless_it_is_switched_off(sites: Any, host: MemoryHost) -> None:
    """R-058."""
    host.change_learner(RUN, "ada", enrolment=Enrolment(mode="honor"))
    assert decide_about(sites(), "ada").decision.granted
    assert decide_about(sites(CERTIFY_HONOR_EARNS=False), "ada").decision.reasons[0].code == "mode_does_not_earn"


def test_what_our_own_tables_say_is_part_of_the_case(sites: Any, host: MemoryHost) -> None:
    """R-051, R-054."""
    host.change_learner(RUN, "ada", progress=10.0)
    site = sites()
    assert decide_about(site, "ada").decision.reasons[0].code == "progress_below"
    assert decide_about(site, "ada", Kept(allowlist=Entry.ACTIVE)).decision.granted
    failing = decide_about(site, "ada", Kept("unverified")).decision.verdict
    assert failing is not None and failing.status_after == "notpassing"


def test_a_progress_that_is_no_percentage_is_wrong_data_of_this_learner_alone(sites: Any, host: MemoryHost) -> None:
    """R-041."""
    host.change_learner(RUN, "ada", progress=float("nan"))
    assert decide_about(sites(), "ada").decision.reasons[0].code == "progress.not_a_percentage"
