"""What those who help can do: names corrected, failures tried again, data that do not fit; by service and command."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import Result

from flask_certify.awards import service as awards
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.awards.service import FailureNote
from flask_certify.core.audit import AuditEntry
from flask_certify.core.errors import CertifyError, Forbidden
from flask_certify.dashboards.explaining import explain
from flask_certify.host.records import Attempt, Contact, Enrolment
from flask_certify.issuing import corrections, oddities, people, retrying
from flask_certify.issuing.corrections import Stage
from flask_certify.issuing.oddities import Oddity
from flask_certify.notifications.models import Message
from flask_certify.verification.service import report
from tests.support.certificates import Issued, issued_in
from tests.support.story import ENDED, RUN, SUE, TOM

RIGHT = "Ada King"


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Issued]:
    """The story's host on SQLite: what is decided here depends on no database."""
    with issued_in(f"sqlite:///{tmp_path}/host.db") as ready, ready.app.app_context():
        yield ready


@pytest.fixture
def certify(campus: Issued) -> Any:
    def run(*words: str) -> Result:
        return campus.app.test_cli_runner().invoke(args=["certify", *words])

    return run


def ask(campus: Issued, code: str, name: str = RIGHT) -> UUID:
    return corrections.file(campus.rt, campus.award(code).id, name, learner_ref="ada", actor="ada")


