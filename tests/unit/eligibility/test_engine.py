"""The engine as a whole: order of its reasons, and what holds whatever the case."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility.cases import FLAGS, case_of
from flask_certify.eligibility.engine import (
    KNOWN_STATUSES,
    Act,
    Case,
    Fit,
    Outcome,
    Path,
    Status,
    Verdict,
    evaluate,
)
from flask_certify.eligibility.facts import NOT_EARNING, Entry, Facts, Kept, RunFacts
from flask_certify.eligibility.reasons import WORDS, Reason

RUN = RunFacts("wales")
ADA = Facts(run=RUN, mode="verified")
MET = (Reason("progress", {"has": "100", "asked": "100"}),)
UNMET = (Reason("progress_below", {"has": "60", "asked": "100"}),)
ATTACHED = UUID(int=1)

modes = st.sampled_from([None, "audit", "honor", "verified", "professional", "no-id-professional"])
runs = st.builds(
    RunFacts,
    tenant_ref=st.just("wales"),
    custom_course=st.booleans(),
    display_on=st.booleans(),
    identity_required=st.booleans(),
    course_known=st.booleans(),
    not_earning=st.sampled_from([NOT_EARNING, NOT_EARNING | {"honor"}, frozenset()]),
)
facts = st.builds(
    Facts,
    run=runs,
    known=st.booleans(),
    account_active=st.booleans(),
    beta_tester=st.booleans(),
    passing=st.sampled_from([None, True, False]),
    enrolled=st.booleans(),
    mode=modes,
    identity_approved=st.booleans(),
)
kept = st.builds(
    Kept,
    status=st.sampled_from([None, *sorted(KNOWN_STATUSES)]),
    made_in=modes,
    allowlist=st.sampled_from(Entry),
    invalidation=st.sampled_from(Entry),
)
fits = st.one_of(
    st.builds(Fit, st.just(True), st.just(MET), st.just(ATTACHED)),
    st.builds(Fit, st.sampled_from([False, None]), st.just(UNMET), st.just(ATTACHED), st.booleans()),
    st.builds(Fit, st.none(), st.just(UNMET), st.none(), st.just(False), st.just(True)),
)
vetoes = st.sampled_from([None, "no", Reason("veto.failed", {"kind": "KeyError"})])
cases = st.builds(
    Case,
    facts=facts,
    kept=kept,
    fit=fits,
    veto=vetoes,
    path=st.sampled_from(Path),
)


@given(cases)
def test_evaluating_takes_a_downloadable_record_away_only_for_an_active_invalidation(case: Case) -> None:
    """R-074, D-11."""
    case = replace(case, kept=replace(case.kept, status="downloadable"))
    verdict = evaluate(case)
    if case.kept.invalidation is Entry.ACTIVE:
        assert verdict.status_after in ("downloadable", "unavailable")
    else:
        assert verdict.status_after == "downloadable"


@given(cases)
def test_failing_never_makes_a_record_and_only_a_missing_identity_does(case: Case) -> None:
    """R-066."""
    case = replace(case, kept=replace(case.kept, status=None))
    verdict = evaluate(case)
    if verdict.act is Act.SET_STATUS:
        assert verdict.status_after == "unverified"
        assert case.facts.run.identity_required and not case.facts.identity_approved
        assert case.kept.allowlist is Entry.ACTIVE or case.fit.passing
    elif verdict.act is Act.NONE:
        assert verdict.status_after is None


@given(cases)
def test_every_case_has_one_verdict_that_fits_together_and_says_why(case: Case) -> None:
    """R-051, R-052, R-062."""
    verdict = evaluate(case)
    assert verdict == evaluate(case)
    assert verdict.handled == (verdict.act is not Act.NONE)
    assert verdict.reasons and all(each.code in WORDS for each in verdict.reasons)
    assert len({each.code for each in verdict.reasons}) == len(verdict.reasons)
    granted = verdict.act is Act.GENERATE
    assert granted == (verdict.outcome is Outcome.GRANTED)
    assert (verdict.attachment_id is not None) == granted
    if verdict.act is Act.NONE:
        assert verdict.status_after == case.kept.status
    elif not granted:
        assert verdict.status_after in set(Status) - {Status.DOWNLOADABLE}


@given(cases)
def test_all_that_must_hold_for_a_certificate_held_when_one_was_granted(case: Case) -> None:
    """R-053, R-056: the allowlist excuses copy, beta tester and passing, and nothing else."""
    if evaluate(case).act is not Act.GENERATE:
        return
    facts, run = case.facts, case.facts.run
    assert facts.known and facts.account_active and facts.enrolled
    assert facts.mode not in run.not_earning
    assert (
        facts.identity_approved or not run.identity_required or facts.mode in ("honor", "audit", "no-id-professional")
    )
    assert case.kept.invalidation is not Entry.ACTIVE
    assert run.course_known and run.display_on
    assert case.veto is None and not case.fit.closed
    if case.kept.allowlist is not Entry.ACTIVE:
        assert not facts.beta_tester and not run.custom_course
        assert facts.passing is not False and case.fit.passing


@given(cases)
def test_an_exception_that_is_over_counts_as_none(case: Case) -> None:
    """R-054, R-078."""
    over = replace(case, kept=replace(case.kept, allowlist=Entry.INACTIVE, invalidation=Entry.INACTIVE))
    none = replace(case, kept=replace(case.kept, allowlist=Entry.NONE, invalidation=Entry.NONE))
    assert evaluate(over) == evaluate(none)


@given(cases)
def test_evaluating_again_right_away_changes_nothing_more(case: Case) -> None:
    """R-105: what was written is confirmed, what was made is final."""
    first = evaluate(case)
    mode = case.facts.mode if first.act is Act.GENERATE else case.kept.made_in
    again = evaluate(replace(case, kept=replace(case.kept, status=first.status_after, made_in=mode)))
    assert again.status_after == first.status_after


@given(cases)
def test_what_cannot_be_said_writes_neither_failing_nor_a_certificate(case: Case) -> None:
    """R-033: silence is later, never no."""
    silent = replace(
        case,
        facts=replace(case.facts, passing=None),
        fit=Fit(None, UNMET, ATTACHED),
        kept=replace(case.kept, allowlist=Entry.NONE),
    )
    assert evaluate(silent).status_after in (silent.kept.status, "unavailable")


ORDER = (
    ("learner_unknown", {"user_exists": False}),
    ("private_copy", {"ccx": True}),
    ("beta_tester", {"beta_tester": True}),
    ("not_passing", {"passing": False}),
    ("invalidated", {"invalidated": True}),
    ("not_enrolled", {"enrollment_exists": False}),
    ("mode_does_not_earn", {"enrollment_mode": "audit"}),
    ("identity_not_approved", {"idv_required": True, "id_verified": False}),
    ("already_final", {"existing_status": "downloadable"}),
    ("course_missing", {"course_exists": False}),
    ("display_off", {"web_certs_enabled_instance": False}),
    ("vetoed", {"creation_filter_blocks": True}),
)
EXCUSED = {"private_copy", "beta_tester", "not_passing"}


@pytest.mark.parametrize("listed", [False, True])
def test_the_first_that_fails_stands_first_in_the_order_of_the_regular_and_of_the_allowlist_rules(listed: bool) -> None:
    """R-055, R-056: with everything wrong, mending one thing after the other names the next."""
    wrong = {key: value for _, fails in ORDER for key, value in fails.items()} | {"allowlisted": listed}
    order = [(code, fails) for code, fails in ORDER if not (listed and code in EXCUSED)]
    for code, fails in order:
        if code == "identity_not_approved":  # audit is exempt from identity, verified is not
            wrong["enrollment_mode"] = "verified"
        assert evaluate(case_of(wrong)).reasons[0].code == code
        for key in fails:
            del wrong[key]
    assert evaluate(case_of(wrong)).act is Act.GENERATE


def test_who_is_on_no_list_gets_nothing_by_the_rules_of_the_list() -> None:
    """R-056."""
    assert evaluate(Case(ADA, path=Path.ALLOWLIST_ONLY)).reasons[0].code == "not_allowlisted"
    off = Case(ADA, Kept(allowlist=Entry.INACTIVE), path=Path.ALLOWLIST_ONLY)
    assert evaluate(off).reasons[0].code == "not_allowlisted"


def test_a_blocked_account_is_skipped_with_a_reason() -> None:
    """R-050."""
    assert evaluate(Case(replace(ADA, account_active=False), Kept("unverified"))) == Verdict(
        Act.NONE, "unverified", False, (Reason("account_inactive"),), Outcome.DECLINED
    )


def test_a_host_that_breaks_when_it_is_asked_for_a_veto_is_a_failure_and_changes_nothing() -> None:
    """R-060: neither yes nor no."""
    broken = Reason("veto.failed", {"kind": "KeyError"})
    verdict = evaluate(Case(ADA, Kept("notpassing"), veto=broken))
    assert (verdict.act, verdict.status_after, verdict.handled) == (Act.NONE, "notpassing", False)
    assert (verdict.outcome, verdict.reasons) == (Outcome.FAULTY, (broken,))
    assert evaluate(Case(Facts(run=RunFacts("wales"), known=False), veto=broken)).reasons[0].code == "learner_unknown"


def test_a_veto_is_a_refusal_with_its_text() -> None:
    """R-060."""
    verdict = evaluate(Case(ADA, veto="fees are due"))
    assert (verdict.act, verdict.outcome) == (Act.NONE, Outcome.DECLINED)
    assert verdict.reasons == (Reason("vetoed", {"answer": "fees are due"}),)


def test_a_granted_certificate_says_by_which_way() -> None:
    """R-052."""
    listed = Kept(allowlist=Entry.ACTIVE)
    assert evaluate(Case(ADA)).reasons == (Reason("passing"),)
    assert evaluate(Case(ADA, fit=Fit(True, MET, ATTACHED))).reasons == MET
    assert evaluate(Case(ADA, listed, Fit(True, MET, ATTACHED))).reasons == (Reason("allowlisted"), *MET)
    assert evaluate(Case(ADA, listed, Fit(False, UNMET, ATTACHED))).reasons == (Reason("allowlisted"),)


def test_wrong_data_are_neither_yes_nor_no_unless_something_else_refuses() -> None:
    """R-041."""
    faulty = Fit(None, (Reason("score.no_assessments"),), ATTACHED, faulty=True)
    assert evaluate(Case(ADA, fit=faulty)).outcome is Outcome.FAULTY
    assert evaluate(Case(ADA, Kept("notpassing"), faulty)).act is Act.NONE
    assert evaluate(Case(replace(ADA, enrolled=False), fit=faulty)).outcome is Outcome.DECLINED


def test_the_allowlist_opens_no_attachment_that_is_closed_to_the_learner() -> None:
    """R-034, R-045."""
    closed = Fit(None, (Reason("run_not_ended"),), closed=True)
    verdict = evaluate(
        Case(replace(ADA, run=replace(RUN, identity_required=True)), Kept(allowlist=Entry.ACTIVE), closed)
    )
    assert (verdict.act, verdict.reasons[0].code) == (Act.NONE, "identity_not_approved")
    assert evaluate(Case(ADA, Kept(allowlist=Entry.ACTIVE), closed)).reasons == closed.reasons


def test_an_invalidation_named_first_by_another_refusal_is_named_as_well() -> None:
    """R-077: the status has its reason."""
    verdict = evaluate(Case(replace(ADA, passing=False), Kept("unverified", invalidation=Entry.ACTIVE)))
    assert [each.code for each in verdict.reasons] == ["not_passing", "invalidated"]


def test_nobody_who_says_nothing_is_harmed() -> None:
    """D-06."""
    assert evaluate(case_of({})).act is Act.GENERATE
    assert evaluate(case_of(dict.fromkeys(FLAGS))).act is Act.GENERATE
