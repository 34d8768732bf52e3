"""Everything that is needed to verify certificates without us, as plain files (R-150).

`web/` holds what stands at public addresses, and only it may be published: the credentials name their recipients, and
nobody may find them at addresses that can be listed or guessed (R-148).
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.models import Issuer
from ..achievements.service import UnknownRun, find_run
from ..awards.models import Award
from ..awards.states import AwardState
from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.runtime import Runtime
from ..credentials import service as credentials
from ..credentials.models import Credential, StatusList
from ..documents import service as documents
from ..issuing.printing import NotLive, facts_of, is_live, print_fresh

_AT_ONCE = 500  # certificates that are printed between two questions

README = """Certificates, exported so that they can be verified without the site that issued them.

credentials/<CODE>.json   the signed credential of each certificate, in whatever state it is. PERSONAL DATA: keep it.
credentials.csv           code, state, and the code of the certificate that replaced it.
documents/<CODE>.pdf      the document of each valid certificate, if they were asked for. PERSONAL DATA: keep it.
index.json                public address -> file, for what verifiers fetch: did documents and status lists.
web/                      those files. ONLY THIS FOLDER MAY BE PUBLISHED, each file at its address in index.json.
"""


class FolderNotEmpty(BadInput):
    code = "export.folder_not_empty"
    sentence = N_("The folder %(folder)s is not empty. Name a new one.")


@dataclass(frozen=True, slots=True)
class Exported:
    credentials: int
    """Written as files; erased and unsigned ones stand in the list alone."""
    certificates: int
    documents: int
    """That verifiers fetch."""
    printed: int = 0
    """Documents for people, if they were asked for."""
    not_printed: Mapping[str, str] = field(default_factory=dict)
    """Code of a certificate → code of why it has no document."""


def export(rt: Runtime, folder: Path, run_ref: str | None = None, *, prints: bool = False) -> Exported:
    """Writes it all into a new or empty folder; with `prints` also the PDFs.

    Raises FolderNotEmpty, UnknownRun, and what publishing raises.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(folder=folder.name)
    with rt.reading() as session:
        run = find_run(session, run_ref) if run_ref is not None else None
    if run_ref is not None and run is None:
        raise UnknownRun(run=run_ref)
    (folder / "credentials").mkdir(parents=True)
    (folder / "web").mkdir()
    (folder / "README.txt").write_text(README, encoding="utf-8")
    with rt.reading() as session:
        written, listed = _write_credentials(session, folder, run.id if run else None)
        published = list(_published(session, run.id if run else None))
    index = {url: _write_web(rt, folder, url, slug, number) for url, slug, number in published}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    printed, refused = _print(rt, folder / "documents", run.id if run else None) if prints else (0, {})
    return Exported(written, listed, len(index), printed, refused)


def _print(rt: Runtime, folder: Path, run_id: UUID | None) -> tuple[int, dict[str, str]]:
    """The documents of all valid certificates, the same bytes as ever; those that are printed now are kept."""
    folder.mkdir()
    live = sa.select(Award.id).where(Award.state == AwardState.ISSUED).order_by(Award.granted_at, Award.id)
    with rt.reading() as session:
        ids = session.scalars(live.where(Award.run_id == run_id) if run_id is not None else live).all()
        bases = {row.id: row.base for row in session.execute(sa.select(Issuer.id, Issuer.base))}
    written, refused = 0, dict[str, str]()
    for at in range(0, len(ids), _AT_ONCE):
        facts, fresh = facts_of(rt, ids[at : at + _AT_ONCE]), []
        for award in facts.awards.values():
            try:
                pieces = facts.kept.get(award.id)
                if not is_live(award):
                    raise NotLive()
                if pieces is None:
                    made = print_fresh(rt, award, bases[award.issuer_id], facts)
                    fresh.append(made)
                    pieces = made.press.prefix, made.tail.data
                (folder / f"{award.code}.pdf").write_bytes(b"".join(pieces))
                written += 1
            except (BadInput, NotLive) as error:
                refused[award.code] = error.code
        with rt.transaction() as tx:
            documents.keep_documents(rt, tx, fresh)
    return written, refused


def _write_credentials(session: orm.Session, folder: Path, run_id: UUID | None) -> tuple[int, int]:
    newer = orm.aliased(Award)
    chosen = (
        sa.select(Award.code, Award.state, Credential.document, newer.code.label("replaced_by"))
        .outerjoin(Credential, Credential.award_id == Award.id)
        .outerjoin(newer, sa.and_(newer.replaces_id == Award.id, newer.state != AwardState.GRANTED))
        .order_by(Award.granted_at, Award.id)
    )
    if run_id is not None:
        chosen = chosen.where(Award.run_id == run_id)
    written, codes = 0, set[str]()
    with (folder / "credentials.csv").open("w", newline="", encoding="utf-8") as table:
        rows = csv.writer(table)
        rows.writerow(["code", "state", "replaced_by"])
        for row in session.execute(chosen.execution_options(yield_per=1000)):
            if row.code in codes:
                continue
            codes.add(row.code)
            is_superseded = row.state == AwardState.REVOKED and row.replaced_by is not None
            rows.writerow([row.code, "superseded" if is_superseded else row.state, row.replaced_by or ""])
            if row.document is not None:
                (folder / "credentials" / f"{row.code}.json").write_text(row.document, encoding="utf-8")
                written += 1
    return written, len(codes)


def _published(session: orm.Session, run_id: UUID | None) -> Iterator[tuple[str, str, int | None]]:
    """Address, issuer and number of each document that verifiers fetch; no number for did documents."""
    issuers = sa.select(Issuer).order_by(Issuer.slug)
    if run_id is not None:
        issuers = issuers.where(Issuer.id.in_(sa.select(Award.issuer_id).where(Award.run_id == run_id)))
    for issuer in session.scalars(issuers).all():
        yield f"{issuer.base}/{issuer.slug}/did.json", issuer.slug, None
        numbers = sa.select(StatusList.number).where(StatusList.issuer_id == issuer.id).order_by(StatusList.number)
        if run_id is not None:
            of_run = sa.select(Credential.status_list_id).join(Award).where(Award.run_id == run_id)
            numbers = numbers.where(StatusList.id.in_(of_run))
        for number in session.scalars(numbers).all():
            yield credentials.list_url(issuer.base, issuer.slug, number), issuer.slug, number


def _write_web(rt: Runtime, folder: Path, url: str, slug: str, number: int | None) -> str:
    """The path of the file, relative to the folder, ending with .json."""
    place = "web/" + urlsplit(url).path.strip("/").removesuffix(".json") + ".json"
    if number is None:
        text = json.dumps(credentials.did_document(rt, slug), ensure_ascii=False, indent=1)
    else:
        text = credentials.status_list_document(rt, slug, number).text
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return place
