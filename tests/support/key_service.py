"""A stand-in for a key service: it holds one key, answers `POST /sign`, and remembers what it was shown."""

import base64
import threading
from typing import Any, Self

from flask import Flask, abort, jsonify, request
from werkzeug.serving import make_server

from examples.remote_signer import RemoteSigners
from flask_certify.credentials.signers import pycryptodome_signer

TOKEN = "of these tests alone"


class KeyService:
    def __init__(self, did: str, seed: bytes) -> None:
        self._signer = pycryptodome_signer(did, seed)
        self.public = self._signer.public_multikey()
        self.key_id = self._signer.key_id
        self.seen: list[bytes] = []
        self.refused = 0
        app = Flask("key service")
        app.add_url_rule("/sign", "sign", self._sign, methods=["POST"])
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def signers(self) -> RemoteSigners:
        return RemoteSigners(f"http://127.0.0.1:{self._server.server_port}", TOKEN, frozenset([self.key_id]))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _sign(self) -> Any:
        asked = request.get_json()
        if request.headers.get("Authorization") != f"Bearer {TOKEN}" or asked["key"] != self.key_id:
            self.refused += 1
            abort(403)
        data = base64.b64decode(asked["data"])
        self.seen.append(data)
        return jsonify(signature=base64.b64encode(self._signer.sign(data)).decode("ascii"))
