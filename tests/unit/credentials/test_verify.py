"""Our own verifier believes no document about itself."""

import copy
import json
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from flask_certify.credentials import multibase, proof, status_list, verify
from flask_certify.credentials.did_web import KeyState, PublishedKey
from flask_certify.credentials.open_badge import moment
from flask_certify.credentials.signers import pycryptodome_signer
from flask_certify.credentials.signing import SignedCredential
from flask_certify.credentials.status_list import BadList
from flask_certify.credentials.verify import Finding, examine
from tests.support.credentials import (
    DID,
    KEY_ACTIVE_FROM,
    NOW,
    OTHER_SEED,
    SEED,
    STATUS_LIST,
    desk,
    place,
    published,
    statement,
)

OTHER_DID = "did:web:certs.example.org:certify:mh"
Document = dict[str, Any]


@cache
def text() -> str:
    [signed] = desk().sign([statement(score="82", valid_until=NOW + timedelta(days=900))], [place()])
    assert isinstance(signed, SignedCredential)
    return signed.text


def finding(said: str, *, did: str = DID, keys: list[PublishedKey] | None = None) -> Finding:
    examined = examine(said, did, [published()] if keys is None else keys)
    assert (examined.document is not None) == examined.is_intact
    return examined.finding


def test_what_we_issued_is_intact_and_shown():
    examined = examine(text(), DID, [published()])

    assert examined.finding is Finding.INTACT
    assert examined.key_state is KeyState.ACTIVE
    assert examined.document == json.loads(text())


def test_other_blanks_and_another_order_of_members_change_nothing():
    assert finding(json.dumps(json.loads(text()), indent=1, sort_keys=True)) is Finding.INTACT


def test_retired_keys_vouch_for_ever_and_compromised_ones_no_more():
    assert finding(text(), keys=[published(state=KeyState.RETIRED)]) is Finding.INTACT
    assert finding(text(), keys=[published(state=KeyState.COMPROMISED)]) is Finding.COMPROMISED_KEY
    assert finding(text(), keys=[published(state=KeyState.PENDING)]) is Finding.TOO_EARLY


def test_it_is_found_by_its_key_among_many():
    keys = [published(OTHER_SEED, KeyState.RETIRED), published(), published(bytes(32), KeyState.PENDING)]

    assert finding(text(), keys=keys) is Finding.INTACT


def test_a_document_that_the_issuer_has_no_key_for_is_not_intact():
    assert finding(text(), keys=[]) is Finding.UNKNOWN_KEY
    assert finding(text(), keys=[published(OTHER_SEED)]) is Finding.UNKNOWN_KEY


def test_one_issuers_document_is_not_another_issuers():
    assert finding(text(), did=OTHER_DID) is Finding.OTHER_ISSUER


def test_a_credential_signed_with_another_issuers_key_is_not_intact():
    stranger = pycryptodome_signer(OTHER_DID, OTHER_SEED)
    [signed] = desk(stranger).sign([statement()], [place()])
    assert isinstance(signed, SignedCredential)
    assert finding(signed.text) is Finding.UNKNOWN_KEY

    renamed = signed.text.replace(stranger.key_id, f"{DID}#{published().multikey}")
    assert finding(renamed) is Finding.ALTERED


def test_a_key_that_a_document_spells_out_itself_is_not_believed():
    forger = pycryptodome_signer(DID, OTHER_SEED)
    forged = proof.sign(proof.without_proof(json.loads(text())), forger, moment(NOW))

    assert finding(json.dumps(forged)) is Finding.UNKNOWN_KEY


@pytest.mark.parametrize("early", ["validFrom", "created"])
def test_what_is_dated_before_its_key_was_active_is_not_intact(early: str):
    document = proof.without_proof(json.loads(text()))
    before = moment(KEY_ACTIVE_FROM - timedelta(seconds=1))
    created = before if early == "created" else moment(NOW)
    if early == "validFrom":
        document["validFrom"] = before
    forged = proof.sign(document, pycryptodome_signer(DID, SEED), created)

    assert finding(json.dumps(forged)) is Finding.TOO_EARLY


# ---- altered -----------------------------------------------------------------------------------------------------


def changed(change: Any) -> str:
    document = json.loads(text())
    change(document)
    return json.dumps(document)


def at(document: Document, *path: str | int) -> Any:
    inner: Any = document
    for step in path:
        inner = inner[step]
    return inner


