"""The units in examples/deploy: systemd understands them, and what they name is there."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from flask_certify.core.settings import Settings
from tests.support import units


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    """Their programs are those of this environment, and one that does nothing for what other packages bring."""
    for name in units.names():
        text = (units.FOLDER / f"{name}.service").read_text()
        text = text.replace(units.PROGRAMS, str(Path(sys.executable).parent))
        for program in ("/usr/bin/redis-server", "/usr/lib/postgresql/15/bin/postgres"):
            text = text.replace(f"ExecStart={program}", "ExecStart=/bin/true")
        text = text.replace("User=certify", "User=root").replace("User=postgres", "User=root")
        text = text.replace("file:///srv/certify/examples/deploy/README.md", "file:/usr/share/doc")
        (tmp_path / f"{name}.service").write_text(text)
    files = [str(tmp_path / f"{name.replace('@', '@1')}.service") for name in units.names()]
    (tmp_path / "certify-worker@1.service").symlink_to(tmp_path / "certify-worker@.service")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", units.names())
def test_a_unit_finds_all_its_variables_in_the_example_of_its_environment(name: str) -> None:
    assert units.gaps(name) - set(units.variables(name)) == set()


def test_the_example_of_the_environment_names_settings_that_exist() -> None:
    known = {f"CERTIFY_{each.name.upper()}" for each in fields(Settings)}
    given = {name: value for name, value in units.variables("certify-web").items() if name.startswith("CERTIFY_")}
    assert set(given) <= known
    Settings.read(given)


def test_a_worker_has_more_time_to_end_than_it_asks_for_its_chunk() -> None:
    """R-248: else systemd would kill it in the middle of it."""
    service = units.read("certify-worker@")["Service"]
    assert int(service["TimeoutStopSec"]) > 2 * Settings(public_url="https://certs.example.org").grace_seconds
    assert service["KillMode"] == "mixed", "the child is told by its parent"
