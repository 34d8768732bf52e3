"""What a certificate will look like, before anything is attached: sample values, and what is the issuer's own (R-013).

The person confirms that logos, signatures and designations are right and may be used. What was confirmed is a token of
exactly these versions and signatories: if any of it changes in between, the confirmation no longer holds.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import orm

from ..achievements.service import IssuerView, RunView, SignatoryView, get_issuer
from ..core.i18n import c_
from ..core.runtime import Runtime
from ..documents import service as documents
from ..documents import signatories as signing
from ..documents.errors import TemplateNotFound
from ..documents.models import Template
from ..documents.placeholders import PLACEHOLDERS, samples, worded


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown to whoever confirms."""

    template_name: str
    versions: Mapping[str, UUID]  # by language
    signatories: tuple[SignatoryView, ...]
    token: str


@dataclass(frozen=True, slots=True)
class SampleValue:
    """One gap of the template: what it is called, and what could stand there."""

    key: str
    label: str
    text: str


def seen_by(session: orm.Session, rt: Runtime, issuer: IssuerView, template_id: UUID) -> Seen:
    """What is confirmed by whoever attaches this template now. Raises TemplateNotFound for that of another issuer."""
    template = session.get(Template, template_id)
    if template is None or template.issuer_id != issuer.id:
        raise TemplateNotFound()
    versions = {
        language: documents.latest_version(session, template_id, template.language or language).id
        for language in rt.settings.languages
    }
    signatories = signing.printed_by(session, next(iter(versions.values())))
    said = [
        issuer.name,
        sorted((language, str(version)) for language, version in versions.items()),
        [[each.name, each.designation, each.image_sha] for each in signatories],
    ]
    token = hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
    return Seen(template.name, versions, signatories, token)


def preview(rt: Runtime, run: RunView, template_id: UUID) -> tuple[Seen, list[SampleValue]]:
    """What is to be confirmed, with sample values where the learner's will stand. Raises TemplateNotFound."""
    with rt.reading() as session:
        issuer = get_issuer(session, run.tenant_ref)
        seen = seen_by(session, rt, issuer, template_id)
    known: dict[str, str] = {
        "course.title": run.title,
        "issuer.name": issuer.name,
        **{
            f"signatory.{number}.{part}": text
            for number in (1, 2)
            for part, text in _printed(seen.signatories, number).items()
        },
    }
    shown = [
        SampleValue(key, c_(PLACEHOLDERS[key].label), known.get(key, worded(key, sample, _language(rt), "UTC")))
        for key, sample in samples().items()
    ]
    return seen, shown


def _printed(signatories: tuple[SignatoryView, ...], number: int) -> dict[str, str]:
    """Nothing where nobody signs: a sample would look as if somebody did."""
    if number > len(signatories):
        return {"name": "", "designation": ""}
    return {"name": signatories[number - 1].name, "designation": signatories[number - 1].designation}


def _language(rt: Runtime) -> str:
    return rt.settings.languages[0]
