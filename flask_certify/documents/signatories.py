"""Who signs a certificate: none, one or two of those whom the issuer has on file, or of the template's own (R-017).

Whoever is missing on file comes from the template, and never touches the issuer. What was printed is frozen with each
award, so nothing here reaches back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer, Signatory
from ..achievements.service import SignatoryView, get_issuer
from ..core import audit
from ..core.errors import BadInput, Conflict, NotFound
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.storage import get_blob, has_blob, keep_blob, put_blob
from . import dialect, fonts, pictures
from .errors import NoGlyph
from .models import Template, TemplateVersion

MOST = 2
LONGEST = 200
_FILE = "signature.png"


class UnknownSignatory(NotFound):
    code = "signatory.unknown"
    sentence = N_("The issuer has no such signatory on file.")


class SignatoryInUse(Conflict):
    code = "signatory.in_use"
    sentence = N_("Templates print this signatory: %(templates)s. Choose somebody else there first.")


class TooManySignatories(BadInput):
    code = "signatory.too_many"
    sentence = N_("A template prints none, one or two signatories.")


class WrongSignatory(BadInput):
    code = "signatory.wrong"
    sentence = N_("A signatory has a name and a designation, of at most %(longest)s characters each.")


class SignatureGone(Conflict):
    code = "signatory.signature_gone"
    sentence = N_("The signature is not there any more. Choose the file again.")


@dataclass(frozen=True, slots=True)
class OnFile:
    """A signatory of the issuer."""

    id: UUID
    name: str
    designation: str
    image_sha: str | None


Place = UUID | SignatoryView
"""Who stands in a place of a template: somebody on file, or somebody of the template's own."""


# ---- on file ---------------------------------------------------------------------------------------


def on_file(session: orm.Session, issuer_id: UUID) -> list[OnFile]:
    """All of the issuer's, in the order in which they were put on file."""
    rows = session.scalars(
        sa.select(Signatory).where(Signatory.issuer_id == issuer_id).order_by(Signatory.position, Signatory.id)
    )
    return [OnFile(each.id, each.name, each.designation, each.image_sha) for each in rows]


def put_on_file(
    rt: Runtime, tenant_ref: str, name: str, designation: str, image: bytes | None = None, *, actor: str
) -> UUID:
    """The id of the new signatory. Raises UnknownIssuer, WrongSignatory, NoGlyph, PictureRefused."""
    name, designation = checked(name, designation)
    kept = pictures.normal(_FILE, image) if image else None
    with rt.transaction() as tx:
        issuer = get_issuer(tx.session, tenant_ref)
        tx.session.execute(sa.select(Issuer.id).where(Issuer.id == issuer.id).with_for_update())
        highest = sa.select(sa.func.max(Signatory.position)).where(Signatory.issuer_id == issuer.id)
        row = Signatory(
            id=new_id(),
            issuer_id=issuer.id,
            position=(tx.session.scalar(highest) or 0) + 1,
            name=name,
            designation=designation,
            image_sha=put_blob(tx.session, kept, pictures.media_type(_FILE)) if kept else None,
        )
        tx.session.add(row)
        audit.record(
            tx,
            tenant_ref=tenant_ref,
            actor_ref=actor,
            act="signatory.add",
            subject=f"signatory:{row.id}",
            at=rt.clock.now(),
        )
        return row.id


def keep_image(rt: Runtime, image: bytes) -> str:
    """The hash of a signature, which is there from now on. Raises PictureRefused."""
    kept = pictures.normal(_FILE, image)
    with rt.transaction() as tx:
        return put_blob(tx.session, kept, pictures.media_type(_FILE))


def take_off_file(rt: Runtime, tenant_ref: str, signatory_id: UUID, *, actor: str) -> None:
    """Certificates that name them stay as they are. Raises UnknownIssuer, UnknownSignatory, SignatoryInUse."""
    with rt.transaction() as tx:
        issuer = get_issuer(tx.session, tenant_ref)
        row = tx.session.get(Signatory, signatory_id)
        if row is None or row.issuer_id != issuer.id:
            raise UnknownSignatory()
        templates = tx.session.scalars(sa.select(Template).where(Template.issuer_id == issuer.id))
        users = [each.name for each in templates if signatory_id in places_of(each)]
        if users:
            raise SignatoryInUse(templates=", ".join(sorted(users)))
        if row.image_sha:
            keep_blob(tx.session, row.image_sha)  # a batch that is under way may still print it
        tx.session.delete(row)
        audit.record(
            tx,
            tenant_ref=tenant_ref,
            actor_ref=actor,
            act="signatory.remove",
            subject=f"signatory:{signatory_id}",
            at=rt.clock.now(),
        )


