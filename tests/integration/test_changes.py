"""What follows when the host says that something has changed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify import Certify
from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award, AwardMove, Record
from flask_certify.core import working
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.issuing import attaching, bulk, changes
from flask_certify.issuing.models import Refresh
from tests.support import story
from tests.support.story import COMPLETED, MIA, OTHER_RUN, RUN, TOM, learner

certify = Certify()


def record_of(rt: Runtime, ref: str) -> Record | None:
    with rt.reading() as session:
        return session.scalar(sa.select(Record).where(Record.learner_ref == ref))


def states(rt: Runtime, ref: str) -> list[str]:
    with rt.reading() as session:
        return list(session.scalars(sa.select(Award.state).where(Award.learner_ref == ref).order_by(Award.granted_at)))


def issue(rt: Runtime) -> None:
    bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=5)


@pytest.fixture
def eager(database_url: str, host: MemoryHost) -> Iterator[Runtime]:
    """Where whoever passes is issued to at once."""
    with story.opened(database_url, host, CERTIFY_AUTOMATIC=True) as app, app.app_context():
        yield runtime_of(app)


def test_attaching_makes_the_dashboard_complete_before_anything_was_issued(rt: Runtime) -> None:
    """DESIGN 16, R-118: all learners of the run have a record, with the reason of those who have earned nothing."""
    working.drain(rt)
    with rt.reading() as session:
        found = {row.learner_ref: row for row in session.scalars(sa.select(Record))}
        assert set(found) == {"ada", "ben", "cy", "dev", "eve"}
        assert session.scalar(sa.select(sa.func.count()).select_from(Award)) == 0
    assert {ref: row.eligible for ref, row in found.items()} == {
        "ada": True,
        "ben": False,
        "cy": True,
        "dev": True,
        "eve": True,
    }
    assert (found["ben"].reasons[0]["code"], found["ben"].status, found["ben"].label) == ("progress_below", None, "")
    assert (found["ada"].display_name, found["ada"].completed_on) == ("Ada Lovelace", COMPLETED)


def test_a_change_outside_a_transaction_is_looked_at_at_once_and_issues_nothing_by_itself(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-068: automatic issuing is switched off."""
    host.add_learner(RUN, learner("ben", "Ben Okri", score=85))
    certify.learner_changed(RUN, "ben")
    record = record_of(rt, "ben")
    assert record is not None and record.eligible is True and record.label == ""
    assert states(rt, "ben") == []


def test_who_passes_is_issued_to_at_once_where_that_is_switched_on_and_only_once(
    eager: Runtime, host: MemoryHost
) -> None:
    """R-067, R-068: the passing event is ignored when the record is passing already."""
    for _ in range(2):
        certify.learner_changed(RUN, "ada")
    certify.learner_changed(RUN, "ben")
    assert (states(eager, "ada"), states(eager, "ben")) == (["issued"], [])


def test_progress_that_falls_revokes_and_regained_completion_gives_a_new_certificate_that_names_the_old(
    eager: Runtime, host: MemoryHost
) -> None:
    """R-075, R-108, R-109, D-11."""
    certify.learner_changed(RUN, "ada")
    host.change_learner(RUN, "ada", progress=92)
    certify.learner_changed(RUN, "ada")
    record = record_of(eager, "ada")
    assert states(eager, "ada") == ["revoked"]
    assert record is not None and (record.status, record.label, record.eligible) == ("notpassing", "", False)
    host.change_learner(RUN, "ada", progress=100)
    certify.learner_changed(RUN, "ada")
    with eager.reading() as session:
        found = {each.state: each for each in session.scalars(sa.select(Award).where(Award.learner_ref == "ada"))}
    assert set(found) == {"revoked", "issued"}
    assert found["issued"].follows_id == found["revoked"].id


