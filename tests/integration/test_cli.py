"""`flask certify`, typed by an operator."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from flask_certify.core.current import runtime_of
from flask_certify.eligibility.reasons import DECLINED
from flask_certify.host.memory import MemoryHost
from tests.support import story
from tests.support.story import MAX, MIA, NOW, RUN


@pytest.fixture
def site(tmp_path: Any, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path}/site.db", host) as app:
        yield app


def certify(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["certify", *words])


def asked(result: Result) -> Any:
    """The one line of JSON on stdout."""
    [line] = result.stdout.splitlines()
    return json.loads(line)


def test_bulk_issue_prints_one_line_of_json_with_zeros_and_all_else_on_stderr(site: Flask) -> None:
    result = certify(site, "bulk-issue", RUN, "--wait", "--json", "--no-notify")
    assert result.exit_code == 0, result.stderr
    told = asked(result)
    assert set(told) == {"run", "issued", "declined", "failed", "already", "seconds"}
    assert told["issued"] == {"completion": 1, "achievement": 2}
    assert set(told["declined"]) == set(DECLINED)
    assert told["declined"]["progress_below"] == 1
    assert sum(told["issued"].values()) + sum(told["declined"].values()) + told["failed"] + told["already"] == 4


def test_the_second_time_nothing_new_is_issued_and_the_command_says_so(site: Flask) -> None:
    """R-120."""
    certify(site, "bulk-issue", RUN, "--wait", "--no-notify")
    result = certify(site, "bulk-issue", RUN, "--wait", "--json")
    assert result.exit_code == 0
    assert (sum(asked(result)["issued"].values()), asked(result)["already"]) == (0, 3)
    assert "No new certificates are to be issued. Certificates were already issued to 3 learners" in result.stderr


def test_a_failed_learner_makes_the_command_end_with_one(site: Flask, host: MemoryHost) -> None:
    host.change_learner(RUN, "ada", display_name=None)
    result = certify(site, "bulk-issue", RUN, "--wait", "--json", "--no-notify")
    assert (result.exit_code, asked(result)["failed"]) == (1, 1)


def test_what_is_refused_ends_with_two_a_code_and_a_sentence(site: Flask, host: MemoryHost) -> None:
    result = certify(site, "bulk-issue", "nowhere-1", "--wait", "--json")
    assert result.exit_code == 2
    assert asked(result) == {
        "error": {
            "code": "run.unknown",
            "sentence": "There is no course run nowhere-1. Check its name in the learning platform.",
        }
    }
    host.add_run(replace(host.runs[RUN], end=NOW + timedelta(days=1)))
    assert asked(certify(site, "bulk-issue", RUN, "--wait", "--json"))["error"]["code"] == "run.not_ended"
    host.add_run(replace(host.runs[RUN], run_ref="bare-1", end=NOW))
    assert asked(certify(site, "bulk-issue", "bare-1", "--json"))["error"]["code"] == "attachment.none"


def test_issuing_in_somebodys_name_asks_whether_they_may(site: Flask) -> None:
    """R-115."""
    assert certify(site, "bulk-issue", RUN, "--wait", "--as", MIA, "--no-notify").exit_code == 0
    refused = certify(site, "bulk-issue", RUN, "--wait", "--json", "--as", MAX)
    assert (refused.exit_code, asked(refused)["error"]["code"]) == (2, "actor.may_not")
    unknown = certify(site, "bulk-issue", RUN, "--wait", "--json", "--as", "nobody")
    assert asked(unknown)["error"]["code"] == "actor.unknown"


def test_without_waiting_the_work_is_recorded_for_a_worker(site: Flask) -> None:
    """R-127."""
    result = certify(site, "bulk-issue", RUN, "--json")
    assert result.exit_code == 0
    assert set(asked(result)) == {"run", "batch"}
    again = certify(site, "bulk-issue", RUN, "--json")
    assert asked(again)["error"]["code"] == "batch.under_way"


def test_a_tenant_is_added_once_and_a_wrong_slug_is_refused(site: Flask) -> None:
    for _ in range(2):
        result = certify(site, "tenant", "add", "kent", "--name", "Kent")
        assert result.output.strip() == "Kent issues as did:web:certs.example.org:certify:kent"
    assert "[tenant.slug]" in certify(site, "tenant", "add", "Kent!", "--name", "Kent").stderr
    assert "[tenant.slug_taken]" in certify(site, "tenant", "add", "kent", "--ref", "other", "--name", "K").stderr


def test_attaching_needs_an_issuer_and_a_run_without_certificates(site: Flask, host: MemoryHost) -> None:
    """R-001, R-002, R-010."""
    host.add_run(replace(host.runs[RUN], run_ref="new-1"))
    assert certify(site, "attach", "new-1", "--pair").exit_code == 0
    assert "[attachment.exists]" in certify(site, "attach", "new-1", "--pair").stderr
    host.add_run(replace(host.runs[RUN], run_ref="far-1", tenant_ref="jersey"))
    assert "[issuer.unknown]" in certify(site, "attach", "far-1", "--pair").stderr
    host.add_run(replace(host.runs[RUN], run_ref="bare-1", assessments=()))
    assert "[attachment.no_assessments]" in certify(site, "attach", "bare-1", "--pair").stderr
    host.add_run(replace(host.runs[RUN], run_ref="endless-1", end=None))
    assert "[attachment.no_end]" in certify(site, "attach", "endless-1", "--pair").stderr
    host.add_run(replace(host.runs[RUN], run_ref="draft-1", published=False))
    assert "[attachment.not_ready]" in certify(site, "attach", "draft-1", "--pair").stderr


def test_verify_ends_with_zero_for_a_valid_code_and_one_for_an_unknown_one(site: Flask) -> None:
    certify(site, "bulk-issue", RUN, "--wait", "--no-notify")
    with site.app_context(), runtime_of(site).reading() as session:
        from flask_certify.awards.models import Award

        [code] = [award.code for award in session.query(Award) if award.learner_ref == "ada"]
    result = certify(site, "verify", code.lower(), "--json")
    assert (result.exit_code, asked(result)["answer"]) == (0, "valid")
    assert asked(result)["recipient_name"] == "Ada Lovelace"
    assert certify(site, "verify", "0000-0000-0000").exit_code == 1
    assert certify(site, "verify", "not a code").exit_code == 2


@pytest.fixture
def bare(tmp_path: Any, host: MemoryHost) -> Iterator[Flask]:
    """A site without a master key."""
    app = story.make_app(f"sqlite:///{tmp_path}/bare.db", host, CERTIFY_MASTER_KEY=None)
    yield app
    story.dispose(app)


def test_without_a_master_key_all_that_needs_none_works_and_the_rest_says_what_to_do(bare: Flask) -> None:
    assert certify(bare, "--help").exit_code == 0
    assert certify(bare, "db", "check").exit_code == 0
    assert certify(bare, "verify", "0000-0000-0000").exit_code == 1
    doctor = certify(bare, "doctor")
    assert doctor.exit_code == 1
    assert "MEND  master key: CERTIFY_MASTER_KEY is not set" in doctor.output
    for words in (["tenant", "add", "kent", "--name", "Kent"], ["worker"]):
        result = certify(bare, *words)
        assert (result.exit_code, "[settings.master_key_missing]" in result.stderr) == (2, True)


def test_a_worker_without_a_queue_says_what_to_set(site: Flask) -> None:
    assert "[settings.no_queue]" in certify(site, "worker").stderr


def test_the_doctor_finds_nothing_on_a_healthy_site(site: Flask) -> None:
    result = certify(site, "doctor")
    assert result.exit_code == 0, result.output
    assert "2 issuers have an active key" in result.output


def test_the_doctor_finds_a_changed_address_a_wrong_master_key_and_a_queue_that_is_away(
    tmp_path: Any, site: Flask, host: MemoryHost
) -> None:
    moved = story.make_app(
        site.config["SQLALCHEMY_DATABASE_URI"],
        host,
        CERTIFY_PUBLIC_URL="https://new.example.org",
        CERTIFY_MASTER_KEY="ff" * 32,
        CERTIFY_REDIS_URL=f"unix://{tmp_path}/no.sock",
    )
    result = certify(moved, "doctor", "--json")
    story.dispose(moved)
    assert result.exit_code == 1
    unwell = {each["about"]: each["sentence"] for each in json.loads(result.output) if not each["is_well"]}
    assert set(unwell) == {"queue", "issuers", "keys"}
    assert "https://certs.example.org/certify" in unwell["issuers"]


def test_tables_go_down_and_up_again_and_a_check_says_where_they_stand(site: Flask) -> None:
    assert certify(site, "db", "downgrade", "base").exit_code == 0
    assert "[db.differs]" in certify(site, "db", "check").stderr
    assert "MEND  database: The tables are not up to date" in certify(site, "doctor").output
    assert "[db.unknown_revision]" in certify(site, "db", "upgrade", "nonsense").stderr
    assert certify(site, "db", "upgrade").exit_code == 0
    assert certify(site, "db", "check").exit_code == 0


def test_before_the_tables_are_made_a_command_says_which_one_makes_them(site: Flask) -> None:
    certify(site, "db", "downgrade", "base")
    result = certify(site, "bulk-issue", RUN, "--wait", "--json")
    assert (result.exit_code, asked(result)["error"]["code"]) == (2, "db.missing")
    assert "[db.missing]" in certify(site, "tenant", "add", "kent", "--name", "Kent").stderr


def test_a_locked_database_is_told_as_busy_and_not_as_away(tmp_path: Any, host: MemoryHost) -> None:
    path = tmp_path / "locked.db"
    app = story.make_app(f"sqlite:///{path}?timeout=0.1", host)
    with app.app_context():
        story.set_up(runtime_of(app))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert asked(certify(app, "bulk-issue", RUN, "--wait", "--json"))["error"]["code"] == "database.busy"
    assert "MEND  database: The database is busy" in certify(app, "doctor").output
    assert "[database.busy]" in certify(app, "db", "upgrade").stderr
    other.execute("ROLLBACK")
    other.close()
    assert certify(app, "bulk-issue", RUN, "--wait", "--no-notify").exit_code == 0
    story.dispose(app)


def test_the_doctor_asks_the_platform_whether_it_answers(site: Flask, host: MemoryHost) -> None:
    host.tenants = None  # type: ignore[assignment]
    assert "MEND  learning platform: The learning platform could not answer" in certify(site, "doctor").output


def test_what_is_typed_in_another_encoding_is_refused_before_anything_is_done(site: Flask, host: MemoryHost) -> None:
    host.away = True  # would be told, if anybody were asked
    for words in (["explain", RUN, "Jos\udce9"], ["allow", RUN, "ben", "--reason", "exception", "--note", "Jos\udce9"]):
        result = certify(site, *words)
        assert result.exit_code == 2
        assert result.stderr.endswith("Check the settings of the terminal. [command.not_text]\n")
        assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("words", [("export",), ("documents", "preview", "classic", "--out")])
def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(site: Flask, tmp_path: Any, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("no folder")
    result = certify(site, *words, str(tmp_path / "file" / "new"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "cannot be read or written here: Not a directory." in result.stderr
