"""The allowlist from a CSV file: a user name or e-mail address and a note on each line (R-083).

Lines that cannot be used are grouped by what is wrong with them and named by their number, never by what they hold;
the others are used all the same.
"""

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ..achievements.service import get_run
from ..awards.causes import LONGEST_NOTE, Cause, Why
from ..core.errors import BadInput
from ..core.hosts import asking
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..core.texts import is_storable
from ..host.ports import find_logins
from . import excepting
from .excepting import AlreadyListed, NotEnrolled, Refusal, UnknownLearner
from .happenings import Happened
from .lifecycle import DeclaredInvalid

MOST_BYTES, MOST_LINES, LONGEST_LOGIN = 5_000_000, 50_000, 254

FORMAT, UNKNOWN, LISTED, ENROLLED, INVALID = (
    "data_format_error",
    "user_not_exist",
    "user_already_allowlisted",
    "user_not_enrolled",
    "user_on_certificate_invalidation_list",
)
GROUPS: Mapping[Refusal, str] = {
    UnknownLearner: UNKNOWN,
    AlreadyListed: LISTED,
    NotEnrolled: ENROLLED,
    DeclaredInvalid: INVALID,
}


class UnreadableFile(BadInput):
    code = "import.unreadable"
    sentence = N_("This file cannot be read: it must be a CSV file in UTF-8 with at most %(lines)s lines.")

    def __init__(self) -> None:
        super().__init__(lines=f"{MOST_LINES:,}")


class WrongQuotes(UnreadableFile):
    code = "import.quotes"
    sentence = N_(
        "Line %(line)s of this file cannot be read: a quotation mark is not closed, something follows the one that "
        "closes, or a cell is far too long. Nothing in the file was used."
    )

    def __init__(self, line: int) -> None:
        BadInput.__init__(self, line=line)


@dataclass(frozen=True)
class Imported:
    """How many were listed, and the numbers of the lines that were not used, by what is wrong with them."""

    added: int
    errors: Mapping[str, list[int]]
    followed: Happened = field(default_factory=lambda: Happened({}))


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    login: str
    note: str | None


def import_allowlist(rt: Runtime, run_id: UUID, data: bytes, *, actor: str, automatic: bool = True) -> Imported:
    """Lists whom the file names. A line for somebody who stands on an earlier one is already listed by it.

    Raises UnreadableFile, UnknownRun, HostUnavailable.
    """
    lines, errors = read(data)
    with rt.reading() as session:
        run = get_run(session, run_id)
    logins = {line.login for line in lines}
    with asking(rt, "find_logins"):
        found = find_logins(rt.host, run.run_ref, run.tenant_ref, logins) if logins else {}
    by_ref: dict[str, Line] = {}
    for line in lines:
        ref = found.get(line.login)
        if ref is None:
            errors[UNKNOWN].append(line.number)
        elif ref in by_ref:
            errors[LISTED].append(line.number)
        else:
            by_ref[ref] = line
    whys = {ref: Why(Cause.EXCEPTION, line.note) for ref, line in by_ref.items()}
    if not whys:
        return Imported(0, _sorted(errors))
    report = excepting.allow(rt, run_id, whys, actor=actor, automatic=automatic)
    for ref, refusal in report.refused.items():
        errors[GROUPS[refusal]].append(by_ref[ref].number)
    return Imported(len(report.done), _sorted(errors), report.followed)


def read(data: bytes) -> tuple[list[Line], dict[str, list[int]]]:
    """The lines that have the form, and the errors so far. A byte-order mark is fine, and so are empty lines."""
    errors: dict[str, list[int]] = {group: [] for group in (FORMAT, *GROUPS.values())}
    lines: list[Line] = []
    for number, cells in cells_of(data):
        if not any(cells):
            continue
        if len(lines) >= MOST_LINES:
            raise UnreadableFile()
        if _has_form(cells):
            lines.append(Line(number, cells[0], cells[1] or None))
        else:
            errors[FORMAT].append(number)
    return lines, errors


def _has_form(cells: Sequence[str]) -> bool:
    return (
        len(cells) == 2
        and bool(cells[0])
        and is_storable(cells[0], LONGEST_LOGIN)
        and is_storable(cells[1], LONGEST_NOTE)
    )


def cells_of(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The lines of a file with their numbers. What spreadsheets call CSV is not always parted by commas: where a comma
    writes the decimals it is a semicolon, and "Unicode text" is UTF-16 with tabs.

    Raises UnreadableFile, and WrongQuotes with the line from which on cells and lines cannot be told apart.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableFile()
    is_wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFile() from None
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_parted_by(text), strict=True)
    read = 0
    try:
        for row in rows:
            read = rows.line_num
            yield read, [cell.strip() for cell in row]
    except csv.Error:
        raise WrongQuotes(read + 1) from None


def _parted_by(text: str) -> str:
    """What comes first of all that may part cells, in the first line that holds anything."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return next((each for each in first if each in ",;\t"), ",")


def _sorted(errors: Mapping[str, Collection[int]]) -> dict[str, list[int]]:
    return {group: sorted(numbers) for group, numbers in errors.items()}
