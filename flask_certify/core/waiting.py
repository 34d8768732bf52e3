"""What the host tells us inside its own transaction waits until that has ended, either way (DESIGN decision 4).

Facts are asked anew then: what was rolled back was never true. It runs in an application context of its own, so the
host's session is another one there, and the one that has just ended is neither used nor opened again.
"""

import logging
from collections.abc import Callable, Hashable
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

log = logging.getLogger("flask_certify")

WAITING, LISTENING = "certify_waiting", "certify_listening"

Do = Callable[[], None]


def when_settled(app: Flask, db: SQLAlchemy, about: Hashable, do: Do) -> None:
    """Does it now, or as soon as the host's open transaction has ended; once for each thing it is about.

    What it raises is logged, since the host has done nothing wrong.
    """
    session = db.session() if db.session.registry.has() else None
    if session is None or not session.in_transaction():
        _do(app, do)
        return
    session.info.setdefault(WAITING, {})[about] = do
    if not session.info.get(LISTENING):
        session.info[LISTENING] = True
        sa.event.listen(session, "after_transaction_end", _Ended(app))


class _Ended:
    """Listens on one session of the host, and goes with it."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def __call__(self, session: Any, transaction: Any) -> None:
        if transaction.parent is None:
            for do in session.info.pop(WAITING, {}).values():
                _do(self.app, do)


def _do(app: Flask, do: Do) -> None:
    try:
        with app.app_context():
            do()
    except Exception as error:
        log.warning("a change was not looked at; the night will", extra={"reason": type(error).__name__})
