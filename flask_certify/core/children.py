"""Programs that cannot outlive the process that started them.

The kernel ends them with their owner, also after `kill -9`, by a call that only Linux has. No warden process,
no file of process numbers: nothing that could itself be left behind.
"""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from .errors import Misconfigured, Unavailable
from .i18n import N_

PR_SET_PDEATHSIG = 1
LAST_WORDS = 5  # lines of a failed program's log that are worth showing


class NotOnThisSystem(Misconfigured):
    code = "embedded.not_on_this_system"
    sentence = N_(
        "Only Linux can tie a server to its owner. Start %(program)s yourself and give its address in the settings."
    )


class NotInMainThread(Misconfigured):
    code = "embedded.not_in_main_thread"
    sentence = N_("Start %(program)s from the main thread: it ends with the thread that started it.")


class DidNotStart(Unavailable):
    code = "embedded.did_not_start"
    sentence = N_("%(program)s did not start. Its last words: %(said)s")


def start_tied(
    command: Sequence[str], *, on_owner_death: signal.Signals, log: Path, **options: Any
) -> subprocess.Popen[bytes]:
    """The running program. The kernel sends it `on_owner_death` when its owner ends, however that ends.

    The tie is to the *thread* that starts it, so only the main thread may. Ctrl-C in a terminal reaches the
    owner alone, who then ends things in order. `options` are those of Popen.
    """
    program = Path(command[0]).name
    if sys.platform != "linux":
        raise NotOnThisSystem(program=program)
    if threading.current_thread() is not threading.main_thread():
        raise NotInMainThread(program=program)
    with log.open("ab") as sink:
        return subprocess.Popen(
            command,
            preexec_fn=tie_to(os.getpid(), on_owner_death),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            **{"start_new_session": True, **options},
        )


def tie_to(owner: int, on_owner_death: signal.Signals) -> Callable[[], None]:
    """What a child does right after the fork, where nothing may be imported or loaded any more: from then on the kernel
    sends it the signal when its owner ends."""
    libc = _libc()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(on_owner_death), 0, 0, 0)
        if os.getppid() != owner:  # the owner ended before the line above
            os._exit(1)

    return tie


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


def has_ended(child: int) -> bool:
    """Also of one that the system has cleared away by itself, as it does for a supervisor that ignores SIGCHLD."""
    try:
        return bool(os.waitpid(child, os.WNOHANG)[0])
    except ChildProcessError:
        return True


def wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 30) -> None:
    """Return when `answers()` is true. A program that ended, or never answers, says why through its log."""
    deadline = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None or time.monotonic() > deadline:
            stop(process, signal.SIGKILL)
            raise DidNotStart(program=program_of(process), said=last_words(log))
        time.sleep(0.005)


def program_of(process: subprocess.Popen[bytes]) -> str:
    """The name people know the program by."""
    command = process.args
    assert isinstance(command, list | tuple)
    return Path(str(command[0])).name


def last_words(log: Path) -> str:
    """The end of the log, where a program that failed says why."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return "\n".join(lines[-LAST_WORDS:]) or "none"


def stop(process: subprocess.Popen[bytes], how: signal.Signals, seconds: float = 15) -> None:
    """End the program and wait for it; who does not listen is killed. Doing it twice changes nothing."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def python() -> str:
    """Our Python, also in a web server that is a program of its own with Python inside."""
    if Path(sys.executable).name.startswith("python"):
        return sys.executable
    return str(Path(sys.prefix, "bin", "python3"))


def no_more_than_left(what: int, most: int) -> int:
    """So much of a resource, or less if this process may not have as much: who asks for more is refused altogether."""
    _, left = resource.getrlimit(what)
    return most if left == resource.RLIM_INFINITY else min(most, left)


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without our own settings: a server needs no key of ours."""
    return {name: value for name, value in environ.items() if not name.startswith("CERTIFY_")}
