"""One bit for each credential, in scattered places, and nothing read carelessly."""

import gzip
from itertools import pairwise

import pytest

from flask_certify.credentials import multibase, status_list
from flask_certify.credentials.canonical import is_wholly_signed
from flask_certify.credentials.status_list import SIZE, BadList
from tests.support.credentials import DID, STATUS_LIST


def test_index_0_is_the_highest_bit_of_the_first_byte():
    data = status_list.bits([0, 7, 94_567])

    assert len(data) == SIZE // 8
    assert data[0] == 0b1000_0001
    assert [index for index in range(SIZE) if status_list.is_set(data, index)] == [0, 7, 94_567]


def test_a_list_is_read_back_as_it_was_written():
    data = status_list.bits(range(0, SIZE, 50))

    assert status_list.decode(status_list.encode(data)) == data
    assert status_list.encode(data) == status_list.encode(data)


@pytest.mark.parametrize("index", [-1, SIZE, SIZE + 1])
def test_an_index_past_the_end_is_an_error_and_not_a_no(index: int):
    with pytest.raises(BadList):
        status_list.is_set(status_list.bits([]), index)
    with pytest.raises(ValueError):
        status_list.bits([index])


ENCODED = status_list.encode(status_list.bits([5]))
BAD_LISTS = {
    "without the leading u": ENCODED[1:],
    "with another multibase": "m" + ENCODED[1:],
    "truncated": ENCODED[:-20],
    "not gzip": "u" + multibase.base64url(b"\0" * 100),
    "not base64url": "u*" + ENCODED[2:],
    "empty": "",
    "of 1,024 bits": status_list.encode(bytes(128)),
    "that unpacks to 64 MB": "u" + multibase.base64url(gzip.compress(bytes(64 * 1024 * 1024), 9)),
}


@pytest.mark.parametrize("encoded", BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_list_that_cannot_be_trusted_is_refused(encoded: str):
    with pytest.raises(BadList):
        status_list.decode(encoded)


def test_every_place_of_a_list_is_given_exactly_once():
    assert sorted(status_list.places(b"secret of this list", range(SIZE))) == list(range(SIZE))


@pytest.mark.parametrize("size", [4, 8, 16, 32, 1024])
def test_so_is_every_place_of_a_small_list(size: int):
    assert sorted(status_list.places(b"secret", range(size), size)) == list(range(size))


def test_one_place_is_the_same_alone_and_among_others():
    many = status_list.places(b"secret", range(1000, 1010))

    assert [status_list.place(b"secret", number) for number in range(1000, 1010)] == many


def test_neighbours_in_a_batch_are_not_neighbours_in_the_list():
    places = status_list.places(b"secret of this list", range(SIZE))
    near = sum(abs(one - other) < 10 for one, other in pairwise(places))

    assert near < 60  # chance alone gives about 18


def test_another_secret_scatters_otherwise():
    one, other = (status_list.places(secret, range(1000)) for secret in (b"one", b"other"))

    assert sum(a == b for a, b in zip(one, other, strict=True)) < 5


@pytest.mark.parametrize("number", [-1, SIZE])
def test_a_full_list_gives_no_place(number: int):
    with pytest.raises(ValueError, match="full"):
        status_list.place(b"secret", number)


def test_every_member_of_a_list_is_signed():
    document = status_list.document(STATUS_LIST, DID, status_list.bits([1]), "2026-06-15T09:30:00Z", 300_000)

    assert is_wholly_signed(document)
    assert document["issuer"] == DID
    assert "validUntil" not in document
