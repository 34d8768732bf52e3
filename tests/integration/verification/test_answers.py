"""Each answer of R-143, reached through real rows, as page, as JSON and by the command."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from jinja2 import ChoiceLoader, DictLoader

from flask_certify.awards.states import AwardState
from flask_certify.credentials.did_web import KeyState
from flask_certify.verification import service
from flask_certify.verification.answers import Answer
from flask_certify.verification.wording import WORDS
from tests.support.certificates import Issued
from tests.support.story import NOW, OTHER_RUN

UNKNOWN_CODE = "0123456789AB"


def nothing(issued: Issued, code: str) -> None:
    """It is valid as it is."""


def expire(issued: Issued, code: str) -> None:
    issued.sign_again(code, valid_until=NOW + timedelta(days=1))
    issued.clock.forward(days=1, seconds=1)


def revoke(issued: Issued, code: str) -> None:
    issued.change(code, state=AwardState.REVOKED)


def withdraw(issued: Issued, code: str) -> None:
    issued.change(code, state=AwardState.WITHDRAWN)


def supersede(issued: Issued, code: str) -> None:
    issued.replace(code)


def unsign(issued: Issued, code: str) -> None:
    issued.change(code, state=AwardState.GRANTED, issued_at=None)


def postdate(issued: Issued, code: str) -> None:
    issued.sign_again(code, valid_from=NOW + timedelta(days=1))


def erase(issued: Issued, code: str) -> None:
    issued.erase(code)


def alter(issued: Issued, code: str) -> None:
    issued.change_credential(code, document=issued.document(code).replace("Ada", "Ida"))


def compromise(issued: Issued, code: str) -> None:
    issued.change_keys(state=KeyState.COMPROMISED)


def lose_database(issued: Issued, code: str) -> None:
    issued.lose_database()


def lose_keys(issued: Issued, code: str) -> None:
    issued.lose_keys()


CASES: list[tuple[Callable[[Issued, str], None], Answer, int, int]] = [
    # what happens to it, the answer, the status of HTTP, the command's exit code
    (nothing, Answer.VALID, 200, 0),
    (expire, Answer.EXPIRED, 200, 1),
    (revoke, Answer.REVOKED, 200, 1),
    (withdraw, Answer.REVOKED, 200, 1),
    (supersede, Answer.SUPERSEDED, 200, 1),
    (unsign, Answer.NOT_YET_VISIBLE, 200, 1),
    (postdate, Answer.NOT_YET_VISIBLE, 200, 1),
    (erase, Answer.ERASED, 200, 1),
    (alter, Answer.ALTERED, 200, 1),
    (compromise, Answer.REISSUE_NEEDED, 200, 1),
    (lose_database, Answer.CANNOT_CHECK, 503, 2),
    (lose_keys, Answer.CANNOT_CHECK, 503, 2),
]
SHOWING = {Answer.VALID, Answer.EXPIRED, Answer.REVOKED, Answer.SUPERSEDED}


@pytest.mark.parametrize(("happens", "answer", "status", "exit_code"), CASES, ids=[case[0].__name__ for case in CASES])
def test_page_json_and_command_give_the_same_answer(
    issued: Issued, happens: Callable[[Issued, str], None], answer: Answer, status: int, exit_code: int
) -> None:
    """R-142, R-143, R-149"""
    code = issued.issue("ada")
    happens(issued, code)

    page = issued.client.get(f"/certify/v/{code}")
    told = issued.client.get(f"/certify/v/{code}.json")
    api = issued.client.get("/certify/api/v1/verify", query_string={"code": code})
    command = issued.app.test_cli_runner().invoke(args=["certify", "verify", code, "--json"])

    assert (page.status_code, told.status_code, command.exit_code) == (status, status, exit_code)
    assert (api.status_code, api.get_json()["answer"]) == (status, answer)
    assert (api.headers.get("Retry-After") == told.headers.get("Retry-After") == "120") is (status == 503)
    assert f'data-cf-answer="{answer}"' in page.text
    assert WORDS[answer].heading in page.text.replace("&#39;", "'")
    assert told.get_json()["answer"] == json.loads(command.stdout)["answer"] == answer
    for text in (page.text, told.text, command.stdout):
        assert ("Ada Lovelace" in text) is (answer in SHOWING)


@pytest.mark.parametrize("happens", [case[0] for case in CASES[:-1]], ids=[case[0].__name__ for case in CASES[:-1]])
def test_a_page_that_is_filled_in_is_the_page_that_would_have_been_rendered(
    campus: Issued, happens: Callable[[Issued, str], None]
) -> None:
    ada, cy = campus.issue("ada"), campus.issue("cy")
    for code in (ada, cy):
        happens(campus, code)
    first, second = (campus.client.get(f"/certify/v/{code}").text for code in (ada, cy))
    unknown = campus.client.get(f"/certify/v/{UNKNOWN_CODE}").text

    sheets = campus.app.extensions["certify_sheets"]
    assert sheets._known
    sheets._are_ours = False  # as if a template were the host's

    assert (first, second) == tuple(campus.client.get(f"/certify/v/{code}").text for code in (ada, cy))
    assert unknown == campus.client.get(f"/certify/v/{UNKNOWN_CODE}").text


def test_a_reader_of_another_language_never_gets_the_page_of_the_first(campus: Issued) -> None:
    code, languages = campus.issue("ada"), ["en", "hi", "en"]
    campus.app.extensions["babel"].locale_selector = lambda: languages[0]

    pages = []
    while languages:
        pages.append(campus.client.get(f"/certify/v/{code}").text)
        languages.pop(0)

    assert pages[0] == pages[2]
    assert "This certificate is valid" in pages[0] and "This certificate is valid" not in pages[1]
    assert 'lang="hi"' in pages[1] and "Ada Lovelace" in pages[1]


def test_a_host_that_says_on_every_page_who_is_logged_in_is_not_overheard(campus: Issued) -> None:
    code, readers = campus.issue("ada"), iter(["tom", "una"])
    loader = campus.app.jinja_loader
    blocks = "".join(f"{{% block {name} %}}{{% endblock %}}" for name in ("title", "head", "content"))
    frame = f"<p>{{{{ reader() }}}}</p>{blocks}"
    campus.app.jinja_loader = ChoiceLoader([DictLoader({"certify/frame.html": frame}), *([loader] if loader else [])])
    campus.app.jinja_env.globals["reader"] = lambda: next(readers)

    pages = [campus.client.get(f"/certify/v/{code}").text for _ in range(2)]

    assert "<p>tom</p>" in pages[0] and "<p>una</p>" in pages[1]


def test_a_host_that_gives_each_reader_other_addresses_and_words_is_not_overheard(campus: Issued) -> None:
    code, readers = campus.issue("ada"), ["tom", "una"]
    campus.app.context_processor(
        lambda: {
            "c_": lambda text, **gaps: f"{text} for {readers[0]}",
            "url_for": lambda endpoint, **values: f"/{readers[0]}",
        }
    )

    first = campus.client.get(f"/certify/v/{code}").text
    del readers[0]
    second = campus.client.get(f"/certify/v/{code}").text

    assert "Skip to the content for tom" in first and 'href="/tom"' in first
    assert "Skip to the content for una" in second and 'href="/una"' in second and "tom" not in second


def test_what_a_host_adds_to_every_address_for_one_reader_is_not_on_the_page_of_another(campus: Issued) -> None:
    code, readers = campus.issue("ada"), ["tom", "una"]
    campus.app.url_default_functions[None].append(lambda endpoint, values: values.setdefault("for", readers[0]))

    first = campus.client.get(f"/certify/v/{code}").text
    del readers[0]
    second = campus.client.get(f"/certify/v/{code}").text

    assert "for=tom" in first and "for=una" in second and "for=tom" not in second


def test_an_unknown_code_is_told_as_unknown(issued: Issued) -> None:
    issued.issue("ada")

    page = issued.client.get(f"/certify/v/{UNKNOWN_CODE}")
    command = issued.app.test_cli_runner().invoke(args=["certify", "verify", UNKNOWN_CODE, "--json"])

    assert page.status_code == 404 and 'data-cf-answer="unknown"' in page.text
    assert command.exit_code == 1 and json.loads(command.stdout)["answer"] == "unknown"


@pytest.mark.parametrize("typed", ["123", "x" * 500, "<script>", "'; DROP TABLE"])
def test_what_cannot_be_a_code_is_malformed_without_asking_the_database(campus: Issued, typed: str) -> None:
    campus.lose_database()

    page = campus.client.get("/certify/verify", query_string={"code": typed})
    command = campus.app.test_cli_runner().invoke(args=["certify", "verify", "--json", "--", typed])

    assert page.status_code == 422 and 'data-cf-answer="malformed"' in page.text
    assert command.exit_code == 2 and json.loads(command.stdout)["answer"] == "malformed"


@pytest.mark.parametrize("typed", ["7G4K-9QXM-2TPU", "7G4K-9QXM-2TPD-0"])
def test_what_is_neither_a_code_nor_an_old_one_is_malformed(campus: Issued, typed: str) -> None:
    page = campus.client.get("/certify/verify", query_string={"code": typed})

    assert page.status_code == 422 and 'data-cf-answer="malformed"' in page.text


def test_a_replaced_certificate_does_not_give_away_the_code_of_the_newer_one(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.replace(code)
    with campus.rt.reading() as session:
        newer = session.scalars(sa.text("SELECT code FROM certify_award WHERE replaces_id IS NOT NULL")).one()

    for address in (f"/certify/v/{code}", f"/certify/v/{code}.json"):
        assert newer not in campus.client.get(address).text


def test_while_its_successor_is_not_signed_a_certificate_is_only_revoked(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.replace(code, state=AwardState.GRANTED)

    assert service.check_code(campus.rt, code).answer is Answer.REVOKED


def test_a_revoked_certificate_says_so_even_when_its_signed_document_is_gone(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.change(code, state=AwardState.REVOKED)
    campus.change_credential(code, document=None)

    verdict = service.check_code(campus.rt, code)

    assert (verdict.answer, verdict.shown) == (Answer.REVOKED, None)


def test_a_certificate_holds_until_the_very_second_it_expires(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.sign_again(code, valid_until=NOW + timedelta(days=1))

    campus.clock.forward(days=1)

    assert service.check_code(campus.rt, code).answer is Answer.VALID


def test_a_retired_key_still_vouches_for_what_it_signed(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.change_keys(state=KeyState.RETIRED, retired_at=NOW)

    assert service.check_code(campus.rt, code).answer is Answer.VALID


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient_name": "Ida Lovelace"},
        {"course_title": "Chemistry for Teachers"},
        {"achievement_title": "Doctor of Physics"},
        {"issuer_name": "Academy of Devon"},
        {"score": "100"},
        {"score": None},
        {"valid_until": NOW + timedelta(days=365)},
        {"issued_at": NOW - timedelta(days=365)},
        {"issued_at": NOW + timedelta(seconds=1)},
        {"issuer_did": "did:web:certs.example.org:certify:devon"},
        {"completed_on": NOW - timedelta(days=365)},
        {"zone": "Pacific/Auckland"},
        {"language": "hi"},
        {"facts": {"location": "Cardiff"}},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_no_row_vouches_for_itself(campus: Issued, changes: dict[str, Any]) -> None:
    code = campus.issue("ada")
    campus.freeze(code, **changes)

    verdict = service.check_code(campus.rt, code)

    assert (verdict.answer, verdict.shown) == (Answer.ALTERED, None)


def test_a_certificate_does_not_answer_under_another_code(issued: Issued) -> None:
    """R-141: the code is signed, too, so nobody who can write into our tables lends a certificate to another paper."""
    code = issued.issue("ada")
    issued.change(code, code=UNKNOWN_CODE)

    verdict = service.check_code(issued.rt, UNKNOWN_CODE)

    assert (verdict.answer, verdict.shown) == (Answer.ALTERED, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"credential_id": "urn:uuid:0197f6d2-0000-7000-8000-000000000002"},
        {"key_id": "did:web:certs.example.org:certify:wales#z6MkOther"},
        {"status_index": -1},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_a_certificate_whose_place_or_id_was_changed_is_altered(campus: Issued, changes: dict[str, Any]) -> None:
    """With another place its revocation would reach nobody who reads our lists."""
    code = campus.issue("ada")
    campus.change_credential(code, **changes)

    assert service.check_code(campus.rt, code).answer is Answer.ALTERED


def test_two_certificates_cannot_change_places(campus: Issued) -> None:
    ada, cy = campus.issue("ada"), campus.issue("cy")
    document = campus.document(ada)
    campus.change_credential(ada, document=campus.document(cy))
    campus.change_credential(cy, document=document)

    assert {service.check_code(campus.rt, code).answer for code in (ada, cy)} == {Answer.ALTERED}


def test_a_document_that_another_tenant_signed_is_not_ours(campus: Issued) -> None:
    """R-018"""
    ada, eve = campus.issue("ada"), campus.issue("eve", OTHER_RUN)
    campus.change_credential(ada, document=campus.document(eve))

    assert service.check_code(campus.rt, ada).answer is Answer.ALTERED


def test_a_signature_is_checked_anew_when_the_row_or_the_key_changes(campus: Issued) -> None:
    code = campus.issue("ada")
    genuine = campus.document(code)

    answers = [service.check_code(campus.rt, code).answer]
    campus.change_credential(code, document=genuine.replace("Ada", "Ida"))
    answers.append(service.check_code(campus.rt, code).answer)
    campus.change_credential(code, document=genuine)
    answers.append(service.check_code(campus.rt, code).answer)
    campus.change_keys(state=KeyState.COMPROMISED)
    answers.append(service.check_code(campus.rt, code).answer)

    assert answers == [Answer.VALID, Answer.ALTERED, Answer.VALID, Answer.REISSUE_NEEDED]


def test_what_went_wrong_is_logged_without_code_or_name(campus: Issued, caplog: pytest.LogCaptureFixture) -> None:
    code = campus.issue("ada")
    campus.lose_database()

    service.check_code(campus.rt, code)

    (record,) = [each for each in caplog.records if each.message == "a certificate could not be checked"]
    assert record.__dict__["reason"] == "DatabaseAway"
    assert code not in str(record.__dict__) and "Ada" not in str(record.__dict__)
