"""Templates by program: the same services as the designer's page."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_certify.documents import saving
from flask_certify.host.memory import MemoryHost
from tests.support import story
from tests.support.documents import signature
from tests.support.story import MIA, NIA, TOM
from tests.unit.documents.pages import page, whole

SEAL = '<div style="left:240mm; top:20mm"><img src="seal.png" style="width:20mm; height:7mm"></div>'
SIGNED = '<div style="left:20mm; top:180mm"><img data-slot="signatory.1.name" style="width:60mm; height:8mm"></div>'


class Caller:
    """Somebody at the API."""

    def __init__(self, app: Flask, host: MemoryHost) -> None:
        self.host, self.client = host, app.test_client()

    def __call__(self, who: str, method: str, path: str, sent: Any = None, *, status: int = 200) -> Any:
        self.host.acting = self.host.actors[who]
        answer = self.client.open(f"/certify/api/v1{path}", method=method, json=sent)
        assert answer.status_code == status, answer.text
        return answer.get_json(silent=True)


@pytest.fixture
def call(tmp_path: Path, host: MemoryHost) -> Iterator[Caller]:
    with story.opened(f"sqlite:///{tmp_path}/site.db", host, WTF_CSRF_ENABLED=False) as app:
        yield Caller(app, host)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def made(call: Caller, **more: Any) -> str:
    sent = {
        "key": "own",
        "name": "Our own",
        "html": whole(SEAL + SIGNED),
        "pictures": {"seal.png": encoded(signature())},
    }
    template_id: str = call(TOM, "POST", "/tenants/wales/templates", {**sent, **more}, status=201)["template_id"]
    return template_id


def test_a_template_is_checked_made_changed_and_deleted(call: Caller) -> None:
    """R-014, R-015, R-019."""
    wrong = {"html": page('<div><img data-slot="recipient.nmae" style="width:9mm; height:9mm"></div>')}
    found = call(TOM, "POST", "/tenants/wales/templates/check", wrong)
    assert [each["code"] for each in found["refusals"]] == ["template.unknown_placeholder"] + [
        "template.slot_missing"
    ] * 3
    assert call(TOM, "POST", "/tenants/wales/templates/check", {"html": whole()})["own_bytes"] > 0
    template_id = made(call, note="First")
    address = f"/templates/{template_id}"
    changed = {"html": whole(SEAL + "<div>New</div>"), "note": "Second"}
    assert call(TOM, "POST", f"{address}/versions", changed)["warnings"] == []  # the seal stays without being sent
    told = call(TOM, "GET", address)
    assert [(each["number"], each["note"]) for each in told["versions"]] == [(2, "Second"), (1, "First")]
    refused = call(TOM, "POST", f"{address}/versions", wrong, status=422)
    assert refused["code"] == "template.unknown_placeholder"
    call(TOM, "DELETE", address, status=204)
    call(TOM, "GET", address, status=404)


def test_an_attached_template_warns_and_is_not_retired(call: Caller) -> None:
    """R-021."""
    [classic] = [each for each in call(TOM, "GET", "/tenants/wales/templates") if each["key"] == "classic"]
    saved = call(TOM, "POST", f"/templates/{classic['id']}/versions", {"html": whole()})
    assert saved["warnings"][0]["code"] == "template.later_only"
    assert call(TOM, "POST", f"/templates/{classic['id']}/retire", status=409)["code"] == "template.attached"
    assert call(TOM, "DELETE", f"/templates/{classic['id']}", status=409)["code"] == "template.kept"
    template_id = made(call)
    assert call(TOM, "POST", f"/templates/{template_id}/retire")["retired"]
    assert not call(TOM, "POST", f"/templates/{template_id}/take-up")["retired"]


def test_a_template_goes_to_another_tenant_as_one_file(call: Caller) -> None:
    """R-031."""
    file = call(TOM, "GET", f"/templates/{made(call)}/file")
    assert file["name"] == "template-own.zip"
    taken = call(NIA, "POST", "/tenants/devon/templates/import", {"file": file["data"]}, status=201)
    assert list(taken["versions"]) == ["en"]
    again = call(NIA, "POST", "/tenants/devon/templates/import", {"file": file["data"]}, status=409)
    assert again["code"] == "template.exists"
    broken = call(NIA, "POST", "/tenants/devon/templates/import", {"file": encoded(b"x")}, status=422)
    assert broken["code"] == "template.archive_refused"
    call(NIA, "POST", "/tenants/devon/templates/import", {"file": "no base64"}, status=422)


def test_who_imports_a_file_is_not_left_waiting_for_all_its_pages(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = call(TOM, "GET", f"/templates/{made(call)}/file")
    monkeypatch.setattr(saving, "IN_A_REQUEST", -1)
    refused = call(NIA, "POST", "/tenants/devon/templates/import", {"file": file["data"]}, status=422)
    assert refused["code"] == "template.too_many_pages"


def test_language_and_signatories_are_settled(call: Caller) -> None:
    """R-017, R-175."""
    people = "/tenants/wales/signatories"
    sent = {"name": "Meera Joshi", "designation": "Director", "image": encoded(signature())}
    meera = call(TOM, "POST", people, sent, status=201)
    assert meera["has_image"] and call(TOM, "GET", people) == [meera]
    address = f"/templates/{made(call)}"
    guest = {"own": {"name": "Guest", "designation": "Visitor", "image": encoded(signature())}}
    settled = {"name": "Settled", "language": "en", "signatories": [{"on_file": meera["id"]}, guest]}
    told = call(TOM, "PUT", address, settled)
    assert (told["name"], told["language"], told["signatories"][1]["name"]) == ("Settled", "en", "Guest")
    assert call(TOM, "DELETE", f"{people}/{meera['id']}", status=409)["code"] == "signatory.in_use"
    call(TOM, "PUT", address, {"name": "Settled", "signatories": [{}]}, status=422)
    told = call(TOM, "PUT", address, {"name": "Settled"})
    assert told["language"] is None and told["signatories"] is None
    call(TOM, "DELETE", f"{people}/{meera['id']}", status=204)


def test_templates_belong_to_their_tenant(call: Caller) -> None:
    """R-029."""
    template_id = made(call)
    for who in (NIA, MIA):
        call(who, "GET", f"/templates/{template_id}", status=403)
        call(who, "POST", f"/templates/{template_id}/versions", {"html": whole()}, status=403)
        call(who, "GET", "/tenants/wales/templates", status=403)
