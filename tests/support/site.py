"""The story of `story.py` as a host that stands alone: `flask --app tests.support.site certify worker`.

Made from the environment: SITE_DATABASE, SITE_FOLDER, SITE_LEARNERS (how many there are besides the story's, each
with an address for email), and whatever begins with CERTIFY_. Its tables and ours must be there.

While a file `wait` lies in its folder, the host writes the number of the process that asks for records into a file
`asked`, and answers once `wait` is gone.
"""

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from flask import Flask

from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact, LearnerRecord
from tests.support import story
from tests.support.story import RUN

LONGEST_WAIT = 60  # seconds: a host that a test forgot answers all the same


@dataclass
class HesitantHost(MemoryHost):
    """Answers when the test lets it."""

    folder: Path = Path()

    def learner_records(self, run_ref: str, learner_refs: Collection[str]) -> Mapping[str, LearnerRecord]:
        deadline = time.monotonic() + LONGEST_WAIT
        if (self.folder / "wait").exists():
            draft = self.folder / "asked.draft"
            draft.write_text(str(os.getpid()))
            draft.replace(self.folder / "asked")
        while (self.folder / "wait").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return super().learner_records(run_ref, learner_refs)


def make_host(learners: int, folder: Path) -> HesitantHost:
    plain = story.make_host(learners)
    for ref in plain.records[RUN]:
        if ref.startswith("x"):
            plain.people[ref] = Contact(f"{ref}@example.org")
    return HesitantHost(**{each.name: getattr(plain, each.name) for each in fields(plain)}, folder=folder)


def create_app() -> Flask:
    settings = {name: value for name, value in os.environ.items() if name.startswith("CERTIFY_")}
    host = make_host(int(os.environ["SITE_LEARNERS"]), Path(os.environ["SITE_FOLDER"]))
    return story.make_app(os.environ["SITE_DATABASE"], host, **settings)
