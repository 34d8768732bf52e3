"""Issue to a whole run of the story, and look at what came of it."""

from uuid import UUID

import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award, Failure, Record
from flask_certify.core.runtime import Runtime
from flask_certify.issuing import bulk
from flask_certify.issuing.bulk import BatchView
from tests.support.story import MIA, RUN


def issue(rt: Runtime, run: str = RUN, *, notify: bool = False) -> BatchView:
    return bulk.issue_and_wait(rt, run, MIA, notify=notify, patience=5)


def run_id(rt: Runtime, run: str = RUN) -> UUID:
    return ensure_run(rt, run).id


def award_of(rt: Runtime, ref: str) -> Award | None:
    with rt.reading() as session:
        return session.scalar(sa.select(Award).where(Award.learner_ref == ref))


def record_of(rt: Runtime, ref: str) -> Record:
    with rt.reading() as session:
        return session.scalars(sa.select(Record).where(Record.learner_ref == ref)).one()


def failures(rt: Runtime) -> list[tuple[str, str, str]]:
    """Learner, step and code of what still stands."""
    with rt.reading() as session:
        found = session.execute(
            sa.select(Failure.learner_ref, Failure.step, Failure.code).where(Failure.resolved_at.is_(None))
        )
        return sorted((row[0] or "", row[1], row[2]) for row in found)
