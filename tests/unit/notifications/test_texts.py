"""What people are told, in which language, and with which date."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask_babel import Babel

from flask_certify.awards.frozen import Frozen
from flask_certify.notifications import shipped, texts

ADA = Frozen(
    recipient_name="Ada Lovelace",
    course_title="Physics for Teachers",
    achievement_key="achievement",
    achievement_title="Certificate of Achievement",
    description="",
    criteria="",
    issuer_name="Academy of Wales",
    issuer_slug="wales",
    issuer_did="did:web:certs.example.org:certify:wales",
    completed_on=datetime(2026, 5, 20, 12, 0, tzinfo=UTC),
    issued_at=datetime(2026, 6, 15, 9, 30, tzinfo=UTC),
    zone="Europe/London",
    language="en",
)
PROFILE = "https://certs.example.org/certify/me"
LANGUAGES = ("en", "hi")


def test_the_sms_is_the_sentence_that_was_asked_for() -> None:
    assert texts.sms(ADA, "en-IN") == (
        "Congratulations! You have successfully completed the training Physics for Teachers on 20 May 2026. "
        "You can download your certificate from the profile page."
    )


@pytest.mark.parametrize(
    ("language", "date"),
    [
        ("en", "May 20, 2026"),
        ("en-GB", "20 May 2026"),
        ("hi", "20 मई 2026"),
        ("ta", "20 மே, 2026"),
        ("ur", "20 مئی، 2026"),
    ],
)
def test_the_date_is_whole_and_as_the_language_writes_it(language: str, date: str) -> None:
    assert texts.completion_date(ADA, language) == date


def test_the_date_is_that_of_the_award_s_zone() -> None:
    late = replace(ADA, completed_on=datetime(2026, 5, 20, 20, 0, tzinfo=UTC), zone="Asia/Kolkata")

    assert texts.completion_date(late, "en-GB") == "21 May 2026"


def test_without_a_known_date_no_date_is_made_up() -> None:
    undated = replace(ADA, completed_on=None)

    assert texts.sms(undated, "en") == (
        "Congratulations! You have successfully completed the training Physics for Teachers. "
        "You can download your certificate from the profile page."
    )
    assert " on " not in texts.email(undated, "en", PROFILE).text.split("profile page")[0]


def test_the_text_is_the_same_for_both_kinds_of_certificate() -> None:
    completion = replace(ADA, achievement_key="completion", achievement_title="Course completion")

    assert texts.sms(completion, "en") == texts.sms(ADA, "en")
    assert texts.email(completion, "en", PROFILE) == texts.email(ADA, "en", PROFILE)


def test_the_email_names_the_recipient_the_training_and_the_profile_page_in_both_of_its_bodies() -> None:
    email = texts.email(ADA, "en-GB", PROFILE)

    assert email.subject == "Your certificate: Physics for Teachers"
    assert email.sender_name == "Academy of Wales"
    for body in (email.text, email.html):
        assert "Dear Ada Lovelace," in body
        assert "Physics for Teachers on 20 May 2026" in body
        assert PROFILE in body
    assert f'href="{PROFILE}"' in email.html


def test_an_erased_name_is_not_greeted() -> None:
    email = texts.email(replace(ADA, recipient_name=None), "en", PROFILE)

    assert email.text.startswith("Hello,\n") and "None" not in email.text + email.html


def test_names_and_titles_are_text_in_html_and_nothing_else() -> None:
    sly = replace(
        ADA, recipient_name="<script>alert(1)</script>", course_title='"><img src=x>', issuer_name="<b>A & B</b>"
    )

    email = texts.email(sly, "en", PROFILE)

    assert "<script>" not in email.html and "<img" not in email.html and "<b>" not in email.html
    assert "&lt;script&gt;" in email.html
    assert "Dear <script>alert(1)</script>," in email.text


def test_a_line_break_in_a_name_or_title_stays_on_its_line() -> None:
    sly = replace(ADA, recipient_name="Ada\r\nBcc: eve@example.org", course_title="Physics\n\nfor\x00Teachers\u2028now")

    email = texts.email(sly, "en", PROFILE)

    assert "Dear Ada Bcc: eve@example.org," in email.text
    assert email.subject == "Your certificate: Physics for Teachers now"
    assert "\n" not in texts.sms(sly, "en")


def test_letters_that_are_joined_by_invisible_signs_stay_joined() -> None:
    assert texts.one_line("क्\u200dष ന്\u200d") == "क्\u200dष ന്\u200d"


def test_percent_signs_in_a_title_are_just_that() -> None:
    assert "100 %(name)s %d" in texts.sms(replace(ADA, course_title="100 %(name)s %d"), "en")


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("hi", "hi"),
        ("hi_IN", "hi-IN"),
        ("hi-IN", "hi-IN"),
        ("en-GB", "en-GB"),
        ("ta", "en"),
        (None, "en"),
        ("", "en"),
        ("klingon", "en"),
        ("../../etc", "en"),
    ],
)
def test_people_are_told_in_their_language_if_it_is_one_of_ours_and_else_in_the_first(
    told: str | None, language: str
) -> None:
    assert texts.language_for(told, LANGUAGES) == language


def test_an_email_says_in_which_language_and_direction_it_is() -> None:
    assert '<html lang="en-GB" dir="ltr">' in texts.email(ADA, "en-GB", PROFILE).html
    assert '<html lang="ur" dir="rtl">' in texts.email(ADA, "ur", PROFILE).html


def test_in_hindi_no_english_sentence_is_left() -> None:
    speaker = Flask("speaker")
    Babel(speaker)
    with speaker.app_context():
        sms, email = texts.sms(ADA, "hi-IN"), texts.email(ADA, "hi-IN", PROFILE)

    for said in (sms, email.text):
        assert "20 मई 2026" in said and "Physics for Teachers" in said
        for english in ("Congratulations", "certificate", "Dear", "You receive"):
            assert english not in said


@pytest.mark.parametrize("event", sorted(shipped.NEWS))
def test_what_happens_later_is_told_without_congratulations_and_in_hindi_too(event: str) -> None:
    """R-098, R-111."""
    sms, email = texts.sms(ADA, "en", event), texts.email(ADA, "en", PROFILE, event)
    assert sms.startswith("Your certificate for the training Physics for Teachers")
    assert sms in email.text and "Congratulations" not in email.text + sms
    assert PROFILE in email.text
    assert texts.sms(ADA, "en", f"{event}.3") == sms
    speaker = Flask("speaker")
    Babel(speaker)
    with speaker.app_context():
        assert "certificate" not in texts.sms(ADA, "hi", event) + texts.email(ADA, "hi", PROFILE, event).text
