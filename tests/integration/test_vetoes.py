"""The host has the last word before a certificate is made, and cannot break a batch by it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award, Failure, Record
from flask_certify.core.current import runtime_of
from flask_certify.core.i18n import speaking
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import explaining
from flask_certify.eligibility import events
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import Veto
from flask_certify.host.records import Objection
from flask_certify.issuing import bulk, changes, happenings, many, reissuing
from tests.support import story
from tests.support.story import MIA, RUN, TOM


@pytest.fixture
def site(tmp_path: Any, host: MemoryHost) -> Iterator[Runtime]:
    with story.opened(f"sqlite:///{tmp_path}/site.db", host) as app, app.app_context():
        yield runtime_of(app)


def states(rt: Runtime) -> dict[str, str]:
    with rt.reading() as session:
        return dict(session.execute(sa.select(Award.learner_ref, Award.state)).all())


def with_veto(rt: Runtime, veto: Veto) -> Runtime:
    return replace(rt, veto=veto)


def issue(rt: Runtime) -> dict[str, str]:
    refs = ["ada", "ben", "cy", "dev"]
    outcomes = many.issue_many(rt, ensure_run(rt, RUN).id, refs, actor=MIA, notify=False)
    return {each.learner_ref: each.result for each in outcomes}


def test_a_veto_is_a_recorded_refusal_with_its_text_and_the_others_get_theirs(rt: Runtime) -> None:
    """R-060: only those are asked about who would get one."""
    asked: list[str] = []

    def veto(run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Objection]:
        asked.extend(learner_refs)
        return {"ada": Objection(refuse="fees are open")}

    assert issue(with_veto(rt, veto)) == {"ada": "declined", "ben": "declined", "cy": "issued", "dev": "issued"}
    assert sorted(asked) == ["ada", "cy", "dev"]
    with rt.reading() as session:
        record = session.scalars(sa.select(Record).where(Record.learner_ref == "ada")).one()
    assert record.reasons == [{"code": "vetoed", "values": {"answer": "fees are open"}}]
    assert issue(rt)["ada"] == "issued"


def test_an_error_in_the_veto_fails_the_learner_who_causes_it_and_never_the_batch(rt: Runtime) -> None:
    """R-060."""

    def veto(run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Objection]:
        if "cy" in learner_refs:
            raise RuntimeError("a name that must not be kept")
        return {}

    assert issue(with_veto(rt, veto)) == {"ada": "issued", "ben": "declined", "cy": "failed", "dev": "issued"}
    with rt.reading() as session:
        [failure] = session.scalars(sa.select(Failure))
    assert (failure.learner_ref, failure.code, failure.details) == ("cy", "veto.failed", {"kind": "RuntimeError"})


def test_a_whole_batch_goes_on_under_a_veto_that_always_breaks(rt: Runtime) -> None:
    """R-060."""

    def veto(run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Objection]:
        raise RuntimeError

    batch = bulk.issue_and_wait(with_veto(rt, veto), RUN, MIA, notify=False, patience=5)
    assert (batch.failed, sum(batch.declined.values())) == (3, 1)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        ["ada"],
        {"ada": "fees are open"},
        {"ada": None},
        {"ada": Objection(refuse=4711)},
        {"ada": Objection(mode=1)},
    ],
)
def test_an_answer_that_is_no_objection_fails_the_learner_it_is_about_and_never_the_batch(
    site: Runtime, answer: Any
) -> None:
    """R-060."""
    found = issue(with_veto(site, lambda run_ref, refs: answer if "ada" in refs else {}))
    assert found == {"ada": "failed", "ben": "declined", "cy": "issued", "dev": "issued"}
    with site.reading() as session:
        [failure] = session.scalars(sa.select(Failure))
    assert (failure.learner_ref, failure.code) == ("ada", "veto.failed")


def test_the_text_of_a_veto_is_kept_as_every_database_takes_it(rt: Runtime) -> None:
    """R-052, R-060."""
    issue(with_veto(rt, lambda run_ref, refs: {"ada": Objection(refuse="fees\0 \ud800" + "x" * 500)}))
    with rt.reading() as session:
        record = session.scalars(sa.select(Record).where(Record.learner_ref == "ada")).one()
    assert record.reasons == [{"code": "vetoed", "values": {"answer": "fees\ufffd \ufffd" + "x" * 193}}]


def test_a_veto_stands_before_a_certificate_in_place_of_another_and_before_one_that_comes_back(site: Runtime) -> None:
    """R-051, R-060, R-101: by every door, and what was there stays as it was."""
    run_id = ensure_run(site, RUN).id
    issue(site)
    strict = with_veto(site, lambda run_ref, refs: dict.fromkeys(refs, Objection(refuse="under review")))
    [outcome] = reissuing.reissue_many(strict, run_id, ["ada"], Why(Cause.NAME_CORRECTED), actor=TOM, notify=False)
    assert (outcome.result, outcome.reasons[0].code) == ("declined", "vetoed")
    assert reissuing.compare(strict, run_id, ["ada"])[0].refused[0].code == "vetoed"
    happenings.happen(site, run_id, {"ada": events.Failed()}, actor="host")
    [outcome] = happenings.reconsider(strict, run_id, ["ada"], actor="host", notify=False)
    assert (outcome.result, outcome.reasons[0].code) == ("already", "vetoed")
    assert states(site) == {"ada": "withdrawn", "cy": "issued", "dev": "issued"}
    assert happenings.reconsider(site, run_id, ["ada"], actor="host", notify=False)[0].result == "restored"


def test_neither_a_veto_nor_an_error_in_it_breaks_an_event(site: Runtime) -> None:
    """R-060, R-067."""

    def veto(run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Objection]:
        if "ada" in learner_refs:
            raise RuntimeError
        return {"cy": Objection(refuse="no")}

    automatic = replace(with_veto(site, veto), settings=replace(site.settings, automatic=True))
    for ref in ("ada", "cy", "dev"):
        changes.learner_changed(automatic, RUN, ref)
    assert states(site) == {"dev": "issued"}


def test_who_asks_why_is_told_of_the_veto(site: Runtime) -> None:
    """R-052, R-185."""
    strict = with_veto(site, lambda run_ref, refs: {"ada": Objection(refuse="fees are open")})
    why = explaining.explain(strict, RUN, "ada")
    assert [each.code for each in why.reasons] == ["vetoed"] and not why.granted
    with speaking("hi"):
        assert "fees are open" in "\n".join(explaining.lines(why))


def test_the_host_may_say_in_which_mode_it_was_earned(rt: Runtime) -> None:
    """R-060, R-061: the mode is frozen as evaluated."""
    issue(with_veto(rt, lambda run_ref, refs: {"ada": Objection(mode="professional")}))
    with rt.reading() as session:
        modes = dict(session.execute(sa.select(Award.learner_ref, Award.mode)).all())
    assert modes == {"ada": "professional", "cy": "verified", "dev": "verified"}
