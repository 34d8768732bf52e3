"""ZIP bundles: complete, of bounded size, resumed after a crash, nothing missing and nothing twice (R-130 to R-134)."""

import csv
import errno
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState
from flask_certify.core import files, outbox, working
from flask_certify.core.files import open_files
from flask_certify.core.runtime import Runtime
from flask_certify.documents import service as documents
from flask_certify.documents.errors import NotLive
from flask_certify.documents.models import Document
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk, bundles, packing, people
from flask_certify.issuing.bundles import BundleUnderWay, NothingToPack
from flask_certify.issuing.printing import get_document
from tests.support import story

LEARNERS = 30  # besides Ada, Cy and Dev, who have theirs


@pytest.fixture
def host() -> MemoryHost:
    return story.make_host(LEARNERS)


@pytest.fixture
def run_id(rt: Runtime) -> UUID:
    return bulk.issue_and_wait(rt, story.RUN, story.MIA, notify=False, patience=20).run_id


@pytest.fixture
def rt(host_app: Flask, tmp_path: Path) -> Iterator[Runtime]:
    """Files go into a folder of this test, and a part of a bundle holds a dozen certificates."""
    from flask_certify.core.current import runtime_of

    with host_app.app_context():
        settings = replace(runtime_of(host_app).settings, files=str(tmp_path / "files"), part_megabytes=1)
        yield replace(runtime_of(host_app), settings=settings)


def parts_of(rt: Runtime, bundle_id: UUID) -> list[zipfile.ZipFile]:
    kept = files.open_files(rt.settings)
    found = []
    for part in bundles.get_bundle(rt, bundle_id).parts:
        path = kept.find_path(bundles.part_name(bundle_id, part.first))
        assert path is not None and path.stat().st_size == part.size
        found.append(zipfile.ZipFile(path))
    return found


def certificates_in(rt: Runtime, bundle_id: UUID) -> list[str]:
    """The codes of the certificates in all parts; fails if a part is broken, or its index tells something else."""
    codes = []
    for part in parts_of(rt, bundle_id):
        with part:
            assert part.testzip() is None
            names = [name for name in part.namelist() if name.endswith(".pdf")]
            rows = list(csv.DictReader(io.StringIO(part.read("index.csv").decode("utf-8-sig"))))
            assert [row["file"] for row in rows] == names
            assert all(row["file"].endswith(f"_{row['code']}.pdf") and row["external_id"] for row in rows)
            manifest = json.loads(part.read("manifest.json"))
            assert manifest["packed"] == len(names) == manifest["expected"] - manifest["left_out"]
            codes += [row["code"] for row in rows]
    return codes


def codes_issued(rt: Runtime, run_id: UUID) -> list[str]:
    with rt.reading() as session:
        wanted = sa.select(Award.code).where(Award.run_id == run_id, Award.state == AwardState.ISSUED)
        return sorted(session.scalars(wanted))


def test_all_certificates_of_a_run_come_in_parts_below_the_limit(rt: Runtime, run_id: UUID) -> None:
    """R-130, R-131."""
    told = bundles.forecast(rt, run_id)
    bundle = bundles.pack_and_wait(rt, bundles.open_bundle(rt, run_id, story.MIA), patience=20)
    assert bundle.is_finished and bundle.packed == bundle.expected == told.certificates == LEARNERS + 3
    assert len(bundle.parts) == told.parts > 1
    assert all(part.size <= 1_000_000 for part in bundle.parts)
    assert sorted(certificates_in(rt, bundle.id)) == codes_issued(rt, run_id)
    assert abs(sum(part.size for part in bundle.parts) - told.size) < told.size / 10


