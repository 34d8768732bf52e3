"""What may be asked with `may`, and who may do it if the host has no rules of its own (D-16)."""

from collections.abc import Iterable

from .records import Role

ACTS: dict[str, frozenset[Role]] = {
    # act: the roles that may, each for the runs and tenants that are theirs
    "run.attach": frozenset({Role.AUTHOR, Role.TENANT_ADMIN}),
    "template.use": frozenset({Role.AUTHOR, Role.TENANT_ADMIN}),
    "template.edit": frozenset({Role.AUTHOR, Role.TENANT_ADMIN}),
    "run.dashboard": frozenset({Role.MENTOR, Role.AUTHOR, Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.issue": frozenset({Role.MENTOR, Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.download": frozenset({Role.MENTOR, Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.reissue": frozenset({Role.MENTOR, Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.undo": frozenset({Role.MENTOR, Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.withdraw": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.restore": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.revoke": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "exceptions.edit": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "issuer.disclose": frozenset({Role.TENANT_ADMIN}),
    "person.export": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "person.erase": frozenset({Role.TENANT_ADMIN}),
    "messages.read": frozenset({Role.MENTOR, Role.TENANT_ADMIN, Role.SUPPORT}),
    "messages.edit": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "messages.decide": frozenset({Role.TENANT_ADMIN, Role.SUPPORT}),
    "award.read_own": frozenset({Role.LEARNER}),
    "failures.read": frozenset({Role.MENTOR, Role.TENANT_ADMIN, Role.SUPPORT}),
}


def default_answer(act: str, roles: Iterable[Role]) -> bool:
    """The seeds' answer for somebody who has these roles towards the object. Unknown acts are refused."""
    return not ACTS.get(act, frozenset()).isdisjoint(roles)
