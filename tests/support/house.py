"""The repository as a whole: its files, and what its setup.cfg says of the package."""

import os
import subprocess
import sys
from configparser import ConfigParser
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> frozenset[Path]:
    """Every file that belongs to the repository, also those not yet committed; nothing that was made."""
    said = run("git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z").split("\0")
    return frozenset(Path(name) for name in said if name and (ROOT / name).exists())


@cache
def recipe() -> ConfigParser:
    """What setup.cfg says."""
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def packages() -> dict[str, Path]:
    """Every package that is listed, with its folder."""
    moved = dict(line.split(" = ") for line in recipe()["options"]["package_dir"].strip().splitlines())
    listed = recipe()["options"]["packages"].split()
    return {name: Path(moved.get(name, name.replace(".", "/"))) for name in listed}


def resources() -> set[tuple[str, str]]:
    """Every file of the listed packages: the package, and its place in it."""
    names = {folder: name for name, folder in packages().items()}
    homes = ((path, next((each for each in path.parents if each in names), None)) for path in files())
    return {(names[home], path.relative_to(home).as_posix()) for path, home in homes if home}


def installed_names() -> set[str]:
    """Where the files of the listed packages lie in an installation."""
    return {f"{package.replace('.', '/')}/{place}" for package, place in resources()}


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """What the program said on stdout. One that failed fails the test, with all it said."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=_environment(environment),
        text=True,
        capture_output=True,
    )
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def run_module(module: str, *words: str | Path) -> str:
    """What the module said, run by the Python that runs the tests."""
    return run(sys.executable, "-m", module, *words)


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **more}
