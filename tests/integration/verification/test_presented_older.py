"""Open Badges 2.0 and inCredible's form, handed in again: what we handed out is never called altered or unknown."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.models import Issuer
from flask_certify.awards.states import AwardState
from flask_certify.credentials import forms, rotation
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.models import FormKey
from flask_certify.credentials.multibase import base64url, from_base64url
from flask_certify.verification import service, sharing
from flask_certify.verification.answers import Answer
from flask_certify.verification.disclosure import Level
from tests.support.certificates import Issued
from tests.support.story import OTHER_RUN, TOM

OLDER = ("open-badge-2.json", "open-badge-2.jws", "incredible.json")
SIGNED = OLDER[1:]


def form(campus: Issued, code: str, name: str) -> bytes:
    return forms.make_form(campus.rt, campus.award(code).id, name).data


def answer(campus: Issued, data: bytes) -> Answer:
    return service.check_file(campus.rt, data).answer


@pytest.mark.parametrize("name", OLDER)
def test_what_we_hand_out_in_an_older_form_is_valid_by_page_json_and_command(
    campus: Issued, tmp_path: Path, name: str
) -> None:
    """R-151, R-152"""
    data = form(campus, campus.issue("ada"), name)
    (tmp_path / name).write_bytes(data)

    page = campus.client.post("/certify/verify", data={"file": (io.BytesIO(data), name)})
    told = campus.client.post("/certify/verify", data=data, headers={"Accept": "application/json"}).get_json()
    command = campus.app.test_cli_runner().invoke(args=["certify", "verify", str(tmp_path / name), "--json"])

    assert page.status_code == 200 and 'data-cf-answer="valid"' in page.text
    assert told["answer"] == json.loads(command.stdout)["answer"] == "valid"
    assert told["recipient_name"] == "Ada Lovelace"


@pytest.mark.parametrize("name", OLDER)
def test_who_has_an_older_form_which_names_nobody_sees_no_more_than_who_has_the_code(campus: Issued, name: str) -> None:
    """R-148"""
    code = campus.issue("ada")
    sharing.choose_level(campus.rt, campus.award(code).id, Level.STATUS, actor="ada")

    verdict = service.check_file(campus.rt, form(campus, code, name))

    assert (verdict.answer, verdict.shown) == (Answer.VALID, None)


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (lambda campus, code: campus.change(code, state=AwardState.REVOKED), Answer.REVOKED),
        (lambda campus, code: campus.replace(code), Answer.SUPERSEDED),
        (lambda campus, code: campus.erase(code), Answer.ERASED),
        (lambda campus, code: campus.change_credential(code, document="damaged"), Answer.ALTERED),
        (lambda campus, code: campus.change_keys(state=KeyState.COMPROMISED), Answer.REISSUE_NEEDED),
    ],
    ids=["revoked", "superseded", "erased", "damaged", "compromised"],
)
def test_what_became_of_it_is_asked_of_our_records(
    campus: Issued, happens: Callable[[Issued, str], None], expected: Answer
) -> None:
    """R-142, R-143, R-151"""
    code = campus.issue("ada")
    handed_out = {name: form(campus, code, name) for name in OLDER}
    happens(campus, code)

    assert {name: answer(campus, data) for name, data in handed_out.items()} == dict.fromkeys(OLDER, expected)


def opened(data: bytes) -> tuple[dict[str, Any], Callable[[dict[str, Any]], bytes]]:
    """What it says, and how that is written into it again."""
    if data.startswith(b"{"):
        return json.loads(data), lambda document: json.dumps(document).encode()
    head, body, tail = data.decode().split(".")
    payload = json.loads(from_base64url(body))

    def write(document: dict[str, Any]) -> bytes:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
        return f"{head}.{base64url(text.encode())}.{tail}".encode()

    return payload, write


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "recipient": lambda d: d["recipient"].update(salt="x"),
    "day": lambda d: d.update(issuedOn="2020-01-01T00:00:00Z"),
    "end": lambda d: d.update(expires="2099-01-01T00:00:00Z"),
    "null": lambda d: d.update(honours=None),
    "added": lambda d: d.update(narrative="with honours"),
}


@pytest.mark.parametrize("name", OLDER)
def test_an_older_form_that_was_changed_is_altered(campus: Issued, name: str) -> None:
    """R-151"""
    data = form(campus, campus.issue("ada"), name)

    for what, change in CHANGES.items():
        document, write = opened(data)
        assert answer(campus, write(document)) is Answer.VALID
        change(document)
        assert answer(campus, write(document)) is Answer.ALTERED, what


def test_a_signature_of_another_certificate_does_not_fit(campus: Issued) -> None:
    """R-151"""
    ada, cy = (campus.issue(who) for who in ("ada", "cy"))
    token, other = (form(campus, code, "open-badge-2.jws").decode().rpartition(".") for code in (ada, cy))
    document, foreign = (json.loads(form(campus, code, "incredible.json")) for code in (ada, cy))
    document["signature"]["signatureValue"] = foreign["signature"]["signatureValue"]

    assert answer(campus, f"{token[0]}.{other[2]}".encode()) is Answer.ALTERED
    assert answer(campus, json.dumps(document).encode()) is Answer.ALTERED


@pytest.mark.parametrize("name", SIGNED)
def test_another_tenants_key_does_not_sign_it(campus: Issued, name: str) -> None:
    """R-018: not even where its name is written into the row of the other."""
    data = form(campus, campus.issue("ada"), name)
    campus.issue("eve", OTHER_RUN)
    with campus.rt.transaction() as tx:
        devon = tx.session.scalars(sa.select(Issuer.id).where(Issuer.slug == "devon")).one()
        tx.session.execute(sa.update(FormKey).values(issuer_id=devon))

    assert answer(campus, data) is Answer.ALTERED


@pytest.mark.parametrize("name", SIGNED)
def test_what_an_old_key_signed_stays_good_and_what_a_stolen_one_signed_is_told(campus: Issued, name: str) -> None:
    """R-152, R-154"""
    data = form(campus, campus.issue("ada"), name)
    rotation.rotate(campus.rt, "wales", actor=TOM, at_once=True, kind="RS256")
    after_rotation = answer(campus, data)
    [old] = [each for each in rotation.list_keys(campus.rt, "wales") if (each.kind, each.state) == ("RS256", "retired")]
    rotation.compromise(campus.rt, "wales", old.multikey, actor=TOM)

    assert (after_rotation, answer(campus, data)) == (Answer.VALID, Answer.REISSUE_NEEDED)


@pytest.mark.parametrize("name", OLDER)
def test_an_older_form_outlives_a_new_name_and_address_of_its_issuer(campus: Issued, name: str) -> None:
    """R-150, R-152: all of it is made from what was signed."""
    code = campus.issue("ada")
    data = form(campus, code, name)
    with campus.rt.transaction() as tx:
        tx.session.execute(sa.update(Issuer).values(name="Academy of the West", url="https://west.example.org"))

    assert answer(campus, data) is Answer.VALID
    assert form(campus, code, name) == data


@pytest.mark.parametrize(
    "document",
    [
        {"@context": "https://w3id.org/openbadges/v2", "id": "https://x.example/ob2/nothing/assertion.json"},
        {"@context": "https://w3id.org/openbadges/v2", "id": 5},
        {"id": "urn:uuid:00000000-0000-4000-8000-00000000abcd", "signature": {"creator": "x", "signatureValue": 5}},
        {"id": "x", "signature": {"creator": f"/ob2/keys/{'a' * 43}/key.json", "signatureValue": "not base64url!"}},
        {"id": [], "signature": {"creator": f"/ob2/keys/{'a' * 43}/key.json", "signatureValue": ""}},
    ],
)
def test_half_an_older_form_is_told_and_breaks_nothing(campus: Issued, document: dict[str, Any]) -> None:
    assert answer(campus, json.dumps(document).encode()) in (Answer.UNKNOWN, Answer.MALFORMED)
