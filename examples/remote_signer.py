"""A key service holds an issuer's key: we hand it 64 bytes of digests, get a signature, and never see the key.

    certify.init_app(app, db=db, host=CampusHost(), find_signer=RemoteSigners(address, token, key_ids).find)
    flask certify keys rotate --tenant wales --public z6Mk...

A service answers `POST /sign` with `{"key": "<did>#<multikey>", "data": "<base64>"}` by `{"signature": "<base64>"}`.
Each call costs a journey: for large batches use the sealed keys of the package, which are opened once for each job.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

import requests

from flask_certify.credentials import multibase


@dataclass(frozen=True)
class RemoteSigner:
    """One key of one issuer, somewhere else."""

    key_id: str
    service: "RemoteSigners"
    algorithm: str = "Ed25519"

    def public_multikey(self) -> str:
        return self.key_id.partition("#")[2]

    def public_jwk(self) -> dict[str, str]:
        raw = multibase.ed25519_public_key(self.public_multikey())
        return {"kty": "OKP", "crv": "Ed25519", "x": multibase.base64url(raw)}

    def sign(self, data: bytes) -> bytes:
        return self.service.sign(self.key_id, data)


@dataclass(frozen=True)
class RemoteSigners:
    """The service, and the ids of the keys that it holds; of others it is not asked."""

    address: str
    token: str = field(repr=False)
    key_ids: frozenset[str] = frozenset()
    seconds: float = 10.0

    def find(self, key_id: str) -> RemoteSigner | None:
        return RemoteSigner(key_id, self) if key_id in self.key_ids else None

    def sign(self, key_id: str, data: bytes) -> bytes:
        answer = requests.post(
            f"{self.address}/sign",
            json={"key": key_id, "data": base64.b64encode(data).decode("ascii")},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=self.seconds,
            allow_redirects=False,
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return base64.b64decode(told["signature"], validate=True)
