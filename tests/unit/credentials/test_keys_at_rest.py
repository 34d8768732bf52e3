"""Seeds are sealed for one issuer and one key, and are nowhere to be seen."""

import base64
import traceback

import pytest

from flask_certify.credentials import envelope
from flask_certify.credentials.envelope import CannotOpen
from flask_certify.credentials.signers import Signer, cryptography_signer, pycryptodome_signer
from tests.support.credentials import DID, SEED, desk

MASTERS = {1: b"\x01" * 32}
BOTH_MASTERS = MASTERS | {2: b"\x02" * 32}


def sealed() -> bytes:
    return envelope.seal(SEED, "ka", "k1", MASTERS)


def test_a_sealed_seed_takes_61_bytes_and_is_read_back():
    assert len(sealed()) == 61
    assert SEED not in sealed()
    assert envelope.unseal(sealed(), "ka", "k1", MASTERS) == SEED


def test_sealing_twice_gives_two_rows():
    assert sealed() != sealed()


def test_a_row_copied_to_another_issuer_does_not_open():
    with pytest.raises(CannotOpen):
        envelope.unseal(sealed(), "mh", "k1", MASTERS)


def test_a_row_copied_to_another_key_does_not_open():
    with pytest.raises(CannotOpen):
        envelope.unseal(sealed(), "ka", "k2", MASTERS)


@pytest.mark.parametrize("masters", [{}, {2: b"\x01" * 32}, {1: b"\x02" * 32}])
def test_a_row_does_not_open_without_its_master_key(masters: dict[int, bytes]):
    with pytest.raises(CannotOpen):
        envelope.unseal(sealed(), "ka", "k1", masters)


@pytest.mark.parametrize("at", range(61))
def test_a_row_altered_anywhere_does_not_open(at: int):
    row = bytearray(sealed())
    row[at] ^= 1
    with pytest.raises(CannotOpen):
        envelope.unseal(bytes(row), "ka", "k1", MASTERS)


@pytest.mark.parametrize("length", [0, 1, 13, 29, 60, 62])
def test_a_row_of_another_length_does_not_open(length: int):
    with pytest.raises(CannotOpen):
        envelope.unseal((sealed() + b"\0")[:length], "ka", "k1", MASTERS)


def test_an_old_row_still_opens_when_a_master_key_is_added_and_new_rows_use_the_new_one():
    assert envelope.unseal(sealed(), "ka", "k1", BOTH_MASTERS) == SEED
    assert envelope.seal(SEED, "ka", "k1", BOTH_MASTERS)[0] == 2


@pytest.mark.parametrize("make_signer", [pycryptodome_signer, cryptography_signer])
def test_no_form_of_the_seed_is_in_what_a_signer_says_of_itself(make_signer):
    signer: Signer = make_signer(DID, SEED)
    said = f"{signer!r} {signer} {vars(signer)} {signer.public_jwk()} {desk(signer)!r}"

    for form in _forms_of(SEED):
        assert form not in said


def test_no_form_of_a_key_is_in_an_error_with_its_traceback():
    with pytest.raises(CannotOpen) as caught:
        envelope.unseal(sealed(), "mh", "k1", MASTERS)
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value)

    for form in [*_forms_of(SEED), *_forms_of(MASTERS[1])]:
        assert form not in said


def test_two_libraries_sign_the_same_bytes():
    one, other = pycryptodome_signer(DID, SEED), cryptography_signer(DID, SEED)

    assert one.key_id == other.key_id
    assert one.sign(b"x" * 64) == other.sign(b"x" * 64)


def _forms_of(secret: bytes) -> list[str]:
    return [
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode().rstrip("="),
        repr(secret)[2:-1],
        str(int.from_bytes(secret, "big")),
        str(int.from_bytes(secret, "little")),
    ]
