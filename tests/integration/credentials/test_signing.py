"""What is signed and stored is intact, each issuer's own, and checked as it is."""

import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import IssuerView
from flask_certify.core.clock import FixedClock
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import errors, keys, proof, service
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.models import Credential
from flask_certify.credentials.service import Finding, Refused, SignedCredential
from flask_certify.credentials.shape_compiler import FormCache
from flask_certify.credentials.shapes import Filled, Shape, Values
from flask_certify.credentials.verify import examine
from tests.support.credentials import NAMES, NOW, place, statement
from tests.support.issuers import add_awards, issue, set_key, with_settings


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


@pytest.mark.parametrize(("check_every", "times"), [(1000, 2), (1, 4)])
def test_a_setting_says_how_many_are_computed_again(
    rt: Runtime, ka: IssuerView, check_every: int, times: int, monkeypatch: pytest.MonkeyPatch
):
    statements, checked = add_awards(rt, ka, "Asha Devi", "Ben Okri", "Chen", "Dev"), list[object]()
    is_intact = proof.is_intact
    monkeypatch.setattr(proof, "is_intact", lambda document, key: checked.append(document) or is_intact(document, key))

    places = service.reserve_many(rt, ka.id, len(statements))
    service.sign_many(with_settings(rt, check_every=check_every), ka, statements, places)

    assert len(checked) == times


def test_a_credential_is_dated_from_when_it_was_signed(rt: Runtime, ka: IssuerView):
    assert isinstance(rt.clock, FixedClock)
    rt.clock.forward(days=2)
    [signed] = issue(rt, ka, "Asha Devi")

    assert signed.signed_at == NOW + timedelta(days=2)
    assert json.loads(signed.text)["proof"]["created"] == "2026-06-17T09:30:00Z"
    assert service.check(rt, signed.award_id).is_intact


def test_a_place_of_nobody_is_refused(rt: Runtime, ka: IssuerView):
    with pytest.raises(errors.WrongIssuer):
        service.sign_many(rt, ka, [statement()], [place()])


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
