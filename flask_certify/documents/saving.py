"""Making and changing the templates of a tenant.

A change is a new version, which later certificates use (R-019); what was issued keeps the version it was printed from.
A template that was ever attached is kept for ever: it can be retired, and taken up again (R-021).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Attachment, Issuer
from ..achievements.service import get_issuer
from ..core import audit
from ..core.ids import new_id
from ..core.languages import find_tag, spelled
from ..core.runtime import Runtime
from ..core.storage import put_blob
from ..core.transaction import Transaction
from . import checks, pictures, shipped, signatories
from .checks import Findings, Warned
from .errors import (
    NoPages,
    NoSuchPage,
    SameLanguage,
    TemplateAttached,
    TemplateExists,
    TemplateKept,
    TemplateNotFound,
    TemplateRetired,
    TooManyPages,
    WrongKey,
    WrongLanguage,
    WrongName,
)
from .models import IN_USE, RETIRED, PlateFile, Template, TemplateVersion
from .placeholders import SAMPLE_CODE, Value
from .plate import ENGINE
from .service import keep_plate, latest_version, view_of
from .signatories import Place
from .templates import Page, TemplateView, attached_to, get_template

LONGEST_NAME, LONGEST_NOTE = 200, 500
IN_A_REQUEST = 15
"""Seconds in which the last page has to be begun while somebody waits; one page may take ten, and web servers give up
after thirty."""
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Change(Protocol):
    """What `retire`, `take_up` and `delete` have in common."""

    def __call__(self, rt: Runtime, template_id: UUID, *, actor: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Saved:
    """The versions that hold from now on, by language, and what their author should know."""

    template_id: UUID
    versions: Mapping[str, UUID]
    warnings: tuple[Warned, ...]


# ---- trying ----------------------------------------------------------------------------------------


def look_at(rt: Runtime, tenant_ref: str, page: Page, language: str, template_id: UUID | None = None) -> Findings:
    """What saving this page would say, with the issuer's own name and address. Raises what pictures are refused for,
    UnknownIssuer and WrongLanguage."""
    language = _tagged(language)
    with rt.reading() as session:
        issuer = _issuer(session, tenant_ref)
        known = _known_pictures(session, template_id)
        address = f"{issuer.base}/v/{SAMPLE_CODE}"
        values: dict[str, Value] = {"issuer.name": issuer.name, "qr": address, "certificate.address": address}
    return checks.look_at(page.html, language, _normal(page, known), values)


def _normal(page: Page, known: frozenset[str]) -> dict[str, bytes]:
    """The pictures as they are kept. One that is kept already stays as it is. Raises TooLarge, PictureRefused."""
    checks.check_size(page.html, page.pictures)
    return {
        name: data if hashlib.sha256(data).hexdigest() in known else pictures.normal(name, data)
        for name, data in sorted(page.pictures.items())
    }


def _known_pictures(session: orm.Session, template_id: UUID | None) -> frozenset[str]:
    rows = session.scalars(sa.select(TemplateVersion.assets).where(TemplateVersion.template_id == template_id))
    return frozenset(sha256 for assets in rows for sha256 in assets.values())


# ---- changing --------------------------------------------------------------------------------------


def make(
    rt: Runtime,
    tenant_ref: str,
    key: str,
    name: str,
    pages: Mapping[str, Page],
    *,
    language: str | None = None,
    note: str = "",
    within: float | None = None,
    actor: str,
) -> Saved:
    """A template of the tenant, with its pages by language.

    Raises WrongKey, NoSuchPage, TemplateExists, UnknownIssuer, and what `save` raises.
    """
    if not _KEY.fullmatch(key):
        raise WrongKey()
    name, note = _worded(name, note)
    pages = _by_tag(pages)
    if language is not None and (language := _tagged(language)) not in pages:
        raise NoSuchPage(language=language)
    laid_out = _laid_out(rt, tenant_ref, pages, None, within)
    with rt.transaction() as tx:
        issuer = _issuer(tx.session, tenant_ref)
        tx.session.execute(sa.select(Issuer.id).where(Issuer.id == issuer.id).with_for_update())
        if tx.session.scalar(sa.select(Template.id).where(Template.issuer_id == issuer.id, Template.key == key)):
            raise TemplateExists(key=key)
        row = Template(id=new_id(), issuer_id=issuer.id, key=key, name=name, state=IN_USE, language=language)
        tx.session.add(row)
        tx.session.flush()
        _note_act(rt, tx, row, "template.make", actor)
        return _store(rt, tx, row, laid_out, note, actor)


def save(
    rt: Runtime,
    template_id: UUID,
    pages: Mapping[str, Page],
    *,
    note: str = "",
    within: float | None = None,
    actor: str,
) -> Saved:
    """A new version in each of the languages whose page is different, which later certificates use; those already
    issued stay as they are (R-019).

    Takes a second for each, since it is laid out first; once `within` seconds are over no other is begun. All are saved
    or none. Raises a TemplateRefused that says what to change, NoGlyph, TooLong, QrTooDense, TemplateNotFound,
    TemplateRetired, WrongName; for the languages NoPages, TooManyPages, WrongLanguage, SameLanguage.
    """
    _, note = _worded("-", note)
    with rt.reading() as session:
        template = get_template(session, template_id)
    laid_out = _laid_out(rt, template.tenant_ref, _by_tag(pages), template_id, within)
    with rt.transaction() as tx:
        row = _locked(tx.session, template_id)
        if row.state == RETIRED:
            raise TemplateRetired()
        return _store(rt, tx, row, laid_out, note, actor)


@dataclass(frozen=True, slots=True)
class _LaidOut:
    html: str
    kept: Mapping[str, bytes]
    found: Findings


def _laid_out(
    rt: Runtime, tenant_ref: str, pages: Mapping[str, Page], template_id: UUID | None, within: float | None
) -> dict[str, _LaidOut]:
    """Each page, checked. Raises the first refusal, and TooManyPages."""
    laid_out = dict[str, _LaidOut]()
    begun = monotonic()
    with rt.reading() as session:
        known = _known_pictures(session, template_id)
    for language, page in pages.items():
        if within is not None and monotonic() - begun > within:
            raise TooManyPages(pages=len(pages), done=len(laid_out), seconds=round(within))
        kept = _normal(page, known)
        found = look_at(rt, tenant_ref, page, language, template_id)
        for refusal in found.refusals:
            raise refusal
        laid_out[language] = _LaidOut(page.html, kept, found)
    return laid_out


def _store(
    rt: Runtime, tx: Transaction, row: Template, laid_out: Mapping[str, _LaidOut], note: str, actor: str
) -> Saved:
    versions, warnings = {}, list[Warned]()
    fresh = 0
    for language, each in laid_out.items():
        made, is_new = _store_version(rt, tx, row, language, each, note, actor)
        fresh += is_new
        versions[language] = made
        warnings += [warned for warned in each.found.warnings if warned not in warnings]
    if not fresh:
        warnings.insert(0, Warned("template.unchanged"))
    elif attached_to(tx.session, row.id):
        warnings.insert(0, Warned("template.later_only"))
    return Saved(row.id, versions, tuple(warnings))


def _store_version(
    rt: Runtime, tx: Transaction, template: Template, language: str, page: _LaidOut, note: str, actor: str
) -> tuple[UUID, bool]:
    session = tx.session
    html_sha = put_blob(session, page.html.encode(), "text/html")
    assets = {name: put_blob(session, data, pictures.media_type(name)) for name, data in page.kept.items()}
    last = session.scalar(
        sa.select(TemplateVersion)
        .where(TemplateVersion.template_id == template.id, TemplateVersion.language == language)
        .order_by(TemplateVersion.number.desc())
        .limit(1)
    )
    if last is not None and (last.html_sha, last.assets, last.engine) == (html_sha, assets, ENGINE):
        return last.id, False
    row = TemplateVersion(
        id=new_id(),
        template_id=template.id,
        number=last.number + 1 if last else 1,
        language=language,
        html_sha=html_sha,
        assets=assets,
        engine=ENGINE,
        note=note or None,
        created_at=rt.clock.now(),
        created_by=actor,
    )
    session.add(row)
    session.flush()
    assert page.found.plate is not None
    keep_plate(rt, session, view_of(row), page.found.plate)
    _note_act(rt, tx, template, "template.save", actor, number=row.number, language=language)
    return row.id, True


def settle(
    rt: Runtime,
    template_id: UUID,
    *,
    name: str,
    language: str | None,
    places: Sequence[Place] | None,
    actor: str,
) -> tuple[Warned, ...]:
    """Name, language (None: the learner's) and signatories (None: those on file) from now on.

    Raises TemplateNotFound, WrongName, NoSuchPage, and what `signatories.stored` raises.
    """
    name, _ = _worded(name, "")
    with rt.transaction() as tx:
        row = _locked(tx.session, template_id)
        if language is not None:
            language = spelled(language)
            _check_there(tx.session, template_id, language)
        row.name, row.language = name, language
        signatories.let_go(tx.session, row)
        row.signatories = signatories.stored(tx.session, row.issuer_id, places)
        _note_act(rt, tx, row, "template.settle", actor, language=language, places=len(places or ()))
        return (Warned("template.later_only"),) if attached_to(tx.session, template_id) else ()


def retire(rt: Runtime, template_id: UUID, *, actor: str) -> None:
    """It is not offered any more; its certificates stay, and are printed from it. Raises TemplateNotFound,
    TemplateAttached."""
    with rt.transaction() as tx:
        row = _locked(tx.session, template_id)
        if places := attached_to(tx.session, template_id):
            raise TemplateAttached(runs=", ".join(places))
        if row.state != RETIRED:
            row.state = RETIRED
            _note_act(rt, tx, row, "template.retire", actor)


def take_up(rt: Runtime, template_id: UUID, *, actor: str) -> None:
    """A retired template is in use again. Raises TemplateNotFound."""
    with rt.transaction() as tx:
        row = _locked(tx.session, template_id)
        if row.state == RETIRED:
            row.state = IN_USE
            _note_act(rt, tx, row, "template.take_up", actor)


def delete(rt: Runtime, template_id: UUID, *, actor: str) -> None:
    """Only one that was never attached. Raises TemplateNotFound, TemplateKept."""
    with rt.transaction() as tx:
        row = _locked(tx.session, template_id)
        was = tx.session.scalar(sa.select(Attachment.id).where(Attachment.template_id == template_id).limit(1))
        if was is not None or _is_shipped(row.key):
            raise TemplateKept()
        versions = tx.session.scalars(sa.select(TemplateVersion).where(TemplateVersion.template_id == template_id))
        keys = {view_of(each).plate_key for each in versions} - _needed_by_others(tx.session, template_id)
        tx.session.execute(sa.delete(PlateFile).where(PlateFile.key.in_(keys)))
        tx.session.execute(sa.delete(TemplateVersion).where(TemplateVersion.template_id == template_id))
        _note_act(rt, tx, row, "template.delete", actor)
        tx.session.delete(row)


def _needed_by_others(session: orm.Session, template_id: UUID) -> set[str]:
    """The plates of other templates with the same page, of whichever tenant."""
    same = sa.select(TemplateVersion.html_sha).where(TemplateVersion.template_id == template_id)
    others = sa.select(TemplateVersion).where(
        TemplateVersion.html_sha.in_(same), TemplateVersion.template_id != template_id
    )
    return {view_of(each).plate_key for each in session.scalars(others)}


def may_be_deleted(template: TemplateView) -> bool:
    """Whether `delete` would do it."""
    return not template.was_attached and not _is_shipped(template.key)


def _is_shipped(key: str) -> bool:
    return key in {design.key for design in shipped.designs()}


# ---- in the transaction ----------------------------------------------------------------------------


def _locked(session: orm.Session, template_id: UUID) -> Template:
    """The template, kept from others who would change it at the same time."""
    found = session.scalar(sa.select(Template).where(Template.id == template_id).with_for_update())
    if found is None:
        raise TemplateNotFound()
    return found


def _issuer(session: orm.Session, tenant_ref: str) -> Issuer:
    return session.get_one(Issuer, get_issuer(session, tenant_ref).id)


def _check_there(session: orm.Session, template_id: UUID, language: str) -> None:
    if latest_version(session, template_id, language).language != language:
        raise NoSuchPage(language=language)


def _tagged(language: str) -> str:
    """The language as we spell it. Raises WrongLanguage."""
    found = find_tag(language)
    if found is None:
        raise WrongLanguage(language=language[:40])
    return found


def _by_tag(pages: Mapping[str, Page]) -> dict[str, Page]:
    """The pages by language as we spell it. Raises NoPages, WrongLanguage, SameLanguage."""
    if not pages:
        raise NoPages()
    found: dict[str, Page] = {}
    for said, page in pages.items():
        language = _tagged(said)
        if language in found:
            raise SameLanguage(language=language)
        found[language] = page
    return found


def _worded(name: str, note: str) -> tuple[str, str]:
    """Both in one line. Raises WrongName."""
    said = " ".join(name.split()), " ".join(note.split())
    if not 0 < len(said[0]) <= LONGEST_NAME or len(said[1]) > LONGEST_NOTE or not all(map(str.isprintable, said)):
        raise WrongName()
    return said


def _note_act(rt: Runtime, tx: Transaction, template: Template, act: str, actor: str, **details: Any) -> None:
    audit.record(
        tx,
        tenant_ref=tx.session.scalars(sa.select(Issuer.tenant_ref).where(Issuer.id == template.issuer_id)).one(),
        actor_ref=actor,
        act=act,
        subject=f"template:{template.id}",
        at=rt.clock.now(),
        **details,
    )
