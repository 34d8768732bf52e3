"""Our routes in somebody else's application: on ours forms, errors and headers are ours, on the host's its own."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, abort, render_template_string
from flask_babel import Babel
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFError, CSRFProtect

from flask_certify import Certify
from flask_certify.core import schema, web
from flask_certify.core.current import runtime_of
from flask_certify.core.errors import Unavailable
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from tests.support import story

CONFIRM = re.compile(r'action="(/certify/batches/[-0-9a-f]+/confirm)"')
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@contextmanager
def site(folder: Path, host: MemoryHost, *, csrf: str = "none", **config: Any) -> Iterator[Flask]:
    """A host with pages and error pages of its own. Its CSRFProtect is there `before` us, `after` us, or not."""
    app = Flask("site", root_path=str(folder))
    app.config.from_mapping(
        SECRET_KEY="of these tests alone",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'site.db'}",
        CERTIFY_PUBLIC_URL="https://certs.example.org",
        CERTIFY_MASTER_KEY=story.MASTER_KEY,
    )
    app.config.update(config)
    db = SQLAlchemy(app)
    Babel(app)
    if csrf == "before":
        CSRFProtect(app)
    Certify().init_app(app, db=db, host=host)
    if csrf == "after":
        CSRFProtect(app)
    _add_pages(app)
    with app.app_context():
        rt = runtime_of(app)
        schema.upgrade(rt.engine)
        story.set_up(rt)
    yield app
    story.dispose(app)


def _add_pages(app: Flask) -> None:
    app.add_url_rule("/own", "own", lambda: render_template_string("{{ certify_dashboard_url('a/b 1') }}"))
    app.add_url_rule("/broken", "broken", lambda: abort(403))
    app.add_url_rule("/post", "post", lambda: "taken", methods=["POST"])
    for status in (403, 404, 405):
        app.register_error_handler(status, lambda error: (f"the host's own {error.code}", error.code))
    app.register_error_handler(CSRFError, lambda error: ("the host's own form error", 400))


@pytest.fixture
def plain(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    with site(tmp_path, host) as app:
        yield app


def acting(host: MemoryHost, who: str | None) -> None:
    host.acting = host.actors[who] if who else None


def issue_page(app: Flask, host: MemoryHost) -> str:
    """The address of the question before a bulk issue, asked by the mentor."""
    acting(host, story.MIA)
    client = app.test_client()
    return client.get("/certify/runs/by-ref?ref=physics-1").headers["Location"] + "/issue"


# ---- forms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("csrf", ["none", "before", "after"])
def test_a_form_with_its_token_is_taken_and_one_without_is_refused(tmp_path: Path, host: MemoryHost, csrf: str) -> None:
    with site(tmp_path, host, csrf=csrf) as app:
        page = issue_page(app, host)
        client = app.test_client()
        asked = client.get(page).text
        token, confirm = TOKEN.search(asked), CONFIRM.search(asked)
        assert token is not None and confirm is not None
        page = confirm[1]

        refused = client.post(page, data={"csrf_token": "guessed"})
        assert refused.status_code == 400
        assert "form.expired" in refused.text
        assert client.post(page).status_code == 400

        taken = client.post(page, data={"csrf_token": token[1]})
        assert taken.status_code == 303
        assert "/certify/batches/" in taken.headers["Location"]


@pytest.mark.parametrize("csrf", ["none", "before", "after"])
def test_the_forms_of_the_host_are_checked_by_the_host_alone(tmp_path: Path, host: MemoryHost, csrf: str) -> None:
    with site(tmp_path, host, csrf=csrf) as app:
        answer = app.test_client().post("/post")
    assert answer.text == ("taken" if csrf == "none" else "the host's own form error")


def test_a_token_of_somebody_elses_session_is_refused(plain: Flask, host: MemoryHost) -> None:
    page = plain.test_client().get(issue_page(plain, host)).text
    token, confirm = TOKEN.search(page), CONFIRM.search(page)
    assert token is not None and confirm is not None
    assert plain.test_client().post(confirm[1], data={"csrf_token": token[1]}).status_code == 400


def test_a_host_that_switches_the_check_off_is_believed(tmp_path: Path, host: MemoryHost) -> None:
    with site(tmp_path, host, WTF_CSRF_ENABLED=False) as app:
        page = app.test_client().get(issue_page(app, host)).text
        confirm = CONFIRM.search(page)
        assert TOKEN.search(page) is None and confirm is not None
        assert app.test_client().post(confirm[1]).status_code == 303


def test_a_host_without_a_secret_key_is_told_so(tmp_path: Path, host: MemoryHost) -> None:
    with site(tmp_path, host, SECRET_KEY=None) as app:
        answer = app.test_client().get(issue_page(app, host))
    assert answer.status_code == 500
    assert "SECRET_KEY" in answer.text


# ---- errors ----------------------------------------------------------------------------------------


def test_the_error_pages_of_the_host_stay_its_own(plain: Flask) -> None:
    client = plain.test_client()
    assert client.get("/broken").text == "the host's own 403"
    assert client.get("/nowhere").text == "the host's own 404"
    assert client.get("/certify/nowhere").text == "the host's own 404"
    assert client.post("/certify/me").text == "the host's own 405"


def test_an_error_of_ours_on_our_route_is_our_page_with_a_sentence_and_a_code(plain: Flask, host: MemoryHost) -> None:
    acting(host, story.MIA)
    answer = plain.test_client().get("/certify/runs/00000000-0000-7000-8000-000000000000")
    assert answer.status_code == 404
    assert "There is no course run" in answer.text
    assert "run.unknown" in answer.text


def test_a_program_that_asks_for_json_gets_the_code_and_the_sentence(plain: Flask, host: MemoryHost) -> None:
    page = issue_page(plain, host)
    acting(host, "ben")
    answer = plain.test_client().get(page, headers={"Accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json == {
        "error": {"code": "forbidden", "sentence": "You may not do this. Ask somebody who manages this course."}
    }


def test_a_stranger_is_led_to_the_login_page_of_the_host(plain: Flask, host: MemoryHost) -> None:
    asked: list[str | None] = []

    def page_url(place: str, ref: str | None = None) -> str | None:
        asked.append(ref)
        return "/login" if place == "login" else None

    host.page_url = page_url  # type: ignore[method-assign]
    answer = plain.test_client().get("/certify/me?lang=hi")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert asked == ["/certify/me?lang=hi"]


def test_a_stranger_is_told_to_log_in_where_the_host_has_no_such_page(plain: Flask) -> None:
    answer = plain.test_client().get("/certify/me")
    assert answer.status_code == 401
    assert "Please log in first." in answer.text


@pytest.mark.parametrize(
    ("trouble", "status", "code"), [(HostAway(), 503, "host.unavailable"), (KeyError("ada"), 502, "host.failed")]
)
def test_a_host_that_cannot_answer_gives_a_sentence_and_no_traceback(
    plain: Flask, host: MemoryHost, trouble: Exception, status: int, code: str
) -> None:
    def raising() -> None:
        raise trouble

    host.current_actor = raising  # type: ignore[method-assign, assignment]
    answer = plain.test_client().get("/certify/me")
    assert (answer.status_code, code in answer.text) == (status, True)
    assert "KeyError: 'ada'" not in answer.text


def test_a_database_that_is_held_by_others_or_away_or_bare_is_told_by_page_and_program(
    tmp_path: Path, host: MemoryHost
) -> None:
    """The same three names as everywhere: busy means later, away says what to look at, bare which command."""
    url = f"sqlite:///{tmp_path / 'site.db'}?timeout=0.1"
    with site(tmp_path, host, SQLALCHEMY_DATABASE_URI=url) as app:
        page = issue_page(app, host).removesuffix("/issue")
        other = sqlite3.connect(tmp_path / "site.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        assert told(app, page) == (503, "database.busy")
        other.execute("ROLLBACK")
        other.close()
        with app.app_context():
            schema.downgrade(runtime_of(app).engine, "base")
        assert told(app, page) == (500, "db.missing")
        story.dispose(app)
        (tmp_path / "site.db").unlink()
        (tmp_path / "site.db").mkdir()
        assert told(app, page) == (503, "database.away")


def told(app: Flask, page: str) -> tuple[int, str]:
    """Status and code, which the page and the operation of the API at the same place both give."""
    shown = app.test_client().get(page)
    answer = app.test_client().get(page.replace("/certify/", "/certify/api/v1/") + "/attachments")
    assert shown.status_code == answer.status_code and answer.get_json()["code"] in shown.text
    return answer.status_code, answer.get_json()["code"]


def test_an_error_nobody_has_named_is_left_to_the_host() -> None:
    with bare(ZeroDivisionError()) as app:
        assert app.test_client().get("/certify/trouble").text == "the host's own 500"


def test_a_sentence_that_holds_markup_is_shown_as_text() -> None:
    class Named(Unavailable):
        code = "named"
        sentence = "No answer from %(name)s."

    with bare(Named(name="<script>alert(1)</script>")) as app:
        page = app.test_client().get("/certify/trouble").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page


@contextmanager
def bare(trouble: Exception) -> Iterator[Flask]:
    """An application with our blueprint alone, on which one route raises."""
    app = Flask("bare")
    app.config.update(SECRET_KEY="of these tests alone")
    Babel(app)
    app.register_error_handler(500, lambda error: ("the host's own 500", 500))

    def raising() -> str:
        raise trouble

    bp = web.make_blueprint()
    bp.add_url_rule("/trouble", "trouble", raising)
    settings = Settings(public_url="https://certs.example.org")
    rt = Runtime(settings, lambda: sa.create_engine("sqlite://"), MemoryHost())
    app.extensions["certify"] = rt
    web.install(app, bp, rt)
    yield app


# ---- headers and names -----------------------------------------------------------------------------


def test_every_answer_of_ours_has_the_safe_headers_and_those_of_the_host_have_none(plain: Flask) -> None:
    client = plain.test_client()
    for path in ("/certify/verify", "/certify/me", "/certify/static/certify.css"):
        with client.get(path) as answer:
            headers = answer.headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    assert "Content-Security-Policy" not in client.get("/own").headers


def test_pages_of_ours_hold_nothing_inline_and_nothing_from_elsewhere(plain: Flask, host: MemoryHost) -> None:
    page = issue_page(plain, host)
    client = plain.test_client()
    for path in (page, page.removesuffix("/issue"), "/certify/me", "/certify/verify"):
        text = client.get(path).text
        assert "<main" in text
        assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", text) == []
        assert re.findall(r'(?:src|href)="(?:https?:)?//(?!certs\.example\.org)', text) == []


def test_a_header_of_the_host_wins(plain: Flask) -> None:
    @plain.after_request
    def own(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = "default-src 'self' cdn.example.org"
        return response

    answer = plain.test_client().get("/certify/verify")
    assert answer.headers["Content-Security-Policy"] == "default-src 'self' cdn.example.org"


def test_a_page_with_personal_data_is_not_kept_by_a_browser(plain: Flask, host: MemoryHost) -> None:
    acting(host, "ada")
    assert plain.test_client().get("/certify/me").headers["Cache-Control"] == "no-store"


def test_the_host_may_replace_the_frame_and_keeps_its_own_words(tmp_path: Path, host: MemoryHost) -> None:
    frame = tmp_path / "templates" / "certify" / "frame.html"
    frame.parent.mkdir(parents=True)
    frame.write_text("<b>the host's frame: {{ words }}</b>{% block content %}{% endblock %}")
    acting(host, "ada")
    with site(tmp_path, host) as app:
        app.context_processor(lambda: {"words": "its own"})
        page = app.test_client().get("/certify/me").text
    assert page.startswith("<b>the host's frame: its own</b>")
    assert "You have no certificate yet" in page


def test_a_template_of_the_host_links_to_a_run_by_the_hosts_own_name(plain: Flask) -> None:
    client = plain.test_client()
    assert client.get("/own").text == "/certify/runs/by-ref?ref=a%2Fb+1"
    assert client.get("/own", base_url="http://x/y", environ_base={"SCRIPT_NAME": "/y"}).text.startswith("/y/certify/")


def test_two_applications_in_one_process_do_not_meet(tmp_path: Path) -> None:
    hosts = [story.make_host(), story.make_host()]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        site(tmp_path / "one", hosts[0]) as one,
        site(tmp_path / "two", hosts[1], CERTIFY_URL_PREFIX="/papers/x") as two,
    ):
        acting(hosts[1], "ada")
        assert one.test_client().get("/certify/me").status_code == 401
        assert two.test_client().get("/papers/x/me").status_code == 200
        assert two.test_client().get("/certify/me").status_code == 404
        assert 'href="/papers/x/static/certify.css"' in two.test_client().get("/papers/x/verify").text


# ---- the reader's language -------------------------------------------------------------------------


@pytest.mark.parametrize(("locale", "shown"), [("hi", "hi"), ("hi_IN", "hi-IN"), ("en", "en"), ("fr", "en")])
def test_a_page_says_which_language_it_is_really_in(tmp_path: Path, host: MemoryHost, locale: str, shown: str) -> None:
    with site(tmp_path, host, BABEL_DEFAULT_LOCALE=locale) as app:
        page = app.test_client().get("/certify/verify").text
    assert f'<html lang="{shown}" dir="ltr">' in page


@pytest.mark.parametrize("csrf", ["before", "after", "none"])
def test_a_change_by_the_api_from_a_browsers_session_needs_the_sessions_token_and_a_bearers_does_not(
    tmp_path: Path, host: MemoryHost, csrf: str
) -> None:
    """Platform 87: whether the host protects its forms or not, and whichever of the two was installed first."""
    with site(tmp_path, host, csrf=csrf) as app:
        client, order = app.test_client(), {"learners": ["ada"], "notify": False}
        path = issue_page(app, host).replace("/certify/", "/certify/api/v1/")
        refused = client.post(path, json=order)
        assert (refused.status_code, refused.get_json()["code"]) == (400, "form.expired")
        token = TOKEN.findall(client.get(issue_page(app, host)).text)[0]
        for header in ("X-CSRFToken", "X-CSRF-Token"):
            assert client.post(path, json=order, headers={header: token}).status_code == 200
        bearer = app.test_client(use_cookies=False)
        assert bearer.post(path, json=order, headers={"Authorization": "Bearer x"}).status_code == 200
        assert bearer.post(path, json=order).status_code == 400
        assert client.post("/post").status_code == (200 if csrf == "none" else 400)


@pytest.mark.parametrize("csrf", ["before", "after"])
def test_a_program_posts_a_file_to_be_checked_without_a_token(tmp_path: Path, host: MemoryHost, csrf: str) -> None:
    """R-149, R-151: whatever the host protects, and whenever its protection was installed; its own forms still are."""
    with site(tmp_path, host, csrf=csrf) as app:
        told = app.test_client().post("/certify/verify", data=b"{}", headers={"Accept": "application/json"})
        assert (told.status_code, told.get_json()["answer"]) == (422, "malformed")
        assert app.test_client().post("/post").status_code == 400
