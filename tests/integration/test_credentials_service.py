"""Keys, places, credentials and status lists in real databases."""

import base64
import json
import logging
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import IssuerView
from flask_certify.awards.states import AwardState
from flask_certify.core.clock import FixedClock
from flask_certify.core.errors import MasterKeyMissing
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import envelope, errors, keys, lists, service, status_list
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.models import Credential, IssuerKey, StatusList
from flask_certify.credentials.service import Finding, Refused, SignedCredential
from flask_certify.credentials.shape_compiler import FormCache
from flask_certify.credentials.shapes import Filled, Shape, Values
from flask_certify.credentials.status_list import BadList, Place
from flask_certify.credentials.verify import examine, read_status_list
from tests.support.credentials import NAMES, NOW, place, statement
from tests.support.databases import Database
from tests.support.issuers import add_awards, add_issuer, issue, move, running, with_settings

OTHER_MASTER_KEY = "a5" * 32


@pytest.fixture
def rt(database: Database) -> Iterator[Runtime]:
    with running(database.url) as runtime:
        yield runtime


@pytest.fixture
def ka(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "ka")


@pytest.fixture
def mh(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "mh")


def revoked_in(rt: Runtime, issuer: IssuerView, number: int = 1) -> set[int]:
    """The places that are set in the list as it is served, which must be the issuer's and intact."""
    text = service.status_list_document(rt, issuer.slug, number).text
    with rt.reading() as session:
        published = keys.published_keys(session, issuer.id)
    bits = read_status_list(text, f"{issuer.base}/{issuer.slug}/status/{number}", issuer.did, published)
    return {8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte & (0x80 >> bit)}


def set_key(rt: Runtime, issuer: IssuerView, **values: Any) -> None:
    with rt.transaction() as tx:
        tx.session.execute(sa.update(IssuerKey).where(IssuerKey.issuer_id == issuer.id).values(**values))


# ---- keys --------------------------------------------------------------------------------------------------------


def test_a_first_key_is_active_at_once_and_published(rt: Runtime, ka: IssuerView):
    with rt.reading() as session:
        [key] = keys.published_keys(session, ka.id)
        assert service.has_active_key(session, ka.id)

    document = service.did_document(rt, "ka")
    assert document["id"] == ka.did == "did:web:certs.example.org:certify:ka"
    assert document["assertionMethod"] == [f"{ka.did}#{key.multikey}"]
    assert key.state is KeyState.ACTIVE
    assert service.signer_for(rt, ka.id).key_id == f"{ka.did}#{key.multikey}"


def test_an_issuer_cannot_have_two_keys_that_sign(rt: Runtime, ka: IssuerView):
    with pytest.raises(sa.exc.IntegrityError), rt.transaction() as tx:
        service.make_key(rt, tx, ka.id, ka.did)


def test_a_retired_key_stays_published_and_a_compromised_one_does_not(rt: Runtime, ka: IssuerView):
    set_key(rt, ka, state=KeyState.RETIRED)
    assert len(service.did_document(rt, "ka")["verificationMethod"]) == 1

    set_key(rt, ka, state=KeyState.COMPROMISED)
    assert service.did_document(rt, "ka")["verificationMethod"] == []


def test_an_unknown_issuer_has_no_documents(rt: Runtime):
    with pytest.raises(errors.UnknownIssuer):
        service.did_document(rt, "nowhere")
    with pytest.raises(errors.UnknownStatusList):
        service.status_list_document(rt, "nowhere", 1)


def test_nothing_is_signed_without_a_master_key(rt: Runtime, ka: IssuerView):
    bare = with_settings(rt, master_key="")

    with pytest.raises(MasterKeyMissing):
        service.sign_many(bare, ka, [statement()], service.reserve_many(bare, ka.id, 1))
    assert not service.can_sign(bare, ka.id)
    assert service.did_document(bare, "ka")["assertionMethod"]  # publishing needs no secret


def test_nothing_is_signed_with_another_master_key(rt: Runtime, ka: IssuerView):
    wrong = with_settings(rt, master_key=OTHER_MASTER_KEY)

    with pytest.raises(errors.KeyDoesNotOpen):
        service.signer_for(wrong, ka.id)
    assert not service.can_sign(wrong, ka.id)
    assert service.can_sign(with_settings(rt, master_key=f"1:{rt.settings.master_key},2:{OTHER_MASTER_KEY}"), ka.id)


