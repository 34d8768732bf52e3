"""Whether what an award froze is what its issuer signed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flask_certify.awards.frozen import Frozen
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.signing import SignedCredential
from flask_certify.credentials.verify import Finding
from flask_certify.verification import seals
from flask_certify.verification.seals import Findings, Seal, Sealed, Signed, examine
from tests.support.credentials import DID, KEY_ACTIVE_FROM, NAMES, OTHER_SEED, desk, place, published, statement

AWARDED = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)  # credentials are dated in whole seconds


def signed_text(**changes: Any) -> str:
    said = {"valid_from": AWARDED, "awarded_date": AWARDED} | changes
    (signed,) = desk().sign([statement(**said)], [place()])
    assert isinstance(signed, SignedCredential)
    return signed.text


def frozen_like(text: str, **changes: Any) -> Frozen:
    """What the award must have frozen for this to be its document."""
    document = json.loads(text)
    subject = document["credentialSubject"]
    plain = Frozen(
        recipient_name=subject["identifier"][0]["identityHash"],
        course_title=subject["achievement"]["specialization"],
        achievement_key="completion",
        achievement_title=subject["achievement"]["name"],
        description=subject["achievement"]["description"],
        criteria=subject["achievement"]["criteria"]["narrative"],
        issuer_name=document["issuer"]["name"],
        issuer_slug="ka",
        issuer_did=DID,
        completed_on=None,
        issued_at=AWARDED,
        zone="Asia/Kolkata",
        language="en",
        score=subject["result"][0]["value"] if "result" in subject else None,
        valid_until=datetime.fromisoformat(document["validUntil"]) if "validUntil" in document else None,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("score", [None, "82.5"])
def test_what_was_signed_is_intact_whatever_the_name(name: str, score: str | None) -> None:
    text = signed_text(name=name, score=score)

    sealed = examine(text, frozen_like(text), [published()])

    key_id = json.loads(text)["proof"]["verificationMethod"]
    assert sealed == Sealed(Seal.INTACT, Signed(AWARDED.replace(microsecond=0), None, key_id))


def test_an_end_is_read_from_what_was_signed() -> None:
    text = signed_text(valid_until=AWARDED + timedelta(days=365))

    signed = examine(text, frozen_like(text), [published()]).signed

    assert signed is not None and signed.valid_until == (AWARDED + timedelta(days=365)).replace(microsecond=0)


def test_a_reissue_that_keeps_the_day_of_the_first_award_is_intact() -> None:
    text = signed_text(awarded_date=AWARDED - timedelta(days=400))

    assert examine(text, frozen_like(text), [published()]).seal is Seal.INTACT


def test_an_award_that_waited_for_its_signature_until_a_newer_key_came_is_intact() -> None:
    waited = KEY_ACTIVE_FROM - timedelta(days=3)
    text = signed_text(valid_from=waited, awarded_date=waited)

    assert examine(text, frozen_like(text, issued_at=waited), [published()]).seal is Seal.INTACT


@pytest.mark.parametrize("days", [-1, 1])
def test_another_day_than_the_signed_one_breaks_the_seal(days: int) -> None:
    text = signed_text()
    frozen = frozen_like(text, issued_at=AWARDED + timedelta(days=days))

    assert examine(text, frozen, [published()]).seal is Seal.BROKEN


def test_nothing_signed_a_stranger_and_an_unsafe_key_are_told_apart() -> None:
    text = signed_text()
    frozen = frozen_like(text)

    assert examine(None, frozen, [published()]).seal is Seal.ABSENT
    assert examine(text, frozen, []).seal is Seal.BROKEN
    assert examine(text, frozen, [published(OTHER_SEED)]).seal is Seal.BROKEN
    assert examine(text, frozen, [published(state=KeyState.COMPROMISED)]).seal is Seal.UNSAFE_KEY
    assert examine("not even JSON", frozen, [published()]).seal is Seal.BROKEN
    assert examine(text + " ", frozen, [published(state=KeyState.RETIRED)]).seal is Seal.INTACT


def test_a_finding_is_made_once_and_made_anew_when_anything_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(text: str, issuer_did: str, keys: Any) -> Any:
        asked.append(text)
        return examined(text, issuer_did, keys)

    examined = seals.verify.examine
    monkeypatch.setattr(seals.verify, "examine", count)
    findings, text = Findings(), signed_text()

    answers = [findings.find_or_make(text, DID, [published()]) for _ in range(3)]
    answers.append(findings.find_or_make(text, DID, [published(state=KeyState.COMPROMISED)]))
    answers.append(findings.find_or_make(text, DID + "x", [published()]))
    answers.append(findings.find_or_make(text.replace("Asha", "Isha"), DID, [published()]))

    assert answers == [
        *[Finding.INTACT] * 3,
        Finding.COMPROMISED_KEY,
        Finding.OTHER_ISSUER,
        Finding.ALTERED,
    ]
    assert len(asked) == 4


def test_findings_are_bounded_and_hold_nobodys_name() -> None:
    findings = Findings(most=2)

    for name in NAMES.values():
        findings.find_or_make(f"{{{name}}}", DID, [])

    assert len(findings._known) == 2
    assert {len(key) for key in findings._known} == {32}
