"""What a thief finds in a dump of the database: no private key, in no encoding (R-252)."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa

from flask_certify.awards.models import Failure
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import EXTENSION
from flask_certify.core.db import Base
from flask_certify.core.outbox import Chunk
from flask_certify.credentials import forms, rotation
from flask_certify.credentials.models import FormKey, IssuerKey
from flask_certify.credentials.multibase import base58, base64url
from flask_certify.issuing import bulk
from tests.support import key_hunt, story
from tests.support.certificates import Issued, issued_in


@pytest.fixture
def lived(database_url: str) -> Iterator[Issued]:
    """A site whose keys have had a life: some are retired, two are stolen, and once none could be opened."""
    with issued_in(database_url) as campus:
        right, code = campus.rt, campus.issue("ada")
        for kind, form in (("ES256", "open-badge.jwt"), ("RS256", "open-badge-2.jws")):
            forms.make_form(right, campus.award(code).id, form)
            rotation.rotate(right, "wales", actor=story.TOM, at_once=True, kind=kind)
        rotation.rotate(right, "wales", actor=story.TOM, at_once=True)
        for key in [each.multikey for each in rotation.list_keys(right, "wales")]:
            if len(key) == 48:  # of Ed25519
                rotation.compromise(right, "wales", key, actor=story.TOM)
        rotation.rotate(right, "wales", actor=story.TOM)
        wrong = replace(right, settings=replace(right.settings, master_key="6b" * 32))
        with campus.app.app_context():
            for rt in (wrong, right):
                campus.app.extensions[EXTENSION] = rt
                bulk.issue_and_wait(rt, story.RUN, story.MIA, notify=False, patience=5)
        yield campus


def test_a_dump_holds_no_private_key_in_any_encoding_after_rotation_and_theft(lived: Issued) -> None:
    """R-252"""
    secrets, stored = key_hunt.secrets_of(lived.rt), key_hunt.dump(lived.rt)

    with lived.rt.reading() as session:
        states = {(row.state) for row in session.scalars(sa.select(IssuerKey))}
        kinds = {(row.algorithm, row.state) for row in session.scalars(sa.select(FormKey))}
        public = session.scalars(sa.select(IssuerKey.multikey)).first()
        rows = {table: _count(session, table) for table in (AuditEntry, Chunk, Failure)}
    assert states == {"pending", "active", "compromised"}
    assert {("ES256", "retired"), ("RS256", "retired"), ("ES256", "active"), ("RS256", "active")} <= kinds
    assert all(rows.values()), rows
    assert public is not None and public.encode() in stored  # it is these tables that are looked at
    assert len(secrets) > 20
    assert key_hunt.found_in(stored, secrets) == []


def _count(session: sa.orm.Session, table: type[Base]) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


WAYS: dict[str, Callable[[bytes], str]] = {
    "hexadecimal": bytes.hex,
    "capitals": lambda secret: secret.hex().upper(),
    "base64": lambda secret: base64.b64encode(secret).decode(),
    "base64 within a text": lambda secret: base64.b64encode(b"x" + secret + b"yz").decode(),
    "base58": base58,
    "a secret Multikey": lambda secret: "z" + base58(key_hunt.ED25519_PRIVATE + secret),
    "a JWK": lambda secret: json.dumps({"kty": "OKP", "d": base64url(secret)}),
    "PEM": lambda secret: (
        f"-----BEGIN PRIVATE KEY-----\n{base64.encodebytes(secret).decode()}-----END PRIVATE KEY-----"
    ),
    "a number": lambda secret: str(int.from_bytes(secret, "big")),
    "a list": lambda secret: str([*secret]),
    "its first half": lambda secret: secret[: len(secret) // 2].hex(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_key_that_leaked_into_a_failure_or_the_log_would_be_found(campus: Issued, way: str) -> None:
    """R-252: the test above can fail."""
    code = campus.issue("ada")
    forms.make_form(campus.rt, campus.award(code).id, "open-badge-2.jws")
    secrets, run_id = key_hunt.secrets_of(campus.rt), campus.award(code).run_id
    names = [next(name for name in secrets if name.endswith(end)) for end in ("seed", "RS256 key that is active: p")]
    assert key_hunt.found_in(key_hunt.dump(campus.rt), secrets) == []

    for name in names:
        leaked = {"error": f"cannot sign with {WAYS[way](secrets[name])}"}
        with campus.rt.transaction() as tx:
            tx.session.execute(sa.delete(Failure))
            tx.session.add(
                Failure(at=story.NOW, tenant_ref="wales", run_id=run_id, step="sign", code="x", details=leaked)
            )
        found = key_hunt.found_in(key_hunt.dump(campus.rt), secrets)
        assert any(each.startswith(name) for each in found), (name, way)


@pytest.fixture
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    with issued_in(f"sqlite:///{tmp_path_factory.mktemp('site')}/host.db") as ready:
        yield ready
