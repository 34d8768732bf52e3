"""Places in status lists: scattered, never given twice, and enough of them."""

import tracemalloc
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flask_certify.achievements.service import IssuerView
from flask_certify.awards.states import AwardState
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import service, status_list
from flask_certify.credentials.service import SignedCredential
from flask_certify.credentials.status_list import Place
from tests.support.issuers import add_awards, add_issuer, move, running


def test_places_are_scattered_over_a_list_whose_address_they_know(rt: Runtime, ka: IssuerView):
    places = service.reserve_many(rt, ka.id, 500)

    assert len({each.index for each in places}) == 500
    assert max(each.index for each in places) - min(each.index for each in places) > 100_000
    assert {each.url for each in places} == {"https://certs.example.org/certify/ka/status/1"}
    assert {(each.issuer_id, each.number) for each in places} == {(ka.id, 1)}


def test_a_million_awards_need_eight_lists_and_a_revocation_touches_one_of_them(tmp_path: Path):
    """R-153: lists never grow; the next is opened, and what nobody touched is not signed again."""
    with running(f"sqlite:///{tmp_path}/host.db") as rt:
        ka, chunk, filled = add_issuer(rt, "ka"), 50_000, Counter[int]()
        last: dict[int, Place] = {}
        for left in reversed(range(1_000_000 // chunk)):
            if not left:
                tracemalloc.start()  # it makes everything several times as slow
            places = service.reserve_many(rt, ka.id, chunk)
            filled.update(place.number for place in places)
            last |= {place.number: place for place in places}
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        statements = add_awards(rt, ka, *(f"Asha {number}" for number in last))
        signed = service.sign_many(rt, ka, statements, list(last.values()))
        with rt.transaction() as tx:
            service.store_many(tx, [each for each in signed if isinstance(each, SignedCredential)])
        before = {number: service.status_list_document(rt, "ka", number) for number in last}

        move(rt, AwardState.REVOKED, statements[2].award_id)

        after = {number: service.status_list_document(rt, "ka", number) for number in last}
        assert filled == dict.fromkeys(range(1, 8), 131_072) | {8: 1_000_000 - 7 * 131_072}
        assert [number for number in last if before[number] != after[number]] == [3]
        assert len(after[3].text) < 20_000  # nearly empty, and nearly as small as that
        assert most < 60 * 1024 * 1024


def test_no_place_is_needed_for_nobody(rt: Runtime, ka: IssuerView):
    assert service.reserve_many(rt, ka.id, 0) == []


def test_a_full_list_is_followed_by_the_next_and_no_place_is_left_out_or_given_twice(
    rt: Runtime, ka: IssuerView, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(status_list, "SIZE", 64)

    places = [each for count in (50, 30, 1, 150, 25) for each in service.reserve_many(rt, ka.id, count)]

    assert [each.number for each in places] == [1] * 64 + [2] * 64 + [3] * 64 + [4] * 64
    assert len({(each.list_id, each.index) for each in places}) == 256


def test_reservations_at_once_share_no_place(rt: Runtime, ka: IssuerView, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(status_list, "SIZE", 64)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda count: service.reserve_many(rt, ka.id, count), [7, 20, 33, 5, 64, 11, 40, 76]))

    places = [each for part in found for each in part]
    assert [len(part) for part in found] == [7, 20, 33, 5, 64, 11, 40, 76]
    assert {(each.number, each.index) for each in places} == {(n, i) for n in (1, 2, 3, 4) for i in range(64)}


def test_issuers_have_lists_of_their_own(rt: Runtime, ka: IssuerView, mh: IssuerView):
    [one], [other] = service.reserve_many(rt, ka.id, 1), service.reserve_many(rt, mh.id, 1)

    assert one.list_id != other.list_id
    assert other.url == "https://certs.example.org/certify/mh/status/1"
