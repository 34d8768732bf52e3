"""An issuer's private key at rest: AES-256-GCM under a key derived for that issuer alone.

A row is the version of the master key (1 byte), 12 bytes of nonce, 16 of tag, and the sealed key: 61 bytes for a seed.
Issuer and key id take part in the tag, so a row copied to another issuer or key cannot be opened.
"""

import json
import secrets
from collections.abc import Mapping

from Crypto.Cipher import AES
from Crypto.Cipher._mode_gcm import GcmMode
from Crypto.Hash import SHA256
from Crypto.Protocol.KDF import HKDF

_PURPOSE = b"flask-certify/kek/v1"
_BEFORE_THE_KEY = 29


class CannotOpen(ValueError):
    """The master key is another one, the row was altered, or it belongs to another issuer or key."""


def seal(seed: bytes, issuer: str, key_id: str, masters: Mapping[int, bytes]) -> bytes:
    """The row to store. Made with the newest of the master keys, which are given by version (1 to 255)."""
    version = max(masters)
    nonce = secrets.token_bytes(12)
    sealed: bytes
    tag: bytes
    sealed, tag = _cipher(version, nonce, issuer, key_id, masters).encrypt_and_digest(seed)
    return bytes([version]) + nonce + tag + sealed


def unseal(row: bytes, issuer: str, key_id: str, masters: Mapping[int, bytes]) -> bytes:
    """The seed. Raises CannotOpen."""
    if len(row) <= _BEFORE_THE_KEY:
        raise CannotOpen("the row is not a sealed key")
    version, nonce, tag, sealed = row[0], row[1:13], row[13:29], row[29:]
    if version not in masters:
        raise CannotOpen(f"master key {version} is not configured")
    try:
        seed: bytes = _cipher(version, nonce, issuer, key_id, masters).decrypt_and_verify(sealed, tag)
    except ValueError:
        raise CannotOpen("the row does not open with this master key for this issuer and key") from None
    return seed


def version_of(row: bytes) -> int:
    """Which master key sealed the row."""
    return row[0]


def _cipher(version: int, nonce: bytes, issuer: str, key_id: str, masters: Mapping[int, bytes]) -> GcmMode:
    key = HKDF(masters[version], 32, _PURPOSE, SHA256, context=issuer.encode("utf-8"))
    assert isinstance(key, bytes)
    cipher = AES.new(key, AES.MODE_GCM, nonce=nonce)
    cipher.update(json.dumps([version, issuer, key_id]).encode("utf-8"))
    return cipher
