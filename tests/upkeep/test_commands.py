"""What the two commands say on a machine that cannot run them, and what a change is asked for."""

import os
import subprocess
from pathlib import Path

from tests.support import house


def make_an_environment(folder: Path, python: str | Path) -> tuple[int, str]:
    """How `make` ends, and what it says, when it is to make an environment with this Python."""
    environment = folder / "environment"
    done = subprocess.run(
        ["make", "--no-print-directory", f"VENV={environment}", f"PYTHON={python}", f"{environment}/bin/python"],
        cwd=house.ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert not environment.exists()
    return done.returncode, done.stdout


def test_without_python_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    code, said = make_an_environment(tmp_path, "python9.9")
    assert code == 2
    assert "There is no python9.9 here. Install Python 3.11 or later, or name one: make PYTHON=..." in said


def test_a_python_too_old_is_refused_in_words(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")  # the answer of an old Python to the question for its version
    old.chmod(0o755)
    code, said = make_an_environment(tmp_path, old)
    assert code == 2
    assert "python3.9 is too old: Python 3.11 or later is needed. Name one: make PYTHON=..." in said


def test_a_python_that_cannot_make_an_environment_leaves_no_half_of_one(tmp_path: Path) -> None:
    bare = tmp_path / "python3"
    bare.write_text('#!/bin/sh\nif [ "$1" = -m ]; then mkdir -p "$3/bin"; exit 1; fi\n')
    bare.chmod(0o755)
    code, said = make_an_environment(tmp_path, bare)
    assert code == 2
    assert "python3 cannot make a virtual environment" in said


def test_a_change_is_asked_for_exactly_make_test() -> None:
    lines = (house.ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "exec make test"
    assert (house.ROOT / ".ci" / "run").stat().st_mode & 0o111
