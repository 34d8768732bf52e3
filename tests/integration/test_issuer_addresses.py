"""The two public addresses of an issuer, as strangers' software fetches them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from flask_certify.achievements.service import IssuerView
from flask_certify.awards.states import AwardState
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import service
from tests.support.issuers import add_issuer, client_of, issue, move, running, with_settings


@pytest.fixture
def rt(tmp_path: Path) -> Iterator[Runtime]:
    with running(f"sqlite:///{tmp_path}/host.db") as runtime:
        yield runtime


@pytest.fixture
def ka(rt: Runtime) -> IssuerView:
    return add_issuer(rt, "ka")


@pytest.fixture
def public(rt: Runtime) -> FlaskClient:
    return client_of(rt)


def test_did_json_is_what_the_service_says(rt: Runtime, ka: IssuerView, public: FlaskClient):
    answer = public.get("/certify/ka/did.json")

    assert answer.status_code == 200
    assert answer.content_type == "application/did+json"
    assert json.loads(answer.data) == service.did_document(rt, "ka")


def test_a_status_list_is_served_as_it_was_signed(rt: Runtime, ka: IssuerView, public: FlaskClient):
    issue(rt, ka, "Asha Devi")
    answer = public.get("/certify/ka/status/1")

    assert answer.status_code == 200
    assert answer.content_type == "application/vc"
    published = service.status_list_document(rt, "ka", 1)
    assert (answer.text, answer.get_etag()[0]) == (published.text, published.etag)


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/vc+jwt", "application/vc+jwt"),
        ("application/vc", "application/vc"),
        ("application/vc+jwt;q=0.5, application/vc", "application/vc"),
        ("*/*", "application/vc"),
        ("text/html", "application/vc"),
    ],
)
def test_a_status_list_is_a_token_for_those_who_ask_for_one(
    rt: Runtime, ka: IssuerView, public: FlaskClient, accept: str, kind: str
):
    issue(rt, ka, "Asha Devi")
    answer = public.get("/certify/ka/status/1", headers={"Accept": accept})

    published = service.status_list_document(rt, "ka", 1)
    assert answer.content_type == kind
    assert answer.text == (published.jwt if kind.endswith("jwt") else published.text)
    assert "Accept" in answer.headers["Vary"]
    again = public.get("/certify/ka/status/1", headers={"Accept": accept, "If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("address", ["/certify/ka/did.json", "/certify/ka/status/1"])
def test_any_page_may_fetch_them_and_keep_them_for_minutes(
    rt: Runtime, ka: IssuerView, public: FlaskClient, address: str
):
    issue(rt, ka, "Asha Devi")
    answer = public.get(address, headers={"Origin": "https://wallet.example"})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("address", ["/certify/ka/did.json", "/certify/ka/status/1"])
def test_who_has_it_already_is_told_so(rt: Runtime, ka: IssuerView, public: FlaskClient, address: str):
    issue(rt, ka, "Asha Devi")
    etag = public.get(address).headers["ETag"]

    again = public.get(address, headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Access-Control-Allow-Origin"] == "*"


def test_a_changed_list_is_sent_to_who_has_the_old_one(rt: Runtime, ka: IssuerView, public: FlaskClient):
    [signed] = issue(rt, ka, "Asha Devi")
    etag = public.get("/certify/ka/status/1").headers["ETag"]

    move(rt, AwardState.REVOKED, signed.award_id)

    assert public.get("/certify/ka/status/1", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/certify/nowhere/did.json", "/certify/nowhere/status/1", "/certify/ka/status/9", "/certify/ka/status/x"],
)
def test_what_is_not_there_is_not_found(ka: IssuerView, public: FlaskClient, address: str):
    assert public.get(address, headers={"Accept": "application/json"}).status_code == 404


def test_a_list_that_cannot_be_signed_is_unavailable_and_not_gone(rt: Runtime, ka: IssuerView):
    issue(rt, ka, "Asha Devi")
    bare = client_of(with_settings(rt, master_key=""))

    answer = bare.get("/certify/ka/status/1", headers={"Accept": "application/json"})

    assert answer.status_code == 503
    assert answer.headers.get("Cache-Control") == "no-store"
