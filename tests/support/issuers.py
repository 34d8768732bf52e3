"""Issuers, awards and their credentials in a database, for tests about credentials."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import Babel

import flask_certify.documents.models
import flask_certify.verification.models  # noqa: F401  tables that others refer to
from flask_certify.achievements.models import Issuer
from flask_certify.achievements.service import IssuerView, issuer_view
from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState
from flask_certify.core import web
from flask_certify.core.clock import FixedClock
from flask_certify.core.current import EXTENSION
from flask_certify.core.db import derive, metadata
from flask_certify.core.runtime import Runtime
from flask_certify.core.settings import Settings
from flask_certify.credentials import service, views
from flask_certify.credentials.contexts import Document
from flask_certify.credentials.models import IssuerKey, StatusList
from flask_certify.credentials.open_badge import Statement
from flask_certify.credentials.signing import SignedCredential
from flask_certify.host.memory import MemoryHost
from tests.support.credentials import NOW, statement
from tests.support.routes import Rule
from tests.support.rows import plant, plant_many

MASTER_KEY = "5a" * 32  # of these tests alone


@contextmanager
def running(url: str, **settings: Any) -> Iterator[Runtime]:
    """A runtime on that database, with our tables and nobody's rows."""
    engine = sa.create_engine(url)
    metadata.create_all(engine)
    plain = {"public_url": "https://certs.example.org", "master_key": MASTER_KEY}
    yield Runtime(
        settings=Settings(**plain | settings),
        find_engine=lambda: derive(engine),
        host=MemoryHost(),
        clock=FixedClock(NOW),
    )
    engine.dispose()


def client_of(rt: Runtime) -> FlaskClient:
    """Everybody's way to the public addresses of issuers, in a host with nothing else."""
    host = Flask("host")
    host.url_rule_class = Rule
    Babel(host)
    host.extensions[EXTENSION] = rt
    blueprint = web.make_blueprint()
    views.register(blueprint)
    web.install(host, blueprint, rt)
    return host.test_client()


def with_settings(rt: Runtime, **changes: Any) -> Runtime:
    """The same house with other settings."""
    return replace(rt, settings=replace(rt.settings, **changes))


def add_issuer(rt: Runtime, slug: str, *, frozen: bool = True) -> IssuerView:
    """An issuer with a key of its own, who has issued before unless told otherwise."""
    did = service.issuer_did(rt.settings, slug)
    with rt.transaction() as tx:
        issuer_id = plant(
            tx.session,
            Issuer,
            slug=slug,
            tenant_ref=slug,
            name=slug.upper(),
            url="https://example.org/education",
            base=rt.settings.base,
            did=did,
            frozen_at=NOW if frozen else None,
        )
        service.make_key(rt, tx, issuer_id, did)
        return issuer_view(tx.session.get_one(Issuer, issuer_id))


def add_awards(rt: Runtime, issuer: IssuerView, *names: str, **changes: Any) -> list[Statement]:
    """An issued award for each of these people, ready to be signed."""
    with rt.transaction() as tx:
        ids = plant_many(tx.session, Award, len(names), issuer_id=issuer.id, state=AwardState.ISSUED)
    return [
        statement(name=name, award_id=award_id, credential_id=uuid4(), subject_id=uuid4(), **changes)
        for name, award_id in zip(names, ids, strict=True)
    ]


def issue(rt: Runtime, issuer: IssuerView, *names: str) -> list[SignedCredential]:
    """A stored credential for each of these people."""
    statements = add_awards(rt, issuer, *names)
    places = service.reserve_many(rt, issuer.id, len(names))
    signed = [each for each in service.sign_many(rt, issuer, statements, places) if isinstance(each, SignedCredential)]
    assert len(signed) == len(names)
    with rt.transaction() as tx:
        service.store_many(tx, signed)
    return signed


def move(rt: Runtime, state: AwardState, *award_ids: UUID) -> None:
    """The awards are in another state, and their status lists know."""
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Award).where(Award.id.in_(award_ids)).values(state=state))
        service.mark_dirty(tx, award_ids)


def set_key(rt: Runtime, issuer: IssuerView, **values: Any) -> None:
    """The keys of this issuer are as told."""
    with rt.transaction() as tx:
        tx.session.execute(sa.update(IssuerKey).where(IssuerKey.issuer_id == issuer.id).values(**values))


def publish(rt: Runtime, list_id: UUID, document: Document, as_jwt: str | None = None) -> None:
    """The list is served as this document, whatever it says, and as this token."""
    with rt.transaction() as tx:
        tx.session.execute(
            sa.update(StatusList)
            .where(StatusList.id == list_id)
            .values(
                published=json.dumps(document),
                published_jwt=as_jwt or "",
                published_changes=StatusList.changes,
                etag="forged",
            )
        )
