"""What a worker loads before it forks, so that no chunk has to."""

import sys
from pathlib import Path

from tests.support import house

PROGRAM = """
import sys
from pathlib import Path
from flask_certify.core import worker, working
from flask_certify.core.current import runtime_of
from flask_certify.issuing import bulk, bundles
from tests.support import story

folder = Path(sys.argv[1])
app = story.make_app(
    f"sqlite:///{folder}/host.db",
    story.make_host(),
    CERTIFY_MAIL=f"outbox:{folder}/mail",
    CERTIFY_SMS=f"outbox:{folder}/sms",
    CERTIFY_FILES=f"{folder}/files",
)
with app.app_context():
    rt = runtime_of(app)
    story.set_up(rt)
    if sys.argv[2] == "preloaded":
        worker.preload(rt)
    before = set(sys.modules)
    batch = bulk.issue_and_wait(rt, story.RUN, story.MIA, notify=True, patience=20)
    assert sum(batch.issued.values()) == 3
    late = set(sys.modules) - before
    bundles.pack_and_wait(rt, bundles.open_bundle(rt, batch.run_id, story.MIA), patience=20)
    print(*sorted(name for name in late | set(sys.modules) - before if not name.startswith("encodings.")))
"""


def loaded_late(folder: Path, how: str) -> set[str]:
    folder.mkdir()
    return set(house.run(sys.executable, "-c", PROGRAM, str(folder), how).split())


def test_a_chunk_of_any_kind_finds_every_module_loaded(tmp_path: Path) -> None:
    """R-247: a forked child lives for one chunk, and would load each of them anew."""
    assert loaded_late(tmp_path / "preloaded", "preloaded") == set()
    assert {"pyld", "cryptography.hazmat.primitives.asymmetric.ed25519"} <= loaded_late(tmp_path / "cold", "cold")
