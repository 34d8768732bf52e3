"""A campus that is really open, and Debian's Chromium in front of it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright
from werkzeug.serving import make_server

from examples.campus import people
from flask_certify.core import working
from flask_certify.core.current import runtime_of
from flask_certify.issuing import bulk
from tests.support.campus import campus_in, load_shipped

RUN = "AAA-2013J"
expect.set_options(timeout=30_000)  # milliseconds: other tests work at the same time
QUIET = [
    "--no-sandbox",  # which Chromium has to be told when root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True)
class Site:
    address: str
    app: Flask

    def work(self) -> None:
        """What a worker does: all that waits."""
        with self.app.app_context():
            working.drain(runtime_of(self.app))

    def work_on_all_but_one(self) -> None:
        """What workers have done before the last chunk."""
        with self.app.app_context():
            rt = runtime_of(self.app)
            with rt.reading() as session:
                *these, _ = working.open_chunks(session)
            for each in these:
                working.run_chunk(rt, each)


@pytest.fixture(scope="session")
def issued_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A campus whose run has its certificates, and whose learners were told. Whoever uses it changes nothing."""
    with _open_in(tmp_path_factory.mktemp("issued")) as site:
        with site.app.app_context():
            bulk.issue_and_wait(runtime_of(site.app), RUN, "command", notify=True, patience=60)
        yield site


@pytest.fixture
def fresh_site(tmp_path: Path) -> Iterator[Site]:
    """A campus of one's own, nothing issued yet."""
    with _open_in(tmp_path / "campus") as site:
        yield site


@contextmanager
def _open_in(folder: Path) -> Iterator[Site]:
    folder.mkdir(exist_ok=True)
    with campus_in(folder, CERTIFY_PUBLIC_URL="http://localhost:1") as app:
        load_shipped(app)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, name="pages")
        thread.start()
        yield Site(f"http://127.0.0.1:{server.server_port}", app)
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CERTIFY_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail("There is no Chromium. As root: apt-get install chromium; else name one in CERTIFY_CHROMIUM.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield opened
        opened.close()


Visit = Callable[..., Page]
NOT_THERE = "Failed to load resource"  # said of whole pages, too; parts are looked at by their answers


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """A new visitor of a site, logged in if a user is named. Whatever the browser complains of is a failure."""
    contexts, said = [], list[str]()

    def come(site: Site, user: str | None = None, *, width: int = 1200, scripts: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            base_url=site.address,
            java_script_enabled=scripts,
            accept_downloads=True,
            locale="en-GB",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if NOT_THERE not in message.text else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("response", lambda answer: said.extend(_part_that_failed(answer)))
        if user is not None:
            page.goto("/login")
            page.get_by_label("User name").fill(user)
            page.get_by_label("Password").fill(people.PASSWORD)
            page.get_by_role("button", name="Log in").click()
        return page

    yield come
    for context in contexts:
        context.close()
    assert said == []


def _part_that_failed(answer: Response) -> list[str]:
    """A page may well answer that something is not there; a style or a picture may not."""
    is_part = not answer.request.is_navigation_request()
    return [f"{answer.status} {answer.url}"] if is_part and answer.status >= 400 else []