@pytest.mark.parametrize(
    ("megabytes", "size", "number"), [(200, 67_000, 2_865), (1, 67_000, 14), (200, 1, 5_000), (1, 2_000_000, 1)]
)
def test_a_part_is_filled_up_to_its_limit_and_holds_at_most_what_a_worker_may_have_to_pack_again(
    rt: Runtime, megabytes: int, size: int, number: int
) -> None:
    """R-131."""
    limited = replace(rt, settings=replace(rt.settings, part_megabytes=megabytes))
    assert bundles.per_part(limited, size) == number


def test_a_document_in_a_bundle_is_the_one_that_is_downloaded(rt: Runtime, run_id: UUID) -> None:
    """R-136, whether it was printed before or after the bundle."""
    with rt.reading() as session:
        ids = {row.code: row.id for row in session.execute(sa.select(Award.code, Award.id))}
    before = get_document(rt, next(iter(ids.values())))
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    bundles.pack_and_wait(rt, bundle_id, patience=20)
    seen = 0
    for part in parts_of(rt, bundle_id):
        with part:
            for name in part.namelist():
                if name.endswith(".pdf"):
                    code = name.partition("_")[2].removesuffix(".pdf")
                    assert part.read(name) == get_document(rt, ids[code]).data
                    seen += 1
    assert seen == LEARNERS + 3 and get_document(rt, next(iter(ids.values()))) == before


def test_a_bundle_may_hold_chosen_learners_only(rt: Runtime, run_id: UUID) -> None:
    """R-130: Ben has no certificate."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA, ["ada", "ben", "cy"])
    bundle = bundles.pack_and_wait(rt, bundle_id, patience=20)
    assert (bundle.expected, bundle.packed, bundle.left_out) == (3, 2, {"bundle.no_certificate": 1})
    with pytest.raises(NothingToPack):
        bundles.open_bundle(rt, run_id, story.MIA, ["ben"])


def test_the_manifests_say_who_was_left_out_and_why(rt: Runtime, run_id: UUID) -> None:
    """R-134: never had one, lost it before, lost it while the bundle was waiting; each stands in one part and in the
    manifest of the whole."""
    ids = [f"x{number:05}" for number in range(LEARNERS)]
    revoke(rt, "ada")
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA, ["ada", "ben", "nobody", *ids])
    revoke(rt, ids[-1])
    bundles.pack_and_wait(rt, bundle_id, patience=20)
    wanted = [
        {"external_id": "WA-ada", "why": "document.not_live"},
        {"external_id": "WA-ben", "why": "bundle.no_certificate"},
        {"external_id": f"WA-{ids[-1]}", "why": "document.not_live"},
        {"external_id": "nobody", "why": "bundle.no_certificate"},
    ]
    parts = []
    for part in parts_of(rt, bundle_id):
        with part:
            parts.append(json.loads(part.read("manifest.json")))
    whole = bundles.manifest(rt, bundle_id)
    assert len(parts) > 1 and len(whole["files"]) == len(parts) and whole["is_complete"]
    for name, number in (("expected", LEARNERS + 3), ("packed", LEARNERS - 1), ("left_out", 4)):
        assert whole[name] == sum(each[name] for each in parts) == number
    told = [learner for each in parts for learner in each["learners"]]
    by_id = itemgetter("external_id")
    assert sorted(told, key=by_id) == sorted(whole["learners"], key=by_id) == wanted
    assert whole["why"] == {"document.not_live": 2, "bundle.no_certificate": 2}


def revoke(rt: Runtime, learner_ref: str) -> None:
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Award).where(Award.learner_ref == learner_ref).values(state=AwardState.REVOKED))


def test_one_bundle_of_a_run_is_packed_at_a_time(rt: Runtime, run_id: UUID) -> None:
    """R-132."""
    bundles.open_bundle(rt, run_id, story.MIA)
    with pytest.raises(BundleUnderWay):
        bundles.open_bundle(rt, run_id, story.TOM)


def test_what_was_revoked_meanwhile_is_left_out_and_counted(rt: Runtime, run_id: UUID) -> None:
    """R-134."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    revoke(rt, "ada")
    bundle = bundles.pack_and_wait(rt, bundle_id, patience=20)
    assert (bundle.packed, bundle.left_out) == (LEARNERS + 2, {"document.not_live": 1})
    assert sorted(certificates_in(rt, bundle_id)) == codes_issued(rt, run_id)


