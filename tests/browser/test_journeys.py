"""What people do, in a real browser: a mentor issues, a learner downloads, a stranger checks."""

import re
from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import RUN, Site, Visit

DASHBOARD = f"/certify/runs/by-ref?ref={RUN}"
NARROW = 360


def test_a_mentor_issues_to_all_with_one_click_and_sees_what_came_of_it(visit: Visit, fresh_site: Site) -> None:
    """R-116, R-117, R-118, R-120."""
    page = visit(fresh_site, "mentor.aaa")
    page.goto(DASHBOARD)
    page.get_by_role("link", name="Issue online certificates").click()
    expect(page.get_by_text("Certificates will be issued to 278 teachers shortly.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Issue|Confirm")).click()
    expect(page).to_have_url(re.compile("/certify/batches/"))
    batch = page.url

    other = visit(fresh_site, "mentor.aaa")
    other.goto(DASHBOARD)
    expect(other.get_by_role("link", name="Issue online certificates")).to_have_count(0)

    why = page.get_by_role("heading", name="Who got none, and why")
    expect(why).to_be_hidden()
    fresh_site.work_on_all_but_one()
    expect(why).to_be_visible(timeout=15_000)  # the page follows by itself
    fresh_site.work()
    expect(page.get_by_text("278").first).to_be_visible(timeout=15_000)
    page.goto(batch)
    expect(page.get_by_text("105").first).to_be_visible()

    page.goto(DASHBOARD)
    expect(page.get_by_text("Issued").first).to_be_visible()
    page.get_by_role("link", name="Issue online certificates").click()
    expect(page.get_by_text("No new certificates are to be issued.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Issue|Confirm"))).to_have_count(0)


def test_a_learner_downloads_the_certificate_and_its_qr_code_leads_to_a_page_that_says_valid(
    visit: Visit, issued_site: Site, tmp_path: Path
) -> None:
    """R-128, R-139, R-141."""
    page = visit(issued_site, "learner11391", width=NARROW)
    page.goto("/certify/me")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download certificate").click()
    pdf = tmp_path / "certificate.pdf"
    download.value.save_as(pdf)
    assert "11391" not in download.value.suggested_filename  # no personal data in names of files
    [code] = zxingcpp.read_barcodes(pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil())
    address = code.text.removeprefix("http://localhost:1")

    stranger = visit(issued_site, width=NARROW)
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="This certificate is valid")).to_be_visible()
    expect(stranger.get_by_text("Rhys Griffiths")).to_be_visible()


def test_a_page_on_paper_shows_what_it_says_and_nothing_to_press(visit: Visit, issued_site: Site) -> None:
    page = visit(issued_site, "learner11391")
    page.goto("/certify/me")
    button = page.get_by_role("link", name="Download certificate")
    expect(button).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(button).to_be_hidden()


def test_a_stranger_types_a_code_without_scripts(visit: Visit, issued_site: Site) -> None:
    """R-144: the elements have their exact words, and an unknown code is told as such."""
    page = visit(issued_site, scripts=False, width=NARROW)
    page.goto("/certify/verify")
    page.get_by_label("Enter the certificate code here").fill("0000 0000 0000")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name="No certificate has this code")).to_be_visible()
    expect(page.get_by_role("heading", name="This certificate is valid")).to_have_count(0)


def test_another_mentor_and_a_stranger_are_kept_out(visit: Visit, issued_site: Site) -> None:
    page = visit(issued_site, "learner11391")
    answer = page.goto(DASHBOARD)
    assert answer is not None and answer.status == 403
    stranger = visit(issued_site)
    stranger.goto(DASHBOARD)
    expect(stranger).to_have_url(re.compile("/login"))


PAGES = {
    "dashboard": ("mentor.aaa", DASHBOARD),
    "what could not be done": ("mentor.aaa", "failures"),
    "what became of the messages": ("support", "messages?state=sent"),
    "templates": ("admin.wales", "/certify/templates/wales"),
    "a template and its preview": ("admin.wales", "template"),
    "profile": ("learner11391", "/certify/me"),
    "code form": (None, "/certify/verify"),
    "unknown code": (None, "/certify/v/000000000000"),
}


@pytest.mark.parametrize("width", [NARROW, 1200])
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_usable_by_everybody_at_every_width(visit: Visit, issued_site: Site, name: str, width: int) -> None:
    """R-256: no violation that axe-core knows (WCAG 2 A and AA), and nothing to scroll sideways for."""
    user, address = PAGES[name]
    page = visit(issued_site, user, width=width)
    if address.startswith(("failures", "messages")):
        page.goto(DASHBOARD)
        address = f"{page.url}/{address}"
    if address == "template":
        page.goto("/certify/templates/wales")
        page.get_by_role("link", name="Modern", exact=True).click()
        page.get_by_label("Names, one a line").fill("Ada Lovelace\nAsha \U0001f642")
        page.get_by_role("button", name="Show the preview").click()
        expect(page.get_by_alt_text("Certificate of Ada Lovelace")).to_be_visible()
    else:
        page.goto(address)
    _expect_fit(page)
    tags = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    found = Axe().run(page, options=tags)
    assert found.violations_count == 0, found.generate_report()


def _expect_fit(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
