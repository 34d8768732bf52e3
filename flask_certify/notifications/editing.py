"""The texts of a tenant: looked at, tried, changed and put back (R-160)."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import IssuerView
from ..awards.frozen import Frozen
from ..core import audit, languages
from ..core.db import upsert
from ..core.errors import BadInput, NotFound
from ..core.i18n import N_, c_
from ..core.runtime import Runtime
from ..core.texts import UNSTORABLE
from ..core.transaction import Transaction
from . import sandbox, texts
from .models import MessageText
from .shipped import TITLES, Wording, shipped
from .sizes import Size, size_of
from .texts import PLACEHOLDERS, Wordings, Written

MOST = {"sender": 80, "subject": 150, "body": 4000, "sms": 600}
"""Letters of each part, before its placeholders are filled."""

PARTS = {"sender": N_("The sender"), "subject": N_("The subject"), "body": N_("The email"), "sms": N_("The SMS")}


class NoSuchText(NotFound):
    code = "text.unknown"
    sentence = N_("There is no message about %(event)s in the language %(language)s. Look at CERTIFY_LANGUAGES.")


class TextTooLong(BadInput):
    code = "text.too_long"
    sentence = N_("%(part)s may have at most %(most)s letters; this has %(letters)s.")


class TextMissing(BadInput):
    code = "text.missing"
    sentence = N_("%(part)s must not be empty.")


class Unstorable(BadInput):
    code = "text.unstorable"
    sentence = N_("%(part)s holds signs that are no letters. Write it anew.")


@dataclass(frozen=True, slots=True)
class TextView:
    """What is said of an event in a language, and who wrote it last; nobody: we did."""

    event: str
    language: str
    wording: Wording
    changed_at: datetime | None = None
    changed_by: str | None = None

    @property
    def is_own(self) -> bool:
        return self.changed_by is not None


@dataclass(frozen=True, slots=True)
class Preview:
    """The messages as an invented learner would get them."""

    email: Written
    sms: str
    size: Size


def list_texts(rt: Runtime, tenant_ref: str) -> list[TextView]:
    """Every event in every language of this site."""
    with rt.reading() as session:
        own = {(row.event, row.language): _view(row) for row in session.scalars(_of(tenant_ref))}
    asked = [(event, language) for event in TITLES for language in rt.settings.languages]
    return [own.get(each) or TextView(*each, shipped(*each)) for each in asked]


def get_text(rt: Runtime, tenant_ref: str, event: str, language: str) -> TextView:
    """Raises NoSuchText."""
    language = _named(rt, event, language)
    with rt.reading() as session:
        row = session.get(MessageText, (tenant_ref, event, language))
        return _view(row) if row else TextView(event, language, shipped(event, language))


def own_wordings(session: orm.Session, tenant_ref: str) -> Wordings:
    """What the tenant says itself, for whoever sends: one question for a whole chunk."""
    return {(row.event, row.language): _view(row).wording for row in session.scalars(_of(tenant_ref))}


def save(rt: Runtime, tenant_ref: str, event: str, language: str, wording: Wording, actor: str) -> TextView:
    """From now on the tenant says this. Messages that wait are written with it.

    Raises NoSuchText, TextTooLong, TextMissing, Unstorable, UnknownPlaceholder, NotAllowed, Unreadable.
    """
    language = _named(rt, event, language)
    tidied = checked(wording)
    now = rt.clock.now()
    row = {"tenant_ref": tenant_ref, "event": event, "language": language, "changed_at": now, "changed_by": actor}
    row |= {part: getattr(tidied, part) for part in MOST}
    with rt.transaction() as tx:
        upsert(tx.session, MessageText, [row], keys=("tenant_ref", "event", "language"))
        _note(rt, tx, tenant_ref, event, language, actor, "message_text.change")
    return TextView(event, language, tidied, now, actor)


def put_back(rt: Runtime, tenant_ref: str, event: str, language: str, actor: str) -> TextView:
    """From now on the tenant says what we ship. Raises NoSuchText."""
    language = _named(rt, event, language)
    with rt.transaction() as tx:
        gone = tx.session.execute(
            sa.delete(MessageText)
            .where(MessageText.tenant_ref == tenant_ref, MessageText.event == event, MessageText.language == language)
            .execution_options(synchronize_session=False)
        )
        if gone.rowcount:  # type: ignore[attr-defined]
            _note(rt, tx, tenant_ref, event, language, actor, "message_text.put_back")
    return TextView(event, language, shipped(event, language))


def preview(rt: Runtime, issuer: IssuerView, event: str, language: str, wording: Wording) -> Preview:
    """How it would arrive. Nothing is stored, nothing is sent. Raises what `save` raises."""
    language = _named(rt, event, language)
    tried, award = checked(wording), sample(issuer.name, "Physics for Teachers", rt.clock.now())
    written = texts.email(award, language, f"{rt.settings.base}/me", event, wording=tried)
    said = texts.sms(award, language, event, wording=tried)
    return Preview(written, said, size_of(said))


def checked(wording: Wording) -> Wording:
    """The wording as it is kept. Raises TextTooLong, TextMissing, Unstorable and what the sandbox raises."""
    tidied = replace(
        wording,
        body="\n".join(line.rstrip() for line in wording.body.strip().splitlines()),
        **{part: " ".join(getattr(wording, part).split()) for part in ("sender", "subject", "sms")},
    )
    for part in fields(tidied):
        text, name = getattr(tidied, part.name), c_(PARTS[part.name])
        if len(text) > MOST[part.name]:
            raise TextTooLong(part=name, most=MOST[part.name], letters=len(text))
        if not text and part.name != "sender":
            raise TextMissing(part=name)
        if UNSTORABLE.search(text):
            raise Unstorable(part=name)
        sandbox.check(text, tuple(PLACEHOLDERS))
    return tidied


def _named(rt: Runtime, event: str, asked: str) -> str:
    """The language as we spell it. Raises NoSuchText."""
    language = languages.spelled(asked)
    if event not in TITLES or language not in rt.settings.languages:
        raise NoSuchText(event=event, language=asked)
    return language


def _of(tenant_ref: str) -> sa.Select[MessageText]:
    return sa.select(MessageText).where(MessageText.tenant_ref == tenant_ref)


def _view(row: MessageText) -> TextView:
    wording = Wording(row.sender, row.subject, row.body, row.sms)
    return TextView(row.event, row.language, wording, row.changed_at, row.changed_by)


def _note(rt: Runtime, tx: Transaction, tenant_ref: str, event: str, language: str, actor: str, act: str) -> None:
    audit.record(
        tx, tenant_ref=tenant_ref, actor_ref=actor, act=act, subject=f"text:{event}/{language}", at=rt.clock.now()
    )


def sample(issuer_name: str, title: str, now: datetime) -> Frozen:
    """An invented learner's certificate."""
    return Frozen(
        recipient_name="Ada Lovelace",
        course_title=title,
        achievement_key="completion",
        achievement_title="Course completion",
        description="",
        criteria="",
        issuer_name=issuer_name,
        issuer_slug="",
        issuer_did="",
        completed_on=now - timedelta(days=7),
        issued_at=now,
        zone="UTC",
        language="en",
    )