def test_nothing_is_signed_by_an_issuer_without_an_active_key(rt: Runtime, ka: IssuerView):
    set_key(rt, ka, state=KeyState.RETIRED)

    with pytest.raises(errors.NoActiveKey):
        service.signer_for(rt, ka.id)
    assert not service.can_sign(rt, ka.id)


def test_another_issuers_sealed_key_put_into_the_row_does_not_open(rt: Runtime, ka: IssuerView, mh: IssuerView):
    with rt.reading() as session:
        stolen = session.scalar(sa.select(IssuerKey.sealed).where(IssuerKey.issuer_id == mh.id))
    set_key(rt, ka, sealed=stolen)

    with pytest.raises(errors.KeyDoesNotOpen):
        service.signer_for(rt, ka.id)


def test_a_key_that_is_not_the_published_one_does_not_sign(rt: Runtime, ka: IssuerView):
    with rt.reading() as session:
        multikey = session.scalar(sa.select(IssuerKey.multikey).where(IssuerKey.issuer_id == ka.id))
    assert multikey is not None
    set_key(rt, ka, sealed=envelope.seal(b"\x07" * 32, str(ka.id), multikey, rt.settings.master_keys))

    with pytest.raises(errors.KeyDoesNotOpen):
        service.signer_for(rt, ka.id)