def checked(name: str, designation: str) -> tuple[str, str]:
    """Both as they are printed. Raises WrongSignatory, NoGlyph."""
    said = fonts.tidy(name), fonts.tidy(designation)
    if not all(0 < len(each) <= LONGEST for each in said):
        raise WrongSignatory(longest=LONGEST)
    for where, text in zip(("signatory.name", "signatory.designation"), said, strict=True):
        if unknown := fonts.missing(text):
            raise NoGlyph(where=where, characters=fonts.named(unknown))
    return said


# ---- of a template ---------------------------------------------------------------------------------


def places_of(template: Template) -> tuple[Place, ...]:
    """What was chosen for the template; nothing if it follows the file."""
    return tuple(_place_in(each) for each in template.signatories or ())


def stored(session: orm.Session, issuer_id: UUID, places: Sequence[Place] | None) -> list[dict[str, Any]] | None:
    """The choice as a template keeps it. Raises TooManySignatories, UnknownSignatory, WrongSignatory, NoGlyph,
    SignatureGone."""
    if places is None:
        return None
    if len(places) > MOST:
        raise TooManySignatories()
    known = {each.id for each in on_file(session, issuer_id)}
    kept: list[dict[str, Any]] = []
    for place in places:
        if isinstance(place, UUID):
            if place not in known:
                raise UnknownSignatory()
            kept.append({"on_file": str(place)})
        else:
            name, designation = checked(place.name, place.designation)
            kept.append({"name": name, "designation": designation, "image_sha": _still_there(session, place.image_sha)})
    return kept


def let_go(session: orm.Session, template: Template) -> None:
    """Signatures that the template is about to name no more: a batch that is under way may still print them."""
    for place in template.signatories or ():
        if place.get("image_sha"):
            keep_blob(session, place["image_sha"])


def _still_there(session: orm.Session, image_sha: str | None) -> str | None:
    """Raises SignatureGone for one of a form that lay open for days while somebody else chose another."""
    if image_sha is None:
        return None
    keep_blob(session, image_sha)
    if not has_blob(session, image_sha):
        raise SignatureGone()
    return image_sha


def printed_by(session: orm.Session, version_id: UUID) -> tuple[SignatoryView, ...]:
    """Who signs what is printed from this version now: as many as it has places for, none, one or two."""
    version = session.get_one(TemplateVersion, version_id)
    template = session.get_one(Template, version.template_id)
    return would_print(session, template.issuer_id, template.id, get_blob(session, version.html_sha).decode())


def would_print(
    session: orm.Session, issuer_id: UUID, template_id: UUID | None, html: str
) -> tuple[SignatoryView, ...]:
    """Who would sign if the page was saved. Of a template that is not there yet: the first on file."""
    known = {each.id: each for each in on_file(session, issuer_id)}
    template = session.get_one(Template, template_id) if template_id else None
    chosen = tuple(known) if template is None or template.signatories is None else places_of(template)
    found = (known.get(place) if isinstance(place, UUID) else place for place in chosen)
    there = [SignatoryView(each.name, each.designation, each.image_sha) for each in found if each is not None]
    return tuple(there[: _how_many(html)])


@lru_cache(maxsize=64)
def _how_many(html: str) -> int:
    """For how many signatories the page has a place."""
    asked_for = {element.get("data-slot") for element in dialect.slots(dialect.parsed(html))}
    return max((number for number in range(1, MOST + 1) if f"signatory.{number}.name" in asked_for), default=0)


def _place_in(kept: Mapping[str, Any]) -> Place:
    if "on_file" in kept:
        return UUID(kept["on_file"])
    return SignatoryView(kept["name"], kept["designation"], kept["image_sha"])
