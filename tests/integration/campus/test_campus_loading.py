"""`campus load`: from nothing, as often as one likes, and with a sentence when it cannot."""

import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from examples.campus import models, oulad
from flask_certify.core.current import runtime_of
from tests.support.campus import campus_in, load_shipped
from tests.support.postgres import Postgres


def rows_of(app: Flask) -> Mapping[str, list[tuple[object, ...]]]:
    """Everything in the database, table by table."""
    with app.app_context():
        engine = models.db.engine
        tables = sa.MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
                for table in tables.sorted_tables
            }


def load(app: Flask, *words: str | Path):
    return app.test_cli_runner().invoke(args=["campus", "load", *map(str, words)])


def test_a_load_starts_from_nothing_and_leaves_a_campus_that_can_issue(new_campus):
    done = load(new_campus, oulad.SHIPPED)
    assert done.exit_code == 0, done.output
    rows = rows_of(new_campus)
    counts = {name: len(found) for name, found in rows.items()}
    assert (counts["tenant"], counts["course_run"], counts["enrolment"], counts["attempt"]) == (13, 1, 383, 1631)
    assert (counts["certify_issuer"], counts["certify_attachment"]) == (13, 2)
    assert {row_of["audience"] for row_of in attachments(new_campus)} == {"everyone"}


def test_a_load_tells_how_far_it_is_on_stderr_alone(new_campus):
    done = load(new_campus, oulad.SHIPPED)
    assert done.stdout == ""
    assert "1 run with 383 enrolments" in done.stderr
    assert "13 tenants can issue" in done.stderr
    assert "mentor.aaa" in done.stderr


def test_loading_again_changes_nothing(new_campus):
    load_shipped(new_campus)
    before = rows_of(new_campus)
    assert load(new_campus, oulad.SHIPPED).exit_code == 0
    assert rows_of(new_campus) == before


def test_what_was_changed_on_the_campus_survives_a_load(new_campus):
    load_shipped(new_campus)
    with new_campus.app_context():
        models.db.session.execute(sa.update(models.Person).where(models.Person.id == "11391").values(locale="hi"))
        models.db.session.commit()
    load_shipped(new_campus)
    with new_campus.app_context():
        assert models.db.session.get(models.Person, "11391").locale == "hi"


def test_without_attaching_the_run_has_no_certificates_until_the_next_load(new_campus):
    assert load(new_campus, oulad.SHIPPED, "--no-attach").exit_code == 0
    assert attachments(new_campus) == []
    assert load(new_campus, oulad.SHIPPED).exit_code == 0
    assert len(attachments(new_campus)) == 2


def test_only_the_runs_asked_for_are_loaded(new_campus):
    done = load(new_campus, oulad.SHIPPED, "--run", "AAA-2013J")
    assert done.exit_code == 0
    assert len(rows_of(new_campus)["course_run"]) == 1


def test_an_unknown_run_is_refused_before_anything_is_made(new_campus):
    done = load(new_campus, oulad.SHIPPED, "--run", "AAA-2013J", "--run", "AAA-1999J")
    assert done.exit_code == 2
    assert "There is no run AAA-1999J" in done.stderr
    assert rows_of(new_campus) == {}


def test_a_file_that_ends_too_early_leaves_nothing_behind(new_campus, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(oulad.SHIPPED, folder)
    path = folder / "studentAssessment.csv.gz"
    path.write_bytes(path.read_bytes()[:-50])
    done = load(new_campus, folder)
    assert done.exit_code == 2
    assert "studentAssessment.csv.gz cannot be read" in done.stderr
    assert rows_of(new_campus) == {}


def test_a_score_above_its_maximum_is_loaded_as_it_is_for_the_rules_to_judge(new_campus, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(oulad.SHIPPED, folder)
    path = folder / "studentAssessment.csv.gz"
    text = gzip.decompress(path.read_bytes()).decode().replace("1752,11391,18,0,78", "1752,11391,18,0,178")
    path.write_bytes(gzip.compress(text.encode()))
    assert load(new_campus, folder).exit_code == 0
    with new_campus.app_context():
        record = runtime_of(new_campus).host.learner_records("AAA-2013J", ["11391"])["11391"]
    assert record.attempts[0].score == 178.0


def test_it_loads_into_postgres_as_well(pg_server: Postgres, tmp_path):
    with pg_server.new_database() as url, campus_in(tmp_path, SQLALCHEMY_DATABASE_URI=url) as app:
        load_shipped(app)
        before = rows_of(app)
        load_shipped(app)
        assert rows_of(app) == before
        assert len(before["enrolment"]) == 383


def test_a_database_that_is_away_is_told_in_a_sentence(tmp_path):
    away = f"sqlite:///{tmp_path}/no/such/folder/campus.db"
    with campus_in(tmp_path / "var", SQLALCHEMY_DATABASE_URI=away) as app:
        done = load(app, oulad.SHIPPED)
    assert done.exit_code == 2
    assert "The database is away or busy" in done.stderr


@pytest.mark.parametrize("setting", ["journal_mode", "foreign_keys"])
def test_its_own_sqlite_is_set_up_with_care(campus, setting):
    with campus.app_context(), models.db.engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {setting}").scalar_one() in ("wal", 1)


def attachments(app: Flask) -> list[dict[str, object]]:
    with app.app_context(), models.db.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT audience FROM certify_attachment WHERE detached_at IS NULL")
        return [dict(row) for row in rows.mappings()]
