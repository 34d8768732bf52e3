"""One transaction, and what follows it.

    with rt.transaction() as tx:
        award.state = states.after(award.state, Move.ISSUE)
        tx.then(rt.wake, chunk_id)

Services open transactions; nothing else commits. Mail, queue and signals wait for the commit.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Engine, orm

from .db import WritingSession
from .errors import CertifyError, DatabaseAway, DatabaseBusy, Misconfigured
from .i18n import N_

if TYPE_CHECKING:
    from .runtime import Runtime

log = logging.getLogger("flask_certify")


class TablesMissing(Misconfigured):
    code = "db.missing"
    sentence = N_("Our tables are not in the database, or not up to date. Run: flask certify db upgrade")


class Transaction:
    """Open until its `with` ends. `session` writes, `then` waits."""

    def __init__(self, session: orm.Session, rt: "Runtime | None" = None) -> None:
        self.session = session
        self.rt = rt
        """Whose transaction it is, for what follows it."""
        self._then: list[Callable[[], Any]] = []

    def then(self, do: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        """Does it after the commit, or never if there is none. What it raises is logged and undoes nothing."""
        self._then.append(lambda: do(*args, **kwargs))

    def _follow(self) -> None:
        for do in self._then:
            try:
                do()
            except Exception as error:  # the commit stands; whoever hears of it late is told by the sweeper
                log.warning("work after a commit failed", extra={"reason": type(error).__name__})


@contextmanager
def transaction(engine: Engine, rt: "Runtime | None" = None) -> Iterator[Transaction]:
    """Commits at the end, rolls back on any error. Raises DatabaseBusy, DatabaseAway, TablesMissing."""
    with naming_trouble(), WritingSession(engine, expire_on_commit=False) as session:
        tx = Transaction(session, rt)
        with session.begin():
            yield tx
    tx._follow()


@contextmanager
def reading(engine: Engine) -> Iterator[orm.Session]:
    """A session that only reads; whatever it changed by mistake is rolled back. Raises as `transaction` does."""
    with naming_trouble(), orm.Session(engine) as session:
        yield session


@contextmanager
def connected(engine: Engine) -> Iterator[sa.Connection]:
    """A bare connection that only reads, for pages that everybody opens: a session takes longer than a question.

    Raises as `transaction` does.
    """
    with naming_trouble(), engine.connect() as connection:
        yield connection


@contextmanager
def naming_trouble() -> Iterator[None]:
    """What a database complains of becomes an error of ours, with a sentence that says what to do."""
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:
        named = _named(error)
        if named is None:
            raise
        raise named from error


def _named(error: sa.exc.OperationalError | sa.exc.ProgrammingError) -> CertifyError | None:
    """None for a mistake in a statement of ours, which is no trouble of the database's."""
    said = str(error.orig).lower()
    kind = type(error.orig).__name__
    if kind in ("UndefinedTable", "UndefinedColumn") or "no such table" in said or "no such column" in said:
        return TablesMissing()
    if isinstance(error, sa.exc.ProgrammingError):
        return None
    return DatabaseBusy() if _is_busy(error) else DatabaseAway(kind=kind)


def _is_busy(error: sa.exc.OperationalError) -> bool:
    """Whether it says that others hold the database, and not that something is wrong with it."""
    said = str(error.orig).lower()
    return "locked" in said or "deadlock" in said or "could not serialize" in said or "lock timeout" in said
