"""Two people press the button at once, each before a web process of their own."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award
from flask_certify.issuing.models import PREVIEW, IssueBatch
from tests.support.havoc import LONGEST, SCALE, Crew, check_books, check_letters
from tests.support.story import MIA, RUN, TOM
from tests.support.visitor import token_in

BEGUN, QUICKER = "Certificates are being issued", "Somebody was quicker. This is what is under way already."


def look(browser, address, run_id):
    """The question that a person is asked: the address of its yes, and the page it stands on."""
    page = browser.get(f"{address}/certify/runs/{run_id}/issue", timeout=LONGEST)
    page.raise_for_status()
    [to] = re.findall(r'action="([^"]*/confirm)"', page.text)
    return address + to, {"csrf_token": token_in(page.text), "notify": "yes"}, page.url


def test_two_people_who_press_the_button_at_once_on_two_web_processes_begin_one_batch(make_site, redis_url):
    """R-117, R-127: the one begins it, the other is told that somebody was quicker and sees the same batch."""
    site = make_site(60 * SCALE, CERTIFY_REDIS_URL=redis_url)
    with site.app.app_context():
        run_id = ensure_run(site.rt, RUN).id
    at_once = threading.Barrier(2)

    def press(address):
        with requests.Session() as browser:
            to, form, page = look(browser, address, run_id)
            at_once.wait(LONGEST)
            answer = browser.post(to, data=form, headers={"Referer": page}, timeout=LONGEST)
            answer.raise_for_status()
            return answer

    with site.serving(MIA) as one, site.serving(TOM) as other, ThreadPoolExecutor(2) as people:
        answers = list(people.map(press, (one, other)))

    assert all(BEGUN in answer.text for answer in answers)
    assert sorted(QUICKER in answer.text for answer in answers) == [False, True]
    assert len({urlsplit(answer.url).path for answer in answers}) == 1
    assert site.count(IssueBatch.state != PREVIEW, of=IssueBatch) == 1
    assert site.count(of=Award) == 0, "no worker is there yet"
    with Crew(site, 2):
        site.wait_until(site.is_settled)
    check_books(site)
    check_letters(site, blows=0)
