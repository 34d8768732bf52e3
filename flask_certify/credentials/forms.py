"""Other forms of a signed credential, made when somebody asks: JWT, baked pictures, what a PDF holds, older badges.

All are made from what was signed and from what the award froze, so none can say anything else.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.resources import files
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ..achievements.models import Issuer
from ..awards.frozen import Frozen
from ..awards.models import Award
from ..awards.states import AwardState
from ..core.runtime import Runtime
from . import carriers, jwt, open_badges_2, proof
from .contexts import Document
from .errors import NotSigned, UnknownBadge
from .form_keys import ES256, RS256, form_signer, public_keys
from .models import Credential
from .open_badges_2 import Badge

JSON_LD, TOKEN, PNG, SVG = "application/vc", "application/vc+jwt", "image/png", "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Form:
    """A credential in one of its forms, as a file to be handed out. Holds the recipient's name."""

    data: bytes = field(repr=False)
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """What all forms are made from."""

    award_id: UUID
    issuer_id: UUID
    issuer_did: str
    issuer_slug: str
    issuer_url: str
    base: str
    code: str
    state: AwardState
    frozen: Frozen = field(repr=False)
    text: str = field(repr=False)

    @property
    def document(self) -> Document:
        found: Document = json.loads(self.text)
        return found


def make_form(rt: Runtime, award_id: UUID, form: str) -> Form:
    """The credential of the award in this form, one of FORMS. Raises NotSigned, MasterKeyMissing, KeyDoesNotOpen."""
    source = get_source(rt, Credential.award_id == award_id)
    match form:
        case "open-badge.json":
            return Form(source.text.encode("utf-8"), JSON_LD, form)
        case "open-badge.jwt":
            return Form(as_jwt(rt, source).encode("ascii"), TOKEN, form)
        case "open-badge.png":
            return Form(carriers.bake_png(picture("badge.png"), source.text), PNG, form)
        case "open-badge.svg":
            svg = carriers.bake_svg(picture("badge.svg").decode("utf-8"), source.text)
            return Form(svg.encode("utf-8"), SVG, form)
        case "open-badge-2.json":
            return Form(_json(open_badges_2.hosted(badge_of(source))), "application/ld+json", form)
        case "open-badge-2.jws":
            signer = form_signer(rt, source.issuer_id, source.issuer_did, RS256)
            return Form(open_badges_2.signed(badge_of(source), signer).encode("ascii"), "application/jose", form)
        case "incredible.json":
            signer = form_signer(rt, source.issuer_id, source.issuer_did, RS256)
            return Form(_json(open_badges_2.incredible(badge_of(source), signer)), "application/ld+json", form)
    raise NotSigned()


FORMS = (
    *("open-badge.json", "open-badge.jwt", "open-badge.png", "open-badge.svg"),
    *("open-badge-2.json", "open-badge-2.jws", "incredible.json"),
)


def as_jwt(rt: Runtime, source: Source) -> str:
    """VC-JWT of Open Badges 3.0, by ES256: 1EdTech's validator takes no Ed25519."""
    signer = form_signer(rt, source.issuer_id, source.issuer_did, ES256)
    return jwt.of_credential(proof.without_proof(source.document), signer, kind="JWT")


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """What professional networks ask for about a certificate (R-138). Days are those of its zone."""

    title: str
    organisation: str
    issued: date
    expires: date | None  # None: it does not
    code: str
    link: str


def source_of(rt: Runtime, award_id: UUID) -> Source:
    """Raises NotSigned."""
    return get_source(rt, Credential.award_id == award_id)


def network_entry(source: Source) -> NetworkEntry:
    frozen, until = source.frozen, source.document.get("validUntil")
    zone = ZoneInfo(frozen.zone)
    return NetworkEntry(
        title=f"{frozen.achievement_title}: {frozen.course_title}",
        organisation=frozen.issuer_name,
        issued=frozen.issued_at.astimezone(zone).date(),
        expires=datetime.fromisoformat(until).astimezone(zone).date() if until else None,
        code=source.code,
        link=f"{source.base}/v/{source.code}",
    )


