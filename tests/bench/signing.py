"""Credentials against bare signatures: `python -m tests.bench.signing [COUNT]`. Ends with 1 above the budget."""

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

from flask_certify.credentials import proof
from flask_certify.credentials.signers import Ed25519Signer, cryptography_signer, pycryptodome_signer
from flask_certify.credentials.signing import SignedCredential
from tests.support.credentials import DID, NAMES, SEED, desk, place, statement

BUDGET = 3.0  # times the bare signatures of pycryptodome, the default
CHUNK = 1000


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    compare_with_the_full_algorithm(1000)
    names = list(NAMES.values())
    plain = statement(score="82.5")
    found = {}
    makers: dict[str, Callable[[str, bytes], Ed25519Signer]] = {
        "pycryptodome": pycryptodome_signer,
        "cryptography": cryptography_signer,
    }
    for name, make in makers.items():
        signer = make(DID, SEED)
        data = bytes(64)
        began = time.process_time()
        for _ in range(count):
            signer.sign(data)
        bare = time.process_time() - began
        began, before, length = time.process_time(), memory(), 0
        for first in range(0, count, CHUNK):
            rows = range(first, min(first + CHUNK, count))
            said = [
                replace(plain, credential_id=uuid4(), subject_id=uuid4(), recipient_name=f"{names[n % len(names)]} {n}")
                for n in rows
            ]
            signed = desk(signer).sign(said, [place(n % 131_072) for n in rows])
            length += sum(len(each.text) for each in signed if isinstance(each, SignedCredential))
        whole = time.process_time() - began
        found[name] = whole / bare
        print(
            f"{name:<13} {count:,} bare signatures {bare:6.2f} s, whole credentials {whole:6.2f} s: {whole / bare:.2f} "
            f"times; {length / 1e6:.0f} MB written, memory {before:.0f} -> {memory():.0f} MB"
        )
    return 0 if found["pycryptodome"] <= BUDGET else 1


def compare_with_the_full_algorithm(count: int) -> None:
    """Every credential of random rows is, text for text, what the full algorithm signs."""
    rng = random.Random(4)
    at = desk()
    said = [statement(rng, name=f"_:c14n{rng.randrange(3)} {rng.random()}") for _ in range(count)]
    for each in at.sign(said, [place(rng.randrange(131_072)) for _ in said]):
        assert isinstance(each, SignedCredential)
        document = json.loads(each.text)
        assert proof.is_intact(document, at.public_key)
    print(f"{count:,} random credentials verify by the full algorithm")


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
