"""Keys of issuers over the years: the next one, the old ones, the stolen one (R-154, R-252)."""

import json
from dataclasses import replace

import pytest
import sqlalchemy as sa

from flask_certify.core import audit
from flask_certify.core.clock import FixedClock
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import errors, rotation, service
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.models import IssuerKey, StatusList
from tests.support.issuers import MASTER_KEY, add_issuer, issue, with_settings
from tests.support.key_service import KeyService

NEWER = "6b" * 32  # of these tests alone


def states(rt: Runtime) -> list[str]:
    return [each.state.value for each in rotation.list_keys(rt, "ka")]


def forward(rt: Runtime, **by: float) -> None:
    assert isinstance(rt.clock, FixedClock)
    rt.clock.forward(**by)


def test_the_next_key_is_published_first_and_takes_over_when_everybody_can_know_it(rt: Runtime) -> None:
    add_issuer(rt, "ka")
    view, signs = rotation.rotate(rt, "ka", actor="tom")
    assert (view.state, signs) == (KeyState.PENDING, False)
    assert view.multikey in str(service.did_document(rt, "ka"))

    forward(rt, minutes=9)
    with pytest.raises(errors.KeyNotReady, match="10 minutes"):
        rotation.rotate(rt, "ka", actor="tom")

    forward(rt, minutes=1)
    view, signs = rotation.rotate(rt, "ka", actor="tom")
    assert (view.state, signs, states(rt)) == (KeyState.ACTIVE, True, ["retired", "active"])


def test_what_the_old_key_signed_stays_good_and_the_new_one_signs_from_now_on(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    [before] = issue(rt, ka, "Asha Devi")
    rotation.rotate(rt, "ka", actor="tom", at_once=True)
    [after] = issue(rt, ka, "Ben Okri")

    assert before.key_id != after.key_id
    assert service.check(rt, before.award_id).is_intact
    assert service.check(rt, before.award_id).key_state is KeyState.RETIRED
    assert service.check(rt, after.award_id).is_intact


def test_a_compromised_key_is_published_no_more_and_what_it_signed_is_listed(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    signed = issue(rt, ka, "Asha Devi", "Ben Okri")
    service.status_list_document(rt, "ka", 1)
    stolen = signed[0].key_id.split("#")[1]

    affected = rotation.compromise(rt, "ka", stolen, actor="tom")

    assert {each.award_id for each in affected} == {each.award_id for each in signed}
    assert stolen not in str(service.did_document(rt, "ka"))
    assert states(rt) == ["compromised", "active"]
    assert service.check(rt, signed[0].award_id).key_state is KeyState.COMPROMISED
    assert rotation.compromise(rt, "ka", stolen, actor="tom") == affected  # again: nothing changes


def test_after_a_compromise_the_lists_are_signed_by_the_key_that_took_over(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    issue(rt, ka, "Asha Devi")
    service.status_list_document(rt, "ka", 1)
    [key] = rotation.list_keys(rt, "ka")

    rotation.compromise(rt, "ka", key.multikey, actor="tom")

    with rt.reading() as session:
        published = session.scalars(sa.select(StatusList.published)).one()
    assert published is not None
    [_, active] = rotation.list_keys(rt, "ka")
    assert json.loads(published)["proof"]["verificationMethod"] == f"{ka.did}#{active.multikey}"


def test_a_retired_key_signs_no_more_until_there_is_a_next_one(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    [key] = rotation.list_keys(rt, "ka")
    rotation.retire(rt, "ka", key.multikey[:10], actor="tom")
    with pytest.raises(errors.NoActiveKey):
        issue(rt, ka, "Asha Devi")
    with pytest.raises(errors.KeyIsOver):
        rotation.retire(rt, "ka", key.multikey, actor="tom")

    rotation.rotate(rt, "ka", actor="tom", at_once=True)

    assert issue(rt, ka, "Asha Devi")


@pytest.mark.parametrize("key", ["", "z6Mk", "nonsense"])
def test_a_key_must_be_named_so_that_only_one_is_meant(rt: Runtime, key: str) -> None:
    add_issuer(rt, "ka")
    rotation.rotate(rt, "ka", actor="tom", at_once=True)
    with pytest.raises(errors.UnknownKey):
        rotation.compromise(rt, "ka", key, actor="tom")


def test_every_step_leaves_an_entry_in_the_log(rt: Runtime) -> None:
    add_issuer(rt, "ka")
    rotation.rotate(rt, "ka", actor="tom", at_once=True)
    [_, active] = rotation.list_keys(rt, "ka")
    rotation.compromise(rt, "ka", active.multikey, actor="tom")

    with rt.reading() as session:
        acts = session.scalars(sa.select(audit.AuditEntry.act).order_by(audit.AuditEntry.number)).all()
        assert audit.first_broken(session, "ka") is None
    assert acts == [
        *("key.publish", "key.retire", "key.activate"),
        *("key.compromise", "key.publish", "key.activate"),
    ]


def test_after_resealing_the_old_master_key_may_be_thrown_away(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    both = with_settings(rt, master_key=f"1:{MASTER_KEY},2:{NEWER}")

    assert rotation.reseal(both, actor="tom") == 1
    assert rotation.reseal(both, actor="tom") == 0

    assert issue(with_settings(rt, master_key=f"2:{NEWER}"), ka, "Asha Devi")
    assert not service.can_sign(rt, ka.id)


def test_resealing_seals_all_keys_or_none(rt: Runtime) -> None:
    ka, _ = add_issuer(rt, "ka"), add_issuer(rt, "mh")
    with rt.transaction() as tx:
        spoilt = tx.session.scalars(sa.select(IssuerKey).where(IssuerKey.issuer_id != ka.id)).one()
        spoilt.sealed = spoilt.sealed[:-1] + bytes([spoilt.sealed[-1] ^ 1])
    with pytest.raises(errors.KeyDoesNotOpen):
        rotation.reseal(with_settings(rt, master_key=f"1:{MASTER_KEY},2:{NEWER}"), actor="tom")
    assert service.can_sign(rt, ka.id)


def test_a_key_service_signs_with_a_key_that_we_never_see(rt: Runtime) -> None:
    """The example in examples/remote_signer.py, asked over HTTP."""
    ka = add_issuer(rt, "ka")
    with KeyService(ka.did, bytes(range(32))) as kms:
        served = replace(rt, find_signer=kms.signers().find)
        rotation.rotate(served, "ka", actor="tom", at_once=True, public=kms.public)

        [signed] = issue(served, ka, "Asha Devi")

    assert signed.key_id == kms.key_id
    assert service.check(rt, signed.award_id).is_intact
    assert {len(data) for data in kms.seen} == {64}  # digests: the service sees no personal data
    assert kms.refused == 0


def test_without_the_signer_of_a_remote_key_nothing_is_signed_and_the_sentence_says_why(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    with KeyService(ka.did, bytes(range(32))) as kms:
        rotation.rotate(rt, "ka", actor="tom", at_once=True, public=kms.public)
    with pytest.raises(errors.NoSigner, match="find_signer"):
        issue(rt, ka, "Ben Okri")
    assert not service.can_sign(rt, ka.id)


def test_what_is_no_public_key_is_refused_in_words(rt: Runtime) -> None:
    add_issuer(rt, "ka")
    with pytest.raises(errors.NotAMultikey):
        rotation.rotate(rt, "ka", actor="tom", public="z6MkNonsense0OIl")
