"""What a wheel carries, what an installation finds, and that setup.cfg tells the truth about both."""

import json
import shutil
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from flask_certify.translations import catalogues
from tests.support import house

TOP_LEVEL = {
    *("flask_certify", "notebooks", "translations", "migrations", "examples", "tests"),
    *("setup.cfg", "pyproject.toml", "MANIFEST.in", "Makefile", ".ci", ".gitignore"),
    *("README.md", "CHANGELOG.md", "LICENSE", "THIRD_PARTY.md"),
}


@dataclass(frozen=True)
class Built:
    """The source package, and the wheel made from it: the road every release takes."""

    sdist: Path
    wheel: Path

    def names_in_sdist(self) -> set[str]:
        with tarfile.open(self.sdist) as archive:
            return {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}

    def names_in_wheel(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the repository, without anything that was ever made in it."""
    copy = tmp_path_factory.mktemp("fresh") / "checkout"
    for path in house.files():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(house.ROOT / path, copy / path)
    return copy


@pytest.fixture(scope="module")
def built(checkout: Path) -> Built:
    house.run_module("build", "--no-isolation", "--outdir", checkout / "dist", checkout)
    [sdist], [wheel] = (list((checkout / "dist").glob(ending)) for ending in ("*.tar.gz", "*.whl"))
    return Built(sdist, wheel)


def test_the_top_level_holds_exactly_what_it_should() -> None:
    assert {path.parts[0] for path in house.files()} == TOP_LEVEL


def test_every_package_of_the_tree_is_listed() -> None:
    folders = {path.parent for path in house.files() if path.name == "__init__.py"}
    ours = {each for each in folders if each.parts[0] not in ("tests", "examples")}
    assert ours == set(house.packages().values())


def test_the_wheel_carries_every_file_of_every_package_and_the_compiled_words(built: Built) -> None:
    expected = house.installed_names()
    compiled = {name.removesuffix(".po") + ".mo" for name in expected if name.endswith(".po")}
    carried = {name for name in built.names_in_wheel() if ".dist-info/" not in name}
    assert carried == expected | compiled


@pytest.mark.parametrize(
    "pattern",
    [
        "flask_certify/py.typed",
        "flask_certify/*/templates/certify/*.html",
        "flask_certify/*/static/*.css",
        "flask_certify/credentials/contexts/*.json",
        "flask_certify/documents/fonts/*.ttf",
        "flask_certify/migrations/env.py",
        "flask_certify/migrations/script.py.mako",
        "flask_certify/migrations/versions/*_*.py",
        "flask_certify/notebooks/*.ipynb",
        "flask_certify/translations/certify.pot",
        "flask_certify/translations/hi/LC_MESSAGES/certify.mo",
    ],
)
def test_the_wheel_carries(built: Built, pattern: str) -> None:
    assert [name for name in built.names_in_wheel() if Path(name).match(pattern)]


def test_the_wheel_puts_nothing_beside_the_package(built: Built) -> None:
    tops = {name.split("/")[0] for name in built.names_in_wheel()}
    assert {"flask_certify"} == {top for top in tops if not top.endswith(".dist-info")}


def test_the_wheel_carries_the_licences(built: Built) -> None:
    licences = {Path(name).name for name in built.names_in_wheel() if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "THIRD_PARTY.md"}


def test_the_sdist_carries_the_sources_of_the_words_and_no_compiled_ones(built: Built) -> None:
    names = built.names_in_sdist()
    assert {"translations/certify_build.py", "translations/hi/LC_MESSAGES/certify.po"} <= names
    assert [name for name in names if name.endswith((".mo", ".pyc"))] == []


def test_the_compiled_words_are_those_of_their_sources() -> None:
    """An editable install compiles once. Who edited a catalogue since says `make words`."""
    sources = catalogues.sources()
    assert sources
    for source in sources:
        assert source.with_suffix(".mo").read_bytes() == catalogues.compiled(source), source


LOOK = """
import json, sys
from importlib.resources import files
asked = json.loads(sys.argv[1])
print(json.dumps([place for place in asked if not files(place[0]).joinpath(place[1]).is_file()]))
"""
INSTALL = ("install", "--quiet", "--no-deps", "--no-index", "--root-user-action=ignore")


@dataclass(frozen=True)
class Installation:
    """An environment where we are installed, and the folder that our code must come from there."""

    python: Path
    code: Path

    def run(self, *words: str, cwd: Path, **settings: str) -> str:
        """What Python says, with nothing of the folder it is started in."""
        return house.run(self.python, "-P", "-W", "error", *words, cwd=cwd, **settings)


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest, built: Built, checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """Installed in each way. What we stand on comes, last on the path, from the environment of the tests."""
    environment = tmp_path_factory.mktemp(request.param)
    house.run_module("venv", "--without-pip", environment)
    [site] = environment.glob("lib/python*/site-packages")
    (site / "what_we_stand_on.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, *INSTALL)
    if request.param == "wheel":
        house.run(*pip, built.wheel)
        return Installation(python, site / "flask_certify")
    house.run(*pip, "--no-build-isolation", "--editable", checkout)
    return Installation(python, checkout / "flask_certify")


def test_an_installation_runs_its_own_code_and_finds_every_file_by_its_package(
    installed: Installation, tmp_path: Path
) -> None:
    where = installed.run("-c", "import flask_certify; print(flask_certify.__file__)", cwd=tmp_path)
    assert Path(where.strip()).parent == installed.code

    places = house.resources()
    places |= {(package, place.removesuffix(".po") + ".mo") for package, place in places if place.endswith(".po")}
    assert json.loads(installed.run("-c", LOOK, json.dumps(sorted(places)), cwd=tmp_path)) == []


def test_an_installation_makes_its_tables_and_issues_a_certificate(installed: Installation, tmp_path: Path) -> None:
    """In a host that knows nothing of this repository: ada has finished her course, ben has not."""
    shutil.copy(house.ROOT / "examples" / "minimal" / "app.py", tmp_path / "school.py")

    def school(*words: str) -> str:
        flask = ("-m", "flask", "--app", "school")
        return installed.run(*flask, *words, cwd=tmp_path, CERTIFY_MASTER_KEY="7e" * 32)

    school("set-up")
    school("certify", "db", "check")
    answer = json.loads(school("certify", "bulk-issue", "bread-2026", "--wait", "--json", "--as", "mia"))
    assert answer["issued"] == {"completion": 0, "achievement": 1}
