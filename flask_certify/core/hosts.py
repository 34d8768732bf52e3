"""How we ask the host: an absent one means later, a late one is noted, and whatever it raises is ours to name."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..host.ports import HostAway
from .errors import CertifyError, HostUnavailable
from .i18n import N_
from .runtime import Runtime

log = logging.getLogger("flask_certify")


class HostFailed(CertifyError):
    code = "host.failed"
    sentence = N_(
        "The learning platform could not answer (%(kind)s while asked for %(port)s). "
        "Have its log looked at, then issue again."
    )
    status = 502


@contextmanager
def asking(rt: Runtime, port: str) -> Iterator[None]:
    """Around one call of the host. Raises HostUnavailable if it is away, HostFailed if it raised anything else."""
    began = time.monotonic()
    try:
        yield
    except (HostAway, TimeoutError, ConnectionError) as error:
        raise HostUnavailable() from error
    except Exception as error:  # a host is somebody else's program: whatever it raises is told the same way
        log.warning("host raised", extra={"port": port, "reason": type(error).__name__})
        raise HostFailed(kind=type(error).__name__, port=port) from error
    seconds = time.monotonic() - began
    if seconds > rt.settings.host_seconds:
        log.warning("host.late: %s took %.1f seconds", port, seconds, extra={"port": port})
