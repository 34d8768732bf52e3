"""Cuts some runs out of the OULAD files: `python -m examples.campus.cut FROM TO RUN…`. Made `data/` this way.

The same input gives the same bytes: rows keep their order, and no time stands in the gzip header.
"""

import csv
import gzip
import io
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

Row = Mapping[str, str]


def cut(source: Path, target: Path, runs: Collection[str]) -> dict[str, int]:
    """Writes the rows of these runs to four files of the same names, and says how many rows each has."""
    target.mkdir(parents=True, exist_ok=True)
    assessments: set[str] = set()

    def of_a_run(row: Row) -> bool:
        return f"{row['code_module']}-{row['code_presentation']}" in runs

    def of_an_assessment(row: Row) -> bool:
        return row["id_assessment"] in assessments

    with gzip.open(source / "assessments.csv.gz", "rt", encoding="utf-8", newline="") as file:
        assessments.update(row["id_assessment"] for row in csv.DictReader(file) if of_a_run(row))
    return {
        "courses": _copy(source, target, "courses", of_a_run),
        "assessments": _copy(source, target, "assessments", of_a_run),
        "studentInfo": _copy(source, target, "studentInfo", of_a_run),
        "studentAssessment": _copy(source, target, "studentAssessment", of_an_assessment),
    }


def _copy(source: Path, target: Path, name: str, wanted: Callable[[Row], bool]) -> int:
    with gzip.open(source / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        kept = [row for row in rows if wanted(row)]
        text = io.StringIO()
        writer = csv.DictWriter(text, rows.fieldnames or (), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    (target / f"{name}.csv.gz").write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    return len(kept)


if __name__ == "__main__":
    for file_name, count in cut(Path(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:])).items():
        print(f"{file_name}.csv.gz: {count} rows")
