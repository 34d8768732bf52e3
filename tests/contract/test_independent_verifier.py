"""A verifier that others wrote accepts what we issue, through the addresses that we publish, and refuses the rest.

openvc-core is a test tool only; nothing of it is in the product.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from openvc.did.base import DidResolverRegistry
from openvc.did.did_web import DidWebResolver
from openvc.errors import OpenvcError
from openvc.status import CredentialRevoked
from openvc.verify import StatusListIssuerUntrusted, VerificationPolicy, verify_credential

from flask_certify.achievements.service import IssuerView
from flask_certify.awards.states import AwardState
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import contexts, proof, service, status_list
from flask_certify.credentials.contexts import Document
from flask_certify.credentials.open_badge import moment
from flask_certify.credentials.signers import pycryptodome_signer
from flask_certify.credentials.signing import SignedCredential
from tests.support.credentials import NAMES, NOW, OTHER_SEED
from tests.support.issuers import add_awards, add_issuer, client_of, issue, move, publish, running

Verify = Callable[..., Any]


@pytest.fixture(scope="module")
def rt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('contract')}/host.db") as runtime:
        yield runtime


@pytest.fixture(scope="module")
def ka(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "ka")


@pytest.fixture(scope="module")
def mh(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "mh")


@pytest.fixture(scope="module")
def public(rt: Runtime) -> FlaskClient:
    """Everybody's way to us."""
    return client_of(rt)


@pytest.fixture(scope="module")
def verify(public: FlaskClient) -> Verify:
    """Their verdict on a document, at the time of these tests. Raises what speaks against it."""
    resolver = DidResolverRegistry([DidWebResolver(lambda url: json.loads(fetched(public, url)))])
    bundled = {url: contexts.load(url)["document"] for url in contexts.CREDENTIAL}

    def check(document: Document, *, is_list: bool = False) -> Any:
        return verify_credential(
            document,
            policy=VerificationPolicy(
                now=NOW + timedelta(hours=1),
                require_status=not is_list,
                require_status_issuer_binding=not is_list,
                expected_types=None if is_list else ["OpenBadgeCredential"],
            ),
            resolver=resolver,
            resolve_status_list=None if is_list else check_list,
            extra_contexts=bundled,
        )

    def check_list(url: str) -> Document:
        listed: Document = check(json.loads(fetched(public, url)), is_list=True).credential
        return listed

    return check


def fetched(public: FlaskClient, url: str) -> str:
    """What stands at one of our addresses; a redirect or anything but 200 is an error."""
    parts = urlsplit(url)
    answer = public.get(parts.path, base_url=f"{parts.scheme}://{parts.netloc}")
    if answer.status_code != 200:
        raise LookupError(f"{url} answers {answer.status_code}")
    return answer.text


def issued(rt: Runtime, issuer: IssuerView, name: str = "Asha Devi", **changes: Any) -> SignedCredential:
    """A stored credential with these optional parts."""
    [said] = add_awards(rt, issuer, name, **changes)
    [signed] = service.sign_many(rt, issuer, [said], service.reserve_many(rt, issuer.id, 1))
    assert isinstance(signed, SignedCredential)
    with rt.transaction() as tx:
        service.store_many(tx, [signed])
    return signed


def credential(signed: SignedCredential) -> Document:
    document: Document = json.loads(signed.text)
    return document


# ---- accepted ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_others_accept_a_credential_of_somebody_with_any_name(rt: Runtime, ka: IssuerView, verify: Verify, name: str):
    verified = verify(credential(issued(rt, ka, name, score="82")))

    assert verified.issuer == ka.did
    assert verified.credential["credentialSubject"]["identifier"][0]["identityHash"] == name
    assert verified.status.revoked is False


@pytest.mark.parametrize(
    "optional",
    [
        {},
        {"score": "82.5"},
        {"valid_until": NOW + timedelta(days=900)},
        {"score": "9", "valid_until": NOW + timedelta(9)},
    ],
    ids=["plain", "with score", "with end", "with both"],
)
def test_others_accept_every_shape_that_we_issue(rt: Runtime, ka: IssuerView, verify: Verify, optional: dict[str, Any]):
    assert verify(credential(issued(rt, ka, **optional))).issuer == ka.did


