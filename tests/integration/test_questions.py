"""Why has she no certificate? What would other rules mean? Who waits to be looked at?"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.core import working
from flask_certify.core.errors import CertifyError
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import explaining, reviewing, simulating, why_words
from flask_certify.dashboards.reviewing import Queue
from flask_certify.eligibility import notation
from flask_certify.eligibility.notation import Clause
from flask_certify.eligibility.reasons import DECLINED
from flask_certify.eligibility.rules import AllOf, AttributeIs, Progress, Rule, ScoreAtLeast, ScoreBelow
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.issuing import bulk, changes, excepting
from flask_certify.issuing.errors import UnknownAchievement
from flask_certify.issuing.many import issue_many
from tests.support.story import COMPLETED, MIA, RUN


def certify(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["certify", *words])


def issue(rt: Runtime, *, notify: bool = False) -> None:
    bulk.issue_and_wait(rt, RUN, MIA, notify=notify, patience=5)


# ---- why? ------------------------------------------------------------------------------------------


def test_why_not_is_answered_with_reasons_facts_rules_and_what_would_change_it(rt: Runtime) -> None:
    """R-052, R-185."""
    why = explaining.explain(rt, RUN, "ben")
    assert [each.code for each in why.reasons] == ["progress_below"]
    assert (why.granted, why.holds, why.answered) == (False, None, True)
    assert (why.facts["progress"], why.facts["score"], why.facts["mode"]) == ("70", "40", "verified")
    assert [[part.holds for part in each.parts] for each in why.rules] == [[False, True], [False, False]]
    said = list(explaining.lines(why))
    assert "  70 % of the course is done, 100 % is asked." in said
    assert "  The learner has to complete the rest of the course." in said
    assert "  [ ] The whole course is done." in said and "  [x] The score is below 80 %." in said


def test_who_is_eligible_and_not_issued_to_is_told_that_nothing_stands_in_the_way(rt: Runtime) -> None:
    why = explaining.explain(rt, RUN, "ada")
    assert (why.granted, why.holds) == (True, None)
    assert explaining.would_change(why) == ["Nothing stands in the way: the next night issues it, or a mentor does."]


def test_the_history_has_awards_moves_failures_and_messages(rt: Runtime, host: MemoryHost) -> None:
    """R-110, R-185."""
    from flask_certify import Certify

    name = host.records[RUN]["ada"].display_name
    host.change_learner(RUN, "ada", display_name=None)
    issue(rt)
    host.change_learner(RUN, "ada", display_name=name)
    issue(rt, notify=True)
    host.change_learner(RUN, "ada", progress=90)
    Certify().learner_changed(RUN, "ada")
    why = explaining.explain(rt, RUN, "ada")
    assert {"failed", "award.issue", "told", "award.revoke"} <= {each.what for each in why.history}
    revoked = next(each for each in why.history if each.what == "award.revoke")
    assert (revoked.actor, revoked.reason) == ("host", "content_added")
    assert any("The course has grown, and is no longer complete." in line for line in explaining.lines(why))


def test_a_silent_platform_is_said_to_be_silent_and_the_last_decision_is_told(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-255."""
    working.drain(rt)

    def away(*args: Any, **more: Any) -> Any:
        raise HostAway()

    monkeypatch.setattr(MemoryHost, "learner_records", away)
    why = explaining.explain(rt, RUN, "ben")
    assert (why.answered, [each.code for each in why.reasons]) == (False, ["progress_below"])
    assert "does not answer at the moment" in "\n".join(explaining.lines(why))


def test_every_reason_that_declines_says_what_would_change_it() -> None:
    assert set(DECLINED) - {"not_allowlisted"} <= set(why_words.WOULD_CHANGE)


def test_the_command_answers_in_the_readers_language(rt: Runtime, host_app: Flask) -> None:
    """R-052: and programs get codes with values."""
    issue(rt)
    english = certify(host_app, "explain", RUN, "ben")
    hindi = certify(host_app, "explain", RUN, "ben", "--lang", "hi")
    assert english.exit_code == hindi.exit_code == 0, hindi.output
    assert "No certificate, because:" in english.output and "No certificate" not in hindi.output
    told = json.loads(certify(host_app, "explain", RUN, "ben", "--json").stdout)
    assert told["reasons"] == [
        {
            "code": "progress_below",
            "values": {"has": "70", "asked": "100"},
            "sentence": "70 % of the course is done, 100 % is asked.",
        }
    ]
    holder = json.loads(certify(host_app, "explain", RUN, "ada", "--json").stdout)
    assert (holder["label"], holder["status"], len(holder["certificate"])) == ("Issued", "downloadable", 12)
    assert "[run.unknown]" in certify(host_app, "explain", "nowhere-1", "ben").stderr


def test_a_stranger_to_the_run_gets_an_answer_too(rt: Runtime) -> None:
    assert [each.code for each in explaining.explain(rt, RUN, "eve").reasons] == ["learner_unknown"]


# ---- what if? --------------------------------------------------------------------------------------

STRICT = Clause("completion", "tenant", AllOf((Progress(100), ScoreAtLeast(95))))
LENIENT = Clause("completion", "tenant", AllOf((Progress(70),)))


