"""Who can sign. Two libraries behind one interface, with the same bytes; a remote key service is a third."""

from collections.abc import Callable
from typing import Protocol

from Crypto.PublicKey.ECC import EccKey
from Crypto.Signature import eddsa

from . import multibase


class Signer(Protocol):
    """Holds one key of one issuer. It is given 64 bytes of digests, so it never sees personal data."""

    @property
    def key_id(self) -> str:
        """`<issuer DID>#<public Multikey>`"""
        ...

    @property
    def algorithm(self) -> str:
        """`Ed25519`"""
        ...

    def public_multikey(self) -> str: ...

    def public_jwk(self) -> dict[str, str]: ...

    def sign(self, data: bytes) -> bytes: ...


class Ed25519Signer:
    """Signs with whichever library was handed in. Keeps the act of signing and never the seed itself."""

    algorithm = "Ed25519"

    def __init__(self, issuer: str, public_key: bytes, sign: Callable[[bytes], bytes]) -> None:
        self._public_key = public_key
        self._sign = sign
        self.key_id = f"{issuer}#{self.public_multikey()}"

    def __repr__(self) -> str:
        return f"<signer {self.key_id}>"

    def public_multikey(self) -> str:
        return multibase.ed25519_multikey(self._public_key)

    def public_jwk(self) -> dict[str, str]:
        return {"kty": "OKP", "crv": "Ed25519", "x": multibase.base64url(self._public_key)}

    def sign(self, data: bytes) -> bytes:
        return self._sign(data)


def pycryptodome_signer(issuer: str, seed: bytes) -> Ed25519Signer:
    """The default: the package is needed for key storage anyway."""
    key = eddsa.import_private_key(seed)
    return Ed25519Signer(issuer, _public_key(key), eddsa.new(key, "rfc8032").sign)


def cryptography_signer(issuer: str, seed: bytes) -> Ed25519Signer:
    """Three times as fast. Raises ImportError where the library `cryptography` is not installed."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed)
    return Ed25519Signer(issuer, key.public_key().public_bytes_raw(), key.sign)


def fastest_signer(issuer: str, seed: bytes) -> Ed25519Signer:
    """A signer by the fastest library that is installed. Signatures are the same bytes by each of them."""
    try:
        return cryptography_signer(issuer, seed)
    except ImportError:
        return pycryptodome_signer(issuer, seed)


def multikey_of(seed: bytes) -> str:
    """The public key that belongs to the seed, as a Multikey."""
    return multibase.ed25519_multikey(_public_key(eddsa.import_private_key(seed)))


def is_signed_by(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether this key signed these bytes."""
    try:
        eddsa.new(eddsa.import_public_key(public_key), "rfc8032").verify(data, signature)
    except ValueError:
        return False
    return True


def _public_key(key: EccKey) -> bytes:
    raw: bytes = key.public_key().export_key(format="raw")
    return raw
