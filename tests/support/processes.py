"""What the kernel says of another process."""

import time
from contextlib import suppress
from pathlib import Path


def is_gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends within that time. One that ended and is only not yet buried is gone."""
    deadline = time.monotonic() + seconds
    while _state(pid) not in (None, "Z"):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def _state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def owner_of(pid: int) -> int:
    """The number of the account the process runs as."""
    return Path(f"/proc/{pid}").stat().st_uid


def is_stopped(pid: int, seconds: float = 10) -> bool:
    """Whether a SIGSTOP takes hold within that time, or the process is gone, which is stopped enough."""
    deadline = time.monotonic() + seconds
    while _state(pid) not in ("T", "Z", None):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.001)
    return True


def family_of(pid: int) -> set[int]:
    """The process and all that it started, and they, as long as it runs."""
    found, threads = {pid}, Path(f"/proc/{pid}/task")
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
        for thread in threads.iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                for child in (thread / "children").read_text().split():
                    found |= family_of(int(child))
    return found