def test_others_accept_first_last_and_any_other_of_a_batch(rt: Runtime, ka: IssuerView, verify: Verify):
    batch = issue(rt, ka, *(f"{name} {number}" for number in range(30) for name in NAMES.values()))

    for signed in (batch[0], batch[-1], *batch[7::40]):
        assert verify(credential(signed)).issuer == ka.did


def test_others_accept_the_status_list(rt: Runtime, ka: IssuerView, verify: Verify, public: FlaskClient):
    signed = issued(rt, ka)
    listed = json.loads(fetched(public, signed.place.url))

    assert verify(listed, is_list=True).issuer == ka.did


# ---- refused -----------------------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Document], Any]] = {
    "recipient": lambda d: d["credentialSubject"]["identifier"][0].update(identityHash="Usha Devi"),
    "date": lambda d: d.update(validFrom="2026-06-02T12:00:00Z"),
    "index": lambda d: d["credentialStatus"].update(statusListIndex="1", id=d["credentialStatus"]["id"] + "1"),
    "issuer": lambda d: d["issuer"].update(id="did:web:certs.example.org:certify:mh"),
    "extra member": lambda d: d.update(note="with honours"),
    "extra member in the subject": lambda d: d["credentialSubject"].update(note="with honours"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_others_refuse_what_was_changed(
    rt: Runtime, ka: IssuerView, mh: IssuerView, verify: Verify, change: Callable[[Document], Any]
):
    document = credential(issued(rt, ka))
    verify(document)

    change(document)

    with pytest.raises(OpenvcError):
        verify(document)


def test_others_refuse_what_another_issuers_key_signed(rt: Runtime, ka: IssuerView, mh: IssuerView, verify: Verify):
    forged = proof.without_proof(credential(issued(rt, ka)))
    forged = proof.sign(forged, service.signer_for(rt, mh.id), moment(NOW))

    with pytest.raises(OpenvcError):
        verify(forged)


def test_others_refuse_what_an_unpublished_key_signed(rt: Runtime, ka: IssuerView, verify: Verify):
    forged = proof.without_proof(credential(issued(rt, ka)))
    forged = proof.sign(forged, pycryptodome_signer(ka.did, OTHER_SEED), moment(NOW))

    with pytest.raises(OpenvcError):
        verify(forged)


@pytest.mark.parametrize("state", [AwardState.REVOKED, AwardState.WITHDRAWN])
def test_others_refuse_what_is_revoked_and_accept_its_neighbours(
    rt: Runtime, ka: IssuerView, verify: Verify, state: AwardState
):
    asha, ben = issue(rt, ka, "Asha Devi", "Ben Okri")
    verify(credential(asha))

    move(rt, state, asha.award_id)

    with pytest.raises(CredentialRevoked):
        verify(credential(asha))
    assert verify(credential(ben)).status.revoked is False


def test_others_accept_again_what_was_withdrawn_and_restored(rt: Runtime, ka: IssuerView, verify: Verify):
    signed = issued(rt, ka)
    move(rt, AwardState.WITHDRAWN, signed.award_id)
    with pytest.raises(CredentialRevoked):
        verify(credential(signed))

    move(rt, AwardState.ISSUED, signed.award_id)

    assert verify(credential(signed)).status.revoked is False


def test_others_refuse_what_has_expired(rt: Runtime, ka: IssuerView, verify: Verify):
    with pytest.raises(OpenvcError, match="expired"):
        verify(credential(issued(rt, ka, valid_until=NOW)))


def test_others_refuse_a_list_that_another_issuer_signed(rt: Runtime, mh: IssuerView, verify: Verify):
    signed = issued(rt, add_issuer(rt, "tn"))
    url = signed.place.url
    clear = status_list.document(url, mh.did, status_list.bits([]), moment(NOW), 300_000)
    publish(rt, signed.place.list_id, proof.sign(clear, service.signer_for(rt, mh.id), moment(NOW)))

    with pytest.raises(StatusListIssuerUntrusted):
        verify(credential(signed))
