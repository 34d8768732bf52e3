"""Data Integrity proofs of the suite eddsa-rdfc-2022.

Signed are 64 bytes: SHA-256(canonical proof options) ‖ SHA-256(canonical document without proof).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from . import multibase
from .canonical import canonicalize, sha256
from .contexts import Document
from .shapes import Filled
from .signers import Signer, is_signed_by

SUITE = "eddsa-rdfc-2022"


@dataclass(frozen=True)
class ProofMaker:
    """Proves many documents of one batch. The options are the same for all, so they are hashed once."""

    signer: Signer
    options: Document
    hashed_options: bytes

    @classmethod
    def start(cls, signer: Signer, contexts: Sequence[str], created: str) -> "ProofMaker":
        """For documents with these contexts; `created` is an ISO time with a zone, without fractions."""
        options = {
            "type": "DataIntegrityProof",
            "cryptosuite": SUITE,
            "created": created,
            "verificationMethod": signer.key_id,
            "proofPurpose": "assertionMethod",
        }
        return cls(signer, options, hash_options(contexts, options))

    def prove(self, canonical_text: str) -> Document:
        """The proof of the document whose canonical text this is."""
        signature = self.signer.sign(self.hashed_options + sha256(canonical_text))
        return {**self.options, "proofValue": "z" + multibase.base58(signature)}

    def sign_all(self, filled: Sequence[Filled]) -> list[str]:
        """The signed JSON of each, as `attach` and `prove` would make it.

        Signing stands alone in its loop, where it takes a quarter less time than between other work.
        """
        before, after = attach("}", {**self.options, "proofValue": "\n"})[:-1].split("\\n")
        digests = [self.hashed_options + sha256(each.canonical_text) for each in filled]
        signatures = [self.signer.sign(each) for each in digests]
        return [
            f"{each.document_text[:-1]}{before}z{multibase.base58(signature)}{after}}}"
            for each, signature in zip(filled, signatures, strict=True)
        ]


def hash_options(contexts: Sequence[str], options: Document) -> bytes:
    """The options' digest; they are canonicalised under the contexts of the document they protect."""
    return _hash_options(json.dumps({**options, "@context": list(contexts)}))


@lru_cache(maxsize=64)
def _hash_options(text: str) -> bytes:
    """Those of one batch are the same for all, for whoever signs and for whoever checks."""
    return sha256(canonicalize(json.loads(text)))


def attach(document_text: str, proof: Document) -> str:
    """The signed JSON: the document's own text with one more member."""
    return f'{document_text[:-1]},"proof":{json.dumps(proof, separators=(",", ":"))}}}'


def sign(document: Document, signer: Signer, created: str) -> Document:
    """One document, signed by the full algorithm: status lists, and the reference in tests."""
    maker = ProofMaker.start(signer, document["@context"], created)
    return {**document, "proof": maker.prove(canonicalize(document))}


def without_proof(signed: Document) -> Document:
    """The document as it was before it was signed."""
    return {name: value for name, value in signed.items() if name != "proof"}


def is_intact(signed: Document, public_key: bytes) -> bool:
    """Whether this key signed these statements.

    Says nothing about whose key it is, about revocation, or about members that JSON-LD does not know: verify.py.
    """
    return is_proof_of(canonicalize(without_proof(signed)), signed["@context"], signed["proof"], public_key)


def is_proof_of(canonical_text: str, contexts: Sequence[str], proof: Document, public_key: bytes) -> bool:
    """Whether the proof is this key's signature over this canonical text."""
    options = dict(proof)
    value = options.pop("proofValue", None)
    if options.get("cryptosuite") != SUITE or options.get("proofPurpose") != "assertionMethod":
        return False
    if not isinstance(value, str) or not value.startswith("z"):
        return False
    try:
        signature = multibase.from_base58(value[1:])
    except ValueError:
        return False
    data = hash_options(contexts, options) + sha256(canonical_text)
    return is_signed_by(public_key, data, signature)
