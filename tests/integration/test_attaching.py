"""Attaching certificates to a run or a course: once, with criteria that exclude each other, and never reaching back."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.achievements.models import Issuer
from flask_certify.achievements.service import UnknownRun, ensure_run, get_issuer
from flask_certify.awards.models import Award
from flask_certify.core import audit
from flask_certify.core.current import runtime_of
from flask_certify.core.i18n import speaking
from flask_certify.core.runtime import Runtime
from flask_certify.credentials.models import IssuerKey
from flask_certify.documents import service as documents
from flask_certify.documents.errors import TemplateNotFound
from flask_certify.documents.models import RETIRED, Template
from flask_certify.eligibility import notation
from flask_certify.eligibility.rules import AllOf, AttributeIs, Progress, ScoreAtLeast, ScoreBelow
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Enrolment
from flask_certify.issuing import attaching, bulk, criteria, many, night, previewing, printing
from flask_certify.issuing.attaching import By, Place, Terms
from flask_certify.issuing.errors import (
    AlreadyAttached,
    ImpossibleCriteria,
    NeedsAnEnd,
    NothingAttached,
    NotReadyToAttach,
    NotWhatWasSeen,
    OverlappingCriteria,
    RuleNeedsAssessments,
    RuleNotAboutTheCourse,
    UnknownAchievement,
    UnknownFact,
    WrongAudience,
)
from flask_certify.verification.answers import Answer
from flask_certify.verification.service import check_code
from tests.support.story import MIA, RUN, TOM

NEW, SECOND = "physics-2", "physics-3"
WHOLE = AllOf((Progress(100),))
BELOW, FROM = AllOf((Progress(100), ScoreBelow(80))), AllOf((Progress(100), ScoreAtLeast(80)))


@pytest.fixture
def place(rt: Runtime, host: MemoryHost) -> Place:
    """A run without certificates, of a course that has another run."""
    for ref in (NEW, SECOND):
        host.add_run(replace(host.runs[RUN], run_ref=ref, course_ref="optics"))
    return Place(ensure_run(rt, NEW))


def template(rt: Runtime, tenant: str = "wales") -> Any:
    with rt.transaction() as tx:
        return documents.ensure_shipped_templates(tx, get_issuer(tx.session, tenant).id)["classic"]


def terms(rt: Runtime, rule: Any = WHOLE, **more: Any) -> Terms:
    return Terms(template(rt), rule, **more)


def in_use(rt: Runtime, run_ref: str) -> list[str]:
    return [each.achievement.key for each in attaching.in_use(rt, ensure_run(rt, run_ref))]


def test_what_is_attached_is_used_from_then_on(rt: Runtime, host: MemoryHost, place: Place) -> None:
    """R-001, R-032."""
    attaching.attach(rt, place, terms(rt, audience="everyone"), By(TOM))
    host.add_learner(NEW, host.records[RUN]["ada"])
    [outcome] = many.issue_many(rt, place.run.id, ["ada"], actor=MIA, notify=False)
    assert (outcome.result, outcome.achievement_key) == ("issued", "completion")


@pytest.mark.parametrize("to_course", [False, True])
def test_attaching_where_one_is_attached_is_refused_in_the_same_words_for_course_and_run(
    rt: Runtime, place: Place, to_course: bool
) -> None:
    """R-002, R-006."""
    there = replace(place, to_course=to_course)
    attaching.attach(rt, there, terms(rt), By(TOM))
    before = attaching.at(rt, there)
    with pytest.raises(AlreadyAttached) as refused:
        attaching.attach(rt, there, terms(rt, FROM), By(TOM))
    assert str(refused.value) == "This course already has a certificate attached to it."
    assert (refused.value.code, refused.value.status) == ("attachment.exists", 409)
    assert attaching.at(rt, there) == before


@pytest.mark.parametrize("to_course", [False, True])
def test_updating_or_removing_where_none_is_attached_is_refused_in_the_same_words(
    rt: Runtime, place: Place, to_course: bool
) -> None:
    """R-005, R-006, R-023: naming one that is not attached gives the same message."""
    there = replace(place, to_course=to_course)
    stranger = attaching.in_use(rt, ensure_run(rt, RUN))[0]
    for act in (
        lambda: attaching.remove(rt, there, By(TOM)),
        lambda: attaching.remove(rt, there, By(TOM), stranger.id),
        lambda: attaching.update(rt, there, stranger.id, terms(rt), By(TOM)),
    ):
        with pytest.raises(NothingAttached) as refused:
            act()
        assert str(refused.value) == "This course does not have a certificate attached to it."
        assert refused.value.code == "attachment.none"


def test_an_update_is_used_from_then_on_and_reaches_nothing_that_was_issued(
    rt: Runtime, host: MemoryHost, place: Place
) -> None:
    """R-003, R-019, R-021, R-026: the new criteria replace the old ones, and ≥ stays ≥ after reading back."""
    [first] = attaching.attach(rt, place, terms(rt, FROM, achievement="achievement"), By(TOM)).attachments
    host.add_learner(NEW, host.records[RUN]["ada"])
    host.add_learner(NEW, host.records[RUN]["cy"])
    many.issue_many(rt, place.run.id, ["ada"], actor=MIA, notify=False)
    updated = attaching.update(rt, place, first.id, terms(rt, AllOf((Progress(100), ScoreAtLeast(60)))), By(TOM))
    assert next(each.code for each in updated.notices) == "attachment.later_only"
    [now] = attaching.at(rt, place)
    assert notation.from_json(now.rule) == AllOf((Progress(100), ScoreAtLeast(60)))
    outcomes = many.issue_many(rt, place.run.id, ["ada", "cy"], actor=MIA, notify=False)
    assert [each.result for each in outcomes] == ["already", "issued"]
    with rt.reading() as session:
        kinds = session.execute(sa.select(Award.learner_ref, Award.attachment_id).order_by(Award.learner_ref)).all()
    assert [tuple(row) for row in kinds] == [("ada", first.id), ("cy", now.id)]


def test_an_update_that_fails_leaves_the_former_attachment_standing(rt: Runtime, place: Place) -> None:
    """R-008."""
    [first] = attaching.attach(rt, place, terms(rt), By(TOM)).attachments
    with pytest.raises(ImpossibleCriteria):
        attaching.update(rt, place, first.id, terms(rt, AllOf((ScoreBelow(10), ScoreAtLeast(20)))), By(TOM))
    assert attaching.at(rt, place) == [first]


def test_removing_leaves_state_download_and_verification_of_certificates_as_they_are(rt: Runtime) -> None:
    """R-004."""
    batch = bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=5)
    with rt.reading() as session:
        award = session.scalars(sa.select(Award).where(Award.learner_ref == "ada")).one()
    printed = printing.get_document(rt, award.id).sha256
    attaching.remove(rt, Place(ensure_run(rt, RUN)), By(TOM, "the course was merged"))
    with rt.reading() as session:
        states = set(session.scalars(sa.select(Award.state).where(Award.run_id == batch.run_id)))
    assert states == {"issued"}
    assert printing.get_document(rt, award.id).sha256 == printed
    assert check_code(rt, award.code).answer is Answer.VALID
    with pytest.raises(Exception, match="does not have a certificate attached"):
        many.open_order(rt, batch.run_id, actor=MIA, notify=False)


def test_a_second_one_is_added_with_criteria_and_each_learner_gets_theirs(
    rt: Runtime, host: MemoryHost, place: Place
) -> None:
    """R-023, R-093, D-02."""
    attaching.attach(rt, place, terms(rt, BELOW), By(TOM))
    added = attaching.add(rt, place, terms(rt, FROM, achievement="achievement"), By(TOM))
    assert [each.position for each in added.attachments] == [1, 2]
    for ref in ("ada", "cy"):
        host.add_learner(NEW, host.records[RUN][ref])
    outcomes = many.issue_many(rt, place.run.id, ["ada", "cy"], actor=MIA, notify=False)
    assert [each.achievement_key for each in outcomes] == ["achievement", "completion"]
    attaching.remove(rt, place, By(TOM), added.attachments[0].id)
    assert [each.achievement.key for each in attaching.at(rt, place)] == ["achievement"]


def test_criteria_that_somebody_could_meet_at_once_are_refused_naming_both_templates(rt: Runtime, place: Place) -> None:
    """R-024: solved, and not compared as text."""
    attaching.attach(rt, place, terms(rt, BELOW), By(TOM))
    with pytest.raises(OverlappingCriteria) as refused:
        attaching.add(rt, place, terms(rt, ScoreAtLeast(79), achievement="achievement"), By(TOM))
    assert "Course completion (" in str(refused.value) and "Certificate of Achievement (" in str(refused.value)
    assert len(attaching.at(rt, place)) == 1


def test_of_two_criteria_for_the_same_achievement_each_is_named_by_its_number(rt: Runtime, place: Place) -> None:
    """R-024: on one template they would else have the same name."""
    attaching.attach(rt, place, terms(rt, BELOW), By(TOM))
    attaching.add(rt, place, terms(rt, FROM), By(TOM))
    with pytest.raises(OverlappingCriteria) as refused:
        attaching.add(rt, place, terms(rt, AllOf((Progress(100), ScoreAtLeast(95)))), By(TOM))
    two, three = refused.value.values["one"], refused.value.values["other"]
    assert [two, three] == ["2. Course completion (Classic)", "3. Course completion (Classic)"]
    first = attaching.at(rt, place)[0]
    with pytest.raises(OverlappingCriteria) as refused:
        attaching.update(rt, place, first.id, terms(rt, FROM), By(TOM))
    assert {str(each)[:3] for each in refused.value.values.values()} == {"1. ", "2. "}


def test_a_gap_between_criteria_is_a_warning(rt: Runtime, place: Place) -> None:
    """R-024."""
    attaching.attach(rt, place, terms(rt, BELOW), By(TOM))
    added = attaching.add(rt, place, terms(rt, AllOf((Progress(100), ScoreAtLeast(90)))), By(TOM))
    [notice] = added.notices
    assert notice.worded() == "Whoever completes the course with a score from 80 to 90 % gets no certificate."
    [_standing, other] = added.attachments
    closed = attaching.update(rt, place, other.id, terms(rt, FROM), By(TOM))
    assert [each.code for each in closed.notices] == ["attachment.later_only"]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        (AttributeIs("district", "north"), RuleNotAboutTheCourse),
        (AllOf((Progress(100), ScoreBelow(10), ScoreAtLeast(20))), ImpossibleCriteria),
    ],
)
def test_criteria_that_make_no_sense_are_refused_and_never_stored_to_fail_at_night(
    rt: Runtime, place: Place, rule: Any, error: type[Exception]
) -> None:
    """R-025, R-049."""
    with pytest.raises(error):
        attaching.attach(rt, place, terms(rt, rule), By(TOM))
    assert attaching.at(rt, place) == []


def test_a_score_is_not_asked_of_a_course_without_assessments_nor_two_certificates_of_a_run_without_end(
    rt: Runtime, host: MemoryHost, place: Place
) -> None:
    """R-025, R-045."""
    host.add_run(replace(host.runs[NEW], assessments=()))
    with pytest.raises(RuleNeedsAssessments):
        attaching.attach(rt, place, terms(rt, FROM), By(TOM))
    host.add_run(replace(host.runs[RUN], run_ref=NEW, end=None))
    attaching.attach(rt, place, terms(rt, BELOW), By(TOM))
    with pytest.raises(NeedsAnEnd):
        attaching.add(rt, place, terms(rt, FROM), By(TOM))


def test_words_that_nobody_knows_are_refused_by_name(rt: Runtime, place: Place) -> None:
    """R-025, R-030, R-035."""
    for wrong, error in (
        ({"audience": "friends"}, WrongAudience),
        ({"facts": ("birthday",)}, UnknownFact),
        ({"achievement": "knighthood"}, UnknownAchievement),
    ):
        with pytest.raises(error):
            attaching.attach(rt, place, terms(rt, **wrong), By(TOM))


def test_everything_that_is_missing_is_named(rt: Runtime, host: MemoryHost, place: Place) -> None:
    """R-010."""
    host.add_run(replace(host.runs[NEW], published=False))
    with pytest.raises(NotReadyToAttach) as refused:
        attaching.attach(rt, place, terms(rt), By(TOM))
    assert str(refused.value) == "Certificates cannot be attached yet. Missing: a published course."
    with speaking("hi"):
        assert "प्रकाशित पाठ्यक्रम" in refused.value.worded()
    wanted = terms(rt)
    with rt.transaction() as tx:
        tx.session.get_one(Template, wanted.template_id).state = RETIRED
        issuer = tx.session.scalars(sa.select(Issuer).where(Issuer.tenant_ref == "wales")).one()
        issuer.name, issuer.url = " ", ""
        tx.session.execute(sa.update(IssuerKey).where(IssuerKey.issuer_id == issuer.id).values(state="retired"))
    with pytest.raises(NotReadyToAttach) as refused:
        attaching.attach(rt, place, wanted, By(TOM))
    assert refused.value.missing == ("published", "template", "issuer_name", "issuer_url", "key")
    assert attaching.at(rt, place) == []
    gone = Place(place.run, to_course=True)
    for ref in (NEW, SECOND):
        del host.runs[ref]
    with pytest.raises(NotReadyToAttach, match="a course run"):
        attaching.attach(rt, gone, wanted, By(TOM))


def test_open_and_invite_only_runs_are_treated_alike(rt: Runtime, host: MemoryHost, place: Place) -> None:
    """R-011: attached to, decided upon, issued to, and found by the night."""
    host.add_run(replace(host.runs[NEW], open=False))
    attaching.attach(rt, place, terms(rt), By(TOM))
    for ref, kind in (("ada", "invite-only"), ("cy", "open")):
        host.add_learner(NEW, replace(host.records[RUN][ref], enrolment=Enrolment(kind=kind)))
    [outcome] = many.issue_many(rt, place.run.id, ["ada"], actor=MIA, notify=False)
    assert outcome.result == "issued"
    due = {each.run_ref: each.learner_refs for each in night.rehearse(rt)}
    assert due[NEW] == ("cy",)


def test_a_template_of_another_tenant_is_not_there(rt: Runtime, place: Place) -> None:
    """R-029."""
    with pytest.raises(TemplateNotFound):
        attaching.attach(rt, place, Terms(template(rt, "devon"), WHOLE), By(TOM))
    with pytest.raises(TemplateNotFound):
        previewing.preview(rt, place.run, template(rt, "devon"))


def test_a_course_gives_its_runs_a_default_and_a_runs_own_goes_before_it(
    rt: Runtime, host: MemoryHost, place: Place
) -> None:
    """R-009, D-01: and every certificate records the run it was earned in."""
    attaching.attach(rt, Place(place.run, to_course=True), terms(rt), By(TOM))
    assert in_use(rt, NEW) == in_use(rt, SECOND) == ["completion"]
    attaching.attach(rt, Place(ensure_run(rt, SECOND)), terms(rt, achievement="achievement"), By(TOM))
    assert (in_use(rt, NEW), in_use(rt, SECOND)) == (["completion"], ["achievement"])
    host.add_learner(NEW, host.records[RUN]["ada"])
    many.issue_many(rt, place.run.id, ["ada"], actor=MIA, notify=False)
    with rt.reading() as session:
        assert session.scalars(sa.select(Award.run_ref)).one() == NEW
    attaching.remove(rt, Place(ensure_run(rt, SECOND)), By(TOM))
    assert in_use(rt, SECOND) == ["completion"]
    with pytest.raises(NothingAttached):
        attaching.remove(rt, place, By(TOM))


def test_the_preview_shows_samples_and_its_confirmation_holds_until_the_template_changes(
    rt: Runtime, place: Place
) -> None:
    """R-013, R-014: what the system fills is a sample, what is the issuer's own is shown as it is."""
    seen, shown = previewing.preview(rt, place.run, template(rt))
    values = {each.key: each.text for each in shown}
    assert values["issuer.name"] == "Academy of Wales" and values["recipient.name"] == "Ada Lovelace"
    assert values["signatory.1.name"] == ""
    attached = attaching.attach(rt, place, terms(rt), By(TOM, confirmation=seen.token))
    [step] = attaching.history(rt, place)
    assert sorted(step.confirmed) == sorted(str(each) for each in seen.versions.values())
    with rt.transaction() as tx:
        from flask_certify.achievements.models import Issuer

        tx.session.execute(sa.update(Issuer).where(Issuer.tenant_ref == "wales").values(name="Another Academy"))
    with pytest.raises(NotWhatWasSeen):
        attaching.update(rt, place, attached.attachments[0].id, terms(rt), By(TOM, confirmation=seen.token))


