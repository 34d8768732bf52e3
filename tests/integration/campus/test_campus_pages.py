"""The campus's own pages: who sees what, in which language, and where they lead."""

import re

import pytest
from flask.testing import FlaskClient

from examples.campus.people import PASSWORD
from tests.support.campus import load_shipped


@pytest.fixture
def browser(campus) -> FlaskClient:
    return campus.test_client()


def token_of(page: str) -> str:
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


def log_in(browser: FlaskClient, user_name: str, password: str = PASSWORD, **more):
    token = token_of(browser.get("/login").text)
    form = {"csrf_token": token, "user_name": user_name, "password": password}
    return browser.post("/login", data=form, **more)


# ---- strangers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/courses", "/runs/AAA-2013J", "/login"])
def test_a_stranger_may_look_around(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "/certify/verify" in answer.text


def test_the_profile_asks_a_stranger_to_log_in_and_leads_back(browser):
    answer = browser.get("/profile")
    assert answer.status_code == 302
    assert answer.location == "/login?next=%2Fprofile"


def test_a_run_tells_a_stranger_neither_scores_nor_numbers(browser):
    page = browser.get("/runs/AAA-2013J").text
    assert "Your score" not in page and "Withdrawn" not in page


# ---- logging in ------------------------------------------------------------------------------------


def test_a_learner_logs_in_and_sees_where_they_learn(browser):
    assert log_in(browser, "learner11391").location == "/"
    page = browser.get("/").text
    assert "Rhys Griffiths" in page and "Reading and Writing in the Early Years" in page
    assert "/certify/me" in page
    page = browser.get("/runs/AAA-2013J").text
    assert "Completed on 1 May 2014" in page


@pytest.mark.parametrize(("who", "password"), [("learner11391", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_or_password_is_refused_in_the_same_words(browser, who, password):
    answer = log_in(browser, who, password)
    assert answer.status_code == 401
    assert "User name and password do not fit." in answer.text


def test_after_logging_in_somebody_comes_to_the_page_they_wanted(browser):
    answer = log_in(browser, "support", query_string={"next": "/certify/me?x=1"})
    assert answer.location == "/certify/me?x=1"


@pytest.mark.parametrize(
    "trap", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:x"]
)
def test_logging_in_leads_nowhere_else(browser, trap):
    assert log_in(browser, "support", query_string={"next": trap}).location == "/"


def test_a_form_without_a_token_is_refused_on_the_campuss_own_page(browser):
    answer = browser.post("/login", data={"user_name": "support", "password": PASSWORD})
    assert answer.status_code == 400
    assert "This form has grown old" in answer.text


def test_logging_out_makes_a_stranger_of_somebody(browser):
    log_in(browser, "support")
    browser.post("/logout", data={"csrf_token": token_of(browser.get("/").text)})
    assert browser.get("/profile").status_code == 302


# ---- staff -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["mentor.aaa", "author.aaa", "admin.east-anglian-region", "support"])
def test_those_who_look_after_a_run_find_its_certificates_and_learners(browser, who):
    log_in(browser, who)
    assert "/certify/runs/by-ref?ref=AAA-2013J" in browser.get("/").text
    page = browser.get("/runs/AAA-2013J").text
    assert "/certify/runs/by-ref?ref=AAA-2013J" in page
    assert "383" in page and "258" in page
    assert browser.get("/runs/AAA-2013J/people").status_code == 200


@pytest.mark.parametrize("who", ["learner11391", "admin.wales"])
def test_others_are_kept_from_the_list_of_learners(browser, who):
    log_in(browser, who)
    answer = browser.get("/runs/AAA-2013J/people")
    assert answer.status_code == 403
    assert "This page is not for you" in answer.text
    assert "/certify/runs/by-ref" not in browser.get("/runs/AAA-2013J").text


def test_the_pages_of_the_list_hold_everybody_once(browser):
    log_in(browser, "mentor.aaa")
    address, seen = "/runs/AAA-2013J/people", []
    while address:
        page = browser.get(address).text
        seen += re.findall(r"<td>([A-Z]+\d{8})</td>", page)
        following = re.search(r'href="(/runs/[^"]+after=[^"]+)"', page)
        address = following[1] if following else None
    assert len(seen) == len(set(seen)) == 383


# ---- languages and errors --------------------------------------------------------------------------


def test_the_language_can_be_chosen_and_stays(browser):
    assert '<html lang="hi">' in browser.get("/courses?lang=hi").text
    page = browser.get("/courses").text
    assert "पाठ्यक्रम" in page
    assert '<html lang="en">' in browser.get("/courses?lang=en").text


def test_an_unknown_language_is_passed_over(browser):
    assert '<html lang="en">' in browser.get("/courses?lang=tlh").text


def test_a_browser_that_prefers_hindi_gets_it(browser):
    assert '<html lang="hi">' in browser.get("/", headers={"Accept-Language": "hi-IN,hi;q=0.9"}).text


def test_an_account_keeps_its_language(new_campus):
    load_shipped(new_campus, attach=False)
    browser = new_campus.test_client()
    log_in(browser, "learner11391")
    form = {"csrf_token": token_of(browser.get("/profile").text), "language": "hi"}
    assert browser.post("/language", data=form).status_code == 303
    again = new_campus.test_client()
    log_in(again, "learner11391")
    assert '<html lang="hi">' in again.get("/profile").text


@pytest.mark.parametrize("path", ["/nowhere", "/runs/NNN-2013J"])
def test_what_is_not_there_has_a_page_of_the_campus(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "This page is not here" in answer.text and "Teachers' Campus" in answer.text


def test_pages_take_nothing_from_elsewhere(browser):
    answer = browser.get("/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_pages_of_certificates_stand_in_the_campuss_frame(browser):
    page = browser.get("/certify/verify").text
    assert "campus.css" in page and "certify.css" in page
    assert "Teachers' Campus" in page
