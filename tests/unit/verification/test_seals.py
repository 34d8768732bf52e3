"""Whether what an award froze is what its issuer signed."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import RFC_4122, UUID

import pytest

from flask_certify.awards.frozen import Frozen, FrozenSignatory
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.signing import SignedCredential
from flask_certify.verification import seals
from flask_certify.verification.seals import Held, Seal, Sealed, Seals, Signed, examine
from tests.support.credentials import (
    ACHIEVEMENT,
    DID,
    KEY_ACTIVE_FROM,
    NAMES,
    OTHER_SEED,
    STATUS_LIST,
    desk,
    place,
    published,
    statement,
)

AWARDED = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)  # credentials are dated in whole seconds


AWARD = UUID("0197f6d2-0000-7000-8000-000000000001")
PLAIN = Frozen(
    recipient_name="Asha Devi",
    course_title="Foundational Literacy & Numeracy",
    achievement_key="completion",
    achievement_title=ACHIEVEMENT.name,
    description=ACHIEVEMENT.description,
    criteria=ACHIEVEMENT.criteria,
    issuer_name="Department of School Education",
    issuer_slug="ka",
    issuer_did=DID,
    completed_on=AWARDED - timedelta(days=3),
    issued_at=AWARDED,
    zone="Asia/Kolkata",
    language="en",
    signatories=(FrozenSignatory("Meera Rao", "Director"),),
    facts={"location": "Mysuru"},
)


def held(frozen: Frozen = PLAIN, **said: Any) -> Held:
    """What our rows hold of an award that froze this, just after it was signed."""
    assert frozen.recipient_name is not None
    frozen = replace(frozen, valid_until=said.get("valid_until", frozen.valid_until))
    statement_ = statement(
        name=frozen.recipient_name,
        subject_id=frozen.fingerprint(AWARD),
        score=frozen.score,
        **{"valid_from": frozen.issued_at, "awarded_date": frozen.issued_at, **said},
    )
    (signed,) = desk().sign([statement_], [place()])
    assert isinstance(signed, SignedCredential)
    return Held(
        AWARD,
        statement_.code,
        frozen,
        signed.text,
        f"urn:uuid:{signed.credential_id}",
        signed.key_id,
        STATUS_LIST,
        signed.place.index,
    )


def written(held: Held) -> str:
    assert held.text is not None
    return held.text


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("score", [None, "82.5"])
def test_what_was_signed_is_intact_whatever_the_name(name: str, score: str | None) -> None:
    stored = held(replace(PLAIN, recipient_name=name, score=score))

    sealed = examine(stored, [published()])

    assert sealed == Sealed(Seal.INTACT, Signed(AWARDED.replace(microsecond=0), None, stored.key_id or ""))


def test_an_end_is_read_from_what_was_signed() -> None:
    signed = examine(held(valid_until=AWARDED + timedelta(days=365)), [published()]).signed

    assert signed is not None and signed.valid_until == (AWARDED + timedelta(days=365)).replace(microsecond=0)


def test_a_reissue_that_keeps_the_day_of_the_first_award_is_intact() -> None:
    assert examine(held(awarded_date=AWARDED - timedelta(days=400)), [published()]).seal is Seal.INTACT


def test_an_award_that_waited_for_its_signature_until_a_newer_key_came_is_intact() -> None:
    waited = replace(PLAIN, issued_at=KEY_ACTIVE_FROM - timedelta(days=3))

    assert examine(held(waited), [published()]).seal is Seal.INTACT


def test_what_is_frozen_is_as_intact_after_it_was_stored_and_read_again() -> None:
    stored = held()
    read = Frozen.from_json(json.loads(json.dumps(stored.frozen.to_json())))

    assert examine(replace(stored, frozen=read), [published()]).seal is Seal.INTACT


OTHERWISE: dict[str, Any] = {
    "completed_on": AWARDED - timedelta(days=33),
    "issued_at": AWARDED + timedelta(milliseconds=1),
    "issuer_did": DID + "x",
    "signatories": (),
    "facts": {"location": "Bengaluru"},
    "score": "100",
    "valid_until": AWARDED + timedelta(days=365),
}


@pytest.mark.parametrize("member", [each.name for each in fields(Frozen)])
def test_whatever_is_frozen_cannot_be_changed_unnoticed(member: str) -> None:
    """R-141, R-151."""
    stored = held()
    changed = replace(PLAIN, **{member: OTHERWISE.get(member, f"{getattr(PLAIN, member)}x")})

    assert examine(replace(stored, frozen=changed), [published()]).seal is Seal.BROKEN


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("award_id", UUID(int=7)),
        ("code", "7G4K9QXM2TPD"),
        ("credential_id", "urn:uuid:0197f6d2-0000-7000-8000-000000000002"),
        ("key_id", f"{DID}#z6MkOther"),
        ("status_list", STATUS_LIST + "0"),
        ("status_index", 94_568),
    ],
)
def test_whatever_else_our_rows_hold_cannot_be_changed_unnoticed(member: str, value: Any) -> None:
    """R-141, R-151."""
    assert examine(replace(held(), **{member: value}), [published()]).seal is Seal.BROKEN


@pytest.mark.parametrize("days", [-1, 1])
def test_another_day_than_the_signed_one_breaks_the_seal(days: int) -> None:
    stored = held()
    frozen = replace(PLAIN, issued_at=AWARDED + timedelta(days=days))

    assert examine(replace(stored, frozen=frozen), [published()]).seal is Seal.BROKEN


def test_a_fingerprint_tells_nothing_to_whoever_does_not_know_the_award() -> None:
    first, second = (PLAIN.fingerprint(UUID(int=number)) for number in (1, 2))

    assert first != second
    assert (first.version, first.variant) == (8, RFC_4122)
    assert replace(PLAIN, recipient_name=None).fingerprint(UUID(int=1)) == first  # nor of whom it was about


def test_nothing_signed_a_stranger_and_an_unsafe_key_are_told_apart() -> None:
    stored = held()
    spaced = replace(stored, text=written(stored) + " ")

    assert examine(replace(stored, text=None), [published()]).seal is Seal.ABSENT
    assert examine(stored, []).seal is Seal.BROKEN
    assert examine(stored, [published(OTHER_SEED)]).seal is Seal.BROKEN
    assert examine(stored, [published(state=KeyState.COMPROMISED)]).seal is Seal.UNSAFE_KEY
    assert examine(replace(stored, text="not even JSON"), [published()]).seal is Seal.BROKEN
    assert examine(spaced, [published(state=KeyState.RETIRED)]).seal is Seal.INTACT


def test_it_is_examined_once_and_anew_when_anything_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def count(text: str, issuer_did: str, keys: Any) -> Any:
        asked.append(text)
        return examined(text, issuer_did, keys)

    examined = seals.verify.examine
    monkeypatch.setattr(seals.verify, "examine", count)
    known, stored, key = Seals(), held(), published()
    text = written(stored)
    elsewhere = replace(stored, frozen=replace(PLAIN, issuer_did=DID + "x"))
    renamed = replace(stored, frozen=replace(PLAIN, recipient_name="Isha Devi"))

    answers = [known.find_or_make(text, stored, [key]).seal for _ in range(3)]
    answers.append(known.find_or_make(text, stored, [published(state=KeyState.COMPROMISED)]).seal)
    answers.append(known.find_or_make(text, elsewhere, [key]).seal)
    answers.append(known.find_or_make(text, renamed, [key]).seal)
    answers.append(known.find_or_make(text, replace(stored, status_index=7), [key]).seal)
    answers.append(known.find_or_make(text.replace("Asha", "Isha"), stored, [key]).seal)

    assert answers == [*[Seal.INTACT] * 3, Seal.UNSAFE_KEY, *[Seal.BROKEN] * 4]
    assert len(asked) == 6


def test_what_was_examined_is_bounded_and_holds_nobodys_name() -> None:
    known = Seals(most=2)

    for name in NAMES.values():
        stored = held(replace(PLAIN, recipient_name=name))
        known.find_or_make(written(stored), stored, [published()])

    assert len(known._known) == 2
    assert {len(digest) for digest in known._known} == {32}
    assert not any(name in repr(known._known) for name in NAMES.values())