def test_every_change_keeps_who_when_why_and_what_was_there_before(rt: Runtime, place: Place) -> None:
    """R-028, R-253."""
    [first] = attaching.attach(rt, place, terms(rt, BELOW), By(TOM, "new course")).attachments
    [second] = attaching.update(rt, place, first.id, terms(rt, WHOLE), By(MIA, "too strict")).attachments
    attaching.remove(rt, place, By(TOM, "wrong course"))
    steps = {each.id: each for each in attaching.history(rt, place)}
    assert (steps[first.id].attached_by, steps[first.id].reason) == (TOM, "new course")
    assert (steps[first.id].detached_by, steps[first.id].detached_reason) == (MIA, "too strict")
    assert (steps[second.id].replaces_id, steps[second.id].reason) == (first.id, "too strict")
    assert (steps[second.id].detached_by, steps[second.id].detached_reason) == (TOM, "wrong course")
    with rt.reading() as session:
        acts = list(
            session.scalars(
                sa.select(audit.AuditEntry.act)
                .where(audit.AuditEntry.subject == f"run:{place.run.id}")
                .order_by(audit.AuditEntry.number)
            )
        )
    assert acts == ["run.attach", "run.update", "run.detach"]


def test_only_the_facts_that_are_listed_are_carried_into_the_certificate(
    rt: Runtime, host: MemoryHost, place: Place
) -> None:
    """R-030."""
    [first] = attaching.attach(rt, place, terms(rt), By(TOM)).attachments
    host.add_learner(NEW, replace(host.records[RUN]["ada"], attributes={"location": "Cardiff"}))
    host.add_learner(NEW, replace(host.records[RUN]["cy"], attributes={"location": "Barry"}))
    many.issue_many(rt, place.run.id, ["ada"], actor=MIA, notify=False)
    listed = terms(rt, facts=("score", "location", "completion_time"))
    attaching.update(rt, place, first.id, listed, By(TOM))
    many.issue_many(rt, place.run.id, ["cy"], actor=MIA, notify=False)
    with rt.reading() as session:
        frozen = dict(session.execute(sa.select(Award.learner_ref, Award.frozen)).all())
    assert (frozen["ada"]["score"], frozen["ada"]["facts"]) == (None, {})
    assert frozen["cy"]["score"] == "60"
    assert frozen["cy"]["facts"] == {"location": "Barry", "completion_time": "2026-05-20T12:00:00+00:00"}


