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
from .errors import DatabaseBusy

if TYPE_CHECKING:
    from .runtime import Runtime

log = logging.getLogger("flask_certify")


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
    """Commits at the end, rolls back on any error. Raises DatabaseBusy if the database stays locked."""
    with WritingSession(engine, expire_on_commit=False) as session:
        tx = Transaction(session, rt)
        try:
            with session.begin():
                yield tx
        except sa.exc.OperationalError as error:
            if is_busy(error):
                raise DatabaseBusy() from error
            raise
    tx._follow()


@contextmanager
def reading(engine: Engine) -> Iterator[orm.Session]:
    """A session that only reads; whatever it changed by mistake is rolled back."""
    with orm.Session(engine) as session:
        yield session


def is_busy(error: sa.exc.OperationalError) -> bool:
    """Whether it says that others hold the database, and not that something is wrong with it."""
    said = str(error.orig).lower()
    return "locked" in said or "deadlock" in said or "could not serialize" in said or "lock timeout" in said
