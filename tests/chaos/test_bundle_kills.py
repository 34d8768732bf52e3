"""Workers are killed while they pack: the download ends whole all the same."""

import csv
import io
import time
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_certify.awards.models import Award
from flask_certify.core import outbox
from flask_certify.documents.models import Document
from flask_certify.issuing import bulk, bundles
from tests.support.havoc import LONGEST, Crew
from tests.support.story import MIA, RUN

LEARNERS, BLOWS = 700, 3


@pytest.mark.parametrize("make_site", ["sqlite"], indirect=True)
def test_workers_killed_while_they_pack_leave_nothing_missing_and_nothing_twice(make_site, redis_url, tmp_path):
    """R-133, R-134."""
    folder = tmp_path / "files"
    site = make_site(LEARNERS, CERTIFY_REDIS_URL=redis_url, CERTIFY_FILES=str(folder), CERTIFY_PART_MEGABYTES="8")
    with site.app.app_context():
        run_id = bulk.issue_and_wait(site.rt, RUN, MIA, notify=False, patience=60).run_id
        bundle_id = bundles.open_bundle(site.rt, run_id, MIA)
    halves: set[Path] = set()  # parts on which somebody was writing when the blow fell
    deadline = time.monotonic() + LONGEST
    with Crew(site, 2) as crew:
        while not site.is_settled():
            assert time.monotonic() < deadline, site.whereabouts()
            crew.look()
            begun = set(folder.rglob("*.zip.*.tmp")) - halves
            if begun and len(halves) < BLOWS and (worker := crew.find_busy(0)):
                crew.kill(worker)
                crew.add()
                halves |= begun
            time.sleep(0.005)
    assert site.count(outbox.Chunk.epoch > 1, of=outbox.Chunk) > 0, "no blow hit a chunk"

    with site.app.app_context():
        bundle = bundles.get_bundle(site.rt, bundle_id)
        with site.rt.reading() as session:
            codes = Counter(session.scalars(sa.select(Award.code)))
    assert (bundle.state, bundle.packed, bundle.left_out) == ("finished", LEARNERS + 3, {})
    parts = [folder / bundles.part_name(bundle_id, part.first) for part in bundle.parts]
    assert Counter(code for part in parts for code in codes_in(part)) == codes
    others = {path.suffix for path in folder.rglob("*") if path.is_file() and path not in parts}
    assert others <= {".tmp", ""}, "besides the parts there are only halves of those that died, and the folder's id"
    assert site.count(of=Document) == LEARNERS + 3


def codes_in(part: Path) -> list[str]:
    with zipfile.ZipFile(part) as opened:
        assert opened.testzip() is None
        return [row["code"] for row in csv.DictReader(io.StringIO(opened.read("index.csv").decode("utf-8-sig")))]
