"""1EdTech's published Open Badges 3.0 vector comes out byte for byte; where it is from: known_answer/SOURCE.md."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flask_certify.credentials import contexts, multibase, proof, shape_compiler, shapes, status_list
from flask_certify.credentials.canonical import canonicalize, is_wholly_signed, sha256
from flask_certify.credentials.signers import Signer, cryptography_signer, fastest_signer, pycryptodome_signer

FOLDER = Path(__file__).resolve().parents[2] / "data" / "known_answer"


def read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


CREDENTIAL: dict[str, Any] = json.loads(read("credential.json"))
SIGNED: dict[str, Any] = json.loads(read("signed-credential.json"))
EXPECTED: dict[str, str] = json.loads(read("expected.json"))
SEED = bytes.fromhex(EXPECTED["private_key_hex"])[:32]
ISSUER = CREDENTIAL["issuer"]["id"]
OPTIONS = {name: value for name, value in SIGNED["proof"].items() if name != "proofValue"}

both_signers = pytest.mark.parametrize("make_signer", [pycryptodome_signer, cryptography_signer, fastest_signer])
MakeSigner = Callable[[str, bytes], Signer]


def test_the_canonical_text_of_the_credential_is_theirs():
    assert canonicalize(CREDENTIAL) == read("canonical-credential.nq")
    assert sha256(canonicalize(CREDENTIAL)).hex() == EXPECTED["document_sha256"]


def test_the_canonical_text_of_the_proof_options_is_theirs():
    assert canonicalize({**OPTIONS, "@context": list(contexts.CREDENTIAL)}) == read("canonical-proof-options.nq")
    assert proof.hash_options(contexts.CREDENTIAL, OPTIONS).hex() == EXPECTED["proof_sha256"]


def test_every_member_takes_part_in_the_signature():
    assert is_wholly_signed(CREDENTIAL)


@both_signers
def test_the_key_is_theirs(make_signer: MakeSigner):
    signer = make_signer(ISSUER, SEED)

    assert signer.public_multikey() == EXPECTED["public_multikey"]
    assert signer.key_id == f"{ISSUER}#{EXPECTED['public_multikey']}"
    assert signer.public_jwk()["x"] == multibase.base64url(bytes.fromhex(EXPECTED["public_key_hex"]))


@both_signers
def test_the_signature_is_theirs(make_signer: MakeSigner):
    data = bytes.fromhex(EXPECTED["data_to_sign_hex"])

    assert make_signer(ISSUER, SEED).sign(data).hex() == EXPECTED["signature_hex"]


@both_signers
def test_the_signed_credential_is_theirs(make_signer: MakeSigner):
    assert proof.sign(CREDENTIAL, make_signer(ISSUER, SEED), OPTIONS["created"]) == SIGNED


@both_signers
def test_a_compiled_shape_gives_their_signed_credential(make_signer: MakeSigner):
    template = json.loads(read("credential.json"))
    template["credentialSubject"]["achievement"]["name"] = shapes.slot("name")
    template["validFrom"] = shapes.slot("valid_from")

    filled = shape_compiler.compile_shape(template).fill({"name": "Teamwork", "valid_from": "2010-01-01T00:00:00Z"})
    maker = proof.ProofMaker.start(make_signer(ISSUER, SEED), contexts.CREDENTIAL, OPTIONS["created"])

    assert filled.canonical_text == read("canonical-credential.nq")
    assert json.loads(proof.attach(filled.document_text, maker.prove(filled.canonical_text))) == SIGNED


def test_the_signed_credential_is_intact_under_their_key_and_no_other():
    assert proof.is_intact(SIGNED, multibase.ed25519_public_key(EXPECTED["public_multikey"]))
    assert not proof.is_intact(SIGNED, b"\x01" * 32)


def test_a_changed_one_is_not_intact():
    altered = json.loads(json.dumps(SIGNED))
    altered["credentialSubject"]["achievement"]["name"] = "Teamwork!"

    assert not proof.is_intact(altered, multibase.ed25519_public_key(EXPECTED["public_multikey"]))


def test_a_member_that_json_ld_does_not_know_escapes_the_signature_and_is_found_by_is_wholly_signed():
    noted = {**SIGNED, "note": "not signed"}

    assert proof.is_intact(noted, multibase.ed25519_public_key(EXPECTED["public_multikey"]))
    assert is_wholly_signed(SIGNED)
    assert not is_wholly_signed(noted)


def test_w3cs_all_clear_list_is_131072_clear_bits_and_so_is_ours():
    theirs = status_list.decode(read("all-clear-list.txt").strip())

    assert theirs == status_list.bits([])
    assert status_list.decode(status_list.encode(theirs)) == theirs
    assert len(theirs) * 8 == 131_072
