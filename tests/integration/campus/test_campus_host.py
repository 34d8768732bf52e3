"""The campus as flask-certify sees it: the contract, the mapping through real tables, and how often it asks."""

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask

from examples.campus.host import CampusHost
from examples.campus.models import Person, db
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Assessment, Attempt, Contact, Enrolment
from flask_certify.testing.contracts import HostContract, HostSample
from tests.support.campus import campus_in, load_shipped
from tests.support.postgres import Postgres

LONDON = ZoneInfo("Europe/London")
RUN, TENANT = "AAA-2013J", "east-anglian-region"


@pytest.fixture(scope="module")
def host(campus: Flask) -> CampusHost:
    with campus.app_context():
        return CampusHost(db.engine)


class TestContract(HostContract):
    @pytest.fixture
    def sample(self, host: CampusHost) -> HostSample:
        return HostSample(host, RUN, ("11391", "28400"), TENANT, "mentor.aaa")


@pytest.fixture(scope="module")
def elsewhere(pg_server: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CampusHost]:
    folder = tmp_path_factory.mktemp("campus")
    with pg_server.new_database() as url, campus_in(folder, SQLALCHEMY_DATABASE_URI=url) as app:
        load_shipped(app)
        with app.app_context():
            host = CampusHost(db.engine)
        yield host


class TestContractOnPostgres(HostContract):
    @pytest.fixture
    def sample(self, elsewhere: CampusHost) -> HostSample:
        return HostSample(elsewhere, RUN, ("11391", "28400"), TENANT, "mentor.aaa")


# ---- what it says ----------------------------------------------------------------------------------


def test_11391_is_told_as_the_data_has_it(host):
    found = host.learner_records(RUN, ["11391"])["11391"]
    assert found.enrolment == Enrolment(active=True, mode="verified", kind="open")
    assert (found.progress, found.passing, found.tenant_ref) == (100.0, True, TENANT)
    assert found.completed_on is not None and found.completed_on.astimezone(LONDON).date() == date(2014, 5, 1)
    assert (found.display_name, found.external_id, found.user_name) == ("Rhys Griffiths", "EA00011391", "learner11391")
    assert found.attempts == tuple(
        Attempt(ref, score, 100.0)
        for ref, score in (("1752", 78), ("1753", 85), ("1754", 80), ("1755", 85), ("1756", 82))
    )


def test_30268_who_withdrew_is_enrolled_and_not_active(host):
    found = host.learner_records(RUN, ["30268"])["30268"]
    assert found.enrolment == Enrolment(active=False, mode="verified", kind="open")
    assert (found.progress, found.passing, found.completed_on, found.attempts) == (0.0, False, None, ())


def test_the_run_is_told_in_its_own_zone(host):
    run = host.course_run(RUN)
    assert run.start == datetime(2013, 10, 1, tzinfo=LONDON)
    assert run.end == datetime(2014, 6, 26, 23, 59, 59, tzinfo=LONDON)
    assert (run.zone, run.tenant_ref, run.course_ref) == ("Europe/London", TENANT, "AAA")
    assert (run.author_ref, run.mentor_refs) == ("author.aaa", ("mentor.aaa",))
    assert run.assessments[0] == Assessment("1752", "Assessment", 100.0, "TMA 1")
    assert [each.ref for each in run.assessments if each.kind == "Exam"] == ["1757"]


def test_nobody_has_completed_after_the_runs_end(host):
    end = host.course_run(RUN).end
    days = [each.completed_on for each in host.learners(RUN, after=None, limit=1000)]
    assert all(day is None or day <= end for day in days)


def test_its_tenants_speak_of_teachers_in_two_languages(host):
    tenant = host.tenant(TENANT)
    assert (tenant.slug, tenant.name, tenant.people) == (TENANT, "East Anglian Region", "teachers")
    assert (tenant.zone, tenant.languages) == ("Europe/London", ("en", "hi"))


def test_contacts_are_told_in_the_persons_language(host):
    assert host.contacts(["11391", "28400"]) == {
        "11391": Contact("learner11391@campus.example", None, "en"),
        "28400": Contact("learner28400@campus.example", "+447700900896", "hi"),
    }


def test_people_are_found_by_name_and_by_external_id_in_their_tenant_only(host):
    assert [each.learner_ref for each in host.find_people(TENANT, "EA00011391", 5)] == ["11391"]
    assert "11391" in [each.learner_ref for each in host.find_people(TENANT, "griffiths", 100)]
    assert host.find_people("wales", "EA00011391", 5) == []
    assert host.find_people(TENANT, "%", 5) == []


