"""Status lists say what has become of awards: signed after each change, and served whatever happens."""

import base64
import json
from uuid import uuid4

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import IssuerView
from flask_certify.awards.states import AwardState
from flask_certify.core.clock import FixedClock
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import errors, keys, lists, service, status_list
from flask_certify.credentials.models import StatusList
from flask_certify.credentials.status_list import BadList
from flask_certify.credentials.verify import read_status_list
from tests.support.issuers import add_issuer, issue, move, with_settings


def revoked_in(rt: Runtime, issuer: IssuerView, number: int = 1) -> set[int]:
    """The places that are set in the list as it is served, which must be the issuer's and intact."""
    text = service.status_list_document(rt, issuer.slug, number).text
    with rt.reading() as session:
        published = keys.published_keys(session, issuer.id)
    bits = read_status_list(text, f"{issuer.base}/{issuer.slug}/status/{number}", issuer.did, published)
    return {8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte & (0x80 >> bit)}


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
