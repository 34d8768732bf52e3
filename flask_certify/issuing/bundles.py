"""The certificates of a run as ZIP files, packed by the workers (R-130 to R-134).

The awards are written down when the bundle is opened, in pieces that fill one file each, so each chunk of work makes
its own files and knows nothing of the others. A chunk done again makes the same files over again.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import orm

from ..achievements.service import get_issuer, get_run
from ..awards import service as awards
from ..core import audit, outbox, working
from ..core.duties import Duty, each
from ..core.errors import Conflict, NotFound
from ..core.files import open_files
from ..core.i18n import N_
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..documents import service as documents
from .choosing import PACKED, Chosen, choose, list_left_out, told, write_items
from .models import FINISHED, RUNNING, Bundle, BundleItem, BundlePart
from .printing import printable

PACK = "issuing.pack"
DELETED = "deleted"
_TAIL_BYTES = 9_000  # of a certificate, about
_FILLED = 0.96  # of a part, since names and languages differ in size
_MOST_IN_A_PART = 5_000  # a chunk makes one part, and a worker that dies has it to make over again


class UnknownBundle(NotFound):
    code = "bundle.unknown"
    sentence = N_("There is no such bundle, or its files were deleted. Prepare the download again.")


class NothingToPack(Conflict):
    code = "bundle.nothing"
    sentence = N_("None of these learners has a certificate that is valid now, so there is nothing to download.")


class BundleUnderWay(Conflict):
    code = "bundle.under_way"
    sentence = N_("A download of this course run is being prepared. Wait until it is ready.")


@dataclass(frozen=True)
class PartView:
    number: int  # from 1
    first: int
    entries: int
    size: int
    mark: str
    name: str  # for the reader's disk: holds no personal data


@dataclass(frozen=True)
class BundleView:
    id: UUID
    run_id: UUID
    state: str
    opened_at: datetime
    finished_at: datetime | None
    expected: int
    packed: int
    left_out: Mapping[str, int]  # by the code of why
    parts: tuple[PartView, ...]
    trouble: str | None  # a code: why it is not going on just now

    @property
    def is_finished(self) -> bool:
        return self.state != RUNNING

    @property
    def done(self) -> int:
        return self.packed + sum(self.left_out.values())


@dataclass(frozen=True)
class Forecast:
    """What a download would be, said before anything is made (R-131)."""

    certificates: int
    size: int
    parts: int
    left_out: Mapping[str, int]
    """Of the chosen learners, by the code of why they have nothing to download."""


# ---- opening ---------------------------------------------------------------------------------------


def forecast(rt: Runtime, run_id: UUID, learner_refs: Collection[str] | None = None) -> Forecast:
    """How many certificates, bytes and files. Raises UnknownRun, NothingToPack."""
    with rt.reading() as session:
        chosen = choose(session, run_id, learner_refs)
    each = _size_of_one(rt, chosen)
    parts = -(-chosen.number // per_part(rt, each))
    return Forecast(chosen.number, chosen.number * each, parts, dict(Counter(chosen.without.values())))


def open_bundle(rt: Runtime, run_id: UUID, actor: str, learner_refs: Collection[str] | None = None) -> UUID:
    """Records a bundle of all valid certificates of the run, or of these learners, and wakes the workers.

    Chosen learners who have none are left out, and counted with the reason (R-134). Bundles that have lain too long
    are deleted first. Raises UnknownRun, NothingToPack, BundleUnderWay, StorageAway.
    """
    delete_old(rt)
    with rt.reading() as session:
        run = get_run(session, run_id)
        chosen = choose(session, run_id, learner_refs)
    size = per_part(rt, _size_of_one(rt, chosen))
    store_id, bundle_id, now = open_files(rt.settings).store_id(), new_id(), rt.clock.now()
    try:
        with rt.transaction() as tx:
            tx.session.add(
                Bundle(
                    id=bundle_id,
                    run_id=run_id,
                    tenant_ref=run.tenant_ref,
                    state=RUNNING,
                    opened_by=actor,
                    opened_at=now,
                    store_id=store_id,
                    part_bytes=rt.settings.part_megabytes * 1_000_000,
                    expected=0,
                )
            )
            tx.session.flush()
            number = write_items(tx.session, bundle_id, run_id, chosen)
            work_id, chunk_ids = outbox.open_work(tx, PACK, number, size, now, tenant_ref=run.tenant_ref)
            tx.session.execute(
                sa.update(Bundle)
                .where(Bundle.id == bundle_id)
                .values(work_id=work_id, expected=number + len(chosen.without))
            )
            audit.record(
                tx,
                tenant_ref=run.tenant_ref,
                actor_ref=actor,
                act="bundle.open",
                subject=f"run:{run_id}",
                at=now,
                bundle=str(bundle_id),
                certificates=number,
            )
            tx.then(rt.wake, chunk_ids)
    except sa.exc.IntegrityError as error:
        raise BundleUnderWay() from error
    return bundle_id


def _size_of_one(rt: Runtime, chosen: Chosen) -> int:
    """About how large each of them is: they share a template, and differ by a name. Raises NothingToPack."""
    if chosen.one is None:
        raise NothingToPack()
    with rt.reading() as session:
        award = awards.get_award(session, chosen.one)
        issuer = get_issuer(session, award.tenant_ref)
    one = printable(award.frozen, award.id, award.code, base=issuer.base, version_id=award.template_version_id)
    press = documents.get_press(rt, award.template_version_id, documents.words_of(rt, one))
    return len(press.prefix) + _TAIL_BYTES


def per_part(rt: Runtime, size: int) -> int:
    """How many certificates of this size in bytes go into one file (R-131)."""
    return max(1, min(int(rt.settings.part_megabytes * 1_000_000 * _FILLED) // size, _MOST_IN_A_PART))


# ---- looking ---------------------------------------------------------------------------------------


def get_bundle(rt: Runtime, bundle_id: UUID) -> BundleView:
    """Raises UnknownBundle."""
    with rt.reading() as session:
        bundle = session.get(Bundle, bundle_id)
        if bundle is None:
            raise UnknownBundle()
        counted = sa.select(BundleItem.result, sa.func.count()).where(
            BundleItem.bundle_id == bundle_id, BundleItem.result.is_not(None)
        )
        results = {str(code): count for code, count in session.execute(counted.group_by(BundleItem.result))}
        rows = session.scalars(
            sa.select(BundlePart).where(BundlePart.bundle_id == bundle_id).order_by(BundlePart.first)
        ).all()
        parts = [] if bundle.state == DELETED else rows  # a worker may not know yet that its bundle was spoilt
        trouble = session.scalar(
            sa.select(outbox.Chunk.reason).where(
                outbox.Chunk.work_id == bundle.work_id,
                outbox.Chunk.state == outbox.RUNNING,
                outbox.Chunk.reason.is_not(None),
            )
        )
        return BundleView(
            id=bundle.id,
            run_id=bundle.run_id,
            state=bundle.state,
            opened_at=bundle.opened_at,
            finished_at=bundle.finished_at,
            expected=bundle.expected,
            packed=results.pop(PACKED, 0),
            left_out=results,
            parts=tuple(
                PartView(at, row.first, row.entries, row.size, row.mark, f"certificates-{at}-of-{len(rows)}.zip")
                for at, row in enumerate(parts, 1)
            ),
            trouble=trouble,
        )


def manifest(rt: Runtime, bundle_id: UUID) -> dict[str, Any]:
    """What the bundle as a whole holds and leaves out, as far as it is packed (R-134). Raises UnknownBundle."""
    seen = get_bundle(rt, bundle_id)
    with rt.reading() as session:
        bundle = session.get_one(Bundle, bundle_id)
        left_out = list_left_out(session, bundle)
    files = [{"file": each.name, "size": each.size, "packed": each.entries} for each in seen.parts]
    return told(seen.packed, left_out) | {"expected": seen.expected, "is_complete": seen.is_finished, "files": files}


def find_latest(session: orm.Session, run_id: UUID) -> UUID | None:
    """The bundle of the run that is being packed, or can be fetched."""
    return session.scalar(
        sa.select(Bundle.id)
        .where(Bundle.run_id == run_id, Bundle.state != DELETED)
        .order_by(Bundle.opened_at.desc(), Bundle.id.desc())
        .limit(1)
    )


def pack_and_wait(rt: Runtime, bundle_id: UUID, *, patience: float) -> BundleView:
    """Works the bundle off in this process, besides any workers."""
    working.work_off(rt, lambda: get_bundle(rt, bundle_id).is_finished, patience=patience, tick=lambda: None)
    return get_bundle(rt, bundle_id)


def delete_old(rt: Runtime) -> int:
    """Deletes the files of bundles that have lain for longer than the settings say; how many bundles."""
    before = rt.clock.now() - timedelta(days=rt.settings.bundle_days)
    return _delete(rt, sa.and_(Bundle.state == FINISHED, Bundle.finished_at < before)) + delete_spoilt(rt)


def clear_away(rt: Runtime) -> int:
    """What the clock does: besides, files of a worker that had been overtaken, and wrote after its bundle was deleted.

    Somebody may be in them who is to be forgotten.
    """
    count = delete_old(rt)
    since = rt.clock.now() - timedelta(days=rt.settings.bundle_days + 1)
    with rt.reading() as session:
        deleted = session.scalars(sa.select(Bundle.id).where(Bundle.state == DELETED, Bundle.opened_at > since)).all()
    for bundle_id in deleted:
        open_files(rt.settings).delete_below(folder_of(bundle_id))
    return count


OLD_BUNDLES = Duty("bundles.delete_old", each(timedelta(hours=1)), clear_away)


def spoil(session: orm.Session, award_ids: Collection[UUID]) -> None:
    """What is being packed and holds one of these certificates is never finished, since its holder is to be forgotten.

    In the transaction that forgets: whichever is first, this or the end of the packing, the other one sees it.
    """
    holds = sa.select(BundleItem.bundle_id).where(BundleItem.award_id.in_(award_ids))
    spoilt = session.scalars(
        sa.update(Bundle)
        .where(Bundle.state == RUNNING, Bundle.id.in_(holds))
        .values(state=DELETED)
        .returning(Bundle.id)
        .execution_options(synchronize_session=False)
    ).all()
    for table in (BundleItem, BundlePart):
        session.execute(sa.delete(table).where(table.bundle_id.in_(spoilt)))


def delete_spoilt(rt: Runtime) -> int:
    """Deletes what was packed of bundles that were spoilt, once nobody packs them any more; how many bundles."""
    ended = sa.select(outbox.Work.id).where(outbox.Work.open_chunks == 0)
    return _delete(rt, sa.and_(Bundle.state == DELETED, Bundle.finished_at.is_(None), Bundle.work_id.in_(ended)))


def delete_with(rt: Runtime, award_ids: Collection[UUID]) -> int:
    """Deletes the bundles that hold one of these certificates, since its holder is to be forgotten; how many."""
    holds = sa.select(BundleItem.bundle_id).where(BundleItem.award_id.in_(award_ids))
    return _delete(rt, sa.and_(Bundle.state == FINISHED, Bundle.id.in_(holds))) + delete_spoilt(rt)


def _delete(rt: Runtime, which: sa.ColumnElement[bool]) -> int:
    with rt.reading() as session:
        found = session.scalars(sa.select(Bundle.id).where(which)).all()
    for bundle_id in found:
        open_files(rt.settings).delete_below(folder_of(bundle_id))
        with rt.transaction() as tx:
            ended = sa.func.coalesce(Bundle.finished_at, rt.clock.now())
            tx.session.execute(sa.update(Bundle).where(Bundle.id == bundle_id).values(state=DELETED, finished_at=ended))
            for table in (BundleItem, BundlePart):
                tx.session.execute(sa.delete(table).where(table.bundle_id == bundle_id))
    return len(found)


def folder_of(bundle_id: UUID) -> str:
    return f"bundles/{bundle_id}"


def part_name(bundle_id: UUID, first: int) -> str:
    """The name under which a part is kept."""
    return f"{folder_of(bundle_id)}/{first:06d}.zip"
