"""Other people's readers accept the other forms of a credential: tokens, pictures, Open Badges 2.0 (D-17, R-152)."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState
from flask_certify.credentials import envelope, forms, rotation, service
from flask_certify.credentials.models import Credential, FormKey
from tests.support import house, verifiers
from tests.support.certificates import Issued, issued_in
from tests.support.story import NOW
from tests.support.verifiers import Node, Site

VALIDATOR = house.ROOT / "tests" / "contract" / "open_badges_2" / "validate.py"
ITS_PYTHON = house.ROOT / ".venv-open-badges-2" / "bin" / "python"
HOSTILE = 'Zoë "_:c14n1" \\ ಕ್\u200dಷಮಾ عائشہ ]]> </svg>'


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issued]:
    with issued_in(f"sqlite:///{tmp_path_factory.mktemp('forms')}/host.db") as ready:
        yield ready


@pytest.fixture(scope="module")
def code(campus: Issued) -> str:
    campus.host.change_learner("physics-1", "ada", display_name=HOSTILE.replace("عائشہ", "Aisha"))
    return campus.issue("ada")


def made(campus: Issued, code: str, form: str) -> bytes:
    return forms.make_form(campus.rt, campus.award(code).id, form).data


def fetched(campus: Issued, url: str, **headers: str) -> bytes:
    parts = urlsplit(url)
    assert parts.netloc == "certs.example.org", url
    answer = campus.client.get(parts.path, headers=headers)
    if answer.status_code != 200:
        raise LookupError(f"{url} answers {answer.status_code}")
    return answer.data


# ---- Open Badges 3.0, carried ------------------------------------------------------------------------------------


@pytest.fixture
def library(campus: Issued, monkeypatch: pytest.MonkeyPatch) -> Any:
    """openbadgeslib, at the time of these tests."""
    site = Site("https://certs.example.org", Path("none"), campus.app)
    return verifiers.openbadgeslib(site, verifiers.shortly_after(NOW), monkeypatch)


def test_others_find_the_credential_in_a_picture(campus: Issued, code: str, library: Any) -> None:
    from openbadgeslib.ob3 import OB3Verifier

    of_png = OB3Verifier.extract_token_from_png(made(campus, code, "open-badge.png"))
    of_svg = OB3Verifier.extract_token_from_svg(made(campus, code, "open-badge.svg"))

    assert of_png == of_svg == campus.document(code)
    opinion = library(json.loads(of_png))
    assert opinion, opinion.says


def test_others_verify_the_token_by_the_published_key(campus: Issued, code: str, library: Any) -> None:
    from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier

    token = made(campus, code, "open-badge.jwt").decode()
    did = campus.award(code).frozen.issuer_did
    verifier = OB3Verifier.for_issuer_did(did, download=lambda url: fetched(campus, url))

    verifier.verify(token, check_status=True, download=lambda url: fetched(campus, url, Accept="application/vc+jwt"))
    head, body, _ = token.split(".")
    other = made(campus, campus.issue("cy"), "open-badge.jwt").decode().split(".")
    with pytest.raises(OB3VerificationError):
        verifier.verify(f"{head}.{body}.{other[2]}")


def test_beside_the_keys_of_other_forms_every_verifier_still_finds_the_first_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = verifiers.shortly_after(NOW)
    with (
        verifiers.site(tmp_path) as site,
        issued_in(f"sqlite:///{tmp_path}/host.db", CERTIFY_PUBLIC_URL=site.url) as campus,
    ):
        site.application = campus.app
        code = campus.issue("ada")
        for form in ("open-badge.jwt", "open-badge-2.jws"):
            made(campus, code, form)
        document = json.loads(campus.document(code))
        assert len(site.did_document(document["issuer"]["id"])["verificationMethod"]) == 3
        node = Node(site, later)
        opinions = [
            node.ask("bazaar", document),
            node.ask("wallet", document),
            verifiers.openvc(site, later)(document),
            verifiers.openbadgeslib(site, later, monkeypatch)(document),
        ]
        node.stop()
    assert [each.says for each in opinions if not each] == []


# ---- Open Badges 2.0 ---------------------------------------------------------------------------------------------


def documents_of(campus: Issued) -> dict[str, Any]:
    """Everything that stands at addresses of ours and that a reader of older badges may ask for."""
    base = "https://certs.example.org/certify"
    urls = [f"{base}/ob2/certificate/{name}.json" for name in ("context", "schema")]
    urls += [f"{base}/wales/ob2/{name}.json" for name in ("issuer", "revoked")]
    with campus.rt.reading() as session:
        rsa = sa.select(FormKey.name).where(FormKey.algorithm == "RS256")
        keys = [f"{base}/wales/ob2/keys/{name}" for name in session.scalars(rsa)]
        urls += [f"{each}/{which}.json" for each in keys for which in ("issuer", "key")]
        for each in session.scalars(sa.select(Credential.credential_id)):
            name = each.removeprefix("urn:uuid:")
            urls += [f"{base}/wales/ob2/{name}/{which}.json" for which in ("assertion", "badge")]
            urls += [f"{key}/{name}/badge.json" for key in keys]
    found: dict[str, Any] = {url: json.loads(fetched(campus, url)) for url in urls}
    return found | {f"{base}/wales/ob2/badge.png": "hex:" + fetched(campus, f"{base}/wales/ob2/badge.png").hex()}


def validated(campus: Issued, given: str) -> dict[str, Any]:
    """The report of the reference validator."""
    if not ITS_PYTHON.exists():
        pytest.fail("The reference validator of Open Badges 2.0 is not installed. Run: make verifiers", pytrace=False)
    done = subprocess.run(
        [ITS_PYTHON, VALIDATOR],
        input=json.dumps({"input": given, "documents": documents_of(campus)}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


def address_of(campus: Issued, code: str) -> str:
    named = json.loads(campus.document(code))["id"].removeprefix("urn:uuid:")
    return f"https://certs.example.org/certify/wales/ob2/{named}/assertion.json"


def test_the_reference_validator_accepts_the_hosted_form(campus: Issued, code: str) -> None:
    report = validated(campus, address_of(campus, code))

    assert report["valid"], report["messages"]
    assert json.loads(made(campus, code, "open-badge-2.json")) == json.loads(fetched(campus, address_of(campus, code)))


def test_the_reference_validator_accepts_the_signed_form(campus: Issued, code: str) -> None:
    report = validated(campus, made(campus, code, "open-badge-2.jws").decode())

    assert report["valid"], report["messages"]


def test_the_reference_validator_accepts_what_was_signed_before_and_after_a_rotation(tmp_path: Path) -> None:
    """R-152, R-154."""
    with issued_in(f"sqlite:///{tmp_path}/host.db") as campus:
        code = campus.issue("ada")
        signed = [made(campus, code, "open-badge-2.jws").decode()]
        rotation.rotate(campus.rt, "wales", actor="tom", at_once=True, kind="RS256")
        signed.append(made(campus, code, "open-badge-2.jws").decode())

        reports = [validated(campus, each) for each in (*signed, address_of(campus, code))]

    assert signed[0] != signed[1]
    assert [each["valid"] for each in reports] == [True] * 3, [each["messages"] for each in reports]


def test_the_reference_validator_refuses_what_was_changed(campus: Issued, code: str) -> None:
    head, body, tail = made(campus, code, "open-badge-2.jws").decode().split(".")

    assert not validated(campus, f"{head}.{body}.{tail[:-8]}AAAAAAAA")["valid"]


def test_the_reference_validator_refuses_what_is_revoked_in_both_forms(campus: Issued) -> None:
    other = campus.issue("dev")
    jws = made(campus, other, "open-badge-2.jws").decode()
    assert validated(campus, jws)["valid"]

    campus.change(other, state=AwardState.REVOKED)

    assert not validated(campus, jws)["valid"]
    assert not validated(campus, address_of(campus, other))["valid"]


def test_the_revocation_list_always_has_two_entries_or_more(campus: Issued) -> None:
    listed = documents_of(campus)["https://certs.example.org/certify/wales/ob2/revoked.json"]

    assert len(listed["revokedAssertions"]) >= 2


def test_an_older_badge_names_nobody(campus: Issued, code: str) -> None:
    for form in ("open-badge-2.json", "incredible.json"):
        text = made(campus, code, form).decode()
        assert "Aisha" not in text and "@example.org" not in text


def test_the_incredible_document_has_its_members_and_a_signature_that_holds(campus: Issued, code: str) -> None:
    import rfc8785
    from Crypto.Hash import SHA256
    from Crypto.PublicKey import RSA
    from Crypto.Signature import pkcs1_15

    from flask_certify.credentials.multibase import from_base64url

    document = json.loads(made(campus, code, "incredible.json"))

    assert {"recipient", "badge", "signatory", "printUri", "validFrom", "signature"} <= set(document)
    signature = document.pop("signature")
    assert (signature["type"], set(signature)) == (
        "RsaSignature2018",
        {"type", "creator", "created", "signatureValue"},
    )
    key = RSA.import_key(document["badge"]["issuer"]["publicKey"][0])
    canonical = rfc8785.dumps(document)
    pkcs1_15.new(key).verify(SHA256.new(canonical), from_base64url(signature["signatureValue"]))


# ---- and the rest ------------------------------------------------------------------------------------------------


def test_linkedin_is_told_what_is_printed(campus: Issued, code: str) -> None:
    source = forms.source_of(campus.rt, campus.award(code).id)
    document = source.document | {"validUntil": "2028-01-31T23:30:00Z"}
    titled = replace(source, frozen=replace(source.frozen, course_title="A & B=C"), text=json.dumps(document))

    asked = parse_qs(urlsplit(forms.linkedin_url(titled)).query)

    assert {name: value for name, [value] in asked.items()} == {
        "startTask": "CERTIFICATION_NAME",
        "name": "Certificate of Achievement: A & B=C",
        "organizationName": "Academy of Wales",
        "issueYear": "2026",
        "issueMonth": "6",
        "expirationYear": "2028",
        "expirationMonth": "1",
        "certUrl": f"https://certs.example.org/certify/v/{code}",
        "certId": code,
    }


def test_an_erased_certificate_has_no_form_any_more(tmp_path: Path) -> None:
    with issued_in(f"sqlite:///{tmp_path}/host.db") as other:
        code = other.issue("ada")
        address = address_of(other, code)
        other.erase(code)
        for form in forms.FORMS:
            with pytest.raises(service.errors.NotSigned):
                made(other, code, form)
        assert other.client.get(urlsplit(address).path).status_code == 404


def test_a_dump_holds_no_private_key_of_the_other_forms_either(campus: Issued, code: str) -> None:
    for form in ("open-badge.jwt", "open-badge-2.jws"):
        made(campus, code, form)
    with campus.rt.reading() as session:
        rows = session.scalars(sa.select(FormKey)).all()
        masters = campus.rt.settings.master_keys
        secrets = [envelope.unseal(row.sealed, str(row.issuer_id), row.name, masters) for row in rows]
    with campus.rt.engine.connect() as connection:
        stored = b"".join(
            part if isinstance(part, bytes) else str(part).encode()
            for table in sa.inspect(connection).get_table_names()
            for row in connection.execute(sa.text(f"SELECT * FROM {table}"))
            for part in row
        )
    assert sorted(row.algorithm for row in rows) == ["ES256", "RS256"]
    for secret in secrets:
        middle = secret[40:72]
        assert middle not in stored and middle.hex().encode() not in stored
    assert b"PRIVATE KEY" not in stored


def test_nothing_is_made_for_an_award_that_is_not_signed(campus: Issued) -> None:
    with campus.rt.reading() as session:
        unknown = session.scalar(sa.select(Award.run_id))
    assert unknown is not None
    with pytest.raises(service.errors.NotSigned):
        forms.make_form(campus.rt, unknown, "open-badge.json")