def test_no_private_key_is_in_the_database_in_any_encoding(
    rt: Runtime, ka: IssuerView, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    with rt.reading() as session:
        row = session.scalars(sa.select(IssuerKey)).one()
        seed = envelope.unseal(row.sealed, str(ka.id), row.multikey, rt.settings.master_keys)
    issue(rt, ka, "Asha Devi")
    service.status_list_document(rt, "ka", 1)

    dump = b"".join(
        repr(tuple(bytes(each) if isinstance(each, memoryview) else each for each in row)).encode()
        for row in _everything(rt)
    )
    for form in (seed, seed.hex().encode(), base64.b64encode(seed)[:-2], base64.urlsafe_b64encode(seed)[:-2]):
        assert form not in dump
        assert repr(form)[2:-1].encode() not in dump
    assert seed.hex() not in caplog.text


def _everything(rt: Runtime) -> Iterator[sa.Row[Any]]:
    with rt.reading() as session:
        for model in (IssuerKey, StatusList, Credential):
            yield from session.execute(sa.select(model.__table__)).all()


# ---- places ------------------------------------------------------------------------------------------------------


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
                tracemalloc.start()  # it makes everything five times as slow
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


# ---- signing and storing -----------------------------------------------------------------------------------------


def test_what_is_signed_and_stored_is_found_again_and_intact(rt: Runtime, ka: IssuerView):
    signed = issue(rt, ka, *NAMES.values())

    for name, each in zip(NAMES.values(), signed, strict=True):
        text = service.get_document(rt, each.award_id)
        assert text == each.text
        assert json.loads(text)["credentialSubject"]["identifier"][0]["identityHash"] == name
        checked = service.check(rt, each.award_id)
        assert checked.is_intact
        assert checked.key_state is KeyState.ACTIVE


def test_an_award_without_a_credential_has_none(rt: Runtime, ka: IssuerView):
    [said] = add_awards(rt, ka, "Asha Devi")

    assert service.get_document(rt, said.award_id) is None
    with pytest.raises(errors.NotSigned):
        service.check(rt, said.award_id)


def test_nobody_is_signed_for_nothing(rt: Runtime, ka: IssuerView):
    assert service.sign_many(with_settings(rt, master_key=""), ka, [], []) == []


def test_one_bad_statement_is_refused_and_the_others_are_stored(rt: Runtime, ka: IssuerView):
    statements = add_awards(rt, ka, "Asha Devi", "Bell\x07", "Chen")
    answers = service.sign_many(rt, ka, statements, service.reserve_many(rt, ka.id, 3))
    with rt.transaction() as tx:
        service.store_many(tx, [each for each in answers if isinstance(each, SignedCredential)])

    assert isinstance(answers[1], Refused)
    assert answers[1].code == errors.UnfitCharacter.code
    assert errors.UnfitCharacter(**answers[1].values).worded() == (
        "The field recipient_name holds the character U+0007, which cannot be signed. Correct it and try again."
    )
    assert [service.get_document(rt, each.award_id) is not None for each in statements] == [True, False, True]


def test_storing_twice_changes_nothing(rt: Runtime, ka: IssuerView):
    [first] = issue(rt, ka, "Asha Devi")
    [again] = service.sign_many(
        rt,
        ka,
        [statement(name="Usha Devi", award_id=first.award_id, credential_id=uuid4())],
        service.reserve_many(rt, ka.id, 1),
    )
    assert isinstance(again, SignedCredential)

    with rt.transaction() as tx:
        service.store_many(tx, [again])
        service.store_many(tx, [])

    assert service.get_document(rt, first.award_id) == first.text


def test_one_place_never_holds_two_credentials(rt: Runtime, ka: IssuerView):
    statements = add_awards(rt, ka, "Asha Devi", "Usha Devi")
    [taken] = service.reserve_many(rt, ka.id, 1)
    signed = service.sign_many(rt, ka, statements, [taken, taken])

    with pytest.raises(sa.exc.IntegrityError), rt.transaction() as tx:
        service.store_many(tx, [each for each in signed if isinstance(each, SignedCredential)])

    assert service.get_document(rt, statements[0].award_id) is None


def test_a_signature_that_fails_the_sample_stores_nothing_and_says_what_to_do(
    rt: Runtime, ka: IssuerView, monkeypatch: pytest.MonkeyPatch
):
    statements = add_awards(rt, ka, "Asha Devi")
    fill = Shape.fill

    def filled_wrongly(shape: Shape, values: Values) -> Filled:
        filled = fill(shape, values)
        return Filled(filled.document_text, filled.canonical_text.replace("Asha", "Usha"))

    monkeypatch.setattr(Shape, "fill", filled_wrongly)
    monkeypatch.setattr(service, "_forms", FormCache())
    monkeypatch.setattr("flask_certify.credentials.shape_compiler._require_agreement", lambda shape, values: None)

    with pytest.raises(errors.SignaturesDisagree, match="none of them was stored"):
        service.sign_many(rt, ka, statements, service.reserve_many(rt, ka.id, 1))


# ---- two tenants -------------------------------------------------------------------------------------------------


def test_two_issuers_keys_never_sign_for_each_other(rt: Runtime, ka: IssuerView, mh: IssuerView):
    [of_ka], [of_mh] = issue(rt, ka, "Asha Devi"), issue(rt, mh, "Asha Devi")
    with rt.reading() as session:
        keys_of_ka, keys_of_mh = (keys.published_keys(session, each.id) for each in (ka, mh))

    assert not {each.multikey for each in keys_of_ka} & {each.multikey for each in keys_of_mh}
    assert of_ka.key_id.startswith(f"{ka.did}#")
    assert examine(of_ka.text, ka.did, keys_of_ka).finding is Finding.INTACT
    assert examine(of_ka.text, mh.did, keys_of_mh).finding is Finding.OTHER_ISSUER
    assert examine(of_ka.text, ka.did, keys_of_mh).finding is Finding.UNKNOWN_KEY
    assert examine(of_mh.text, mh.did, keys_of_mh).finding is Finding.INTACT


def test_an_issuer_cannot_sign_into_another_issuers_list(rt: Runtime, ka: IssuerView, mh: IssuerView):
    with pytest.raises(errors.WrongIssuer):
        service.sign_many(rt, ka, [statement()], service.reserve_many(rt, mh.id, 1))


def test_an_issuer_cannot_sign_under_another_issuers_name(rt: Runtime, ka: IssuerView, mh: IssuerView):
    disguised = replace(ka, did=mh.did)

    with pytest.raises(errors.WrongIssuer):
        service.sign_many(rt, disguised, [statement()], service.reserve_many(rt, ka.id, 1))


def test_a_credential_moved_to_another_issuer_in_the_database_is_noticed(rt: Runtime, ka: IssuerView, mh: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Credential).values(issuer_id=mh.id))

    assert service.check(rt, signed.award_id).finding is Finding.OTHER_ISSUER


# ---- checking ----------------------------------------------------------------------------------------------------


def test_a_row_changed_in_the_database_does_not_vouch_for_itself(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Credential).values(document=signed.text.replace("Asha", "Usha")))

    assert service.check(rt, signed.award_id).finding is Finding.ALTERED


