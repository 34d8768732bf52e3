"""The smallest host: one file, no Flask-Login, and yet everything works."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from examples.minimal.app import RUN, SCHOOL, SchoolHost, create_app, db
from flask_certify.testing.contracts import HostContract, HostSample


class TestContract(HostContract):
    @pytest.fixture
    def sample(self) -> HostSample:
        return HostSample(SchoolHost(), RUN.run_ref, ("ada", "ben"), SCHOOL.ref, "mia")


@pytest.fixture
def school(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/minimal.db",
            "CERTIFY_MASTER_KEY": "5a" * 32,
            "CERTIFY_MAIL": f"outbox:{tmp_path}/outbox",
        }
    )
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def issued(school: Flask) -> Flask:
    """The school after the commands in the file's own description."""
    run(school, "set-up")
    run(school, "certify", "bulk-issue", RUN.run_ref, "--wait", "--as", "mia")
    return school


def run(app: Flask, *words: str) -> str:
    done = app.test_cli_runner().invoke(args=words)
    assert done.exit_code == 0, done.output
    return done.stdout


def browser_of(app: Flask, who: str):
    browser = app.test_client()
    browser.post("/login", data={"who": who})
    return browser


def test_setting_up_twice_changes_nothing_and_the_issue_gives_ada_hers(school):
    run(school, "set-up")
    run(school, "set-up")
    result = json.loads(run(school, "certify", "bulk-issue", RUN.run_ref, "--wait", "--json", "--as", "mia"))
    assert result["issued"] == {"completion": 0, "achievement": 1}
    assert sum(result["declined"].values()) == 1


def test_ada_finds_and_downloads_her_certificate(issued):
    browser = browser_of(issued, "ada")
    page = browser.get("/certify/me").text
    assert "Certificate of Achievement" in page and "Ada Baker" in page
    document = browser.get(re.search(r'href="([^"]+\.pdf|[^"]+/pdf)"', page)[1])
    assert document.data.startswith(b"%PDF-")


def test_mia_sees_the_dashboard_and_ben_does_not(issued):
    address = f"/certify/runs/by-ref?ref={RUN.run_ref}"
    assert "Ada Baker" in browser_of(issued, "mia").get(address, follow_redirects=True).text
    assert browser_of(issued, "ben").get(address, follow_redirects=True).status_code == 403


def test_a_stranger_is_sent_to_the_schools_own_login(issued):
    answer = issued.test_client().get("/certify/me")
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_first_page_leads_to_the_certificates(issued):
    page = issued.test_client().get("/").text
    assert "/certify/me" in page and "/certify/verify" in page


def test_ada_gets_one_email(issued, tmp_path):
    letters = list((tmp_path / "outbox").iterdir())
    assert len(letters) == 1
    assert b"ada@school.example" in letters[0].read_bytes()
