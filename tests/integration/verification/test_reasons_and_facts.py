"""Why a certificate no longer counts, as far as anybody may know, and the facts that its attachment carries."""

import json

import pytest

from flask_certify.awards.causes import WORDS, Cause, Why
from flask_certify.awards.service import AwardView
from flask_certify.documents.printable import PrintableAward
from flask_certify.issuing import lifecycle, reissuing
from flask_certify.issuing.printing import get_document
from flask_certify.verification import service, sharing
from flask_certify.verification.disclosure import Level
from tests.support.certificates import Issued
from tests.support.life import counting
from tests.support.story import NOW, TOM

NOTE = "copied from the neighbour"


def revoked(campus: Issued, why: Why) -> AwardView:
    award = campus.award(campus.issue("ada"))
    campus.clock.forward(days=3)
    with campus.app.app_context():
        lifecycle.revoke(campus.rt, [award.id], why, actor=TOM)
    return award


@pytest.mark.parametrize(
    ("cause", "told"), [(Cause.ISSUED_IN_ERROR, Cause.ISSUED_IN_ERROR), (Cause.MISCONDUCT, Cause.OTHER)]
)
def test_page_json_and_command_tell_the_public_class_of_the_reason_and_never_the_note(
    issued: Issued, cause: Cause, told: Cause
) -> None:
    """R-102, R-143: what is private is told as another reason."""
    code = revoked(issued, Why(cause, NOTE)).code

    page = issued.client.get(f"/certify/v/{code}").text
    said = issued.client.get(f"/certify/v/{code}.json")
    command = issued.app.test_cli_runner().invoke(args=["certify", "verify", code, "--json"])

    assert WORDS[told] in page and "June 18, 2026" in page
    for found in (said.get_json(), json.loads(command.stdout)):
        assert (found["reason"], found["reason_sentence"]) == (told.value, WORDS[told])
        assert found["revoked_at"] == "2026-06-18T09:30:00+00:00"
    for text in (page, said.text, command.stdout):
        assert NOTE not in text and TOM not in text.split()
        assert told is cause or (cause.value not in text and WORDS[cause] not in text)


def test_a_certificate_that_counts_has_no_reason_against_it(campus: Issued) -> None:
    """R-143: not even one that was withdrawn and has come back."""
    award = campus.award(campus.issue("ada"))
    with campus.app.app_context():
        lifecycle.withdraw(campus.rt, [award.id], Why(Cause.UNDER_REVIEW), actor=TOM)
        assert service.report(campus.rt, award.code)["reason"] == "under_review"
        lifecycle.restore(campus.rt, [award.id], Why(Cause.REVIEW_ENDED), actor=TOM)

        assert "reason" not in service.report(campus.rt, award.code)
    assert WORDS[Cause.UNDER_REVIEW] not in campus.client.get(f"/certify/v/{award.code}").text


def test_what_was_withdrawn_and_then_revoked_is_revoked_since_it_was_withdrawn(campus: Issued) -> None:
    """R-143: the reason is what was said last."""
    award = campus.award(campus.issue("ada"))
    with campus.app.app_context():
        lifecycle.withdraw(campus.rt, [award.id], Why(Cause.UNDER_REVIEW), actor=TOM)
        campus.clock.forward(days=2)
        lifecycle.revoke(campus.rt, [award.id], Why(Cause.ISSUED_IN_ERROR), actor=TOM)

    ended = service.check_code(campus.rt, award.code).ended

    assert ended is not None and (ended.at, ended.cause) == (NOW, Cause.ISSUED_IN_ERROR)


def test_a_replaced_certificate_tells_why_it_was_issued_again(campus: Issued) -> None:
    """R-102, R-142."""
    award = campus.award(campus.issue("ada"))
    with campus.app.app_context():
        reissuing.reissue_many(campus.rt, award.run_id, ["ada"], Why(Cause.NAME_CORRECTED, NOTE), actor=TOM)

    page = campus.client.get(f"/certify/v/{award.code}").text

    assert 'data-cf-answer="superseded"' in page and WORDS[Cause.NAME_CORRECTED] in page
    assert NOTE not in page


def test_the_reason_is_part_of_the_status_and_told_at_every_level(campus: Issued) -> None:
    """R-143, R-148: a holder who shows the status alone shows that it is revoked, since when and why."""
    award = revoked(campus, Why(Cause.ISSUED_IN_ERROR))
    sharing.choose_level(campus.rt, award.id, Level.STATUS, actor="ada")

    page = campus.client.get(f"/certify/v/{award.code}").text

    assert WORDS[Cause.ISSUED_IN_ERROR] in page and "Ada" not in page


def carrying(campus: Issued) -> str:
    """A certificate that carries place and time of completion."""
    code = campus.issue("ada")
    campus.freeze(code, facts={"location": "Cardiff", "completion_time": "2026-05-20T22:30:00+00:00"})
    campus.sign_again(code)
    return code


@pytest.mark.parametrize("level", Level)
def test_the_facts_that_an_attachment_carries_are_shown_where_all_is_shown(campus: Issued, level: Level) -> None:
    """R-030, R-148: score, place and time of completion, in the certificate's zone; nobody else's."""
    code, plain = carrying(campus), campus.issue("dev")
    sharing.choose_level(campus.rt, campus.award(code).id, level, actor="ada")

    page, told = campus.client.get(f"/certify/v/{code}"), campus.client.get(f"/certify/v/{code}.json")
    others = campus.client.get(f"/certify/v/{plain}.json").get_json()

    is_full = level is Level.FULL
    assert ("Cardiff" in page.text) is ("May 20, 2026, 23:30 (BST)" in page.text) is ("90%" in page.text) is is_full
    if is_full:
        found = told.get_json()
        assert (found["location"], found["completed_at"], found["score"]) == (
            "Cardiff",
            "2026-05-20T22:30:00+00:00",
            "90",
        )
    assert (others["location"], others["completed_at"]) == (None, None)


def test_documents_may_print_the_facts_that_are_carried(campus: Issued) -> None:
    """R-030: and leave their places empty on certificates that do not carry them."""
    frozen = campus.award(carrying(campus)).frozen
    plain = campus.award(campus.issue("dev"))

    def values(award_frozen: object) -> set[str]:
        assert isinstance(award_frozen, type(frozen))
        printed = PrintableAward.of(
            award_frozen, award_id=plain.id, code=plain.code, verify_url="", template_version_id=plain.id
        )
        return set(printed.values)

    assert {"location", "completion.time", "score"} <= values(frozen)
    assert not {"location", "completion.time"} & values(plain.frozen)
    with campus.app.app_context():
        assert get_document(campus.rt, plain.id)


def test_checking_a_revoked_code_takes_at_most_three_questions(campus: Issued) -> None:
    code = revoked(campus, Why(Cause.ISSUED_IN_ERROR)).code
    with counting() as asked:
        service.check_code(campus.rt, code)
    assert len([each for each in asked if each.startswith("SELECT")]) <= 3
