"""The progress report: the host's own columns, then Certificate Status and Certificate Type (R-167), for every learner.

It is complete before the first byte leaves, so a host that goes away half-way gives an error and not half a file.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from ..achievements.service import RunView
from ..core.hosts import asking
from ..core.i18n import N_, c_
from ..core.runtime import Runtime
from . import queries, wording
from .queries import LearnerRow

STATUS, TYPE = N_("Certificate Status"), N_("Certificate Type")
AT_ONCE = 1000  # learners of whom the host is asked at once
IN_MEMORY = 4_000_000  # characters; a longer report waits in a temporary file


@dataclass
class Report:
    """A report that is ready: the titles of its columns, and its rows. Whoever has it closes it."""

    titles: tuple[str, ...]
    _host_columns: tuple[str, ...]
    _kept: "SpooledTemporaryFile[str]"

    def rows(self) -> Iterator[Sequence[str]]:
        """The row of titles, then one for each learner."""
        yield self.titles
        self._kept.seek(0)
        for line in self._kept:
            theirs, status, kind = json.loads(line)
            yield [*(theirs.get(column, "") for column in self._host_columns), status, kind]

    def close(self) -> None:
        self._kept.close()


def make_report(rt: Runtime, run: RunView) -> Report:
    """The report of all learners of the run. Raises HostUnavailable, HostFailed.

    The host may have other columns for other learners; a column comes where it was first met.
    """
    columns: dict[str, None] = {}
    with rt.reading() as session:
        names = queries.names_of_kinds(session, run.tenant_ref)
    with ExitStack() as unfinished:
        kept = unfinished.enter_context(SpooledTemporaryFile(IN_MEMORY, "w+", encoding="utf-8"))
        for page in _pages(rt, run):
            theirs = _ask_host(rt, run, page)
            for row in page:
                given = theirs.get(row.learner_ref, {})
                columns.update(dict.fromkeys(given))
                told = [dict(given), wording.label_name(row.label), wording.kind_name(row.type, names)]
                kept.write(json.dumps(told) + "\n")
        unfinished.pop_all()  # it is finished, and stays open
    return Report((*columns, c_(STATUS), c_(TYPE)), tuple(columns), kept)


def _pages(rt: Runtime, run: RunView) -> Iterator[list[LearnerRow]]:
    """All learners of the run; no transaction is open while the host is asked about a page of them."""
    after, is_last = "", False
    while not is_last:
        with rt.reading() as session:
            page = queries.rows_after(session, run.id, after, AT_ONCE)
        is_last = len(page) < AT_ONCE
        if page:
            after = page[-1].learner_ref
            yield page


def _ask_host(rt: Runtime, run: RunView, page: Sequence[LearnerRow]) -> Mapping[str, Mapping[str, str]]:
    with asking(rt, "report_columns"):
        return rt.host.report_columns(run.run_ref, [row.learner_ref for row in page])