def test_learners_read_the_criteria_in_their_words_before_the_run_has_ended(
    rt: Runtime, host: MemoryHost, host_app: Flask, place: Place
) -> None:
    """R-027: also of a run that nobody has looked at and that has its course's default."""
    [completion, merit] = criteria.of_run(rt, RUN)
    assert completion.sentences[:2] == ("The whole course is done.", "The score is below 80 %.")
    assert (merit.name, merit.sentences[1]) == ("Certificate of Achievement", "The score is 80 % or more.")
    attaching.attach(rt, Place(place.run, to_course=True), terms(rt), By(TOM))
    host.add_run(replace(host.runs[NEW], run_ref="physics-9"))
    assert [each.achievement for each in criteria.of_run(rt, "physics-9")] == ["completion"]
    with pytest.raises(UnknownRun):
        criteria.of_run(rt, "nowhere-1")


def test_two_people_who_attach_at_once_attach_one(rt: Runtime, host_app: Flask, place: Place) -> None:
    """R-002: the second one is told so."""
    import threading

    start, told, wanted = threading.Barrier(2), list[str](), terms(rt)

    def press() -> None:
        with host_app.app_context():
            start.wait()
            try:
                attaching.attach(runtime_of(host_app), place, wanted, By(TOM))
                told.append("attached")
            except AlreadyAttached:
                told.append("refused")

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["attached", "refused"]
    assert len(attaching.at(rt, place)) == 1
