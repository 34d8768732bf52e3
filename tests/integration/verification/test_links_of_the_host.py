"""Where the public page leads besides: the video, the courses; and a host that is slow or in trouble."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flask_certify.awards.states import AwardState
from flask_certify.core.current import EXTENSION
from flask_certify.host.ports import HostAway
from tests.support.certificates import Issued
from tests.support.public_page import look
from tests.support.story import RUN


def test_the_page_leads_to_the_video_and_back_to_the_courses(campus: Issued) -> None:
    """R-140, R-146, R-147: the QR code leads to the page, and what the page leads to is asked of the host each time."""
    campus.host.pages["video"] = "https://video.example.org/physics-1"

    links = look(campus, campus.issue("ada")).links()

    assert {"/courses", "https://video.example.org/physics-1"} <= links


def test_without_a_page_for_videos_the_runs_own_address_is_used(campus: Issued) -> None:
    campus.host.runs[RUN] = replace(campus.host.runs[RUN], video_url="https://video.example.org/own")

    assert "https://video.example.org/own" in look(campus, campus.issue("ada")).links()


def test_an_unknown_code_leads_to_no_video(campus: Issued) -> None:
    campus.host.pages["video"] = "https://video.example.org/physics-1"

    assert "Watch video" not in look(campus, "0123456789AB").words


@pytest.mark.parametrize("ending", ["", ".json"], ids=["page", "json"])
def test_a_host_that_is_slow_to_name_a_video_is_asked_as_often_about_a_code_that_nobody_has(
    campus: Issued, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-145"""
    code, asked = campus.issue("ada"), list[tuple[Any, ...]]()
    monkeypatch.setattr(campus.host, "page_url", lambda *what: asked.append(what) or f"/{what[0]}")

    campus.client.get(f"/certify/v/{code}{ending}")
    of_known = asked.copy()
    asked.clear()
    unknown = campus.client.get(f"/certify/v/0123456789AB{ending}")

    assert asked == of_known == [("courses",), ("video", RUN)]
    assert "/video" not in unknown.text


SHOWN: dict[str, Callable[[Issued, str], Any]] = {
    "scanned": lambda campus, code: campus.client.get(f"/certify/v/{code}"),
    "typed": lambda campus, code: campus.client.get(f"/certify/v/{code}", headers={"Referer": "http://localhost/x"}),
    "asked_by_a_program": lambda campus, code: campus.client.get(f"/certify/v/{code}.json"),
    "then": lambda campus, code: campus.client.get(f"/certify/v/{code}?on=2026-06-15"),
}


@pytest.mark.parametrize(
    ("shows", "how", "leads", "links"),
    [
        ("video", "scanned", True, True),
        ("video", "typed", False, True),
        ("video", "asked_by_a_program", False, True),
        ("video", "then", False, True),
        ("both", "scanned", False, True),
        ("certificate", "scanned", False, False),
    ],
)
def test_what_a_printed_code_shows_is_chosen_later(
    campus: Issued, shows: str, how: str, leads: bool, links: bool
) -> None:
    """R-146: the certificate, a video, or both; and nothing is printed anew."""
    video, code = "https://video.example.org/physics-1", campus.issue("ada")
    campus.host.pages["video"] = video
    choose(campus, shows)

    response = SHOWN[how](campus, code)

    assert (response.status_code, response.location) == ((303, video) if leads else (200, None))
    assert (video in response.text) is links


@pytest.mark.parametrize("state", [AwardState.REVOKED, AwardState.WITHDRAWN])
def test_a_code_that_leads_to_a_video_still_tells_what_does_not_count(campus: Issued, state: AwardState) -> None:
    """R-142, R-146"""
    campus.host.pages["video"] = "https://video.example.org/physics-1"
    code = campus.issue("ada")
    choose(campus, "video")
    campus.change(code, state=state)

    assert "This certificate is revoked" in campus.client.get(f"/certify/v/{code}").text


def test_without_a_video_a_code_leads_to_the_certificate(campus: Issued) -> None:
    """R-146"""
    code = campus.issue("ada")
    choose(campus, "video")

    assert "This certificate is valid" in look(campus, code).words


def choose(campus: Issued, shows: str) -> None:
    """What QR codes lead to from now on."""
    campus.app.extensions[EXTENSION] = replace(campus.rt, settings=replace(campus.rt.settings, qr_shows=shows))


@pytest.mark.parametrize("trouble", [HostAway(), RuntimeError("broken"), TimeoutError()])
def test_a_host_in_trouble_takes_only_its_own_links_from_the_page(
    campus: Issued, trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = campus.issue("ada")

    def fail(*_: Any) -> None:
        raise trouble

    monkeypatch.setattr(campus.host, "page_url", fail)
    monkeypatch.setattr(campus.host, "course_run", fail)
    page = look(campus, code)

    assert "This certificate is valid" in page.words
    assert "Return to courses" not in page.words and "Watch video" not in page.words


def test_a_video_that_is_a_script_is_no_link(campus: Issued) -> None:
    campus.host.pages["video"] = "javascript:alert(1)"

    assert "Watch video" not in look(campus, campus.issue("ada")).words
