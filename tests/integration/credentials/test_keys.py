"""The key that signs: one of each issuer, sealed, and published."""

import base64
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import IssuerView
from flask_certify.core.errors import MasterKeyMissing
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import envelope, errors, keys, service
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.models import Credential, IssuerKey, StatusList
from tests.support.credentials import statement
from tests.support.issuers import issue, set_key, with_settings

OTHER_MASTER_KEY = "a5" * 32


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
