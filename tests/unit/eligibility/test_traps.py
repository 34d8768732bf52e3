"""What a naive build would miss, as far as it is about deciding; numbered as in the list of twenty-two."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flask_certify.eligibility import events, rules
from flask_certify.eligibility.cases import case_of
from flask_certify.eligibility.decide import Offer, decide
from flask_certify.eligibility.engine import Act, Case, Status, Verdict, evaluate
from flask_certify.eligibility.events import Evaluate, Nothing, SetStatus, respond
from flask_certify.eligibility.facts import Entry, Facts, Kept, RunFacts, learner_facts, run_facts
from flask_certify.eligibility.scores import score_of
from flask_certify.eligibility.visibility import is_visible, shown_date
from flask_certify.host.records import Assessment, Attempt, CourseRun, Display, LearnerRecord
from tests.support.deciding import ACHIEVEMENT, ADA, COMPLETION, PAIR

HELD = Kept("downloadable", "verified")


def verdict_of(**keys: Any) -> Verdict:
    return evaluate(case_of(keys))


@pytest.mark.parametrize(
    "fails",
    [
        {"passing": False},
        {"enrollment_mode": "audit"},
        {"enrollment_exists": False},
        {"id_verified": False},
        {"ccx": True},
    ],
)
def test_1_evaluating_again_never_takes_a_good_certificate_away_and_a_failing_event_does(
    fails: dict[str, bool],
) -> None:
    """R-074, R-070."""
    assert verdict_of(existing_status="downloadable", idv_required=True, **fails).status_after == "downloadable"
    assert respond(events.Failed(), HELD).action == SetStatus(Status.NOTPASSING)


def test_2_the_allowlist_excuses_passing_beta_tester_and_private_copy_but_nothing_else() -> None:
    """R-056."""
    excused = {"passing": False, "beta_tester": True, "ccx": True}
    assert verdict_of(allowlisted=True, **excused).act is Act.GENERATE
    for fails in ({"enrollment_mode": "audit"}, {"idv_required": True, "id_verified": False}, {"invalidated": True}):
        assert verdict_of(allowlisted=True, **excused, **fails).act is not Act.GENERATE


def test_3_an_inactive_enrolment_still_earns() -> None:
    """R-032; that an exception needs an active one is R-082, and asked where exceptions are made."""
    assert verdict_of(enrollment_active=False).act is Act.GENERATE
    assert verdict_of(enrollment_exists=False).act is Act.NONE


def test_4_a_refusal_may_make_a_record_and_failing_never_does() -> None:
    """R-066."""
    assert verdict_of(idv_required=True, id_verified=False).status_after == "unverified"
    assert verdict_of(passing=False).status_after is None


def test_5_an_invalidation_that_evaluating_skips_counts_because_it_was_set_when_it_was_made() -> None:
    """R-077."""
    assert verdict_of(ccx=True, invalidated=True, existing_status="downloadable").status_after == "downloadable"
    assert respond(events.InvalidationMade(), HELD).action == SetStatus(Status.UNAVAILABLE)


def test_6_lifting_an_invalidation_evaluates_and_the_certificate_comes_back() -> None:
    """R-078."""
    assert respond(events.InvalidationLifted(), Kept("unavailable", "verified")).action == Evaluate()
    assert verdict_of(invalidated=True, invalidation_inactive=True, existing_status="unavailable").act is Act.GENERATE


def test_7_a_finished_certificate_is_final_for_evaluating() -> None:
    """R-059: so a corrected name needs a re-issue of its own."""
    assert verdict_of(existing_status="downloadable").reasons[0].code == "already_final"


def test_9_to_exist_to_be_visible_and_the_date_shown_are_three_different_things() -> None:
    """R-086, R-088."""
    end = datetime(2028, 2, 29, tzinfo=UTC)
    run = CourseRun("r", "Bread", "c", "wales", end=end, display=Display.END)
    before, made_on = end - timedelta(days=5), end - timedelta(days=9)
    assert verdict_of(existing_status="downloadable").status_after == "downloadable"
    assert not is_visible(run, before)
    assert shown_date(run, before, changed_at=made_on) == end.date()


def test_11_completion_or_merit_whichever_comes_later_the_first_that_fits_at_the_end_wins() -> None:
    """R-045, R-046: before the end of the run nothing is granted, and after it one of the two."""
    running = replace(ADA, run=replace(ADA.run, has_ended=False))
    assert not decide(PAIR, running).granted
    assert decide(PAIR, replace(ADA, score=60)).attachment_id == COMPLETION
    assert decide(PAIR, replace(ADA, score=90)).attachment_id == ACHIEVEMENT
    assert decide(PAIR, replace(ADA, score=90), HELD).reasons[0].code == "already_final"


def test_16_a_hook_that_says_no_is_a_recorded_refusal_and_nothing_breaks() -> None:
    """R-060."""
    verdict = evaluate(Case(Facts(run=RunFacts("wales")), Kept("unverified"), veto="no"))
    assert (verdict.act, verdict.status_after, verdict.reasons[0].code) == (Act.NONE, "unverified", "vetoed")


def test_17_people_who_are_unknown_or_gone_are_refused_with_a_reason() -> None:
    """R-050."""
    assert verdict_of(user_exists=False).reasons[0].code == "learner_unknown"
    gone = replace(ADA, account_active=False)
    assert decide(PAIR, gone).reasons[0].code == "account_inactive"


def test_20_the_best_attempt_of_each_then_the_mean_and_eight_of_ten_is_merit_at_80() -> None:
    """R-039, R-038, R-043."""
    quiz = (Assessment("a", max_score=10), Assessment("b", max_score=20))
    assert score_of(quiz, (Attempt("a", 2), Attempt("a", 8), Attempt("b", 16), Attempt("b", 3))) == 80
    merit = decide(PAIR, replace(ADA, score=score_of(quiz[:1], (Attempt("a", 8),))))
    assert merit.attachment_id == ACHIEVEMENT


def test_an_exception_outlives_a_drop_of_progress_and_a_rejected_exam() -> None:
    """R-071, R-075: the allowlist ignored is an old complaint (26)."""
    listed = replace(HELD, allowlist=Entry.ACTIVE)
    for event in (events.ProgressSaid(10), events.ExamRejected(), events.Failed()):
        assert respond(event, listed).action == Nothing()


def test_attempts_of_a_learner_who_has_not_completed_by_the_end_give_nothing() -> None:
    """R-043: 6, 7, 8 of 10, and not complete."""
    end = datetime(2028, 2, 29, tzinfo=UTC)
    run = CourseRun("r", "Bread", "c", "wales", end=end, assessments=(Assessment("a", max_score=10),))
    attempts = tuple(Attempt("a", score) for score in (6, 7, 8))
    ben = LearnerRecord("ben", tenant_ref="wales", progress=90.0, attempts=attempts)
    offers = [Offer(COMPLETION, rules.completion(), "tenant"), Offer(ACHIEVEMENT, rules.achievement(), "tenant")]
    facts = replace(learner_facts(run_facts(run, end), ben, end), enrolled=True)
    assert decide(offers, facts).reasons[0].code == "progress_below"
