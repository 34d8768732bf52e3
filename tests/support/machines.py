"""Several machines on this one: each has a network, a name and a disk of its own, and they meet on one switch.

Only root may make them so. For anybody else a machine is a process with a disk of its own, and all share the loopback.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask_certify.core.children import start_tied, without_secrets

PROJECT = Path(__file__).parents[2]
NET = "10.213.77"

# Its own folder under the path that all machines use, those of the others out of sight, and a name of its own.
ENTER = (
    "hostname {name} && mount --bind {disks}/{name} {disk} && mount -t tmpfs none {disks} && "
    'ip link set lo up && exec "$@"'
)


@dataclass(frozen=True)
class Machine:
    """`disk` is the path of its disk as it sees it, `outside` as we do."""

    name: str
    address: str
    disk: Path
    outside: Path
    prefix: tuple[str, ...]
    are_apart: bool

    def start(self, *command: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A program on this machine, which ends with this process. What it says is kept in `log`."""
        return start_tied(
            [*self.prefix, *command],
            on_owner_death=signal.SIGKILL,
            log=self.log,
            cwd=PROJECT,
            env=self._environ(environ),
        )

    def run(self, *command: str, environ: Mapping[str, str], seconds: float = 120) -> str:
        """The same, waited for: what it said. What it complained of is raised."""
        done = subprocess.run(
            [*self.prefix, *command],
            cwd=PROJECT,
            env=self._environ(environ),
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
        return done.stdout

    @property
    def log(self) -> Path:
        return self.outside.parent.parent / f"{self.name}.log"

    def _environ(self, more: Mapping[str, str]) -> dict[str, str]:
        own = {"HOME": str(self.disk), "TMPDIR": str(self.disk), "PYTHONDONTWRITEBYTECODE": "1"}
        return without_secrets(os.environ) | own | dict(more)


@contextmanager
def switched(folder: Path, names: Sequence[str]) -> Iterator[dict[str, Machine]]:
    """Machines of these names. The first one holds the switch."""
    disks, disk = folder / "disks", folder / "disk"
    for each in (disk, *(disks / name for name in names)):
        each.mkdir(parents=True)
    if not may_set_apart():
        yield {name: Machine(name, "127.0.0.1", disks / name, disks / name, (), are_apart=False) for name in names}
        return
    spaces = {name: f"certify-{os.getpid()}-{name}" for name in names}
    try:
        for space in spaces.values():
            _ip("netns", "add", space)
        hub = spaces[names[0]]
        _ip("-n", hub, "link", "add", "switch", "type", "bridge")
        _ip("-n", hub, "addr", "add", f"{NET}.1/24", "dev", "switch")
        _ip("-n", hub, "link", "set", "switch", "up")
        for number, name in enumerate(names[1:], start=2):
            _ip("-n", hub, "link", "add", f"to-{number}", "type", "veth", "peer", "name", "eth0", "netns", spaces[name])
            _ip("-n", hub, "link", "set", f"to-{number}", "master", "switch", "up")
            _ip("-n", spaces[name], "addr", "add", f"{NET}.{number}/24", "dev", "eth0")
            _ip("-n", spaces[name], "link", "set", "eth0", "up")
        yield {
            name: Machine(name, f"{NET}.{number}", disk, disks / name, _into(spaces[name], name, disks, disk), True)
            for number, name in enumerate(names, start=1)
        }
    finally:
        for space in spaces.values():
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


def _into(space: str, name: str, disks: Path, disk: Path) -> tuple[str, ...]:
    enter = ENTER.format(name=name, disks=disks, disk=disk)
    return ("ip", "netns", "exec", space, "unshare", "--uts", "--mount", "sh", "-c", enter, name)


def may_set_apart() -> bool:
    """Whether this process may make networks, as root on an ordinary machine may."""
    if os.geteuid() != 0 or sys.platform != "linux" or not all(map(shutil.which, ("ip", "unshare"))):
        return False
    probe = f"certify-{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode == 0
    linked = (
        made
        and subprocess.run(
            ["ip", "-n", probe, "link", "add", "switch", "type", "bridge"], capture_output=True
        ).returncode
        == 0
    )
    subprocess.run(["ip", "netns", "del", probe], capture_output=True)
    return linked


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(words)}: {done.stderr}"
