"""base58, base64url and Multikey."""

import random

import pytest

from flask_certify.credentials import multibase


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\0", "1"),
        (b"\0\0a", "112g"),
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
        (b"\xff" * 8, "jpXCZedGfVQ"),
    ],
)
def test_base58_writes_what_everybody_writes(data: bytes, text: str):
    assert multibase.base58(data) == text
    assert multibase.from_base58(text) == data


def test_base58_is_read_back_whatever_was_written():
    rng = random.Random(1)
    for length in range(1, 70):
        data = bytes(rng.choices(range(4), k=2)) + rng.randbytes(length)
        assert multibase.from_base58(multibase.base58(data)) == data


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "abc ", "é", "1" * 201])
def test_what_is_not_base58_is_refused(text: str):
    with pytest.raises(ValueError):
        multibase.from_base58(text)


def test_base64url_has_no_padding_and_takes_none():
    assert multibase.base64url(b"\xfb\xff\xfe\x01") == "-__-AQ"
    assert multibase.from_base64url("-__-AQ") == b"\xfb\xff\xfe\x01"
    for text in ("-__-AQ==", "+//+AQ", "-__-A Q", "-__-A"):
        with pytest.raises(ValueError):
            multibase.from_base64url(text)


def test_a_multikey_is_read_back_and_other_keys_are_not_taken_for_one():
    key = bytes(range(32))
    multikey = multibase.ed25519_multikey(key)

    assert multikey.startswith("z6Mk")
    assert multibase.ed25519_public_key(multikey) == key
    for wrong in (multikey[1:], "m" + multikey[1:], "z" + multibase.base58(b"\x80\x24" + key), multikey[:-1], ""):
        with pytest.raises(ValueError):
            multibase.ed25519_public_key(wrong)
