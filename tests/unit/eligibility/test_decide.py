"""Who may have a certificate, and why not: the rules of groups A and B of the requirements, one sentence each."""

from dataclasses import replace
from fractions import Fraction
from uuid import UUID

import pytest

from flask_certify.eligibility import rules
from flask_certify.eligibility.decide import Offer, Outcome, decide
from flask_certify.eligibility.engine import Path
from flask_certify.eligibility.facts import NOTHING_KEPT, Entry, Facts, Kept, RunFacts
from flask_certify.eligibility.reasons import WORDS, Reason, worded
from tests.support.deciding import ACHIEVEMENT, ADA, COMPLETION, ENDED, PAIR


def first_reason(facts: Facts, offers: tuple[Offer, ...] = PAIR, kept: Kept = NOTHING_KEPT) -> str:
    answer = decide(offers, facts, kept)
    assert not answer.granted
    return answer.reasons[0].code


@pytest.mark.parametrize(
    ("score", "earned"),
    [
        (Fraction(0), COMPLETION),
        (Fraction(7999, 100), COMPLETION),
        (Fraction(80), ACHIEVEMENT),
        (Fraction(100), ACHIEVEMENT),
    ],
)
def test_merit_begins_at_the_threshold_and_79_99_is_not_80(score: Fraction, earned: UUID) -> None:
    """R-038, R-042, D-03."""
    assert decide(PAIR, replace(ADA, score=score)).attachment_id == earned


def test_nobody_receives_both() -> None:
    """R-046: criteria are tried in order, the first match wins."""
    overlapping = (Offer(COMPLETION, rules.Progress(Fraction(50)), "everyone"), PAIR[1])
    assert decide(overlapping, ADA).attachment_id == COMPLETION


def test_the_order_of_the_guards_is_that_of_r_055() -> None:
    """R-050, R-055: with everything wrong, mending one thing after the other names the next."""
    wrong = Facts(
        run=RunFacts(
            "wales", custom_course=True, display_on=False, identity_required=True, has_ended=True, course_known=False
        ),
        known=False,
        account_active=False,
        beta_tester=True,
        passing=False,
        enrolled=False,
        mode="audit",
    )
    mended = [
        ("learner_unknown", {"known": True}),
        ("account_inactive", {"account_active": True}),
        ("private_copy", {"run": replace(wrong.run, custom_course=False)}),
        ("beta_tester", {"beta_tester": False}),
        ("not_passing", {"passing": True}),
        ("not_enrolled", {"enrolled": True}),
        ("mode_does_not_earn", {"mode": "verified"}),
        ("identity_not_approved", {"identity_approved": True}),
    ]
    facts, kept = wrong, Kept(invalidation=Entry.ACTIVE)
    for code, mend in mended:
        if code == "not_enrolled":
            assert first_reason(facts, kept=kept) == "invalidated"
            kept = Kept("downloadable", "verified")
        assert first_reason(facts, kept=kept) == code
        facts = replace(facts, **mend)  # type: ignore[arg-type]
    assert first_reason(facts, kept=kept) == "already_final"
    assert first_reason(facts) == "course_missing"
    facts = replace(facts, run=replace(facts.run, course_known=True))
    assert first_reason(facts) == "display_off"


def test_no_answer_about_progress_is_never_read_as_a_number() -> None:
    """R-033."""
    assert first_reason(replace(ADA, progress=None)) == "progress_unknown"
    assert first_reason(replace(ADA, progress=Fraction(99))) == "progress_below"


def test_a_host_without_a_verdict_leaves_it_to_the_criteria() -> None:
    """D-06: a fact the host does not supply takes its harmless default."""
    assert decide(PAIR, replace(ADA, passing=None)).granted


def test_an_exempt_mode_needs_no_identity() -> None:
    """R-057."""
    asked = replace(ADA, run=replace(ENDED, identity_required=True))
    assert first_reason(asked) == "identity_not_approved"
    assert decide(PAIR, replace(asked, mode="no-id-professional")).granted


def test_the_audience_is_judged_for_each_attachment() -> None:
    """R-034, R-035."""
    tenant_only = tuple(replace(each, audience="tenant") for each in PAIR)
    assert first_reason(replace(ADA, tenant_ref="devon"), tenant_only) == "outside_audience"
    assert first_reason(replace(ADA, tenant_ref=None), tenant_only) == "outside_audience"
    assert decide(tenant_only, ADA).granted
    assert decide(PAIR, replace(ADA, tenant_ref=None)).granted


