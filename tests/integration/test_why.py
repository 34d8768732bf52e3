"""Why has she no certificate? Each answer is honest about what stands, and says what would change it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.core.i18n import speaking
from flask_certify.core.ids import spaced
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import explaining, why_words
from flask_certify.eligibility import events
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.issuing import excepting, happenings, lifecycle, reissuing
from tests.support.certificates import Issued, issued_in
from tests.support.story import NOW, RUN, TOM

WHY = Why(Cause.UNDER_REVIEW, "ticket 4711")
MET = ["100 % of the course is done.", "The score is 90 %."]


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[Issued]:
    with issued_in(f"sqlite:///{tmp_path}/host.db") as ready, ready.app.app_context():
        yield ready


@pytest.fixture
def away(campus: Issued, monkeypatch: pytest.MonkeyPatch) -> Any:
    def go_away() -> None:
        def silent(*args: Any, **more: Any) -> Any:
            raise HostAway()

        monkeypatch.setattr(MemoryHost, "learner_records", silent)

    return go_away


def run_id(campus: Issued) -> UUID:
    return ensure_run(campus.rt, RUN).id


def why(rt: Runtime, ref: str) -> tuple[list[str], list[str]]:
    """The answer, and what would change it."""
    found = explaining.explain(rt, RUN, ref)
    told = "\n".join(explaining.lines(found))
    answer, change = list(explaining.answer(found)), explaining.would_change(found)
    assert all(line in told for line in [*answer, *change])
    assert explaining.to_json(found)["answer"] == answer
    return [line.strip() for line in answer], change


def test_what_a_person_withdrew_is_not_said_to_come_by_itself(campus: Issued) -> None:
    """R-052, R-074, R-185."""
    code = campus.issue("ada")
    lifecycle.withdraw(campus.rt, [campus.award(code).id], WHY, actor=TOM)
    answer, change = why(campus.rt, "ada")
    assert (
        answer[0].endswith("is withdrawn, and does not count at the moment.") and answer[1] == "It is being reviewed."
    )
    assert answer[2:] == ["All that is asked is met:", *MET]
    assert change == ["A person withdrew it, so a person has to restore it; no evaluation does."]


def test_what_an_event_withdrew_comes_back_with_the_next_night_once_all_is_met(campus: Issued) -> None:
    """R-076, R-104, R-185."""
    campus.issue("ada")
    happenings.happen(campus.rt, run_id(campus), {"ada": events.Failed()}, actor="host")
    answer, change = why(campus.rt, "ada")
    assert answer[1] == "The course run is no longer passed."
    assert change == [why_words.BRING_IT_BACK]
    campus.host.change_learner(RUN, "ada", passing=False)
    answer, change = why(campus.rt, "ada")
    assert answer[2:] == [
        "It does not come back, because:",
        "The learning platform says that the course run was not passed.",
    ]
    assert change == ["The learner has to pass; or an exception is made for the learner."]


def test_what_was_declared_invalid_says_that_this_has_to_be_lifted(campus: Issued) -> None:
    """R-077, R-185."""
    campus.issue("ada")
    excepting.invalidate(campus.rt, run_id(campus), ["ada"], WHY, actor=TOM)
    answer, change = why(campus.rt, "ada")
    assert answer[1:] == [
        "It was declared invalid.",
        "It does not come back, because:",
        "The certificate was declared invalid.",
    ]
    assert change == ["Somebody has to lift the declaration that it is invalid."]


def test_what_was_revoked_by_hand_is_told_with_its_reason_and_what_a_new_one_needs(campus: Issued) -> None:
    """R-110, R-185."""
    code = campus.issue("ada")
    lifecycle.revoke(campus.rt, [campus.award(code).id], WHY, actor=TOM)
    answer, change = why(campus.rt, "ada")
    assert answer[0].endswith("was revoked for good.") and answer[2] == "No new one, because:"
    assert change == ["Somebody has to lift the declaration that it is invalid."]
    excepting.lift(campus.rt, run_id(campus), ["ada"], WHY, actor=TOM)
    answer, change = why(campus.rt, "ada")
    assert answer[0].startswith("There is a certificate: ") and code not in answer[0].replace("-", "")
    assert change == ["Nothing: there is a certificate."]


def test_who_is_on_the_list_of_exceptions_is_told_so_before_and_after_the_issue(campus: Issued) -> None:
    """R-056, R-185."""
    excepting.allow(campus.rt, run_id(campus), {"ben": WHY}, actor=TOM, automatic=False)
    answer, change = why(campus.rt, "ben")
    assert answer == ["Eligible, not issued yet.", "The learner is on the list of exceptions."]
    assert change == [why_words.ISSUE_IT]
    campus.issue("ben")
    assert why(campus.rt, "ben")[0][0].startswith("There is a certificate: ")
    excepting.disallow(campus.rt, run_id(campus), ["ben"], WHY, actor=TOM)
    answer, change = why(campus.rt, "ben")
    assert answer[1:] == [
        "The exception it rested on was removed.",
        "It does not come back, because:",
        "70 % of the course is done, 100 % is asked.",
    ]


def test_a_name_that_cannot_be_printed_stands_in_the_way_before_anybody_has_tried(campus: Issued) -> None:
    """R-096, R-185: nobody is told that nothing stands in the way."""
    campus.host.change_learner(RUN, "ada", display_name=None)
    answer, change = why(campus.rt, "ada")
    assert answer[0] == "No certificate, because:" and answer[1].startswith("The learner has no name.")
    assert change == ["The data have to be put right; then issue again."]


def test_an_expired_certificate_is_said_to_be_one(campus: Issued) -> None:
    """R-113, R-185."""
    code = campus.issue("ada")
    with campus.rt.transaction() as tx:
        tx.session.get_one(Award, campus.award(code).id).valid_until = NOW - timedelta(days=1)
    answer, change = why(campus.rt, "ada")
    assert answer[0].startswith("There is a certificate, and it has expired: ")
    assert change == [why_words.RENEW_IT]


def test_while_the_platform_is_silent_what_our_own_tables_know_is_told_and_nothing_else(
    campus: Issued, away: Any
) -> None:
    """R-185, R-255: no is never said for silence."""
    ada, dev, code = campus.issue("ada"), campus.issue("dev"), campus.issue("cy")
    lifecycle.withdraw(campus.rt, [campus.award(code).id], WHY, actor=TOM)
    away()
    assert why(campus.rt, "ada")[1] == ["Nothing: there is a certificate."]
    assert why(campus.rt, "cy")[1] == ["A person withdrew it, so a person has to restore it; no evaluation does."]
    assert why(campus.rt, "zoe") == ([why_words.NOT_KNOWN], [why_words.ASK_AGAIN])
    happenings.happen(campus.rt, run_id(campus), {"ada": events.ExamRejected()}, actor="host")
    assert why(campus.rt, "ada") == (
        [
            f"The certificate {spaced(ada)} is withdrawn, and does not count at the moment.",
            "The exam was rejected.",
            "It does not come back, because:",
            "The certificate was declared invalid.",
        ],
        [why_words.ASK_AGAIN, "Somebody has to lift the declaration that it is invalid."],
    )
    happenings.happen(campus.rt, run_id(campus), {"dev": events.Failed()}, actor="host")
    assert why(campus.rt, "dev") == (
        [
            f"The certificate {spaced(dev)} is withdrawn, and does not count at the moment.",
            "The course run is no longer passed.",
            why_words.NOT_KNOWN,
        ],
        [why_words.ASK_AGAIN, why_words.BRING_IT_BACK],
    )
    [first, second, *_rest] = explaining.lines(explaining.explain(campus.rt, RUN, "zoe"))
    assert second == why_words.NO_ANSWER_AT_ALL and "zoe" in first


def test_the_answer_leads_to_the_run_the_public_page_and_the_document(campus: Issued) -> None:
    """R-185."""
    code = campus.issue("ada")
    award = campus.award(code)
    base = campus.rt.settings.base
    assert explaining.to_json(explaining.explain(campus.rt, RUN, "ada"))["links"] == {
        "run": f"{base}/runs/{run_id(campus)}",
        "certificate": f"{base}/v/{award.code}",
        "document": f"{base}/awards/{award.id}/certificate.pdf",
    }


def test_in_hindi_nothing_of_the_answer_is_left_in_english(campus: Issued) -> None:
    """R-052: codes, names of people and of modes are the same in every language."""
    code = campus.issue("ada")
    campus.host.change_learner(RUN, "ada", progress=90)
    reissuing.reissue_many(campus.rt, run_id(campus), ["ada"], WHY, actor=TOM)
    lifecycle.withdraw(campus.rt, [campus.award(code).id], WHY, actor=TOM)
    assert "Issuing again: 90 % of the course is done, 100 % is asked." in "\n".join(
        explaining.lines(explaining.explain(campus.rt, RUN, "ada"))
    )
    with speaking("hi"):
        told = list(explaining.lines(explaining.explain(campus.rt, RUN, "ada")))
    english = [word for line in told for word in line.replace(TOM, "").split() if word.isascii() and word.isalpha()]
    assert set(english) <= {"Physics", "for", "Teachers", "ada", "verified", "x"}