def test_other_rules_show_who_would_gain_and_nobody_loses(rt: Runtime) -> None:
    """R-085, R-074."""
    issue(rt)
    run = ensure_run(rt, RUN)
    found = simulating.simulate(rt, run, [LENIENT])
    assert (found.gain, found.lose, found.stay) == (("ben",), (), ("ada", "cy", "dev"))
    found = simulating.simulate(rt, run, [STRICT])
    assert (found.gain, found.lose, found.stay) == ((), (), ("ada", "ben", "cy", "dev"))


def test_before_anything_is_issued_other_rules_show_who_would_go_without(rt: Runtime) -> None:
    """R-085."""
    found = simulating.simulate(rt, ensure_run(rt, RUN), [STRICT])
    assert (found.gain, found.lose, found.forgo, found.stay) == ((), (), ("ada", "cy", "dev"), ("ben",))


def test_the_command_reads_rules_from_a_file_and_names_what_it_cannot_read(
    rt: Runtime, host_app: Flask, tmp_path: Path
) -> None:
    """R-025."""
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(notation.rule_set_to_json([LENIENT])))
    result = certify(host_app, "simulate", RUN, "--rules", str(rules), "--json")
    assert (result.exit_code, json.loads(result.stdout)["gain"]) == (0, ["ben"])
    assert "would lose one" in certify(host_app, "simulate", RUN, "--rules", str(rules)).stdout
    rules.write_text("{")
    assert "[rules.not_json]" in certify(host_app, "simulate", RUN, "--rules", str(rules)).stderr
    rules.write_text('{"version": 1, "attachments": [{"achievement": "completion", "rule": {"wealth": "1"}}]}')
    assert "[rule.unknown_operator]" in certify(host_app, "simulate", RUN, "--rules", str(rules)).stderr


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ((Progress(100), Progress(50)), "attachment.overlap"),
        ((AllOf((ScoreAtLeast(90), ScoreBelow(80))),), "attachment.impossible"),
        ((AttributeIs("grade", "7"),), "attachment.not_about_the_course"),
    ],
)
def test_rules_that_could_not_be_attached_are_not_tried_either(rt: Runtime, rules: tuple[Rule, ...], code: str) -> None:
    """R-024, R-025, R-049: a simulation of them would promise what cannot be."""
    clauses = [Clause("completion", "tenant", rule) for rule in rules]
    with pytest.raises(CertifyError) as refused:
        simulating.simulate(rt, ensure_run(rt, RUN), clauses)
    assert refused.value.code == code
    with pytest.raises(UnknownAchievement, match="diploma"):
        simulating.simulate(rt, ensure_run(rt, RUN), [Clause("diploma", "tenant", Progress(100))])


def test_of_whom_the_platform_knows_nothing_nothing_is_said(rt: Runtime) -> None:
    """Group B: unknown is told apart from every value."""
    facts = explaining.explain(rt, RUN, "nobody").facts
    asked = ("enrolled", "mode", "account_active", "progress", "score", "passing", "identity_approved", "beta_tester")
    assert {facts[each] for each in asked} == {None}


# ---- who waits? ------------------------------------------------------------------------------------


def test_the_review_queue_lists_who_is_due_and_who_no_longer_would_be(
    rt: Runtime, host: MemoryHost, host_app: Flask
) -> None:
    """R-187: information only; nothing is issued or taken away by looking."""
    working.drain(rt)
    run_id = ensure_run(rt, RUN).id
    with rt.reading() as session:
        assert reviewing.count(session, run_id).counts == {Queue.NOT_ISSUED: 3, Queue.NOT_ELIGIBLE: 0}
    issue(rt)
    host.change_learner(RUN, "ada", progress=None)
    host.add_run(replace(host.runs[RUN]))
    from flask_certify import Certify

    Certify().run_changed(RUN)
    working.drain(rt)
    with rt.reading() as session:
        assert reviewing.count(session, run_id).counts == {Queue.NOT_ISSUED: 0, Queue.NOT_ELIGIBLE: 1}
        [ada] = reviewing.learners(session, run_id, Queue.NOT_ELIGIBLE)
    assert (ada.learner_ref, ada.label) == ("ada", "Issued")
    told = json.loads(certify(host_app, "review", RUN, "--json").stdout)
    assert told == {"eligible_not_issued": [], "issued_not_eligible": ["ada"]}
    assert "no longer eligible" in certify(host_app, "review", RUN).stdout


def test_who_is_declared_invalid_is_not_due_and_whose_invalidation_is_lifted_is_eligible_again(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-077, R-078, R-187: at once, and not only after the run was looked at again."""
    issue(rt)
    run_id, why = ensure_run(rt, RUN).id, Why(Cause.OTHER)

    def waiting() -> dict[Queue, int]:
        with rt.reading() as session:
            return dict(reviewing.count(session, run_id).counts)

    nobody = dict.fromkeys(Queue, 0)
    excepting.invalidate(rt, run_id, ["ada", "dev"], why, actor=MIA)
    assert waiting() == nobody
    changes.learner_changed(rt, RUN, "ada")
    excepting.lift(rt, run_id, ["ada"], why, actor=MIA)
    assert waiting() == nobody
    host.change_learner(RUN, "dev", progress=90)
    excepting.lift(rt, run_id, ["dev"], why, actor=MIA)
    assert waiting() == nobody
    changes.learner_changed(rt, RUN, "ben")
    host.change_learner(RUN, "ben", progress=100, completed_on=COMPLETED)
    assert [each.result for each in issue_many(rt, run_id, ["ben"], actor=MIA)] == ["issued"]
    assert waiting() == nobody
