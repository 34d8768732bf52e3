"""The Open University's learning analytics data, read as teaching records. No database here.

Four files, as published, each a gzipped CSV: courses, assessments, studentInfo, studentAssessment. What the campus
makes of them is written in `_run`, `_enrolment` and `_attempts`, and nowhere else.
"""

import csv
import gzip
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeAlias

FILES = {
    "courses": ("code_module", "code_presentation", "module_presentation_length"),
    "assessments": ("code_module", "code_presentation", "id_assessment", "assessment_type", "date", "weight"),
    "studentInfo": ("code_module", "code_presentation", "id_student", "region", "final_result"),
    "studentAssessment": ("id_assessment", "id_student", "date_submitted", "score"),
}
SHIPPED = Path(__file__).parent / "data"  # one run, which comes with the campus
SHIPPED_RUN = "AAA-2013J"
MONTHS = {"J": 10, "B": 2}  # a presentation named 2013J begins in October, 2013B in February
KINDS = {"TMA": "Assessment", "CMA": "Assessment", "Exam": "Exam"}
PASSING = frozenset({"Pass", "Distinction"})
MOST_WITHOUT_PASSING = 99.0

Row: TypeAlias = Mapping[str, str]
Key: TypeAlias = tuple[str, str]  # run, learner


class Unreadable(Exception):
    """The files are not what they should be. The message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Run:
    ref: str  # AAA-2013J
    course: str  # AAA
    starts_on: date
    ends_on: date  # its last day
    region: str  # where most of its learners come from; of several, the first by name


@dataclass(frozen=True, slots=True)
class Assessment:
    ref: str
    run_ref: str
    kind: str  # `Assessment` counts towards a score, `Exam` does not
    title: str
    max_score: float = 100.0


@dataclass(frozen=True, slots=True)
class Enrolment:
    run_ref: str
    learner_ref: str
    region: str
    result: str  # as published: Pass, Distinction, Fail, Withdrawn
    active: bool
    passing: bool
    progress: float  # percent
    completed_on: date | None  # None: not completed


@dataclass(frozen=True, slots=True)
class Attempt:
    assessment_ref: str
    learner_ref: str
    score: float
    handed_in_on: date


@dataclass(frozen=True, slots=True)
class Teaching:
    """Everything that was asked for, in the order of the files."""

    runs: tuple[Run, ...]
    assessments: tuple[Assessment, ...]
    enrolments: tuple[Enrolment, ...]
    attempts: tuple[Attempt, ...]


def read(folder: Path, wanted: Collection[str] = ()) -> Teaching:
    """The runs named in `wanted`, or all of them, from the four files in `folder`. Raises Unreadable."""
    courses = [row for row in _rows(folder, "courses") if not wanted or _run_ref(row) in wanted]
    _refuse_unknown(wanted, courses, folder)
    names = {_run_ref(row) for row in courses}
    learners = [row for row in _rows(folder, "studentInfo") if _run_ref(row) in names]
    regions = _regions(learners)
    # A run in which nobody is enrolled belongs to no tenant, so there is nothing to teach in it.
    runs = {_run_ref(row): _run(row, regions[_run_ref(row)]) for row in courses if _run_ref(row) in regions}
    assessments = _assessments(row for row in _rows(folder, "assessments") if _run_ref(row) in runs)
    run_of = {each.ref: each.run_ref for each in assessments}
    handed_in = [row for row in _rows(folder, "studentAssessment") if row["id_assessment"] in run_of]
    return Teaching(
        runs=tuple(runs.values()),
        assessments=assessments,
        enrolments=_enrolments(runs, assessments, learners, _days(handed_in, run_of)),
        attempts=tuple(_attempts(handed_in, runs, run_of)),
    )


def _regions(learners: Iterable[Row]) -> Mapping[str, Counter[str]]:
    """Run by run: how many learners come from each region."""
    regions: dict[str, Counter[str]] = defaultdict(Counter)
    for row in learners:
        regions[_run_ref(row)][row["region"]] += 1
    return regions


def _run(row: Row, regions: Counter[str]) -> Run:
    if not re.fullmatch(r"\d{4}[BJ]", row["code_presentation"]):
        raise Unreadable(f"A presentation is named {row['code_presentation']}; a year and B or J are expected.")
    year, letter = int(row["code_presentation"][:4]), row["code_presentation"][4]
    starts_on = date(year, MONTHS[letter], 1)
    # Days are counted from 0, and some exams are due on the day that equals the length: so that day is the last.
    ends_on = starts_on + timedelta(days=_number(row, "module_presentation_length"))
    region = min(regions, key=lambda each: (-regions[each], each))
    return Run(_run_ref(row), row["code_module"], starts_on, ends_on, region)


def _assessments(rows: Iterable[Row]) -> tuple[Assessment, ...]:
    made, places = [], Counter[tuple[str, str]]()
    for row in rows:
        ref, kind = _run_ref(row), row["assessment_type"]
        if kind not in KINDS:
            raise Unreadable(f"An assessment is of type {kind}; {', '.join(KINDS)} are expected.")
        places[ref, kind] += 1
        title = "Exam" if kind == "Exam" else f"{kind} {places[ref, kind]}"
        made.append(Assessment(row["id_assessment"], ref, KINDS[kind], title))
    return tuple(made)


def _enrolments(
    runs: Mapping[str, Run], assessments: Sequence[Assessment], learners: Sequence[Row], days: Mapping[Key, list[int]]
) -> tuple[Enrolment, ...]:
    asked = Counter(each.run_ref for each in assessments)
    return tuple(
        _enrolment(row, runs[_run_ref(row)], asked[_run_ref(row)], days.get((_run_ref(row), row["id_student"]), []))
        for row in learners
    )


def _enrolment(row: Row, run: Run, asked: int, days: Sequence[int]) -> Enrolment:
    """The learner in the run: `days` are those of their hand-ins, `asked` how many hand-ins there could be."""
    passing = row["final_result"] in PASSING
    share = 100.0 * len(days) / asked if asked else 0.0
    last = run.starts_on + timedelta(days=max(days)) if days else run.ends_on
    return Enrolment(
        run_ref=run.ref,
        learner_ref=row["id_student"],
        region=row["region"],
        result=row["final_result"],
        active=row["final_result"] != "Withdrawn",
        passing=passing,
        progress=100.0 if passing else min(share, MOST_WITHOUT_PASSING),
        completed_on=min(last, run.ends_on) if passing else None,
    )


def _attempts(rows: Sequence[Row], runs: Mapping[str, Run], run_of: Mapping[str, str]) -> Iterator[Attempt]:
    """What was handed in and got a score. Without a score it was handed in, but is no attempt."""
    for row in rows:
        if row["score"] != "":
            day = runs[run_of[row["id_assessment"]]].starts_on + timedelta(days=_number(row, "date_submitted"))
            yield Attempt(row["id_assessment"], row["id_student"], _score(row), day)


def _days(handed_in: Sequence[Row], run_of: Mapping[str, str]) -> Mapping[Key, list[int]]:
    days: dict[Key, list[int]] = defaultdict(list)
    for row in handed_in:
        days[run_of[row["id_assessment"]], row["id_student"]].append(_number(row, "date_submitted"))
    return days


def _rows(folder: Path, name: str) -> Iterator[Row]:
    path = folder / f"{name}.csv.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            missing = [column for column in FILES[name] if column not in (rows.fieldnames or ())]
            if missing:
                raise Unreadable(f"{path} has no column {', '.join(missing)}.")
            yield from rows
    except FileNotFoundError:
        wanted = ", ".join(f"{each}.csv.gz" for each in FILES)
        raise Unreadable(f"{path} is missing. The folder must hold {wanted}.") from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"{path} cannot be read as a gzipped CSV: {type(error).__name__}.") from error


def _refuse_unknown(wanted: Collection[str], courses: Sequence[Row], folder: Path) -> None:
    unknown = sorted(set(wanted) - {_run_ref(row) for row in courses})
    if unknown:
        known = ", ".join(sorted(_run_ref(row) for row in _rows(folder, "courses")))
        raise Unreadable(f"There is no run {', '.join(unknown)} in {folder}. It has: {known}.")


def _run_ref(row: Row) -> str:
    return f"{row['code_module']}-{row['code_presentation']}"


def _number(row: Row, column: str) -> int:
    try:
        return int(row[column])
    except (TypeError, ValueError):
        raise Unreadable(f"The column {column} holds {row[column]!r} where a whole number is expected.") from None


def _score(row: Row) -> float:
    try:
        score = float(row["score"])
    except (TypeError, ValueError):
        score = math.nan
    if not math.isfinite(score):
        raise Unreadable(f"The column score holds {row['score']!r} where a number is expected.")
    return score
