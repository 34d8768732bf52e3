"""A mentor downloads the certificates of a run: asks, waits, fetches (R-130 to R-133)."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_certify.core.current import runtime_of
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk, bundles
from tests.support import story


@pytest.fixture
def host() -> MemoryHost:
    return story.make_host(20)


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    url, folder = f"sqlite:///{tmp_path / 'host.db'}", str(tmp_path / "files")
    with story.opened(url, host, WTF_CSRF_ENABLED=False, CERTIFY_FILES=folder, CERTIFY_PART_MEGABYTES=1) as app:
        yield app


@pytest.fixture
def run_id(site: Flask) -> UUID:
    with site.app_context():
        return bulk.issue_and_wait(runtime_of(site), story.RUN, story.MIA, notify=False, patience=20).run_id


@pytest.fixture
def mia(site: Flask, host: MemoryHost) -> Iterator[FlaskClient]:
    host.acting = host.actors[story.MIA]
    with site.test_client() as client:
        yield client


def packed(site: Flask, mia: FlaskClient, address: str, **form: object) -> str:
    """The address of the bundle, packed."""
    answer = mia.post(address, data=form)
    assert answer.status_code == 303
    with site.app_context():
        bundles.pack_and_wait(runtime_of(site), UUID(answer.location.rpartition("/")[2]), patience=20)
    return answer.location


def test_the_question_tells_how_many_how_large_and_in_how_many_files(mia: FlaskClient, run_id: UUID) -> None:
    """R-131."""
    text = mia.get(f"/certify/runs/{run_id}/download").get_data(as_text=True)
    assert "23 certificates" in text and "2 ZIP files" in text and "about 2 MB" in text


def test_the_button_is_off_while_a_download_is_prepared_and_leads_to_the_files_after(
    site: Flask, mia: FlaskClient, run_id: UUID
) -> None:
    """R-132."""
    address = f"/certify/runs/{run_id}/download"
    first, second = (mia.post(address).location for _ in range(2))
    assert first == second
    assert f'href="{address}"' not in mia.get(f"/certify/runs/{run_id}").get_data(as_text=True)
    page = mia.get(first).get_data(as_text=True)
    assert "0 of 23 certificates are packed" in page
    with site.app_context():
        bundles.pack_and_wait(runtime_of(site), UUID(first.rpartition("/")[2]), patience=20)
    page = mia.get(first).get_data(as_text=True)
    assert "certificates-2-of-2.zip" in page and f'href="{first}/2.zip"' in page
    assert f'href="{address}"' in mia.get(f"/certify/runs/{run_id}").get_data(as_text=True)
    told = mia.get(f"{first}.json").get_json()
    assert told["is_over"] and told["packed"] == told["total"] == 23


def test_those_are_packed_whom_the_list_was_filtered_for(site: Flask, mia: FlaskClient, run_id: UUID) -> None:
    """R-130."""
    address = f"/certify/runs/{run_id}/download?q=Lovelace"
    assert "1 certificate " in mia.get(address).get_data(as_text=True)
    where = packed(site, mia, f"/certify/runs/{run_id}/download", q="Lovelace")
    data = mia.get(f"{where}/1.zip", buffered=True).data
    with zipfile.ZipFile(io.BytesIO(data)) as part:
        assert len([name for name in part.namelist() if name.endswith(".pdf")]) == 1
    assert b"Lovelace" not in data[:100] and "WA-ada" in zipfile.ZipFile(io.BytesIO(data)).read("index.csv").decode()


def test_chosen_learners_are_packed_and_nobody_else(site: Flask, mia: FlaskClient, run_id: UUID) -> None:
    where = packed(site, mia, f"/certify/runs/{run_id}/download", learner=["ada", "cy", "ben"])
    told = mia.get(f"{where}.json").get_json()
    assert (told["packed"], told["left_out"]) == (2, {"bundle.no_certificate": 1})
    assert "No certificate of this course run" in mia.get(where).get_data(as_text=True)
    manifest = mia.get(f"{where}/manifest.json").get_json()
    assert manifest["learners"] == [{"external_id": "WA-ben", "why": "bundle.no_certificate"}]


def test_learners_are_ticked_in_the_list_and_the_question_says_who_has_nothing(
    site: Flask, mia: FlaskClient, run_id: UUID
) -> None:
    """R-130, R-131."""
    page = mia.get(f"/certify/runs/{run_id}").get_data(as_text=True)
    assert page.count('name="learner"') == 24 and 'value="ada"' in page and "Download those ticked" in page
    address = f"/certify/runs/{run_id}/download?ticked=1"
    text = mia.get(f"{address}&learner=ada&learner=ben").get_data(as_text=True)
    assert "1 certificate " in text and "No certificate of this course run" in text
    assert text.count('type="hidden" name="learner"') == 2
    nobody = mia.get(address)
    assert nobody.status_code == 422 and "Tick the learners" in nobody.get_data(as_text=True)


def test_programs_prepare_a_download_of_learners_or_of_a_filter(site: Flask, mia: FlaskClient, run_id: UUID) -> None:
    """R-130, R-131, R-134."""
    api = f"/certify/api/v1/runs/{run_id}/bundles"
    said = {"learners": ["ada", "ben", "cy"]}
    told = mia.post(f"{api}/forecast", json=said).get_json()
    assert (told["certificates"], told["parts"], told["left_out"]) == (2, 1, {"bundle.no_certificate": 1})
    assert mia.post(f"{api}/forecast", json={"filter": {"q": "Lovelace"}}).get_json()["certificates"] == 1
    assert mia.post(f"{api}/forecast", json={}).get_json()["certificates"] == 23
    assert mia.post(f"{api}/forecast", json={"filter": {"from": "soon"}}).get_json()["code"] == "list.wrong_filter"
    made = mia.post(api, json=said)
    opened = made.get_json()
    assert made.status_code == 201 and opened["parts"] == [] and opened["expected"] == 3
    assert mia.post(api, json=said).get_json()["code"] == "bundle.under_way"
    with site.app_context():
        bundles.pack_and_wait(runtime_of(site), UUID(opened["id"]), patience=20)
    ready = mia.get(f"/certify/api/v1/bundles/{opened['id']}").get_json()
    assert ready["state"] == "finished" and ready["packed"] == 2
    [part] = ready["parts"]
    data = mia.get(part["url"], buffered=True).data
    assert len(data) == part["size"] and zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    assert mia.get(ready["manifest"]).get_json()["left_out"] == 1


def test_a_download_that_broke_off_goes_on_where_it_stopped(site: Flask, mia: FlaskClient, run_id: UUID) -> None:
    """R-133."""
    where = packed(site, mia, f"/certify/runs/{run_id}/download")

    def fetch(number: int = 1, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return mia.get(f"{where}/{number}.zip", headers=named, buffered=True)

    whole = fetch()
    etag = whole.headers["ETag"]
    rest = fetch(Range="bytes=1000-", If_Range=etag)
    assert rest.status_code == 206 and whole.data[:1000] + rest.data == whole.data
    assert rest.headers["Content-Range"] == f"bytes 1000-{len(whole.data) - 1}/{len(whole.data)}"
    assert fetch(Range="bytes=1000-", If_Range='"old"').status_code == 200
    assert fetch(If_None_Match=etag).status_code == 304
    assert fetch(Range="bytes=999999999-").status_code == 416
    assert fetch(99).status_code == 404


def test_a_run_without_certificates_is_told_in_a_sentence(site: Flask, mia: FlaskClient) -> None:
    with site.app_context():
        from flask_certify.achievements.service import ensure_run

        run_id = ensure_run(runtime_of(site), story.RUN).id
    answer = mia.get(f"/certify/runs/{run_id}/download")
    assert answer.status_code == 409 and "nothing to download" in answer.get_data(as_text=True)
