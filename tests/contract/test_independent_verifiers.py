"""Four verifiers that others wrote accept what we issue, through the addresses that we publish, and refuse the rest.

`bazaar` is Digital Bazaar's reference stack, `wallet` the code of Learner Credential Wallet and VerifierPlus (both in
Node), `openvc` and `openbadgeslib` are Python's. They are test tools; nothing of them is in the product.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from flask_certify.achievements.service import IssuerView
from flask_certify.awards.states import AwardState
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import jwt, proof, rotation, service, status_list
from flask_certify.credentials.contexts import Document
from flask_certify.credentials.open_badge import moment
from flask_certify.credentials.signers import Signer, pycryptodome_signer
from flask_certify.credentials.signing import SignedCredential
from tests.support import verifiers
from tests.support.credentials import NAMES, NOW, OTHER_SEED
from tests.support.issuers import add_awards, add_issuer, issue, move, publish, running
from tests.support.verifiers import Node, Site, Verifier

LATER = verifiers.shortly_after(NOW)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with verifiers.site(tmp_path_factory.mktemp("site")) as ready:
        yield ready


@pytest.fixture(scope="module")
def rt(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    url = f"sqlite:///{tmp_path_factory.mktemp('contract')}/host.db"
    with running(url, public_url=site.url) as runtime:
        site.application = verifiers.public_site(runtime)
        yield runtime


@pytest.fixture(scope="module")
def ka(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "ka")


@pytest.fixture(scope="module")
def mh(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "mh")


@pytest.fixture(scope="module")
def node(site: Site) -> Iterator[Node]:
    started = Node(site, LATER)
    yield started
    started.stop()


@pytest.fixture(params=["bazaar", "wallet", "openvc", "openbadgeslib"])
def accepts(request: pytest.FixtureRequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> Verifier:
    """The opinion of each verifier in turn, an hour after NOW."""
    match request.param:
        case "openvc":
            return verifiers.openvc(site, LATER)
        case "openbadgeslib":
            return verifiers.openbadgeslib(site, LATER, monkeypatch)
        case who:
            node: Node = request.getfixturevalue("node")
            return lambda credential: node.ask(who, credential)


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
def test_others_accept_a_credential_of_somebody_with_any_name(
    rt: Runtime, ka: IssuerView, accepts: Verifier, name: str
) -> None:
    opinion = accepts(credential(issued(rt, ka, name, score="82")))

    assert opinion, opinion.says


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
def test_others_accept_every_shape_that_we_issue(
    rt: Runtime, ka: IssuerView, accepts: Verifier, optional: dict[str, Any]
) -> None:
    opinion = accepts(credential(issued(rt, ka, **optional)))

    assert opinion, opinion.says


def test_others_accept_first_last_and_any_other_of_a_large_batch(
    rt: Runtime, ka: IssuerView, accepts: Verifier
) -> None:
    batch = issue(rt, ka, *(f"{name} {number}" for number in range(150) for name in NAMES.values()))

    for signed in (batch[0], batch[-1], *batch[7::400]):
        opinion = accepts(credential(signed))
        assert opinion, opinion.says


def test_others_accept_what_was_signed_before_and_after_the_key_rotated(
    request: pytest.FixtureRequest, rt: Runtime, node: Node, accepts: Verifier
) -> None:
    slug = f"rot-{request.node.callspec.params['accepts']}"
    issuer = add_issuer(rt, slug)
    before = credential(issued(rt, issuer))
    assert accepts(before)

    rotation.rotate(rt, slug, actor="tom")
    node.start_anew()
    assert accepts(before)
    rotation.rotate(rt, slug, actor="tom", at_once=True)
    node.start_anew()
    after = credential(issued(rt, issuer))

    assert before["proof"]["verificationMethod"] != after["proof"]["verificationMethod"]
    for each in (before, after):
        opinion = accepts(each)
        assert opinion, opinion.says


def test_others_refuse_what_a_compromised_key_signed(
    request: pytest.FixtureRequest, rt: Runtime, node: Node, accepts: Verifier
) -> None:
    slug = f"com-{request.node.callspec.params['accepts']}"
    signed = issued(rt, add_issuer(rt, slug))
    assert accepts(credential(signed))

    rotation.compromise(rt, slug, signed.key_id.partition("#")[2], actor="tom")
    node.start_anew()

    assert not accepts(credential(signed))


# ---- refused -----------------------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[Document], Any]] = {
    "recipient": lambda d: d["credentialSubject"]["identifier"][0].update(identityHash="Usha Devi"),
    "date": lambda d: d.update(validFrom="2026-06-02T12:00:00Z"),
    "index": lambda d: d["credentialStatus"].update(statusListIndex="1", id=d["credentialStatus"]["id"] + "1"),
    "issuer": lambda d: d["issuer"].update(id=d["issuer"]["id"].removesuffix("ka") + "mh"),
    "extra member": lambda d: d.update(note="with honours"),
    "extra member in the subject": lambda d: d["credentialSubject"].update(note="with honours"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_others_refuse_what_was_changed(
    rt: Runtime, ka: IssuerView, mh: IssuerView, accepts: Verifier, change: Callable[[Document], Any]
) -> None:
    document = credential(issued(rt, ka))
    assert accepts(document)

    change(document)

    assert not accepts(document)


def test_others_refuse_what_another_issuers_key_signed(
    rt: Runtime, ka: IssuerView, mh: IssuerView, accepts: Verifier
) -> None:
    forged = proof.without_proof(credential(issued(rt, ka)))
    forged = proof.sign(forged, service.signer_for(rt, mh.id), moment(NOW))

    assert not accepts(forged)


def test_others_refuse_the_proof_of_another_issuers_credential(
    rt: Runtime, ka: IssuerView, mh: IssuerView, accepts: Verifier
) -> None:
    of_ka, of_mh = credential(issued(rt, ka)), credential(issued(rt, mh))

    assert not accepts({**of_ka, "proof": of_mh["proof"]})


def test_others_refuse_what_an_unpublished_key_signed(rt: Runtime, ka: IssuerView, accepts: Verifier) -> None:
    forged = proof.without_proof(credential(issued(rt, ka)))
    forged = proof.sign(forged, pycryptodome_signer(ka.did, OTHER_SEED), moment(NOW))

    assert not accepts(forged)


@pytest.mark.parametrize("state", [AwardState.REVOKED, AwardState.WITHDRAWN])
def test_others_refuse_what_is_revoked_and_accept_its_neighbours(
    rt: Runtime, ka: IssuerView, accepts: Verifier, state: AwardState
) -> None:
    asha, ben = issue(rt, ka, "Asha Devi", "Ben Okri")
    assert accepts(credential(asha))

    move(rt, state, asha.award_id)

    assert not accepts(credential(asha))
    assert accepts(credential(ben))


def test_others_accept_again_what_was_withdrawn_and_restored(rt: Runtime, ka: IssuerView, accepts: Verifier) -> None:
    signed = issued(rt, ka)
    move(rt, AwardState.WITHDRAWN, signed.award_id)
    assert not accepts(credential(signed))

    move(rt, AwardState.ISSUED, signed.award_id)

    assert accepts(credential(signed))


def test_others_refuse_what_has_expired(rt: Runtime, ka: IssuerView, accepts: Verifier) -> None:
    assert not accepts(credential(issued(rt, ka, valid_until=NOW)))


def test_others_refuse_a_list_that_another_issuer_signed_in_our_name(
    request: pytest.FixtureRequest, rt: Runtime, mh: IssuerView, accepts: Verifier
) -> None:
    signed = issued(rt, add_issuer(rt, f"tn-{request.node.callspec.params['accepts']}"))
    assert accepts(credential(signed))

    serve_list_of(rt, signed, credential(signed)["issuer"]["id"], service.signer_for(rt, mh.id))

    assert not accepts(credential(signed))


def test_others_refuse_a_list_that_another_issuer_publishes(
    request: pytest.FixtureRequest, rt: Runtime, mh: IssuerView, accepts: Verifier
) -> None:
    """All but the wallet, which asks only whether a list is signed by whom it names."""
    which = request.node.callspec.params["accepts"]
    signed = issued(rt, add_issuer(rt, f"ap-{which}"))
    assert accepts(credential(signed))

    serve_list_of(rt, signed, mh.did, service.signer_for(rt, mh.id))

    assert bool(accepts(credential(signed))) is (which == "wallet")


def serve_list_of(rt: Runtime, signed: SignedCredential, did: str, signer: Signer) -> None:
    """The credential's list says from now on that nobody is revoked, in this issuer's name, by this signer."""
    clear = status_list.document(signed.place.url, did, status_list.bits([]), moment(NOW), 300_000)
    token = jwt.of_credential(clear, signer)
    publish(rt, signed.place.list_id, proof.sign(clear, signer, moment(NOW)), as_jwt=token)
