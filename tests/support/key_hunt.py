"""A thief with a dump of the database, who knows every way in which a private key is written down."""

import base64
from collections.abc import Iterator

import sqlalchemy as sa
from Crypto.PublicKey import ECC, RSA

from flask_certify.core.runtime import Runtime
from flask_certify.credentials import envelope
from flask_certify.credentials.models import FormKey, IssuerKey
from flask_certify.credentials.multibase import base58

ED25519_PRIVATE, P256_PRIVATE = bytes([0x80, 0x26]), bytes([0x86, 0x26])  # as Multikey writes secret keys
LEAST = 16  # bytes of a secret that help a thief


def dump(rt: Runtime) -> bytes:
    """Every cell of every table, as it is and as dumps write bytes, one after the other."""
    parts = list[bytes]()
    with rt.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f'SELECT * FROM "{table}"')):
                for cell in row:
                    raw = bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
                    parts += [raw, raw.hex().encode(), base64.b64encode(raw)]
    return b"\0".join(parts)


def secrets_of(rt: Runtime) -> dict[str, bytes]:
    """All that must not be in a dump, by name: the seeds, the private numbers, the documents that hold them, and the
    master keys."""
    masters = rt.settings.master_keys
    found = {f"master key {version}": key for version, key in masters.items()}
    with rt.reading() as session:
        for row in session.scalars(sa.select(IssuerKey)):
            seed = envelope.unseal(row.sealed, str(row.issuer_id), row.multikey, masters)
            key = ECC.construct(curve="Ed25519", seed=seed)
            found |= _written(f"Ed25519 key that is {row.state}", {"seed": seed}, key.export_key(format="DER"))
        for form in session.scalars(sa.select(FormKey)):
            der = envelope.unseal(form.sealed, str(form.issuer_id), form.name, masters)
            if form.algorithm == "RS256":
                rsa = RSA.import_key(der)
                numbers = {name: getattr(rsa, name) for name in ("d", "p", "q", "dp", "dq", "invq")}
            else:
                numbers = {"d": ECC.import_key(der).d}
            told = {
                name: (number := int(value)).to_bytes((number.bit_length() + 7) // 8, "big")
                for name, value in numbers.items()
            }
            found |= _written(f"{form.algorithm} key that is {form.state}", told, der)
    return found


def _written(whose: str, numbers: dict[str, bytes], der: bytes) -> dict[str, bytes]:
    return {f"{whose}: {name}": value for name, value in numbers.items()} | {f"{whose}: DER": der}


def encodings(secret: bytes, *, halves: bool = True) -> Iterator[tuple[str, bytes]]:
    """The ways to write it, and halves of it, since half a key is a key before long."""
    number, middle = int.from_bytes(secret, "big"), len(secret) // 2
    parts = {"whole": secret} | ({"first half": secret[:middle], "second half": secret[middle:]} if halves else {})
    for name, part in parts.items():
        if len(part) < LEAST:
            continue
        yield f"{name}, raw", part
        yield f"{name}, reversed", part[::-1]
        yield f"{name}, hexadecimal", part.hex().encode()
        yield f"{name}, hexadecimal in capitals", part.hex().upper().encode()
        yield f"{name}, hexadecimal with colons", part.hex(":").encode()
        yield f"{name}, list of numbers", ", ".join(map(str, part)).encode()
        yield f"{name}, as Python writes it", repr(part)[2:-1].encode()
        for at in range(3):  # wherever it begins within a longer text: PEM and JWK are base64
            text = base64.b64encode(part[at:])
            yield f"{name}, base64 from byte {at}", text[: len(text) // 4 * 4 - 4]
            yield f"{name}, base64url from byte {at}", text[: len(text) // 4 * 4 - 4].translate(_URL)
    yield "base58", base58(secret).encode()
    yield "base32", base64.b32encode(secret).rstrip(b"=")
    yield "base85", base64.b85encode(secret)
    yield "decimal", str(number).encode()
    yield "decimal, little end first", str(int.from_bytes(secret, "little")).encode()
    for name, prefix in (("Ed25519", ED25519_PRIVATE), ("P-256", P256_PRIVATE)):
        yield f"secret Multikey of {name}", base58(prefix + secret).encode()


_URL = bytes.maketrans(b"+/", b"-_")


def found_in(stored: bytes, secrets: dict[str, bytes]) -> list[str]:
    """What the thief finds: which secret, written how."""
    plain = stored.replace(b"\n", b"").replace(b"\\n", b"").replace(b"\r", b"")  # PEM breaks its lines
    found = [
        f"{whose}, {how}"
        for whose, secret in secrets.items()
        for how, text in encodings(secret, halves=not whose.endswith("DER"))  # there the public key stands as well
        if text in stored or text in plain
    ]
    return found + [
        marker for marker in ("PRIVATE KEY", '"d":', '"d": ', "secretKeyMultibase") if marker.encode() in stored
    ]
