"""Documents that somebody hands in are claims (R-151): what is told of them comes from our own records."""

import hmac
import io
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from flask_certify.awards.states import AwardState
from flask_certify.core.ids import spaced
from flask_certify.credentials import attachments, form_keys, forms
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.multibase import base64url, from_base64url
from flask_certify.issuing import printing
from flask_certify.verification import presented, service
from flask_certify.verification.answers import Answer
from tests.support import hostile_files
from tests.support.certificates import Issued
from tests.support.story import NOW, OTHER_RUN

FILES = ("open-badge.json", "open-badge.jwt", "open-badge.png", "open-badge.svg")


def form(campus: Issued, code: str, name: str) -> bytes:
    return forms.make_form(campus.rt, campus.award(code).id, name).data


def with_attachment(pdf: bytes, text: bytes, name: str = attachments.ATTACHED) -> bytes:
    """The PDF as others save it, with something attached."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        if attachments.ATTACHED in document.attachments:
            del document.attachments[attachments.ATTACHED]  # what we attached ourselves
        document.attachments[name] = pikepdf.AttachedFileSpec(document, text, mime_type="application/vc")
        made = io.BytesIO()
        document.save(made)
    return made.getvalue()


def printed(campus: Issued, code: str) -> bytes:
    with campus.app.app_context():
        return printing.get_document(campus.rt, campus.award(code).id).data


def answer(campus: Issued, data: bytes) -> Answer:
    return service.check_file(campus.rt, data).answer


# ---- genuine -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_what_we_hand_out_is_valid_in_every_form(issued: Issued, name: str) -> None:
    verdict = service.check_file(issued.rt, form(issued, issued.issue("ada"), name))

    assert verdict.answer is Answer.VALID
    assert verdict.shown is not None and verdict.shown.recipient_name == "Ada Lovelace"


def test_the_pdf_that_we_printed_is_known_by_its_hash(campus: Issued) -> None:
    verdict = service.check_file(campus.rt, printed(campus, campus.issue("ada")))

    assert (verdict.answer, verdict.is_our_file) == (Answer.VALID, True)


def test_a_pdf_that_was_saved_again_is_told_from_the_one_that_we_made(campus: Issued) -> None:
    code = campus.issue("ada")
    pdf = with_attachment(printed(campus, code), form(campus, code, "open-badge.json"))

    verdict = service.check_file(campus.rt, pdf)

    assert (verdict.answer, verdict.is_our_file) == (Answer.VALID, False)


def test_blanks_and_the_order_of_members_change_nothing(campus: Issued) -> None:
    document = json.loads(campus.document(campus.issue("ada")))
    turned = dict(reversed(document.items()))

    assert answer(campus, b"\xef\xbb\xbf \n" + json.dumps(turned, indent=4, ensure_ascii=True).encode()) is Answer.VALID


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (lambda i, c: i.change(c, state=AwardState.REVOKED), Answer.REVOKED),
        (lambda i, c: i.replace(c), Answer.SUPERSEDED),
        (lambda i, c: i.change_keys(state=KeyState.COMPROMISED), Answer.REISSUE_NEEDED),
        (lambda i, c: i.change_keys(state=KeyState.RETIRED), Answer.VALID),
        (lambda i, c: i.erase(c), Answer.ERASED),
        (lambda i, c: i.freeze(c, score="100"), Answer.ALTERED),
        (lambda i, c: i.lose_database(), Answer.CANNOT_CHECK),
        (lambda i, c: i.lose_keys(), Answer.CANNOT_CHECK),
    ],
    ids=["revoked", "replaced", "compromised", "retired", "erased", "row changed", "no database", "no keys"],
)
def test_status_keys_and_dates_are_asked_of_our_records(
    campus: Issued, happens: Callable[[Issued, str], Any], expected: Answer
) -> None:
    code = campus.issue("ada")
    document = form(campus, code, "open-badge.json")

    happens(campus, code)

    assert answer(campus, document) is expected


def test_a_document_has_expired_when_our_record_says_so(campus: Issued) -> None:
    code = campus.issue("ada")
    campus.sign_again(code, valid_until=NOW + timedelta(days=1))
    credential_id = json.loads(campus.document(code))["id"]
    campus.change_credential(code, credential_id=credential_id)
    campus.clock.forward(days=2)

    assert answer(campus, campus.document(code).encode()) is Answer.EXPIRED


# ---- not genuine -------------------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "recipient": lambda d: d["credentialSubject"]["identifier"][0].update(identityHash="Ida Lovelace"),
    "code": lambda d: d["credentialSubject"].update(licenseNumber="7G4K9QXM2TPD"),
    "date": lambda d: d.update(validFrom="2020-01-01T00:00:00Z"),
    "index": lambda d: d["credentialStatus"].update(statusListIndex="1"),
    "index out of range": lambda d: d["credentialStatus"].update(statusListIndex="999999"),
    "no status": lambda d: d.pop("credentialStatus"),
    "issuer": lambda d: d["issuer"].update(id="did:web:evil.example"),
    "key": lambda d: d["proof"].update(verificationMethod="did:key:z6Mk#z6Mk"),
    "added member": lambda d: d.update(note="with honours"),
    "added to the proof": lambda d: d["proof"].update(nonce="1"),
    "null": lambda d: d.update(honours=None),
    "@index": lambda d: d["credentialSubject"].update({"@index": "1"}),
    "nested context": lambda d: d["credentialSubject"].update({"@context": {"name": "https://x.example/"}}),
    "false as 0": lambda d: d["credentialSubject"]["identifier"][0].update(hashed=0),
    "two proofs": lambda d: d.update(proof=[d["proof"], d["proof"]]),
    "no proof": lambda d: d.pop("proof"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_was_changed_is_altered_and_nothing_of_it_is_shown(
    campus: Issued, change: Callable[[dict[str, Any]], Any]
) -> None:
    """R-151"""
    document = json.loads(campus.document(campus.issue("ada")))
    change(document)

    verdict = service.check_file(campus.rt, json.dumps(document).encode())

    assert (verdict.answer, verdict.shown) == (Answer.ALTERED, None)


def test_another_tenants_proof_does_not_fit(campus: Issued) -> None:
    of_ada = json.loads(campus.document(campus.issue("ada")))
    of_eve = json.loads(campus.document(campus.issue("eve", OTHER_RUN)))

    assert answer(campus, json.dumps({**of_ada, "proof": of_eve["proof"]}).encode()) is Answer.ALTERED


def test_what_others_issued_is_unknown_and_not_forged(campus: Issued) -> None:
    document = json.loads(campus.document(campus.issue("ada")))
    document["id"] = "urn:uuid:00000000-0000-4000-8000-00000000abcd"

    assert answer(campus, json.dumps(document).encode()) is Answer.UNKNOWN


def test_a_token_signed_by_others_is_altered_even_if_it_says_the_same(campus: Issued) -> None:
    head, body, tail = form(campus, campus.issue("ada"), "open-badge.jwt").decode().split(".")
    other = form(campus, campus.issue("cy"), "open-badge.jwt").decode().split(".")

    assert answer(campus, f"{head}.{body}.{other[2]}".encode()) is Answer.ALTERED
    assert answer(campus, f"{head}.{body}.{tail}".encode()) is Answer.VALID


# ---- what is no certificate --------------------------------------------------------------------------------------


def bombs() -> dict[str, bytes]:
    return {
        "empty": b"",
        "text": b"hello",
        "nested arrays": b"[" * 100_000,
        "nested objects": b'{"a":' * 50_000,
        "a list": b"[]",
        "twice the same member": b'{"id": "urn:uuid:1", "id": "urn:uuid:2"}',
        "NaN": b'{"id": "urn:uuid:1", "a": NaN}',
        "a huge number": b'{"id": "urn:uuid:1", "a": ' + b"9" * 5000 + b"}",
        "an id that is none": b'{"id": {"a": 1}}',
        "half a character in its id": b'{"id": "urn:uuid:\\ud800"}',
        "a zero byte in its id": b'{"id": "urn:uuid:\\u0000"}',
        "not UTF-8": b'{"id": "\xff\xfe"}',
        "half a PNG": b"\x89PNG\r\n\x1a\n\x00\x00",
        "a PNG that lies about its length": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffiTXt",
        "a PDF that is none": b"%PDF-1.7\nnothing",
        "an SVG that is none": b"<svg",
        "entities": b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg xmlns="http://www.w3.org/2000/svg">&b;</svg>',
        "a file of ours": b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        "a token with two parts": b"eyJhbGciOiJFUzI1NiJ9.e30",
        "a token of dots": b"..",
    }


@pytest.mark.parametrize("data", bombs().values(), ids=bombs())
def test_what_holds_no_certificate_is_told_so_and_breaks_nothing(campus: Issued, data: bytes) -> None:
    assert answer(campus, data) is Answer.MALFORMED


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_half_a_file_is_never_valid(campus: Issued, name: str, share: float) -> None:
    whole = form(campus, campus.issue("ada"), name)

    assert answer(campus, whole[: int(len(whole) * share)]) in (Answer.MALFORMED, Answer.ALTERED)


def test_a_pdf_without_the_attachment_is_told_so(campus: Issued) -> None:
    pdf = with_attachment(printed(campus, campus.issue("ada")), b"{}", name="other.txt")

    verdict = service.check_file(campus.rt, pdf)

    assert (verdict.answer, verdict.is_our_file) == (Answer.MALFORMED, False)


def test_an_attachment_that_unpacks_without_end_is_not_unpacked(campus: Issued) -> None:
    pdf = with_attachment(printed(campus, campus.issue("ada")), b" " * 30_000_000)

    assert len(pdf) < presented.LARGEST
    assert answer(campus, pdf) is Answer.MALFORMED


# ---- doors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_page_answers_about_an_upload(campus: Issued, name: str) -> None:
    data = form(campus, campus.issue("ada"), name)

    page = campus.client.post("/certify/verify", data={"file": (io.BytesIO(data), "x.bin")})

    assert page.status_code == 200
    assert 'data-cf-answer="valid"' in page.text and "Ada Lovelace" in page.text


def test_a_program_posts_the_file_itself(campus: Issued) -> None:
    data = form(campus, campus.issue("ada"), "open-badge.json")

    told = campus.client.post(
        "/certify/verify", data=data, headers={"Accept": "application/json", "Content-Type": "application/vc"}
    )

    assert (told.status_code, told.get_json()["answer"]) == (200, "valid")


def test_an_upload_of_100_mb_is_refused_before_it_is_read(campus: Issued) -> None:
    class Endless(io.RawIOBase):
        taken = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            Endless.taken += len(buffer)
            return len(buffer)

    refused = campus.client.post(
        "/certify/verify",
        content_type="application/json",
        environ_overrides={"wsgi.input": Endless(), "CONTENT_LENGTH": str(100 * 1024 * 1024)},
        headers={"Accept": "application/json"},
    )

    assert refused.status_code == 413
    assert refused.get_json()["error"]["code"] == "verification.file_too_large"
    assert Endless.taken < presented.LARGEST


def test_the_command_checks_a_file_a_code_and_the_address_in_the_qr_code(campus: Issued, tmp_path: Path) -> None:
    code = campus.issue("ada")
    path = tmp_path / "ada.png"
    path.write_bytes(form(campus, code, "open-badge.png"))
    run = campus.app.test_cli_runner()

    address = f"https://certs.example.org/certify/v/{code}"
    for what in (
        *(str(path), code, spaced(code).lower(), address, address.upper(), f"{address}/", f"{address}.json"),
        *(f"https://elsewhere.example/v/{code}", f"https://elsewhere.example/v/{code[:4]}%20{code[4:]}"),
        f"https://certs.example.org/certify/verify?code={spaced(code)}",
    ):
        told = run.invoke(args=["certify", "verify", what, "--json"])
        assert (told.exit_code, json.loads(told.stdout)["answer"]) == (0, "valid")
    assert run.invoke(args=["certify", "verify", "https://elsewhere.example/"]).exit_code == 2


def test_a_revoked_file_is_told_as_revoked_by_page_json_and_command(campus: Issued, tmp_path: Path) -> None:
    code = campus.issue("ada")
    path = tmp_path / "ada.json"
    path.write_bytes(form(campus, code, "open-badge.json"))
    campus.change(code, state=AwardState.REVOKED)

    page = campus.client.post("/certify/verify", data={"file": (io.BytesIO(path.read_bytes()), "ada.json")})
    command = campus.app.test_cli_runner().invoke(args=["certify", "verify", str(path), "--json"])

    assert 'data-cf-answer="revoked"' in page.text
    assert (command.exit_code, json.loads(command.stdout)["answer"]) == (1, "revoked")


@pytest.mark.parametrize(
    ("pack", "unpacked", "filters"),
    [
        (hostile_files.packed_by_flate, hostile_files.LONG, b"/Filter/FlateDecode"),
        (hostile_files.packed_by_lzw, hostile_files.VERY_LONG, b"/Filter/LZWDecode"),
    ],
    ids=["flate", "lzw"],
)
def test_a_genuine_pdf_whose_objects_unpack_without_end_is_not_unpacked(
    campus: Issued, pack: Callable[[int], bytes], unpacked: int, filters: bytes
) -> None:
    genuine = form(campus, campus.issue("ada"), "open-badge.json")

    read, refused = (hostile_files.pdf_in_packed_objects(pack(size), filters, genuine) for size in (0, unpacked))

    assert len(refused) < presented.LARGEST
    assert answer(campus, read) is Answer.VALID  # nothing else is wrong with it
    assert answer(campus, refused) is Answer.MALFORMED


HOSTILE = {**hostile_files.pdfs(), **hostile_files.pictures()}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_answered_in_a_sentence(campus: Issued, name: str) -> None:
    page = campus.client.post("/certify/verify", data=HOSTILE[name], content_type="application/octet-stream")

    assert page.status_code == 422
    assert "There is no signed certificate in this file" in page.text


def test_a_pdf_that_takes_too_long_is_given_up(campus: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf = with_attachment(printed(campus, campus.issue("ada")), b"{}")
    monkeypatch.setattr(attachments, "_CLOCK_SECONDS", 0.001)

    assert answer(campus, pdf) is Answer.MALFORMED


def test_the_pdf_that_we_printed_is_known_without_being_read(campus: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-151"""
    pdf, read = printed(campus, campus.issue("ada")), list[bytes]()
    monkeypatch.setattr(attachments, "read_pdf", read.append)

    assert answer(campus, pdf) is Answer.VALID
    assert read == []


