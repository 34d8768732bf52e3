"""Canonical N-Quads by the full algorithm: sure, and slow (about 2 ms a credential).

PyLD offers URDNA2015, the name RDFC-1.0 had before it became a standard. The two give the same text except for
control characters, which are never signed (text.py). The algorithm must be named: PyLD's own default is a still
older one with other results.
"""

import hashlib
from threading import Lock

from . import contexts
from .contexts import Document

# Gives a meaning to whatever the contexts do not define, and a base to relative IRIs.
_CATCH_ALL = {"@vocab": "https://undefined.invalid/#", "@base": "https://undefined.invalid/"}

# PyLD keeps caches that all threads share, and guards none of them.
_one_at_a_time = Lock()


def canonicalize(document: Document) -> str:
    """The canonical text. Raises ValueError if the document is not one that can be read as JSON-LD."""
    # Imported when first needed: with lxml it takes longer than all of Flask, and many processes never sign.
    from pyld import jsonld  # type: ignore[import-untyped]

    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "documentLoader": contexts.load,
    }
    with _one_at_a_time:
        try:
            return str(jsonld.normalize(document, options))
        except jsonld.JsonLdError as error:
            # Its own message quotes the document, which names a person.
            raise ValueError(f"not readable as JSON-LD: {error.code or error.type}") from None


def canonicalize_with_all(document: Document) -> str:
    """The canonical text with nothing dropped: what the contexts do not define stands under a catch-all.

    JSON-LD drops undefined members, undefined types and relative IRIs without a word; here they show. It equals
    `canonicalize` exactly if every member takes part there. Nulls stay invisible: never issue one.
    """
    return canonicalize({**document, "@context": [*document["@context"], _CATCH_ALL]})


def is_wholly_signed(document: Document) -> bool:
    """Whether every member takes part in the canonical text."""
    return canonicalize_with_all(document) == canonicalize(document)


def sha256(text: str) -> bytes:
    """The digest of the text in UTF-8: 32 bytes."""
    return hashlib.sha256(text.encode("utf-8")).digest()
