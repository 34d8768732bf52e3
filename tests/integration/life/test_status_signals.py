"""Every change of a record's status reaches the host, also where there is no certificate."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.eligibility import events
from flask_certify.issuing import excepting, happenings
from flask_certify.issuing.many import issue_many
from tests.support.certificates import Issued, issued_in
from tests.support.life import heard
from tests.support.story import NOW, RUN, TOM

WHY = Why(Cause.UNDER_REVIEW)


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Issued]:
    """Where an approved identity is asked for; ada's and cy's are."""
    url = f"sqlite:///{tmp_path}/host.db"
    with issued_in(url, CERTIFY_IDENTITY_REQUIRED=True) as ready, ready.app.app_context():
        for ref in ("ada", "cy"):
            approve(ready, ref, NOW + timedelta(days=365))
        yield ready


def approve(campus: Issued, ref: str, until: datetime | None) -> None:
    campus.host.change_learner(RUN, ref, identity_verified_until=until)


def issue(campus: Issued, *refs: str) -> None:
    issue_many(campus.rt, ensure_run(campus.rt, RUN).id, refs, actor=TOM)


def statuses(told: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str | None, Any]]:
    return [
        (each["learner_ref"], each["status"], each["awarded_at"]) for name, each in told if name == "record_changed"
    ]


def test_a_status_without_a_certificate_is_signalled_when_it_changes_and_only_then(campus: Issued) -> None:
    """R-081, R-065: the same status is not written again."""
    with heard(campus.app) as told:
        issue(campus, "dev", "ben")
        issue(campus, "dev", "ben")
    assert statuses(told) == [("dev", "unverified", None)]  # failing makes no record, a missing identity does
    approve(campus, "dev", NOW + timedelta(days=365))
    campus.host.change_learner(RUN, "dev", passing=False)
    with heard(campus.app) as told:
        issue(campus, "dev")
    assert statuses(told) == [("dev", "notpassing", None)]
    campus.host.change_learner(RUN, "dev", passing=True)
    with heard(campus.app) as told:
        issue(campus, "dev")
    assert statuses(told) == [("dev", "downloadable", NOW)]


def test_a_withdrawn_certificate_whose_status_becomes_another_is_signalled(campus: Issued) -> None:
    """R-081: it was failed, then declared invalid, and an evaluation after that writes nothing new."""
    run_id = ensure_run(campus.rt, RUN).id
    campus.issue("ada")
    happenings.happen(campus.rt, run_id, {"ada": events.Failed()}, actor="host")
    with heard(campus.app) as told:
        excepting.invalidate(campus.rt, run_id, ["ada"], WHY, actor=TOM)
    assert statuses(told) == [("ada", "unavailable", None)]
    with heard(campus.app) as told:
        happenings.reconsider(campus.rt, run_id, ["ada"], actor=TOM)
    assert statuses(told) == []
