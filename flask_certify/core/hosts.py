"""How we ask the host: an absent one means later, a late one is noted, and whatever it raises is ours to name."""

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from ..host.ports import HostAway
from .errors import CertifyError, HostUnavailable
from .i18n import N_
from .runtime import Runtime

Answer = TypeVar("Answer")

MOST_TRIES = 63  # in vain, one after the other, until a host is taken to be away

log = logging.getLogger("flask_certify")


class HostFailed(CertifyError):
    code = "host.failed"
    sentence = N_(
        "The learning platform could not answer (%(kind)s while asked for %(port)s). "
        "Have its log looked at, then issue again."
    )
    status = 502


class WrongAnswer(Exception):
    """What the host said is not what was agreed; the text names it. Raised within `asking`."""


@contextmanager
def asking(rt: Runtime, port: str) -> Iterator[None]:
    """Around one call of the host. Raises HostUnavailable if it is away, HostFailed if it raised anything else."""
    began = time.monotonic()
    try:
        yield
    except (HostAway, TimeoutError, ConnectionError) as error:
        raise HostUnavailable() from error
    except WrongAnswer as error:
        log.warning("host gave an unusable answer", extra={"port": port, "reason": str(error)})
        raise HostFailed(kind=f"unusable {error}", port=port) from error
    except Exception as error:  # a host is somebody else's program: whatever it raises is told the same way
        log.warning("host raised", extra={"port": port, "reason": type(error).__name__})
        raise HostFailed(kind=type(error).__name__, port=port) from error
    seconds = time.monotonic() - began
    if seconds > rt.settings.host_seconds:
        log.warning("host.late: %s took %.1f seconds", port, seconds, extra={"port": port})


def ask_about(
    rt: Runtime, port: str, ask: Callable[[list[str]], Mapping[str, Answer]], refs: Collection[str]
) -> tuple[dict[str, Answer], dict[str, HostFailed]]:
    """What the host says about these people, and about whom it raised.

    One call. If it raises, halves of them are asked, and halves of those, until who breaks the host's answer stands
    alone: a dozen calls for one learner in a thousand. If it raises for all of several, or a great many times without
    one answer, the host is away: later, and nobody has failed. Raises HostUnavailable.
    """
    said: dict[str, Answer] = {}
    failed: dict[str, HostFailed] = {}
    waiting, tries, answers = deque([list(refs)]), 0, 0
    while waiting:
        some = waiting.popleft()
        try:
            with asking(rt, port):
                said.update(ask(some))
            answers += 1
        except HostFailed as error:
            tries += 1
            if (tries > MOST_TRIES and not answers) or (len(some) == 1 and len(failed) + 1 == len(refs) > 1):
                raise HostUnavailable(**error.values) from error
            if len(some) == 1:
                failed[some[0]] = error
            else:
                middle = len(some) // 2
                waiting += [some[:middle], some[middle:]]
    return said, failed
