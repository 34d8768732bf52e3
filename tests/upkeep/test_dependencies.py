"""What the code imports and what setup.cfg asks pip for are the same."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import house

OURS = {"flask_certify", "examples", "tests"}
FLASKS_OWN_PARTS = {"blinker", "click", "itsdangerous", "jinja2", "markupsafe", "werkzeug"}


@dataclass(frozen=True)
class Import:
    """Something from outside that a file imports. When the file is loaded, or only later, in a function?"""

    file: Path
    distribution: str
    at_once: bool


def test_what_is_imported_at_once_is_installed_always() -> None:
    asked = asked_for("install_requires") | FLASKS_OWN_PARTS
    assert [each for each in imports_of("flask_certify", "migrations") if each.at_once] != []
    assert [
        each
        for each in imports_of("flask_certify", "migrations")
        if each.at_once and each.distribution not in asked and not is_for_tests(each.file)
    ] == []


def test_what_is_imported_later_is_at_least_an_extra() -> None:
    asked = asked_for("install_requires", "embedded", "fast", "images", "notebooks", "postgres", "s3", "test")
    missing = {each.distribution for each in imports_of("flask_certify")} - asked - FLASKS_OWN_PARTS
    assert missing == set()


def test_everything_that_is_installed_always_is_used() -> None:
    data_only = {"tzdata"}  # the time zones of a system that has none
    used = {each.distribution for each in imports_of("flask_certify", "migrations", "translations")}
    assert asked_for("install_requires") - data_only - used == set()


def test_importing_the_package_loads_nothing_heavy() -> None:
    """A host imports us in each of its processes; what few of them need waits until it is used."""
    heavy = {
        "PIL",
        "alembic",
        "lxml",
        "matplotlib",
        "numpy",
        "pandas",
        "prometheus_client",
        "pyld",
        "reportlab",
        "rq",
        "twilio",
    }
    loaded = "import flask_certify, sys; print(*{name.split('.')[0] for name in sys.modules})"
    assert heavy & set(house.run(sys.executable, "-c", loaded).split()) == set()


def test_the_examples_need_only_what_the_demo_installs() -> None:
    used = {each.distribution for each in imports_of("examples")}
    assert used - asked_for("install_requires", "demo") - FLASKS_OWN_PARTS == set()


def test_the_tests_need_only_what_they_ask_for() -> None:
    used = {each.distribution for each in imports_of("tests") if not is_run_elsewhere(each.file)}
    assert used - asked_for("install_requires", "test") - FLASKS_OWN_PARTS == set()


def test_the_lowest_versions_that_are_tested_are_the_lowest_that_are_allowed() -> None:
    pinned = (house.ROOT / "tests" / "lowest.txt").read_text().splitlines()
    exact = {line for line in pinned if line and not line.startswith("#")}
    bounds = {
        f"{each.name}=={bound.version}"
        for part in ("install_requires", "embedded", "fast", "postgres", "s3")
        for each in requirements(part)
        for bound in each.specifier
        if bound.operator == ">="
    }
    assert bounds - exact == set()


def imports_of(*folders: str) -> Iterator[Import]:
    """Every import from outside, in the Python files of these folders."""
    for file in sorted(house.files()):
        if file.suffix == ".py" and file.parts[0] in folders:
            yield from _imports(file)


def _imports(file: Path) -> Iterator[Import]:
    tree = ast.parse((house.ROOT / file).read_text())
    at_once = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        for name in _top_names(node):
            if name not in OURS and name not in sys.stdlib_module_names:
                yield Import(file, distribution_of(name), id(node) in at_once)


def _top_names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names):
            return [each.name.split(".")[0] for each in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.split(".")[0]]
    return []


def distribution_of(name: str) -> str:
    """What pip calls the package that is imported by this name."""
    known = _distributions().get(name)
    return canonicalize_name(known[0]) if known else name


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def is_for_tests(file: Path) -> bool:
    """What a host imports into its own tests, where pytest is."""
    return file.is_relative_to("flask_certify/testing")


def is_run_elsewhere(file: Path) -> bool:
    """What runs in an environment of its own, with a requirements.txt beside it."""
    return (house.ROOT / file.parent / "requirements.txt").exists()


def asked_for(*parts: str) -> set[str]:
    """The names in these parts of setup.cfg, and in those that they name."""
    names: set[str] = set()
    for part in parts:
        for each in requirements(part):
            if each.name == "flask-certify":
                names |= asked_for(*each.extras)
            else:
                names.add(canonicalize_name(each.name))
    return names


def requirements(part: str) -> list[Requirement]:
    section = "options" if part == "install_requires" else "options.extras_require"
    return [Requirement(line) for line in house.recipe()[section][part].strip().splitlines()]
