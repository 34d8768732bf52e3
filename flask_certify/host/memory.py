"""A small LMS in memory: for tests, for a first try, and as the example of an adapter."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .acts import default_answer
from .records import Actor, Contact, CourseRun, LearnerRecord, Person, Role, Tenant


@dataclass
class MemoryHost:
    """An LMS whose tables are dictionaries. Satisfies `ports.Host`; change the dictionaries to tell a story."""

    tenants: dict[str, Tenant] = field(default_factory=dict)
    runs: dict[str, CourseRun] = field(default_factory=dict)
    records: dict[str, dict[str, LearnerRecord]] = field(default_factory=dict)  # run → learner → record
    people: dict[str, Contact] = field(default_factory=dict)  # learner → contact
    actors: dict[str, Actor] = field(default_factory=dict)
    roles: dict[tuple[str, str], set[Role]] = field(default_factory=dict)  # (actor, tenant) → roles
    acting: Actor | None = None
    pages: dict[str, str] = field(default_factory=lambda: {"courses": "/courses"})

    # ---- telling it the story ----------------------------------------------------------------------

    def add_tenant(self, tenant: Tenant) -> Tenant:
        self.tenants[tenant.ref] = tenant
        return tenant

    def add_run(self, run: CourseRun) -> CourseRun:
        self.runs[run.run_ref] = run
        self.records.setdefault(run.run_ref, {})
        return run

    def add_learner(self, run_ref: str, record: LearnerRecord, contact: Contact | None = None) -> LearnerRecord:
        self.records[run_ref][record.learner_ref] = record
        if contact is not None:
            self.people[record.learner_ref] = contact
        return record

    def change_learner(self, run_ref: str, learner_ref: str, **changes: object) -> LearnerRecord:
        changed = replace(self.records[run_ref][learner_ref], **changes)  # type: ignore[arg-type]
        self.records[run_ref][learner_ref] = changed
        return changed

    def add_actor(self, actor: Actor, tenant_ref: str, *roles: Role) -> Actor:
        self.actors[actor.ref] = actor
        self.roles.setdefault((actor.ref, tenant_ref), set()).update(roles)
        return actor

    # ---- the ports ---------------------------------------------------------------------------------

    def current_actor(self) -> Actor | None:
        return self.acting

    def find_actor(self, actor_ref: str) -> Actor | None:
        return self.actors.get(actor_ref)

    def may(
        self,
        actor: Actor,
        act: str,
        *,
        tenant_ref: str,
        run_ref: str | None = None,
        learner_ref: str | None = None,
    ) -> bool:
        roles = set(self.roles.get((actor.ref, tenant_ref), ()))
        run = self.runs.get(run_ref) if run_ref is not None else None
        if run is not None and Role.MENTOR in roles and actor.ref not in run.mentor_refs:
            roles.discard(Role.MENTOR)
        if learner_ref is not None and actor.learner_ref == learner_ref:
            roles.add(Role.LEARNER)
        return default_answer(act, roles)

    def tenant(self, tenant_ref: str) -> Tenant | None:
        return self.tenants.get(tenant_ref)

    def course_run(self, run_ref: str) -> CourseRun | None:
        return self.runs.get(run_ref)

    def runs_of_course(self, course_ref: str) -> Sequence[str]:
        return sorted(ref for ref, run in self.runs.items() if run.course_ref == course_ref)

    def runs_of_learner(self, learner_ref: str) -> Sequence[str]:
        return sorted(ref for ref, learners in self.records.items() if learner_ref in learners)

    def learners(self, run_ref: str, *, after: str | None, limit: int) -> Sequence[LearnerRecord]:
        found = self.records.get(run_ref, {})
        refs = sorted(ref for ref in found if after is None or ref > after)
        return [found[ref] for ref in refs[:limit]]

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        found = self.records.get(run_ref, {})
        return {ref: found[ref] for ref in learner_refs if ref in found}

    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]:
        return {ref: self.people[ref] for ref in learner_refs if ref in self.people}

    def find_people(self, tenant_ref: str, text: str, limit: int) -> Sequence[Person]:
        wanted = text.casefold()
        found = {
            record.learner_ref: Person(record.learner_ref, record.display_name or "", record.external_id)
            for learners in self.records.values()
            for record in learners.values()
            if record.tenant_ref == tenant_ref
            and wanted in f"{record.display_name or ''} {record.external_id or ''}".casefold()
        }
        return [found[ref] for ref in sorted(found)[:limit]]

    def find_logins(self, run_ref: str, logins: Collection[str]) -> Mapping[str, str]:
        known: dict[str, str] = {}
        for learners in self.records.values():
            for ref, record in learners.items():
                address = self.people[ref].email if ref in self.people else None
                known |= {each.casefold(): ref for each in (record.user_name, address) if each}
        return {login: known[login.casefold()] for login in logins if login.casefold() in known}

    def report_columns(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        return {
            ref: {
                "Name": record.display_name or "",
                "Progress": "" if record.progress is None else f"{record.progress:g}",
            }
            for ref, record in self.learner_records(run_ref, learner_refs).items()
        }

    def page_url(self, place: str, ref: str | None = None) -> str | None:
        return self.pages.get(place)