SUBJECT = ("credentialSubject",)
ALTERED = {
    "name": lambda d: at(d, *SUBJECT, "identifier", 0).update(identityHash="Usha Devi"),
    "date": lambda d: d.update(validFrom="2026-06-02T12:00:00Z"),
    "award date": lambda d: d.update(awardedDate="2020-05-31T00:00:00Z"),
    "end": lambda d: d.update(validUntil="2099-01-01T00:00:00Z"),
    "no end": lambda d: d.pop("validUntil"),
    "score": lambda d: at(d, *SUBJECT, "result", 0).update(value="100"),
    "no score": lambda d: at(d, *SUBJECT).pop("result"),
    "course": lambda d: at(d, *SUBJECT, "achievement").update(specialization="Rocket Science"),
    "index": lambda d: d["credentialStatus"].update(statusListIndex="1"),
    "list": lambda d: d["credentialStatus"].update(statusListCredential="https://evil.example/1"),
    "id": lambda d: d.update(id="urn:uuid:00000000-0000-4000-8000-000000000000"),
    "issuer's name": lambda d: d["issuer"].update(name="Somebody Else"),
    "time of the proof": lambda d: d["proof"].update(created="2026-06-15T09:30:01Z"),
    "signature": lambda d: d["proof"].update(proofValue="z" + multibase.base58(b"\1" * 64)),
    "signature that is no base58": lambda d: d["proof"].update(proofValue="z0OIl"),
    "empty signature": lambda d: d["proof"].update(proofValue="z"),
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
def test_a_change_of_anything_signed_is_noticed(change: Any):
    assert finding(changed(change)) is Finding.ALTERED


UNEXPECTED = {
    "an added member": lambda d: d.update(note="with honours"),
    "an added member deep inside": lambda d: at(d, *SUBJECT, "achievement").update(note="with honours"),
    "an added member in the proof": lambda d: d["proof"].update(domain="evil.example"),
    "a null": lambda d: d.update(validUntil=None),
    "an added null": lambda d: d.update(note=None),
    "an index": lambda d: at(d, *SUBJECT).update({"@index": "x"}),
    "a nested context": lambda d: at(d, *SUBJECT).update({"@context": {"name": "https://evil.example/"}}),
    "a third context": lambda d: d["@context"].append("https://evil.example/context"),
    "contexts in another order": lambda d: d["@context"].reverse(),
    "one context": lambda d: d.update({"@context": d["@context"][0]}),
    "no status": lambda d: d.pop("credentialStatus"),
    "no proof": lambda d: d.pop("proof"),
    "two proofs": lambda d: d.update(proof=[d["proof"], d["proof"]]),
    "another suite": lambda d: d["proof"].update(cryptosuite="eddsa-jcs-2022"),
    "another purpose": lambda d: d["proof"].update(proofPurpose="authentication"),
    "a previous proof": lambda d: d["proof"].update(previousProof="urn:uuid:x"),
    "0 for false": lambda d: at(d, *SUBJECT, "identifier", 0).update(hashed=0),
    "a text for false": lambda d: at(d, *SUBJECT, "identifier", 0).update(hashed="false"),
    "a second name": lambda d: at(d, *SUBJECT, "identifier").append(
        {"type": "IdentityObject", "identityType": "name", "hashed": False, "identityHash": "Usha"}
    ),
    "a number for an index": lambda d: d["credentialStatus"].update(statusListIndex=94567),
    "another type": lambda d: d.update(type=["VerifiableCredential", "EndorsementCredential"]),
    "a date that is none": lambda d: d.update(validFrom="2026-13-01T00:00:00Z"),
    "a date in other digits": lambda d: d.update(validFrom="२०२६-06-01T12:00:00Z"),
    "a control character": lambda d: d.update(name="bell\x07"),
    "an object for a text": lambda d: d.update(name={"@value": d["name"], "@language": "en"}),
    "an array of subjects": lambda d: d.update(credentialSubject=[d["credentialSubject"]]),
    "an issuer that is only an id": lambda d: d.update(issuer=DID),
    "a relative id": lambda d: d.update(id="credentials/1"),
}


@pytest.mark.parametrize("change", UNEXPECTED.values(), ids=UNEXPECTED)
def test_whatever_we_never_issue_is_refused_before_its_proof_is_looked_at(change: Any):
    assert finding(changed(change)) is Finding.UNEXPECTED


MALFORMED = {
    "nothing": "",
    "no JSON": "Dear Sir or Madam",
    "an array": "[]",
    "a number": "1",
    "not a number": '{"a": NaN}',
    "a member named twice": '{"a": 1, "a": 2}',
    "a bomb of brackets": "[" * 60_000,
    "a bomb of objects": '{"a":' * 12_000,
    "a number of 10,000 digits": '{"a": ' + "9" * 10_000 + "}",
    "a megabyte": '{"a": "' + "x" * 1_000_000 + '"}',
}


@pytest.mark.parametrize("said", MALFORMED.values(), ids=MALFORMED)
def test_what_cannot_be_read_as_one_thing_only_is_malformed(said: str):
    assert finding(said) is Finding.MALFORMED


def test_a_member_that_other_readers_would_take_otherwise_is_malformed():
    twice = text().replace('"validFrom"', '"validFrom":"2020-01-01T00:00:00Z","validFrom"', 1)

    assert json.loads(twice)["validFrom"] == json.loads(text())["validFrom"]
    assert finding(twice) is Finding.MALFORMED


# ---- status lists ------------------------------------------------------------------------------------------------


def signed_list(seed: bytes = SEED, did: str = DID, revoked: tuple[int, ...] = (94_567,), **changes: Any) -> Document:
    document = status_list.document(STATUS_LIST, did, status_list.bits(revoked), moment(NOW), 300_000)
    return proof.sign(document | changes, pycryptodome_signer(did, seed), moment(NOW))


def bits_of(document: Document) -> bytes:
    return verify.read_status_list(json.dumps(document), STATUS_LIST, DID, [published()])


def test_the_bits_of_a_published_list_are_read():
    bits = bits_of(signed_list())

    assert status_list.is_set(bits, 94_567)
    assert not status_list.is_set(bits, 94_568)


def test_a_list_with_other_bits_than_were_signed_is_refused():
    cleared = copy.deepcopy(signed_list())
    cleared["credentialSubject"]["encodedList"] = status_list.encode(status_list.bits([]))

    with pytest.raises(BadList, match="altered"):
        bits_of(cleared)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (signed_list(OTHER_SEED), "unknown_key"),
        (signed_list(OTHER_SEED, OTHER_DID), "other_issuer"),
        (proof.without_proof(signed_list()), "unexpected"),
        (signed_list(id=f"{STATUS_LIST}0"), "another address"),
    ],
    ids=["signed with an unknown key", "signed by another issuer", "unsigned", "of another address"],
)
def test_a_list_that_is_not_this_issuers_is_refused(document: Document, why: str):
    with pytest.raises(BadList, match=why):
        bits_of(document)


def test_a_credential_is_not_taken_for_a_list():
    with pytest.raises(BadList, match="unexpected"):
        bits_of(json.loads(text()))