def refused(work: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(CertifyError) as caught:
        work(*args, **kwargs)
    return caught.value.code


def acts(campus: Issued) -> list[tuple[str, str]]:
    with campus.rt.reading() as session:
        found = session.execute(sa.select(AuditEntry.act, AuditEntry.actor_ref).order_by(AuditEntry.number))
        return [(row.act, row.actor_ref) for row in found]


# ---- my name is wrong ------------------------------------------------------------------------------


def test_a_wrong_name_is_asked_for_corrected_at_its_source_confirmed_and_issued_anew(campus: Issued) -> None:
    """R-179, R-180, R-182, R-184: the new certificate has the name, the old code says replaced, the learner is told."""
    old = campus.issue("ada")
    ticket = ask(campus, old)
    assert refused(corrections.confirm, campus.rt, ticket, actor="ada", learner_ref="ada") == "correction.same_name"
    assert refused(corrections.complete, campus.rt, ticket, actor=SUE) == "correction.not_confirmed"
    campus.host.change_learner(RUN, "ada", display_name=RIGHT)
    assert corrections.confirm(campus.rt, ticket, actor="ada", learner_ref="ada").state is Stage.CONFIRMED
    done = corrections.complete(campus.rt, ticket, actor=SUE)
    with campus.rt.reading() as session:
        assert done.award_id is not None
        new = awards.get_award(session, done.award_id)
        said = session.scalars(sa.select(Message.event).where(Message.award_id == new.id)).all()
    assert (report(campus.rt, new.code)["answer"], report(campus.rt, new.code)["recipient_name"]) == ("valid", RIGHT)
    assert report(campus.rt, old)["answer"] == "superseded"
    assert set(said) == {"reissued"}
    view = corrections.get(campus.rt, ticket)
    assert (view.state, view.decided_by, view.new_award_id) == (Stage.DONE, SUE, new.id)
    mine = [each for each in acts(campus) if each[0].startswith("correction.")]
    assert mine == [("correction.file", "ada"), ("correction.confirm", "ada"), ("correction.done", SUE)]


def test_staff_see_old_name_new_name_and_certificate_before_they_issue_again(campus: Issued, certify: Any) -> None:
    """R-182, R-183: one call, with the ticket."""
    ticket = str(ask(campus, campus.issue("ada")))
    campus.host.change_learner(RUN, "ada", display_name=RIGHT)
    assert f"{ticket}  2026-06-15  open" in certify("corrections", "list", RUN).stdout
    shown = certify("corrections", "show", ticket).stdout
    assert "Printed name:  Ada Lovelace" in shown and f"At its source: {RIGHT}" in shown and "Achievement" in shown
    assert certify("corrections", "confirm", ticket, "--as", SUE).stdout == "Confirmed.\n"
    assert "The new certificate is" in certify("corrections", "reissue", ticket, "--as", SUE).stdout
    assert certify("corrections", "list", RUN).stdout == ""
    assert "done" in certify("corrections", "list", RUN, "--all").stdout
    assert "[correction.decided]" in certify("corrections", "refuse", ticket).stderr


def test_a_refused_re_issue_says_which_prerequisite_fails_and_the_request_waits_on(
    campus: Issued, certify: Any
) -> None:
    """R-101, R-183."""
    code = campus.issue("ada")
    ticket = str(ask(campus, code))
    campus.host.change_learner(RUN, "ada", display_name=RIGHT, progress=70)
    certify("corrections", "confirm", ticket)
    assert "It would be refused: 70 % of the course is done" in certify("corrections", "show", ticket).stdout
    answer = certify("corrections", "reissue", ticket)
    assert answer.exit_code == 1 and "[progress_below]" in answer.stderr
    assert report(campus.rt, code)["recipient_name"] == "Ada Lovelace"
    assert corrections.get(campus.rt, UUID(ticket)).state is Stage.CONFIRMED


def test_a_request_is_refused_and_the_certificate_stays(campus: Issued, certify: Any) -> None:
    """R-184."""
    code = campus.issue("ada")
    ticket = str(ask(campus, code))
    assert certify("corrections", "refuse", ticket).stdout == "Refused.\n"
    assert report(campus.rt, code)["answer"] == "valid"
    assert certify("corrections", "file", code, "--name", RIGHT).exit_code == 0, "another one can be asked for"


def test_the_time_in_which_a_name_can_be_corrected_counts_from_the_issue(campus: Issued) -> None:
    """R-184: and not from the end of the course."""
    code = campus.issue("ada")
    campus.clock.forward(days=90)
    ticket = ask(campus, code)
    corrections.refuse(campus.rt, ticket, actor=TOM)
    campus.clock.forward(seconds=1)
    assert refused(ask, campus, code) == "correction.too_late"


def test_only_the_holder_asks_once_and_for_a_certificate_that_counts(campus: Issued) -> None:
    """R-184."""
    code = campus.issue("ada")
    award_id = campus.award(code).id
    with pytest.raises(Forbidden):
        corrections.file(campus.rt, award_id, RIGHT, learner_ref="ben", actor="ben")
    for empty in ("", "  ", "null", "x" * 301):
        assert refused(ask, campus, code, empty) == "correction.no_name"
    ticket = ask(campus, code)
    assert refused(ask, campus, code) == "correction.pending"
    with pytest.raises(Forbidden):
        corrections.confirm(campus.rt, ticket, actor="ben", learner_ref="ben")
    campus.change(code, state="revoked")
    assert refused(ask, campus, code) == "correction.not_live"


@pytest.mark.parametrize(("audience", "code"), [("tenant", "correction.own_profile"), ("everyone", None)])
def test_people_who_registered_themselves_correct_their_own_profile_unless_it_is_for_everyone(
    campus: Issued, audience: str, code: str | None
) -> None:
    """R-181, D-15."""
    from flask_certify.achievements.models import Attachment

    issued = campus.issue("ada")
    with campus.rt.transaction() as tx:
        tx.session.execute(sa.update(Attachment).values(audience=audience))
    campus.host.change_learner(RUN, "ada", tenant_ref=None, external_id=None)
    if code is None:
        assert ask(campus, issued)
    else:
        assert refused(ask, campus, issued) == code


def test_what_a_learner_asked_for_is_exported_and_erased_with_them(campus: Issued) -> None:
    """R-254."""
    ticket = ask(campus, campus.issue("ada"))
    told = people.export(campus.rt, "ada", actor=TOM)
    assert [each["name"] for each in told["name_corrections"]] == [RIGHT]
    people.erase(campus.rt, "ada", Why(Cause.HOLDER_REQUEST), actor=TOM)
    assert corrections.get(campus.rt, ticket).name is None


# ---- what failed -----------------------------------------------------------------------------------


def note(campus: Issued, learner: str, step: str, code: str) -> None:
    run = explain(campus.rt, RUN, "ada").run
    with campus.rt.transaction() as tx:
        awards.note_failures(
            tx, run.tenant_ref, run.id, [FailureNote(learner, step, code, {})], now=campus.rt.clock.now()
        )


def test_what_failed_is_listed_filtered_and_exported(campus: Issued, certify: Any) -> None:
    """R-178: learner, run, step, reason, time; nothing in it becomes a formula."""
    note(campus, "ada", "decide", "learner_unknown")
    note(campus, "=cy", "print", "document.not_live")
    assert len(certify("failures", "list", RUN).stdout.splitlines()) == 2
    rows = list(csv.reader(io.StringIO(certify("failures", "list", RUN, "--csv").stdout)))
    assert rows[0] == ["id", "time", "learner", "step", "code", "reason", "put_right", "attempts", "last"]
    assert {row[2] for row in rows[1:]} == {"ada", "'=cy"}
    [only] = certify("failures", "list", RUN, "--step", "decide").stdout.splitlines()
    assert "learner_unknown" in only


def test_what_failed_is_tried_again_one_or_all_and_recorded(campus: Issued, certify: Any) -> None:
    """R-107, R-178, R-186: trying again issues nothing twice."""
    for ref in ("ada", "ben"):
        note(campus, ref, "decide", "learner_unknown")
    note(campus, "cy", "reissue", "progress_below")
    [first] = [line.split()[0] for line in certify("failures", "list", RUN).stdout.splitlines() if "  ada  " in line]
    done = certify("failures", "retry", RUN, first, "--as", SUE, "--json")
    assert json.loads(done.stdout) == {"tried": 1, "put_right": 1, "still": 0, "left": 0}
    again = certify("failures", "retry", RUN)
    assert (again.exit_code, again.stdout) == (1, "1 tried again, 0 put right, 1 not, 1 left.\n")
    with campus.rt.reading() as session:
        assert session.scalars(sa.select(Award.learner_ref)).all() == ["ada"]
    assert ("failures.retry", SUE) in acts(campus)


def test_who_had_no_contact_is_told_once_there_is_one(campus: Issued) -> None:
    """R-156, R-178."""
    campus.issue("dev")
    run_id = explain(campus.rt, RUN, "dev").run.id
    assert retrying.retry(campus.rt, run_id, actor=TOM).still == 1
    campus.host.people["dev"] = Contact("dev@example.org")
    done = retrying.retry(campus.rt, run_id, actor=TOM)
    assert (done.put_right, done.still) == (1, 0)
    assert retrying.retry(campus.rt, run_id, actor=TOM).tried == 0
    with campus.rt.reading() as session:
        assert session.scalars(sa.select(Message.recipient)).all() == ["dev"]


# ---- data that do not fit --------------------------------------------------------------------------


def test_data_that_do_not_fit_are_found_and_nothing_is_changed(campus: Issued, certify: Any) -> None:
    """R-187."""
    campus.issue("ada")
    later = datetime(2026, 5, 21, tzinfo=UTC)
    campus.host.change_learner(RUN, "ada", enrolment=Enrolment(since=later))
    campus.host.change_learner(RUN, "ben", completed_on=ENDED.replace(month=6, day=1))
    campus.host.change_learner(RUN, "dev", attempts=(Attempt("quiz", 8, 10), Attempt("final", 5, 3)))
    before = acts(campus)
    found = oddities.find(campus.rt, RUN)
    assert dict(found.learners) == {
        Oddity.COMPLETE_WITHOUT: ("cy", "dev"),
        Oddity.BEFORE_ENROLMENT: ("ada",),
        Oddity.AFTER_END: ("ben",),
        Oddity.WRONG_TOTAL: ("dev",),
        Oddity.NO_DOCUMENT: ("ada",),
        Oddity.NO_MESSAGE: (),
    }
    assert acts(campus) == before
    assert json.loads(certify("check", RUN, "--json").stdout)["completed_after_the_end"] == ["ben"]
    assert "completed it before they enrolled" in certify("check", RUN).stdout


def test_a_certificate_of_which_nobody_was_told_is_found_unless_it_waits_to_be_seen(campus: Issued) -> None:
    """R-086, R-187."""
    campus.issue("dev")
    assert oddities.find(campus.rt, RUN).learners[Oddity.NO_MESSAGE] == ("dev",)
    campus.host.add_run(replace(campus.host.runs[RUN], available_on=date(2026, 7, 1)))
    campus.issue("ada")
    assert oddities.find(campus.rt, RUN).learners[Oddity.NO_MESSAGE] == ("dev",)
