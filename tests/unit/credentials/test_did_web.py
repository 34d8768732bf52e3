"""What issuers are called, and what their did.json says."""

import pytest

from flask_certify.credentials import did_web
from flask_certify.credentials.did_web import KeyState
from tests.support.credentials import DID, published


@pytest.mark.parametrize(
    ("base", "did"),
    [
        ("https://certs.example.org/certify", "did:web:certs.example.org:certify:ka"),
        ("https://localhost:18443/certify", "did:web:localhost%3A18443:certify:ka"),
        ("https://a.example/lms/certify", "did:web:a.example:lms:certify:ka"),
        ("https://a.example/~ka/certify", "did:web:a.example:%7Eka:certify:ka"),
        ("http://127.0.0.1:8080/certify", "did:web:127.0.0.1%3A8080:certify:ka"),
    ],
)
def test_the_name_of_an_issuer_tells_where_its_documents_are(base: str, did: str):
    assert did_web.did_at(base, "ka") == did


def test_retired_keys_stay_published_and_compromised_ones_do_not():
    keys = {state: published(bytes([number]) * 32, state) for number, state in enumerate(KeyState)}
    document = did_web.document(DID, keys.values())

    said = [method["publicKeyMultibase"] for method in document["verificationMethod"]]
    assert said == [keys[state].multikey for state in (KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRED)]


def test_every_key_stands_in_both_lists_by_its_full_id():
    key = published()
    document = did_web.document(DID, [key])

    assert document == {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": DID,
        "verificationMethod": [
            {
                "id": f"{DID}#{key.multikey}",
                "type": "Multikey",
                "controller": DID,
                "publicKeyMultibase": key.multikey,
            }
        ],
        "assertionMethod": [f"{DID}#{key.multikey}"],
    }
