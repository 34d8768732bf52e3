"""The host has the last word before a certificate is made, and cannot break a batch by it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award, Failure, Record
from flask_certify.core.runtime import Runtime
from flask_certify.host.ports import Veto
from flask_certify.host.records import Objection
from flask_certify.issuing import bulk, many
from tests.support.story import MIA, RUN


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


def test_the_host_may_say_in_which_mode_it_was_earned(rt: Runtime) -> None:
    """R-060, R-061: the mode is frozen as evaluated."""
    issue(with_veto(rt, lambda run_ref, refs: {"ada": Objection(mode="professional")}))
    with rt.reading() as session:
        modes = dict(session.execute(sa.select(Award.learner_ref, Award.mode)).all())
    assert modes == {"ada": "professional", "cy": "verified", "dev": "verified"}