@pytest.mark.parametrize("silence", [None, float("nan"), False, "70"])
def test_silence_about_progress_takes_nothing_away(rt: Runtime, host: MemoryHost, silence: Any) -> None:
    """R-075, R-074."""
    issue(rt)
    host.change_learner(RUN, "ada", progress=silence)
    certify.learner_changed(RUN, "ada")
    assert states(rt, "ada") == ["issued"]


def test_data_that_cannot_be_used_are_noted_at_once_take_nothing_away_and_leave_the_name_to_find_them_by(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-052, R-075, R-166: neither yes nor no, and which field is wrong; the same whether one or all are looked at."""
    working.drain(rt)
    host.change_learner(RUN, "dev", progress=30)
    certify.learner_changed(RUN, "dev")
    issue(rt)
    for look in (partial(certify.learner_changed, RUN, "dev"), partial(certify.run_changed, RUN)):
        for ref in ("ada", "dev"):
            host.change_learner(RUN, ref, progress="all of it")
        look()
        certify.learner_changed(RUN, "ada")
        working.drain(rt)
        ada, dev = record_of(rt, "ada"), record_of(rt, "dev")
        assert dev is not None and (dev.eligible, dev.label) == (None, "")
        assert dev.reasons == [{"code": "learner.wrong_answer", "values": {"field": "progress"}}]
        assert (dev.display_name, dev.external_id) == ("देव शर्मा", "WA-dev")
        assert ada is not None and (ada.eligible, ada.label, ada.display_name) == (None, "Issued", "Ada Lovelace")
        assert states(rt, "ada") == ["issued"]
        host.change_learner(RUN, "dev", progress=30, external_id=None)
        certify.learner_changed(RUN, "dev")
        mended = record_of(rt, "dev")
        assert mended is not None and (mended.eligible, mended.external_id) == (False, None)
        host.change_learner(RUN, "dev", external_id="WA-dev")
        certify.learner_changed(RUN, "dev")


def test_a_learner_who_is_gone_keeps_the_certificate(rt: Runtime, host: MemoryHost) -> None:
    """R-112."""
    issue(rt)
    del host.records[RUN]["ada"]
    certify.learner_changed(RUN, "ada")
    assert states(rt, "ada") == ["issued"]


def test_a_host_that_says_failed_withdraws_and_passing_again_brings_the_same_code_back(
    eager: Runtime, host: MemoryHost
) -> None:
    """R-070, R-076."""
    certify.learner_changed(RUN, "ada")
    host.change_learner(RUN, "ada", passing=False)
    certify.learner_changed(RUN, "ada")
    assert states(eager, "ada") == ["withdrawn"]
    host.change_learner(RUN, "ada", passing=True)
    certify.learner_changed(RUN, "ada")
    assert states(eager, "ada") == ["issued"]


def test_a_rejected_exam_invalidates_the_certificate(rt: Runtime) -> None:
    """R-071."""
    issue(rt)
    certify.learner_changed(RUN, "ada", "exam_rejected")
    assert states(rt, "ada") == ["withdrawn"]


def test_a_mode_that_became_audit_revokes_nothing_and_one_that_earns_is_evaluated_without_the_switch(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-068, R-069."""
    from flask_certify.host.records import Enrolment

    issue(rt)
    host.change_learner(RUN, "ada", enrolment=Enrolment(mode="audit"))
    certify.learner_changed(RUN, "ada", "mode_changed")
    assert states(rt, "ada") == ["issued"]
    host.add_learner(RUN, replace(learner("fay", "Fay Weldon", score=90), enrolment=Enrolment(mode="verified")))
    certify.learner_changed(RUN, "fay", "mode_changed")
    assert states(rt, "fay") == ["issued"]


def test_an_approved_identity_evaluates_every_run_of_the_learner(eager: Runtime, host: MemoryHost) -> None:
    """R-067."""
    host.add_run(replace(host.runs[RUN], run_ref="physics-2"))
    host.add_learner("physics-2", host.records[RUN]["ada"])
    attaching.attach_pair(eager, "physics-2", actor=TOM)
    certify.learner_changed(RUN, "ada", "identity_approved")
    assert states(eager, "ada") == ["issued", "issued"]


def test_a_host_that_is_away_means_later(rt: Runtime, host: MemoryHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-255: the change is not lost, and nobody is refused for it."""
    working.drain(rt)
    host.add_learner(RUN, learner("ben", "Ben Okri", score=85))

    def away(*args: Any, **more: Any) -> Any:
        raise HostAway()

    with monkeypatch.context() as patched:
        patched.setattr(MemoryHost, "learner_records", away)
        certify.learner_changed(RUN, "ben")
    record = record_of(rt, "ben")
    assert record is not None and record.eligible is False
    working.drain(rt)
    record = record_of(rt, "ben")
    assert record is not None and record.eligible is True


def test_a_run_that_changed_often_is_looked_at_once(rt: Runtime, host: MemoryHost) -> None:
    working.drain(rt)
    for _ in range(3):
        certify.run_changed(RUN)
    certify.run_changed("unheard-of")
    with rt.reading() as session:
        waiting = len(list(working.open_chunks(session)))
        assert waiting == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Refresh)) == 3  # two of them from attaching
    host.change_learner(RUN, "ada", display_name="Ada King")
    working.drain(rt)
    record = record_of(rt, "ada")
    assert record is not None and record.display_name == "Ada King"


def test_a_refresh_keeps_what_a_certificate_was_given_for_and_says_who_is_no_longer_eligible(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-074."""
    issue(rt)
    before = record_of(rt, "ada")
    assert before is not None
    host.change_learner(RUN, "ada", attempts=(), display_name="Ada King")
    host.change_learner(RUN, "ada", progress=None)
    certify.learner_changed(RUN, "ada")
    after = record_of(rt, "ada")
    assert after is not None and after.eligible is False
    assert (after.label, after.type, after.award_id) == ("Issued", "achievement", before.award_id)
    assert (after.status, after.reasons, after.display_name) == ("downloadable", before.reasons, "Ada King")


# ---- inside the host's transaction -----------------------------------------------------------------


def begin(db: Any, how: str) -> None:
    """The host has read, or has changed something and told the database."""
    if how == "read":
        db.session.execute(sa.text("SELECT 1"))
    else:
        db.session.execute(sa.text("INSERT INTO pupil (id) VALUES (1)"))


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
@pytest.mark.parametrize("how", ["read", "flush"])
def test_inside_the_hosts_transaction_a_change_waits_until_that_has_ended_either_way(
    rt: Runtime, host_app: Flask, host: MemoryHost, how: str, end: str
) -> None:
    """DESIGN 4: facts are asked anew then, and the host's session is not touched."""
    db = host_app.extensions["sqlalchemy"]
    working.drain(rt)
    begin(db, how)
    host.add_learner(RUN, learner("ben", "Ben Okri", score=85))
    certify.learner_changed(RUN, "ben")
    certify.learner_changed(RUN, "ben")
    record = record_of(rt, "ben") if how == "read" else None
    assert record is None or record.eligible is False
    host.add_learner(RUN, learner("ben", "Benjamin Okri", score=85))
    getattr(db.session, end)()
    record = record_of(rt, "ben")
    assert record is not None and (record.eligible, record.display_name) == (True, "Benjamin Okri")
    assert not db.session().in_transaction()


def test_a_savepoint_of_the_host_is_not_the_end_of_its_transaction(
    rt: Runtime, host_app: Flask, host: MemoryHost
) -> None:
    db = host_app.extensions["sqlalchemy"]
    working.drain(rt)
    begin(db, "read")
    host.add_learner(RUN, learner("ben", "Ben Okri", score=85))
    with db.session.begin_nested():
        certify.learner_changed(RUN, "ben")
    record = record_of(rt, "ben")
    assert record is not None and record.eligible is False
    db.session.commit()
    record = record_of(rt, "ben")
    assert record is not None and record.eligible is True


def test_what_goes_wrong_with_a_change_is_logged_and_never_breaks_the_hosts_commit(
    rt: Runtime, host_app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    db = host_app.extensions["sqlalchemy"]
    begin(db, "flush")

    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError("a name that must not be logged")

    monkeypatch.setattr(changes, "learner_changed", broken)
    certify.learner_changed(RUN, "ada")
    db.session.commit()
    assert db.session.execute(sa.text("SELECT count(*) FROM pupil")).scalar() == 1
    assert "the night will" in caplog.text and "must not" not in caplog.text


def test_of_another_tenants_run_nothing_is_touched(rt: Runtime) -> None:
    working.drain(rt)
    certify.learner_changed(OTHER_RUN, "ada")
    with rt.reading() as session:
        rows = set(session.execute(sa.select(Record.run_id, Record.learner_ref)).all())
    assert (ensure_run(rt, OTHER_RUN).id, "ada") not in {tuple(row) for row in rows}


def test_content_that_was_added_revokes_who_is_no_longer_complete_and_names_who_added_it_and_when(
    rt: Runtime, host: MemoryHost
) -> None:
    """R-108, R-110: by that event only; a run that changed in another way takes nothing away (R-074)."""
    issue(rt)
    host.change_learner(RUN, "ada", progress=92)
    certify.run_changed(RUN)
    working.drain(rt)
    assert states(rt, "ada") == ["issued"]
    certify.run_changed(RUN, "content_added", by="mia", at=datetime(2026, 6, 14, 8, 0))
    working.drain(rt)
    assert (states(rt, "ada"), states(rt, "cy")) == (["revoked"], ["issued"])
    with rt.reading() as session:
        [details] = session.scalars(sa.select(AwardMove.details))
    assert details == {"changed_by": "mia", "changed_at": "2026-06-14T08:00:00+00:00"}


def test_what_one_learner_lost_names_the_event_as_well(rt: Runtime, host: MemoryHost) -> None:
    """R-110."""
    issue(rt)
    host.change_learner(RUN, "ada", progress=92)
    certify.learner_changed(RUN, "ada", "content_added", by="mia")
    with rt.reading() as session:
        assert list(session.scalars(sa.select(AwardMove.details))) == [{"changed_by": "mia"}]


def test_what_the_host_said_is_not_lost_while_it_cannot_be_asked(
    rt: Runtime, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-071, R-075: a rejected exam counts at once; a drop as soon as the host states a number."""
    issue(rt)
    host.change_learner(RUN, "cy", progress=92)

    def away(*args: object) -> None:
        raise HostAway

    with monkeypatch.context() as silent:
        silent.setattr(host, "learner_records", away)
        certify.learner_changed(RUN, "ada", "exam_rejected")
        certify.learner_changed(RUN, "cy", by="mia")
        assert (states(rt, "ada"), states(rt, "cy")) == (["withdrawn"], ["issued"])
    working.drain(rt)
    assert (states(rt, "ada"), states(rt, "cy")) == (["withdrawn"], ["revoked"])


def test_an_approved_identity_is_asked_about_in_the_runs_we_know_while_the_host_does_not_name_them(
    eager: Runtime, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-067: whether it is away or names something else than runs."""
    working.drain(eager)

    def away(*args: object) -> None:
        raise HostAway

    for ref, answer in (("ada", away), ("cy", lambda *args: [None, 3])):
        monkeypatch.setattr(host, "runs_of_learner", answer)
        certify.learner_changed(OTHER_RUN, ref, "identity_approved")
        assert states(eager, ref) == ["issued"]


@pytest.mark.parametrize("tell", [partial(certify.learner_changed, RUN, "ada"), partial(certify.run_changed, RUN)])
def test_a_change_that_is_misspelt_is_refused_by_name(rt: Runtime, tell: Callable[[str], None]) -> None:
    """What is not understood would else be lost without a word."""
    with pytest.raises(changes.UnknownChange, match="exam_reject"):
        tell("exam_reject")
