"""What the outbox does for bundles: prints and packs the certificates of a chunk, and ends.

A chunk done again makes the same files over again, under the same names; a file is there once it is whole.
"""

import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, BinaryIO, Self
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import get_issuer
from ..awards.service import AwardView
from ..core import outbox
from ..core.errors import BadInput
from ..core.files import Files, NotShared, open_files
from ..core.ids import CODE_LENGTH
from ..core.outbox import Claim, Kind, Store
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..documents import service as documents
from ..documents import warming
from ..documents.service import Keepsake
from ..documents.zipping import Part
from .bundles import PACK, delete_spoilt, part_name
from .choosing import PACKED, LeftOut, list_left_out, told
from .models import FINISHED, RUNNING, Bundle, BundleItem, BundlePart
from .printing import Facts, NotLive, facts_of, is_live, print_fresh, verify_url

_AT_ONCE = 500  # certificates between two signs of life


def pack(rt: Runtime, held: Claim) -> Store:
    """Packs the certificates of the chunk. Raises StorageFull, StorageAway: then it is tried again later."""
    with rt.reading() as session:
        bundle = _of_work(session, held.work_id)
        # Whoever had nothing to pack from the beginning is in no chunk, and is told with the first one.
        without = list_left_out(session, bundle, without_award=True) if held.first == 0 else []
        items = [
            (row.position, row.award_id)
            for row in session.execute(
                sa.select(BundleItem.position, BundleItem.award_id)
                .where(BundleItem.bundle_id == bundle.id, BundleItem.position.between(held.first, held.last))
                .order_by(BundleItem.position)
            )
        ]
    files = open_files(rt.settings)
    if files.store_id() != bundle.store_id:
        return lambda tx: _note(tx, bundle.id, held, {position: NotShared.code for position, _ in items})
    with Packing(rt, bundle, files, without) as packing:
        for at in range(0, len(items), _AT_ONCE):
            packing.add(items[at : at + _AT_ONCE])
            with rt.transaction() as tx:
                outbox.renew(tx.session, held, rt.settings.lease_seconds * 1000)

    def write(tx: Transaction) -> None:
        documents.keep_documents(rt, tx, packing.fresh)
        ours = BundlePart.bundle_id == bundle.id, BundlePart.first.between(held.first, held.last)
        tx.session.execute(sa.delete(BundlePart).where(*ours))
        if packing.parts:
            tx.session.execute(sa.insert(BundlePart), [{"bundle_id": bundle.id, **row} for row in packing.parts])
        _note(tx, bundle.id, held, packing.results)

    return write


def lost(rt: Runtime, tx: Transaction, held: Claim, reason: str) -> None:
    """One certificate could not be packed, however often it was tried."""
    bundle = _of_work(tx.session, held.work_id)
    _note(tx, bundle.id, held, {held.first: reason})


def end(rt: Runtime, tx: Transaction, work_id: UUID) -> None:
    """Of one that was spoilt meanwhile, since somebody in it is to be forgotten, nothing is left."""
    ended = sa.update(Bundle).where(Bundle.work_id == work_id, Bundle.state == RUNNING)
    tx.session.execute(ended.values(state=FINISHED, finished_at=rt.clock.now()))
    tx.then(delete_spoilt, rt)


def preload(rt: Runtime) -> None:
    """What printing needs; and the way to the bucket, if files are kept in one: its library takes longer to load than
    all of ours."""
    documents.preload(rt.settings.languages)
    warming.warm(verify_url(rt.settings.base, "0" * CODE_LENGTH))
    open_files(rt.settings)


KINDS = {PACK: Kind(pack, lost, end, preload=preload, lane="bundles")}


def _of_work(session: orm.Session, work_id: UUID) -> Bundle:
    return session.scalars(sa.select(Bundle).where(Bundle.work_id == work_id)).one()


def _note(tx: Transaction, bundle_id: UUID, held: Claim, results: Mapping[int, str]) -> None:
    """One statement for all that were packed, and one for each that was not: those are few."""
    here = BundleItem.bundle_id == bundle_id, BundleItem.position.between(held.first, held.last)
    tx.session.execute(sa.update(BundleItem).where(*here).values(result=PACKED))
    rows = [{"at": position, "why": why} for position, why in results.items() if why != PACKED]
    if rows:
        table = BundleItem.__table__
        assert isinstance(table, sa.Table)
        statement = (
            sa.update(table)
            .where(table.c.bundle_id == bundle_id, table.c.position == sa.bindparam("at"))
            .values(result=sa.bindparam("why"))
        )
        tx.session.connection().execute(statement, rows)


class Packing:
    """Certificates on their way into files of bounded size. Leaving the context ends the last file, or drops it."""

    def __init__(self, rt: Runtime, bundle: Bundle, files: Files, left_out: Sequence[LeftOut]) -> None:
        self._rt, self._bundle, self._files = rt, bundle, files
        with rt.reading() as session:
            self._base = get_issuer(session, bundle.tenant_ref).base
        self._part: Part | None = None
        self._context: AbstractContextManager[BinaryIO] | None = None
        self._first, self._left_out = 0, list(left_out)
        self.parts: list[dict[str, Any]] = []
        self.fresh: list[Keepsake] = []
        self.results: dict[int, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._close()
        elif self._context is not None:
            self._context.__exit__(kind, error, trace)

    def add(self, items: Sequence[tuple[int, UUID]]) -> None:
        """The certificates in their order; one that cannot be printed is left out, with the reason."""
        facts = facts_of(self._rt, [award_id for _, award_id in items])
        for position, award_id in items:
            award = facts.awards.get(award_id)
            why = self._add(position, award, facts)
            self.results[position] = why
            if why != PACKED:
                learner = facts.external_ids.get(award.learner_ref) or award.learner_ref if award else ""
                self._left_out.append(LeftOut(learner, why))

    def _add(self, position: int, award: AwardView | None, facts: Facts) -> str:
        if award is None or not is_live(award):
            return NotLive.code
        kept = facts.kept.get(award.id)
        if kept is not None:
            pieces, crc = kept, zlib.crc32(kept[1], zlib.crc32(kept[0]))
        else:
            try:
                fresh = print_fresh(self._rt, award, self._base, facts)
            except BadInput as refused:
                return refused.code
            self.fresh.append(fresh)
            pieces, crc = (fresh.press.prefix, fresh.tail.data), fresh.tail.crc
        name = f"{position + 1:06d}_{award.code}.pdf"
        self._part_for(position, name, sum(map(len, pieces))).add(
            name, (award.code, facts.external_ids.get(award.learner_ref) or ""), pieces, crc
        )
        return PACKED

    def _part_for(self, position: int, name: str, size: int) -> Part:
        if self._part is not None and not self._part.has_room(name, size, self._bundle.part_bytes):
            self._close()
        if self._part is None:
            self._context = self._files.writing(part_name(self._bundle.id, position))
            self._first, self._part = position, Part(self._context.__enter__(), self._bundle.opened_at)
        return self._part

    def _close(self) -> None:
        if self._part is None or self._context is None:
            return
        packed = self._part.entries
        written = self._part.close(told(packed, self._left_out))
        self._context.__exit__(None, None, None)
        self.parts.append({"first": self._first, "entries": packed, "size": written.size, "mark": written.mark})
        self._part = self._context = None
        self._left_out.clear()