def linkedin_url(source: Source) -> str:
    """The page on which LinkedIn asks its member whether to add this certificate, filled in."""
    entry = network_entry(source)
    fields = {
        "startTask": "CERTIFICATION_NAME",
        "name": entry.title,
        "organizationName": entry.organisation,
        "issueYear": str(entry.issued.year),
        "issueMonth": str(entry.issued.month),
        "certUrl": entry.link,
        "certId": entry.code,
    }
    if entry.expires is not None:
        fields |= {"expirationYear": str(entry.expires.year), "expirationMonth": str(entry.expires.month)}
    return "https://www.linkedin.com/profile/add?" + urlencode(fields)


# ---- Open Badges 2.0, as strangers fetch it ----------------------------------------------------------------------


def open_badges_2_document(
    rt: Runtime, slug: str, credential_id: UUID, which: str, key_name: str | None = None
) -> Document:
    """`assertion` or `badge` of one credential, at its own unguessable address. Raises UnknownBadge.

    `key_name`: as the form that this key signed names it.
    """
    try:
        source = get_source(rt, Credential.credential_id == f"urn:uuid:{credential_id}")
    except NotSigned:
        raise UnknownBadge() from None
    if source.issuer_slug != slug:
        raise UnknownBadge()
    badge = badge_of(source)
    if key_name is not None:
        open_badges_2_key(rt, slug, key_name, "key")
    if which == "badge":
        return open_badges_2.badge_class(badge, key_name)
    if source.state is not AwardState.ISSUED:
        return open_badges_2.revoked_assertion(badge)
    return open_badges_2.hosted(badge)


def open_badges_2_issuer(rt: Runtime, slug: str, which: str) -> Document:
    """`issuer` or `revoked` of an issuer. Raises UnknownBadge."""
    with rt.reading() as session:
        issuer = session.scalar(sa.select(Issuer).where(Issuer.slug == slug))
        if issuer is None:
            raise UnknownBadge()
        home = open_badges_2.Home(issuer.base, issuer.slug, issuer.name, issuer.url)
        revoked = session.scalars(
            sa.select(Credential.credential_id)
            .join(Award, Award.id == Credential.award_id)
            .where(
                Credential.issuer_id == issuer.id,
                Award.state.in_([AwardState.WITHDRAWN, AwardState.REVOKED]),
            )
            .order_by(Credential.credential_id)
        ).all()
    return open_badges_2.issuer(home) if which == "issuer" else open_badges_2.revocations(home, revoked)


def open_badges_2_key(rt: Runtime, slug: str, name: str, which: str) -> Document:
    """`key` or `issuer` of a key, as long as it vouches for what it signed. Raises UnknownBadge."""
    with rt.reading() as session:
        issuer = session.scalar(sa.select(Issuer).where(Issuer.slug == slug))
        pem = dict(public_keys(session, issuer.id, RS256)).get(name) if issuer else None
        if issuer is None or pem is None:
            raise UnknownBadge()
        home = open_badges_2.Home(issuer.base, issuer.slug, issuer.name, issuer.url)
        return open_badges_2.key(home, name, pem) if which == "key" else open_badges_2.issuer(home, name)


def badge_of(source: Source) -> Badge:
    """What older badges say of it."""
    document = source.document
    return Badge(
        home=open_badges_2.Home(source.base, source.issuer_slug, source.frozen.issuer_name, document["issuer"]["url"]),
        document=document,
        frozen=source.frozen,
        code=source.code,
        award_id=source.award_id,
    )


def get_source(rt: Runtime, which: sa.ColumnElement[bool]) -> Source:
    """Raises NotSigned for what is not signed yet, or was erased at the holder's wish."""
    with rt.reading() as session:
        found = session.execute(
            sa.select(Credential.document, Award, Issuer)
            .join(Award, Award.id == Credential.award_id)
            .join(Issuer, Issuer.id == Credential.issuer_id)
            .where(which)
        ).one_or_none()
        if found is None or found.document is None:
            raise NotSigned()
        award, issuer = found.Award, found.Issuer
        return Source(
            award.id,
            issuer.id,
            issuer.did,
            issuer.slug,
            issuer.url,
            issuer.base,
            award.code,
            AwardState(award.state),
            Frozen.from_json(award.frozen),
            found.document,
        )


def picture(name: str) -> bytes:
    """The badge that carries a credential."""
    return (files(__package__) / "static" / name).read_bytes()


def _json(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8")
