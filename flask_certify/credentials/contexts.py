"""The JSON-LD contexts we sign with: bundled, pinned by digest, and never fetched."""

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]
"""A JSON object."""

VC = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
CREDENTIAL = (VC, OPEN_BADGES)
STATUS_LIST = (VC,)


class UnknownContext(LookupError):
    """A document asked for a context that we do not bundle."""


class ChangedContext(RuntimeError):
    """A bundled file is not the one that was pinned; nothing may be signed or judged with it."""


@cache
def bundle() -> dict[str, Document]:
    """Every bundled context by its address. Raises ChangedContext."""
    folder = files(__package__) / "contexts"
    documents = {}
    for entry in json.loads((folder / "index.json").read_text("utf-8")):
        data = (folder / entry["file"]).read_bytes()
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise ChangedContext(f"{entry['file']} is not the file that was pinned")
        documents[entry["url"]] = json.loads(data)
    return documents


def load(url: str, options: Document | None = None) -> Document:
    """What PyLD asks for, from the bundle. Raises UnknownContext for any other address.

    "static" lets PyLD keep the processed context between calls.
    """
    documents = bundle()
    if url not in documents:
        raise UnknownContext(url)
    return {
        "contextUrl": None,
        "documentUrl": url,
        "document": documents[url],
        "contentType": "application/ld+json",
        "tag": "static",
    }
