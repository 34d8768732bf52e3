"""All we ask of the LMS. An adapter is one object that has these methods; no base class is needed.

`isinstance` with a Protocol looks at names only, so it proves nothing: run `flask_certify.testing.contracts`
against your adapter. Every method may raise `HostAway` to say "not now": the work is then done later, and
nobody is refused for it (R-255). Any other exception is taken as an error about the people that were asked for.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from .records import Actor, Contact, CourseRun, LearnerRecord, Objection, Person, Tenant


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


class Logins(Protocol):
    """Optional: an adapter that has no such method is asked in another way, see `find_logins`."""

    def find_logins(self, run_ref: str, logins: Collection[str]) -> Mapping[str, str]:
        """The references of the learners with these user names or e-mail addresses, as they were typed.

        One call for many. Who is not known is left out.
        """
        ...


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


class Veto(Protocol):
    """A hook of the host, given to `init_app`: the last word before certificates are made (R-060)."""

    def __call__(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, Objection]:
        """Objections by learner; who is left out may have a certificate."""
        ...


class Host(Acting, Tenants, CourseRuns, People, Pages, Protocol):
    """Everything together: what `Certify.init_app(host=…)` takes."""


def find_logins(host: Host, run_ref: str, tenant_ref: str, logins: Collection[str]) -> Mapping[str, str]:
    """Login → reference, by the host's own `find_logins`; else who has this reference or external id."""
    own = getattr(host, "find_logins", None)
    if own is not None:
        found: Mapping[str, str] = own(run_ref, logins)
        return found
    known = {ref: ref for ref in host.learner_records(run_ref, list(logins))}
    for login in logins:
        if login not in known:
            # A search finds parts of names as well: only somebody whose own id it is counts.
            people = host.find_people(tenant_ref, login, 20)
            exact = {each.learner_ref for each in people if each.external_id == login}
            if len(exact) == 1:
                known[login] = exact.pop()
    return known
