"""What is exported verifies without us (R-150)."""

import csv
import json
from pathlib import Path
from typing import Any

from flask_certify.awards.states import AwardState
from flask_certify.core.ids import spaced
from flask_certify.credentials import multibase, verify
from flask_certify.credentials.did_web import KeyState, PublishedKey
from flask_certify.issuing.printing import get_document
from tests.support.certificates import Issued
from tests.support.story import NOW, OTHER_RUN, RUN


def exported(issued: Issued, folder: Path, *words: str) -> Any:
    return issued.app.test_cli_runner().invoke(args=["certify", "export", str(folder), *words])


def test_all_credentials_verify_by_the_exported_files_alone(issued: Issued, tmp_path: Path) -> None:
    codes = [issued.issue("ada"), issued.issue("cy"), issued.issue("eve", OTHER_RUN)]
    issued.change(codes[1], state=AwardState.REVOKED)

    result = exported(issued, tmp_path / "out")

    assert result.exit_code == 0, result.output
    assert "3 credentials of 3 certificates, and 4 documents" in result.output
    assert "publish nothing but the folder web/" in result.stderr
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert all(path.startswith("web/") and path.endswith(".json") for path in index.values())
    for code in codes:
        text = (tmp_path / "out" / "credentials" / f"{code}.json").read_text()
        document = json.loads(text)
        did = document["issuer"]["id"]
        did_json = json.loads((tmp_path / "out" / index[address_of(did)]).read_text())
        keys = [
            PublishedKey(method["publicKeyMultibase"], KeyState.ACTIVE, NOW)
            for method in did_json["verificationMethod"]
            if multibase.ed25519_public_key(method["publicKeyMultibase"])
        ]
        assert verify.examine(text, did, keys).is_intact
        entry = document["credentialStatus"]
        url = entry["statusListCredential"]
        bits = verify.read_status_list((tmp_path / "out" / index[url]).read_text(), url, did, keys)
        at = int(entry["statusListIndex"])
        assert bool(bits[at >> 3] & (0x80 >> (at & 7))) is (code == codes[1])


def address_of(did: str) -> str:
    host, *folders = did.removeprefix("did:web:").split(":")
    return f"https://{host}/{'/'.join(folders)}/did.json"


def test_every_certificate_stands_in_the_list_with_its_state(issued: Issued, tmp_path: Path) -> None:
    replaced, erased = issued.issue("ada"), issued.issue("cy")
    issued.replace(replaced)
    issued.erase(erased)

    exported(issued, tmp_path / "out")

    lines = (tmp_path / "out" / "credentials.csv").read_text().splitlines()
    rows = {row["code"]: row for row in csv.DictReader(lines)}
    newer = rows[replaced]["replaced_by"]
    assert rows[replaced]["state"] == "superseded" and rows[newer]["state"] == "issued"
    assert rows[erased] == {"code": erased, "state": "issued", "replaced_by": ""}
    assert not (tmp_path / "out" / "credentials" / f"{erased}.json").exists()


def test_one_run_is_exported_with_its_issuer_alone(campus: Issued, tmp_path: Path) -> None:
    ada, eve = campus.issue("ada"), campus.issue("eve", OTHER_RUN)

    exported(campus, tmp_path / "out", "--run", RUN)

    assert [path.stem for path in (tmp_path / "out" / "credentials").iterdir()] == [ada]
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert index == {
        "https://certs.example.org/certify/wales/did.json": "web/certify/wales/did.json",
        "https://certs.example.org/certify/wales/status/1": "web/certify/wales/status/1.json",
    }
    assert eve not in (tmp_path / "out" / "credentials.csv").read_text()


def test_what_may_be_published_names_nobody(campus: Issued, tmp_path: Path) -> None:
    campus.issue("ada")
    exported(campus, tmp_path / "out")

    published = [path.read_text() for path in (tmp_path / "out" / "web").rglob("*.json")]
    assert len(published) == 3
    assert not [text for text in published if "Ada" in text]


def test_a_folder_with_something_in_it_and_an_unknown_run_are_refused(campus: Issued, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    assert "[export.folder_not_empty]" in exported(campus, tmp_path).stderr
    assert "[run.unknown]" in exported(campus, tmp_path / "out", "--run", "nowhere-1").stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".txt") == ["mine.txt"]


def test_the_documents_are_exported_as_they_are_downloaded_and_may_not_be_published(
    campus: Issued, tmp_path: Path
) -> None:
    """R-136, R-148: printed before or now, each is what its holder gets; what is revoked has no document."""
    ada, cy, eve = campus.issue("ada"), campus.issue("cy"), campus.issue("eve", OTHER_RUN)
    before = get_document(campus.rt, campus.award(ada).id)
    campus.change(cy, state=AwardState.REVOKED)

    result = exported(campus, tmp_path / "out", "--documents")

    assert result.exit_code == 0 and "2 PDFs." in result.output
    assert "credentials and documents name their recipients: publish nothing but the folder web/" in result.stderr
    folder = tmp_path / "out" / "documents"
    assert {path.stem for path in folder.iterdir()} == {ada, eve}
    assert (folder / f"{ada}.pdf").read_bytes() == before.data
    assert (folder / f"{eve}.pdf").read_bytes() == get_document(campus.rt, campus.award(eve).id).data
    assert "documents/<CODE>.pdf" in (tmp_path / "out" / "README.txt").read_text()
    assert not list((tmp_path / "out" / "web").rglob("*.pdf"))


def test_a_certificate_that_cannot_be_printed_is_told_by_its_code(campus: Issued, tmp_path: Path) -> None:
    ada = campus.issue("ada")
    campus.freeze(ada, recipient_name="Ada \U0001f642")

    result = exported(campus, tmp_path / "out", "--documents")

    assert "0 PDFs." in result.output and f"{spaced(ada)}: no PDF [" in result.stderr
    assert "Ada" not in result.output
    assert list((tmp_path / "out" / "documents").iterdir()) == []
