"""Bytes that nobody needs any more are cleared away by the clock.

A designer tries pictures that are never saved, a template is deleted that was never attached, a person is erased and
was the last with a document of that kind: what they leave behind is stored by its contents, and knows of nobody who
needs it. So whoever may is asked here. What was put down or let go of in the last days stays: it may be on its way.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Signatory
from ..awards.models import Award
from ..core.duties import Duty, each
from ..core.runtime import Runtime
from ..core.storage import Blob
from .models import Document, PlateFile, Template, TemplateVersion

KEPT = timedelta(days=2)
MOST = 5000  # at once: the next day brings the next ones
_NAMING = (Document.prefix_sha, PlateFile.blob_sha, Signatory.image_sha)


def sweep(rt: Runtime) -> int:
    """How many were cleared away. Never what a template, a signatory, an award or a printed document names."""
    before = rt.clock.now() - KEPT
    with rt.reading() as session:
        unused = _unused(session, before)
    with rt.transaction() as tx:
        # Asked again in the one statement that deletes: whoever puts it down meanwhile has made it young.
        gone = tx.session.scalars(
            sa.delete(Blob).where(Blob.sha256.in_(unused), Blob.stored_at < before).returning(Blob.sha256)
        )
        return len(gone.all())


def _unused(session: orm.Session, before: datetime) -> list[str]:
    named = set(_named_by_templates(session))
    for naming in _NAMING:  # few are different, of however many documents
        named.update(session.scalars(sa.select(naming).where(naming.is_not(None)).distinct()))
    old = sa.select(Blob.sha256, Blob.media_type).where(
        Blob.stored_at < before,
        ~sa.exists().where(Document.sha256 == Blob.sha256),
    )
    found = [(sha256, kind) for sha256, kind in session.execute(old).all() if sha256 not in named][:MOST]
    signatures = _named_by_awards(session, [sha256 for sha256, kind in found if kind.startswith("image/")])
    return [sha256 for sha256, _ in found if sha256 not in signatures]


def _named_by_templates(session: orm.Session) -> Iterator[str]:
    for html_sha, assets in session.execute(sa.select(TemplateVersion.html_sha, TemplateVersion.assets)):
        yield html_sha
        yield from assets.values()
    for places in session.scalars(sa.select(Template.signatories).where(Template.signatories.is_not(None))):
        yield from (place["image_sha"] for place in places or () if place.get("image_sha"))


def _named_by_awards(session: orm.Session, pictures: Collection[str]) -> set[str]:
    """Signatures on certificates that were perhaps not printed yet. Few are asked for: most are still on file."""
    told = sa.cast(Award.frozen, sa.Text)
    return {
        sha256
        for sha256 in pictures
        if session.scalar(sa.select(Award.id).where(told.contains(sha256)).limit(1)) is not None
    }


UNUSED_BYTES = Duty("blobs.sweep", each(timedelta(days=1)), sweep)
