"""Runs the reference validator of Open Badges 2.0 in its own environment: {"input", "documents"} in, its report out.

It reaches nothing: addresses are answered from what it is handed, and the context of Open Badges from its own package.
"""

import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import requests  # noqa: E402
import requests_cache  # noqa: E402
from jose import jwk  # noqa: E402

asked = json.load(sys.stdin)
documents: dict[str, Any] = asked["documents"]


def get(self: Any, url: str, **options: Any) -> requests.Response:
    answer = requests.Response()
    answer.url = url
    answer.status_code = 200 if url in documents else 404
    held = documents.get(url, "")
    if isinstance(held, str) and held.startswith("hex:"):
        answer._content = bytes.fromhex(held[4:])
        answer.headers["Content-Type"] = "image/png"
    else:
        answer._content = (held if isinstance(held, str) else json.dumps(held)).encode()
        answer.headers["Content-Type"] = "application/ld+json"
    answer.encoding = "utf-8"
    answer.from_cache = False  # type: ignore[attr-defined]
    return answer


requests.Session.get = get
requests_cache.CachedSession.get = get
requests_cache.CachedSession.remove_expired_responses = lambda self: None
construct = jwk.construct
jwk.construct = lambda data, algorithm=None: construct(
    data.export_key("PEM").decode() if hasattr(data, "export_key") else data, algorithm
)

from openbadges import verifier  # noqa: E402
from openbadges.verifier.openbadges_context import OPENBADGES_CONTEXT_V2_DICT  # noqa: E402

documents["https://w3id.org/openbadges/v2"] = OPENBADGES_CONTEXT_V2_DICT
result = verifier.verify(asked["input"])
print(json.dumps(result["report"]))
