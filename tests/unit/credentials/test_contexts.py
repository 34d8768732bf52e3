"""Contexts are bundled, pinned, and never fetched."""

import hashlib
import json
import socket
from importlib.resources import files
from pathlib import Path

import pytest

from flask_certify.credentials import contexts
from flask_certify.credentials.canonical import canonicalize
from flask_certify.credentials.contexts import ChangedContext, UnknownContext

FOLDER = files("flask_certify.credentials") / "contexts"


def test_just_the_two_contexts_with_which_we_sign_are_bundled():
    assert tuple(contexts.bundle()) == contexts.CREDENTIAL
    listed = {entry["file"] for entry in json.loads((FOLDER / "index.json").read_text("utf-8"))}
    assert listed == {each.name for each in FOLDER.iterdir() if each.name.endswith(".json")} - {"index.json"}


def test_each_tells_where_it_is_from_and_under_which_licence():
    notice = (FOLDER / "NOTICE.txt").read_text("utf-8")
    for entry in json.loads((FOLDER / "index.json").read_text("utf-8")):
        assert entry["source"]
        assert entry["licence"]
        assert entry["file"] in notice
        assert hashlib.sha256((FOLDER / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


def test_a_bundled_file_that_was_changed_stops_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    copied = tmp_path / "contexts"
    copied.mkdir()
    for each in FOLDER.iterdir():
        (copied / each.name).write_bytes(each.read_bytes() + (b" " if each.name == "credentials-v2.json" else b""))
    monkeypatch.setattr(contexts, "files", lambda package: tmp_path)

    with pytest.raises(ChangedContext, match=r"credentials-v2\.json"):
        contexts.bundle.__wrapped__()


@pytest.mark.parametrize(
    "url",
    [
        "https://purl.imsglobal.org/spec/ob/v3p0/context.json",
        "https://evil.example/context",
        "http://www.w3.org/ns/credentials/v2",
        "file:///etc/passwd",
        "",
    ],
)
def test_any_other_context_is_an_error(url: str):
    with pytest.raises(UnknownContext):
        contexts.load(url)


def test_a_document_that_names_a_strange_context_is_refused_without_a_connection(monkeypatch: pytest.MonkeyPatch):
    def no_network(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    monkeypatch.setattr(socket.socket, "connect", no_network)

    with pytest.raises(ValueError, match="not readable as JSON-LD"):
        canonicalize({"@context": [contexts.VC, "https://evil.example/context"], "id": "urn:uuid:x", "name": "Asha"})