class Killed(BaseException):
    """As if the process were gone: nobody may catch it."""


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_missing_and_nothing_twice(
    rt: Runtime, run_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    real, count = packing.Packing._add, 0

    def dies(self: packing.Packing, *said: Any) -> str:
        nonlocal count
        count += 1
        if count == 20:
            raise Killed
        return real(self, *said)

    monkeypatch.setattr(packing.Packing, "_add", dies)
    with pytest.raises(Killed):
        bundles.pack_and_wait(rt, bundle_id, patience=20)
    with rt.transaction() as tx:  # its lease lapses
        tx.session.execute(sa.update(outbox.Chunk).where(outbox.Chunk.state == "running").values(lease_until=0))
    bundle = bundles.pack_and_wait(rt, bundle_id, patience=20)
    assert bundle.is_finished and bundle.packed == LEARNERS + 3
    assert sorted(certificates_in(rt, bundle_id)) == codes_issued(rt, run_id)
    with rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == LEARNERS + 3


def test_a_full_disk_stops_nothing_for_good(rt: Runtime, run_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-133: nothing is lost; when there is room again, the bundle ends whole."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    real = files.FolderFiles.writing

    @contextmanager
    def full(self: files.FolderFiles, name: str) -> Iterator[Any]:
        with real(self, name) as out:
            yield _Full(out.write)

    monkeypatch.setattr(files.FolderFiles, "writing", full)
    with rt.reading() as session:
        (chunk_id, *_) = working.open_chunks(session)
    assert working.run_chunk(rt, chunk_id) == "put back"
    stopped = bundles.get_bundle(rt, bundle_id)
    assert not stopped.is_finished and stopped.trouble == "storage.full" and stopped.parts == ()
    assert not list(Path(rt.settings.files).rglob("*.tmp")) and not list(Path(rt.settings.files).rglob("*.zip"))
    monkeypatch.setattr(files.FolderFiles, "writing", real)
    assert bundles.pack_and_wait(rt, bundle_id, patience=20).packed == LEARNERS + 3


class _Full:
    """A file on a disk with room for some kilobytes."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self._write, self._left = write, 200_000

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(data)


def test_a_worker_that_sees_another_place_refuses_in_a_sentence(rt: Runtime, run_id: UUID, tmp_path: Path) -> None:
    """DESIGN 19."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    elsewhere = replace(rt, settings=replace(rt.settings, files=str(tmp_path / "elsewhere")))
    bundle = bundles.pack_and_wait(elsewhere, bundle_id, patience=20)
    assert bundle.is_finished and bundle.parts == ()
    assert bundle.left_out == {"storage.not_shared": LEARNERS + 3}


def test_the_files_with_a_person_who_is_erased_are_deleted(rt: Runtime, run_id: UUID) -> None:
    """R-254: a download that was prepared holds the name as well."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA, ["ada", "cy"])
    bundles.pack_and_wait(rt, bundle_id, patience=20)
    people.erase(rt, "dev", Why(Cause.HOLDER_REQUEST), actor=story.TOM)
    assert bundles.get_bundle(rt, bundle_id).parts
    people.erase(rt, "ada", Why(Cause.HOLDER_REQUEST), actor=story.TOM)
    assert bundles.get_bundle(rt, bundle_id).parts == () and not list(Path(rt.settings.files).rglob("*.zip"))


def test_a_person_who_is_erased_while_a_bundle_is_packed_is_in_no_file_and_in_no_document(
    rt: Runtime, run_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-254: Ada is forgotten after her certificate was read, before its part is closed; nothing of her stays, what
    else was packed goes, and the download can be prepared again without her."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    look_up, forgotten = packing.facts_of, list[int]()

    def slow(rt: Runtime, award_ids: Any) -> Any:
        facts = look_up(rt, award_ids)
        if not forgotten and any(award.learner_ref == "ada" for award in facts.awards.values()):
            forgotten.append(1)
            people.erase(rt, "ada", Why(Cause.HOLDER_REQUEST), actor=story.TOM)
        return facts

    monkeypatch.setattr(packing, "facts_of", slow)
    working.work_off(rt, lambda: work_is_over(rt), patience=20, tick=lambda: None)
    spoilt = bundles.get_bundle(rt, bundle_id)
    assert forgotten and spoilt.state == bundles.DELETED and spoilt.finished_at and spoilt.parts == ()
    assert not list(Path(rt.settings.files).rglob("*.zip"))
    with rt.reading() as session:
        assert bundles.find_latest(session, run_id) is None
        adas = sa.select(Award.id).where(Award.learner_ref == "ada")
        assert not session.scalars(sa.select(Document.award_id).where(Document.award_id.in_(adas))).all()
    again = bundles.pack_and_wait(rt, bundles.open_bundle(rt, run_id, story.MIA), patience=20)
    assert again.packed == LEARNERS + 2 and again.left_out == {"document.not_live": 1}


def work_is_over(rt: Runtime) -> bool:
    with rt.reading() as session:
        return not session.scalar(sa.select(sa.func.count()).where(outbox.Work.open_chunks > 0))


def test_a_certificate_that_is_printed_while_its_holder_is_erased_is_not_kept(
    rt: Runtime, run_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-254."""
    with rt.reading() as session:
        award_id = session.scalars(sa.select(Award.id).where(Award.learner_ref == "ada")).one()
    print_one = documents.print_one

    def slow(rt: Runtime, award: Any, credential: bytes | None) -> Any:
        people.erase(rt, "ada", Why(Cause.HOLDER_REQUEST), actor=story.TOM)
        return print_one(rt, award, credential)

    monkeypatch.setattr(documents, "print_one", slow)
    with pytest.raises(NotLive):
        get_document(rt, award_id)
    with rt.reading() as session:
        assert session.get(Document, award_id) is None


def test_what_an_overtaken_worker_writes_after_a_person_was_erased_is_cleared_away(rt: Runtime, run_id: UUID) -> None:
    """R-254: it had stood still just before it gave its file a name."""
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA, ["ada"])
    bundles.pack_and_wait(rt, bundle_id, patience=20)
    people.erase(rt, "ada", Why(Cause.HOLDER_REQUEST), actor=story.TOM)
    other = bundles.open_bundle(rt, run_id, story.MIA, ["cy"])
    bundles.pack_and_wait(rt, other, patience=20)
    files = open_files(rt.settings)
    with files.writing(bundles.part_name(bundle_id, 0)) as out:
        out.write(b"Ada Lovelace")
    bundles.OLD_BUNDLES.do(rt)
    assert files.find_path(bundles.part_name(bundle_id, 0)) is None
    assert files.find_path(bundles.part_name(other, 0)) is not None


def test_files_are_deleted_after_their_days_and_the_bundle_says_so(rt: Runtime, run_id: UUID) -> None:
    bundle_id = bundles.open_bundle(rt, run_id, story.MIA)
    bundles.pack_and_wait(rt, bundle_id, patience=20)
    assert bundles.delete_old(rt) == 0
    from datetime import timedelta

    from flask_certify.core.clock import FixedClock

    later = replace(rt, clock=FixedClock(story.NOW + timedelta(days=8)))
    assert bundles.delete_old(later) == 1
    assert not list(Path(rt.settings.files).rglob("*.zip"))
    assert bundles.get_bundle(rt, bundle_id).parts == ()
    with rt.reading() as session:
        assert bundles.find_latest(session, run_id) is None
