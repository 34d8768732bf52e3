"""Values are worded in the certificate's language and zone."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from flask_certify.documents import fonts
from flask_certify.documents.placeholders import MANDATORY, PLACEHOLDERS, Picture, samples, worded

LANGUAGES = ("en", "hi", "mr", "ta", "te", "kn", "ml", "bn", "as", "gu", "pa", "or", "ur", "ar")


@pytest.mark.parametrize(
    ("key", "value", "language", "said"),
    [
        ("award.date", date(2026, 5, 31), "en", "31 May 2026"),
        ("award.date", date(2026, 5, 31), "hi", "31 मई 2026"),
        ("award.date", date(2026, 5, 31), "ur", "31 مئی، 2026"),
        ("completion.date", date(2026, 4, 17), "en", "April 2026"),
        ("completion.date", date(2026, 4, 17), "ta", "ஏப்ரல் 2026"),
        ("score", Decimal("87.50"), "en", "87.5%"),
        ("score", Decimal(80), "hi", "80%"),
        ("certificate.code", "7G4K9QXM2TPD", "en", "7G4K-9QXM-2TPD"),
        (
            "certificate.address",
            "https://certs.example.org/certify/v/7G4K9QXM2TPD",
            "en",
            "certs.example.org/certify/v/7G4K9QXM2TPD",
        ),
        ("recipient.name", "Ada", "hi", "Ada"),
    ],
)
def test_a_value_is_worded(key, value, language, said):
    """R-014: the date of completion is month and year."""
    assert worded(key, value, language, "UTC") == said


def test_a_time_is_the_day_it_is_in_the_zone_of_the_certificate():
    late = datetime(2026, 5, 31, 20, 0, tzinfo=UTC)
    assert worded("award.date", late, "en", "Asia/Kolkata") == "1 June 2026"
    assert worded("completion.date", late, "en", "Asia/Kolkata") == "June 2026"
    assert worded("award.date", late, "en", "Europe/London") == "31 May 2026"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "1 June 2026, 01:30"), ("hi", "1 जून 2026, 01:30"), ("ur", "1 جون، 2026 01:30")],
)
def test_the_moment_of_completion_is_day_and_time_in_the_zone_of_the_certificate(language, said):
    """R-030, R-090."""
    late = datetime(2026, 5, 31, 20, 0, tzinfo=UTC)
    assert worded("completion.time", late, language, "Asia/Kolkata") == said


def test_a_language_nobody_knows_is_worded_in_english():
    assert worded("award.date", date(2026, 5, 31), "x-none", "UTC") == "31 May 2026"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_month_can_be_printed(language):
    for month in range(1, 13):
        for key in ("award.date", "completion.date", "completion.time"):
            at = datetime(2026, month, 17, 14, 3, tzinfo=UTC)
            assert fonts.missing(worded(key, at, language, "UTC")) == ()


def test_the_preview_has_a_sample_for_all_but_pictures():
    pictures = {key for key, each in PLACEHOLDERS.items() if each.kind == "image"}
    assert set(samples()) == set(PLACEHOLDERS) - pictures


def test_a_template_may_ask_for_everything_that_is_promised():
    """R-014, R-015."""
    parts = {"recipient.name", "course.title", "completion.date", "qr", "issuer.name"}
    further = {"achievement.title", "achievement.description", "award.date", "expiry.date", "certificate.code", "score"}
    signing = {f"signatory.{place}.{part}" for place in (1, 2) for part in ("name", "designation", "image")}
    assert parts | further | signing <= set(PLACEHOLDERS)
    assert parts <= set(MANDATORY)


def test_a_picture_has_no_words():
    with pytest.raises(TypeError, match="signatory"):
        worded("signatory.1.image", Picture("00"), "en", "UTC")
