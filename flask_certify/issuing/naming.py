"""Whom a file names: the first column of each line, an external id, a user name, an e-mail address or a reference.

Lines that name nobody are told by their number, never by what they hold; the others are used all the same (R-091).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from ..achievements.service import get_run
from ..awards.models import Record
from ..awards.moves import in_parts
from ..core.hosts import asking
from ..core.runtime import Runtime
from ..core.texts import is_storable
from ..host.ports import find_logins
from .importing import LONGEST_LOGIN, MOST_LINES, UnreadableFile, cells_of

HEADINGS = frozenset(
    {"external id", "external_id", "id", "learner", "user", "username", "user name", "email", "e-mail"}
)


@dataclass(frozen=True, slots=True)
class Named:
    """The learners of a file, each once, and the numbers of the lines that name nobody."""

    learner_refs: tuple[str, ...]
    unknown_lines: tuple[int, ...]


def from_file(rt: Runtime, run_id: UUID, data: bytes) -> Named:
    """Raises UnreadableFile, HostUnavailable."""
    named = read(data)
    found = _find(rt, run_id, set(named.values()))
    refs = dict.fromkeys(found[name] for name in named.values() if name in found)
    return Named(tuple(refs), tuple(number for number, name in named.items() if name not in found))


def read(data: bytes) -> dict[int, str]:
    """What stands first on each line that holds anything, by the number of the line; headings are passed by."""
    named: dict[int, str] = {}
    for number, cells in cells_of(data):
        first = cells[0] if cells else ""
        if not first or (not named and first.lower() in HEADINGS):
            continue
        if len(named) >= MOST_LINES:
            raise UnreadableFile()
        named[number] = first
    return named


def _find(rt: Runtime, run_id: UUID, names: set[str]) -> Mapping[str, str]:
    """Our own records know most; the host is asked about the others only."""
    fit = sorted(name for name in names if is_storable(name, LONGEST_LOGIN))
    found: dict[str, str] = {}
    with rt.reading() as session:
        run = get_run(session, run_id)
        for some in in_parts(fit):
            rows = session.execute(
                sa.select(Record.external_id, sa.func.min(Record.learner_ref))
                .where(Record.run_id == run_id, Record.external_id.in_(some))
                .group_by(Record.external_id)
                .having(sa.func.count() == 1)
            )
            found.update({str(row[0]): row[1] for row in rows})
            known = sa.select(Record.learner_ref).where(Record.run_id == run_id, Record.learner_ref.in_(some))
            found.update({ref: ref for ref in session.scalars(known) if ref not in found})
    others = [name for name in fit if name not in found]
    if others:
        with asking(rt, "find_logins"):
            found.update(find_logins(rt.host, run.run_ref, run.tenant_ref, others))
    return found
