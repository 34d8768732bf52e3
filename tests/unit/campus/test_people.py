"""Whom the campus makes up."""

from collections import Counter

import pytest

from examples.campus import oulad, people
from flask_certify.core.settings import is_slug


@pytest.fixture(scope="module")
def teaching() -> oulad.Teaching:
    return oulad.read(oulad.SHIPPED)


def test_everybody_can_be_reached_and_in_all_three_ways(teaching):
    accounts = [people.learner(each.learner_ref, each.region) for each in teaching.enrolments]
    ways = Counter((each.email is not None, each.phone is not None) for each in accounts)
    assert set(ways) == {(True, True), (True, False), (False, True)}
    assert ways[True, True] > ways[True, False] > ways[False, True] > 20


def test_no_message_can_reach_anybody(teaching):
    for each in teaching.enrolments:
        account = people.learner(each.learner_ref, each.region)
        assert account.email is None or account.email.endswith("@campus.example")
        assert account.phone is None or (account.phone.startswith("+447700900") and len(account.phone) == 13)


def test_some_read_hindi_and_most_english(teaching):
    locales = Counter(people.learner(each.learner_ref, each.region).locale for each in teaching.enrolments)
    assert set(locales) == {"en", "hi"}
    assert locales["en"] > locales["hi"] > 20


def test_regions_make_good_addresses(teaching):
    slugs = {people.slug_of(each.region) for each in teaching.enrolments}
    assert "east-anglian-region" in slugs and "wales" in slugs
    assert all(is_slug(each) for each in slugs)


@pytest.mark.parametrize(("region", "number"), [("East Anglian Region", "EA00011391"), ("Wales", "WAL00011391")])
def test_the_external_id_is_of_the_regions_own_making(region, number):
    assert people.learner("11391", region).external_id == number


def test_each_course_has_an_author_and_each_run_a_mentor(teaching):
    posts = {(task.role, task.scope): account.id for account, task in people.staff(teaching.runs, ["Wales"])}
    assert posts == {
        ("support", "*"): "support",
        ("tenant_admin", "wales"): "admin.wales",
        ("author", "AAA"): "author.aaa",
        ("mentor", "AAA-2013J"): "mentor.aaa",
    }


def test_a_course_that_is_not_in_the_table_has_a_title_all_the_same():
    assert people.course_of("QQQ")[0] == "Course QQQ"