def test_with_several_attachments_nothing_is_granted_before_the_end_and_late_completion_does_not_count() -> None:
    """R-044, R-045; with one attachment neither holds."""
    running = replace(ADA, run=replace(ENDED, has_ended=False))
    assert first_reason(running) == "run_not_ended"
    assert first_reason(replace(ADA, completed_in_time=False)) == "completed_late"
    assert first_reason(replace(ADA, completed=False, completed_in_time=False)) == "completion_unknown"
    assert decide(PAIR[1:], replace(running, completed=False, completed_in_time=False)).granted


def test_a_run_with_nothing_attached_grants_nothing_and_writes_nothing() -> None:
    """R-032."""
    assert first_reason(ADA, ()) == "nothing_attached"
    answer = decide((), ADA, Kept("unverified"))
    assert answer.verdict is not None and answer.verdict.status_after == "unverified"


def test_a_listed_learner_gets_what_fits_and_else_the_first_that_is_attached() -> None:
    """R-056: the list excuses the criteria, not the audience and not the end of the run."""
    listed = Kept(allowlist=Entry.ACTIVE)
    assert decide(PAIR, ADA, listed).attachment_id == ACHIEVEMENT
    assert decide(PAIR, replace(ADA, progress=60), listed).attachment_id == COMPLETION
    assert decide(PAIR, replace(ADA, completed_in_time=False), listed).attachment_id == ACHIEVEMENT
    assert not decide(PAIR, replace(ADA, run=replace(ENDED, has_ended=False)), listed).granted
    tenant_only = tuple(replace(each, audience="tenant") for each in PAIR)
    assert not decide(tenant_only, replace(ADA, tenant_ref="devon"), listed).granted


def test_passing_means_that_the_host_does_not_say_no_and_the_criteria_are_met() -> None:
    """D-06: either no writes `notpassing` on a record that is not final; silence does not."""
    before = Kept("unverified")
    for facts in (replace(ADA, passing=False), replace(ADA, progress=60), replace(ADA, completed_in_time=False)):
        verdict = decide(PAIR, facts, before).verdict
        assert verdict is not None and verdict.status_after == "notpassing"
    for facts in (replace(ADA, progress=None), replace(ADA, completed=False), replace(ADA, tenant_ref="x")):
        verdict = decide([replace(each, audience="tenant") for each in PAIR], facts, before).verdict
        assert verdict is not None and verdict.status_after == "unverified"


def test_a_veto_and_one_kind_of_rules_reach_the_engine() -> None:
    """R-056, R-060."""
    assert decide(PAIR, ADA, veto="fees are due").reasons[0].code == "vetoed"
    assert decide(PAIR, ADA, path=Path.ALLOWLIST_ONLY).reasons[0].code == "not_allowlisted"


def test_wrong_data_are_neither_yes_nor_no() -> None:
    """R-041."""
    fault = Reason("attempt.above_maximum", {"assessment": "quiz", "maximum": "10"})
    answer = decide(PAIR, replace(ADA, score=fault))
    assert answer.outcome is Outcome.FAULTY
    assert answer.reasons == (fault,)


def test_wrong_attempts_do_not_matter_to_who_has_not_completed() -> None:
    fault = Reason("attempt.above_maximum", {"assessment": "quiz", "maximum": "10"})
    assert first_reason(replace(ADA, progress=Fraction(60), score=fault)) == "progress_below"


def test_any_of_and_attributes_are_judged() -> None:
    """R-049."""
    rule = rules.AllOf(
        (
            rules.Progress(Fraction(100)),
            rules.AnyOf((rules.AttributeIs("subject", "physics"), rules.ScoreAtLeast(Fraction(95)))),
        )
    )
    offer = (Offer(ACHIEVEMENT, rule, "everyone"),)
    assert decide(offer, replace(ADA, attributes={"subject": "physics"})).granted
    assert decide(offer, replace(ADA, score=Fraction(95))).granted
    refused = decide(offer, replace(ADA, attributes={"subject": "history"}))
    assert [reason.code for reason in refused.reasons] == ["attribute_differs", "score_below"]


def test_every_reason_has_its_sentence_and_an_unknown_one_shows_its_code() -> None:
    assert all(sentence.endswith(".") for sentence in WORDS.values())
    assert worded("progress_below", {"has": "70", "asked": "100"}) == "70 % of the course is done, 100 % is asked."
    assert worded("of.another.version", {}) == "of.another.version"
    assert worded("progress_below", {}) == "progress_below"
