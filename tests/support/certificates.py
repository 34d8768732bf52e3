"""Certificates issued in the story's host, and what may become of them, row by row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from flask_certify.achievements.service import find_run, get_issuer
from flask_certify.awards.models import Award
from flask_certify.awards.service import AwardView, get_award
from flask_certify.awards.states import AwardState
from flask_certify.core.clock import FixedClock
from flask_certify.core.current import EXTENSION, runtime_of
from flask_certify.core.ids import new_code, new_id
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import service as credentials
from flask_certify.credentials.models import Credential, IssuerKey
from flask_certify.credentials.service import SignedCredential
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing.many import issue_many
from flask_certify.issuing.statements import statement_of
from tests.support import story


@dataclass
class Issued:
    """The story's host, in which certificates can be issued and can come to harm."""

    app: Flask
    host: MemoryHost
    clock: FixedClock

    @property
    def rt(self) -> Runtime:
        return runtime_of(self.app)

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def issue(self, learner_ref: str, run_ref: str = story.RUN) -> str:
        """The code of the learner's new certificate."""
        with self.rt.reading() as session:
            run = find_run(session, run_ref)
        assert run is not None
        with self.app.app_context():
            (outcome,) = issue_many(self.rt, run.id, [learner_ref], actor=story.TOM)
        assert outcome.award_id is not None, outcome
        with self.rt.reading() as session:
            return get_award(session, outcome.award_id).code

    def award(self, code: str) -> AwardView:
        with self.rt.reading() as session:
            award_id = session.scalar(sa.select(Award.id).where(Award.code == code))
            assert award_id is not None
            return get_award(session, award_id)

    # ---- what becomes of it ------------------------------------------------------------------------

    def change(self, code: str, /, **values: Any) -> None:
        """Writes into the award's row."""
        with self.rt.transaction() as tx:
            tx.session.execute(sa.update(Award).where(Award.code == code).values(**values))

    def freeze(self, code: str, **values: Any) -> None:
        """Writes over what the award froze, behind its signature's back."""
        self.change(code, frozen=replace(self.award(code).frozen, **values).to_json())

    def change_credential(self, code: str, **values: Any) -> None:
        """Writes into the row of the signed document."""
        with self.rt.transaction() as tx:
            of_award = Credential.award_id == self.award(code).id
            tx.session.execute(sa.update(Credential).where(of_award).values(**values))

    def document(self, code: str) -> str:
        text = credentials.get_document(self.rt, self.award(code).id)
        assert text is not None
        return text

    def change_keys(self, **values: Any) -> None:
        with self.rt.transaction() as tx:
            tx.session.execute(sa.update(IssuerKey).values(**values))

    def replace(self, code: str, state: AwardState = AwardState.ISSUED) -> None:
        """Revokes it, and lets another award take its place."""
        self.change(code, state=AwardState.REVOKED)
        with self.rt.transaction() as tx:
            old = tx.session.scalars(sa.select(Award).where(Award.code == code)).one()
            row = {column.name: getattr(old, column.name) for column in Award.__table__.columns}
            row |= {"id": new_id(), "code": new_code(), "state": state, "replaces_id": old.id}
            tx.session.execute(sa.insert(Award).values(row))

    def erase(self, code: str) -> None:
        self.freeze(code, recipient_name=None)
        self.change_credential(code, document=None)

    def sign_again(self, code: str, **changes: Any) -> None:
        """Signs another document for the award, as it would have been had the statement said this."""
        if "valid_until" in changes:
            self.freeze(code, valid_until=changes["valid_until"])
        award = self.award(code)
        with self.rt.reading() as session:
            issuer = get_issuer(session, award.tenant_ref)
        drawn = Drawn(award.id, code, award.frozen, new_id())
        statement = replace(statement_of(issuer, drawn), **changes)
        (place,) = credentials.reserve_many(self.rt, issuer.id, 1)
        (signed,) = credentials.sign_many(self.rt, issuer, [statement], [place])
        assert isinstance(signed, SignedCredential)
        self.change_credential(
            code,
            document=signed.text,
            credential_id=f"urn:uuid:{signed.credential_id}",
            key_id=signed.key_id,
            status_list_id=place.list_id,
            status_index=place.index,
        )

    # ---- what else may happen ----------------------------------------------------------------------

    def lose_database(self) -> None:
        """From now on our engine leads nowhere."""
        away = sa.create_engine("postgresql+psycopg://nobody@/nothing?host=/nonexistent")
        self.app.extensions[EXTENSION] = replace(self.rt, find_engine=lambda: away)

    def lose_keys(self) -> None:
        """The table of keys does not answer; all others do."""
        with self.rt.transaction() as tx:
            tx.session.execute(sa.text("ALTER TABLE certify_issuer_key RENAME TO certify_issuer_key_away"))


@dataclass(frozen=True)
class Drawn:
    award_id: UUID
    code: str
    frozen: Any
    achievement_id: UUID


@contextmanager
def issued_in(database_url: str, *, at: datetime = story.NOW, **config: Any) -> Iterator[Issued]:
    """The story's host in this database, set up to issue."""
    host, clock = story.make_host(), FixedClock(at)
    app = story.make_app(database_url, host, clock=clock, **config)
    try:
        with app.app_context():
            story.set_up(runtime_of(app))
            engine = runtime_of(app).engine
        # So that a test may look into the database without an application's context.
        app.extensions[EXTENSION] = replace(runtime_of(app), find_engine=lambda: engine)
        yield Issued(app, host, clock)
    finally:
        story.dispose(app)
