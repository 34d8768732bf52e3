"""Finding a person the way people ask for them: by a part of the name, or by the tenant's own id (R-186)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import orm

from ..achievements.service import get_issuer_by_slug
from ..awards.service import AwardView, awards_of_learner
from ..core.errors import BadInput
from ..core.hosts import asking
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..host.records import Person

MOST = 20
SHORTEST = 2  # letters: one finds everybody


class TooShort(BadInput):
    code = "person.too_short"
    sentence = N_("Type at least %(least)s letters of a name or of an external ID.")

    def __init__(self) -> None:
        super().__init__(least=SHORTEST)


@dataclass(frozen=True)
class Found:
    person: Person
    awards: Sequence[AwardView]
    """All that were ever issued to them by this tenant, newest first."""


def find(rt: Runtime, slug: str, text: str, *, limit: int = MOST) -> list[Found]:
    """At most `limit` people of the tenant, as the platform finds them, with their certificates. Writes nothing.
    Raises TooShort, NoSuchIssuer, HostUnavailable and HostFailed."""
    wanted = text.strip()
    if len(wanted) < SHORTEST:
        raise TooShort()
    with rt.reading() as session:
        tenant_ref = get_issuer_by_slug(session, slug).tenant_ref
    with asking(rt, "find_people"):
        people = rt.host.find_people(tenant_ref, wanted, limit)
    with rt.reading() as session:
        return [Found(each, _awards_of(session, each, tenant_ref)) for each in people[:limit]]


def _awards_of(session: orm.Session, person: Person, tenant_ref: str) -> list[AwardView]:
    """What another tenant issued to them is that tenant's affair (R-029)."""
    return [each for each in awards_of_learner(session, person.learner_ref) if each.tenant_ref == tenant_ref]
