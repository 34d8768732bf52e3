"""A suite that any adapter of `host.ports.Host` can run.

    class TestMyHost(HostContract):
        @pytest.fixture
        def sample(self, app) -> Iterator[HostSample]:
            with app.app_context():
                yield HostSample(MyHost(), "physics-1", learner_refs=("17", "23"), tenant_ref="wales", actor_ref="mia")

`isinstance` with a Protocol accepts wrong signatures, so these tests call every method the way we do.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ..host import ports
from ..host.acts import ACTS
from ..host.records import Actor, Contact, CourseRun, LearnerRecord, Person, Tenant

NOBODY, NO_RUN, NO_TENANT = "certify-contract-nobody", "certify-contract-no-run", "certify-contract-no-tenant"


@dataclass(frozen=True)
class HostSample:
    """An adapter, and things that are known to be there: at least two learners of one run."""

    host: ports.Host
    run_ref: str
    learner_refs: tuple[str, ...]
    tenant_ref: str
    actor_ref: str


class HostContract:
    """Each test is a promise that the adapter keeps. Give a fixture `sample`."""

    def test_every_port_is_there_with_the_arguments_we_use(self, sample: HostSample) -> None:
        for port in (ports.Acting, ports.Tenants, ports.CourseRuns, ports.People, ports.Pages):
            for name, method in inspect.getmembers(port, inspect.isfunction):
                if name.startswith("_"):
                    continue
                ours = list(inspect.signature(method).parameters)[1:]
                theirs = inspect.signature(getattr(sample.host, name)).parameters
                takes_any = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in theirs.values())
                assert takes_any or set(ours) <= set(theirs), f"{name} takes {list(theirs)}, we give {ours}"

    def test_the_tenant_is_known_and_another_is_not(self, sample: HostSample) -> None:
        found = sample.host.tenant(sample.tenant_ref)
        assert isinstance(found, Tenant)
        assert found.ref == sample.tenant_ref
        assert sample.host.tenant(NO_TENANT) is None

    def test_the_zone_of_the_tenant_is_one_that_there_is(self, sample: HostSample) -> None:
        found = sample.host.tenant(sample.tenant_ref)
        assert found is not None and ZoneInfo(found.zone).key == found.zone

    def test_the_run_is_known_and_another_is_not(self, sample: HostSample) -> None:
        found = sample.host.course_run(sample.run_ref)
        assert isinstance(found, CourseRun)
        assert found.run_ref == sample.run_ref
        assert sample.host.course_run(NO_RUN) is None
        assert sample.run_ref in sample.host.runs_of_course(found.course_ref)

    def test_times_of_the_run_have_a_zone(self, sample: HostSample) -> None:
        run = sample.host.course_run(sample.run_ref)
        assert run is not None
        assert all(at is None or at.tzinfo is not None for at in (run.start, run.end))

    def test_pages_of_learners_hold_everybody_once_in_the_order_of_their_references(self, sample: HostSample) -> None:
        seen: list[str] = []
        while page := sample.host.learners(sample.run_ref, after=seen[-1] if seen else None, limit=7):
            assert len(page) <= 7
            seen += [record.learner_ref for record in page]
        assert seen == sorted(set(seen))
        assert set(sample.learner_refs) <= set(seen)

    def test_a_run_nobody_knows_has_no_learners(self, sample: HostSample) -> None:
        assert list(sample.host.learners(NO_RUN, after=None, limit=5)) == []
        assert sample.host.learner_records(NO_RUN, list(sample.learner_refs)) == {}

    def test_records_come_for_many_at_once_and_strangers_are_left_out(self, sample: HostSample) -> None:
        found = sample.host.learner_records(sample.run_ref, [*sample.learner_refs, NOBODY])
        assert isinstance(found, Mapping)
        assert set(found) == set(sample.learner_refs)
        assert all(isinstance(each, LearnerRecord) and ref == each.learner_ref for ref, each in found.items())

    def test_a_page_and_a_chunk_say_the_same_of_a_learner(self, sample: HostSample) -> None:
        listed = {each.learner_ref: each for each in sample.host.learners(sample.run_ref, after=None, limit=5)}
        assert sample.host.learner_records(sample.run_ref, list(listed)) == listed

    def test_progress_is_a_percentage_and_times_have_a_zone(self, sample: HostSample) -> None:
        for record in sample.host.learners(sample.run_ref, after=None, limit=100):
            assert record.progress is None or 0 <= record.progress <= 100
            assert record.completed_on is None or record.completed_on.tzinfo is not None

    def test_the_runs_of_a_learner_name_this_one(self, sample: HostSample) -> None:
        assert sample.run_ref in sample.host.runs_of_learner(sample.learner_refs[0])
        assert list(sample.host.runs_of_learner(NOBODY)) == []

    def test_asking_for_nobody_answers_nobody(self, sample: HostSample) -> None:
        assert sample.host.learner_records(sample.run_ref, []) == {}
        assert sample.host.contacts([]) == {}

    def test_contacts_are_addresses_and_strangers_are_left_out(self, sample: HostSample) -> None:
        found = sample.host.contacts([*sample.learner_refs, NOBODY])
        assert NOBODY not in found
        for contact in found.values():
            assert isinstance(contact, Contact)
            assert contact.email is None or "@" in contact.email
            assert contact.phone is None or contact.phone.startswith("+")

    def test_a_search_finds_at_most_what_was_asked_for(self, sample: HostSample) -> None:
        found: Sequence[Person] = sample.host.find_people(sample.tenant_ref, "a", 1)
        assert len(found) <= 1
        assert all(isinstance(each, Person) for each in found)

    def test_report_columns_are_text_by_learner(self, sample: HostSample) -> None:
        found = sample.host.report_columns(sample.run_ref, list(sample.learner_refs))
        for columns in found.values():
            assert all(isinstance(name, str) and isinstance(value, str) for name, value in columns.items())

    def test_the_actor_is_known_and_an_unknown_act_is_refused(self, sample: HostSample) -> None:
        actor = sample.host.find_actor(sample.actor_ref)
        assert isinstance(actor, Actor)
        assert sample.host.find_actor(NOBODY) is None
        for act in ACTS:
            answer = sample.host.may(actor, act, tenant_ref=sample.tenant_ref, run_ref=sample.run_ref)
            assert isinstance(answer, bool)
        assert sample.host.may(actor, "no.such.act", tenant_ref=sample.tenant_ref) is False

    def test_without_a_request_nobody_acts_and_records_come_all_the_same(self, sample: HostSample) -> None:
        assert sample.host.current_actor() is None
        assert sample.host.learner_records(sample.run_ref, list(sample.learner_refs))

    def test_pages_are_addresses_or_none(self, sample: HostSample) -> None:
        for place in ("courses", "profile", "video", "login"):
            url = sample.host.page_url(place, sample.run_ref)
            assert url is None or isinstance(url, str)
