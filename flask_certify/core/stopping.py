"""A worker that is told to stop finishes its chunk, or gives it back.

Whoever makes something runs `interruptible`; there, and only there, a signal ends the work at once. What must not be
cut in two, such as sending a message and writing down that it was sent, is `whole`.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNAL = signal.SIGUSR1
"""Tells the process that works on a chunk that its time is up."""


class Stopping(BaseException):
    """The chunk goes back. No `Exception`: nobody on the way may take it for trouble of a learner's or the host's."""


class _Here:
    """What this process was told. A process works on one chunk at a time, in its main thread."""

    is_asked = False
    may_raise = False


def listen() -> None:
    """From now on the signal is heard. For the main thread of whoever works on chunks."""
    _Here.is_asked = _Here.may_raise = False
    signal.signal(SIGNAL, lambda number, frame: ask())


def ask() -> None:
    """Ends the work as soon as it may be ended."""
    _Here.is_asked = True
    if _Here.may_raise:
        _Here.may_raise = False
        raise Stopping()


def is_asked() -> bool:
    """Whether no further chunk should be begun."""
    return _Here.is_asked


@contextmanager
def interruptible() -> Iterator[None]:
    """What is inside may end at any line with Stopping. Raises it at once if that was asked before."""
    with _raising(True):
        yield


@contextmanager
def whole() -> Iterator[None]:
    """What is inside is done to its end; Stopping comes after it, if it is due."""
    before = _Here.may_raise
    with _raising(False):
        yield
    if before and _Here.is_asked:
        raise Stopping()


@contextmanager
def _raising(may: bool) -> Iterator[None]:
    before, _Here.may_raise = _Here.may_raise, may
    try:
        if may and _Here.is_asked:
            raise Stopping()
        yield
    finally:
        _Here.may_raise = before and not _Here.is_asked
