"""Many awards signed at once: what is said, what is refused, and what stops everything."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flask_certify.credentials import contexts, multibase, open_badge
from flask_certify.credentials.canonical import is_wholly_signed
from flask_certify.credentials.signers import cryptography_signer, pycryptodome_signer
from flask_certify.credentials.signing import Disagreement, Refused, SignedCredential
from flask_certify.credentials.text import LONGEST
from flask_certify.credentials.verify import Finding, examine
from tests.support.credentials import (
    ACHIEVEMENT,
    DID,
    KEY_ACTIVE_FROM,
    NAMES,
    NOW,
    OTHER_SEED,
    SEED,
    STATUS_LIST,
    desk,
    hostile_name,
    place,
    published,
    statement,
)


def sign_one(**changes: Any) -> SignedCredential:
    [signed] = desk().sign([statement(**changes)], [place()])
    assert isinstance(signed, SignedCredential)
    return signed


def refuse_one(**changes: Any) -> Refused:
    [refused] = desk().sign([statement(**changes)], [place()])
    assert isinstance(refused, Refused)
    return refused


def test_a_credential_says_who_earned_what_from_whom_and_when():
    said = statement()
    document = json.loads(sign_one().text)

    assert document["@context"] == list(contexts.CREDENTIAL)
    assert document["id"] == f"urn:uuid:{said.credential_id}"
    assert document["name"] == "Course completion: Foundational Literacy & Numeracy"
    assert document["issuer"] == {
        "id": DID,
        "type": ["Profile"],
        "name": "Department of School Education",
        "url": "https://example.org/education",
    }
    assert document["validFrom"] == "2026-06-01T12:00:00Z"
    assert document["awardedDate"] == "2026-05-31T00:00:00Z"
    assert "validUntil" not in document
    subject = document["credentialSubject"]
    assert subject["id"] == f"urn:uuid:{said.subject_id}"
    assert subject["identifier"] == [
        {"type": "IdentityObject", "identityType": "name", "hashed": False, "identityHash": "Asha Devi"}
    ]
    assert subject["achievement"]["criteria"] == {"id": ACHIEVEMENT.criteria_id, "narrative": ACHIEVEMENT.criteria}
    assert subject["achievement"]["inLanguage"] == "en"
    assert subject["achievement"]["specialization"] == "Foundational Literacy & Numeracy"
    assert "result" not in subject
    assert document["credentialStatus"] == {
        "id": f"{STATUS_LIST}#94567",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": STATUS_LIST,
    }


def test_score_end_and_picture_are_told_where_there_are_any():
    pictured = replace(ACHIEVEMENT, image="https://certs.example.org/badge.png", score_name="अंक")
    document = json.loads(
        sign_one(score="82.5", valid_until=datetime(2029, 1, 1, tzinfo=UTC), achievement=pictured).text
    )

    subject = document["credentialSubject"]
    assert document["validUntil"] == "2029-01-01T00:00:00Z"
    assert subject["achievement"]["image"] == {"id": pictured.image, "type": "Image"}
    assert subject["achievement"]["resultDescription"] == [
        {"id": f"{ACHIEVEMENT.id}#score", "type": ["ResultDescription"], "name": "अंक", "resultType": "Percent"}
    ]
    assert subject["result"] == [{"type": ["Result"], "resultDescription": f"{ACHIEVEMENT.id}#score", "value": "82.5"}]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("optional", [{}, {"score": "82", "valid_until": NOW}], ids=["plain", "full"])
def test_what_we_sign_is_wholly_signed_and_intact(name: str, optional: dict[str, Any]):
    signed = sign_one(name=name, **optional)

    document = json.loads(signed.text)
    assert document["credentialSubject"]["identifier"][0]["identityHash"] == name
    assert is_wholly_signed(document)
    assert examine(signed.text, DID, [published()]).finding is Finding.INTACT


def test_a_batch_of_hostile_names_is_signed_in_order_and_each_is_intact():
    rng = random.Random(1)
    statements = [statement(rng, name=hostile_name(rng), score=str(number)) for number in range(60)]
    answers = desk().sign(statements, [place(index) for index in range(60)])

    for said, number, signed in zip(statements, range(60), answers, strict=True):
        assert isinstance(signed, SignedCredential)
        assert signed.award_id == said.award_id
        assert signed.place.index == number
        assert examine(signed.text, DID, [published()]).finding is Finding.INTACT


def test_two_libraries_write_the_same_credential():
    texts = {
        desk(make_signer(DID, SEED)).sign([statement()], [place()])[0].text
        for make_signer in (pycryptodome_signer, cryptography_signer)
    }
    assert len(texts) == 1


def test_times_are_told_in_utc_and_whole_seconds_wherever_they_come_from():
    india = datetime.fromisoformat("2026-06-02T00:15:00.999+05:30")

    assert json.loads(sign_one(awarded_date=india).text)["awardedDate"] == "2026-06-01T18:45:00Z"
    assert open_badge.moment(datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC)) == "2028-02-29T23:59:59Z"
    with pytest.raises(ValueError, match="without a zone"):
        open_badge.moment(datetime(2026, 6, 1))


def test_nothing_is_dated_before_its_key_was_active():
    early = KEY_ACTIVE_FROM - timedelta(days=30)
    document = json.loads(sign_one(valid_from=early, awarded_date=early).text)

    assert document["validFrom"] == "2026-01-01T00:00:00Z"
    assert document["awardedDate"] == "2025-12-02T00:00:00Z"


def test_a_name_of_10000_characters_is_signed():
    assert examine(sign_one(name="ಆಶಾ" * 3334).text, DID, [published()]).is_intact


# ---- refused -----------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "control character": ({"name": "Asha\x07Devi"}, "credential.unfit_character", "recipient_name"),
    "line end in a name": ({"name": "Asha\nDevi"}, "credential.unfit_character", "recipient_name"),
    "lone surrogate": ({"name": "Asha\ud83d"}, "credential.unfit_character", "recipient_name"),
    "reversed reading": ({"name": "Asha\u202eiveD"}, "credential.unfit_character", "recipient_name"),
    "no name": ({"name": " "}, "credential.empty_text", "recipient_name"),
    "no course": ({"course_title": ""}, "credential.empty_text", "course_title"),
    "bell in the course": ({"course_title": "Bells\x07"}, "credential.unfit_character", "course_title"),
    "score of two lines": ({"score": "8\n2"}, "credential.unfit_character", "score"),
    "relative achievement": (
        {"achievement": replace(ACHIEVEMENT, id="courses/1")},
        "credential.unfit_address",
        "achievement_id",
    ),
    "achievement with a fragment": (
        {"achievement": replace(ACHIEVEMENT, id="https://a.example/#b")},
        "credential.unfit_address",
        "achievement_id",
    ),
    "script as picture": (
        {"achievement": replace(ACHIEVEMENT, image="javascript:alert(1)")},
        "credential.unfit_address",
        "image",
    ),
    "unknown type": (
        {"achievement": replace(ACHIEVEMENT, achievement_type="Prize")},
        "credential.unknown_achievement_type",
        "achievement_type",
    ),
    "text without end": ({"achievement": replace(ACHIEVEMENT, criteria="x" * LONGEST)}, "credential.too_large", None),
}


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_signed_is_refused_with_a_code_and_the_name_of_the_field(
    changes: dict[str, Any], code: str, field: str | None
):
    refused = refuse_one(**changes)

    assert refused.code == code
    assert refused.values.get("field") == field
    assert "Asha" not in repr(refused)


def test_one_bad_name_stops_nobody_else():
    names = ["Asha Devi", "Bell\x07", "Chen", "\x00", "Dev"]
    answers = desk().sign([statement(name=name) for name in names], [place(index) for index in range(5)])

    assert [isinstance(answer, SignedCredential) for answer in answers] == [True, False, True, False, True]
    assert [answer.award_id for answer in answers] == [statement(name=name).award_id for name in names]


def test_a_bad_course_title_is_told_of_each_award_and_stops_no_other_course():
    titles = ["Good", "Bad\x07", "Bad\x07", "Good"]
    said = [statement(random.Random(number), course_title=title) for number, title in enumerate(titles)]
    answers = desk().sign(said, [place(index) for index in range(4)])

    assert [isinstance(answer, Refused) for answer in answers] == [False, True, True, False]
    assert [answer.award_id for answer in answers] == [each.award_id for each in said]


def test_nothing_is_signed_of_nothing():
    assert desk().sign([], []) == []


def test_an_extension_type_is_taken():
    assert sign_one(achievement=replace(ACHIEVEMENT, achievement_type="ext:TeacherTraining"))


# ---- the sample --------------------------------------------------------------------------------------------------


class Crooked:
    """Signs as asked but for some calls, where it signs something else."""

    algorithm = "Ed25519"

    def __init__(self, *wrong: int) -> None:
        self.honest = pycryptodome_signer(DID, SEED)
        self.key_id = self.honest.key_id
        self.public_multikey = self.honest.public_multikey
        self.public_jwk = self.honest.public_jwk
        self.wrong = wrong
        self.calls = 0

    def sign(self, data: bytes) -> bytes:
        self.calls += 1
        return self.honest.sign(b"\0" * 64 if self.calls - 1 in self.wrong else data)


@pytest.mark.parametrize("wrong", [0, 2, 4], ids=["first", "third", "last"])
def test_a_sampled_credential_that_does_not_verify_stops_the_batch(wrong: int):
    with pytest.raises(Disagreement):
        desk(Crooked(wrong), check_every=2).sign(
            [statement(name=f"N{n}") for n in range(5)], [place(n) for n in range(5)]
        )


def test_a_signer_with_another_key_than_the_published_one_stops_the_batch():
    published_elsewhere = multibase.ed25519_public_key(published(OTHER_SEED).multikey)

    with pytest.raises(Disagreement):
        desk(public_key=published_elsewhere).sign([statement()], [place()])


def test_the_refused_take_no_part_in_the_sample():
    answers = desk().sign([statement(name="\x07"), statement(name="\x08")], [place(1), place(2)])

    assert all(isinstance(answer, Refused) for answer in answers)


def test_no_name_is_in_the_repr_of_what_is_signed():
    assert "Asha" not in repr(statement())
    assert "Asha" not in repr(sign_one())