def test_the_state_of_the_key_is_told(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")

    set_key(rt, ka, state=KeyState.RETIRED)
    retired = service.check(rt, signed.award_id)
    set_key(rt, ka, state=KeyState.COMPROMISED)
    compromised = service.check(rt, signed.award_id)

    assert (retired.finding, retired.key_state) == (Finding.INTACT, KeyState.RETIRED)
    assert (compromised.finding, compromised.key_state) == (Finding.COMPROMISED_KEY, KeyState.COMPROMISED)


def test_checking_needs_no_master_key(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    assert service.check(with_settings(rt, master_key=""), signed.award_id).is_intact


# ---- status lists ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [AwardState.WITHDRAWN, AwardState.REVOKED])
def test_the_bit_is_set_while_an_award_is_withdrawn_or_revoked(rt: Runtime, ka: IssuerView, state: AwardState):
    asha, ben, chen = issue(rt, ka, "Asha Devi", "Ben Okri", "Chen")
    assert revoked_in(rt, ka) == set()

    move(rt, state, asha.award_id, chen.award_id)
    assert revoked_in(rt, ka) == {asha.place.index, chen.place.index}
    assert service.check(rt, asha.award_id).is_revoked is True
    assert service.check(rt, ben.award_id).is_revoked is False

    move(rt, AwardState.ISSUED, asha.award_id)
    assert revoked_in(rt, ka) == {chen.place.index}


def test_an_unpublished_list_says_nothing(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    assert service.check(rt, signed.award_id).is_revoked is None


def test_a_revocation_is_published_right_after_its_commit(rt: Runtime, ka: IssuerView):
    """R-153."""
    [signed] = issue(rt, ka, "Asha Devi")
    service.status_list_document(rt, "ka", 1)

    move(rt, AwardState.REVOKED, signed.award_id)

    assert service.check(rt, signed.award_id).is_revoked is True


def test_what_is_published_is_what_counts_until_it_is_published_anew(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    service.status_list_document(rt, "ka", 1)

    move(with_settings(rt, master_key=""), AwardState.REVOKED, signed.award_id)  # nobody can sign a list
    assert service.check(rt, signed.award_id).is_revoked is False
    service.status_list_document(rt, "ka", 1)
    assert service.check(rt, signed.award_id).is_revoked is True


def test_readers_of_tokens_get_the_same_list_as_a_token(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    move(rt, AwardState.REVOKED, signed.award_id)

    published = service.status_list_document(rt, "ka", 1)
    header, payload, _ = (
        json.loads(base64.urlsafe_b64decode(part + "==")) if number < 2 else part
        for number, part in enumerate(published.jwt.split("."))
    )

    listed = json.loads(published.text)
    assert header == {"alg": "EdDSA", "typ": "vc+jwt", "kid": listed["proof"]["verificationMethod"]}
    assert payload["credentialSubject"] == listed["credentialSubject"]
    assert (payload["iss"], payload["jti"]) == (ka.did, signed.place.url)


def test_a_list_is_signed_once_and_again_only_after_a_change(rt: Runtime, ka: IssuerView):
    [asha] = issue(rt, ka, "Asha Devi")
    assert isinstance(rt.clock, FixedClock)
    first = service.status_list_document(rt, "ka", 1)

    rt.clock.forward(hours=1)
    issue(rt, ka, "Ben Okri")
    assert service.status_list_document(rt, "ka", 1) == first

    move(rt, AwardState.REVOKED, asha.award_id)
    second = service.status_list_document(rt, "ka", 1)
    assert second.text != first.text
    assert second.etag != first.etag
    assert json.loads(second.text)["validFrom"] == "2026-06-15T10:30:00Z"


def test_only_the_list_that_an_award_is_in_is_published_anew(rt: Runtime, ka: IssuerView, mh: IssuerView):
    [of_ka], [of_mh] = issue(rt, ka, "Asha Devi"), issue(rt, mh, "Usha Devi")
    before = service.status_list_document(rt, "mh", 1)

    move(rt, AwardState.REVOKED, of_ka.award_id)

    assert revoked_in(rt, ka) == {of_ka.place.index}
    assert service.status_list_document(rt, "mh", 1) == before
    assert service.check(rt, of_mh.award_id).is_revoked is False


def test_without_the_key_the_list_published_before_is_served(rt: Runtime, ka: IssuerView):
    bare = with_settings(rt, master_key="")
    [signed] = issue(rt, ka, "Asha Devi")
    with pytest.raises(errors.CannotPublish):
        service.status_list_document(bare, "ka", 1)
    before = service.status_list_document(rt, "ka", 1)

    move(bare, AwardState.REVOKED, signed.award_id)

    assert service.status_list_document(bare, "ka", 1) == before
    assert revoked_in(rt, ka) == {signed.place.index}


def test_a_change_during_publishing_is_published_by_whoever_asks_next(
    rt: Runtime, ka: IssuerView, monkeypatch: pytest.MonkeyPatch
):
    [signed] = issue(rt, ka, "Asha Devi")
    sign = lists._signed_list

    def revoked_meanwhile(rt: Runtime, listed: lists._Listed) -> str:
        text = sign(rt, listed)
        move(rt, AwardState.REVOKED, signed.award_id)
        return text

    monkeypatch.setattr(lists, "_signed_list", revoked_meanwhile)
    service.status_list_document(rt, "ka", 1)
    monkeypatch.setattr(lists, "_signed_list", sign)

    assert revoked_in(rt, ka) == {signed.place.index}


def test_a_slow_publisher_does_not_overwrite_a_newer_list(rt: Runtime, ka: IssuerView, monkeypatch: pytest.MonkeyPatch):
    asha, ben = issue(rt, ka, "Asha Devi", "Ben Okri")
    sign = lists._signed_list

    def overtaken(rt: Runtime, listed: lists._Listed) -> str:
        monkeypatch.setattr(lists, "_signed_list", sign)
        text = sign(rt, listed)
        move(rt, AwardState.REVOKED, ben.award_id)
        service.status_list_document(rt, "ka", 1)
        return text

    monkeypatch.setattr(lists, "_signed_list", overtaken)
    move(rt, AwardState.REVOKED, asha.award_id)  # and it is published right after

    assert revoked_in(rt, ka) == {asha.place.index, ben.place.index}


def test_before_its_first_issue_an_issuers_list_is_served_and_not_kept(rt: Runtime):
    fresh = add_issuer(rt, "new", frozen=False)
    issue(rt, fresh, "Asha Devi")

    assert revoked_in(rt, fresh) == set()
    with rt.reading() as session:
        assert session.scalars(sa.select(StatusList.published)).one() is None


def test_a_published_list_that_was_tampered_with_says_nothing(rt: Runtime, ka: IssuerView):
    [signed] = issue(rt, ka, "Asha Devi")
    move(rt, AwardState.REVOKED, signed.award_id)
    text = service.status_list_document(rt, "ka", 1).text
    clear = status_list.encode(status_list.bits([]))
    forged = json.loads(text)
    forged["credentialSubject"]["encodedList"] = clear
    with rt.transaction() as tx:
        tx.session.execute(sa.update(StatusList).values(published=json.dumps(forged)))

    assert service.check(rt, signed.award_id).is_revoked is None
    with pytest.raises(BadList):
        revoked_in(rt, ka)


def test_many_revocations_at_once_are_one_change_of_each_list(rt: Runtime, ka: IssuerView):
    signed = issue(rt, ka, *(f"Learner {number}" for number in range(1100)))

    move(rt, AwardState.REVOKED, *(each.award_id for each in signed))

    with rt.reading() as session:
        assert session.scalars(sa.select(StatusList.changes)).one() == 1
    assert revoked_in(rt, ka) == {each.place.index for each in signed}


def test_awards_without_a_credential_change_no_list(rt: Runtime, ka: IssuerView):
    issue(rt, ka, "Asha Devi")
    with rt.transaction() as tx:
        service.mark_dirty(tx, [uuid4()])
        service.mark_dirty(tx, [])

    with rt.reading() as session:
        assert session.scalars(sa.select(StatusList.changes)).one() == 0


def test_a_place_of_nobody_is_refused(rt: Runtime, ka: IssuerView):
    with pytest.raises(errors.WrongIssuer):
        service.sign_many(rt, ka, [statement()], [place()])


def test_a_credential_is_dated_from_when_it_was_signed(rt: Runtime, ka: IssuerView):
    assert isinstance(rt.clock, FixedClock)
    rt.clock.forward(days=2)
    [signed] = issue(rt, ka, "Asha Devi")

    assert signed.signed_at == NOW + timedelta(days=2)
    assert json.loads(signed.text)["proof"]["created"] == "2026-06-17T09:30:00Z"
    assert service.check(rt, signed.award_id).is_intact
