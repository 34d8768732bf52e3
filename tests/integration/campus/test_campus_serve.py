"""`campus serve`: the whole demo in one command, and nothing left behind however it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from examples.campus.serving import PROJECT

LONGEST = 120  # seconds for a demo from nothing, on a slow machine
IS_OPEN = "Ctrl-C closes the campus."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The campus's folder, kept from test to test: the first one issues, the others find everything issued."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def port() -> int:
    """The same for all tests, since it is printed in every QR code."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    return free


def start(folder: Path, port: int, *words: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "examples.campus",
        "campus",
        "serve",
        "--port",
        str(port),
        *words,
    ]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("CERTIFY_", "SQLALCHEMY_"))}
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env=plain | {"CAMPUS_VAR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def running_in(folder: Path) -> list[int]:
    """Every process that was started for this campus, by what it was told at its start."""
    wanted, found = f"CAMPUS_VAR={folder}".encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            is_one = wanted in (place / "environ").read_bytes().split(b"\0")
        except OSError:  # it has just ended, or is somebody else's
            continue
        if is_one:
            found.append(int(place.name))
    return found


def wait_until_gone(folder: Path) -> list[int]:
    """What is still there after a while; a worker may first finish the chunk it is at."""
    deadline = time.monotonic() + 30
    while running_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return running_in(folder)


def test_once_issues_and_checks_everything_and_a_second_time_there_is_nothing_new(folder, port):
    first = start(folder, port, "--once").communicate(timeout=LONGEST)[0]
    assert "Verified  278 of 278 credentials" in first, first
    assert "Scanned   5 of 5 sampled documents" in first
    assert wait_until_gone(folder) == []
    again = start(folder, port, "--once")
    told = again.communicate(timeout=LONGEST)[0]
    assert again.returncode == 0, told
    assert "No new certificates are to be issued. Certificates were already issued to 278 teachers" in told
    assert len(list((folder / "outbox").iterdir())) == 243 + 229


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_however_it_ends_no_process_is_left(folder, port, how):
    with start(folder, port) as demo:
        said = []
        for line in demo.stdout:
            said.append(line)
            if IS_OPEN in line:
                break
        assert IS_OPEN in said[-1], "".join(said)
        assert len(running_in(folder)) >= 4  # itself, Valkey and two workers
        demo.send_signal(how)
        demo.communicate(timeout=LONGEST)
    assert wait_until_gone(folder) == []
    assert demo.returncode == (-signal.SIGKILL if how == signal.SIGKILL else 0)


def test_a_port_that_is_taken_is_told_before_anything_is_started(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        demo = start(tmp_path, taken)
        told = demo.communicate(timeout=LONGEST)[0]
    assert demo.returncode == 2
    assert f"Port {taken} is taken. Choose another" in told
    assert list(tmp_path.glob("valkey*")) == []
