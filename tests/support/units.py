"""The units of systemd in examples/deploy, read as systemd reads them."""

import re
import shlex
import sys
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path

from tests.support import house

FOLDER = house.ROOT / "examples" / "deploy"
PROGRAMS = "/srv/certify/venv/bin"


def names() -> list[str]:
    return sorted(each.stem for each in FOLDER.glob("*.service"))


def read(name: str) -> RawConfigParser:
    """A unit by its name. No key of ours stands in it twice."""
    parser = RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((FOLDER / f"{name}.service").read_text())
    return parser


def command(name: str, values: Mapping[str, str]) -> list[str]:
    """What the unit starts, with the programs of this environment, and its gaps filled."""
    words = shlex.split(read(name)["Service"]["ExecStart"])
    return [re.sub(r"\$\{(\w+)\}", lambda gap: values[gap[1]], word) for word in _here(words)]


def gaps(name: str) -> set[str]:
    """The variables that a unit's commands need."""
    service = read(name)["Service"]
    return set(re.findall(r"\$\{(\w+)\}", " ".join(service.get(key, "") for key in ("ExecStart", "ExecStartPre"))))


def variables(unit: str) -> dict[str, str]:
    """What the example of the unit's environment file sets."""
    example = FOLDER / f"{Path(read(unit)['Service']['EnvironmentFile']).name}.example"
    lines = [line for line in example.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _here(words: list[str]) -> list[str]:
    return [word.replace(PROGRAMS, str(Path(sys.executable).parent)) for word in words]