def test_while_too_many_pdfs_are_being_read_a_file_cannot_be_checked_and_is_not_called_false(
    campus: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-143"""
    pdf = with_attachment(printed(campus, campus.issue("ada")), b"{}")
    monkeypatch.setattr(attachments, "_PATIENCE_SECONDS", 0.001)

    with attachments._seat(), attachments._seat():
        assert answer(campus, pdf) is Answer.CANNOT_CHECK
    monkeypatch.setattr(attachments, "python", lambda: "/nowhere/python")
    assert answer(campus, pdf) is Answer.CANNOT_CHECK


def test_where_a_process_may_have_less_than_our_limits_a_pdf_is_read_all_the_same() -> None:
    """As below `ulimit -v`, or with LimitAS= of systemd."""
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))\n"
        "from flask_certify.credentials.attachments import read_pdf\n"
        "print(read_pdf(sys.stdin.buffer.read()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], input=hostile_files.pdf_attaching(b"{}"), capture_output=True, check=True
    )
    assert told.stdout == b"{}\n"


def test_what_reads_a_pdf_knows_none_of_our_settings(campus: Issued, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-252"""
    given: list[dict[str, str]] = []
    run = subprocess.run
    monkeypatch.setenv("CERTIFY_MASTER_KEY", "5a" * 32)
    monkeypatch.setattr(subprocess, "run", lambda *args, **more: given.append(more["env"]) or run(*args, **more))

    answer(campus, with_attachment(printed(campus, campus.issue("ada")), b"{}"))

    assert [sorted(each) for each in given] == [["LANG", "PYTHONPATH"]]


@pytest.mark.parametrize("depth", [300, 700, 900, 950, 975, 990, 1000, 2000])
def test_a_genuine_credential_with_something_endlessly_deep_in_it_is_not_valid(campus: Issued, depth: int) -> None:
    deep = form(campus, campus.issue("ada"), "open-badge.json").decode().rstrip()[:-1]
    data = f'{deep}, "more": {"[" * depth}{"]" * depth}}}'.encode()

    told = campus.client.post(
        "/certify/verify", data=data, headers={"Accept": "application/json", "Content-Type": "application/vc"}
    )

    assert told.get_json()["answer"] in ("altered", "malformed") and told.status_code in (200, 422)


def forged(campus: Issued, **header: Any) -> bytes:
    """A token of ours whose header says something else. It is signed with what the public knows of the key."""
    code = campus.issue("ada")
    head, body, tail = form(campus, code, "open-badge.jwt").decode().split(".")
    said = json.loads(from_base64url(head)) | header
    head = base64url(json.dumps({name: value for name, value in said.items() if value is not None}).encode())
    if header.get("alg") == "none":
        tail = ""
    if header.get("alg") == "HS256":
        with campus.rt.reading() as session:
            (pem,) = dict(form_keys.public_keys(session, campus.award(code).issuer_id)).values()
        tail = base64url(hmac.digest(pem.encode(), f"{head}.{body}".encode(), "sha256"))
    return f"{head}.{body}.{tail}".encode()


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"alg": "none"}, Answer.ALTERED),
        ({"alg": "HS256"}, Answer.ALTERED),
        ({"alg": "RS256"}, Answer.ALTERED),
        ({"alg": None}, Answer.MALFORMED),
        ({"alg": 7}, Answer.MALFORMED),
        ({"crit": ["exp"]}, Answer.MALFORMED),
        ({"jku": "http://127.0.0.1:9/keys"}, Answer.MALFORMED),
        ({"x5u": "http://127.0.0.1:9/keys"}, Answer.MALFORMED),
        ({"jwk": {"kty": "EC"}}, Answer.MALFORMED),
        ({"kid": "did:web:evil.example#key"}, Answer.ALTERED),
        ({"kid": "../../etc/passwd"}, Answer.ALTERED),
        ({"typ": "JWT", "kid": None}, Answer.MALFORMED),
    ],
)
def test_a_token_that_chooses_how_it_is_to_be_checked_is_refused(
    campus: Issued, header: dict[str, Any], told: Answer
) -> None:
    assert answer(campus, forged(campus, **header)) is told


def test_a_picture_of_millions_of_elements_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    monkeypatch.setattr("lxml.etree.fromstring", lambda svg, parser: parsed.append(len(svg)))

    assert presented.read(b"<svg>" + b"<a/>" * 1_000_000 + b"</svg>").credential_id is None

    assert parsed == []