def test_the_report_has_the_campuss_own_columns(host):
    assert host.report_columns(RUN, ["30268"])["30268"] == {
        "Name": host.learner_records(RUN, ["30268"])["30268"].display_name,
        "User name": "learner30268",
        "Region": "North Western Region",
        "Enrolment": "verified, withdrawn",
        "Progress": "0",
        "Result": "Withdrawn",
    }


def test_the_way_to_the_login_page_remembers_where_somebody_wanted_to_go(host):
    assert host.page_url("login", "/certify/me?x=1") == "/login?next=%2Fcertify%2Fme%3Fx%3D1"
    assert host.page_url("courses") == "/courses"
    assert host.page_url("video", RUN) is None


# ---- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "act", "answer"),
    [
        ("mentor.aaa", "award.issue", True),
        ("mentor.aaa", "run.attach", False),
        ("author.aaa", "run.attach", True),
        ("author.aaa", "award.issue", False),
        ("admin.east-anglian-region", "award.issue", True),
        ("admin.wales", "award.issue", False),
        ("admin.wales", "run.dashboard", False),
        ("support", "award.issue", True),
        ("11391", "run.dashboard", False),
    ],
)
def test_what_somebody_may_do_to_the_run(host, who, act, answer):
    assert host.may(host.find_actor(who), act, tenant_ref=TENANT, run_ref=RUN) is answer


def test_a_run_opens_nothing_under_another_tenants_name(host):
    assert host.may(host.find_actor("admin.wales"), "award.issue", tenant_ref="wales", run_ref=RUN) is False
    assert host.may(host.find_actor("mentor.aaa"), "award.issue", tenant_ref="wales", run_ref=RUN) is False


def test_a_learner_may_read_their_own_certificate_and_nobody_elses(host):
    ada = host.find_actor("11391")
    assert host.may(ada, "award.read_own", tenant_ref=TENANT, learner_ref="11391") is True
    assert host.may(ada, "award.read_own", tenant_ref=TENANT, learner_ref="28400") is False
    assert host.may(host.find_actor("support"), "award.read_own", tenant_ref=TENANT, learner_ref="11391") is False


def test_somebody_who_is_blocked_may_nothing(new_campus):
    load_shipped(new_campus, attach=False)
    with new_campus.app_context():
        host = CampusHost(db.engine)
        mentor = host.find_actor("mentor.aaa")
        assert host.may(mentor, "award.issue", tenant_ref=TENANT, run_ref=RUN) is True
        db.session.execute(sa.update(Person).where(Person.id == "mentor.aaa").values(is_blocked=True))
        db.session.commit()
        assert host.may(mentor, "award.issue", tenant_ref=TENANT, run_ref=RUN) is False


# ---- how it asks -----------------------------------------------------------------------------------


def questions(host: CampusHost, ask) -> int:
    seen: list[str] = []

    def note(connection, cursor, statement, *more) -> None:
        seen.append(statement)

    sa.event.listen(host.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(host.engine, "before_cursor_execute", note)
    return len(seen)


@pytest.mark.parametrize("size", [1, 10, 383])
def test_records_and_pages_take_two_questions_whatever_their_size(host, size):
    refs = [each.learner_ref for each in host.learners(RUN, after=None, limit=size)]
    assert len(refs) == size
    assert questions(host, lambda: host.learners(RUN, after=None, limit=size)) == 2
    assert questions(host, lambda: host.learner_records(RUN, refs)) == 2
    assert questions(host, lambda: host.contacts(refs)) == 1
    assert questions(host, lambda: host.report_columns(RUN, refs)) == 1


def test_it_answers_without_an_application_or_a_request(host):
    assert host.current_actor() is None
    assert host.learner_records(RUN, ["11391"])
    assert host.course_run(RUN) is not None


def test_it_leaves_no_transaction_open(host):
    host.learners(RUN, after=None, limit=10)
    host.may(host.find_actor("support"), "award.issue", tenant_ref=TENANT, run_ref=RUN)
    assert host.engine.pool.checkedout() == 0


def test_a_database_that_is_away_means_later(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path}/no/such/folder/campus.db")
    with pytest.raises(HostAway):
        CampusHost(engine).course_run(RUN)
