"""Every notebook runs from top to bottom on a real campus, says what the services say, and is kept without output."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
import sqlalchemy as sa
from flask import Flask
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from examples.campus.models import Person, db
from flask_certify.achievements.service import find_run
from flask_certify.core.current import runtime_of
from flask_certify.core.db import Base
from flask_certify.dashboards import queries
from flask_certify.issuing import bulk
from tests.support.campus import campus_in, load_shipped

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
FAILED_ISSUES = FOLDER / "failed_issues.ipynb"
RUN = "AAA-2013J"
NAMELESS, UNREACHABLE = "28400", "11391"  # both have completed the run
PNG = b"\x89PNG\r\n\x1a\n"

Execute = Callable[..., "Executed"]


@dataclass(frozen=True)
class Executed:
    """A notebook after it has run, and what the asked expressions were worth at its end."""

    notebook: NotebookNode
    values: dict[str, Any]

    @property
    def said(self) -> str:
        """All text that its cells showed."""
        outputs = [output for cell in _code(self.notebook) for output in cell.outputs]
        shown = [output.get("data", {}) for output in outputs]
        return "\n".join(each.get(kind, "") for each in shown for kind in ("text/html", "text/markdown"))

    @property
    def complaints(self) -> list[str]:
        """What went to the standard error: warnings, above all."""
        outputs = [output for cell in _code(self.notebook) for output in cell.outputs]
        return [output.text for output in outputs if output.get("name") == "stderr"]

    @property
    def charts(self) -> list[bytes]:
        outputs = [output for cell in _code(self.notebook) for output in cell.outputs]
        drawn = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
        return [base64.b64decode(each) for each in drawn]


@contextmanager
def issued_campus(folder: Path, *, is_spoilt: bool) -> Iterator[Flask]:
    """A campus whose run was issued. Spoilt, one learner has no name and the email address of another is none."""
    with campus_in(folder) as app:
        load_shipped(app)
        with app.app_context():
            if is_spoilt:
                db.session.execute(sa.update(Person).where(Person.id == NAMELESS).values(name=" "))
                db.session.execute(sa.update(Person).where(Person.id == UNREACHABLE).values(email="not an address"))
                db.session.commit()
            bulk.issue_and_wait(runtime_of(app), RUN, "mentor.aaa", notify=True, patience=30)
        yield app


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with issued_campus(tmp_path_factory.mktemp("issued") / "var", is_spoilt=False) as app:
        yield app


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with issued_campus(tmp_path_factory.mktemp("spoilt") / "var", is_spoilt=True) as app:
        yield app


@pytest.fixture
def execute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Execute:
    """Runs a notebook on a campus, as somebody does who has opened it: in its own folder."""
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))

    def run(path: Path, campus: Flask, values: tuple[str, ...] = (), **parameters: object) -> Executed:
        monkeypatch.setenv("CAMPUS_VAR", str(campus.config["CAMPUS_VAR"]))
        notebook = nbformat.read(path, as_version=4)
        if parameters:
            set_them = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
            notebook.cells.insert(_parameters_at(notebook) + 1, new_code_cell(set_them))
        pairs = ", ".join(f"{value!r}: {value}" for value in values)
        notebook.cells.append(new_code_cell(f"import json\nprint(json.dumps({{{pairs}}}))"))
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
        [told] = notebook.cells.pop().outputs
        return Executed(notebook, json.loads(told.text))

    return run


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _parameters_at(notebook: NotebookNode) -> int:
    tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
    return next(at for at, names in enumerate(tags) if "parameters" in names)


def _rows_of(app: Flask) -> dict[str, int]:
    """How many rows each of our tables has."""
    with app.app_context(), runtime_of(app).reading() as session:
        tables = Base.metadata.sorted_tables
        return {table.name: session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables}


# ---- as they are kept ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_output(path: Path) -> None:
    for cell in _code(nbformat.read(path, as_version=4)):
        assert cell.outputs == [] and cell.execution_count is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_with_what_it_is_for_and_with_its_parameters(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)

    assert notebook.cells[0].cell_type == "markdown" and notebook.cells[0].source.startswith("# ")
    assert _code(notebook)[0].metadata.tags == ["parameters"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_thinking_of_a_notebook_stays_in_the_package(path: Path) -> None:
    source = "\n".join(cell.source for cell in _code(nbformat.read(path, as_version=4)))

    for forbidden in ("sqlalchemy", "select(", ".models", "groupby", "merge(", "transaction("):
        assert forbidden not in source


# ---- on the campus --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_the_campus_without_a_warning_and_changes_nothing(
    path: Path, issued: Flask, execute: Execute
) -> None:
    before = _rows_of(issued)

    executed = execute(path, issued)

    assert executed.complaints == []
    assert _rows_of(issued) == before


def test_of_the_shipped_run_278_have_a_certificate_and_105_were_declined(issued: Flask, execute: Execute) -> None:
    executed = execute(FAILED_ISSUES, issued, ("counts.holders", "len(declined)", "by_reason", "len(failures)"))

    assert executed.values == {
        "counts.holders": 278,
        "len(declined)": 105,
        "by_reason": {"not_passing": 105},
        "len(failures)": 0,
    }
    assert "The learning platform says that the course run was not passed." in executed.said
    assert "The first 20 of 105:" in executed.said
    assert "Nothing stands in the failure log." in executed.said


def test_what_went_wrong_is_listed_with_what_to_do(spoilt: Flask, execute: Execute) -> None:
    executed = execute(FAILED_ISSUES, spoilt, ("counts.holders", "counts.failed", "len(declined)", "by_step"))

    assert executed.values == {
        "counts.holders": 277,
        "counts.failed": 1,
        "len(declined)": 105,
        "by_step": {"decide": 1, "notify": 1},
    }
    for said in (
        "The learner has no name. Correct the name in the learning platform, then issue again.",
        "The email address cannot be used. Correct it in the learning platform.",
        "EA00011391",
    ):
        assert said in executed.said


def test_its_numbers_are_those_of_the_dashboards(spoilt: Flask, execute: Execute) -> None:
    rt = runtime_of(spoilt)
    with spoilt.app_context(), rt.reading() as session:
        run = find_run(session, RUN)
        assert run is not None
        counts = queries.counts(session, run.id)
        by_reason = queries.declined_by_reason(session, run.id)
        refs = [row.learner_ref for row in queries.declined(session, run.id)]

    executed = execute(FAILED_ISSUES, spoilt, ("counts.without", "[row.learner_ref for row in declined]"))

    assert executed.values == {"counts.without": counts.without, "[row.learner_ref for row in declined]": refs}
    assert len(refs) == sum(by_reason.values()) == counts.without


def test_each_question_has_its_chart(issued: Flask, spoilt: Flask, execute: Execute) -> None:
    assert len(execute(FAILED_ISSUES, issued).charts) == 2  # nothing has failed there
    charts = execute(FAILED_ISSUES, spoilt).charts

    assert len(charts) == 3
    assert all(chart.startswith(PNG) for chart in charts)


def test_a_misspelt_run_is_told_by_name(issued: Flask, execute: Execute) -> None:
    with pytest.raises(CellExecutionError, match="There is no course run AAA-2031J"):
        execute(FAILED_ISSUES, issued, RUN="AAA-2031J")
