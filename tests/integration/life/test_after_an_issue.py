"""What follows an issue at once: recipients are told, the count rises, and what failed is in the log."""

from pathlib import Path

import sqlalchemy as sa

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Failure
from flask_certify.issuing import foreseeing
from flask_certify.issuing.many import issue_many
from flask_certify.notifications.models import Message
from tests.support.certificates import issued_in
from tests.support.story import COMPLETED, RUN, TOM


def test_recipients_are_told_by_email_sms_or_both_the_count_rises_and_a_failure_is_logged(tmp_path: Path) -> None:
    """R-092."""
    with issued_in(f"sqlite:///{tmp_path}/host.db") as campus, campus.app.app_context():
        rt = campus.rt
        run_id = ensure_run(rt, RUN).id
        campus.host.change_learner(RUN, "ben", progress=100, completed_on=COMPLETED)  # has an email address only
        campus.host.change_learner(RUN, "dev", display_name="null")
        assert foreseeing.holders(rt, run_id)[0] == 0
        issue_many(rt, run_id, ["ada", "ben", "cy", "dev"], actor=TOM)
        assert foreseeing.holders(rt, run_id)[0] == 3
        with rt.reading() as session:
            told = session.execute(sa.select(Message.recipient, Message.channel, Message.event)).all()
            [failure] = session.scalars(sa.select(Failure).where(Failure.resolved_at.is_(None)))
        assert sorted(tuple(each) for each in told) == [
            ("ada", "email", "issued"),
            ("ada", "sms", "issued"),
            ("ben", "email", "issued"),
            ("cy", "sms", "issued"),
        ]
        assert (failure.learner_ref, failure.step, failure.code) == ("dev", "decide", "name.missing")
        assert "null" not in str(failure.details)
        issue_many(rt, run_id, ["ada", "dev"], actor=TOM)
        assert foreseeing.holders(rt, run_id)[0] == 3
