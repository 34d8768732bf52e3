"""`campus serve`: the whole demo in one command, and nothing left behind however it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from examples.campus.serving import PROJECT
from tests.support.campus import campus_in, load_shipped
from tests.support.processes import family_of, is_gone

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


def still_there(family: set[int]) -> set[int]:
    """Those who are there after a while; a worker may first finish the chunk it is at, for twenty seconds,
    and look for the queue for some more."""
    return {pid for pid in family if not is_gone(pid, seconds=60)}


@contextmanager
def opened(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], set[int]]]:
    """A demo that is open, and its family. It is ended afterwards if it has not ended."""
    demo = start(folder, port)
    try:
        said = list(what_is_said_until_it_is_open(demo))
        assert demo.poll() is None, "".join(said)
        yield demo, family_of(demo.pid)
    finally:
        demo.kill()
        demo.communicate(timeout=LONGEST)


def what_is_said_until_it_is_open(demo: subprocess.Popen[str]) -> Iterator[str]:
    assert demo.stdout is not None
    for line in demo.stdout:
        yield line
        if IS_OPEN in line:
            return
    demo.wait(LONGEST)


def test_once_issues_and_checks_everything_and_a_second_time_there_is_nothing_new(folder, port):
    first = start(folder, port, "--once")
    told = first.communicate(timeout=LONGEST)[0]
    assert first.returncode == 0, told
    assert "Verified  278 of 278 credentials" in told
    assert "Scanned   5 of 5 sampled documents" in told
    again = start(folder, port, "--once")
    told = again.communicate(timeout=LONGEST)[0]
    assert again.returncode == 0, told
    assert "No new certificates are to be issued. Certificates were already issued to 278 teachers" in told
    assert len(list((folder / "outbox").iterdir())) == 243 + 229


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_however_it_ends_no_process_is_left(folder, port, how):
    with opened(folder, port) as (demo, family):
        assert len(family) >= 4  # itself, Valkey and two workers
        demo.send_signal(how)
        demo.communicate(timeout=LONGEST)
        assert still_there(family) == set()
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


def test_a_campus_keeps_the_address_that_its_certificates_lead_to(tmp_path, port):
    with campus_in(tmp_path, CERTIFY_PUBLIC_URL="https://campus.example") as app:
        load_shipped(app)
    demo = start(tmp_path, port)
    told = demo.communicate(timeout=LONGEST)[0]
    assert demo.returncode == 2
    assert "The certificates of this campus lead to https://campus.example/certify" in told
