"""All we ask of the LMS. An adapter is one object that has these methods; no base class is needed.

`isinstance` with a Protocol looks at names only, so it proves nothing: run `flask_certify.testing.contracts`
against your adapter. Every method may raise `HostAway` to say "not now": the work is then done later, and
nobody is refused for it (R-255). Any other exception is taken as an error about the people that were asked for.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from .records import Actor, Contact, CourseRun, LearnerRecord, Person, Tenant


class HostAway(Exception):
    """The host cannot answer now. Later is not no."""


class Acting(Protocol):
    """Who acts, and what they may do. The one part that may look at the present request."""

    def current_actor(self) -> Actor | None:
        """Who is logged in; None for a stranger."""
        ...

    def find_actor(self, actor_ref: str) -> Actor | None:
        """The person with this reference, for commands run in somebody's name."""
        ...

    def may(
        self,
        actor: Actor,
        act: str,
        *,
        tenant_ref: str,
        run_ref: str | None = None,
        learner_ref: str | None = None,
    ) -> bool:
        """May they do this to this object? `acts.ACTS` lists the acts and the seeds' default answers."""
        ...


class Tenants(Protocol):
    def tenant(self, tenant_ref: str) -> Tenant | None: ...


class CourseRuns(Protocol):
    """The host's teaching records, read only."""

    def course_run(self, run_ref: str) -> CourseRun | None: ...

    def runs_of_course(self, course_ref: str) -> Sequence[str]: ...

    def runs_of_learner(self, learner_ref: str) -> Sequence[str]: ...

    def learners(self, run_ref: str, *, after: str | None, limit: int) -> Sequence[LearnerRecord]:
        """At most `limit` learners of the run whose reference comes after `after`, ordered by reference."""
        ...

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        """One call for many. Who is not known (any more) is left out; no error."""
        ...


class People(Protocol):
    def contacts(self, learner_refs: Collection[str]) -> Mapping[str, Contact]: ...

    def find_people(self, tenant_ref: str, text: str, limit: int) -> Sequence[Person]: ...


class Pages(Protocol):
    """The host's own pages and columns."""

    def report_columns(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Mapping[str, str]]:
        """The host's columns of the progress report: learner → column title → value."""
        ...

    def page_url(self, place: str, ref: str | None = None) -> str | None:
        """Where the host shows `courses`, `profile`, `video` or `login`; None if it has no such page.

        `ref` names the run of a `video`; with `login` it is the address to come back to.
        """
        ...


class Host(Acting, Tenants, CourseRuns, People, Pages, Protocol):
    """Everything together: what `Certify.init_app(host=…)` takes."""
